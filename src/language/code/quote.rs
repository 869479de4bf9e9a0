//! Quoted texts of scripting languages: where they end, what their escapes stand for, and which
//! pieces are code.
//!
//! | source | becomes |
//! |---|---|
//! | `'…'` `"…"` `'''…'''` `r'…'` `b'…'` | text |
//! | `f'…{x}…'`, `` `…${x}…` ``, `"…#{x}…"`, `"…$x…{$x}…"` | text with code inside |
//! | `q(…)` `qq{…}` `%q[…]` `%(…)` `<<EOF` `<<<EOF` | text |
//! | `` `…` `` (not JavaScript's) `qx{…}` `%x(…)` | shell text |
//! | `m/…/` `s/…/…/` `tr/…/…/` `qr/…/` `%r{…}` | a pattern |

use super::Dialect;
use super::lex::{Lexer, Part};

/// A quoted text by what it is for.
pub enum Quote {
    Text(Vec<Part>),
    Shell(Vec<Part>),
    Words(Vec<String>),
    Pattern,
    /// A here-document; the text goes on at `resume` behind the line's end.
    Here {
        parts: Vec<Part>,
        resume: usize,
    },
}

/// How code is put into a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Insert {
    Nothing,
    /// `{x}`
    Brace,
    /// `${x}`
    Dollar,
    /// `#{x}`
    Hash,
    /// `$x`, `${x}`, `{$x}`
    Sigil,
}

/// How a quoted text is written.
#[derive(Clone, Copy)]
struct Form<'a> {
    close: &'a str,
    /// An opening bracket that nests.
    open: Option<char>,
    raw: bool,
    insert: Insert,
}

impl Lexer {
    /// The quoted text that begins here, if one does.
    pub(super) fn quote(&mut self) -> Option<Quote> {
        let letter = self.peek(0);
        match self.dialect {
            Dialect::Python => self.python(),
            _ if letter == '\'' => {
                self.at += 1;
                let raw = self.dialect != Dialect::JavaScript;
                let form = Form { close: "'", open: None, raw, insert: Insert::Nothing };
                Some(Quote::Text(self.body(form)))
            }
            _ if letter == '"' => {
                self.at += 1;
                let form = Form { close: "\"", open: None, raw: false, insert: self.inserts() };
                Some(Quote::Text(self.body(form)))
            }
            _ if letter == '`' => {
                self.at += 1;
                let script = self.dialect == Dialect::JavaScript;
                let insert = if script { Insert::Dollar } else { self.inserts() };
                let parts = self.body(Form { close: "`", open: None, raw: false, insert });
                Some(if script { Quote::Text(parts) } else { Quote::Shell(parts) })
            }
            Dialect::Ruby if letter == '%' => self.percent(),
            Dialect::Perl if letter.is_ascii_lowercase() => self.perl(),
            _ if letter == '<' => self.here(),
            _ => None,
        }
    }

    /// A Python string with its prefix.
    fn python(&mut self) -> Option<Quote> {
        let mut ahead = 0;
        while ahead < 2 && matches!(self.peek(ahead).to_ascii_lowercase(), 'r' | 'b' | 'u' | 'f' | 't') {
            ahead += 1;
        }
        let quote = self.peek(ahead);
        if !matches!(quote, '\'' | '"')
            || (self.at > 0 && ahead > 0 && self.text[self.at - 1].is_alphanumeric())
        {
            return None;
        }
        let prefix: String = self.text[self.at..self.at + ahead].iter().collect::<String>().to_lowercase();
        self.at += ahead;
        let triple: String = std::iter::repeat_n(quote, 3).collect();
        let single = quote.to_string();
        let close = if self.starts(&triple) { triple.as_str() } else { single.as_str() };
        self.at += close.len();
        let insert = if prefix.contains(['f', 't']) { Insert::Brace } else { Insert::Nothing };
        Some(Quote::Text(self.body(Form { close, open: None, raw: prefix.contains('r'), insert })))
    }

    /// Ruby's `%w[]` and its kin.
    fn percent(&mut self) -> Option<Quote> {
        let (kind, ahead) = match self.peek(1) {
            letter @ ('w' | 'W' | 'i' | 'I' | 'q' | 'Q' | 'x' | 'r' | 's') => (letter, 2),
            '(' | '{' | '[' | '|' => ('Q', 1),
            _ => return None,
        };
        let open = self.peek(ahead);
        if open.is_alphanumeric() || open.is_whitespace() || matches!(open, '\0' | '=') {
            return None;
        }
        self.at += ahead;
        let insert = if kind.is_ascii_uppercase() || kind == 'x' { Insert::Hash } else { Insert::Nothing };
        let parts = self.delimited(kind == 'q', insert);
        Some(named(kind, parts))
    }

