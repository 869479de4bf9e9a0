//! What is assumed where nothing can be looked at: the thing exists and matters.
//!
//! In: a question. Out: the worst state it could meet; where the calibration says that already, no
//! severity of its own.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::action::GitLoss;
use crate::assess::Severity;
use crate::measure::State;
use crate::target::repository::is_protected;

/// The worst that a question could meet.
pub(super) fn worst(kind: GitLoss, operands: &[OsString], reason: &str) -> State {
    let severity = match kind {
        GitLoss::ResetHard
        | GitLoss::ForceCheckout
        | GitLoss::StashClear
        | GitLoss::WorktreeRemove
        | GitLoss::SubmoduleDiscard => Some(Severity::High),
        GitLoss::Restore | GitLoss::RemoveTracked => Some(paths(operands.get(1..).unwrap_or_default())),
        GitLoss::CheckoutWord => Some(match operands.first() {
            Some(word) if is_plain_name(word) => Severity::Low,
            _ => paths(operands),
        }),
        GitLoss::CheckoutWords => {
            let first_is_path =
                operands.first().is_some_and(|word| is_one_file(word) && !is_plain_name(word));
            Some(paths(if first_is_path { operands } else { operands.get(1..).unwrap_or_default() }))
        }
        // Without force git refuses; only a setting says otherwise.
        GitLoss::Clean if !operands.iter().take_while(|word| *word != "--").any(|word| word == "-f") => {
            Some(Severity::None)
        }
        GitLoss::Clean => Some(Severity::High),
        GitLoss::StashDrop | GitLoss::BranchDelete | GitLoss::TagDelete | GitLoss::MoveOver => {
            Some(Severity::Medium)
        }
        GitLoss::PushForce => Some(push(operands)),
        GitLoss::RefDelete | GitLoss::RefMove | GitLoss::Push | GitLoss::Abort => None,
    };
    State { severity, reason: reason.to_owned(), ..State::default() }
}

/// Changes in one file are less than in several, a folder or a pattern.
fn paths(paths: &[OsString]) -> Severity {
    match paths {
        [path] if is_one_file(path) => Severity::Medium,
        _ => Severity::High,
    }
}

/// True for what can only be one file: an extension or a well-known kind of name (`Makefile`).
pub(super) fn is_one_file(path: &OsStr) -> bool {
    let bytes = path.as_bytes();
    if bytes.is_empty()
        || bytes.ends_with(b"/")
        || bytes.starts_with(b":")
        || bytes.iter().any(|byte| b"*?[".contains(byte))
    {
        return false;
    }
    let name = bytes.rsplit(|&byte| byte == b'/').next().unwrap_or(bytes);
    if name == b"." || name == b".." {
        return false;
    }
    has_extension(name) || name.starts_with(b".") || name.first().is_some_and(u8::is_ascii_uppercase)
}

/// A branch's name as likely as any: no pattern, no extension, no `.` or trailing slash.
fn is_plain_name(word: &OsStr) -> bool {
    let bytes = word.as_bytes();
    let odd = bytes.is_empty()
        || bytes.ends_with(b"/")
        || bytes.starts_with(b".")
        || bytes.starts_with(b":")
        || bytes.iter().any(|byte| b"*?[".contains(byte));
    let name = bytes.rsplit(|&byte| byte == b'/').next().unwrap_or(bytes);
    !odd && !has_extension(name)
}

/// `main.rs`, `index.test.tsx`; `v1.2` and `release-2.0` have none.
fn has_extension(name: &[u8]) -> bool {
    name.iter().rposition(|&byte| byte == b'.').is_some_and(|at| {
        let ending = &name[at + 1..];
        at > 0
            && (1..=5).contains(&ending.len())
            && ending[0].is_ascii_lowercase()
            && ending.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            // `v2.x`, `release-1.2.rc1` are versions.
            && !(name[at - 1].is_ascii_digit() && (ending == b"x" || ending.iter().any(u8::is_ascii_digit)))
    })
}

/// By the names that a push changes; nothing named: the current branch, which could be any.
pub(super) fn push(operands: &[OsString]) -> Severity {
    let mode = operands.first().map(|mode| mode.to_string_lossy().into_owned()).unwrap_or_default();
    let names = operands.get(2..).unwrap_or_default();
    if mode == "all" {
        return Severity::High;
    }
    if names.is_empty() {
        return if mode == "lease" { Severity::Low } else { Severity::High };
    }
    names.iter().map(|name| push_name(&mode, &name.to_string_lossy(), None)).max().unwrap_or(Severity::Medium)
}

/// One `SRC:DST` or `DST`. `current` is the branch that `HEAD` stands for.
pub(super) fn push_name(mode: &str, name: &str, current: Option<&str>) -> Severity {
    let name = name.rsplit(':').next().unwrap_or(name);
    let name = name.strip_prefix("refs/heads/").unwrap_or(name);
    let name = if name == "HEAD" || name == "@" { current.unwrap_or("") } else { name };
    if name.contains('*') && !name.starts_with("refs/tags/") {
        return Severity::High;
    }
    match (is_protected(name), mode) {
        (true, _) => Severity::High,
        // An unknown name could be the default branch, but a lease refuses what others pushed.
        (false, "lease") => Severity::Low,
        (false, _) if name.is_empty() => Severity::High,
        (false, _) => Severity::Medium,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_branches_are_told_apart_by_their_names() {
        for name in ["src/main.rs", "README", "package.json", "a/b/index.test.tsx", ".gitignore"] {
            assert!(is_one_file(OsStr::new(name)), "{name}");
        }
        for name in [".", "src", "src/", "*.rs", ":/", "src/..", ""] {
            assert!(!is_one_file(OsStr::new(name)), "{name}");
        }
        for name in ["main", "feat/x", "v1.2", "release-2.x", "v1.0.rc1", "HEAD~1"] {
            assert!(is_plain_name(OsStr::new(name)), "{name}");
        }
        for name in ["app.js", ".", "./x", "src/", "*.c"] {
            assert!(!is_plain_name(OsStr::new(name)), "{name}");
        }
    }
}
