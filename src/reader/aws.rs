//! The AWS CLI: some 19,000 operations, read by their verbs, their exceptions and curated rows.
//!
//! | line | becomes |
//! |---|---|
//! | an alias of `~/.aws/cli/alias` | its words in its place; `!text` a shell line |
//! | `help`, `--version`, `--generate-cli-skeleton`, `--dry-run` where it exists | nothing |
//! | `s3 rm`, `rb`, `mv`, `sync`, `cp` | by their operands and flags (`s3`) |
//! | an operation that reads | nothing |
//! | an operation with a curated row whose condition holds | that row's action |
//! | the same where the deciding value cannot be read | unknown |
//! | any other operation | by the kind of its verb and whether its noun holds data |
//! | SQL and shell text inside a request | as SQL, as shell lines (`carried`) |
//!
//! Where it lands is `target::aws`. It refuses to know the option lists of single operations.

mod alias;
pub mod argv;
mod carried;
pub mod request;
mod s3;
mod secret;
pub mod table;

use crate::action::{Action, Effect, Impact};
use crate::grammar::bind::Binding;
use crate::invocation::Word;
use crate::reader::{Call, Nest, Reading, Shell};
use crate::target::aws::Origin;
use argv::Line;
use request::{Answer, Request};
use table::{Kind, Nominal, Row};

/// Everything that the line does, with where it lands.
#[must_use]
pub fn read(binding: &Binding, call: &Call) -> Reading {
    let grammar = binding.grammar;
    let words = match alias::expand(&call.invocation.args, grammar, call) {
        alias::Expanded::Words(words) => words,
        alias::Expanded::Shell(text) => return shell(text, call),
        alias::Expanded::Unread(why) => return Reading::of(vec![Action::unread("aws.alias", why)]),
    };
    let line = argv::split(&words, &grammar.root, grammar.commands);
    if line.has("version") || is_help(&line) {
        return Reading::default();
    }
    let (service, operation) = (line.word(0), line.word(1));
    if let Some((_, dynamic)) = line.operands.iter().take(2).find(|(_, word)| word.is_dynamic()) {
        return Reading::of(vec![Action::unread("aws.dynamic", dynamic.shown())]);
    }
    let mut actions = match service.as_str() {
        "" => Vec::new(),
        "s3" => s3::actions(&operation, &line, call),
        // These change files of the CLI itself.
        "configure" | "login" | "logout" | "history" | "sso" => own(&service, &operation),
        _ => operation_actions(&service, &operation, &line, call),
    };
    for action in actions.iter_mut().filter(|action| action.text.is_empty()) {
        action.text = secret::shown(&words, &line, call);
    }
    if actions.iter().any(|action| action.effect != Effect::Read) {
        let target = crate::target::aws::resolve(&Origin::of(&line, &service), call);
        for action in actions.iter_mut().filter(|action| action.target.kind.is_empty()) {
            // A local path that `s3 sync --delete` or `s3 mv` empties is not in the account.
            if action.question.is_none() {
                action.target = target.clone();
            }
        }
    }
    Reading::of(actions)
}

/// `aws help`, `aws rds help`, `aws rds delete-db-instance help`. To an s3 command `help` is a path
/// like any other unless it stands alone: `aws s3 sync help s3://b --delete` really deletes.
fn is_help(line: &Line) -> bool {
    let third = line.word(2) == "help";
    match line.word(0).as_str() {
        "help" => true,
        _ if line.word(1) == "help" => true,
        "s3" => third && line.operands.len() == 3 && line.own().next().is_none(),
        _ => third,
    }
}

fn shell(text: Word, call: &Call) -> Reading {
    let outer = call.invocation;
    let nest = Nest::Shell(Shell {
        text,
        args: Vec::new(),
        cwd: outer.cwd.clone(),
        stdin: outer.stdin.clone(),
        env: outer.env.clone(),
    });
    Reading { actions: Vec::new(), nested: vec![nest] }
}

/// Commands about the CLI's own files and sessions.
fn own(service: &str, operation: &str) -> Vec<Action> {
    let reads = matches!(
        (service, operation),
        ("configure", "list" | "get" | "list-profiles" | "export-credentials")
            | ("history", _)
            | ("sso", "list-accounts" | "list-account-roles" | "get-role-credentials")
    );
    if reads {
        return Vec::new();
    }
    let name = format!("{service} {operation}");
    vec![Action::new(Effect::Write, Impact::Change, "aws.configure", name.trim_end().to_owned())]
}

