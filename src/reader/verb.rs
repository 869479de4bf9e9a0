//! What an unknown subcommand, operation or mutation does, by its words.
//!
//! In: the words of a name (`delete-db-cluster`, `volumeDelete`, `db reset`). Out: the effect that
//! its verb suggests, or nothing when no word is a known verb.

use crate::action::{Action, Effect, Impact};

/// Verbs after which something is gone, ended or cut off.
const DESTROYING: &[&str] = &[
    "delete", "remove", "rm", "destroy", "purge", "drop", "reset", "revoke", "wipe", "truncate",
    "archive", "disable", "cancel", "terminate", "transfer", "erase", "flush", "nuke", "teardown",
    "uninstall", "prune", "clean", "down", "unpublish", "yank", "empty", "clear", "kill", "rollback",
    "flushall", "flushdb", "obliterate", "shred", "decommission", "deregister", "evict", "expunge",
    "fresh", "refresh-destroy", "del", "unlink", "overwrite",
];

/// Verbs whose loss comes back or is small: they stop, detach or tidy.
const MILD: &[&str] = &[
    "disable", "cancel", "archive", "revoke", "down", "uninstall", "clean", "clear", "prune", "reset",
    "transfer", "kill", "rollback", "unlink", "evict", "flush",
];

/// The lower-case words of a name in any of the usual spellings.
#[must_use]
pub fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous_lower = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() {
            words.push(String::new());
            previous_lower = false;
            continue;
        }
        if letter.is_uppercase() && previous_lower {
            words.push(String::new());
        }
        previous_lower = letter.is_lowercase() || letter.is_numeric();
        if let Some(last) = words.last_mut() {
            last.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// True when a word of the name is a verb after which something is gone.
#[must_use]
pub fn destroys(name: &str) -> bool {
    words(name).iter().any(|word| DESTROYING.contains(&word.as_str()))
}

/// The action that the words of a subcommand suggest.
pub fn action(program: &str, command: &[String]) -> Option<Action> {
    let verb = command.iter().find_map(|word| {
        let parts = words(word);
        // `list-deleted` or `describe-removal` are nouns: the verb leads or ends a name.
        let ends = [parts.first(), parts.last()];
        ends.into_iter().flatten().find(|part| DESTROYING.contains(&part.as_str())).cloned()
    })?;
    let impact = if MILD.contains(&verb.as_str()) { Impact::Part } else { Impact::Resource };
    Some(
        Action::new(Effect::Destroy, impact, format!("{program}.verb-{verb}"), command.join(" "))
            .object(command.join(" ")),
    )
}
