//! Who calls: a person at a terminal, an agent, or neither.
//!
//! In: the environment, the ancestors and whether there is a foreground terminal. Out: an [`Actor`]
//! with the evidence for it. It refuses to judge what the caller wants.
//!
//! | found | the caller is |
//! |---|---|
//! | a strong marker, here or in an ancestor's environment | an agent, terminal or not |
//! | an ancestor by an agent's exact name, or out of its package | an agent, terminal or not |
//! | a weak marker or an ambiguous name, no foreground terminal | an agent |
//! | a foreground terminal | a person |
//! | nothing of all that | unattended: an editor's git, a git hook, cron, CI |
//!
//! Evidence only ever makes the caller an agent, which is the strictest reading: nothing that a caller
//! can set or forge makes it a person. The ancestors' environments count, so that `env -u` and `env -i`
//! in front of a command change nothing. Not seen: ancestors outside our process namespace, and what was
//! started by a daemon on the agent's behalf (`at`, a tmux server, `docker exec`).

mod process;
mod table;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use serde::Serialize;

pub use process::{Ancestor, Environ};

use crate::context::Context;
use crate::term;
use table::{MARKERS, Marker, NAMES, PACKAGES, Strength};

/// What kind of caller it is; later is stricter.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// Sits at the terminal that the command was typed on.
    Human,
    /// No terminal and no sign of an agent.
    Unattended,
    Agent,
}

impl ActorKind {
    /// The word used in verdicts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Unattended => "unattended",
            Self::Agent => "agent",
        }
    }

    /// The kind of a word, if it is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Human, Self::Unattended, Self::Agent].into_iter().find(|kind| kind.word() == word)
    }
}

/// The caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Actor {
    pub kind: ActorKind,
    /// The agent's name (`claude-code`), else the kind's word.
    pub name: String,
    /// How it is known, one line each: `env CLAUDE_CODE_CHILD_SESSION`, `ancestor claude`.
    pub evidence: Vec<String>,
}

impl Actor {
    /// A caller that somebody named: `check --actor`, a hook's agent.
    pub fn named(kind: ActorKind, name: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self { kind, name: name.into(), evidence: vec![evidence.into()] }
    }
}

/// Finds out who calls. Reads the environment, `/proc` and the terminal; takes well under a millisecond.
pub fn detect(context: &Context) -> Actor {
    let ancestors = process::ancestors();
    classify(&|name| context.env(name), &ancestors, crate::gate::tty::has_foreground())
}

/// The judgement behind [`detect`], on given facts. `ancestors` come nearest first.
pub fn classify(
    environment: &dyn Fn(&str) -> Option<OsString>,
    ancestors: &[Ancestor],
    foreground_terminal: bool,
) -> Actor {
    let mut signs = own_signs(environment);
    for ancestor in ancestors {
        signs.extend(environ_signs(ancestor));
        signs.extend(name_signs(ancestor));
    }
    let counts = |sign: &&Sign| sign.strength == Strength::Strong || !foreground_terminal;
    // A sign that names the agent goes before one that does not.
    let found = signs.iter().filter(counts).min_by_key(|sign| (sign.strength, sign.unnamed));
    if let Some(found) = found {
        let name = found.agent.clone();
        let mut evidence: Vec<String> = Vec::new();
        for sign in signs.iter().filter(counts) {
            if !evidence.contains(&sign.evidence) && evidence.len() < EVIDENCE_LINES {
                evidence.push(sign.evidence.clone());
            }
        }
        if found.strength == Strength::Weak {
            evidence.push("no foreground terminal".to_owned());
        }
        return Actor { kind: ActorKind::Agent, name, evidence };
    }
    if foreground_terminal {
        Actor::named(ActorKind::Human, "human", "foreground terminal")
    } else {
        Actor::named(ActorKind::Unattended, "unattended", "no foreground terminal, no sign of an agent")
    }
}

/// More lines would repeat what the first ones say.
const EVIDENCE_LINES: usize = 4;

/// One thing that points to an agent.
struct Sign {
    agent: String,
    /// The agent's name is not known; it is only known that there is one.
    unnamed: bool,
    strength: Strength,
    evidence: String,
}

impl Sign {
    fn new(agent: &str, strength: Strength, evidence: String) -> Self {
        Self { agent: agent.to_owned(), unnamed: false, strength, evidence }
    }
}

fn own_signs(environment: &dyn Fn(&str) -> Option<OsString>) -> Vec<Sign> {
    let mut signs = Vec::new();
    for marker in MARKERS {
        if marker.conditions.iter().all(|(name, value)| holds(environment(name).as_deref(), *value)) {
            signs.push(marker_sign(marker, environment(marker.name()).as_deref(), ""));
        }
    }
    signs
}

fn environ_signs(ancestor: &Ancestor) -> Vec<Sign> {
    let environ = &ancestor.environ;
    let mut signs = Vec::new();
    // One pass over the variables; the tables' names are few and differ in length.
    for (name, value) in environ.variables() {
        for marker in MARKERS.iter().filter(|marker| marker.name().as_bytes() == name) {
            let all = marker.conditions.iter().all(|(name, wanted)| holds(environ.get(name), *wanted));
            if all {
                let place = format!(" of {} ({})", ancestor.pid, term::sanitize(&ancestor.comm));
                signs.push(marker_sign(marker, Some(OsStr::from_bytes(value)), &place));
            }
        }
    }
    signs
}

/// True when a variable is set to something that means yes, or to the wanted value.
fn holds(value: Option<&OsStr>, wanted: Option<&str>) -> bool {
    match (value, wanted) {
        (None, _) => false,
        (Some(value), Some(wanted)) => value == wanted,
        (Some(value), None) => !matches!(value.as_bytes(), b"" | b"0" | b"false"),
    }
}

fn marker_sign(marker: &Marker, value: Option<&OsStr>, place: &str) -> Sign {
    let mut sign = Sign::new(marker.agent, marker.strength, format!("env {}{place}", marker.name()));
    if marker.agent.is_empty() {
        sign.unnamed = true;
        sign.agent = self_given_name(&value.unwrap_or_default().to_string_lossy());
    }
    sign
}

/// The agent's name out of `AI_AGENT=name`, `name@version`, `name_1.2_…`.
fn self_given_name(value: &str) -> String {
    let end = value
        .char_indices()
        .find(|&(at, letter)| {
            let version = value[at + letter.len_utf8()..].starts_with(|next: char| next.is_ascii_digit());
            matches!(letter, '@' | ' ' | '/') || (matches!(letter, '_' | '-') && version)
        })
        .map_or(value.len(), |(at, _)| at);
    let name: String = value[..end]
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(*letter))
        .take(40)
        .collect();
    if name.bytes().any(|byte| byte.is_ascii_alphabetic()) { name } else { "agent".to_owned() }
}

fn name_signs(ancestor: &Ancestor) -> Vec<Sign> {
    let mut signs = Vec::new();
    for row in NAMES {
        if ancestor.names().any(|name| name == row.process) {
            let evidence = format!("ancestor {} ({})", row.process, ancestor.pid);
            signs.push(Sign::new(row.agent, row.strength, evidence));
        }
    }
    for row in PACKAGES {
        if ancestor.comes_from(row.folder) {
            let evidence = format!("ancestor out of {} ({})", row.folder, ancestor.pid);
            signs.push(Sign::new(row.agent, Strength::Strong, evidence));
        }
    }
    signs
}

#[cfg(test)]
mod tests;
