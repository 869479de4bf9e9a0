//! psql's meta-commands and variables.
//!
//! | source | action |
//! |---|---|
//! | `\g`, `\gx`, `\gset`, `\watch`, `\crosstabview` | the buffer is sent |
//! | `\gdesc`, `\r`, `\p`, `\d…`, `\l`, `\echo` … | none |
//! | `\gexec` | the buffer, and what it builds |
//! | `\password` | access |
//! | `\lo_unlink` | a large object goes |
//! | `\o file`, `\g file`, `\w file`, `\copy … to 'file'` | a file on this side is overwritten |
//! | `\e`, `\ef`, `\ev`, bare `\!` | unknown |
//!
//! A command's arguments go to the end of the line or the next unquoted backslash.

use super::{DEEPEST, DYNAMIC, Host, Run, Script, Value};
use crate::action::{Action, Effect, Impact};
use crate::language::sql::lex::{Kind, Scanner, Tokens, text_value};

/// Whether what is read now runs.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Live {
    Dead,
    Maybe,
    Surely,
}

/// One open `\if`.
pub struct Branch {
    live: Live,
    /// The branches around it.
    outer: Live,
    /// Whether an earlier branch was taken.
    taken: Live,
    saved: (usize, Scanner),
}

/// Whether the innermost of nested branches runs.
pub fn state(branches: &[Branch]) -> Live {
    branches.last().map_or(Live::Surely, |branch| branch.live.min(branch.outer))
}

/// How a variable is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Raw,
    Literal,
    Name,
    IsSet,
}

impl Form {
    /// The value as it enters the text.
    pub fn quote(self, value: Value) -> Vec<u8> {
        let value = value.unwrap_or_else(|| DYNAMIC.as_bytes().to_vec());
        let mark = match self {
            Self::Raw | Self::IsSet => return value,
            Self::Literal => b'\'',
            Self::Name => b'"',
        };
        let mut out = vec![mark];
        if self == Self::Literal && value.contains(&b'\\') {
            out.splice(0..0, *b" E");
        }
        for byte in value {
            if byte == mark || byte == b'\\' && self == Self::Literal {
                out.push(byte);
            }
            out.push(byte);
        }
        out.push(mark);
        out
    }
}

/// The variable that a `:` at `at` starts: form, name, where it ends.
pub fn variable_at(bytes: &[u8], at: usize) -> Option<(Form, &str, usize)> {
    let rest = bytes.get(at + 1..)?;
    let (form, skip, close): (Form, usize, &[u8]) = match rest {
        [b'\'', ..] => (Form::Literal, 1, b"'"),
        [b'"', ..] => (Form::Name, 1, b"\""),
        [b'{', b'?', ..] => (Form::IsSet, 2, b"}"),
        _ => (Form::Raw, 0, b""),
    };
    let name = rest.get(skip..)?;
    let length = name
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_' || **byte >= 0x80)
        .count();
    let end = skip + length;
    if length == 0 || !rest.get(end..)?.starts_with(close) {
        return None;
    }
    Some((form, std::str::from_utf8(name.get(..length)?).ok()?, at + 1 + end + close.len()))
}

/// psql's booleans, abbreviations included.
pub fn truth(value: &[u8]) -> Option<bool> {
    let value = String::from_utf8_lossy(value).trim().to_ascii_lowercase();
    let abbreviates = |word: &str, least: usize| value.len() >= least && word.starts_with(&value);
    if abbreviates("true", 1) || abbreviates("yes", 1) || value == "on" || value == "1" {
        Some(true)
    } else if abbreviates("false", 1) || abbreviates("no", 1) || abbreviates("off", 2) || value == "0" {
        Some(false)
    } else {
        None
    }
}

/// One argument; `unknown` where a part of it is.
struct Argument {
    text: Vec<u8>,
    unknown: bool,
}

impl Argument {
    fn lossy(&self) -> String {
        String::from_utf8_lossy(&self.text).into_owned()
    }
}

