//! Which grammar a program's name belongs to.
//!
//! In: the last component of argv[0]. Out: a constant table, or nothing.

#[rustfmt::skip]
#[allow(unused_imports, reason = "which types the tables name depends on the grammars")]
mod tables {
    use crate::action::{Effect, GitLoss, Impact};
    use crate::assess::Severity;
    use crate::grammar::schema::{
        Arity, Ask, Case, Command, Cond, Grammar, Nested, Object, Opt, Parser, Reader, World,
    };

    include!(concat!(env!("OUT_DIR"), "/grammars.rs"));
}

use crate::grammar::schema::Grammar;
pub use tables::GRAMMARS;

/// The grammar of a program, by any of its names.
#[must_use]
pub fn find(name: &str) -> Option<&'static Grammar> {
    let at = tables::INDEX.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    GRAMMARS.get(tables::INDEX[at].1)
}

/// Every program that gets a shim by default.
pub fn shimmed() -> impl Iterator<Item = &'static str> {
    GRAMMARS.iter().filter(|grammar| grammar.shim).map(|grammar| grammar.program)
}
