//! What an unknown subcommand, operation or mutation does, by its words.
//!
//! | words | becomes |
//! |---|---|
//! | `delete-db-cluster`, `volumeDelete`, `db:drop`: a verb leads or ends the name | a destructive action |
//! | `migrate reset`, `db reset`: a mild verb after a word for data | the same |
//! | anything else, programs that only print or search | nothing |
//!
//! It refuses to look at options, values and free text: words are not deeds.

use crate::action::{Action, Effect, Impact};
use crate::invocation::{Invocation, Word};

/// Verbs after which something is gone for good.
const DESTROYING: &[&str] = &[
    "delete",
    "destroy",
    "drop",
    "purge",
    "wipe",
    "truncate",
    "terminate",
    "obliterate",
    "nuke",
    "flushall",
    "flushdb",
    "erase",
    "expunge",
    "dropdb",
];

/// Verbs that only destroy when they are about data or come from an API.
const MILD: &[&str] = &[
    "remove",
    "rm",
    "reset",
    "revoke",
    "archive",
    "disable",
    "cancel",
    "transfer",
    "flush",
    "clear",
    "empty",
    "rollback",
    "deregister",
    "decommission",
    "teardown",
    "unpublish",
    "evict",
    "fresh",
];

/// Words for data that make a mild verb a destructive one.
const DATA: &[&str] = &[
    "db",
    "database",
    "databases",
    "migrate",
    "migration",
    "migrations",
    "schema",
    "volume",
    "volumes",
    "bucket",
    "buckets",
    "table",
    "tables",
    "cluster",
    "instance",
    "backup",
    "backups",
    "snapshot",
    "snapshots",
    "secret",
    "secrets",
    "branch",
    "project",
    "environment",
    "app",
    "apps",
    "store",
];

