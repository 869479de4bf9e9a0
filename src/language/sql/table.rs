//! The constant tables made of `grammars/languages/sql.toml`, and how a row is picked.
//!
//! In: a statement's node kind, keywords and bare words. Out: the row that claims it. It refuses to know
//! where the words came from.

use crate::action::{Effect, Impact};
use crate::assess::Severity;

/// One row: what becomes of the object of a statement.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub node: &'static str,
    pub words: &'static [&'static str],
    pub has: &'static [&'static [&'static str]],
    /// Code reads this kind of statement.
    pub reader: bool,
    pub rule: &'static str,
    pub effect: Effect,
    pub impact: Impact,
    pub verb: &'static str,
    pub scope: &'static str,
    pub undo: &'static str,
    pub advice: &'static str,
    /// No transaction takes it back.
    pub whole: bool,
}

/// A function with a side effect. A trailing `*` of the name stands for any ending.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    pub name: &'static str,
    pub rule: &'static str,
    pub effect: Effect,
    pub impact: Impact,
    pub verb: &'static str,
    pub undo: &'static str,
    /// Its text arguments are SQL.
    pub sql: bool,
    /// No transaction takes it back.
    pub whole: bool,
}

/// A setting whose change matters.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub name: &'static str,
    pub harmless: &'static [&'static str],
    pub row: Row,
}

include!(concat!(env!("OUT_DIR"), "/sql_table.rs"));

/// All rows of a node kind, in the table's order.
pub fn rows(node: &str) -> &'static [Row] {
    let start = ROWS.partition_point(|row| row.node < node);
    let length = ROWS.get(start..).unwrap_or(&[]).partition_point(|row| row.node == node);
    ROWS.get(start..start + length).unwrap_or(&[])
}

/// The row that claims a statement with these keywords and bare words (both lower case).
pub fn pick(node: &str, words: &[&str], bare: &[String]) -> Option<&'static Row> {
    rows(node).iter().find(|row| {
        matches(row.words, words) && (row.has.is_empty() || row.has.iter().any(|run| contains(bare, run)))
    })
}

/// The row of a node kind that carries `rule`.
pub fn row(node: &str, rule: &str) -> Option<&'static Row> {
    rows(node).iter().find(|row| row.rule == rule)
}

/// The row of a function by its lower-case name as called, with or without a schema.
pub fn function(name: &str) -> Option<&'static Function> {
    let last = name.rsplit('.').next().unwrap_or(name);
    FUNCTIONS.iter().find(|row| {
        let called = if row.name.contains('.') { name } else { last };
        match row.name.strip_suffix('*') {
            Some(prefix) => called.starts_with(prefix),
            None => called == row.name,
        }
    })
}

/// Whether `pattern` is a prefix of `words`; `*` stands for any number of words.
fn matches(pattern: &[&str], words: &[&str]) -> bool {
    match pattern.split_first() {
        None => true,
        Some((&"*", rest)) => (0..=words.len()).any(|skip| matches(rest, words.get(skip..).unwrap_or(&[]))),
        Some((first, rest)) => {
            words.split_first().is_some_and(|(word, after)| word == first && matches(rest, after))
        }
    }
}

/// Whether the run of words occurs in `bare`.
fn contains(bare: &[String], run: &[&str]) -> bool {
    bare.windows(run.len()).any(|window| window.iter().zip(run).all(|(a, b)| a == b))
}
