//! Walks tokens: binds imports and variables, evaluates what calls are given, records deeds.
//!
//! In: a text and its surroundings. Out: deeds. Nothing nests deeper than [`DEPTH`] and no more than
//! [`STEPS`] tokens are looked at, however often.

use std::collections::HashMap;
use std::ops::Range;

use super::deed::{self, Args, Deed};
use super::lex::{Kind, Part, Token};
use super::page::Page;
use super::value::{Value, assembled};
use super::{Dialect, Start, builtin, table};
use crate::invocation::Piece;

/// Expressions inside expressions.
const DEPTH: usize = 24;
/// Tokens looked at, one text's worth of work.
const STEPS: usize = 1_000_000;
/// Variables that hold more than so many values are not followed.
const HEAVIEST: usize = 20_000;
/// Variables that are remembered.
const NAMES: usize = 4096;

/// Reads a text twice: what is bound later in it counts from the start, as in a comprehension.
pub fn run(text: &str, start: &Start) -> (Vec<Deed>, bool) {
    let page = Page::of(text, start.dialect, start.embedded);
    let mut machine = Machine {
        start,
        names: HashMap::new(),
        stars: Vec::new(),
        deeds: Vec::new(),
        steps: STEPS,
        recording: false,
    };
    machine.walk(&page, 0);
    machine.recording = true;
    machine.walk(&page, 0);
    (machine.deeds, machine.steps > 0)
}

pub struct Machine<'s> {
    pub start: &'s Start<'s>,
    names: HashMap<String, Value>,
    /// Modules of which every name was imported.
    pub(super) stars: Vec<String>,
    deeds: Vec<Deed>,
    pub(super) steps: usize,
    recording: bool,
}