/// An operation of a service, its request read only when it does more than read.
fn operation_actions(service: &str, operation: &str, line: &Line, call: &Call) -> Vec<Action> {
    let nominal = table::nominal(service, operation);
    if operation.is_empty() || nominal.effect == Effect::Read {
        return Vec::new();
    }
    let rows: Vec<&'static Row> = table::rows(service, operation).collect();
    let request = Request::read(line, &rows, call);
    if request.on("generatecliskeleton") || (table::has_dry_run(service, operation) && request.on("dryrun")) {
        return Vec::new();
    }
    if let Some(actions) = carried::actions(service, operation, &request, call) {
        return actions;
    }
    let rule = format!("aws.{service}-{operation}");
    let object = object(line);
    let mut actions = Vec::new();
    for row in &rows {
        match request.holds(row) {
            Answer::No => {}
            Answer::Possible if row.impact == Impact::Change => {}
            Answer::Possible => {
                let why = format!("{operation}: a value that decides it cannot be read");
                actions.push(Action::unread(rule.clone(), why).advice(row.advice));
            }
            Answer::Yes => {
                actions.push(from_row(row, nominal, &rule, operation));
                break;
            }
        }
    }
    if actions.iter().all(|action| action.effect == Effect::Unknown) {
        let by_verb = by_verb(nominal, operation);
        // What no row decides is not worse for a value that could not be read.
        if actions.is_empty() || !matches!(by_verb.1, Impact::Change | Impact::Nothing) {
            actions.push(Action::new(by_verb.0, by_verb.1, rule, operation.to_owned()));
        }
    }
    actions.dedup_by(|later, earlier| later.effect == Effect::Unknown && earlier.effect == Effect::Unknown);
    for action in &mut actions {
        if action.object.is_empty() {
            action.object.clone_from(&object);
        }
    }
    actions
}

fn from_row(row: &Row, nominal: Nominal, rule: &str, operation: &str) -> Action {
    let effect = row.effect.unwrap_or(match (row.impact, nominal.effect) {
        (Impact::Nothing, _) => Effect::Read,
        (Impact::Change, Effect::Permission) => Effect::Permission,
        (Impact::Change, _) => Effect::Write,
        (Impact::Access | Impact::Net, Effect::Write) => Effect::Permission,
        (_, Effect::Write) => Effect::Destroy,
        (_, effect) => effect,
    });
    Action::new(effect, row.impact, rule.to_owned(), operation.to_owned())
        .scope(row.scope)
        .undo(row.undo)
        .advice(row.advice)
}

/// What the verb alone says.
fn by_verb(nominal: Nominal, operation: &str) -> (Effect, Impact) {
    let impact = match (nominal.effect, nominal.kind) {
        (Effect::Permission, Kind::Read) => Impact::Nothing,
        (Effect::Permission, Kind::Delete | Kind::Detach | Kind::Revoke | Kind::Stop | Kind::Reset) => {
            Impact::Access
        }
        // What replaces a policy whole can lock people out; what adds one right takes nothing away.
        (Effect::Permission, _) if replaces(operation) => Impact::Access,
        (Effect::Permission, _) => Impact::Change,
        (Effect::Destroy, Kind::Delete) if nominal.data => Impact::Resource,
        (Effect::Destroy, Kind::Delete | Kind::Revoke) => Impact::Part,
        (Effect::Destroy, Kind::Stop | Kind::Reset) => Impact::Outage,
        (Effect::Destroy, Kind::Detach) => Impact::Replace,
        // Destructive only under a condition that no row found.
        (Effect::Destroy, Kind::Read | Kind::Write | Kind::Permission) => Impact::Change,
        (Effect::Read | Effect::Write | Effect::Unknown, _) => Impact::Change,
    };
    let effect = match impact {
        Impact::Change if nominal.effect == Effect::Destroy => Effect::Write,
        _ => nominal.effect,
    };
    (effect, impact)
}

fn replaces(operation: &str) -> bool {
    ["put-", "update-", "set-", "modify-", "reset-", "deauthorize-"]
        .iter()
        .any(|verb| operation.starts_with(verb))
}

/// What the operation is about: the first option that names something.
fn object(line: &Line) -> String {
    const NAMES: &[&str] =
        &["identifier", "id", "ids", "name", "names", "arn", "arns", "url", "bucket", "key", "identifiers"];
    let named = |given: &&argv::Given| {
        let last = given.name.rsplit('-').next().unwrap_or_default();
        NAMES.contains(&last) && !given.values.is_empty() && !given.name.starts_with("final-")
    };
    let first = line
        .own()
        .find(named)
        .or_else(|| line.own().find(|given| !given.values.is_empty() && !secret::is_secret(&given.name)));
    let Some(given) = first else { return String::new() };
    let words: Vec<String> = given.values.iter().map(Word::shown).collect();
    let mut text = words.join(" ");
    if given.name == "bucket"
        && let Some(key) = line.own().find(|given| given.name == "key").and_then(|given| given.values.first())
    {
        text = format!("{text}/{}", key.shown());
    }
    text
}
