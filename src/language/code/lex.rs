//! Source text of a scripting language → tokens.
//!
//! | source | token |
//! |---|---|
//! | every quote form, `q//`, here-documents | text, with the code that is put into it |
//! | backticks, `%x{}`, `qx//` | shell text |
//! | `%w[]`, `qw()` | words |
//! | `.` `->` `::` `?.` `&.` | a dot; where `.` joins text, a plus |
//! | a newline outside brackets, `;` | the end of a statement |
//! | comments, POD, regular expressions, text outside `<?php` | nothing |
//!
//! It refuses to know what is valid: an unclosed quote ends with the text.

use super::Dialect;
use super::quote::{Insert, Quote};

/// A piece of a quoted text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Text(String),
    /// Code whose value stands here.
    Code(String),
}

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Name(String),
    Text(Vec<Part>),
    Shell(Vec<Part>),
    Words(Vec<String>),
    Number(String),
    Dot,
    /// `=>`
    Arrow,
    Mark(char),
    /// A comparison or an operator with `=`: never an assignment of a value we know.
    Operator,
    End,
}

/// A token and what stands around it.
#[derive(Clone, Debug)]
pub struct Token {
    pub kind: Kind,
    /// White space stands before it.
    pub spaced: bool,
}

impl Token {
    /// True for this mark.
    pub fn is(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }

    /// The name, if it is one.
    pub fn name(&self) -> Option<&str> {
        if let Kind::Name(name) = &self.kind { Some(name) } else { None }
    }
}

/// The tokens of a text. `embedded` says that code stands only inside `<?php … ?>`.
pub fn tokens(text: &str, dialect: Dialect, embedded: bool) -> Vec<Token> {
    let mut lexer = Lexer { embedded, ..Lexer::over(text, dialect) };
    if embedded {
        lexer.skip_template();
    }
    lexer.run();
    lexer.out
}

pub(super) struct Lexer {
    pub(super) text: Vec<char>,
    pub(super) at: usize,
    pub(super) dialect: Dialect,
    embedded: bool,
    /// Open round and square brackets: a newline inside them ends nothing.
    brackets: usize,
    spaced: bool,
    /// Where the line after this one goes on, behind a here-document.
    resume: Option<usize>,
    out: Vec<Token>,
}

impl Lexer {
    /// At the beginning of a text.
    pub(super) fn over(text: &str, dialect: Dialect) -> Self {
        // A NUL stands for the end below.
        let text = text.chars().map(|letter| if letter == '\0' { ' ' } else { letter }).collect();
        Self {
            text,
            at: 0,
            dialect,
            embedded: false,
            brackets: 0,
            spaced: true,
            resume: None,
            out: Vec::new(),
        }
    }

    pub(super) fn peek(&self, ahead: usize) -> char {
        self.text.get(self.at + ahead).copied().unwrap_or('\0')
    }

    pub(super) fn starts(&self, what: &str) -> bool {
        what.chars().enumerate().all(|(index, letter)| self.peek(index) == letter)
    }

    fn push(&mut self, kind: Kind) {
        self.out.push(Token { kind, spaced: self.spaced });
        self.spaced = false;
    }

    fn run(&mut self) {
        while self.at < self.text.len() {
            let before = self.at;
            self.token();
            if self.at == before {
                self.at += 1;
            }
        }
    }

    fn token(&mut self) {
        let letter = self.peek(0);
        match letter {
            '\n' => self.newline(),
            _ if letter.is_whitespace() => {
                self.at += 1;
                self.spaced = true;
            }
            '\\' if self.peek(1) == '\n' => self.at += 2,
            _ if self.comment() || self.quoted() => {}
            _ if letter.is_alphabetic() || letter == '_' => self.name(),
            '$' | '@' if self.sigil() => {}
            _ if letter.is_ascii_digit() => self.number(),
            '/' if self.dialect != Dialect::Python && self.may_be_pattern() && self.pattern() => {}
            _ => self.mark(letter),
        }
    }

