//! bash's own commands: they change variables, folder and flow, or hold further script.
//!
//! In: expanded words. Out: an outcome, or `None` when the name is no builtin. `kill` counts as a
//! program: what it does is done to others.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::expand::silent;
use super::redirect::Io;
use super::simple::{bytes_of, text_of};
use super::state::{Folder, Value, literal, normal, unknown};
use super::{End, Lowerer, Outcome, produce, word};
use crate::invocation::{Piece, Stdin, Word};

/// Builtins without an effect on what follows.
const QUIET: &[&[u8]] = &[
    b":",
    b"true",
    b"false",
    b"test",
    b"[",
    b"wait",
    b"jobs",
    b"fg",
    b"bg",
    b"disown",
    b"ulimit",
    b"umask",
    b"hash",
    b"bind",
    b"complete",
    b"compgen",
    b"compopt",
    b"enable",
    b"times",
    b"suspend",
    b"unalias",
    b"caller",
];
/// Builtins that print what is not known here.
const PRINTING: &[&[u8]] = &[b"type", b"help", b"history", b"fc", b"dirs"];

impl Lowerer<'_> {
    /// Runs the builtin `name`, if there is one.
    pub(super) fn builtin(
        &mut self,
        name: &[u8],
        args: &[Word],
        env: &[(Vec<u8>, Value)],
        io: &Io,
        whole: &[u8],
    ) -> Option<Outcome> {
        let outcome = match name {
            b"echo" => printed(produce::echo(args), whole),
            b"printf" => self.printf(args, whole),
            b"pwd" => {
                let folder = &self.state.folder;
                let path = [folder.path.as_os_str().as_bytes(), b"\n"].concat();
                printed((folder.known && folder.sure).then_some(path), whole)
            }
            b"cd" | b"pushd" | b"popd" => self.change_folder(name, args),
            b"export" | b"declare" | b"typeset" | b"local" | b"readonly" => self.declare(name, args),
            b"unset" => self.unset(args),
            b"set" => self.set_options(args),
            b"shopt" => self.shopt(args),
            b"shift" => self.shift(args),
            b"alias" => self.define_alias(args),
            b"read" => self.read(args, env, io),
            b"mapfile" | b"readarray" => self.read_lines(args, io),
            b"getopts" => {
                let names = args.get(2).and_then(text_of).map(<[u8]>::to_vec);
                for name in names.into_iter().chain([b"OPTARG".to_vec(), b"OPTIND".to_vec()]) {
                    self.state.set_unknown(&name);
                }
                Outcome::QUIET
            }
            b"let" => {
                for word in &args[1..] {
                    if let Some(text) = text_of(word) {
                        self.number(text);
                    }
                }
                Outcome::QUIET
            }
            b"eval" => self.eval(args, io, whole),
            b"source" | b"." => self.source_file(args, io, whole),
            b"trap" => self.trap(args),
            b"exit" | b"logout" => Outcome { ends: End::Shell, ..Outcome::QUIET },
            b"return" => Outcome { ends: End::Function, ..Outcome::QUIET },
            b"break" | b"continue" => Outcome { ends: End::Loop, ..Outcome::QUIET },
            _ if QUIET.contains(&name) => Outcome::QUIET,
            _ if PRINTING.contains(&name) => Outcome::unknown(whole),
            _ => return None,
        };
        if io.writes() {
            self.emit(args.to_vec(), Vec::new(), io, whole);
        }
        Some(outcome)
    }

    fn printf(&mut self, args: &[Word], whole: &[u8]) -> Outcome {
        if args.get(1).and_then(text_of) == Some(b"-v") {
            let text = produce::printf(&args[2.min(args.len() - 1)..]);
            if let Some(name) = args.get(2).and_then(text_of) {
                let value = text.map_or_else(|| unknown(whole), |text| literal(&text));
                self.state.set(name, Value::Scalar(value));
            }
            return Outcome::QUIET;
        }
        printed(produce::printf(args), whole)
    }

    fn change_folder(&mut self, name: &[u8], args: &[Word]) -> Outcome {
        let target = args[1..].iter().find(|word| {
            let text = word.visible();
            let option = text.as_bytes().starts_with(b"-") && text.len() > 1;
            word.is_dynamic() || !option
        });
        let here = self.state.folder.clone();
        match (name, target) {
            (b"popd", _) => match self.state.folders.pop() {
                Some(folder) => self.state.folder = folder,
                None => self.state.folder.known = false,
            },
            (b"pushd", None) => self.state.folder.known = false,
            (_, None) => match self.variable(b"HOME") {
                Value::Scalar(Word::Literal(home)) => self.go(&home),
                _ => self.lose_folder(),
            },
            (_, Some(Word::Literal(path))) if path == "-" => match self.state.previous.clone() {
                Some(previous) => self.go(previous.as_os_str()),
                None => self.lose_folder(),
            },
            // cd '' stays where it is.
            (_, Some(Word::Literal(path))) if path.is_empty() => {}
            (_, Some(Word::Literal(path))) => {
                let path = path.clone();
                self.go(&path);
            }
            (_, Some(Word::Dynamic(_))) => self.lose_folder(),
        }
        if name == b"pushd" {
            self.state.folders.push(here);
        }
        Outcome::QUIET
    }

    fn lose_folder(&mut self) {
        self.state.previous = None;
        self.state.folder.known = false;
    }

    fn go(&mut self, path: &OsStr) {
        let absolute = normal(&self.state.folder.path.join(path));
        let exists =
            self.created.contains(&absolute) || absolute.is_dir() || self.state.options.exit_on_error;
        self.state.enter(path, exists);
    }

    fn declare(&mut self, name: &[u8], args: &[Word]) -> Outcome {
        let mut pending = std::mem::take(&mut self.state.pending).into_iter().peekable();
        let mut exports = name == b"export";
        let mut global = matches!(name, b"export" | b"readonly");
        for word in &args[1..] {
            let Some(text) = text_of(word) else { continue };
            if text.starts_with(b"-") {
                exports |= text.contains(&b'x') && name != b"export";
                global |= text.contains(&b'g');
                if text.contains(&b'f') || text.contains(&b'p') {
                    return Outcome::QUIET;
                }
                continue;
            }
            let length = word::name_length(text);
            let (variable, rest) = text.split_at(length);
            if length == 0 {
                continue;
            }
            if self.state.in_function && !global {
                self.state.locals.push((variable.to_vec(), self.state.variables.get(variable).cloned()));
            }
            let given = pending.next_if(|(pending, _)| rest == b"=" && pending == variable);
            match (given, rest.strip_prefix(b"=")) {
                (Some((_, value)), _) => self.state.set(variable, value),
                (None, Some(value)) => self.state.set(variable, Value::Scalar(literal(value))),
                (None, None) if self.state.in_function && !global => self.state.set(variable, Value::Unset),
                (None, None) => {}
            }
            if exports {
                self.state.exported.insert(variable.to_vec());
            }
        }
        Outcome::QUIET
    }

    fn unset(&mut self, args: &[Word]) -> Outcome {
        let functions = args.get(1).and_then(text_of) == Some(b"-f");
        for name in args[1..].iter().filter_map(text_of).filter(|name| !name.starts_with(b"-")) {
            if functions {
                self.state.functions.remove(name);
            } else {
                self.state.set(name, Value::Unset);
            }
        }
        Outcome::QUIET
    }

    fn set_options(&mut self, args: &[Word]) -> Outcome {
        let mut at = 1;
        while let Some(text) = args.get(at).and_then(text_of) {
            let on = text.first() == Some(&b'-');
            if text == b"--" {
                at += 1;
                break;
            }
            if text.len() < 2 || !(on || text.first() == Some(&b'+')) {
                break;
            }
            for letter in &text[1..] {
                match letter {
                    b'e' => self.state.options.exit_on_error = on,
                    b'f' => self.state.options.no_glob = on,
                    b'o' => {
                        at += 1;
                        match args.get(at).and_then(text_of) {
                            Some(b"errexit") => self.state.options.exit_on_error = on,
                            Some(b"noglob") => self.state.options.no_glob = on,
                            _ => {}
                        }
                    }
                    _ => {}
                }
            }
            at += 1;
        }
        let resets = at < args.len() || args.get(at - 1).and_then(text_of) == Some(b"--");
        if resets && args.len() > 1 {
            let zero = self.state.positional.first().cloned().unwrap_or_else(|| literal(b"bash"));
            self.state.positional =
                std::iter::once(zero).chain(args[at.min(args.len())..].iter().cloned()).collect();
        }
        Outcome::QUIET
    }

    fn shopt(&mut self, args: &[Word]) -> Outcome {
        let on = match args.get(1).and_then(text_of) {
            Some(b"-s") => true,
            Some(b"-u") => false,
            _ => return Outcome::QUIET,
        };
        for name in args[2..].iter().filter_map(text_of) {
            let options = &mut self.state.options;
            match name {
                b"dotglob" => options.dot_glob = on,
                b"nullglob" => options.null_glob = on,
                b"expand_aliases" => options.aliases = on,
                _ => {}
            }
        }
        Outcome::QUIET
    }

    fn shift(&mut self, args: &[Word]) -> Outcome {
        let count = match args.get(1) {
            None => Some(1),
            Some(word) => {
                text_of(word).and_then(|text| std::str::from_utf8(text).ok()?.parse::<usize>().ok())
            }
        };
        let held = self.state.positional.len();
        match count {
            Some(count) if count < held => drop(self.state.positional.drain(1..=count)),
            // More than there are: bash leaves them alone.
            Some(_) => {}
            None => self.state.positional.clear(),
        }
        Outcome::QUIET
    }

    fn define_alias(&mut self, args: &[Word]) -> Outcome {
        for text in args[1..].iter().filter_map(text_of) {
            if let Some(at) = memchr::memchr(b'=', text) {
                self.state.aliases.insert(text[..at].to_vec(), text[at + 1..].to_vec());
            }
        }
        Outcome::QUIET
    }

    fn read(&mut self, args: &[Word], env: &[(Vec<u8>, Value)], io: &Io) -> Outcome {
        let (mut names, mut array, mut plain, mut at) = (Vec::new(), None, true, 1);
        while let Some(word) = args.get(at) {
            at += 1;
            let Some(text) = text_of(word) else { continue };
            match text {
                [b'-', flags @ .., last] if b"pdnNtuai".contains(last) => {
                    if *last == b'a' {
                        array = args.get(at).and_then(text_of);
                    }
                    plain &= matches!(last, b'p' | b't' | b'a') && !flags.contains(&b'd');
                    at += 1;
                }
                [b'-', ..] => {}
                name => names.push(name),
            }
        }
        let stdin = io.stdin.as_ref().unwrap_or(&self.state.stdin);
        let line = bytes_of(stdin).filter(|_| plain).map(|bytes| {
            let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
            (bytes[..end].to_vec(), bytes.get(end + 1..).unwrap_or_default().to_vec())
        });
        let separators = env.iter().find(|(name, _)| name == b"IFS").map(|(_, value)| value);
        let whole = matches!(separators, Some(Value::Scalar(Word::Literal(text))) if text.is_empty());
        let Some((line, rest)) = line.filter(|_| separators.is_none() || whole) else {
            for name in names.iter().chain(&array).copied().chain([&b"REPLY"[..]]) {
                self.state.set_unknown(name);
            }
            return Outcome::QUIET;
        };
        if io.stdin.is_none() {
            self.state.stdin = Stdin::Bytes(rest);
        }
        let line = if whole || names.is_empty() { &line[..] } else { line.trim_ascii() };
        if let Some(array) = array {
            let fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
            self.state.set(array, Value::List(fields.map(literal).collect()));
        }
        let mut left = line;
        for (at, name) in names.iter().enumerate() {
            let end = if at + 1 == names.len() || whole {
                left.len()
            } else {
                left.iter().position(u8::is_ascii_whitespace).unwrap_or(left.len())
            };
            self.state.set(name, Value::Scalar(literal(&left[..end])));
            left = left[end..].trim_ascii_start();
        }
        if names.is_empty() {
            self.state.set(b"REPLY", Value::Scalar(literal(line)));
        }
        Outcome::QUIET
    }

    fn read_lines(&mut self, args: &[Word], io: &Io) -> Outcome {
        let name =
            args[1..].iter().filter_map(text_of).rfind(|text| !text.starts_with(b"-")).unwrap_or(b"MAPFILE");
        let trims = args.iter().any(|word| text_of(word) == Some(b"-t"));
        let stdin = io.stdin.as_ref().unwrap_or(&self.state.stdin);
        match bytes_of(stdin) {
            Some(bytes) if trims && args.len() <= 3 && bytes.len() < 1 << 16 => {
                let lines = bytes.split_inclusive(|byte| *byte == b'\n');
                let words = lines.map(|line| literal(line.strip_suffix(b"\n").unwrap_or(line))).collect();
                self.state.set(name, Value::List(words));
            }
            _ => {
                let value = Value::List(vec![unknown(&[b"${", name, b"[@]}"].concat())]);
                self.state.set(name, value);
            }
        }
        Outcome::QUIET
    }

    /// The words joined are a script. What is unknown in it stays unknown in the words it becomes;
    /// it may also hold whole commands, so the `eval` itself is listed too.
    fn eval(&mut self, args: &[Word], io: &Io, whole: &[u8]) -> Outcome {
        let mut text = Vec::new();
        let mut unknowns = false;
        for word in &args[1..] {
            if !text.is_empty() {
                text.push(b' ');
            }
            let Word::Dynamic(pieces) = word else {
                text.extend_from_slice(text_of(word).unwrap_or_default());
                continue;
            };
            unknowns = true;
            for piece in pieces {
                match piece {
                    Piece::Text(piece) => text.extend_from_slice(piece.as_bytes()),
                    Piece::Unknown(_) => {
                        let name = format!("__unknown_{}", self.state.variables.len());
                        self.state.set(name.as_bytes(), Value::Scalar(Word::Dynamic(vec![piece.clone()])));
                        text.extend_from_slice(format!("${{{name}}}").as_bytes());
                    }
                }
            }
        }
        if unknowns {
            self.emit(args.to_vec(), Vec::new(), io, whole);
        }
        let saved = self.state.stdin.clone();
        if let Some(stdin) = &io.stdin {
            self.state.stdin = stdin.clone();
        }
        let outcome = self.script(&text);
        self.state.stdin = saved;
        outcome
    }

    fn source_file(&mut self, args: &[Word], io: &Io, whole: &[u8]) -> Outcome {
        let Some(path) = args.get(1) else { return Outcome::QUIET };
        let content = match io.stdin.as_ref().filter(|_| text_of(path) == Some(b"/dev/stdin")) {
            Some(stdin) => stdin.clone(),
            None => self.content(path),
        };
        let Stdin::Bytes(text) = content else {
            if content != Stdin::Empty {
                self.emit(args.to_vec(), Vec::new(), io, whole);
            }
            return Outcome::unknown(whole);
        };
        let mut positional = None;
        if args.len() > 2 {
            let zero = self.state.positional.first().cloned().unwrap_or_else(|| literal(b"bash"));
            let new = std::iter::once(zero).chain(args[2..].iter().cloned()).collect();
            positional = Some(std::mem::replace(&mut self.state.positional, new));
        }
        let outcome = self.script(&text);
        if let Some(positional) = positional {
            self.state.positional = positional;
        }
        let ends = if outcome.ends == End::Shell { End::Shell } else { End::Runs };
        Outcome { ends, ..outcome }
    }

    fn trap(&mut self, args: &[Word]) -> Outcome {
        let mut words = args[1..].iter().filter(|word| text_of(word) != Some(b"--"));
        let Some(action) = words.next() else { return Outcome::QUIET };
        let signals: Vec<String> = words.map(|word| signal_name(&word.visible().to_string_lossy())).collect();
        if matches!(text_of(action), Some(b"-l" | b"-p")) {
            return Outcome::QUIET;
        }
        self.state.traps.retain(|(signal, _)| !signals.contains(signal));
        let clears = matches!(text_of(action), Some(b"-" | b""));
        if !clears {
            // One text for several signals runs once here.
            let signal =
                if signals.iter().any(|signal| signal == "EXIT") { Some("EXIT".to_owned()) } else { None };
            let signal = signal.or_else(|| signals.first().cloned());
            self.state.traps.extend(signal.map(|signal| (signal, action.clone())));
        }
        silent(&Outcome::QUIET)
    }

    /// Notes that `path` exists from here on, with the folders that had to be made for it.
    pub(super) fn creates(&mut self, path: &Word) {
        let Some(name) = text_of(path).filter(|name| !name.is_empty()) else { return };
        let Folder { path: folder, .. } = &self.state.folder;
        let mut absolute: PathBuf = normal(&self.start.context.resolve(folder, OsStr::from_bytes(name)));
        for _ in 0..16 {
            if std::fs::symlink_metadata(&absolute).is_ok() || self.created.contains(&absolute) {
                break;
            }
            std::rc::Rc::make_mut(&mut self.created).push(absolute.clone());
            if !absolute.pop() {
                break;
            }
        }
    }
}

fn printed(text: Option<Vec<u8>>, whole: &[u8]) -> Outcome {
    text.map_or_else(|| Outcome::unknown(whole), Outcome::printed)
}

fn signal_name(text: &str) -> String {
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if name == "0" { "EXIT".to_owned() } else { name.to_owned() }
}
