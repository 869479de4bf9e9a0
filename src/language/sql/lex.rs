//! The lexical rules of PostgreSQL's SQL: where a statement ends, what its words are.
//!
//! | source | read as |
//! |---|---|
//! | `'…'`, `E'…'`, `U&'…'`, `$tag$…$tag$` | text |
//! | `"…"`, `U&"…"` | a quoted name |
//! | `-- …`, `/* … /* … */ … */` | comment |
//! | `(` … `)`, `BEGIN ATOMIC` … `END` after CREATE FUNCTION/PROCEDURE | a `;` inside does not end the statement |
//! | `\`, `:name`, `:'name'`, `:"name"`, `:{?name}` | psql's own, only where asked for |
//!
//! In: bytes, any. Out: positions. It refuses to know what a statement means.

use std::borrow::Cow;

/// What differs between the SQL clients that read a script.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// `\command` and `:variable` are the client's.
    pub client_syntax: bool,
    /// A newline ends a statement (`psql -S`).
    pub single_line: bool,
    /// `\` in a plain `'…'` escapes (standard_conforming_strings off).
    pub backslash_quotes: bool,
}

impl Dialect {
    /// SQL as the server reads it.
    pub const SERVER: Self = Self { client_syntax: false, single_line: false, backslash_quotes: false };
    /// SQL as psql reads it.
    pub const PSQL: Self = Self { client_syntax: true, single_line: false, backslash_quotes: false };
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Within {
    Nothing,
    Quote { escapes: bool },
    Name,
    Dollar(Vec<u8>),
    Comment(u32),
    LineComment,
}

/// Why the scanner stopped; the position is that of the byte named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A `;` that ends the statement.
    Semicolon,
    /// A newline outside everything, where the dialect asks for it.
    Newline,
    /// A `\` outside quotes.
    Backslash,
    /// A `:` that starts a variable.
    Colon,
    /// No bytes are left.
    End,
}

/// Scans statements; what it is within lasts from one piece of input to the next.
#[derive(Clone, Debug)]
pub struct Scanner {
    pub dialect: Dialect,
    within: Within,
    parentheses: u32,
    begins: u32,
    words: u32,
    /// First letters of the first words, as far as they are CREATE OR REPLACE FUNCTION/PROCEDURE.
    head: [u8; 4],
}

