//! The high-level `s3` commands: paths with `s3://` are in the account, others on this machine.
//!
//! | command | becomes |
//! |---|---|
//! | `rm URI` / `--recursive` | one object / every object under the prefix |
//! | `rb` / `--force` | an empty bucket / the bucket with its objects |
//! | `mv` | its source goes, a copy stands at the destination |
//! | `sync --delete` | what the source lacks goes at the destination, which may be a local folder |
//! | `cp`, `sync`, `mb`, `website` | a write |
//! | `--dryrun`, filters that leave nothing, `ls`, `presign` | nothing |

use crate::action::{Action, Effect, Impact, Question};
use crate::assess::Severity;
use crate::invocation::Word;
use crate::reader::Call;

use super::argv::{Line, leads_unknown};

/// What the command does.
pub fn actions(command: &str, line: &Line, call: &Call) -> Vec<Action> {
    let paths: Vec<&Word> = line.operands.iter().skip(2).map(|(_, word)| word).collect();
    if line.has("dryrun") || matches!(command, "" | "ls" | "presign") {
        return Vec::new();
    }
    let nothing = excludes_all(line);
    let mut actions = match command {
        "rm" if nothing => Vec::new(),
        "rm" if line.has("recursive") => vec![many("rm --recursive", filtered(line))],
        "rm" => vec![one("rm")],
        "rb" if line.has("force") => vec![many("rb --force", "the bucket with every object".to_owned())],
        "rb" => vec![
            Action::new(Effect::Destroy, Impact::Part, "aws.s3-rb", "rb")
                .scope("an empty bucket")
                .undo("the name may be taken by others"),
        ],
        "mv" if nothing => Vec::new(),
        "mv" => vec![moved(line, paths.first().copied())],
        "sync" if nothing => vec![write(command)],
        "sync" if line.has("delete") => vec![mirror(line, paths.get(1).copied(), call)],
        "sync" | "cp" if paths.iter().skip(2).any(|word| leads_unknown(word)) => {
            vec![Action::unread("aws.s3-sync", "options known only when the line runs")]
        }
        "website" => vec![Action::new(Effect::Permission, Impact::Change, "aws.s3-website", "website")],
        "cp" | "sync" | "mb" => vec![write(command)],
        unknown => vec![unknown_command(unknown)],
    };
    let shown: Vec<String> = paths.iter().map(|word| word.shown()).collect();
    for action in actions.iter_mut().filter(|action| action.object.is_empty()) {
        action.object = match command {
            "sync" => shown.last().cloned().unwrap_or_default(),
            _ => shown.first().cloned().unwrap_or_default(),
        };
    }
    actions
}

fn write(command: &str) -> Action {
    Action::new(Effect::Write, Impact::Change, format!("aws.s3-{command}"), command.to_owned())
}

fn one(verb: &'static str) -> Action {
    Action::new(Effect::Destroy, Impact::Part, "aws.s3-rm", verb)
        .scope("one object")
        .undo("only where the bucket is versioned")
        .advice("look first: add --dryrun")
}

fn many(verb: &'static str, scope: String) -> Action {
    let rule = if verb.starts_with("rb") { "aws.s3-rb" } else { "aws.s3-rm" };
    Action::new(Effect::Destroy, Impact::Resource, rule, verb)
        .scope(scope)
        .undo("only where the bucket is versioned")
        .advice(if rule == "aws.s3-rm" {
            "look first: add --dryrun"
        } else {
            "list it first: aws s3 ls --recursive --summarize s3://BUCKET"
        })
}

fn moved(line: &Line, source: Option<&Word>) -> Action {
    let remote = source.is_none_or(is_remote);
    let impact = if remote || line.has("recursive") { Impact::Part } else { Impact::Change };
    let effect = if impact == Impact::Change { Effect::Write } else { Effect::Destroy };
    Action::new(effect, impact, "aws.s3-mv", "mv")
        .scope(if line.has("recursive") { filtered(line) } else { "one object".to_owned() })
        .undo("move it back; what stood at the destination is overwritten")
        .advice("copy it (aws s3 cp) and remove the source later")
}

fn mirror(line: &Line, destination: Option<&Word>, call: &Call) -> Action {
    let action = Action::new(Effect::Destroy, Impact::Resource, "aws.s3-sync", "sync --delete")
        .scope("everything there that the source lacks")
        .advice("look first: add --dryrun");
    match destination {
        Some(word) if !is_remote(word) => {
            let mut local = action.undo("none");
            local.impact = Impact::Fixed(Severity::High);
            match word.known() {
                Some(path) => local.question(Question::Remove {
                    path: call.path(path),
                    recursive: true,
                    cwd: call.path(std::ffi::OsStr::new("")),
                }),
                None => local,
            }
        }
        _ => {
            let scope = filters(line);
            let undone = action.undo("only where the bucket is versioned");
            if scope.is_empty() { undone } else { undone.scope(format!("what the source lacks, {scope}")) }
        }
    }
}

/// A path in the account, or one that may be.
fn is_remote(word: &Word) -> bool {
    leads_unknown(word) || word.visible().to_string_lossy().starts_with("s3://")
}

/// `--include` and `--exclude` in order: the last that matches a key decides. True when the last
/// of them excludes everything.
fn excludes_all(line: &Line) -> bool {
    let last = line.own().rfind(|given| matches!(given.name.as_str(), "include" | "exclude"));
    last.is_some_and(|given| {
        given.name == "exclude"
            && given.values.first().is_some_and(|word| word.known().is_some_and(|text| text == "*"))
    })
}

fn filters(line: &Line) -> String {
    let shown: Vec<String> = line
        .own()
        .filter(|given| matches!(given.name.as_str(), "include" | "exclude"))
        .map(|given| {
            let pattern = given.values.first().map(Word::shown).unwrap_or_default();
            format!("{} {pattern}", given.name)
        })
        .collect();
    shown.join(", ")
}

fn filtered(line: &Line) -> String {
    match filters(line) {
        none if none.is_empty() => "every object under the prefix".to_owned(),
        filters => format!("every object under the prefix, {filters}"),
    }
}

/// A newer command, by its verb.
fn unknown_command(command: &str) -> Action {
    let nominal = super::table::nominal("s3", command);
    let (effect, impact) = super::by_verb(nominal, command);
    Action::new(effect, impact, format!("aws.s3-{command}"), command.to_owned())
}
