//! The table of agents' marks, compiled from `grammars/agents.toml`; that file says what each means.

/// What a mark is worth; the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// Never there for a person.
    Strong,
    /// There for people too; counts without a foreground terminal.
    Weak,
}

/// Variables that must all hold.
#[derive(Debug)]
pub(super) struct Marker {
    /// Empty: the first variable's value names the agent.
    pub agent: &'static str,
    pub strength: Strength,
    /// Name, and value where it matters; never empty.
    pub conditions: &'static [(&'static str, Option<&'static str>)],
}

impl Marker {
    /// The variable that is shown as evidence.
    pub fn name(&self) -> &'static str {
        self.conditions.first().map_or("", |(name, _)| name)
    }
}

/// The exact name of a process.
#[derive(Debug)]
pub(super) struct Name {
    pub agent: &'static str,
    pub strength: Strength,
    pub process: &'static str,
}

/// A folder that an interpreted script comes from.
#[derive(Debug)]
pub(super) struct Package {
    pub agent: &'static str,
    pub folder: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/agents.rs"));
