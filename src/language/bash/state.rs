//! What a shell knows at one point of a script: variables, functions, folder, options.
//!
//! In: assignments and `cd`s as they are read. Out: values. It refuses to read files.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::Start;
use crate::invocation::{Piece, Stdin, Word};

/// A variable's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Scalar(Word),
    List(Vec<Word>),
    /// Known to be unset.
    Unset,
    /// Neither set by the script nor in the environment.
    Absent,
}

/// Options that change how words are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub no_glob: bool,
    pub dot_glob: bool,
    pub null_glob: bool,
    pub exit_on_error: bool,
    pub aliases: bool,
}

/// The working folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folder {
    pub path: PathBuf,
    /// Its name is known.
    pub known: bool,
    /// The `cd` to it cannot have failed.
    pub sure: bool,
}

#[derive(Clone, Debug)]
pub(super) struct State {
    pub variables: BTreeMap<Vec<u8>, Value>,
    pub exported: BTreeSet<Vec<u8>>,
    pub functions: BTreeMap<Vec<u8>, Rc<[u8]>>,
    pub aliases: BTreeMap<Vec<u8>, Vec<u8>>,
    pub positional: Vec<Word>,
    pub folder: Folder,
    pub previous: Option<PathBuf>,
    pub folders: Vec<Folder>,
    pub traps: Vec<(String, Word)>,
    pub options: Options,
    pub stdin: Stdin,
    /// Variables of the function that runs, as they were outside.
    pub locals: Vec<(Vec<u8>, Option<Value>)>,
    pub in_function: bool,
    /// Values that a declaration is about to give.
    pub pending: Vec<(Vec<u8>, Value)>,
}

impl State {
    pub fn new(start: &Start<'_>) -> Self {
        let named =
            |(name, value): &(OsString, Word)| (name.as_bytes().to_vec(), Value::Scalar(value.clone()));
        Self {
            variables: start.env.iter().map(named).collect(),
            exported: start.env.iter().map(|(name, _)| name.as_bytes().to_vec()).collect(),
            functions: BTreeMap::new(),
            aliases: BTreeMap::new(),
            positional: start.positional.clone(),
            folder: Folder { path: start.cwd.clone(), known: true, sure: true },
            previous: None,
            folders: Vec::new(),
            traps: Vec::new(),
            options: Options::default(),
            stdin: start.stdin.clone(),
            locals: Vec::new(),
            in_function: false,
            pending: Vec::new(),
        }
    }

    pub fn set(&mut self, name: &[u8], value: Value) {
        self.variables.insert(name.to_vec(), value);
    }

    pub fn set_unknown(&mut self, name: &[u8]) {
        self.set(name, Value::Scalar(unknown(&[b"$", name].concat())));
    }

    /// After either `self` or `other` happened: what differs is unknown.
    pub fn merge(&mut self, other: Self) {
        let names: BTreeSet<Vec<u8>> = self.variables.keys().chain(other.variables.keys()).cloned().collect();
        for name in names {
            if self.variables.get(&name) != other.variables.get(&name) {
                self.set_unknown(&name);
            }
        }
        self.exported.extend(other.exported);
        self.functions.extend(other.functions);
        self.aliases.extend(other.aliases);
        for trap in other.traps {
            if !self.traps.contains(&trap) {
                self.traps.push(trap);
            }
        }
        if self.positional != other.positional {
            self.positional.clear();
        }
        if self.folder.path == other.folder.path {
            self.folder.known &= other.folder.known;
            self.folder.sure &= other.folder.sure;
        } else {
            self.folder.known = false;
        }
        self.options.no_glob |= other.options.no_glob;
        self.options.exit_on_error &= other.options.exit_on_error;
    }

    /// Goes to `path`, which may be relative; `exists` when that was seen.
    pub fn enter(&mut self, path: &OsStr, exists: bool) {
        let joined = normal(&self.folder.path.join(path));
        let absolute = Path::new(path).is_absolute();
        self.previous = Some(self.folder.path.clone());
        self.folder = Folder {
            path: joined,
            known: absolute || self.folder.known,
            sure: exists && (absolute || self.folder.sure),
        };
    }
}

/// A word of which nothing is known but its source.
pub(super) fn unknown(source: &[u8]) -> Word {
    Word::Dynamic(vec![Piece::Unknown(super::shorten(source))])
}

/// A literal word of these bytes.
pub(super) fn literal(bytes: &[u8]) -> Word {
    Word::Literal(OsString::from_vec(bytes.to_vec()))
}

/// `.` and `..` taken out by name, as the shell's own `cd` does.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !out.pop() {
                    out.push("/");
                }
            }
            other => out.push(other),
        }
    }
    out
}