    /// Perl's `q//`, `qq{}`, `qw()`, `qx()`, `m//`, `s///`, `tr///`.
    fn perl(&mut self) -> Option<Quote> {
        let word =
            ["qq", "qw", "qx", "qr", "tr", "q", "m", "s", "y"].into_iter().find(|word| self.starts(word))?;
        let before = self.at.checked_sub(1).map(|at| self.text[at]);
        if before.is_some_and(|letter| {
            letter.is_alphanumeric() || matches!(letter, '_' | '$' | '@' | '%' | '>' | ':' | '-')
        }) {
            return None;
        }
        let mut ahead = word.len();
        let mut spaced = false;
        while self.peek(ahead) == ' ' {
            ahead += 1;
            spaced = true;
        }
        let open = self.peek(ahead);
        let delimits = !open.is_alphanumeric()
            && !open.is_whitespace()
            && !matches!(open, '_' | ',' | ';' | ')' | '\0' | '=');
        if !delimits || (spaced && !matches!(open, '{' | '(' | '[' | '/' | '|')) {
            return None;
        }
        self.at += ahead;
        let raw = matches!(word, "q" | "qw");
        let parts = self.delimited(raw, if raw { Insert::Nothing } else { Insert::Sigil });
        if matches!(word, "s" | "tr" | "y") {
            if matches!(open, '{' | '(' | '[' | '<') {
                while self.peek(0).is_whitespace() && self.at < self.text.len() {
                    self.at += 1;
                }
                self.delimited(true, Insert::Nothing);
            } else {
                let close = open.to_string();
                self.body(Form { close: &close, open: None, raw: true, insert: Insert::Nothing });
            }
        }
        Some(match word {
            "q" | "qq" => Quote::Text(parts),
            "qw" => named('w', parts),
            "qx" => Quote::Shell(parts),
            _ => {
                while self.peek(0).is_ascii_lowercase() {
                    self.at += 1;
                }
                Quote::Pattern
            }
        })
    }

    /// From an opening delimiter to its partner.
    fn delimited(&mut self, raw: bool, insert: Insert) -> Vec<Part> {
        let open = self.peek(0);
        self.at += 1;
        let (close, nests) = match open {
            '(' => (')', true),
            '[' => (']', true),
            '{' => ('}', true),
            '<' => ('>', true),
            other => (other, false),
        };
        let close = close.to_string();
        self.body(Form { close: &close, open: nests.then_some(open), raw, insert })
    }

    /// `<<EOF`, `<<~EOF`, `<<"EOF"`, `<<<EOF`: the text from the next line to the line of the mark.
    fn here(&mut self) -> Option<Quote> {
        let arrows = if self.dialect == Dialect::Php { "<<<" } else { "<<" };
        if self.dialect == Dialect::JavaScript || !self.starts(arrows) {
            return None;
        }
        let mut ahead = arrows.len();
        while matches!(self.peek(ahead), '~' | '-') || (self.peek(ahead) == ' ' && arrows.len() == 3) {
            ahead += 1;
        }
        let quote = Some(self.peek(ahead)).filter(|letter| matches!(letter, '\'' | '"'));
        ahead += usize::from(quote.is_some());
        let mut mark = String::new();
        while self.peek(ahead).is_alphanumeric() || self.peek(ahead) == '_' {
            mark.push(self.peek(ahead));
            ahead += 1;
        }
        // `a <<b` shifts or appends.
        if mark.is_empty()
            || (quote.is_none() && !mark.starts_with(|letter: char| letter.is_ascii_uppercase()))
        {
            return None;
        }
        let start = self.here_start();
        self.at += ahead + usize::from(quote.is_some());
        let mut end = start;
        let mut resume = self.text.len();
        let mut body = String::new();
        while end < self.text.len() {
            let line_end = self.text[end..]
                .iter()
                .position(|&letter| letter == '\n')
                .map_or(self.text.len(), |offset| end + offset);
            let line: String = self.text[end..line_end].iter().collect();
            if line.trim().trim_end_matches([';', ',', ')']) == mark {
                resume = (line_end + 1).min(self.text.len());
                break;
            }
            body.push_str(&line);
            body.push('\n');
            end = line_end + 1;
        }
        let insert = if quote == Some('\'') { Insert::Nothing } else { self.inserts() };
        Some(Quote::Here { parts: parts_of(&body, self.dialect, insert), resume })
    }

    /// The text up to the closing mark; the position ends behind it.
    fn body(&mut self, form: Form) -> Vec<Part> {
        let mut parts = Parts::default();
        let mut depth = 0_usize;
        while self.at < self.text.len() {
            let letter = self.peek(0);
            if depth == 0 && self.starts(form.close) {
                self.at += form.close.chars().count();
                return parts.finish();
            }
            if letter == '\\' {
                self.escape(form, &mut parts.text);
                continue;
            }
            if let Some(code) = self.inserted(form.insert) {
                parts.code(code);
                continue;
            }
            // A doubled brace of an f-string is one brace.
            if form.insert == Insert::Brace && matches!(letter, '{' | '}') && self.peek(1) == letter {
                self.at += 1;
            }
            if form.open == Some(letter) {
                depth += 1;
            } else if form.open.is_some() && form.close.starts_with(letter) {
                depth -= 1;
            }
            parts.text.push(letter);
            self.at += 1;
        }
        parts.finish()
    }