    fn newline(&mut self) {
        self.at += 1;
        if let Some(resume) = self.resume.take() {
            self.at = resume;
        }
        self.spaced = true;
        let joins = self.brackets > 0 || self.leads_on();
        if !joins && self.out.last().is_some_and(|token| token.kind != Kind::End) {
            self.push(Kind::End);
            self.spaced = true;
        }
        if self.dialect == Dialect::Perl && self.peek(0) == '=' && self.peek(1).is_alphabetic() {
            self.skip_past("\n=cut");
        }
        if self.dialect == Dialect::Ruby && self.starts("=begin") {
            self.skip_past("\n=end");
        }
        if self.dialect == Dialect::Perl && (self.starts("__END__") || self.starts("__DATA__")) {
            self.at = self.text.len();
        }
    }

    /// The next line begins with a dot: the chain goes on.
    fn leads_on(&self) -> bool {
        if matches!(self.dialect, Dialect::Python) {
            return false;
        }
        let mut next = self.text[self.at..].iter().take(200).skip_while(|letter| letter.is_whitespace());
        match next.next() {
            Some('.') => true,
            Some('-') => next.next() == Some(&'>'),
            _ => false,
        }
    }

    fn skip_past(&mut self, mark: &str) {
        while self.at < self.text.len() && !self.starts(mark) {
            self.at += 1;
        }
        self.at = (self.at + mark.chars().count()).min(self.text.len());
    }

    fn skip_template(&mut self) {
        while self.at < self.text.len() {
            if self.starts("<?php") {
                self.at += 5;
                return;
            }
            if self.starts("<?=") {
                self.at += 3;
                return;
            }
            self.at += 1;
        }
    }

    fn comment(&mut self) -> bool {
        let hash = self.peek(0) == '#' && (self.dialect != Dialect::JavaScript || self.starts("#!"));
        // `$#array` is a length; the sigil takes it before it gets here.
        let slashes = self.starts("//") && matches!(self.dialect, Dialect::JavaScript | Dialect::Php);
        if hash || slashes {
            while self.at < self.text.len() && self.peek(0) != '\n' {
                if self.embedded && self.starts("?>") {
                    return true;
                }
                self.at += 1;
            }
            return true;
        }
        if self.starts("/*") && matches!(self.dialect, Dialect::JavaScript | Dialect::Php) {
            self.at += 2;
            self.skip_past("*/");
            return true;
        }
        if self.dialect == Dialect::Php && self.starts("<?php") {
            self.at += 5;
            return true;
        }
        if self.dialect == Dialect::Php && self.starts("?>") {
            self.at += 2;
            self.push(Kind::End);
            self.skip_template();
            return true;
        }
        false
    }

    /// A quoted text of any form.
    fn quoted(&mut self) -> bool {
        let Some(found) = self.quote() else { return false };
        let kind = match found {
            Quote::Text(parts) => Kind::Text(parts),
            Quote::Shell(parts) => Kind::Shell(parts),
            Quote::Words(words) => Kind::Words(words),
            Quote::Pattern => Kind::Operator,
            Quote::Here { parts, resume } => {
                self.resume = Some(self.resume.unwrap_or(0).max(resume));
                Kind::Text(parts)
            }
        };
        self.push(kind);
        true
    }

    /// Where a here-document's text begins: behind this line, or behind one that was announced before.
    pub(super) fn here_start(&self) -> usize {
        self.resume.unwrap_or_else(|| {
            let rest = self.text[self.at..].iter().position(|&letter| letter == '\n');
            rest.map_or(self.text.len(), |offset| self.at + offset + 1)
        })
    }

    fn name(&mut self) {
        let start = self.at;
        while self.peek(0).is_alphanumeric() || self.peek(0) == '_' {
            self.at += 1;
        }
        if matches!(self.dialect, Dialect::Ruby) && matches!(self.peek(0), '?' | '!') && self.peek(1) != '=' {
            self.at += 1;
        }
        let name: String = self.text[start..self.at].iter().collect();
        self.push(Kind::Name(name));
    }

