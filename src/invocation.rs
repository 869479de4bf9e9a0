//! One call of one program, before anything is known about it: words, stdin, folder, environment.
//!
//! A shim's words are all [`Word::Literal`]; a lowered shell line may hold [`Word::Dynamic`] ones.
//! Words are bytes: argv need not be UTF-8.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// One word of an argument list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// Exactly these bytes.
    Literal(OsString),
    /// Known and unknown pieces in order: `"$X/"*` is `[Unknown("$X"), Text("/*")]`.
    Dynamic(Vec<Piece>),
}

/// A part of a dynamic word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(OsString),
    /// What only running the line would tell; the source text of it.
    Unknown(String),
}

impl Word {
    /// A literal word.
    pub fn literal(text: impl Into<OsString>) -> Self {
        Self::Literal(text.into())
    }

    /// The bytes, when they are known.
    #[must_use]
    pub fn known(&self) -> Option<&OsStr> {
        match self {
            Self::Literal(text) => Some(text),
            Self::Dynamic(_) => None,
        }
    }

    /// The bytes, with every unknown piece left out; what option parsing goes by.
    #[must_use]
    pub fn visible(&self) -> OsString {
        match self {
            Self::Literal(text) => text.clone(),
            Self::Dynamic(pieces) => {
                let mut bytes = Vec::new();
                for piece in pieces {
                    if let Piece::Text(text) = piece {
                        bytes.extend_from_slice(text.as_bytes());
                    }
                }
                OsString::from_vec(bytes)
            }
        }
    }

    /// As shown to people: unknown pieces by their source.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Literal(text) => text.to_string_lossy().into_owned(),
            Self::Dynamic(pieces) => pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text.to_string_lossy().into_owned(),
                    Piece::Unknown(source) => source.clone(),
                })
                .collect(),
        }
    }

    /// True when some piece is unknown.
    #[must_use]
    pub const fn is_dynamic(&self) -> bool {
        matches!(self, Self::Dynamic(_))
    }

    /// The rest of the word after `count` bytes; for attached option values.
    #[must_use]
    pub fn skip(&self, count: usize) -> Self {
        match self {
            Self::Literal(text) => {
                Self::Literal(OsStr::from_bytes(text.as_bytes().get(count..).unwrap_or_default()).to_owned())
            }
            Self::Dynamic(pieces) => {
                let mut left = count;
                let mut rest = Vec::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(text) if left >= text.len() => left -= text.len(),
                        Piece::Text(text) => {
                            rest.push(Piece::Text(OsStr::from_bytes(&text.as_bytes()[left..]).to_owned()));
                            left = 0;
                        }
                        Piece::Unknown(_) => rest.push(piece.clone()),
                    }
                }
                Self::Dynamic(rest)
            }
        }
    }
}

impl<T: AsRef<OsStr> + ?Sized> From<&T> for Word {
    fn from(text: &T) -> Self {
        Self::Literal(text.as_ref().to_owned())
    }
}

/// What stands on standard input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stdin {
    /// The caller's own; nothing of it has been read.
    #[default]
    Inherited,
    /// Known bytes: a here-document, a pipe that ended, a test's input.
    Bytes(Vec<u8>),
    /// The output of something that only running it would tell.
    Unknown(String),
    /// Nothing: closed or `/dev/null`.
    Empty,
}

/// One call of one program.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The program as named; may be a path.
    pub program: Word,
    /// The words after it.
    pub args: Vec<Word>,
    pub stdin: Stdin,
    pub cwd: PathBuf,
    /// Assignments in front of it (`PGHOST=db psql …`), over the context's environment.
    pub env: Vec<(OsString, Word)>,
    /// How many wrappers it was unwrapped from.
    pub depth: usize,
    /// Files that the same line wrote before it, with their content where that is known; also
    /// `/dev/fd/N` of process substitutions. The last entry for a path counts.
    pub written: std::rc::Rc<Vec<(PathBuf, Stdin)>>,
}

impl Invocation {
    /// A top-level call with literal words.
    pub fn new(program: impl Into<OsString>, args: Vec<OsString>, cwd: PathBuf) -> Self {
        Self {
            program: Word::Literal(program.into()),
            args: args.into_iter().map(Word::Literal).collect(),
            stdin: Stdin::Inherited,
            cwd,
            env: Vec::new(),
            depth: 0,
            written: std::rc::Rc::default(),
        }
    }

    /// The last component of the program's name, which is what grammars go by.
    #[must_use]
    pub fn name(&self) -> OsString {
        let visible = self.program.visible();
        let bytes = visible.as_bytes();
        let start = bytes.iter().rposition(|&byte| byte == b'/').map_or(0, |at| at + 1);
        OsStr::from_bytes(&bytes[start..]).to_owned()
    }
}

/// An operating-system string of exactly these bytes.
#[must_use]
pub fn from_bytes(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}
