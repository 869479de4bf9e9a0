//! Words as bash expands them: braces, tilde, parameters, substitutions, splitting, file names.
//!
//! In: a word's text and the state. Out: the arguments it becomes; the commands of its
//! substitutions are lowered on the way. An unknown piece stays in place: it may turn out empty, or
//! be several words.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::parameter::Got;
use super::state::{Value, literal, unknown};
use super::word::{self, Mode, Part};
use super::{Lowerer, Outcome, VALUE_BOUND, brace, pattern};
use crate::invocation::{Piece, Stdin, Word};

/// A piece of a field.
enum Frag {
    Text(Vec<u8>, bool),
    Unknown(String),
}

/// Fields while a word is read.
#[derive(Default)]
struct Fields {
    done: Vec<Vec<Frag>>,
    open: Option<Vec<Frag>>,
}

impl Fields {
    fn push(&mut self, frag: Frag) {
        self.open.get_or_insert_with(Vec::new).push(frag);
    }

    fn close(&mut self) {
        self.done.extend(self.open.take());
    }

    /// A value in quotes, or where nothing is split.
    fn push_word(&mut self, value: &Word, quoted: bool) {
        match value {
            Word::Literal(text) => self.push(Frag::Text(text.as_bytes().to_vec(), quoted)),
            Word::Dynamic(pieces) => {
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => self.push(Frag::Text(text.as_bytes().to_vec(), quoted)),
                        Piece::Unknown(source) => self.push(Frag::Unknown(source.clone())),
                    }
                }
            }
        }
    }

    /// An unquoted value: split at the bytes of `separators`.
    fn push_split(&mut self, value: &Word, separators: &[u8]) {
        let literal;
        let pieces: &[Piece] = match value {
            Word::Literal(text) => {
                literal = [Piece::Text(text.clone())];
                &literal
            }
            Word::Dynamic(pieces) => pieces,
        };
        for piece in pieces {
            match piece {
                Piece::Unknown(source) => self.push(Frag::Unknown(source.clone())),
                Piece::Text(text) => self.split(text.as_bytes(), separators),
            }
        }
    }

    fn split(&mut self, text: &[u8], separators: &[u8]) {
        let mut run = Vec::new();
        for &byte in text {
            if !separators.contains(&byte) {
                run.push(byte);
                continue;
            }
            if !run.is_empty() {
                self.push(Frag::Text(std::mem::take(&mut run), false));
            } else if !byte.is_ascii_whitespace() && self.open.is_none() {
                // Two separators that are no blanks hold an empty field between them.
                self.push(Frag::Text(Vec::new(), true));
            }
            self.close();
        }
        if !run.is_empty() {
            self.push(Frag::Text(run, false));
        }
    }
}

