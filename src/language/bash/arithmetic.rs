//! Shell arithmetic on whole numbers, as far as folder and file names need it.
//!
//! In: the text of `$(( … ))`. Out: its value, or unknown; a variable that it assigns is unknown
//! afterwards unless it is the plain `x = value` or a step by one.

use std::os::unix::ffi::OsStrExt;

use super::Lowerer;
use super::state::{Value, literal, unknown};
use super::word::{self, Mode};
use crate::invocation::Word;

impl Lowerer<'_> {
    /// The value of `$((text))` as a word.
    pub(super) fn arithmetic(&mut self, text: &[u8]) -> Word {
        match self.number(text) {
            Some(value) => literal(value.to_string().as_bytes()),
            None => unknown(&[b"$((", text, b"))"].concat()),
        }
    }

    /// The value of an expression; substitutions in it run.
    pub(super) fn number(&mut self, text: &[u8]) -> Option<i64> {
        let Some(parts) = word::parts(text, Mode::Loose) else {
            self.partial("an arithmetic expression could not be read");
            return None;
        };
        let word = self.joined(parts);
        let Some(text) = word.known() else {
            self.assigned(text);
            return None;
        };
        let text = text.as_bytes().to_vec();
        let mut reader = Reader { text: &text, at: 0, depth: 0, lowerer: self };
        let value = reader.sum();
        reader.blank();
        if value.is_some() && reader.at == text.len() {
            return value;
        }
        self.assigned(&text);
        None
    }

    /// Forgets every variable that an expression may assign.
    pub(super) fn assigned(&mut self, text: &[u8]) {
        let mut at = 0;
        while at < text.len() {
            let length = word::name_length(&text[at..]);
            if length == 0 {
                at += 1;
                continue;
            }
            let name = &text[at..at + length];
            let before = text[..at].trim_ascii_end();
            let after = text[at + length..].trim_ascii_start();
            let assigns =
                memchr::memchr(b'=', &after[..after.len().min(3)]).is_some() && !after.starts_with(b"==");
            let steps = after.starts_with(b"++") || after.starts_with(b"--");
            if assigns || steps || before.ends_with(b"++") || before.ends_with(b"--") {
                let name = name.to_vec();
                self.state.set_unknown(&name);
            }
            at += length;
        }
    }
}

struct Reader<'r, 'l> {
    text: &'r [u8],
    at: usize,
    depth: usize,
    lowerer: &'r mut Lowerer<'l>,
}

impl Reader<'_, '_> {
    fn blank(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn operator(&mut self, wanted: &[u8]) -> Option<u8> {
        self.blank();
        let byte = *self.text.get(self.at)?;
        // `**`, `+=`, `++` and the like are not read here.
        let next = self.text.get(self.at + 1).copied().unwrap_or(b' ');
        if wanted.contains(&byte) && !matches!(next, b'=' | b'*') && (next != byte || byte == b'-') {
            self.at += 1;
            return Some(byte);
        }
        None
    }

    fn sum(&mut self) -> Option<i64> {
        let mut value = self.product()?;
        while let Some(operator) = self.operator(b"+-") {
            let right = self.product()?;
            value = if operator == b'+' { value.checked_add(right)? } else { value.checked_sub(right)? };
        }
        Some(value)
    }

    fn product(&mut self) -> Option<i64> {
        let mut value = self.atom()?;
        while let Some(operator) = self.operator(b"*/%") {
            let right = self.atom()?;
            value = match operator {
                b'*' => value.checked_mul(right)?,
                b'/' => value.checked_div(right)?,
                _ => value.checked_rem(right)?,
            };
        }
        Some(value)
    }

    fn atom(&mut self) -> Option<i64> {
        if self.depth > 32 {
            return None;
        }
        self.blank();
        let rest = &self.text[self.at..];
        match *rest.first()? {
            byte @ (b'(' | b'-' | b'+') => {
                self.at += 1;
                self.depth += 1;
                let value = if byte == b'(' { self.sum() } else { self.atom() };
                self.depth -= 1;
                if byte == b'(' {
                    self.blank();
                    if self.text.get(self.at) != Some(&b')') {
                        return None;
                    }
                    self.at += 1;
                }
                if byte == b'-' { value?.checked_neg() } else { value }
            }
            b'0'..=b'9' => {
                let length =
                    rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'#').count();
                let digits = std::str::from_utf8(&rest[..length]).ok()?;
                self.at += length;
                match digits.strip_prefix("0x") {
                    Some(hex) => i64::from_str_radix(hex, 16).ok(),
                    None if digits.len() > 1 && digits.starts_with('0') => {
                        i64::from_str_radix(digits, 8).ok()
                    }
                    None => digits.parse().ok(),
                }
            }
            _ => self.named(),
        }
    }

    /// A variable, a plain assignment to one, or a step of one.
    fn named(&mut self) -> Option<i64> {
        let rest = &self.text[self.at..];
        let length = word::name_length(rest);
        if length == 0 {
            return None;
        }
        let name = rest[..length].to_vec();
        let after = rest[length..].trim_ascii_start();
        if after.starts_with(b"=") && !after.starts_with(b"==") {
            self.at = self.text.len() - after.len() + 1;
            self.depth += 1;
            let value = self.sum();
            self.depth -= 1;
            let value = value?;
            self.store(&name, value);
            return Some(value);
        }
        self.at += length;
        let value = match self.lowerer.variable(&name) {
            Value::Scalar(Word::Literal(text)) => {
                std::str::from_utf8(text.as_bytes()).ok()?.trim().parse().ok()?
            }
            Value::Unset => 0,
            Value::Scalar(Word::Dynamic(_)) | Value::List(_) | Value::Absent => return None,
        };
        if after.starts_with(b"++") || after.starts_with(b"--") {
            self.at = self.text.len() - after.len() + 2;
            let stepped: i64 = if after[0] == b'+' { value + 1 } else { value - 1 };
            self.store(&name, stepped);
        }
        Some(value)
    }

    fn store(&mut self, name: &[u8], value: i64) {
        self.lowerer.state.set(name, Value::Scalar(literal(value.to_string().as_bytes())));
    }
}