    fn escape(&mut self, form: Form, out: &mut String) {
        let next = self.peek(1);
        self.at += 2;
        if form.raw {
            // Python keeps the backslash of r'\''; Perl, Ruby, PHP drop it before quote and backslash.
            if self.dialect == Dialect::Python || !(next == '\\' || form.close.starts_with(next)) {
                out.push('\\');
            }
            if next != '\0' {
                out.push(next);
            }
            return;
        }
        match next {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'e' => out.push('\u{1b}'),
            '\n' => {}
            'x' => self.code_point(2, 16, out),
            'u' => self.code_point(4, 16, out),
            '0'..='7' => {
                self.at -= 1;
                self.code_point(3, 8, out);
            }
            '\0' => {}
            other => out.push(other),
        }
    }

    fn code_point(&mut self, most: usize, radix: u32, out: &mut String) {
        let braced = self.peek(0) == '{';
        self.at += usize::from(braced);
        let most = if braced { 8 } else { most };
        let mut value = 0_u32;
        let mut taken = 0;
        while taken < most {
            let Some(digit) = self.peek(0).to_digit(radix) else { break };
            value = value.saturating_mul(radix).saturating_add(digit);
            self.at += 1;
            taken += 1;
        }
        self.at += usize::from(braced && self.peek(0) == '}');
        out.extend(char::from_u32(value));
    }

    /// The code that is put in here, if any.
    fn inserted(&mut self, insert: Insert) -> Option<String> {
        let (first, second) = (self.peek(0), self.peek(1));
        match insert {
            Insert::Brace if first == '{' && second != '{' => {
                self.at += 1;
                let code = self.braced();
                // `{x!r:>10}`: the name is what counts.
                let end = code.find(['!', ':']).unwrap_or(code.len());
                let quoted = code.contains(['\'', '"', '(']);
                Some(if quoted { code } else { code[..end].trim_end_matches('=').to_owned() })
            }
            Insert::Dollar if first == '$' && second == '{' => {
                self.at += 2;
                Some(self.braced())
            }
            Insert::Hash if first == '#' && second == '{' => {
                self.at += 2;
                Some(self.braced())
            }
            Insert::Sigil if first == '{' && second == '$' => {
                self.at += 1;
                Some(self.braced())
            }
            Insert::Sigil if matches!(first, '$' | '@') && second == '{' => {
                self.at += 2;
                Some(format!("${}", self.braced()))
            }
            Insert::Sigil if first == '$' && (second.is_alphabetic() || second == '_') => {
                let start = self.at;
                self.at += 1;
                while self.peek(0).is_alphanumeric() || self.peek(0) == '_' {
                    self.at += 1;
                }
                if matches!(self.peek(0), '[' | '{') && self.dialect == Dialect::Perl {
                    let close = if self.peek(0) == '[' { ']' } else { '}' };
                    while self.at < self.text.len() && self.peek(0) != close && self.peek(0) != '\n' {
                        self.at += 1;
                    }
                    self.at = (self.at + 1).min(self.text.len());
                }
                Some(self.text[start..self.at].iter().collect())
            }
            _ => None,
        }
    }

    /// Code up to the brace that closes it; the position ends behind the brace.
    fn braced(&mut self) -> String {
        let start = self.at;
        let mut depth = 0_usize;
        while self.at < self.text.len() {
            match self.peek(0) {
                '{' => depth += 1,
                '}' if depth == 0 => {
                    self.at += 1;
                    return self.text[start..self.at - 1].iter().collect();
                }
                '}' => depth -= 1,
                quote @ ('\'' | '"' | '`') => {
                    let close = self.text[self.at + 1..].iter().position(|&letter| letter == quote);
                    if let Some(offset) = close {
                        self.at += offset + 1;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        self.text[start.min(self.text.len())..].iter().collect()
    }
}

#[derive(Default)]
struct Parts {
    text: String,
    done: Vec<Part>,
}

impl Parts {
    fn code(&mut self, code: String) {
        if !self.text.is_empty() {
            self.done.push(Part::Text(std::mem::take(&mut self.text)));
        }
        self.done.push(Part::Code(code));
    }

    fn finish(mut self) -> Vec<Part> {
        if !self.text.is_empty() {
            self.done.push(Part::Text(self.text));
        }
        self.done
    }
}

/// A text of a `%` or `q` form by its letter.
fn named(kind: char, parts: Vec<Part>) -> Quote {
    match kind {
        'w' | 'W' | 'i' | 'I' => {
            let text: String = parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) | Part::Code(text) => text.as_str(),
                })
                .collect();
            Quote::Words(text.split_whitespace().map(str::to_owned).collect())
        }
        'x' => Quote::Shell(parts),
        'r' => Quote::Pattern,
        _ => Quote::Text(parts),
    }
}

/// The parts of a text without delimiters.
fn parts_of(text: &str, dialect: Dialect, insert: Insert) -> Vec<Part> {
    let mut lexer = Lexer::over(text, dialect);
    // No text holds this letter: the body ends with the text.
    lexer.body(Form { close: "\0", open: None, raw: insert == Insert::Nothing, insert })
}
