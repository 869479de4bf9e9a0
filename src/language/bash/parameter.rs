//! Parameters: `$x`, `${x:-d}`, `${x#p}`, `${x/a/b}`, `$@`, `${a[0]}` and their kin.
//!
//! In: a parameter as written and the state. Out: its value, one word or a list. What is neither set
//! nor in the environment is unknown, except where the expansion itself says what to use then.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::state::{Value, literal, unknown};
use super::word::{self, Mode, Parameter, Part};
use super::{Lowerer, pattern};
use crate::invocation::Word;

/// What an expansion gives.
pub(super) enum Got {
    One(Word),
    /// `$@`, `$*` (true), `${a[@]}`.
    List(Vec<Word>, bool),
}

/// A parameter before its operation.
enum Base {
    Got(Got),
    Unset,
    Absent,
}

impl Lowerer<'_> {
    /// The value of a variable as the shell has it at this point.
    pub(super) fn variable(&self, name: &[u8]) -> Value {
        if let Some(value) = self.state.variables.get(name) {
            return value.clone();
        }
        let scalar = |text: &OsStr| Value::Scalar(literal(text.as_bytes()));
        let context = self.start.context;
        let folder = &self.state.folder;
        match name {
            b"PWD" if folder.known && folder.sure => return scalar(folder.path.as_os_str()),
            b"PWD" => return Value::Scalar(unknown(b"$PWD")),
            b"OLDPWD" if let Some(previous) = &self.state.previous => return scalar(previous.as_os_str()),
            b"HOME" => {
                if let Some(home) = context.home() {
                    return scalar(home.as_os_str());
                }
            }
            b"UID" | b"EUID" => {
                if let Some(account) = context.account() {
                    return scalar(OsStr::new(&account.uid.to_string()));
                }
            }
            b"IFS" => return Value::Scalar(literal(b" \t\n")),
            b"RANDOM" | b"SECONDS" | b"LINENO" | b"BASHPID" | b"PPID" | b"BASH_SOURCE" | b"FUNCNAME"
            | b"HOSTNAME" | b"EPOCHSECONDS" | b"REPLY" | b"PIPESTATUS" => return Value::Absent,
            _ => {}
        }
        let Ok(text) = std::str::from_utf8(name) else { return Value::Absent };
        match context.env(text) {
            Some(value) => scalar(&value),
            None if name == b"USER" || name == b"LOGNAME" => match context.account() {
                Some(account) => scalar(OsStr::new(&account.name)),
                None => Value::Absent,
            },
            None => Value::Absent,
        }
    }

    fn base(&mut self, parameter: &Parameter) -> Base {
        let positional = &self.state.positional;
        let one = |word: Word| Base::Got(Got::One(word));
        match &parameter.name[..] {
            b"@" | b"*" if positional.is_empty() => return one(unknown(&parameter.source)),
            b"@" | b"*" => return Base::Got(Got::List(positional[1..].to_vec(), parameter.name == b"*")),
            b"#" if positional.is_empty() => return one(unknown(&parameter.source)),
            b"#" => return one(literal((positional.len() - 1).to_string().as_bytes())),
            b"?" | b"$" | b"!" | b"-" | b"_" => return one(unknown(&parameter.source)),
            digits if digits[0].is_ascii_digit() => {
                let number = std::str::from_utf8(digits).ok().and_then(|text| text.parse::<usize>().ok());
                return match number.and_then(|number| positional.get(number)) {
                    Some(word) => one(word.clone()),
                    None if positional.is_empty() => Base::Absent,
                    None => Base::Unset,
                };
            }
            _ => {}
        }
        match (self.variable(&parameter.name), parameter.index.as_deref()) {
            (Value::List(words), Some(b"@" | b"*")) => {
                Base::Got(Got::List(words, parameter.index.as_deref() == Some(b"*")))
            }
            (Value::Scalar(word), Some(b"@" | b"*")) => Base::Got(Got::List(vec![word], false)),
            (Value::List(words), index) => match self.index(index, words.len()) {
                Some(at) => words.get(at).map_or(Base::Unset, |word| one(word.clone())),
                None => one(unknown(&parameter.source)),
            },
            (Value::Scalar(word), None | Some(b"0")) => one(word),
            (Value::Scalar(_), Some(_)) => one(unknown(&parameter.source)),
            (Value::Unset, _) => Base::Unset,
            (Value::Absent, _) => Base::Absent,
        }
    }

    fn index(&mut self, index: Option<&[u8]>, length: usize) -> Option<usize> {
        let Some(index) = index else { return Some(0) };
        let value = self.number(index)?;
        let value = if value < 0 { value + i64::try_from(length).ok()? } else { value };
        usize::try_from(value).ok()
    }

    /// The value of `$x` or `${…}`.
    pub(super) fn parameter(&mut self, parameter: &Parameter, quoted: bool) -> Got {
        let operation = &parameter.operation[..];
        if operation.first() == Some(&b'!') {
            return self.indirect(parameter, quoted);
        }
        let base = self.base(parameter);
        if parameter.length {
            return Got::One(self.length(base, &parameter.source));
        }
        let colon = operation.first() == Some(&b':');
        let rest = if colon { &operation[1..] } else { operation };
        match rest.first() {
            Some(kind @ (b'-' | b'=' | b'?' | b'+')) => {
                self.conditional(parameter, base, (*kind, colon), &rest[1..])
            }
            _ => match base {
                Base::Got(Got::One(word)) => Got::One(self.operate(&word, parameter)),
                Base::Got(Got::List(words, star)) if colon => self.slice(words, star, parameter),
                Base::Got(Got::List(words, star)) => {
                    Got::List(words.iter().map(|word| self.operate(word, parameter)).collect(), star)
                }
                Base::Unset => Got::One(literal(b"")),
                Base::Absent => {
                    self.effects(operation);
                    Got::One(unknown(&parameter.source))
                }
            },
        }
    }

    /// `${x:-w}`, `${x:=w}`, `${x:?w}`, `${x:+w}` and the same without colons.
    fn conditional(
        &mut self,
        parameter: &Parameter,
        base: Base,
        (kind, colon): (u8, bool),
        text: &[u8],
    ) -> Got {
        // What is set, and whether that is sure.
        let set = match &base {
            Base::Got(Got::One(Word::Literal(text))) => Some(!colon || !text.is_empty()),
            Base::Got(Got::One(word)) => (!word.visible().is_empty() || !colon).then_some(true),
            Base::Got(Got::List(words, _)) => Some(!words.is_empty()),
            Base::Unset | Base::Absent => Some(false),
        };
        let kept = match base {
            Base::Got(got) => got,
            Base::Unset | Base::Absent => Got::One(literal(b"")),
        };
        match (kind, set) {
            (b'-' | b'=', Some(false)) => {
                let value = self.default(text);
                if kind == b'=' {
                    self.state.set(&parameter.name.clone(), Value::Scalar(value.clone()));
                }
                Got::One(value)
            }
            (b'+', Some(true)) => Got::One(self.default(text)),
            (b'+', Some(false)) => Got::One(literal(b"")),
            (b'-' | b'=' | b'?', Some(true)) => kept,
            // ${x:?} of an empty x ends the script; nothing that follows would run with a value.
            _ => {
                self.effects(text);
                Got::One(unknown(&parameter.source))
            }
        }
    }

    fn default(&mut self, text: &[u8]) -> Word {
        match word::parts(text, Mode::Loose) {
            Some(parts) => self.joined(parts),
            None => {
                self.partial("an expansion could not be read");
                unknown(text)
            }
        }
    }

    fn indirect(&mut self, parameter: &Parameter, quoted: bool) -> Got {
        let mut direct = parameter.clone();
        direct.operation = Vec::new();
        if let Base::Got(Got::One(Word::Literal(name))) = self.base(&direct)
            && word::name_length(name.as_bytes()) == name.len()
            && !name.is_empty()
        {
            let mut through = parameter.clone();
            through.name = name.as_bytes().to_vec();
            through.index = None;
            through.operation.remove(0);
            return self.parameter(&through, quoted);
        }
        self.effects(&parameter.operation[1..]);
        Got::One(unknown(&parameter.source))
    }

    fn length(&self, base: Base, source: &[u8]) -> Word {
        match base {
            Base::Got(Got::One(Word::Literal(text))) => {
                literal(text.to_string_lossy().chars().count().to_string().as_bytes())
            }
            Base::Got(Got::List(words, _)) => literal(words.len().to_string().as_bytes()),
            Base::Unset => literal(b"0"),
            Base::Got(Got::One(Word::Dynamic(_))) | Base::Absent => unknown(source),
        }
    }

    /// `${@:2}`, `${a[@]:1:3}`.
    fn slice(&mut self, words: Vec<Word>, star: bool, parameter: &Parameter) -> Got {
        // $@ counts from one and $0 stands at zero.
        let shift = i64::from(matches!(&parameter.name[..], b"@" | b"*"));
        let text = parameter.operation[1..].to_vec();
        let (from, count) = self.bounds(&text);
        let Some(from) = from.filter(|from| *from >= shift) else {
            return Got::One(unknown(&parameter.source));
        };
        let from = usize::try_from(from - shift).unwrap_or(usize::MAX);
        let count = match count {
            None => usize::MAX,
            Some(Some(count)) if count >= 0 => usize::try_from(count).unwrap_or(usize::MAX),
            Some(_) => return Got::One(unknown(&parameter.source)),
        };
        Got::List(words.into_iter().skip(from).take(count).collect(), star)
    }

    /// `OFFSET` or `OFFSET:LENGTH`; the inner `None` is a length that could not be computed.
    fn bounds(&mut self, text: &[u8]) -> (Option<i64>, Option<Option<i64>>) {
        let colon = memchr::memchr(b':', text);
        let (from, count) = colon.map_or((text, None), |at| (&text[..at], Some(&text[at + 1..])));
        let from = self.number(from);
        let count = count.map(|count| self.number(count));
        (from, count)
    }

    /// An operation on one set value.
    fn operate(&mut self, word: &Word, parameter: &Parameter) -> Word {
        let operation = parameter.operation.clone();
        if operation.is_empty() {
            return word.clone();
        }
        let Some(text) = word.known().map(|text| text.as_bytes().to_vec()) else {
            self.effects(&operation);
            return unknown(&parameter.source);
        };
        let result = match operation[0] {
            b'#' => self.strip(&text, &operation, b'#'),
            b'%' => self.strip(&text, &operation, b'%'),
            b'/' => self.replace(&text, &operation[1..]),
            b':' => self.substring(&text, &operation[1..]),
            b'^' | b',' => change_case(&text, &operation),
            b'@' => match &operation[1..] {
                b"U" => Some(text.to_ascii_uppercase()),
                b"L" => Some(text.to_ascii_lowercase()),
                _ => None,
            },
            _ => {
                self.partial("an expansion could not be read");
                None
            }
        };
        result.map_or_else(|| unknown(&parameter.source), |bytes| literal(&bytes))
    }

    /// `${x#p}`, `${x##p}`, `${x%p}`, `${x%%p}`.
    fn strip(&mut self, text: &[u8], operation: &[u8], side: u8) -> Option<Vec<u8>> {
        let longest = operation.get(1) == Some(&side);
        let pattern = self.pattern(&operation[1 + usize::from(longest)..])?;
        if text.len() > 4096 {
            return None;
        }
        let mut cuts: Vec<usize> = (0..=text.len()).collect();
        if longest != (side == b'%') {
            cuts.reverse();
        }
        for cut in cuts {
            let (matched, kept) =
                if side == b'#' { (&text[..cut], &text[cut..]) } else { (&text[cut..], &text[..cut]) };
            if pattern::matches(&pattern, matched) {
                return Some(kept.to_vec());
            }
        }
        Some(text.to_vec())
    }

    /// `${x/p/r}`, `${x//p/r}`, `${x/#p/r}`, `${x/%p/r}`.
    fn replace(&mut self, text: &[u8], operation: &[u8]) -> Option<Vec<u8>> {
        let (mode, body) = match operation.first() {
            Some(mode @ (b'/' | b'#' | b'%')) => (*mode, &operation[1..]),
            _ => (b' ', operation),
        };
        let slash = (0..body.len()).find(|at| body[*at] == b'/' && (*at == 0 || body[*at - 1] != b'\\'));
        let (before, after) = slash.map_or((body, &b""[..]), |at| (&body[..at], &body[at + 1..]));
        let pattern = self.pattern(before)?;
        let parts: Vec<Part> = word::parts(after, Mode::Loose)?;
        let replacement = self.joined(parts).known()?.as_bytes().to_vec();
        if text.len() > 1024 || pattern.is_empty() {
            return if pattern.is_empty() { Some(text.to_vec()) } else { None };
        }
        let (mut out, mut at) = (Vec::new(), 0);
        while at <= text.len() {
            let ends = if mode == b'%' { text.len()..text.len() + 1 } else { at + 1..text.len() + 1 };
            let allowed = mode != b'#' || at == 0;
            let found =
                ends.rev().find(|end| allowed && *end > at && pattern::matches(&pattern, &text[at..*end]));
            if let Some(end) = found {
                out.extend_from_slice(&replacement);
                at = end;
                if mode != b'/' {
                    break;
                }
            } else {
                out.extend(text.get(at));
                at += 1;
            }
        }
        out.extend_from_slice(text.get(at..).unwrap_or_default());
        Some(out)
    }

    fn substring(&mut self, text: &[u8], operation: &[u8]) -> Option<Vec<u8>> {
        if !text.is_ascii() {
            return None;
        }
        let (from, count) = self.bounds(operation);
        let size = i64::try_from(text.len()).ok()?;
        let from = from?;
        let from = if from < 0 { from + size } else { from };
        let to = match count {
            None => size,
            Some(count) => match count? {
                count if count < 0 => size + count,
                count => from.saturating_add(count).min(size),
            },
        };
        if from < 0 || from > size || to < from {
            return Some(Vec::new());
        }
        Some(text[usize::try_from(from).ok()?..usize::try_from(to).ok()?].to_vec())
    }
}

/// `${x^}`, `${x^^}`, `${x,}`, `${x,,}` without a pattern.
fn change_case(text: &[u8], operation: &[u8]) -> Option<Vec<u8>> {
    let mut out = text.to_vec();
    let all = match operation {
        b"^" | b"," => false,
        b"^^" | b",," => true,
        _ => return None,
    };
    let end = if all { out.len() } else { out.len().min(1) };
    if operation[0] == b'^' {
        out[..end].make_ascii_uppercase();
    } else {
        out[..end].make_ascii_lowercase();
    }
    Some(out)
}
