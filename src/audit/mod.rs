//! The record of what was asked and what became of it: JSON Lines that are only ever added to.
//!
//! In: a [`Record`]. Out: one line in `audit.jsonl`, written before the program starts. It refuses to
//! write secrets: words and texts are redacted here, not by the caller.
//!
//! Where: `$XDG_STATE_HOME/agentguard`, else `.local/state/agentguard` under the account's home; the
//! folder is the owner's alone (0700), so are the files (0600).
//!
//! Each line names the SHA-256 of the line before it, so that a line that was changed or taken out
//! shows. That is evidence, not protection: who can write the file can write a new chain.
//!
//! At 8 MiB the file becomes `audit.1.jsonl`, up to `audit.5.jsonl`; the chain goes on across files.

mod read;
mod write;

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

pub use read::{Link, Records, Stored, last, records};
pub use write::append;

use crate::actor::Actor;
use crate::context::Context;
use crate::gate::random;
use crate::term;

/// The file that is written to.
const CURRENT: &str = "audit.jsonl";

/// How many older files are kept.
const KEPT: u32 = 5;

/// A file of this size is put away, in bytes.
const ROTATE_AT: u64 = 8 << 20;

/// What the first line of all names as the one before it.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What became of the invocation.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Allowed, and handed to the real program.
    Ran,
    /// Refused without a question.
    Refused,
    /// A person gave the right answer.
    AllowedOnce,
    /// A person gave another one.
    Declined,
    /// Nobody answered in time.
    Unanswered,
    /// There was nobody to ask.
    Unavailable,
    /// Allowed by a person's earlier approval of this very invocation.
    Granted,
    /// A judgement was asked for, nothing was run.
    Judged,
    /// A failure of ours; nothing was run.
    Failed,
}

/// The place that the worst action lands in.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Place {
    pub kind: String,
    pub name: String,
    pub environment: String,
}

/// One line's content, as the caller knows it: plain texts, which [`append`] makes fit to be kept.
/// Sequence number, time and chain are added there.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// See [`request_id`].
    pub id: String,
    /// `shim`, `check`, `hook`, …
    pub door: String,
    /// The program's name.
    pub program: String,
    /// All words, program first.
    pub argv: Vec<String>,
    pub cwd: String,
    pub actor: Actor,
    /// `allow`, `ask`, `refuse`
    pub decision: String,
    pub outcome: Outcome,
    /// 0–100
    pub score: u8,
    /// `none` … `critical`
    pub severity: String,
    /// The rule that decided: `psql.drop-table`.
    pub rule: String,
    pub target: Place,
    pub reasons: Vec<String>,
}

/// Longer words and texts are cut in a record, in characters.
const TEXT: usize = 4096;

/// Secrets are looked for in this much of a word, in characters: more than is kept, so that one that
/// begins in what is kept is seen whole.
const LOOK: usize = 4 * TEXT;

/// Longer argument lists are cut, in words; together with [`TEXT`] and [`LINE`] a line stays readable.
const WORDS: usize = 256;

/// The sum of a record's words, in bytes.
const LINE: usize = 64 << 10;

impl Record {
    /// The same, without secrets and control characters, and of bounded size.
    fn cleaned(&self) -> Self {
        let mut actor = self.actor.clone();
        actor.name = clean(&actor.name);
        actor.evidence = actor.evidence.iter().map(|line| clean(line)).collect();
        Self {
            id: clean(&self.id),
            door: clean(&self.door),
            program: clean(&self.program),
            argv: cut(&term::redact_words(
                &self.argv.iter().map(|word| term::shorten(word, LOOK)).collect::<Vec<_>>(),
            )),
            cwd: clean(&self.cwd),
            actor,
            decision: clean(&self.decision),
            outcome: self.outcome,
            score: self.score,
            severity: clean(&self.severity),
            rule: clean(&self.rule),
            target: Place {
                kind: clean(&self.target.kind),
                name: clean(&self.target.name),
                environment: clean(&self.target.environment),
            },
            reasons: cut(&self.reasons.iter().map(|reason| term::redact(reason)).collect::<Vec<_>>()),
        }
    }
}

fn clean(text: &str) -> String {
    term::clean(text, TEXT)
}

/// Words that are redacted already, sanitised and bounded; the last one says how many are missing.
fn cut(words: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut bytes = 0;
    for (index, word) in words.iter().enumerate() {
        let word = term::shorten(&term::sanitize(word), TEXT);
        bytes += word.len();
        if index == WORDS || bytes > LINE {
            kept.push(format!("… {} more", words.len() - index));
            break;
        }
        kept.push(word);
    }
    kept
}

/// Why a record was not written.
#[derive(Debug)]
pub enum AuditError {
    /// Nobody knows where this account's home is.
    NoHome,
    /// Another process holds the file.
    Busy(PathBuf),
    /// The system's answer for a file or folder.
    Io(PathBuf, io::Error),
}

impl AuditError {
    /// What can be done about it, one line.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NoHome => "set HOME, or add the account to /etc/passwd",
            Self::Busy(_) => "another agentguard holds the file; look for one that is stopped",
            Self::Io(..) => "check that the folder exists, is yours, and has room",
        }
    }
}

impl std::fmt::Display for AuditError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoHome => write!(out, "no home folder for the audit log"),
            Self::Busy(path) => write!(out, "{}: locked for too long", term::sanitize_os(path.as_os_str())),
            Self::Io(path, error) => write!(out, "{}: {error}", term::sanitize_os(path.as_os_str())),
        }
    }
}

impl std::error::Error for AuditError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(_, error) => Some(error),
            Self::NoHome | Self::Busy(_) => None,
        }
    }
}

/// The folder that holds the log.
///
/// # Errors
/// When the account has no home.
pub fn folder(context: &Context) -> Result<PathBuf, AuditError> {
    // The specification says that a relative path is to be ignored.
    if let Some(state) = context.env("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()) {
        return Ok(state.join("agentguard"));
    }
    // HOME only where the password database has no entry: it can be set by anybody.
    let home = context.account().map(|account| account.home.clone()).or_else(|| context.home());
    let home = home.filter(|home| home.is_absolute()).ok_or(AuditError::NoHome)?;
    Ok(home.join(".local/state/agentguard"))
}

/// The files in the order in which they were written, oldest first; some may not exist.
fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    (1..=KEPT).rev().map(|number| archive(folder, number)).chain([folder.join(CURRENT)])
}

fn archive(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("audit.{number}.jsonl"))
}

/// A new request id: `7f3k-q2`. Short enough to be read out, random enough (30 bits) not to be met again
/// among the open ones; it is a name, not a secret.
#[must_use]
pub fn request_id() -> String {
    let text = random::letters(random::READABLE, 6).unwrap_or_else(|| {
        // A kernel without random bytes: unlike each other is enough for a name.
        let mut number =
            u64::from(std::process::id()) << 20 ^ u64::try_from(write::now().as_micros()).unwrap_or(7);
        let base = random::READABLE.len() as u64;
        (0..6)
            .map(|_| {
                let digit = usize::try_from(number % base).unwrap_or(0);
                number /= base;
                char::from(random::READABLE[digit])
            })
            .collect()
    });
    format!("{}-{}", &text[..4], &text[4..])
}

/// True for what [`request_id`] makes.
#[must_use]
pub fn is_request_id(text: &OsStr) -> bool {
    let bytes = text.as_encoded_bytes();
    bytes.len() == 7
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if at == 4 { *byte == b'-' } else { random::READABLE.contains(byte) })
}

#[cfg(test)]
mod tests;
