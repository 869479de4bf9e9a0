//! What an operation does by its name: the verb table, its exceptions and the curated rows.
//!
//! In: a service and an operation as the CLI spells them. Out: effect, kind of loss, rows. The data
//! is `grammars/aws_operations.toml`. It refuses to look at options.

use crate::action::{Effect, Impact};
use crate::grammar::glob;

/// What a verb does; the last five destroy.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Read,
    Write,
    Permission,
    Delete,
    Stop,
    Detach,
    Reset,
    Revoke,
}

/// A condition's test of one value.
#[derive(Clone, Copy, Debug)]
pub enum Test {
    /// Given, and not `false`.
    On,
    Exact(&'static str),
    Glob(&'static str),
}

/// One part of a condition: a path into the request, and what stands there.
#[derive(Clone, Copy, Debug)]
pub struct Atom {
    pub negated: bool,
    pub path: &'static [&'static str],
    pub test: Test,
}

/// One `[[row]]`.
#[derive(Debug)]
pub struct Row {
    on: &'static [&'static str],
    /// Alternatives of conjunctions; none: always.
    pub when: &'static [&'static [Atom]],
    pub effect: Option<Effect>,
    pub impact: Impact,
    pub scope: &'static str,
    pub undo: &'static str,
    pub advice: &'static str,
}

#[rustfmt::skip]
mod data {
    use super::{Atom, Effect, Impact, Kind, Row, Test};
    include!(concat!(env!("OUT_DIR"), "/aws_operations.rs"));
}

/// What an operation does by its name alone, trigger conditions not looked at.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nominal {
    pub effect: Effect,
    /// The kind of its verb, wherever the verb stands.
    pub kind: Kind,
    /// Its noun holds data.
    pub data: bool,
}

/// The nominal effect of an operation. One that nobody knows is judged by its verb.
pub fn nominal(service: &str, operation: &str) -> Nominal {
    let kind = kind(operation);
    let effect = exception(service, operation).unwrap_or(match kind {
        Kind::Read => Effect::Read,
        Kind::Write => Effect::Write,
        Kind::Permission => Effect::Permission,
        Kind::Delete | Kind::Stop | Kind::Detach | Kind::Reset | Kind::Revoke => Effect::Destroy,
    });
    Nominal { effect, kind, data: holds_data(operation) }
}

/// True when the operation has `--dry-run`; of an unknown EC2 operation it is assumed.
#[must_use]
pub fn has_dry_run(service: &str, operation: &str) -> bool {
    if service == data::DRY_RUN_ALL {
        return !contains_word(data::DRY_RUN_EXCEPT, operation);
    }
    data::DRY_RUN_ALSO.contains(&format!("\n{service} {operation}\n"))
}

/// The curated rows of an operation, in the order of the file.
pub fn rows(service: &str, operation: &str) -> impl Iterator<Item = &'static Row> {
    let name = format!("{service} {operation}");
    data::ROWS.iter().filter(move |row| row.on.iter().any(|pattern| glob::matches(pattern, &name)))
}

/// The kind of the first word that is a verb; `batch` and its like pass the question on.
fn kind(operation: &str) -> Kind {
    let mut words = operation.split('-');
    let first = words.next().unwrap_or_default();
    if matches!(first, "batch" | "admin" | "bulk")
        && let Some(kind) = words.next().and_then(verb)
    {
        return kind;
    }
    verb(first).unwrap_or(Kind::Write)
}

fn verb(word: &str) -> Option<Kind> {
    data::VERBS.iter().find(|(_, words)| contains_word(words, word)).map(|(kind, _)| *kind)
}

fn exception(service: &str, operation: &str) -> Option<Effect> {
    let line = format!("\n{service} {operation}\n");
    let finder = memchr::memmem::Finder::new(line.as_bytes());
    data::EXCEPTIONS
        .iter()
        .find(|(_, lines)| finder.find(lines.as_bytes()).is_some())
        .map(|(effect, _)| *effect)
}

fn holds_data(operation: &str) -> bool {
    operation.split('-').skip(1).any(|word| contains_word(data::NOUNS, word))
        || data::PHRASES.iter().any(|phrase| operation.contains(phrase))
}

fn contains_word(words: &str, word: &str) -> bool {
    !word.is_empty() && !word.contains(' ') && words.contains(&format!(" {word} "))
}