impl Scanner {
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, within: Within::Nothing, parentheses: 0, begins: 0, words: 0, head: [0; 4] }
    }

    /// Forgets the statement begun.
    pub fn reset(&mut self) {
        *self = Self::new(self.dialect);
    }

    /// Scans on from `position`, which lies behind what the last call stopped at.
    pub fn scan(&mut self, bytes: &[u8], mut position: usize) -> (usize, Stop) {
        while let Some(&byte) = bytes.get(position) {
            if self.within != Within::Nothing {
                position = self.leave(bytes, position);
                continue;
            }
            match byte {
                b'\'' => {
                    self.within = Within::Quote { escapes: self.dialect.backslash_quotes };
                    position += 1;
                }
                b'"' => {
                    self.within = Within::Name;
                    position += 1;
                }
                b'$' => position = self.dollar(bytes, position),
                b'-' if bytes.get(position + 1) == Some(&b'-') => self.within = Within::LineComment,
                b'/' if bytes.get(position + 1) == Some(&b'*') => {
                    self.within = Within::Comment(1);
                    position += 2;
                }
                b'(' => {
                    self.parentheses = self.parentheses.saturating_add(1);
                    position += 1;
                }
                b')' => {
                    self.parentheses = self.parentheses.saturating_sub(1);
                    position += 1;
                }
                b';' if self.parentheses == 0 && self.begins == 0 => return (position, Stop::Semicolon),
                b'\n' if self.dialect.single_line && self.parentheses == 0 && self.begins == 0 => {
                    return (position, Stop::Newline);
                }
                b'\\' if self.dialect.client_syntax => return (position, Stop::Backslash),
                b':' if self.dialect.client_syntax => match bytes.get(position + 1) {
                    Some(b':' | b'=') => position += 2,
                    _ => return (position, Stop::Colon),
                },
                b'0'..=b'9' => position += run(bytes, position, |b| name_byte(b) && b != b'$' || b == b'.'),
                _ if name_start(byte) => position = self.word(bytes, position),
                _ => position += 1,
            }
        }
        (position, Stop::End)
    }

    /// A word: what may open an `E'…'`, and what counts for BEGIN ATOMIC.
    fn word(&mut self, bytes: &[u8], start: usize) -> usize {
        let end = start + run(bytes, start, name_byte);
        let word = bytes.get(start..end).unwrap_or(&[]);
        if word.eq_ignore_ascii_case(b"e") && bytes.get(end) == Some(&b'\'') {
            self.within = Within::Quote { escapes: true };
            return end + 1;
        }
        if self.words < 4
            && [&b"create"[..], b"or", b"replace", b"function", b"procedure"]
                .iter()
                .any(|w| word.eq_ignore_ascii_case(w))
            && let Some(slot) = self.head.get_mut(self.words as usize)
        {
            *slot = word.first().map_or(0, u8::to_ascii_lowercase);
        }
        self.words = self.words.saturating_add(1);
        let routine = matches!(self.head, [b'c', b'f' | b'p', ..] | [b'c', b'o', b'r', b'f' | b'p']);
        if routine && self.parentheses == 0 {
            if word.eq_ignore_ascii_case(b"begin") || self.begins > 0 && word.eq_ignore_ascii_case(b"case") {
                self.begins = self.begins.saturating_add(1);
            } else if word.eq_ignore_ascii_case(b"end") {
                self.begins = self.begins.saturating_sub(1);
            }
        }
        end
    }

    fn dollar(&mut self, bytes: &[u8], start: usize) -> usize {
        match dollar_tag(bytes, start) {
            Some(end) => {
                self.within = Within::Dollar(bytes.get(start..end).unwrap_or(&[]).to_vec());
                end
            }
            None => start + 1,
        }
    }

    /// Moves on to behind the end of what the scanner is within, or to the end of the bytes.
    fn leave(&mut self, bytes: &[u8], start: usize) -> usize {
        let rest = bytes.get(start..).unwrap_or(&[]);
        let (length, left) = match &mut self.within {
            Within::Nothing => (0, true),
            Within::Quote { escapes } => leave_quote(rest, *escapes),
            Within::Name => memchr::memchr(b'"', rest).map_or((rest.len(), false), |at| (at + 1, true)),
            Within::Dollar(tag) => {
                memchr::memmem::find(rest, tag).map_or((rest.len(), false), |at| (at + tag.len(), true))
            }
            Within::LineComment => memchr::memchr(b'\n', rest).map_or((rest.len(), false), |at| (at, true)),
            Within::Comment(depth) => leave_comment(rest, depth),
        };
        if left {
            self.within = Within::Nothing;
        }
        start + length
    }
}

fn leave_quote(rest: &[u8], escapes: bool) -> (usize, bool) {
    let mut at = 0;
    loop {
        let tail = rest.get(at..).unwrap_or(&[]);
        let found = if escapes { memchr::memchr2(b'\'', b'\\', tail) } else { memchr::memchr(b'\'', tail) };
        let Some(found) = found else { return (rest.len(), false) };
        at += found;
        if rest.get(at) == Some(&b'\\') {
            at = (at + 2).min(rest.len());
        } else if rest.get(at + 1) == Some(&b'\'') {
            at += 2;
        } else if let Some(again) = continued(rest, at + 1).filter(|_| escapes) {
            at = again;
        } else {
            return (at + 1, true);
        }
    }
}

/// `'a' newline 'b'` is one literal, and an E'' stays one: the position behind the second quote.
fn continued(rest: &[u8], mut at: usize) -> Option<usize> {
    let mut newline = false;
    loop {
        match rest.get(at)? {
            b'\n' | b'\r' => newline = true,
            b' ' | b'\t' | 0x0b | 0x0c => {}
            b'-' if rest.get(at + 1) == Some(&b'-') => {
                at += memchr::memchr(b'\n', rest.get(at..)?)?;
                continue;
            }
            b'\'' if newline => return Some(at + 1),
            _ => return None,
        }
        at += 1;
    }
}

