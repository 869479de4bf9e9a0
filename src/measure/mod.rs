//! What the world says about an action: read-only, bounded, asked only for actions that carry a
//! [`crate::action::Question`].
//!
//! In: a question and the context. Out: a [`State`]. Together with `gate` the only place that
//! starts processes.

pub mod git;
pub mod names;
pub mod paths;
mod process;
mod tree;

use crate::assess::Severity;

/// The answer to a question: how bad it is here and now, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The severity by the state of the world; `None` keeps the calibrated one.
    pub severity: Option<Severity>,
    /// One line for people: `3 files with uncommitted changes`.
    pub reason: String,
    /// Counts by name: `files`, `bytes`, `commits`.
    pub facts: Vec<(&'static str, u64)>,
    /// What brings it back here: `git restores it`; empty: nothing known.
    pub undo: String,
    /// All that would be lost lies inside one working tree.
    pub inside_tree: bool,
}