impl Machine<'_> {
    pub(super) const fn dialect(&self) -> Dialect {
        self.start.dialect
    }

    fn walk(&mut self, page: &Page, depth: usize) {
        if depth > DEPTH {
            return;
        }
        for at in 0..page.tokens.len() {
            if self.steps == 0 {
                return;
            }
            self.steps -= 1;
            self.bind(page, at, depth);
            self.inside(&page.tokens[at], depth);
            if self.begins(page, at) {
                self.chain(page, at, depth, true);
            }
        }
    }

    /// Code inside a text.
    fn inside(&mut self, token: &Token, depth: usize) {
        let (Kind::Text(parts) | Kind::Shell(parts)) = &token.kind else { return };
        for part in parts {
            if let Part::Code(code) = part
                && code.contains('(')
            {
                self.steps = self.steps.saturating_sub(code.len());
                let inner = Page::of(code, self.dialect(), false);
                self.walk(&inner, depth + 4);
            }
        }
    }

    /// True where a chain of names and calls may begin.
    fn begins(&self, page: &Page, at: usize) -> bool {
        let before = at.checked_sub(1).map(|at| &page.tokens[at]);
        if before.is_some_and(|token| token.kind == Kind::Dot) {
            return false;
        }
        let defines = before
            .and_then(Token::name)
            .is_some_and(|name| matches!(name, "def" | "function" | "sub" | "class"));
        match &page.tokens[at].kind {
            Kind::Name(_) => !defines,
            Kind::Text(_) | Kind::Shell(_) | Kind::Words(_) => true,
            Kind::Mark('(' | '[') => before.is_none_or(|token| match &token.kind {
                Kind::Name(name) => is_keyword(name),
                Kind::Mark(')' | ']') | Kind::Text(_) => false,
                _ => true,
            }),
            _ => false,
        }
    }

    /// A primary value and every `.name`, `(…)`, `[…]` behind it; the position after it.
    fn chain(&mut self, page: &Page, at: usize, depth: usize, record: bool) -> (Value, usize) {
        self.steps = self.steps.saturating_sub(1);
        if depth > DEPTH || self.steps == 0 {
            return (Value::Unknown("…".to_owned()), at + 1);
        }
        let (mut value, mut next) = self.primary(page, at, depth, record);
        loop {
            self.steps = self.steps.saturating_sub(1);
            match page.kind(next) {
                Some(Kind::Dot) if page.name(next + 1).is_some() => {
                    let name = page.name(next + 1).unwrap_or_default();
                    // Ruby's `File::Path` and Perl's `File::Path::rmtree` are names as any other.
                    value = self.member(value, name);
                    next += 2;
                    if self.dialect() == Dialect::Ruby && !page.is(next, '(') {
                        value = self.bare(page, value, &mut next, (depth, record));
                    }
                }
                Some(Kind::Dot) if page.is(next + 1, '(') || page.is(next + 1, '[') => next += 1,
                Some(Kind::Mark('(')) if next > at && callable(&value, page, next) => {
                    let args = self.args(page, next + 1, page.closes[next], depth + 1);
                    next = page.closes[next] + 1;
                    value = self.call(value, &args, record);
                }
                Some(Kind::Mark('[')) if next > at && !page.tokens[next].spaced => {
                    let close = page.closes[next];
                    value = self.index(page, &value, next + 1..close, depth);
                    next = close + 1;
                }
                Some(Kind::Mark('{')) if self.dialect() == Dialect::Perl && is_sigil(&value, page, at) => {
                    let close = page.closes[next];
                    value = self.index(page, &value, next + 1..close, depth);
                    next = close + 1;
                }
                // A tagged template: zx and Bun run it.
                Some(Kind::Text(parts)) if self.dialect() == Dialect::JavaScript && next > at => {
                    let text = self.text(parts, depth + 1);
                    let args = Args::of(vec![text]);
                    value = self.call(Value::Member(Box::new(value), "`".to_owned()), &args, record);
                    next += 1;
                }
                _ => return (value, next.max(at + 1)),
            }
        }
    }

    pub(super) fn primary(&mut self, page: &Page, at: usize, depth: usize, record: bool) -> (Value, usize) {
        let Some(kind) = page.kind(at) else { return (Value::Unknown("…".to_owned()), at) };
        match kind {
            Kind::Text(parts) => {
                let mut value = self.text(parts, depth + 1);
                let mut next = at + 1;
                // Adjacent literals are one text.
                while let Some(Kind::Text(parts)) = page.kind(next)
                    && self.dialect() == Dialect::Python
                {
                    value = value.joined("", &self.text(parts, depth + 1));
                    next += 1;
                }
                (value, next)
            }
            Kind::Shell(parts) => {
                let text = self.text(parts, depth + 1);
                if record && self.recording {
                    self.deeds.push(Deed::Shell { text: text.word(), process: Box::default() });
                }
                (Value::Unknown("a command's output".to_owned()), at + 1)
            }
            Kind::Words(words) => (Value::List(words.iter().map(Value::text).collect()), at + 1),
            Kind::Number(text) => (Value::Number(text.clone()), at + 1),
            Kind::Mark('(') => {
                let close = page.closes[at];
                let args = self.args(page, at + 1, close, depth + 1);
                let comma = args.commas > 0 || args.positional.is_empty();
                let value = match args.positional {
                    mut single if !comma => single.swap_remove(0),
                    many => Value::List(many),
                };
                (value, close + 1)
            }
            Kind::Mark('[') => {
                let close = page.closes[at];
                (Value::List(self.args(page, at + 1, close, depth + 1).positional), close + 1)
            }
            Kind::Mark('{') => {
                let close = page.closes[at];
                (Value::Map(self.args(page, at + 1, close, depth + 1).named), close + 1)
            }
            Kind::Name(name) => {
                let mut next = at + 1;
                let value = match self.names.get(name) {
                    Some(value) => value.clone(),
                    None => self.named(name),
                };
                self.steps = self.steps.saturating_sub(value.weight());
                let value = if is_keyword(name) {
                    Value::Unknown(name.clone())
                } else if matches!(self.dialect(), Dialect::Ruby | Dialect::Perl | Dialect::Php) {
                    self.bare(page, value, &mut next, (depth, record))
                } else {
                    value
                };
                (value, next)
            }
            _ => (Value::Unknown("…".to_owned()), at + 1),
        }
    }

    /// A name that nothing here gave a value.
    fn named(&self, name: &str) -> Value {
        match name {
            "True" | "true" | "TRUE" => return Value::Flag(true),
            "False" | "false" | "FALSE" => return Value::Flag(false),
            _ => {}
        }
        // `from os import *`
        let full = self.stars.iter().map(|module| format!("{module}.{name}"));
        let known = full.into_iter().find(|full| table::is_known(self.dialect(), full));
        builtin::name(self, &known.unwrap_or_else(|| name.to_owned()))
    }

    pub(super) fn member(&self, value: Value, name: &str) -> Value {
        match value {
            Value::Name(before) => builtin::name(self, &format!("{before}.{name}")),
            Value::Map(_) => value.get(name).cloned().unwrap_or_else(|| Value::Unknown(name.to_owned())),
            other => builtin::member(self, other, name),
        }
    }

    /// A call without parentheses: Ruby, Perl and PHP take `system "x"`, `unlink $a, $b`.
    fn bare(&mut self, page: &Page, value: Value, next: &mut usize, how: (usize, bool)) -> Value {
        let (depth, record) = how;
        let Value::Name(name) = &value else { return value };
        if page.is(*next, '(') || !table::is_known(self.dialect(), name) {
            return value;
        }
        let Some(token) = page.tokens.get(*next) else { return value };
        let begins = match &token.kind {
            Kind::Text(_) | Kind::Words(_) | Kind::Shell(_) => true,
            Kind::Name(name) => !ends_statement(name),
            Kind::Mark('[') => token.spaced,
            _ => false,
        };
        if !begins {
            return value;
        }
        let end = self.statement_end(page, *next);
        let args = self.args(page, *next, end, depth + 1);
        *next = end;
        self.call(value, &args, record)
    }

    /// Where the arguments of a call without parentheses end.
    fn statement_end(&mut self, page: &Page, from: usize) -> usize {
        let mut at = from;
        while let Some(token) = page.tokens.get(at) {
            self.steps = self.steps.saturating_sub(1);
            match &token.kind {
                Kind::End | Kind::Operator | Kind::Mark(')' | ']' | '}' | '{' | '|') => return at,
                Kind::Name(name) if ends_statement(name) => return at,
                Kind::Mark('(' | '[') => at = page.closes[at] + 1,
                _ => at += 1,
            }
        }
        page.tokens.len()
    }

    /// The arguments between two positions.
    pub(super) fn args(&mut self, page: &Page, from: usize, to: usize, depth: usize) -> Args {
        let mut args = Args::default();
        if depth > DEPTH {
            args.positional.push(Value::Unknown("…".to_owned()));
            return args;
        }
        let mut at = from;
        while at < to.min(page.tokens.len()) && self.steps > 0 {
            let end = self.argument_end(page, at, to);
            if end > at {
                self.argument(page, at..end, depth, &mut args);
            }
            args.commas += usize::from(end < to);
            at = end + 1;
        }
        args
    }

    fn argument_end(&mut self, page: &Page, from: usize, to: usize) -> usize {
        let mut at = from;
        while at < to {
            self.steps = self.steps.saturating_sub(1);
            match page.tokens[at].kind {
                Kind::Mark(',') => return at,
                Kind::Mark('(' | '[' | '{') => at = page.closes[at] + 1,
                _ => at += 1,
            }
        }
        to
    }

    fn argument(&mut self, page: &Page, range: Range<usize>, depth: usize, args: &mut Args) {
        let Range { start: from, end: to } = range;
        let splat = page.is(from, '*') || page.is(from, '\\');
        let mut from = from;
        while from < to && (page.is(from, '*') || page.is(from, '\\') || page.is(from, '&')) {
            from += 1;
        }
        // `...words`
        let spread = splat || matches!(page.kind(from), Some(Kind::Dot));
        while from < to && matches!(page.kind(from), Some(Kind::Dot)) {
            from += 1;
        }
        let key = match page.kind(from) {
            Some(Kind::Name(name)) => Some(name.clone()),
            Some(Kind::Text(parts)) => match parts.as_slice() {
                [Part::Text(text)] => Some(text.clone()),
                _ => None,
            },
            _ => None,
        };
        let names = matches!(page.kind(from + 1), Some(Kind::Arrow))
            || (page.is(from + 1, ':') && !matches!(page.kind(from + 2), Some(Kind::Dot)))
            || (page.is(from + 1, '=') && self.dialect() == Dialect::Python);
        // Ruby's `:name => value`
        let symbol = page.is(from, ':') && matches!(page.kind(from + 2), Some(Kind::Arrow));
        if symbol {
            let key = page.name(from + 1).unwrap_or_default().to_owned();
            let value = self.whole(page, from + 3, to, depth);
            args.named.push((key, value));
        } else if let Some(key) = key.filter(|_| names && from + 2 <= to) {
            let value = self.whole(page, from + 2, to, depth);
            args.named.push((key, value));
        } else {
            let value = self.whole(page, from, to, depth);
            match value {
                Value::List(items) if spread => args.positional.extend(items),
                value => args.positional.push(value),
            }
        }
    }

    /// The value of exactly these tokens; unknown when they hold more than is understood.
    pub(super) fn whole(&mut self, page: &Page, from: usize, to: usize, depth: usize) -> Value {
        let mut from = from;
        while page.name(from).is_some_and(|name| matches!(name, "await" | "new" | "my" | "lambda")) {
            from += 1;
        }
        if page.is(from, ':') && self.dialect() == Dialect::Ruby && from + 2 == to {
            return Value::text(page.name(from + 1).unwrap_or_default());
        }
        let (value, next) = self.expression(page, from, to, depth + 1);
        if next >= to { value } else { Value::Unknown(page.shown(from, to)) }
    }

    /// Values joined by operators.
    fn expression(&mut self, page: &Page, from: usize, to: usize, depth: usize) -> (Value, usize) {
        let (mut value, mut next) = self.chain(page, from, depth, false);
        while next < to && self.steps > 0 {
            let joins = page.is(next, '+');
            let below = page.is(next, '/');
            let formats = page.is(next, '%');
            if !(joins || below || formats) || next + 1 >= to {
                break;
            }
            let (right, after) = self.chain(page, next + 1, depth, false);
            value = if formats {
                builtin::format(&value, "%s", &right.items())
            } else if below {
                value.below(&right)
            } else {
                value.joined("", &right)
            };
            self.steps = self.steps.saturating_sub(value.weight());
            next = after;
        }
        (value, next)
    }

    fn index(&mut self, page: &Page, value: &Value, range: Range<usize>, depth: usize) -> Value {
        let Range { start: from, end: to } = range;
        // `[::-1]`
        let colons = (from..to).filter(|&at| page.is(at, ':')).count();
        let reverses = colons == 2 && to - from == 4 && page.is(from + 2, '-');
        if reverses && let Some(text) = value.known() {
            return Value::text(text.chars().rev().collect::<String>());
        }
        let name = if to == from + 1 { page.name(from) } else { None };
        let index = match (self.dialect(), name) {
            (Dialect::Perl, Some(name)) if !name.starts_with('$') => Value::text(name),
            _ => self.whole(page, from, to, depth + 1),
        };
        builtin::index(self, value, &index)
    }

    /// The value of a text with what is put into it.
    fn text(&mut self, parts: &[Part], depth: usize) -> Value {
        let mut value = Value::text("");
        let mut pieces = Vec::new();
        for part in parts {
            match part {
                Part::Text(text) => pieces.push(Piece::Text(text.into())),
                Part::Code(code) => {
                    self.steps = self.steps.saturating_sub(code.len());
                    let inner = Page::of(code, self.dialect(), false);
                    let mut found = self.whole(&inner, 0, inner.tokens.len(), depth + 3);
                    if matches!(found, Value::Unknown(_) | Value::List(_) | Value::Map(_) | Value::Flag(_)) {
                        found = Value::Unknown(format!("{{{code}}}"));
                    }
                    value = value.joined("", &Value::Text(assembled(std::mem::take(&mut pieces))));
                    let first = value.known().is_some_and(|text| text.is_empty());
                    value = if first && matches!(found, Value::Temporary | Value::Any(_)) {
                        found
                    } else {
                        value.joined("", &found)
                    };
                }
            }
        }
        if matches!(value, Value::Temporary) || !pieces.is_empty() {
            value = value.joined("", &Value::Text(assembled(pieces)));
        }
        value
    }

    fn call(&mut self, callee: Value, args: &Args, record: bool) -> Value {
        if record && self.recording {
            self.deeds.extend(deed::of(self.dialect(), &callee, args));
        }
        builtin::call(self, callee, args)
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        let weight = value.weight();
        self.steps = self.steps.saturating_sub(weight);
        let value = if weight > HEAVIEST { Value::Unknown(name.to_owned()) } else { value };
        if self.names.len() < NAMES || self.names.contains_key(name) {
            self.names.insert(name.to_owned(), value);
        }
    }
}

fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "return"
            | "yield"
            | "await"
            | "new"
            | "in"
            | "of"
            | "and"
            | "or"
            | "not"
            | "if"
            | "elif"
            | "else"
            | "while"
            | "print"
            | "echo"
            | "assert"
            | "raise"
            | "throw"
            | "typeof"
            | "void"
            | "puts"
            | "my"
            | "const"
            | "let"
            | "var"
            | "from"
            | "as"
            | "with"
            | "for"
            | "do"
            | "then"
            | "unless"
            | "case"
            | "when"
            | "lambda"
    )
}

fn ends_statement(name: &str) -> bool {
    matches!(
        name,
        "if" | "unless"
            | "while"
            | "until"
            | "and"
            | "or"
            | "do"
            | "for"
            | "foreach"
            | "rescue"
            | "then"
            | "end"
    )
}

/// Parentheses behind a value call it, unless white space makes them something else.
fn callable(value: &Value, page: &Page, at: usize) -> bool {
    match value {
        Value::Name(_) | Value::Member(..) => true,
        _ => !page.tokens[at].spaced,
    }
}

fn is_sigil(value: &Value, page: &Page, at: usize) -> bool {
    page.name(at).is_some_and(|name| name.starts_with('$')) && matches!(value, Value::Name(_) | Value::Map(_))
}
