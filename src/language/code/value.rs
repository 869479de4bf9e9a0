//! What an expression is worth, as far as it is known before it runs.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use crate::invocation::{Piece, Word};

/// More alternatives than this are not told apart.
const ALTERNATIVES: usize = 64;
/// Nor are they made of more pieces.
const PIECES: usize = 1024;
/// Computed texts are not made longer than this.
const LONGEST: usize = 1 << 14;

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    Text(Word),
    /// A path object.
    Path(Word),
    Number(String),
    Flag(bool),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
    /// A name that nothing here gave a value: a module, what is in it, a parameter.
    Name(String),
    /// Something of a value that is not a name.
    Member(Box<Value>, String),
    /// One of these: a loop's variable.
    Any(Vec<Value>),
    /// Below a fresh temporary folder.
    Temporary,
    /// Only running it would tell; the source.
    Unknown(String),
}

impl Value {
    pub fn text(text: impl Into<OsString>) -> Self {
        Self::Text(Word::Literal(text.into()))
    }

    /// Roughly how much it holds.
    pub fn weight(&self) -> usize {
        match self {
            Self::Text(word) | Self::Path(word) => match word {
                Word::Literal(text) => 1 + text.len() / 16,
                Word::Dynamic(pieces) => 2 + pieces.len() * 2,
            },
            Self::List(items) | Self::Any(items) => 1 + items.iter().map(Self::weight).sum::<usize>(),
            Self::Map(entries) => 1 + entries.iter().map(|(_, value)| value.weight()).sum::<usize>(),
            Self::Member(of, _) => 1 + of.weight(),
            _ => 1,
        }
    }

    /// As a word; what is not known is a piece of it.
    pub fn word(&self) -> Word {
        let unknown = |source: &str| Word::Dynamic(vec![Piece::Unknown(source.to_owned())]);
        match self {
            Self::Text(word) | Self::Path(word) => word.clone(),
            Self::Number(text) => Word::literal(text),
            Self::Name(name) => unknown(name),
            Self::Unknown(source) => unknown(source),
            Self::Temporary => {
                Word::Dynamic(vec![Piece::Unknown("$TMPDIR".to_owned()), Piece::Text(OsString::from("/x"))])
            }
            Self::Member(of, name) => unknown(&format!("{}.{name}", of.word().shown())),
            Self::Any(values) if values.len() == 1 => values[0].word(),
            Self::Flag(_) | Self::List(_) | Self::Map(_) | Self::Any(_) => unknown("…"),
        }
    }

    /// The text, when all of it is known.
    pub fn known(&self) -> Option<String> {
        match self {
            Self::Text(word) | Self::Path(word) => {
                word.known().map(|text| text.to_string_lossy().into_owned())
            }
            Self::Number(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// Every alternative.
    pub fn alternatives(&self) -> Vec<&Self> {
        match self {
            Self::Any(values) => values.iter().collect(),
            other => vec![other],
        }
    }

    /// The items of a list; a lone value is a list of one.
    pub fn items(&self) -> Vec<Self> {
        match self {
            Self::List(items) => items.clone(),
            other => vec![other.clone()],
        }
    }

    /// What a loop over it gives.
    pub fn each(&self) -> Self {
        match self {
            Self::List(items) => Self::Any(items.iter().take(ALTERNATIVES).cloned().collect()),
            Self::Any(values) => Self::Any(values.iter().flat_map(Self::items).take(ALTERNATIVES).collect()),
            Self::Temporary => Self::Temporary,
            other => Self::Unknown(other.word().shown()),
        }
    }

    /// An entry of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// `self + other`, put together with `between`.
    pub fn joined(&self, between: &str, other: &Self) -> Self {
        if let (Self::List(left), Self::List(right)) = (self, other) {
            return Self::List(left.iter().chain(right).cloned().collect());
        }
        if matches!(self, Self::Temporary) || (matches!(other, Self::Temporary) && !between.is_empty()) {
            let leaves = other.known().is_some_and(|text| text.contains(".."));
            return if leaves { Self::Unknown("…".to_owned()) } else { Self::Temporary };
        }
        if let Self::Any(values) = self {
            return Self::Any(values.iter().map(|value| value.joined(between, other)).collect());
        }
        if let Self::Any(values) = other {
            return Self::Any(values.iter().map(|value| self.joined(between, value)).collect());
        }
        let mut pieces = pieces(self.word());
        if !between.is_empty() && !self.word().visible().as_bytes().ends_with(b"/") {
            pieces.push(Piece::Text(between.into()));
        }
        pieces.extend(self::pieces(other.word()));
        let word = assembled(pieces);
        if matches!(self, Self::Path(_)) { Self::Path(word) } else { Self::Text(word) }
    }

    /// A path below this one.
    pub fn below(&self, other: &Self) -> Self {
        // An absolute second part replaces the first.
        if let Some(text) = other.known()
            && text.starts_with('/')
        {
            return if matches!(self, Self::Path(_)) {
                Self::Path(Word::literal(&text))
            } else {
                Self::text(text)
            };
        }
        self.joined("/", other)
    }
}

fn pieces(word: Word) -> Vec<Piece> {
    match word {
        Word::Literal(text) => vec![Piece::Text(text)],
        Word::Dynamic(pieces) => pieces,
    }
}

/// A word of pieces: a literal when all are known.
pub fn assembled(pieces: Vec<Piece>) -> Word {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        if out.len() == PIECES {
            out.push(Piece::Unknown("…".to_owned()));
            break;
        }
        match (out.last_mut(), piece) {
            (Some(Piece::Text(before)), Piece::Text(text)) if before.len() + text.len() <= LONGEST => {
                before.push(text);
            }
            // Over the bound: not followed, and so not known.
            (Some(Piece::Text(_)), Piece::Text(_)) => out.push(Piece::Unknown("…".to_owned())),
            (_, piece) => out.push(piece),
        }
    }
    if out.iter().any(|piece| matches!(piece, Piece::Unknown(_))) {
        return Word::Dynamic(out);
    }
    match out.pop() {
        Some(Piece::Text(text)) => Word::Literal(text),
        _ => Word::Literal(OsString::new()),
    }
}
