//! What a few programs print, and what they create, when their words say it all.
//!
//! In: expanded words and stdin. Out: bytes for the next program in the pipe; paths that exist from
//! here on. Any other program prints what is not known.
//!
//! | program | known |
//! |---|---|
//! | `echo`, `printf`, `cat`, `tee`, `base64 -d`, `yes`, `seq`, `basename`, `dirname`, `rev`, `tr` | output |
//! | `mktemp` | a path of its template |
//! | `mkdir`, `touch`, `git clone/init`, `python -m venv`, `virtualenv`, `uv venv` | what they create |
//! | `mv` | what is moved into was not only created |

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::rc::Rc;

use super::simple::{bytes_of, text_of};
use super::state::{Value, literal, normal};
use super::word::ansi;
use super::{Lowerer, Outcome, RedirectKind, VALUE_BOUND};
use crate::invocation::{Stdin, Word};

/// How many answers of `yes` are spelled out.
const YES: usize = 32;

impl Lowerer<'_> {
    /// The effects of a program that matter for what follows.
    pub(super) fn external(&mut self, args: &[Word], stdin: &Stdin, whole: &[u8]) -> Outcome {
        let Some(program) = text_of(&args[0]) else { return Outcome::unknown(whole) };
        let start = memchr::memrchr(b'/', program).map_or(0, |at| at + 1);
        let operands: Vec<&Word> =
            args[1..].iter().filter(|word| !word.visible().as_bytes().starts_with(b"-")).collect();
        let stdout = match &program[start..] {
            b"cat" => self.cat(args, stdin),
            b"tee" => {
                for path in &operands {
                    self.creates(path);
                    self.write(path, RedirectKind::Truncate, stdin.clone());
                }
                Some(stdin.clone())
            }
            b"base64" => {
                let decodes = args
                    .iter()
                    .any(|word| matches!(text_of(word), Some(b"-d" | b"-D" | b"--decode" | b"-di")));
                let input = operands.first().map_or_else(|| stdin.clone(), |path| self.content(path));
                bytes_of(&input)
                    .filter(|_| decodes)
                    .and_then(crate::language::base64::decode)
                    .map(Stdin::Bytes)
            }
            b"yes" => {
                let words: Option<Vec<&[u8]>> = args[1..].iter().map(text_of).collect();
                words.map(|words| {
                    let line = if words.is_empty() { b"y".to_vec() } else { words.join(&b' ') };
                    Stdin::Bytes([&line[..], b"\n"].concat().repeat(YES))
                })
            }
            b"rev" if operands.is_empty() => bytes_of(stdin).map(|bytes| {
                let lines = bytes.split_inclusive(|byte| *byte == b'\n').flat_map(|line| {
                    let body = line.strip_suffix(b"\n").unwrap_or(line);
                    body.iter().rev().copied().chain(line[body.len()..].iter().copied()).collect::<Vec<u8>>()
                });
                Stdin::Bytes(lines.collect())
            }),
            b"tr" => bytes_of(stdin).and_then(|bytes| translate(args, bytes)).map(Stdin::Bytes),
            b"seq" => sequence(&operands).map(Stdin::Bytes),
            b"basename" | b"dirname" if args.len() == 2 => {
                text_of(&args[1]).map(|path| Stdin::Bytes(split_path(path, program[start] == b'b')))
            }
            b"mktemp" => self.mktemp(args),
            // Where the program stands does not matter to what it does: its name does.
            b"which" if operands.len() == 1 && args.len() == 2 => text_of(operands[0])
                .filter(|name| !name.contains(&b'/'))
                .map(|name| Stdin::Bytes([b"/usr/bin/", name, b"\n"].concat())),
            b"mv" => {
                self.moved(&operands);
                Some(Stdin::Empty)
            }
            b"mkdir" | b"touch" | b"ln" => {
                for path in operands {
                    self.creates(path);
                }
                Some(Stdin::Empty)
            }
            b"rm" | b"sleep" | b"chmod" | b"chown" | b"cp" => Some(Stdin::Empty),
            name => {
                self.populates(name, &operands, args);
                None
            }
        };
        match stdout {
            Some(stdout) if !matches!(stdout, Stdin::Inherited) => Outcome { stdout, ..Outcome::QUIET },
            _ => Outcome::unknown(whole),
        }
    }

    /// Programs that make a folder.
    fn populates(&mut self, name: &[u8], operands: &[&Word], args: &[Word]) {
        let verbs: Vec<&[u8]> = operands.iter().filter_map(|word| text_of(word)).collect();
        let last = match (name, &verbs[..]) {
            (b"git", [b"clone", source]) => {
                let trimmed = source.strip_suffix(b"/").unwrap_or(source);
                let start = memchr::memrchr2(b'/', b':', trimmed).map_or(0, |at| at + 1);
                Some(trimmed[start..].strip_suffix(b".git").unwrap_or(&trimmed[start..]).to_vec())
            }
            (b"git", [b"clone", .., target] | [b"init", target] | [b"worktree", b"add", target, ..]) => {
                Some(target.to_vec())
            }
            (b"virtualenv", [target]) | (b"uv", [b"venv", target]) => Some(target.to_vec()),
            (b"uv", [b"venv"]) => Some(b".venv".to_vec()),
            (name, [b"venv", .., target])
                if name.starts_with(b"python") && args.iter().any(|word| text_of(word) == Some(b"-m")) =>
            {
                Some(target.to_vec())
            }
            _ => None,
        };
        if let Some(target) = last {
            self.creates(&literal(&target));
        }
    }

    /// What was moved into a created folder was there before: the folder no longer counts as created.
    fn moved(&mut self, operands: &[&Word]) {
        let folder = self.state.folder.path.clone();
        let context = self.start.context;
        let target: Option<PathBuf> =
            operands.last().and_then(|word| word.known()).map(|name| normal(&context.resolve(&folder, name)));
        let created = Rc::make_mut(&mut self.created);
        match target {
            Some(target) if operands.iter().all(|word| !word.is_dynamic()) => {
                created.retain(|path| !target.starts_with(path) && !path.starts_with(&target));
            }
            _ => created.clear(),
        }
    }

    fn cat(&self, args: &[Word], stdin: &Stdin) -> Option<Stdin> {
        if args.len() == 1 {
            return Some(stdin.clone());
        }
        let mut all = Vec::new();
        for word in &args[1..] {
            let text = text_of(word)?;
            if text.starts_with(b"-") && text.len() > 1 {
                return None;
            }
            let content = if text == b"-" { stdin.clone() } else { self.content(word) };
            all.extend_from_slice(bytes_of(&content)?);
            if all.len() as u64 > super::FILE_BOUND {
                return None;
            }
        }
        Some(Stdin::Bytes(all))
    }

    /// The template stands for the name; what is made lies in the folder for temporary files.
    fn mktemp(&mut self, args: &[Word]) -> Option<Stdin> {
        let (mut folder, mut template, mut at) = (None, None, 1);
        while let Some(word) = args.get(at) {
            at += 1;
            let text = text_of(word)?;
            match text {
                b"-p" | b"--tmpdir" if text == b"-p" => {
                    folder = Some(text_of(args.get(at)?)?.to_vec());
                    at += 1;
                }
                b"-t" | b"--tmpdir" => folder = folder.or_else(|| Some(self.temporary())),
                b"--suffix" => at += 1,
                _ if text.starts_with(b"--tmpdir=") => folder = Some(text[9..].to_vec()),
                _ if text.starts_with(b"-") => {}
                _ => template = Some(text.to_vec()),
            }
        }
        let path = match (folder, template) {
            (None, Some(template)) => template,
            (folder, template) => {
                let folder = folder.unwrap_or_else(|| self.temporary());
                let name = template.unwrap_or_else(|| b"tmp.XXXXXXXXXX".to_vec());
                [folder.strip_suffix(b"/").unwrap_or(&folder), b"/", &name].concat()
            }
        };
        self.creates(&literal(&path));
        Some(Stdin::Bytes([&path[..], b"\n"].concat()))
    }

    fn temporary(&self) -> Vec<u8> {
        match self.variable(b"TMPDIR") {
            Value::Scalar(Word::Literal(folder)) if !folder.is_empty() => folder.as_bytes().to_vec(),
            _ => b"/tmp".to_vec(),
        }
    }
}