impl Lowerer<'_> {
    /// The arguments that a word of a command becomes.
    pub(super) fn words(&mut self, text: &[u8]) -> Vec<Word> {
        // Most words are plain.
        if text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_./=:,+%@".contains(byte)) {
            return vec![literal(text)];
        }
        let Some(parts) = word::parts(text, Mode::Word) else {
            self.partial("a word could not be read");
            return vec![unknown(text)];
        };
        let Some(alternatives) = brace::expand(parts) else {
            self.partial("a brace expansion makes too many words");
            return vec![unknown(text)];
        };
        let mut words = Vec::new();
        for parts in alternatives {
            let mut fields = Fields::default();
            for part in parts {
                self.part(part, true, &mut fields);
            }
            fields.close();
            for field in fields.done {
                self.finish(field, &mut words);
            }
        }
        words
    }

    /// The one word that a text becomes where nothing is split: a value, a file name, a here-document.
    pub(super) fn single(&mut self, text: &[u8], mode: Mode) -> Word {
        let Some(parts) = word::parts(text, mode) else {
            self.partial("a word could not be read");
            return unknown(text);
        };
        self.joined(parts)
    }

    pub(super) fn joined(&mut self, parts: Vec<Part>) -> Word {
        let mut fields = Fields::default();
        for part in parts {
            self.part(part, false, &mut fields);
        }
        fields.close();
        let mut frags = Vec::new();
        for (at, field) in fields.done.into_iter().enumerate() {
            if at > 0 {
                frags.push(Frag::Text(b" ".to_vec(), true));
            }
            frags.extend(field);
        }
        collect(frags)
    }

    /// A pattern's text, with what is quoted escaped; `None` when something in it is unknown.
    pub(super) fn pattern(&mut self, text: &[u8]) -> Option<Vec<u8>> {
        let parts = word::parts(text, Mode::Loose)?;
        let mut fields = Fields::default();
        for part in parts {
            self.part(part, false, &mut fields);
        }
        let mut out = Vec::new();
        for frag in fields.open.unwrap_or_default() {
            match frag {
                Frag::Text(bytes, true) => pattern::escape(&bytes, &mut out),
                Frag::Text(bytes, false) => out.extend_from_slice(&bytes),
                Frag::Unknown(_) => return None,
            }
        }
        Some(out)
    }

    /// Runs the substitutions in a text whose value does not matter.
    pub(super) fn effects(&mut self, text: &[u8]) {
        if memchr::memchr3(b'$', b'`', b'<', text).is_none() && memchr::memchr(b'>', text).is_none() {
            return;
        }
        match word::parts(text, Mode::Loose) {
            Some(parts) => {
                self.joined(parts);
            }
            None => self.partial("an expression could not be read"),
        }
    }

    fn part(&mut self, part: Part, split: bool, fields: &mut Fields) {
        match part {
            Part::Text { bytes, quoted } => fields.push(Frag::Text(bytes, quoted)),
            Part::Tilde(name) => match self.tilde(&name) {
                Some(path) => fields.push(Frag::Text(path.into_os_string().into_vec(), true)),
                None => fields.push(Frag::Text([b"~", &name[..]].concat(), true)),
            },
            Part::Parameter { parameter, quoted } => {
                let got = self.parameter(&parameter, quoted);
                self.spread(got, quoted, split, fields);
            }
            Part::Command { text, quoted } => {
                let value = self.substitution(&text);
                self.spread(Got::One(value), quoted, split, fields);
            }
            Part::Arithmetic { text } => {
                let value = self.arithmetic(&text);
                fields.push_word(&value, true);
            }
            Part::Process { text, writes } => {
                let value = self.process(&text, writes);
                fields.push_word(&value, true);
            }
        }
    }

    /// Puts an expansion's value into the fields.
    fn spread(&mut self, got: Got, quoted: bool, split: bool, fields: &mut Fields) {
        match got {
            Got::One(value) if quoted || !split => fields.push_word(&value, quoted),
            Got::One(value) => {
                let separators = self.separators();
                fields.push_split(&value, &separators);
            }
            Got::List(values, star) => {
                let separators = self.separators();
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        if split && !(star && quoted) {
                            fields.close();
                        } else {
                            fields.push(Frag::Text(
                                separators.first().map_or(Vec::new(), |byte| vec![*byte]),
                                true,
                            ));
                        }
                    }
                    if quoted || !split {
                        fields.push_word(value, quoted);
                    } else {
                        fields.push_split(value, &separators);
                    }
                }
            }
        }
    }

    fn separators(&self) -> Vec<u8> {
        match self.state.variables.get(&b"IFS"[..]) {
            Some(Value::Scalar(Word::Literal(text))) => text.as_bytes().to_vec(),
            _ => b" \t\n".to_vec(),
        }
    }

    /// A finished field: file names where it is a pattern, else itself.
    fn finish(&mut self, field: Vec<Frag>, words: &mut Vec<Word>) {
        let active = |frag: &Frag| matches!(frag, Frag::Text(bytes, false) if bytes.iter().any(|byte| b"*?[".contains(byte)));
        let known = field.iter().all(|frag| matches!(frag, Frag::Text(..)));
        let globs = known && !self.state.options.no_glob && field.iter().any(active);
        if globs {
            let mut text = Vec::new();
            for frag in &field {
                match frag {
                    Frag::Text(bytes, true) => pattern::escape(bytes, &mut text),
                    Frag::Text(bytes, false) => text.extend_from_slice(bytes),
                    Frag::Unknown(_) => {}
                }
            }
            let folder = &self.state.folder;
            let certain = (folder.known && folder.sure) || text.first() == Some(&b'/');
            if certain && pattern::is_pattern(&text) {
                let found = pattern::paths(&text, &folder.path, self.state.options.dot_glob);
                if !found.is_empty() {
                    words.extend(found.iter().map(|path| literal(path)));
                    return;
                }
                if self.state.options.null_glob && folder.path.is_dir() {
                    return;
                }
            }
        }
        words.push(collect(field));
    }

    fn tilde(&self, name: &[u8]) -> Option<PathBuf> {
        match name {
            b"" => match self.state.variables.get(&b"HOME"[..]) {
                Some(Value::Scalar(Word::Literal(home))) => Some(PathBuf::from(home)),
                Some(Value::Scalar(Word::Dynamic(_))) => None,
                _ => self.start.context.home(),
            },
            b"+" => Some(self.state.folder.path.clone()),
            name => {
                let table = self.start.context.read(Path::new("/etc/passwd"), 1 << 20).ok()?;
                table.split(|byte| *byte == b'\n').find_map(|line| {
                    let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
                    (fields.len() >= 6 && fields[0] == name)
                        .then(|| PathBuf::from(OsStr::from_bytes(fields[5])))
                })
            }
        }
    }

    /// `$(…)`: its commands run; its output, when known, is the value.
    pub(super) fn substitution(&mut self, text: &[u8]) -> Word {
        let trimmed = text.trim_ascii();
        // $(<file) prints the file.
        if let Some(path) = trimmed.strip_prefix(b"<")
            && !path.starts_with(b"<")
            && !path.starts_with(b"(")
        {
            let path = self.single(path.trim_ascii(), Mode::Word);
            return self.value_of(self.content(&path), text);
        }
        let outcome = self.subshell(|lowerer| lowerer.script(text));
        self.value_of(outcome.stdout, text)
    }

    fn value_of(&self, stdout: Stdin, source: &[u8]) -> Word {
        match stdout {
            Stdin::Bytes(mut bytes) if bytes.len() <= VALUE_BOUND => {
                bytes.retain(|byte| *byte != 0);
                while bytes.last() == Some(&b'\n') {
                    bytes.pop();
                }
                literal(&bytes)
            }
            Stdin::Empty => literal(b""),
            Stdin::Bytes(_) | Stdin::Unknown(_) | Stdin::Inherited => {
                unknown(&[b"$(", source, b")"].concat())
            }
        }
    }

    /// `<(…)` and `>(…)`: a path under `/dev/fd` whose content is what the commands print.
    fn process(&mut self, text: &[u8], writes: bool) -> Word {
        let outcome = self.subshell(|lowerer| {
            if writes {
                lowerer.state.stdin = Stdin::Unknown("a process substitution".to_owned());
            }
            lowerer.script(text)
        });
        let path = PathBuf::from(format!("/dev/fd/{}", self.descriptors));
        self.descriptors = self.descriptors.saturating_sub(1);
        if !writes {
            Rc::make_mut(&mut self.written).push((path.clone(), outcome.stdout));
        }
        Word::Literal(path.into_os_string())
    }

    /// What a file holds when it is read at this point.
    pub(super) fn content(&self, path: &Word) -> Stdin {
        let Some(name) = path.known() else { return Stdin::Unknown(path.shown()) };
        if name == "/dev/null" {
            return Stdin::Empty;
        }
        if name == "/dev/stdin" || name == "/dev/fd/0" || name == "-" {
            return self.state.stdin.clone();
        }
        let folder = &self.state.folder;
        let absolute = super::state::normal(&self.start.context.resolve(&folder.path, name));
        if let Some(content) = self.written_to(&absolute) {
            return content;
        }
        if !(folder.known && folder.sure) && !Path::new(name).is_absolute() {
            return Stdin::Unknown(path.shown());
        }
        match self.start.context.read(&absolute, super::FILE_BOUND) {
            Ok(bytes) => Stdin::Bytes(bytes),
            Err(why) => Stdin::Unknown(format!("{}: {why}", path.shown())),
        }
    }
}

fn collect(frags: Vec<Frag>) -> Word {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut size = 0;
    for frag in frags {
        match (frag, pieces.last_mut()) {
            (Frag::Text(bytes, _), Some(Piece::Text(text))) => {
                size += bytes.len();
                text.push(OsStr::from_bytes(&bytes));
            }
            (Frag::Text(bytes, _), _) if bytes.is_empty() => {}
            (Frag::Text(bytes, _), _) => {
                size += bytes.len();
                pieces.push(Piece::Text(OsString::from_vec(bytes)));
            }
            (Frag::Unknown(source), _) => pieces.push(Piece::Unknown(source)),
        }
    }
    if size > VALUE_BOUND || pieces.len() > 1024 {
        return Word::Dynamic(vec![Piece::Unknown("a very long word".to_owned())]);
    }
    match pieces.pop() {
        None => Word::Literal(OsString::new()),
        Some(Piece::Text(text)) if pieces.is_empty() => Word::Literal(text),
        Some(last) => {
            pieces.push(last);
            Word::Dynamic(pieces)
        }
    }
}

/// Something printed and then thrown away still ran.
pub(super) fn silent(outcome: &Outcome) -> Outcome {
    Outcome { stdout: Stdin::Empty, ends: outcome.ends }
}