/// Programs whose words are text to print, search or show.
const TEXT: &[&str] = &[
    "echo",
    "printf",
    "cat",
    "grep",
    "egrep",
    "fgrep",
    "rg",
    "ag",
    "ack",
    "head",
    "tail",
    "less",
    "more",
    "man",
    "info",
    "apropos",
    "whatis",
    "which",
    "type",
    "whereis",
    "ls",
    "tree",
    "wc",
    "sort",
    "uniq",
    "cut",
    "tr",
    "diff",
    "cmp",
    "comm",
    "file",
    "stat",
    "du",
    "df",
    "ps",
    "printenv",
    "date",
    "sleep",
    "true",
    "false",
    "test",
    "[",
    "pwd",
    "whoami",
    "id",
    "uname",
    "hostname",
    "jq",
    "yq",
    "xxd",
    "od",
    "strings",
    "basename",
    "dirname",
    "realpath",
    "readlink",
    "seq",
    "tee",
    "history",
    "say",
    "notify-send",
    "figlet",
    "cowsay",
    "column",
    "paste",
    "join",
    "fold",
    "fmt",
    "nl",
    "rev",
    "tac",
    "expr",
    "sed",
    "awk",
    "gawk",
    "mawk",
    "find",
    "fd",
    "locate",
    "touch",
    "mkdir",
    "cp",
    "ln",
    "pytest",
    "jest",
    "vitest",
    "make",
    "ninja",
    "code",
    "vim",
    "vi",
    "nvim",
    "nano",
    "emacs",
    "open",
    "xdg-open",
    "sleep",
    "tar",
    "zip",
    "unzip",
    "gzip",
    "gunzip",
    "md5sum",
    "sha256sum",
    "base64",
    "yes",
    "logger",
    "mail",
    "wall",
    "write",
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

/// True when the name of an operation of an API says that something goes: a verb leads or ends it.
#[must_use]
pub fn destroys(name: &str) -> bool {
    let parts = words(name);
    let ends = [parts.first(), parts.last()];
    ends.into_iter()
        .flatten()
        .any(|part| DESTROYING.contains(&part.as_str()) || MILD.contains(&part.as_str()))
}

/// True when the verb only stops, hides or moves what it is about.
#[must_use]
pub fn is_mild(name: &str) -> bool {
    let parts = words(name);
    !parts.iter().any(|part| DESTROYING.contains(&part.as_str()))
        && parts
            .iter()
            .any(|part| matches!(part.as_str(), "disable" | "cancel" | "archive" | "revoke" | "rollback"))
}

/// The action that the words of a subcommand suggest.
#[must_use]
pub fn action(program: &str, command: &[String]) -> Option<Action> {
    // A cache is filled again.
    if command.iter().take(3).any(|word| word == "cache") {
        return None;
    }
    let verb = command.iter().take(3).enumerate().find_map(|(index, word)| {
        // `apps:destroy` is one command of several words; further on a colon belongs to a name.
        let word = if index == 0 { word.replace(':', "-") } else { word.clone() };
        let parts: Vec<&str> = word.split('-').collect();
        let mut ends = [parts.first(), parts.last()].into_iter().flatten();
        if let Some(verb) = ends.clone().find(|part| DESTROYING.contains(*part)) {
            return Some((*verb).to_owned());
        }
        let mild = ends.find(|part| MILD.contains(*part))?;
        let before = command[..index].iter().flat_map(|word| word.split([':', '-']));
        let after = command.get(index + 1).map(String::as_str);
        let about_data = before.chain(parts.iter().copied()).chain(after).any(|word| DATA.contains(&word));
        about_data.then(|| (*mild).to_owned())
    })?;
    let words = command.join(" ");
    Some(
        Action::new(Effect::Destroy, Impact::Resource, format!("{program}.verb-{verb}"), words.clone())
            .object(words)
            .undo("none")
            .advice("look at what it would remove first: most programs have a dry run or a list command"),
    )
}

/// A program without a grammar, by the words where a subcommand would stand.
#[must_use]
pub fn unknown_program(program: &str, args: &[Word]) -> Vec<Action> {
    if TEXT.contains(&program) {
        return Vec::new();
    }
    let mut command = Vec::new();
    let mut after_option = false;
    for word in args {
        let Some(text) = word.known().and_then(std::ffi::OsStr::to_str) else { break };
        if text == "help" && command.is_empty() {
            return Vec::new();
        }
        // Which options take a value is not known: the word behind one may be that.
        let may_be_value = after_option;
        after_option = text.starts_with('-') && !text.contains('=');
        if text.starts_with('-') || may_be_value {
            continue;
        }
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b":-".contains(&byte);
        if text.is_empty() || !text.bytes().all(is_word) || command.len() == 3 {
            break;
        }
        command.push(text.to_owned());
    }
    let safe = ["--help", "-h", "--dry-run", "--dryrun", "--generate-cli-skeleton"];
    let is_safe = |word: &Word| word.known().is_some_and(|text| safe.iter().any(|safe| text == *safe));
    if args.iter().any(is_safe) {
        return Vec::new();
    }
    action(program, &command).into_iter().collect()
}

/// A command whose name is known only when the line runs: what its words would do to files.
#[must_use]
pub fn unresolved_program(invocation: &Invocation) -> Option<Action> {
    let flags = invocation.args.iter().filter_map(Word::known).filter_map(std::ffi::OsStr::to_str);
    let forceful = flags.into_iter().any(|flag| {
        let letters = flag.strip_prefix('-').filter(|rest| !rest.starts_with('-')).unwrap_or_default();
        (letters.contains(['r', 'R']) && letters.contains('f')) || flag == "--recursive" || flag == "--force"
    });
    forceful.then(|| Action::unread("line.unresolved-program", invocation.program.shown()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_operations() {
        for (name, expected) in [
            ("volumeDelete", true),
            ("deleteProject", true),
            ("databaseDelete", true),
            ("DeleteDBInstance", true),
            ("projectScheduleDelete", true),
            ("serviceUpdate", false),
            ("undeleteProject", false),
            ("deletedItems", false),
            ("createDeletionRequest", false),
        ] {
            assert_eq!(destroys(name), expected, "{name}");
        }
    }

    #[test]
    fn programs_without_a_grammar() {
        for (line, expected) in [
            ("terraform destroy -auto-approve", true),
            ("kubectl delete ns prod", true),
            ("supabase db reset", true),
            ("prisma migrate reset --force", true),
            ("heroku apps:destroy -a x", true),
            ("rails db:drop", true),
            ("gcloud sql instances delete main", true),
            ("npm remove lodash", false),
            ("cargo clean", false),
            ("cargo test delete_user", false),
            ("grep delete src", false),
            ("kubectl get pods", false),
            ("terraform destroy --help", false),
            ("docker rm web", false),
            ("kubectl -n prod delete pod x", true),
            ("python -m pytest -k delete", false),
            ("aws iam get-user --user-name delete-bot", false),
            ("redis-cli get deleted:flushall", false),
            ("terraform show -json destroy.tfplan", false),
        ] {
            let words = shell_words::split(line).unwrap_or_default();
            let args: Vec<Word> = words[1..].iter().map(|word| Word::literal(word.clone())).collect();
            assert_eq!(!unknown_program(&words[0], &args).is_empty(), expected, "{line}");
        }
    }
}
