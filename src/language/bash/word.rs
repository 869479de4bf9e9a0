//! One word's text, taken apart at its quotes and expansions.
//!
//! In: the bytes of a word (or of a here-document, a default, a pattern). Out: [`Part`]s in order.
//! It refuses to know values.
//!
//! | source | part |
//! |---|---|
//! | `abc`, `\x`, `'…'`, `"…"`, `$'…'`, `$"…"` | `Text`, quoted or not |
//! | `~`, `~name` at the start | `Tilde` |
//! | `$x`, `${x…}` | `Parameter` |
//! | `$(…)`, backticks | `Command` |
//! | `$((…))`, `$[…]` | `Arithmetic` |
//! | `<(…)`, `>(…)` | `Process` |

use super::scan;

/// A piece of a word before expansion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text { bytes: Vec<u8>, quoted: bool },
    Tilde(Vec<u8>),
    Parameter { parameter: Parameter, quoted: bool },
    Command { text: Vec<u8>, quoted: bool },
    Arithmetic { text: Vec<u8> },
    Process { text: Vec<u8>, writes: bool },
}

/// `$x` or `${…}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    pub name: Vec<u8>,
    /// `[…]` after the name.
    pub index: Option<Vec<u8>>,
    /// `${#x}`.
    pub length: bool,
    /// What stands between the name and `}`; empty for a plain value.
    pub operation: Vec<u8>,
    /// As written.
    pub source: Vec<u8>,
}

/// How a text is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// A word of a command: unquoted blanks and operators cannot be in it.
    Word,
    /// The value of an assignment: a tilde counts after each colon too.
    Value,
    /// Inside `"…"` or an unquoted here-document.
    Quoted,
    /// Inside `[[ … ]]`, `(( … ))`, a pattern or a default: blanks and operators are text.
    Loose,
}

