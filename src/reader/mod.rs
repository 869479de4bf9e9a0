//! From a bound argument list to actions: one file per family of programs.
//!
//! In: a [`Binding`] and the [`Call`] it belongs to. Out: a [`Reading`]: actions, and whatever the
//! invocation would run in turn, which the caller reads the same way, to a bounded depth. Readers
//! refuse to know how bad anything is.

pub mod aws;
pub mod by_path;
pub mod elsewhere;
pub mod files;
pub mod find;
pub mod git;
pub mod http;
pub mod interpreter;
pub mod parallel;
pub mod paths;
pub mod place;
pub mod plain;
pub mod railway;
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
use crate::context::{Context, Unreadable};
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

    /// A file's content: as the same line wrote it, else as it stands on disk.
    ///
    /// # Errors
    /// Says why it could not be read.
    pub fn read(&self, path: &std::path::Path, bound: u64) -> Result<Vec<u8>, Unreadable> {
        match self.invocation.written.iter().rev().find(|(written, _)| written == path) {
            Some((_, Stdin::Bytes(bytes))) => Ok(bytes.clone()),
            Some((_, Stdin::Empty)) => Ok(Vec::new()),
            Some((_, Stdin::Unknown(source))) => Err(Unreadable::Failed(format!("is written by {source}"))),
            Some((_, Stdin::Inherited)) | None => self.context.read(path, bound),
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
    Shell(Shell),
    /// The same in a setting that changes what its actions mean.
    Within {
        inner: Box<Nest>,
        setting: Setting,
    },
}

/// Text that a POSIX shell runs.
#[derive(Debug)]
pub struct Shell {
    pub text: Word,
    /// `$0`, `$1` and on.
    pub args: Vec<Word>,
    pub cwd: PathBuf,
    pub stdin: Stdin,
    pub env: Vec<(OsString, Word)>,
}

/// What stands around a nested command.
#[derive(Debug)]
pub enum Setting {
    /// Another machine's or container's files.
    Elsewhere(elsewhere::Elsewhere),
    /// A service's own machines, or its credentials in this one.
    Place(place::Place),
    /// Only what find's tests select below a start path.
    Selection(find::Selection),
}

impl Setting {
    /// Reads the nested command's actions in this setting.
    pub fn apply(&self, actions: &mut [Action], context: &Context) {
        match self {
            Self::Elsewhere(place) => place.apply(actions, context),
            Self::Place(place) => {
                for action in actions {
                    place.settle(action);
                }
            }
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
