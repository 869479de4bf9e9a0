//! A text's tokens by position, with the partner of every bracket.

use super::Dialect;
use super::lex::{self, Kind, Token};

/// Tokens with the partner of every opening bracket.
pub struct Page {
    pub tokens: Vec<Token>,
    /// Where each opening bracket is closed; the end where it is not.
    pub closes: Vec<usize>,
}

impl Page {
    /// The tokens of a text.
    pub fn of(text: &str, dialect: Dialect, embedded: bool) -> Self {
        let tokens = lex::tokens(text, dialect, embedded);
        let mut closes = vec![tokens.len(); tokens.len()];
        let mut open = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            match token.kind {
                Kind::Mark('(' | '[' | '{') => open.push(at),
                Kind::Mark(')' | ']' | '}') => {
                    if let Some(start) = open.pop() {
                        closes[start] = at;
                    }
                }
                _ => {}
            }
        }
        Self { tokens, closes }
    }

    /// True for this mark.
    pub fn is(&self, at: usize, mark: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(mark))
    }

    /// The name there, if it is one.
    pub fn name(&self, at: usize) -> Option<&str> {
        self.tokens.get(at)?.name()
    }

    /// What stands there.
    pub fn kind(&self, at: usize) -> Option<&Kind> {
        self.tokens.get(at).map(|token| &token.kind)
    }

    /// The source of some tokens, roughly, for people.
    pub fn shown(&self, from: usize, to: usize) -> String {
        let mut out = String::new();
        for token in self.tokens.iter().take(to.min(from + 8)).skip(from) {
            match &token.kind {
                Kind::Name(text) | Kind::Number(text) => out.push_str(text),
                Kind::Dot => out.push('.'),
                Kind::Mark(mark) => out.push(*mark),
                _ => out.push('…'),
            }
        }
        if out.is_empty() { "…".to_owned() } else { out }
    }
}