/// What `echo` prints.
pub(super) fn echo(args: &[Word]) -> Option<Vec<u8>> {
    let (mut newline, mut escapes, mut at) = (true, false, 1);
    while let Some(text) = args.get(at).and_then(text_of) {
        if text.len() < 2 || text[0] != b'-' || !text[1..].iter().all(|flag| b"neE".contains(flag)) {
            break;
        }
        for flag in &text[1..] {
            match flag {
                b'n' => newline = false,
                flag => escapes = *flag == b'e',
            }
        }
        at += 1;
    }
    let words: Option<Vec<&[u8]>> = args[at..].iter().map(text_of).collect();
    let mut text = words?.join(&b' ');
    if escapes {
        // \c ends the output.
        if let Some(end) = memchr::memmem::find(&text, b"\\c") {
            text.truncate(end);
            newline = false;
        }
        text = ansi(&text);
    }
    text.extend(newline.then_some(b'\n'));
    Some(text)
}

/// What `printf FORMAT ARG…` prints; formats beyond `%s %b %d %i %q %c %%` are not known.
pub(super) fn printf(args: &[Word]) -> Option<Vec<u8>> {
    let mut words = args[1..].iter().map(text_of).collect::<Option<Vec<&[u8]>>>()?.into_iter();
    let mut format = words.next()?;
    if format == b"--" {
        format = words.next()?;
    }
    let mut out = Vec::new();
    loop {
        let (mut at, mut used) = (0, false);
        let mut run = 0;
        while let Some(&byte) = format.get(at) {
            if byte == b'\\' {
                at += 2;
                continue;
            }
            if byte != b'%' {
                at += 1;
                continue;
            }
            out.extend(ansi(&format[run..at]));
            let conversion = *format.get(at + 1)?;
            at += 2;
            run = at;
            match conversion {
                b'%' => {
                    out.push(b'%');
                    continue;
                }
                b's' => out.extend_from_slice(words.next().unwrap_or_default()),
                b'b' => out.extend(ansi(words.next().unwrap_or_default())),
                b'c' => out.extend(words.next().unwrap_or_default().first()),
                b'd' | b'i' => {
                    let text = words.next().unwrap_or(b"0");
                    let number: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
                    out.extend_from_slice(number.to_string().as_bytes());
                }
                b'q' => {
                    let text = String::from_utf8(words.next().unwrap_or_default().to_vec()).ok()?;
                    out.extend_from_slice(shell_words::quote(&text).as_bytes());
                }
                _ => return None,
            }
            used = true;
        }
        out.extend(ansi(&format[run.min(format.len())..]));
        // The format is used again while arguments are left.
        if words.len() == 0 || !used || out.len() > VALUE_BOUND {
            return (words.len() == 0 || !used).then_some(out);
        }
    }
}