/// The parts of `text`; `None` when it is not one word.
pub(super) fn parts(text: &[u8], mode: Mode) -> Option<Vec<Part>> {
    let mut reader = Reader { text, at: 0, parts: Vec::new() };
    reader.read(mode)?;
    Some(reader.parts)
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    parts: Vec<Part>,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn push(&mut self, new: &[u8], quoted: bool) {
        if let Some(Part::Text { bytes, quoted: last }) = self.parts.last_mut()
            && *last == quoted
        {
            bytes.extend_from_slice(new);
        } else {
            self.parts.push(Part::Text { bytes: new.to_vec(), quoted });
        }
    }

    fn read(&mut self, mode: Mode) -> Option<()> {
        let quoted = mode == Mode::Quoted;
        if !quoted {
            self.tilde();
        }
        // `cmd x=~/y`: bash expands a tilde in what looks like an assignment.
        let equals = name_length(self.text);
        let assigns = mode == Mode::Word && equals > 0 && self.text.get(equals) == Some(&b'=');
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\\' => self.backslash(quoted),
                b'$' => self.dollar(quoted)?,
                b'`' => self.backtick(quoted)?,
                _ if quoted => self.plain(true),
                b'\'' => {
                    let length = memchr::memchr(b'\'', &self.text[self.at + 1..])?;
                    self.push(&self.text[self.at + 1..self.at + 1 + length], true);
                    self.at += length + 2;
                }
                b'"' => self.double()?,
                b'<' | b'>' if self.peek(1) == Some(b'(') => {
                    let end = scan::end_of(self.text, self.at, false)?;
                    let text = self.text[self.at + 2..end - 1].to_vec();
                    self.parts.push(Part::Process { text, writes: byte == b'>' });
                    self.at = end;
                }
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')'
                    if mode != Mode::Loose =>
                {
                    return None;
                }
                b'=' | b':'
                    if (byte == b':' && mode == Mode::Value)
                        || (assigns && (byte == b':' || self.at == equals)) =>
                {
                    self.plain(false);
                    self.tilde();
                }
                _ => self.plain(false),
            }
        }
        Some(())
    }

    fn plain(&mut self, quoted: bool) {
        let rest = &self.text[self.at..];
        let stops = |byte: &u8| matches!(byte, b'\\' | b'$' | b'`');
        let more =
            |byte: &u8| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.');
        let length = if quoted {
            rest.iter().position(stops).unwrap_or(rest.len())
        } else {
            rest.iter().position(|byte| !more(byte)).unwrap_or(rest.len())
        };
        let length = length.max(1);
        self.push(&rest[..length], quoted);
        self.at += length;
    }

    fn tilde(&mut self) {
        if self.peek(0) != Some(b'~') {
            return;
        }
        let rest = &self.text[self.at + 1..];
        let length = rest.iter().position(|byte| matches!(byte, b'/' | b':')).unwrap_or(rest.len());
        let name = &rest[..length];
        // ~"x" and ~$x stay as they are; so do ~+ and ~-, which are rare.
        if name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
            && name != b"-"
        {
            self.parts.push(Part::Tilde(name.to_vec()));
            self.at += 1 + length;
        }
    }

    fn backslash(&mut self, quoted: bool) {
        let Some(next) = self.peek(1) else {
            self.push(b"\\", true);
            self.at += 1;
            return;
        };
        if quoted && !matches!(next, b'$' | b'`' | b'"' | b'\\' | b'\n') {
            self.push(&[b'\\', next], true);
        } else if next != b'\n' {
            self.push(&[next], true);
        }
        self.at += 2;
    }

    fn double(&mut self) -> Option<()> {
        let end = scan::end_of(self.text, self.at, false)?;
        let inner = &self.text[self.at + 1..end - 1];
        let mut reader = Reader { text: inner, at: 0, parts: Vec::new() };
        reader.read(Mode::Quoted)?;
        // "" is a field of its own; "$@" is not when there are no arguments.
        if reader.parts.is_empty() {
            self.push(b"", true);
        }
        self.parts.append(&mut reader.parts);
        self.at = end;
        Some(())
    }

    fn backtick(&mut self, quoted: bool) -> Option<()> {
        let end = scan::end_of(self.text, self.at, quoted)?;
        let inner = &self.text[self.at + 1..end - 1];
        let (mut text, mut at) = (Vec::new(), 0);
        while let Some(&byte) = inner.get(at) {
            let escaped = |next: &u8| matches!(next, b'$' | b'`' | b'\\') || (quoted && *next == b'"');
            match inner.get(at + 1).filter(|next| byte == b'\\' && escaped(next)) {
                Some(&next) => {
                    text.push(next);
                    at += 2;
                }
                None => {
                    text.push(byte);
                    at += 1;
                }
            }
        }
        self.parts.push(Part::Command { text, quoted });
        self.at = end;
        Some(())
    }

    fn dollar(&mut self, quoted: bool) -> Option<()> {
        let end = || scan::end_of(self.text, self.at, quoted);
        match self.peek(1) {
            Some(b'(') => {
                let end = end()?;
                let whole = &self.text[self.at..end];
                let part = if whole.starts_with(b"$((") && whole.ends_with(b"))") && is_arithmetic(whole) {
                    Part::Arithmetic { text: whole[3..whole.len() - 2].to_vec() }
                } else {
                    Part::Command { text: whole[2..whole.len() - 1].to_vec(), quoted }
                };
                self.parts.push(part);
                self.at = end;
            }
            Some(b'[') => {
                let end = end()?;
                self.parts.push(Part::Arithmetic { text: self.text[self.at + 2..end - 1].to_vec() });
                self.at = end;
            }
            Some(b'{') => {
                let end = end()?;
                let parameter = braced(&self.text[self.at..end])?;
                self.parts.push(Part::Parameter { parameter, quoted });
                self.at = end;
            }
            Some(b'\'') if !quoted => {
                let end = end()?;
                let text = ansi(&self.text[self.at + 2..end - 1]);
                self.push(&text, true);
                self.at = end;
            }
            Some(b'"') if !quoted => {
                self.at += 1;
                self.double()?;
            }
            Some(next) => self.simple(next, quoted),
            None => self.push_dollar(quoted),
        }
        Some(())
    }

    fn push_dollar(&mut self, quoted: bool) {
        self.push(b"$", quoted);
        self.at += 1;
    }

    fn simple(&mut self, next: u8, quoted: bool) {
        let rest = &self.text[self.at + 1..];
        let length = match next {
            b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-' => 1,
            _ => name_length(rest),
        };
        if length == 0 {
            return self.push_dollar(quoted);
        }
        let parameter = Parameter {
            name: rest[..length].to_vec(),
            index: None,
            length: false,
            operation: Vec::new(),
            source: self.text[self.at..=self.at + length].to_vec(),
        };
        self.parts.push(Part::Parameter { parameter, quoted });
        self.at += 1 + length;
    }
}

