//! What the name of an operation says that it does: the last segment of a path, a GraphQL root
//! field, an RPC method.
//!
//! In: a name in any spelling. Out: the verb and its impact, or nothing. A verb counts where it
//! leads or ends a name (`deleteUser`, `volumeDelete`, `users/3/delete`); `restoreDeletedUser` and
//! `deletionPolicyUpdate` are led by another.

use crate::action::{Effect, Impact};
use crate::reader::verb::words;

/// What a name claims to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub verb: String,
    pub effect: Effect,
    pub impact: Impact,
}

/// After these something is gone.
const STRONG: &[&str] = &[
    "delete",
    "remove",
    "destroy",
    "purge",
    "drop",
    "wipe",
    "truncate",
    "terminate",
    "erase",
    "nuke",
    "obliterate",
    "expunge",
    "flushall",
    "flushdb",
    "del",
    "rm",
    "decommission",
    "teardown",
    "unlink",
    "shred",
];
/// After these something is less, or off, and can be had again.
const MILD: &[&str] = &[
    "reset",
    "revoke",
    "archive",
    "disable",
    "cancel",
    "clear",
    "prune",
    "flush",
    "rollback",
    "unpublish",
    "evict",
    "deregister",
    "uninstall",
    "kill",
    "empty",
    "void",
    "detach",
    "yank",
    "transfer",
];
/// After these something stands still.
const STOPS: &[&str] = &["shutdown", "stop", "halt", "poweroff", "suspend", "pause", "reboot"];
/// Words in front of or behind a verb that leave it the verb.
const AROUND: &[&str] = &[
    "bulk",
    "batch",
    "admin",
    "force",
    "hard",
    "soft",
    "mass",
    "all",
    "many",
    "multi",
    "multiple",
    "schedule",
    "permanently",
    "permanent",
    "one",
    "my",
    "me",
    "request",
    "do",
    "async",
    "sync",
    "v1",
    "v2",
    "v3",
    "by",
    "id",
    "pk",
    "ids",
    "now",
    "immediately",
    "safe",
];
/// Verbs that make another word the object.
const OTHERS: &[&str] = &[
    "create",
    "update",
    "set",
    "add",
    "get",
    "restore",
    "enable",
    "insert",
    "upsert",
    "send",
    "mark",
    "preview",
    "list",
    "undo",
    "validate",
    "verify",
    "check",
    "track",
    "undelete",
    "unarchive",
    "recover",
    "revert",
    "approve",
    "reject",
    "search",
    "find",
    "query",
    "log",
    "register",
    "subscribe",
    "edit",
    "save",
    "put",
    "post",
    "read",
    "show",
    "count",
    "estimate",
    "prevent",
    "protect",
    "dismiss",
    "rename",
    "copy",
    "export",
    "report",
];
/// What comes back by itself, or is nobody's data.
const HARMLESS: &[&str] = &[
    "cache",
    "caches",
    "password",
    "passwd",
    "email",
    "notification",
    "notifications",
    "cart",
    "draft",
    "reaction",
    "favorite",
    "favourite",
    "like",
    "bookmark",
    "star",
    "filter",
    "form",
    "session",
    "typing",
    "label",
    "search",
];
/// With these a mild verb is no longer mild.
const WHOLE: &[&str] = &[
    "db",
    "database",
    "databases",
    "data",
    "everything",
    "cluster",
    "schema",
    "index",
    "volume",
    "storage",
    "bucket",
    "factory",
    "tenant",
    "backup",
    "backups",
    "snapshot",
    "snapshots",
    "table",
    "collection",
];

/// What a name claims; `around` is what stands before it (the path's other segments).
#[must_use]
pub fn of(name: &str, around: &[String]) -> Option<Claim> {
    let parts = words(name);
    let lead = parts.iter().find(|word| !AROUND.contains(&word.as_str()))?;
    let last = parts.iter().rev().find(|word| !AROUND.contains(&word.as_str()))?;
    let known = |word: &str| STRONG.contains(&word) || MILD.contains(&word) || STOPS.contains(&word);
    if parts.iter().any(|word| word == "restore" || word == "pitr") {
        return restore(&parts, around);
    }
    let undoes =
        last == "cancel" && lead != "cancel" && parts.iter().any(|word| STRONG.contains(&word.as_str()));
    if OTHERS.contains(&lead.as_str()) || undoes {
        return None;
    }
    // A strong verb counts wherever it stands; `volumeDeleteWithBackups` has it in the middle.
    let verb = if known(lead) {
        lead
    } else if known(last) && !OTHERS.contains(&last.as_str()) {
        last
    } else {
        parts
            .iter()
            .find(|word| STRONG.contains(&word.as_str()))
            .filter(|_| !OTHERS.contains(&last.as_str()))?
    };
    let verb = verb.as_str();
    let objects: Vec<&str> = parts
        .iter()
        .map(String::as_str)
        .filter(|word| *word != verb)
        .chain(around.last().map(String::as_str))
        .collect();
    let about = |list: &[&str]| objects.iter().any(|word| list.contains(word));
    let (effect, impact) = if STOPS.contains(&verb) {
        (Effect::Destroy, Impact::Outage)
    } else if about(HARMLESS) {
        (Effect::Write, Impact::Change)
    } else if MILD.contains(&verb) && !about(WHOLE) {
        (Effect::Destroy, Impact::Part)
    } else {
        (Effect::Destroy, Impact::Resource)
    };
    Some(Claim { verb: verb.to_owned(), effect, impact })
}

/// Restoring a backup overwrites what is there; restoring from a bin does not.
fn restore(parts: &[String], around: &[String]) -> Option<Claim> {
    let all = parts.iter().chain(around);
    let over =
        ["backup", "backups", "snapshot", "snapshots", "pitr", "database", "databases", "db", "branches"];
    let led = parts.first().is_some_and(|word| OTHERS.contains(&word.as_str()) && word != "restore");
    (!led && all.into_iter().any(|word| over.contains(&word.as_str()))).then(|| Claim {
        verb: "restore".to_owned(),
        effect: Effect::Destroy,
        impact: Impact::Resource,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_count_where_they_lead_or_end() {
        let table = [
            ("deleteUser", Some(Impact::Resource)),
            ("volumeDelete", Some(Impact::Resource)),
            ("delete_users_by_pk", Some(Impact::Resource)),
            ("bulkDeleteUsers", Some(Impact::Resource)),
            ("databaseDestroyForce", Some(Impact::Resource)),
            ("cancelSubscription", Some(Impact::Part)),
            ("archive", Some(Impact::Part)),
            ("reset-database", Some(Impact::Resource)),
            ("shutdown", Some(Impact::Outage)),
            ("restore-pitr", Some(Impact::Resource)),
            ("resetPassword", Some(Impact::Change)),
            ("purge_cache", Some(Impact::Change)),
            ("restoreDeletedUser", None),
            ("createDeleteRequest", None),
            ("projectScheduleDeleteCancel", None),
            ("updateUser", None),
            ("undeleteUser", None),
            ("deletionPolicyUpdate", None),
            ("users", None),
            ("dropdownUpdate", None),
        ];
        for (name, impact) in table {
            assert_eq!(of(name, &[]).map(|claim| claim.impact), impact, "{name}");
        }
    }
}
