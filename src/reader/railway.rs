//! Railway's command line: what its commands carry besides their names.
//!
//! | argument | becomes |
//! |---|---|
//! | a command of the grammar | its cases, with the project and environment as their target |
//! | `api QUERY`, `-f`, standard input; `--variables`, `--var`, `--raw-var`, `--operation-name` | the mutations of the document (`document`) |
//! | `environment edit`: JSON on standard input, else `--service-config` | the mutation `environmentPatchCommit` with that patch |
//! | `config apply --plan` | `environmentApplyChangeSet` with the file; else what the flags allow |
//! | `run CMD` | the command here, its variables unknown, in the environment named |
//! | `shell` | the same with the text on standard input |
//! | `ssh CMD`, `sandbox exec CMD`, `sandbox ssh CMD`, `ca ssh AGENT CMD` | the command there |
//! | the same without a command | standard input there; a conversation on a terminal |
//! | `connect` | the database client that it starts, with the same standard input |
//! | `mcp`, `agent`, file browsers | a conversation: what is asked of them is not in argv |
//!
//! It refuses to know what a document's ids stand for: only the server can tell.

mod document;
mod inner;

use crate::action::{Action, Effect, Impact};
use crate::grammar::bind::Binding;
use crate::invocation::Word;
use crate::reader::{Call, Reading, plain, verb};
use crate::target::railway::{self, Reach};
use crate::target::{Environment, Target};

/// What a command does and what it runs.
#[must_use]
pub fn read(binding: &Binding, call: &Call) -> Reading {
    if plain::is_safe(binding) {
        return Reading::default();
    }
    let path = binding.command.path;
    let reach = match path {
        ["volume" | "project", "delete"] | ["delete"] => Reach::Everywhere,
        _ => Reach::Environment,
    };
    let operand = match path {
        ["environment", "delete"] => binding.operands.first(),
        _ => None,
    };
    let target = || railway::target(binding, call, reach, operand);
    let mut reading = match path {
        ["api"] => {
            let mut actions = document::api(binding, call);
            place(&mut actions, &railway::account(call));
            return Reading::of(actions);
        }
        ["environment", "edit"] => Reading::of(document::edit(binding, call)),
        ["config", "apply"] => Reading::of(document::apply(binding, call)),
        ["run"] => inner::local(binding, call, target()),
        ["shell"] => inner::shell(call, target()),
        ["connect"] => inner::connect(binding, call, target()),
        ["ssh"] | ["sandbox", "exec" | "ssh"] | ["ca", "ssh"] => inner::remote(binding, call, target()),
        _ if names_no_command(binding) => {
            let shown = binding.operands.first().map(Word::shown).unwrap_or_default();
            Reading::of(vec![Action::unread(plain::rule(binding, "dynamic"), shown)])
        }
        // A command of another release: its words say what can be said.
        [] => Reading::of(verb::unknown_program(binding.grammar.program, &call.invocation.args)),
        _ => Reading::of(plain::read(binding, call)),
    };
    if !reading.actions.is_empty() {
        let place_at = if path.first() == Some(&"dev") { this_machine() } else { target() };
        place(&mut reading.actions, &place_at);
    }
    reading
}

/// True where a subcommand has to stand and only running the line would tell which.
fn names_no_command(binding: &Binding) -> bool {
    let command = binding.command;
    let acts = command.default.is_some() || !command.cases.is_empty();
    !acts && binding.operands.first().is_some_and(Word::is_dynamic)
}

fn place(actions: &mut [Action], target: &Target) {
    for action in actions.iter_mut() {
        action.target = target.clone();
        // Content that nobody wrote yet: a person answers for what they type.
        action.conversation |= action.effect == Effect::Unknown && action.impact == Impact::Net;
    }
}

/// `dev` runs the services in containers of this machine.
fn this_machine() -> Target {
    Target {
        kind: "railway",
        name: "the local services".to_owned(),
        environment: Environment::Local,
        evidence: vec!["railway dev works on this machine".to_owned()],
        ..Target::default()
    }
}

/// What will be typed, or sent by another program, cannot be read ahead.
fn conversation(rule: String, verb: &'static str, object: &'static str) -> Action {
    Action::new(Effect::Unknown, Impact::Net, rule, verb).object(object)
}

/// A write that loses nothing.
fn change(rule: String, verb: &'static str) -> Action {
    Action::new(Effect::Write, Impact::Change, rule, verb)
}
