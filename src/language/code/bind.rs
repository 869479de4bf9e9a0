//! What gives names their values: imports, assignments, loops, blocks.
//!
//! | source | binds |
//! |---|---|
//! | `import a as b`, `from a import b as c`, `import {a as b} from 'm'`, `const {a: b} = require('m')` | modules and what is in them |
//! | `x = E` at the head of a statement | the value |
//! | `for x in E`, `for (const x of E)`, `foreach`, `E.each { |x| }`, `E.forEach(x => …)` | one of the items |
//! | `with E as x` | the value |

use super::lex::{Kind, Part};
use super::machine::Machine;
use super::page::Page;
use super::value::Value;
use super::{Dialect, builtin};

/// What gives names their values.
impl Machine<'_> {
    /// Takes what the token at a position binds.
    pub(super) fn bind(&mut self, page: &Page, at: usize, depth: usize) {
        let Some(token) = page.tokens.get(at) else { return };
        match &token.kind {
            Kind::Name(name) if name == "import" && self.dialect() == Dialect::Python => {
                self.import(page, at);
            }
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
            Kind::Mark('(') => {
                self.dialect() == Dialect::Perl || page.name(at).is_some_and(|name| name.starts_with('$'))
            }
            Kind::Name(name) => {
                matches!(
                    name.as_str(),
                    "const" | "let" | "var" | "my" | "our" | "local" | "do" | "then" | "else" | "begin"
                )
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
        let Some(from) = (at + 1..page.tokens.len().min(at + 80)).find(|&at| page.name(at) == Some("from"))
        else {
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
        let perl = self.dialect() == Dialect::Perl;
        // `unlink $_ for LIST`
        if perl
            && !page.is(at + 1, '(')
            && page.name(at + 1).is_none_or(|name| !matches!(name, "my" | "our") && !page.is(at + 2, '('))
        {
            let end = self.line_end(page, at + 1);
            let value = self.whole(page, at + 1, end, depth + 1);
            self.set("$_", value.each());
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
        } else if let Some(name) =
            page.name(open - 1).filter(|name| name.starts_with('$')).or(perl.then_some("$_"))
        {
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
        let Some(end) = at.checked_sub(1).filter(|&at| matches!(page.kind(at), Some(Kind::Dot))) else {
            return;
        };
        let start = (end.saturating_sub(200)..end).find(|&at| {
            page.closes[at] + 1 == end || (at + 1 == end && !page.is(at, ']') && !page.is(at, ')'))
        });
        let Some(start) = start else { return };
        let (value, _) = self.primary(page, start, depth + 1, false);
        self.set(name, value.each());
    }
}