fn leave_comment(rest: &[u8], depth: &mut u32) -> (usize, bool) {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'*', b'/', rest.get(at..).unwrap_or(&[])) {
        at += found;
        match (rest.get(at), rest.get(at + 1)) {
            (Some(b'*'), Some(b'/')) => {
                at += 2;
                *depth = depth.saturating_sub(1);
                if *depth == 0 {
                    return (at, true);
                }
            }
            (Some(b'/'), Some(b'*')) => {
                at += 2;
                *depth = depth.saturating_add(1);
            }
            _ => at += 1,
        }
    }
    (rest.len(), false)
}

const fn name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

const fn name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// How many bytes from `start` are `of` a kind.
fn run(bytes: &[u8], start: usize, of: impl Fn(u8) -> bool) -> usize {
    bytes.get(start..).unwrap_or(&[]).iter().take_while(|byte| of(**byte)).count()
}

/// The end of a dollar quote's opening tag at `start`, if it is one.
fn dollar_tag(bytes: &[u8], start: usize) -> Option<usize> {
    let first = *bytes.get(start + 1)?;
    if first != b'$' && !name_start(first) {
        return None;
    }
    let end = start + 1 + run(bytes, start + 1, |byte| name_byte(byte) && byte != b'$');
    (bytes.get(end) == Some(&b'$')).then_some(end + 1)
}

/// The statements of one query text, as the server splits it.
pub fn split(bytes: &[u8], backslash_quotes: bool) -> Vec<&[u8]> {
    let mut scanner = Scanner::new(Dialect { backslash_quotes, ..Dialect::SERVER });
    let mut statements = Vec::new();
    let mut start = 0;
    loop {
        let (at, stop) = scanner.scan(bytes, start);
        let statement = bytes.get(start..at).unwrap_or(&[]);
        if !statement.iter().all(u8::is_ascii_whitespace) {
            statements.push(statement);
        }
        if stop == Stop::End {
            return statements;
        }
        start = at + 1;
        scanner.reset();
    }
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Word,
    Name,
    Text,
    Number,
    Mark,
    Comment,
}

/// One token of a statement.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    pub kind: Kind,
    pub bytes: &'a [u8],
    /// Parentheses open before it.
    pub depth: u32,
}

impl Token<'_> {
    /// Whether it is this bare word (lower case given).
    #[must_use]
    pub fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.bytes.eq_ignore_ascii_case(word.as_bytes())
    }
}

/// The tokens of one statement; comments included.
#[derive(Clone)]
pub struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
    backslash_quotes: bool,
}