impl Script {
    /// The meta-command whose name starts at `at`; where SQL goes on.
    pub(super) fn meta(&mut self, run: &mut Run, bytes: &[u8], at: usize, host: &mut dyn Host) -> usize {
        let line = run.line_end(bytes, at);
        let rest = bytes.get(at..line).unwrap_or(&[]);
        if rest.first() == Some(&b'\\') {
            // `\\` separates a command from SQL.
            return at + 1;
        }
        let length = rest.iter().take_while(|byte| !byte.is_ascii_whitespace() && **byte != b'\\').count();
        let name = String::from_utf8_lossy(rest.get(..length).unwrap_or(&[])).into_owned();
        let tail = rest.get(length..).unwrap_or(&[]);
        if self.branching(run, &name, tail, host) {
            return end_of_arguments(bytes, at + length, line);
        }
        if state(&run.branches) == Live::Dead {
            return if is_whole_line(&name) { line } else { end_of_arguments(bytes, at + length, line) };
        }
        if let Some(command) = name.strip_prefix('!') {
            let command = [command.as_bytes(), tail].concat();
            self.shell(command.trim_ascii(), "\\!", host);
            return line;
        }
        if name == "copy" {
            self.copy(run, tail, host);
            return line;
        }
        if is_whole_line(&name) {
            self.unread("editor", "an editor whose text is run");
            return line;
        }
        if let Some(pipe) = piped(&name, tail) {
            self.shell(pipe.trim_ascii(), "a pipe of psql", host);
            self.file_command(run, &name, None);
            return line;
        }
        let (arguments, length) = self.arguments(tail, host);
        self.command(run, &name, &arguments, host);
        at + rest.len() - tail.len() + length
    }

    /// `\if`, `\elif`, `\else`, `\endif`.
    fn branching(&mut self, run: &mut Run, name: &str, tail: &[u8], host: &mut dyn Host) -> bool {
        match name {
            "if" => {
                let outer = state(&run.branches);
                let live = if outer == Live::Dead { Live::Dead } else { self.condition(tail, host) };
                let taken = if outer == Live::Dead { Live::Surely } else { live };
                let saved = (run.buffer.len(), run.scanner.clone());
                run.branches.push(Branch { live, outer, taken, saved });
            }
            "elif" | "else" => {
                leave_branch(run);
                let (taken, outer) = run
                    .branches
                    .last()
                    .map_or((Live::Surely, Live::Surely), |branch| (branch.taken, branch.outer));
                let condition = match (name, taken, outer) {
                    (_, Live::Surely, _) | (.., Live::Dead) => Live::Dead,
                    ("else", ..) => Live::Surely,
                    _ => self.condition(tail, host),
                };
                let Some(branch) = run.branches.last_mut() else { return true };
                branch.live = if taken == Live::Maybe { condition.min(Live::Maybe) } else { condition };
                branch.taken = taken.max(condition);
            }
            "endif" => {
                leave_branch(run);
                run.branches.pop();
            }
            _ => return false,
        }
        true
    }

    fn condition(&mut self, tail: &[u8], host: &mut dyn Host) -> Live {
        let (arguments, _) = self.arguments(tail, host);
        let known = arguments.iter().all(|argument| !argument.unknown);
        let text: Vec<u8> =
            arguments.iter().map(|argument| argument.text.clone()).collect::<Vec<_>>().join(&b' ');
        match truth(&text) {
            Some(true) if known => Live::Surely,
            Some(false) if known => Live::Dead,
            _ => Live::Maybe,
        }
    }

    fn shell(&mut self, command: &[u8], what: &str, host: &mut dyn Host) {
        if command.is_empty() {
            return self.unread("shell", "a shell that reads on");
        }
        for action in host.shell(command, what) {
            self.ledger.keep(action);
        }
    }

