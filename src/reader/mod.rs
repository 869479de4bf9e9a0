//! From a bound argument list to actions: one file per family of programs.
//!
//! In: a [`Binding`] and the [`Call`] it belongs to. Out: a [`Reading`]: actions, and whatever the
//! invocation would run in turn, which the caller reads the same way, to a bounded depth. Readers
//! refuse to know how bad anything is.

pub mod elsewhere;
pub mod files;
pub mod find;
pub mod git;
pub mod http;
pub mod parallel;
pub mod paths;
pub mod plain;
pub mod recipes;
pub mod redirect;
pub mod scripts;
pub mod shell;
pub mod sql_client;
pub mod verb;
pub mod wrapper;

use std::ffi::OsString;
use std::path::PathBuf;

use crate::action::Action;
use crate::context::Context;
use crate::grammar::bind::Binding;
use crate::invocation::{Invocation, Stdin, Word};

/// What a reader may look at besides the binding.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub context: &'a Context,
    pub invocation: &'a Invocation,
}

impl Call<'_> {
    /// A variable as the program will see it: assignments in front of it, then the environment.
    /// `None` when unset; `Some(Word::Dynamic)` when only running the line would tell.
    #[must_use]
    pub fn env(&self, name: &str) -> Option<Word> {
        let assigned = self.invocation.env.iter().rev().find(|(key, _)| key == name);
        match assigned {
            Some((_, value)) => Some(value.clone()),
            None => self.context.env(name).map(Word::Literal),
        }
    }

    /// A variable's bytes when they are known.
    #[must_use]
    pub fn env_known(&self, name: &str) -> Option<OsString> {
        self.env(name)?.known().map(std::ffi::OsStr::to_owned)
    }

    /// What stands on the program's standard input.
    #[must_use]
    pub fn stdin(&self) -> Stdin {
        match &self.invocation.stdin {
            Stdin::Inherited => self.context.stdin(),
            known => known.clone(),
        }
    }

    /// A path of the invocation against its folder.
    #[must_use]
    pub fn path(&self, text: &std::ffi::OsStr) -> PathBuf {
        self.context.resolve(&self.invocation.cwd, text)
    }
}

/// What an invocation does, and what it runs in turn.
#[derive(Debug, Default)]
pub struct Reading {
    pub actions: Vec<Action>,
    pub nested: Vec<Nest>,
}

/// Something that the invocation runs.
#[derive(Debug)]
pub enum Nest {
    /// A program with its arguments.
    Command(Invocation),
    /// Text for a POSIX shell; `args` are `$0`, `$1` and on.
    Shell { text: Word, args: Vec<Word>, cwd: PathBuf, stdin: Stdin, env: Vec<(OsString, Word)> },
    /// The same in a setting that changes what its actions mean.
    Within { inner: Box<Nest>, setting: Setting },
}

/// What stands around a nested command.
#[derive(Debug)]
pub enum Setting {
    /// Another machine's or container's files.
    Elsewhere(elsewhere::Elsewhere),
    /// Only what find's tests select below a start path.
    Selection(find::Selection),
}

impl Setting {
    /// Reads the nested command's actions in this setting.
    pub fn apply(&self, actions: &mut [Action], context: &Context) {
        match self {
            Self::Elsewhere(place) => place.apply(actions, context),
            Self::Selection(selection) => selection.apply(actions, context),
        }
    }
}

impl Reading {
    /// Nothing but actions.
    #[must_use]
    pub const fn of(actions: Vec<Action>) -> Self {
        Self { actions, nested: Vec::new() }
    }
}

/// Why a binding cannot be trusted to be complete, if so: the program will refuse it or the
/// grammar does not know an option.
#[must_use]
pub fn fault(binding: &Binding) -> Option<String> {
    use crate::grammar::bind::Fault;
    binding.faults.first().map(|fault| match fault {
        Fault::UnknownOption(name) => format!("unknown option {name}"),
        Fault::AmbiguousOption(name) => format!("ambiguous option {name}"),
        Fault::MissingValue(name) => format!("option {name} lacks its value"),
    })
}