impl<'a> Tokens<'a> {
    #[must_use]
    pub fn new(bytes: &'a [u8], backslash_quotes: bool) -> Self {
        Self { bytes, at: 0, depth: 0, backslash_quotes }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.at += run(self.bytes, self.at, |byte| byte.is_ascii_whitespace() || byte == 0x0b);
        let start = self.at;
        let first = *self.bytes.get(start)?;
        let rest = self.bytes.get(start..)?;
        let escapes = self.backslash_quotes;
        let (kind, length) = match first {
            b'\'' => (Kind::Text, 1 + leave_quote(rest.get(1..)?, escapes).0),
            b'"' => (Kind::Name, quoted_name(rest, 1)),
            b'$' => match dollar_tag(rest, 0) {
                Some(end) => {
                    let body = rest.get(end..)?;
                    let close = memchr::memmem::find(body, rest.get(..end)?);
                    (Kind::Text, close.map_or(rest.len(), |at| end + at + end))
                }
                None => (Kind::Mark, 1 + run(rest, 1, |byte| byte.is_ascii_digit())),
            },
            b'-' if rest.get(1) == Some(&b'-') => {
                (Kind::Comment, memchr::memchr(b'\n', rest).unwrap_or(rest.len()))
            }
            b'/' if rest.get(1) == Some(&b'*') => {
                (Kind::Comment, 2 + leave_comment(rest.get(2..)?, &mut 1).0)
            }
            b'0'..=b'9' => {
                (Kind::Number, run(rest, 0, |byte| name_byte(byte) && byte != b'$' || byte == b'.'))
            }
            _ if name_start(first) => {
                let end = run(rest, 0, name_byte);
                match (rest.get(..end)?, rest.get(end)) {
                    (b"e" | b"E", Some(b'\'')) => {
                        (Kind::Text, end + 1 + leave_quote(rest.get(end + 1..)?, true).0)
                    }
                    (b"b" | b"B" | b"x" | b"X" | b"n" | b"N", Some(b'\'')) => {
                        (Kind::Text, end + 1 + leave_quote(rest.get(end + 1..)?, false).0)
                    }
                    (b"u" | b"U", Some(b'&')) if rest.get(end + 1) == Some(&b'\'') => {
                        (Kind::Text, end + 2 + leave_quote(rest.get(end + 2..)?, false).0)
                    }
                    (b"u" | b"U", Some(b'&')) if rest.get(end + 1) == Some(&b'"') => {
                        (Kind::Name, quoted_name(rest, end + 2))
                    }
                    _ => (Kind::Word, end),
                }
            }
            _ => (Kind::Mark, 1),
        };
        let depth = self.depth;
        match first {
            b'(' | b'[' | b'{' => self.depth = self.depth.saturating_add(1),
            b')' | b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.at = start + length.max(1);
        Some(Token { kind, bytes: self.bytes.get(start..self.at.min(self.bytes.len()))?, depth })
    }
}

/// The length of a quoted name whose text starts at `from`; `""` is a quote inside.
fn quoted_name(rest: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        match memchr::memchr(b'"', rest.get(at..).unwrap_or(&[])) {
            None => return rest.len(),
            Some(found) if rest.get(at + found + 1) == Some(&b'"') => at += found + 2,
            Some(found) => return at + found + 1,
        }
    }
}

/// A statement made ready for the grammar: valid UTF-8, no comments, and without the three constructs that
/// it does not read: nested comments, `U&"…"` (decoded), `ANY (SELECT …)` (parenthesised once more).
/// `Err` says why it must not be parsed.
pub fn normalise(bytes: &[u8], backslash_quotes: bool) -> Result<Cow<'_, str>, &'static str> {
    // The grammar reads at about 10 MB/s and takes some thirty times the text in memory.
    const LONGEST: usize = 4 << 20;
    const DEEPEST: u32 = 400;
    if bytes.len() > LONGEST {
        return Err("the statement is too long to read");
    }
    let mut plain = std::str::from_utf8(bytes).is_ok();
    for token in Tokens::new(bytes, backslash_quotes) {
        if token.depth > DEEPEST {
            return Err("the statement is nested too deeply to read");
        }
        plain &= token.kind != Kind::Comment && !unicode_escaped(token.bytes) && !quantifier(&token);
        plain &= !(backslash_quotes && token.kind == Kind::Text);
    }
    if plain {
        Ok(String::from_utf8_lossy(bytes))
    } else {
        Ok(Cow::Owned(rewritten(bytes, backslash_quotes)))
    }
}