    /// A command with its arguments; shell pipes are dealt with.
    fn command(&mut self, run: &mut Run, name: &str, arguments: &[Argument], host: &mut dyn Host) {
        let first = arguments.first();
        let uncertain = state(&run.branches) == Live::Maybe;
        match name {
            "g" | "gx" | "o" | "out" | "w" | "write" | "s" | "lo_export" => {
                let path = arguments
                    .iter()
                    .rev()
                    .find(|argument| !argument.text.starts_with(b"(") && !argument.text.contains(&b'='));
                let path = path.map(Argument::lossy);
                self.file_command(run, name, path);
            }
            "gset" => {
                self.send(run);
                self.any_variable = true;
            }
            "watch" | "crosstabview" | "crosstabv" | "sendpipeline" | "parse" => self.send(run),
            "gdesc" | "r" | "reset" => {
                run.buffer.clear();
                run.scanner.reset();
            }
            "gexec" => self.gexec(run),
            "i" | "include" | "ir" | "include_relative" => {
                if let Some(path) = first {
                    self.include(path, name.contains('r') && name != "include", host);
                }
            }
            "c" | "connect" => {
                if !uncertain {
                    self.ledger.disconnect();
                }
                self.reader.disconnect();
                let words: Vec<String> = arguments.iter().map(Argument::lossy).collect();
                host.connect(&words.join(" "), self.ledger.kept());
            }
            "set" => {
                let Some(name) = first.map(Argument::lossy) else { return };
                let known = !uncertain && arguments.iter().all(|argument| !argument.unknown);
                let value: Vec<u8> =
                    arguments.iter().skip(1).flat_map(|argument| argument.text.clone()).collect();
                self.set_variable(&name, known.then_some(value.as_slice()));
                run.scanner.dialect.single_line = self.dialect.single_line;
            }
            "getenv" | "prompt" => {
                let name = if name == "prompt" { arguments.last() } else { first };
                if let Some(name) = name {
                    self.set_variable(&name.lossy(), None);
                }
            }
            "unset" => {
                if let Some(name) = first.map(Argument::lossy) {
                    self.variables.insert(name, if uncertain { Some(None) } else { None });
                }
            }
            "q" | "quit" => run.quit |= !uncertain,
            "cd" => self.directory = first.map(|path| path.text.clone()).unwrap_or_default(),
            "password" => {
                let role = first.map(Argument::lossy).unwrap_or_default();
                let rule = format!("{}.password", self.prefix);
                let action =
                    Action::new(Effect::Permission, Impact::Access, rule, "change a password").object(role);
                self.ledger.keep(action.undo("the old password is lost"));
            }
            "lo_unlink" => {
                let object = first.map(Argument::lossy).unwrap_or_default();
                let code = format!("SELECT lo_unlink({object})");
                self.query(code.as_bytes(), false, uncertain);
            }
            "lo_import" => {
                let rule = format!("{}.large-object-import", self.prefix);
                self.ledger.keep(Action::new(Effect::Write, Impact::Change, rule, "import a large object"));
            }
            _ => {}
        }
    }

    /// `\g`, `\o`, `\w`, `\s`: what is written, and for `\g` the buffer sent.
    fn file_command(&mut self, run: &mut Run, name: &str, path: Option<String>) {
        if let Some(path) = path.filter(|path| !path.is_empty() && path != "/dev/null") {
            let rule = format!("{}.write-file", self.prefix);
            let action = Action::new(Effect::Write, Impact::Change, rule, "write a file").object(path);
            self.ledger.keep(action.scope("overwrites the file").undo("none"));
        }
        if matches!(name, "g" | "gx") {
            self.send(run);
        }
    }

    /// Sends the buffer, or the previous one again where it is empty.
    fn send(&mut self, run: &mut Run) {
        if run.buffer.trim_ascii().is_empty() {
            run.buffer.clone_from(&self.previous);
            run.joined = true;
        }
        let line = self.end_statement(run, b"");
        if line {
            // The caller knows where the line ends.
            run.data = Some((usize::MAX, 0));
        }
    }