/// `$((a) + (b))` is arithmetic, `$((a); (b))` is not: the last two brackets must close the first two.
fn is_arithmetic(whole: &[u8]) -> bool {
    let inner = &whole[3..whole.len() - 2];
    let mut open = 0i64;
    for byte in inner {
        match byte {
            b'(' => open += 1,
            b')' => open -= 1,
            b';' | b'\n' => return false,
            _ => {}
        }
        if open < 0 {
            return false;
        }
    }
    open == 0
}

/// How many bytes of `text` are a variable's name.
pub(super) fn name_length(text: &[u8]) -> usize {
    if text.first().is_none_or(u8::is_ascii_digit) {
        return 0;
    }
    text.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').unwrap_or(text.len())
}

/// Reads `${…}`.
fn braced(source: &[u8]) -> Option<Parameter> {
    let inner = source.get(2..source.len() - 1)?;
    let length = inner.len() > 1
        && inner[0] == b'#'
        && !matches!(inner[1], b'#' | b'%' | b':' | b'-' | b'=' | b'?' | b'+');
    let body = if length { &inner[1..] } else { inner };
    let indirect = body.len() > 1 && body[0] == b'!';
    let body = if indirect { &body[1..] } else { body };
    let digits = body.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let named = match body.first() {
        _ if digits > 0 => digits,
        Some(b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-') => 1,
        _ => name_length(body),
    };
    if named == 0 {
        return None;
    }
    let (name, mut operation) = body.split_at(named);
    let mut index = None;
    if operation.first() == Some(&b'[') {
        let end = memchr::memchr(b']', operation)?;
        index = Some(operation[1..end].to_vec());
        operation = &operation[end + 1..];
    }
    let mut operation = operation.to_vec();
    if indirect {
        operation.insert(0, b'!');
    }
    Some(Parameter { name: name.to_vec(), index, length, operation, source: source.to_vec() })
}

/// The bytes of `$'…'`'s inside, and of `echo -e` and `printf` formats where they agree.
pub(super) fn ansi(text: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    while let Some(&byte) = text.get(at) {
        at += 1;
        let Some(&next) = text.get(at).filter(|_| byte == b'\\') else {
            out.push(byte);
            continue;
        };
        at += 1;
        let mut number = |digits: usize, radix: u32| {
            let rest = &text[at..];
            let taken =
                rest.iter().take(digits).take_while(|byte| char::from(**byte).is_digit(radix)).count();
            let value = std::str::from_utf8(&rest[..taken])
                .ok()
                .and_then(|text| u32::from_str_radix(text, radix).ok());
            at += taken;
            value
        };
        match next {
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'e' | b'E' => out.push(27),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'\\' | b'\'' | b'"' | b'?' => out.push(next),
            b'x' => out.extend(number(2, 16).map(|value| (value & 255) as u8)),
            b'u' | b'U' => {
                let letter = number(if next == b'u' { 4 } else { 8 }, 16).and_then(char::from_u32);
                out.extend_from_slice(letter.map(String::from).unwrap_or_default().as_bytes());
            }
            b'0'..=b'7' => {
                at -= 1;
                let value = number_at(text, &mut at);
                out.push(value);
            }
            _ => out.extend_from_slice(&[b'\\', next]),
        }
    }
    out
}

/// Up to three octal digits.
fn number_at(text: &[u8], at: &mut usize) -> u8 {
    let mut value = 0u32;
    for _ in 0..3 {
        match text.get(*at) {
            Some(digit @ b'0'..=b'7') => value = value * 8 + u32::from(digit - b'0'),
            _ => break,
        }
        *at += 1;
    }
    (value & 255) as u8
}