fn rewritten(bytes: &[u8], backslash_quotes: bool) -> String {
    let tokens = Tokens::new(bytes, backslash_quotes).filter(|token| token.kind != Kind::Comment);
    let tokens: Vec<Token<'_>> = tokens.collect();
    let mut out = String::with_capacity(bytes.len() + 16);
    // Depths of the parentheses that were doubled.
    let mut doubled: Vec<u32> = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let gap = bytes.get(..offset(bytes, token.bytes)).and_then(<[u8]>::last);
        if gap.is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'/') && !out.is_empty() {
            // A newline keeps `'a' newline 'b'` one literal and everything else apart.
            out.push('\n');
        }
        let text = String::from_utf8_lossy(token.bytes);
        if unicode_escaped(token.bytes) {
            out.push_str(&decode_unicode(text.get(2..).unwrap_or("")));
        } else if backslash_quotes && token.bytes.first() == Some(&b'\'') {
            out.push('E');
            out.push_str(&text);
        } else {
            out.push_str(&text);
        }
        let before = index.checked_sub(1).and_then(|before| tokens.get(before));
        let after = tokens.get(index + 1);
        if token.bytes == b"("
            && before.is_some_and(quantifier)
            && after
                .is_some_and(|after| ["select", "with", "values", "table"].iter().any(|word| after.is(word)))
        {
            doubled.push(token.depth);
            out.push('(');
        } else if token.bytes == b")" && doubled.last().is_some_and(|depth| depth + 1 == token.depth) {
            doubled.pop();
            out.push(')');
        }
    }
    out
}

fn quantifier(token: &Token<'_>) -> bool {
    token.is("any") || token.is("some") || token.is("all")
}

/// Where `part`, a piece of `whole`, starts.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize)
}

fn unicode_escaped(token: &[u8]) -> bool {
    matches!(token, [b'u' | b'U', b'&', b'\'' | b'"', ..])
}

/// `"d\0061t"` → `"dat"`, with the default escape character.
fn decode_unicode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let (skip, width) = if after.starts_with("\\+") { (2, 6) } else { (1, 4) };
        let code = after.get(skip..skip + width).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match code.and_then(char::from_u32) {
            Some(character) => {
                out.push(character);
                if character == '"' || character == '\'' {
                    out.push(character);
                }
                rest = after.get(skip + width..).unwrap_or("");
            }
            None => {
                out.push('\\');
                rest = after.get(if after.starts_with("\\\\") { 2 } else { 1 }..).unwrap_or("");
            }
        }
    }
    out.push_str(rest);
    out
}

/// The bare words of a statement, lower case, at most `limit`.
pub fn bare_words(bytes: &[u8], limit: usize) -> Vec<String> {
    Tokens::new(bytes, false)
        .filter(|token| matches!(token.kind, Kind::Word | Kind::Number))
        .take(limit)
        .map(|token| String::from_utf8_lossy(token.bytes).to_ascii_lowercase())
        .collect()
}

/// The value of a text token: quotes, escapes and doubled quotes taken away.
#[must_use]
pub fn text_value(token: &str) -> String {
    let escapes = token.starts_with(['e', 'E']);
    if token.starts_with('$') {
        let tag = token.get(1..).and_then(|rest| rest.find('$')).map_or(1, |at| at + 2);
        return token.get(tag..token.len().saturating_sub(tag)).unwrap_or("").to_owned();
    }
    let Some(open) = token.find('\'') else { return token.to_owned() };
    let inner = token.get(open + 1..).unwrap_or("");
    let inner = inner.strip_suffix('\'').unwrap_or(inner);
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' if characters.peek() == Some(&'\'') => {
                characters.next();
                out.push('\'');
            }
            '\\' if escapes => out.push(match characters.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some('x') => hexadecimal(&mut characters, 2),
                Some('u') => hexadecimal(&mut characters, 4),
                Some(digit @ '0'..='7') => octal(&mut characters, digit),
                Some(other) => other,
                None => '\\',
            }),
            _ => out.push(character),
        }
    }
    out
}

type Characters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn hexadecimal(characters: &mut Characters<'_>, width: u32) -> char {
    let mut code = 0;
    for _ in 0..width {
        let Some(digit) = characters.peek().and_then(|c| c.to_digit(16)) else { break };
        code = code * 16 + digit;
        characters.next();
    }
    char::from_u32(code).unwrap_or(' ')
}

fn octal(characters: &mut Characters<'_>, first: char) -> char {
    let mut code = first.to_digit(8).unwrap_or(0);
    for _ in 0..2 {
        let Some(digit) = characters.peek().and_then(|c| c.to_digit(8)) else { break };
        code = code * 8 + digit;
        characters.next();
    }
    char::from_u32(code).unwrap_or(' ')
}