    fn gexec(&mut self, run: &mut Run) {
        if run.buffer.trim_ascii().is_empty() {
            run.buffer.clone_from(&self.previous);
        }
        let uncertain = state(&run.branches) == Live::Maybe;
        let query = run.buffer.clone();
        self.end_statement(run, b"");
        match self.reader.generated(&query) {
            Some(judged) => self.add(judged, uncertain),
            None => {
                let rule = format!("{}.gexec", self.prefix);
                let mut action = Action::unread(rule, "SQL that a query builds");
                action.text =
                    String::from_utf8_lossy(query.get(..query.len().min(200)).unwrap_or(&[])).into_owned();
                self.ledger
                    .keep(action.advice("run the query without \\gexec first and read what it builds"));
            }
        }
    }

    fn include(&mut self, path: &Argument, relative_to_script: bool, host: &mut dyn Host) {
        if path.unknown {
            return self.unread("include", "a file whose name is not known here");
        }
        if self.includes >= DEEPEST {
            return self.unread("include", "files that include each other too deeply");
        }
        let path = if relative_to_script || self.directory.is_empty() || path.text.starts_with(b"/") {
            path.text.clone()
        } else {
            [self.directory.as_slice(), b"/", &path.text].concat()
        };
        match host.include(&path, relative_to_script) {
            Ok(bytes) => {
                self.includes += 1;
                self.file(&bytes, host);
                self.includes -= 1;
            }
            Err(why) => {
                let shown = String::from_utf8_lossy(&path).into_owned();
                self.unread("include", &format!("{shown}: {why}"));
            }
        }
    }

    /// `\copy`: the client's COPY, whose programs and files are on this side.
    fn copy(&mut self, run: &mut Run, tail: &[u8], host: &mut dyn Host) {
        let uncertain = state(&run.branches) == Live::Maybe;
        let tokens: Vec<_> = Tokens::new(tail, self.reader.backslash_quotes).collect();
        let way = tokens.iter().rposition(|token| token.depth == 0 && (token.is("from") || token.is("to")));
        let Some(way) = way else { return self.unread("unread", "a \\copy that does not parse") };
        let from = tokens.get(way).is_some_and(|token| token.is("from"));
        let program = tokens.get(way + 1).filter(|token| token.is("program"));
        let what = tokens.get(way + 1 + usize::from(program.is_some()));
        let head_end = tokens
            .get(way)
            .map_or(0, |token| (token.bytes.as_ptr() as usize).saturating_sub(tail.as_ptr() as usize));
        let head = tail.get(..head_end).unwrap_or(&[]);
        let end: &[u8] = if from { b"FROM '/dev/stdin'" } else { b"TO STDOUT" };
        let code = [&b"COPY "[..], head, end].concat();
        self.query(&code, false, uncertain);
        let Some(what) = what else { return };
        let value = text_value(&String::from_utf8_lossy(what.bytes));
        if program.is_some() {
            self.shell(value.as_bytes(), "\\copy … program", host);
        } else if from && what.is("stdin") {
            run.data = Some((usize::MAX, 0));
        } else if !from && what.kind == Kind::Text || !from && !what.is("stdout") && !what.is("pstdout") {
            self.file_command(run, "copy", Some(value));
        }
    }

    /// The arguments up to the end of `tail` or the next unquoted backslash, and their length.
    fn arguments(&mut self, tail: &[u8], host: &mut dyn Host) -> (Vec<Argument>, usize) {
        let mut arguments = Vec::new();
        let mut at = 0;
        loop {
            at += tail.get(at..).unwrap_or(&[]).iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            match tail.get(at) {
                None => return (arguments, at),
                Some(b'\\') => return (arguments, at),
                Some(_) => {
                    let (argument, end) = self.argument(tail, at, host);
                    arguments.push(argument);
                    at = end.max(at + 1);
                }
            }
        }
    }