/// `tr SET1 SET2` and `tr -d SET`.
fn translate(args: &[Word], bytes: &[u8]) -> Option<Vec<u8>> {
    match args {
        [_, flag, set] if text_of(flag) == Some(b"-d") => {
            let set = set_of(text_of(set)?)?;
            Some(bytes.iter().copied().filter(|byte| !set.contains(byte)).collect())
        }
        [_, from, to] => {
            let (from, to) = (set_of(text_of(from)?)?, set_of(text_of(to)?)?);
            let last = *to.last()?;
            let change = |byte: &u8| {
                let at = from.iter().position(|other| other == byte);
                at.map_or(*byte, |at| to.get(at).copied().unwrap_or(last))
            };
            Some(bytes.iter().map(change).collect())
        }
        _ => None,
    }
}

fn set_of(text: &[u8]) -> Option<Vec<u8>> {
    if text.starts_with(b"-") || text.starts_with(b"[") {
        return None;
    }
    let text = ansi(text);
    let (mut set, mut at) = (Vec::new(), 0);
    while at < text.len() {
        match (text.get(at + 1), text.get(at + 2)) {
            (Some(b'-'), Some(&last)) => {
                set.extend(text[at]..=last);
                at += 3;
            }
            _ => {
                set.push(text[at]);
                at += 1;
            }
        }
    }
    Some(set)
}

fn sequence(operands: &[&Word]) -> Option<Vec<u8>> {
    let number = |word: &&Word| -> Option<i64> { std::str::from_utf8(text_of(word)?).ok()?.parse().ok() };
    let numbers: Vec<i64> = operands.iter().map(number).collect::<Option<_>>()?;
    let (from, to) = match numbers[..] {
        [to] => (1, to),
        [from, to] => (from, to),
        _ => return None,
    };
    if to.checked_sub(from)? > 16_384 {
        return None;
    }
    Some((from..=to).flat_map(|number| format!("{number}\n").into_bytes()).collect())
}

/// `basename` (true) or `dirname` of one path.
fn split_path(path: &[u8], base: bool) -> Vec<u8> {
    let path = std::path::Path::new(OsStr::from_bytes(path));
    let part = if base {
        path.file_name().unwrap_or(path.as_os_str())
    } else {
        match path.parent() {
            None => OsStr::new("/"),
            Some(parent) if parent.as_os_str().is_empty() => OsStr::new("."),
            Some(parent) => parent.as_os_str(),
        }
    };
    [part.as_bytes(), b"\n"].concat()
}
