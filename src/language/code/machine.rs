//! Walks tokens: binds imports and variables, evaluates what calls are given, records deeds.
//!
//! In: a text and its surroundings. Out: deeds. Nothing nests deeper than [`DEPTH`] and no more than
//! [`STEPS`] tokens are looked at, however often.

use std::collections::HashMap;

use super::deed::{self, Args, Deed};
use super::lex::{self, Kind, Part, Token};
use super::value::{Value, assembled};
use super::{Dialect, Start, builtin};
use crate::invocation::Piece;

/// Expressions inside expressions.
const DEPTH: usize = 24;
/// Tokens looked at, one text's worth of work.
const STEPS: usize = 3_000_000;
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

/// Tokens with the partner of every opening bracket.
pub struct Page {
    pub tokens: Vec<Token>,
    closes: Vec<usize>,
}

impl Page {
    fn of(text: &str, dialect: Dialect, embedded: bool) -> Self {
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

    fn is(&self, at: usize, mark: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(mark))
    }

    fn name(&self, at: usize) -> Option<&str> {
        self.tokens.get(at)?.name()
    }

    fn kind(&self, at: usize) -> Option<&Kind> {
        self.tokens.get(at).map(|token| &token.kind)
    }

    /// The source of some tokens, roughly, for people.
    fn shown(&self, from: usize, to: usize) -> String {
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

pub struct Machine<'s> {
    pub start: &'s Start<'s>,
    names: HashMap<String, Value>,
    /// Modules of which every name was imported.
    stars: Vec<String>,
    deeds: Vec<Deed>,
    steps: usize,
    recording: bool,
}

impl Machine<'_> {
    const fn dialect(&self) -> Dialect {
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
        let defines = before.and_then(Token::name).is_some_and(|name| {
            matches!(name, "def" | "function" | "sub" | "class")
        });
        match &page.tokens[at].kind {
            Kind::Name(_) => !defines,
            Kind::Text(_) | Kind::Shell(_) | Kind::Words(_) => true,
            Kind::Mark('(' | '[') => {
                before.is_none_or(|token| match &token.kind {
                    Kind::Name(name) => is_keyword(name),
                    Kind::Mark(')' | ']') | Kind::Text(_) => false,
                    _ => true,
                })
            }
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
                        value = self.bare(page, value, &mut next, depth, record);
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
                    value = self.index(page, value, next + 1, close, depth);
                    next = close + 1;
                }
                Some(Kind::Mark('{')) if self.dialect() == Dialect::Perl && is_sigil(&value, page, at) => {
                    let close = page.closes[next];
                    value = self.index(page, value, next + 1, close, depth);
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

    fn primary(&mut self, page: &Page, at: usize, depth: usize, record: bool) -> (Value, usize) {
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
                    self.bare(page, value, &mut next, depth, record)
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
        let known = full.into_iter().find(|full| deed::is_known(self.dialect(), full));
        builtin::name(self, &known.unwrap_or_else(|| name.to_owned()))
    }

    fn member(&self, value: Value, name: &str) -> Value {
        match value {
            Value::Name(before) => builtin::name(self, &format!("{before}.{name}")),
            Value::Map(_) => value.get(name).cloned().unwrap_or_else(|| Value::Unknown(name.to_owned())),
            other => builtin::member(self, other, name),
        }
    }

    /// A call without parentheses: Ruby, Perl and PHP take `system "x"`, `unlink $a, $b`.
    fn bare(&mut self, page: &Page, value: Value, next: &mut usize, depth: usize, record: bool) -> Value {
        let Value::Name(name) = &value else { return value };
        if page.is(*next, '(') || !deed::is_known(self.dialect(), name) {
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
    fn args(&mut self, page: &Page, from: usize, to: usize, depth: usize) -> Args {
        let mut args = Args::default();
        if depth > DEPTH {
            args.positional.push(Value::Unknown("…".to_owned()));
            return args;
        }
        let mut at = from;
        while at < to.min(page.tokens.len()) && self.steps > 0 {
            let end = self.argument_end(page, at, to);
            if end > at {
                self.argument(page, at, end, depth, &mut args);
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

    fn argument(&mut self, page: &Page, from: usize, to: usize, depth: usize, args: &mut Args) {
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
    fn whole(&mut self, page: &Page, from: usize, to: usize, depth: usize) -> Value {
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

    fn index(&mut self, page: &Page, value: Value, from: usize, to: usize, depth: usize) -> Value {
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

    fn set(&mut self, name: &str, value: Value) {
        let weight = value.weight();
        self.steps = self.steps.saturating_sub(weight);
        let value = if weight > HEAVIEST { Value::Unknown(name.to_owned()) } else { value };
        if self.names.len() < NAMES || self.names.contains_key(name) {
            self.names.insert(name.to_owned(), value);
        }
    }
}

/// What gives names their values.
impl Machine<'_> {
    fn bind(&mut self, page: &Page, at: usize, depth: usize) {
        let Some(token) = page.tokens.get(at) else { return };
        match &token.kind {
            Kind::Name(name) if name == "import" && self.dialect() == Dialect::Python => self.import(page, at),
            Kind::Name(name) if name == "import" && self.dialect() == Dialect::JavaScript => {
                self.script_import(page, at);
            }
            Kind::Name(name) if matches!(name.as_str(), "for" | "foreach") => self.each(page, at, depth),
            Kind::Name(name) if name == "as" => self.taken_as(page, at, depth),
            Kind::Name(name) if matches!(name.as_str(), "forEach" | "each" | "map") => {
                self.handed(page, at, depth);
            }
            Kind::Name(name) if page.is(at + 1, '=') && self.leads(page, at) => {
                let name = name.clone();
                let end = self.line_end(page, at + 2);
                let value = self.whole(page, at + 2, end, depth + 1);
                self.set(&name, value);
            }
            Kind::Mark('{') if page.is(page.closes[at] + 1, '=') && self.dialect() == Dialect::JavaScript => {
                let close = page.closes[at];
                let end = self.line_end(page, close + 2);
                let value = self.whole(page, close + 2, end, depth + 1);
                self.unpack(page, at + 1, close, &value);
            }
            _ => {}
        }
    }

    /// An assignment begins a statement, or follows a word that declares.
    fn leads(&self, page: &Page, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).map(|at| &page.tokens[at]) else { return true };
        match &before.kind {
            Kind::End | Kind::Mark('{' | '}' | ':' | ')') => true,
            Kind::Mark('(') => self.dialect() == Dialect::Perl || page.name(at).is_some_and(|name| name.starts_with('$')),
            Kind::Name(name) => {
                matches!(name.as_str(), "const" | "let" | "var" | "my" | "our" | "local" | "do" | "then" | "else" | "begin")
            }
            // A second declaration of one statement: `a = 1, b = 2`.
            Kind::Mark(',') => self.dialect() == Dialect::JavaScript,
            _ => false,
        }
    }

    fn line_end(&mut self, page: &Page, from: usize) -> usize {
        let mut at = from;
        while let Some(token) = page.tokens.get(at) {
            self.steps = self.steps.saturating_sub(1);
            match token.kind {
                Kind::End | Kind::Mark(')' | ']' | '}') => return at,
                Kind::Mark(',') if self.dialect() == Dialect::JavaScript => return at,
                Kind::Mark('(' | '[' | '{') => at = page.closes[at] + 1,
                _ => at += 1,
            }
        }
        page.tokens.len()
    }

    /// A dotted name; the position after it.
    fn dotted(&self, page: &Page, from: usize) -> (String, usize) {
        let mut name = page.name(from).unwrap_or_default().to_owned();
        let mut at = from + 1;
        while matches!(page.kind(at), Some(Kind::Dot)) && page.name(at + 1).is_some() && at < from + 32 {
            name.push('.');
            name.push_str(page.name(at + 1).unwrap_or_default());
            at += 2;
        }
        (name, at)
    }

    /// `import a.b as c, d` and `from a import b as c, d`.
    fn import(&mut self, page: &Page, at: usize) {
        let mut from = None;
        for back in 2..34 {
            let Some(start) = at.checked_sub(back) else { break };
            if page.name(start) == Some("from") {
                let (module, end) = self.dotted(page, start + 1);
                from = (end == at).then_some(module);
                break;
            }
            if matches!(page.kind(start), Some(Kind::End)) {
                break;
            }
        }
        let mut next = at + 1;
        next += usize::from(page.is(next, '('));
        if page.is(next, '*') {
            self.stars.extend(from);
            self.stars.truncate(64);
            return;
        }
        while page.name(next).is_some() {
            let (name, after) = self.dotted(page, next);
            next = after;
            let alias = if page.name(next) == Some("as") { page.name(next + 1) } else { None };
            next += if alias.is_some() { 2 } else { 0 };
            match (&from, alias) {
                (Some(module), alias) => {
                    self.set(alias.unwrap_or(&name), Value::Name(format!("{module}.{name}")));
                }
                (None, Some(alias)) => self.set(alias, Value::Name(name)),
                (None, None) => {}
            }
            if !page.is(next, ',') {
                return;
            }
            next += 1;
        }
    }

    /// `import a, {b as c} from 'm'`, `import * as d from 'm'`.
    fn script_import(&mut self, page: &Page, at: usize) {
        let Some(from) = (at + 1..page.tokens.len().min(at + 80)).find(|&at| page.name(at) == Some("from")) else {
            return;
        };
        let Some(Kind::Text(parts)) = page.kind(from + 1) else { return };
        let [Part::Text(module)] = parts.as_slice() else { return };
        let module = Value::Name(builtin::module(module));
        let mut next = at + 1;
        while next < from {
            if page.is(next, '{') {
                self.unpack(page, next + 1, page.closes[next].min(from), &module);
                next = page.closes[next];
            } else if let Some(name) = page.name(next).filter(|name| *name != "as") {
                self.set(name, module.clone());
            }
            next += 1;
        }
    }

    /// `{a, b: c, d as e}` taken from a value.
    fn unpack(&mut self, page: &Page, from: usize, to: usize, value: &Value) {
        let mut at = from;
        while at < to.min(page.tokens.len()) {
            if let Some(name) = page.name(at) {
                let renamed = page.is(at + 1, ':') || page.name(at + 1) == Some("as");
                let bound = if renamed { page.name(at + 2) } else { Some(name) };
                if let Some(bound) = bound {
                    let inner = self.member(value.clone(), name);
                    self.set(bound, inner);
                }
                at += if renamed { 2 } else { 0 };
            }
            at += 1;
        }
    }

    /// `for x in E`, `for (const x of E)`, `foreach my $x (E)`, `foreach (E as $x)`.
    fn each(&mut self, page: &Page, at: usize, depth: usize) {
        let last = page.tokens.len().min(at + 8);
        let word = (at + 1..last).find(|&at| page.name(at).is_some_and(|name| matches!(name, "in" | "of")));
        if let Some(word) = word {
            let Some(name) = page.name(word - 1).map(str::to_owned) else { return };
            let mut end = word + 1;
            while let Some(token) = page.tokens.get(end) {
                self.steps = self.steps.saturating_sub(1);
                match &token.kind {
                    Kind::End | Kind::Mark(':' | ')' | ']' | '}') => break,
                    Kind::Name(name) if matches!(name.as_str(), "if" | "for" | "do") => break,
                    Kind::Mark('(' | '[' | '{') => end = page.closes[end] + 1,
                    _ => end += 1,
                }
            }
            let value = self.whole(page, word + 1, end, depth + 1);
            self.set(&name, value.each());
            return;
        }
        let Some(open) = (at + 1..last).find(|&at| page.is(at, '(')) else { return };
        let close = page.closes[open];
        let middle = (open..close.min(open + 400)).find(|&at| page.name(at) == Some("as"));
        if let Some(middle) = middle {
            let value = self.whole(page, open + 1, middle, depth + 1);
            if let Some(name) = close.checked_sub(1).and_then(|at| page.name(at)) {
                self.set(name, value.each());
            }
        } else if let Some(name) = page.name(open - 1).filter(|name| name.starts_with('$')) {
            let items = self.args(page, open + 1, close, depth + 1).positional;
            self.set(name, Value::List(items.iter().flat_map(Value::items).collect()).each());
        }
    }

    /// `with E as x`.
    fn taken_as(&mut self, page: &Page, at: usize, depth: usize) {
        let Some(name) = page.name(at + 1) else { return };
        let start = (at.saturating_sub(40)..at).rev().find(|&at| page.name(at) == Some("with"));
        if let Some(start) = start {
            let value = self.whole(page, start + 1, at, depth + 1);
            self.set(name, value);
        }
    }

    /// `E.forEach(x => …)`, `E.each { |x| … }`, `E.each do |x| …`.
    fn handed(&mut self, page: &Page, at: usize, depth: usize) {
        let last = page.tokens.len().min(at + 6);
        let name = (at + 1..last).find_map(|at| {
            let arrow = matches!(page.kind(at + 1), Some(Kind::Arrow))
                || (page.is(at + 1, ')') && matches!(page.kind(at + 2), Some(Kind::Arrow)));
            let bars = page.is(at + 1, '|') && at.checked_sub(1).is_some_and(|at| page.is(at, '|'));
            let opened = page.is(at + 1, ')') && page.is(at + 2, '{');
            page.name(at).filter(|_| arrow || bars || opened)
        });
        let Some(name) = name else { return };
        // The receiver ends before the dot: a list, words, or a name.
        let Some(end) = at.checked_sub(1).filter(|&at| matches!(page.kind(at), Some(Kind::Dot))) else { return };
        let start = (end.saturating_sub(200)..end).find(|&at| {
            page.closes[at] + 1 == end || (at + 1 == end && !page.is(at, ']') && !page.is(at, ')'))
        });
        let Some(start) = start else { return };
        let (value, _) = self.primary(page, start, depth + 1, false);
        self.set(name, value.each());
    }
}

fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "return" | "yield" | "await" | "new" | "in" | "of" | "and" | "or" | "not" | "if" | "elif" | "else"
            | "while" | "print" | "echo" | "assert" | "raise" | "throw" | "typeof" | "void" | "puts" | "my"
            | "const" | "let" | "var" | "from" | "as" | "with" | "for" | "do" | "then" | "unless" | "case" | "when"
            | "lambda"
    )
}

fn ends_statement(name: &str) -> bool {
    matches!(name, "if" | "unless" | "while" | "until" | "and" | "or" | "do" | "for" | "foreach" | "rescue" | "then" | "end")
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