    fn argument(&mut self, tail: &[u8], start: usize, host: &mut dyn Host) -> (Argument, usize) {
        let mut argument = Argument { text: Vec::new(), unknown: false };
        let mut at = start;
        while let Some(&byte) = tail.get(at) {
            let rest = tail.get(at + 1..).unwrap_or(&[]);
            match byte {
                b'\'' => {
                    let length = quoted(rest);
                    let inner = String::from_utf8_lossy(rest.get(..length.saturating_sub(1)).unwrap_or(&[]))
                        .into_owned();
                    argument.text.extend(text_value(&format!("E'{inner}'")).into_bytes());
                    at += 1 + length;
                }
                b'"' => {
                    let length = memchr::memchr(b'"', rest).unwrap_or(rest.len());
                    argument.text.extend_from_slice(rest.get(..length).unwrap_or(&[]));
                    at += length + 2;
                }
                b'`' => {
                    let length = memchr::memchr(b'`', rest).unwrap_or(rest.len());
                    let command = rest.get(..length).unwrap_or(&[]).to_vec();
                    self.shell(&command, "backticks", host);
                    argument.unknown = true;
                    argument.text.extend_from_slice(DYNAMIC.as_bytes());
                    at += length + 2;
                }
                b':' => match variable_at(tail, at).map(|found| (found, self.value(found.1, host))) {
                    Some(((Form::IsSet, _, end), value)) => {
                        argument.unknown |= value.is_none() && self.any_variable;
                        argument.text.extend_from_slice(if value.is_some() { b"TRUE" } else { b"FALSE" });
                        at = end;
                    }
                    Some(((form, _, end), Some(value))) => {
                        let value = self.spend(value, 0);
                        argument.unknown |= value.is_none();
                        argument.text.extend(form.quote(value));
                        at = end;
                    }
                    _ => {
                        argument.text.push(byte);
                        at += 1;
                    }
                },
                b'\\' => break,
                _ if byte.is_ascii_whitespace() => break,
                _ => {
                    argument.text.push(byte);
                    at += 1;
                }
            }
        }
        (argument, at.min(tail.len()))
    }
}

impl Run {
    /// The end of the line at `at`. Found once per line: a line of ten million commands is one line.
    fn line_end(&mut self, bytes: &[u8], at: usize) -> usize {
        let piece = bytes.as_ptr() as usize;
        match self.line {
            Some((of, from, end)) if of == piece && from <= at && at <= end && end <= bytes.len() => end,
            _ => {
                let end = memchr::memchr(b'\n', bytes.get(at..).unwrap_or(&[]))
                    .map_or(bytes.len(), |found| at + found);
                self.line = Some((piece, at, end));
                end
            }
        }
    }
}

/// The text of a dead branch goes again.
fn leave_branch(run: &mut Run) {
    if let Some(branch) = run.branches.last().filter(|branch| branch.live == Live::Dead) {
        run.buffer.truncate(branch.saved.0);
        run.scanner = branch.saved.1.clone();
    }
}

/// Commands whose argument is the whole rest of the line.
fn is_whole_line(name: &str) -> bool {
    matches!(name, "copy" | "e" | "edit" | "ef" | "ev") || name.starts_with('!')
}

/// The shell command of `\g |…`, `\o |…`, `\w |…`.
fn piped<'a>(name: &str, tail: &'a [u8]) -> Option<&'a [u8]> {
    let tail = tail.trim_ascii_start();
    if !matches!(name, "g" | "gx" | "o" | "out" | "w" | "write") {
        return None;
    }
    let options = name.starts_with('g') && tail.first() == Some(&b'(');
    let close = if options { memchr::memchr(b')', tail) } else { None };
    let tail = close.map_or(Some(tail), |close| tail.get(close + 1..))?;
    tail.trim_ascii_start().strip_prefix(b"|")
}

/// The length of a `'…'` behind its first quote, last quote included.
fn quoted(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = rest.get(at) {
        match byte {
            b'\\' => at += 2,
            b'\'' if rest.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len() + 1
}

/// Where a command's arguments end that are not looked at.
fn end_of_arguments(bytes: &[u8], mut at: usize, line: usize) -> usize {
    while at < line {
        let rest = bytes.get(at + 1..line).unwrap_or(&[]);
        match bytes.get(at) {
            Some(b'\\') => return at,
            Some(b'\'') => at += 1 + quoted(rest).min(rest.len()),
            Some(mark @ (b'"' | b'`')) => {
                at += 1 + memchr::memchr(*mark, rest).map_or(rest.len(), |found| found + 1);
            }
            _ => at += 1,
        }
    }
    line
}
