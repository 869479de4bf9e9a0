//! Where an action lands: which database, host, repository or project, in which environment, and
//! how that is known.
//!
//! In: connection words, URLs, remotes and folders as the readers found them. Out: a [`Target`].
//! It refuses to know what is done there.

pub mod aws;
pub mod database;
pub mod http;
pub mod kube;
pub mod name;
pub mod railway;
pub mod repository;

/// What kind of place the target's environment is.
#[must_use]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Environment {
    Test,
    Local,
    Development,
    Staging,
    /// Not known; scored as worse than staging.
    #[default]
    Unknown,
    Production,
}

impl Environment {
    /// The word used in verdicts and policy.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Local => "local",
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Unknown => "unknown",
            Self::Production => "production",
        }
    }

    /// The environment of a word, if it is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Test, Self::Local, Self::Development, Self::Staging, Self::Unknown, Self::Production]
            .into_iter()
            .find(|environment| environment.word() == word)
    }
}

/// One place that actions land in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// `postgres`, `http`, `git`, `files`; empty when there is nothing to say.
    pub kind: &'static str,
    /// For people: `app at db.example.com`.
    pub name: String,
    pub environment: Environment,
    /// The environment is known by a name's pattern alone (not by policy or address).
    pub by_name: bool,
    /// How it is known, one line each.
    pub evidence: Vec<String>,
    /// What policy patterns are matched against.
    pub facets: Facets,
}

/// The parts of a target that a policy's `[[environment]]` may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    pub host: Option<String>,
    pub database: Option<String>,
    pub account: Option<String>,
    pub project: Option<String>,
    pub branch: Option<String>,
}