    /// `$x`, `@x`: the sigil belongs to the name, except that `$x[0]` and `@x` are one list in Perl.
    fn sigil(&mut self) -> bool {
        if self.dialect == Dialect::Python {
            return false;
        }
        let mut ahead = 1;
        while self.peek(ahead) == '@' || (self.peek(ahead) == '#' && self.dialect == Dialect::Perl) {
            ahead += 1;
        }
        let named = self.peek(ahead).is_alphabetic() || self.peek(ahead) == '_';
        if !named {
            if self.dialect == Dialect::JavaScript && self.peek(0) == '$' {
                self.at += 1;
                self.push(Kind::Name("$".to_owned()));
                return true;
            }
            // `$0`, `$!`, `@_`: of no interest, but no comment either.
            if self.dialect == Dialect::Perl && self.peek(0) == '$' && self.peek(1) != '{' {
                self.at += 2;
                self.push(Kind::Name("$".to_owned()));
                return true;
            }
            return false;
        }
        let start = self.at;
        self.at += ahead;
        while self.peek(0).is_alphanumeric() || self.peek(0) == '_' {
            self.at += 1;
        }
        let mut name: String = self.text[start..self.at].iter().collect();
        if self.dialect == Dialect::Perl {
            name = format!("${}", name.trim_start_matches(['$', '@', '#']));
        }
        self.push(Kind::Name(name));
        true
    }

    fn number(&mut self) {
        let start = self.at;
        while self.peek(0).is_alphanumeric() || self.peek(0) == '_' {
            self.at += 1;
        }
        self.push(Kind::Number(self.text[start..self.at].iter().collect()));
    }

    /// True where a slash cannot be a division.
    fn may_be_pattern(&self) -> bool {
        match self.out.last().map(|token| &token.kind) {
            None | Some(Kind::End | Kind::Arrow | Kind::Operator) => true,
            Some(Kind::Mark(mark)) => !matches!(mark, ')' | ']' | '}'),
            Some(Kind::Name(name)) => {
                matches!(
                    name.as_str(),
                    "return"
                        | "typeof"
                        | "case"
                        | "in"
                        | "if"
                        | "unless"
                        | "and"
                        | "or"
                        | "split"
                        | "grep"
                        | "when"
                )
            }
            _ => false,
        }
    }

    fn pattern(&mut self) -> bool {
        let mut ahead = 1;
        let mut class = false;
        loop {
            match self.peek(ahead) {
                '\0' | '\n' => return false,
                '\\' => ahead += 1,
                '[' => class = true,
                ']' => class = false,
                '/' if !class => break,
                _ => {}
            }
            ahead += 1;
        }
        self.at += ahead + 1;
        while self.peek(0).is_alphabetic() {
            self.at += 1;
        }
        self.push(Kind::Operator);
        true
    }

    fn mark(&mut self, letter: char) {
        for (text, kind) in [
            ("=>", Kind::Arrow),
            ("->", Kind::Dot),
            ("?->", Kind::Dot),
            ("?.", Kind::Dot),
            ("&.", Kind::Dot),
            ("::", Kind::Dot),
        ] {
            let fits = match text {
                "=>" => true,
                "?." => self.dialect == Dialect::JavaScript && !self.peek(2).is_ascii_digit(),
                "&." => self.dialect == Dialect::Ruby,
                _ => matches!(self.dialect, Dialect::Ruby | Dialect::Perl | Dialect::Php),
            };
            if fits && self.starts(text) {
                self.at += text.chars().count();
                self.push(kind);
                return;
            }
        }
        for text in [
            "===", "!==", "==", "!=", "<=", ">=", "=~", "!~", "&&=", "||=", "??=", "-=", "*=", "/=", "%=",
            "**", "&&", "||", "??",
        ] {
            if self.starts(text) {
                self.at += text.chars().count();
                self.push(Kind::Operator);
                return;
            }
        }
        self.at += 1;
        match letter {
            '(' | '[' => self.brackets += 1,
            ')' | ']' => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
        let joins = matches!(self.dialect, Dialect::Perl | Dialect::Php);
        let kind = match letter {
            ';' => Kind::End,
            '.' if joins => Kind::Mark('+'),
            '.' => Kind::Dot,
            _ => Kind::Mark(letter),
        };
        self.push(kind);
    }

    /// What the dialect puts into a double-quoted text.
    pub(super) const fn inserts(&self) -> Insert {
        match self.dialect {
            Dialect::Python | Dialect::JavaScript => Insert::Nothing,
            Dialect::Ruby => Insert::Hash,
            Dialect::Perl | Dialect::Php => Insert::Sigil,
        }
    }
}
