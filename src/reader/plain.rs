//! The cases of a grammar, and the verb table for what no case claims.
//!
//! | in the grammar | becomes |
//! |---|---|
//! | `safe` holds | nothing |
//! | a `case` whose condition holds | an action; one per operand where it asks about the operand |
//! | no case, `default` | that effect, at most low |
//! | no case, no default | the subcommand's words against the verb table |

use crate::action::{Action, Effect, Impact, Question};
use crate::assess::Severity;
use crate::grammar::bind::Binding;
use crate::grammar::schema::{Ask, Case, Command, Object};
use crate::invocation::Word;
use crate::reader::{Call, files};

/// True when the grammar says that nothing is done: help, version, a dry run.
#[must_use]
pub fn is_safe(binding: &Binding) -> bool {
    let root = binding.grammar.root.safe.as_ref().is_some_and(|safe| binding.holds(safe));
    let path = binding.command.path;
    // A dry run asked of a command holds for everything below it: `compose --dry-run down`.
    let above = |command: &Command| {
        path.len() > 1
            && path.starts_with(command.path)
            && command.safe.as_ref().is_some_and(|safe| binding.holds(safe))
    };
    root || binding.command.safe.as_ref().is_some_and(|safe| binding.holds(safe))
        || binding.grammar.commands.iter().any(above)
}

/// The actions of every case that holds; else the default.
#[must_use]
pub fn read(binding: &Binding, call: &Call) -> Vec<Action> {
    if is_safe(binding) {
        return Vec::new();
    }
    let mut actions = Vec::new();
    for case in binding.command.cases.iter().filter(|case| binding.holds(&case.when)) {
        actions.extend(case_actions(case, binding, call));
    }
    if actions.is_empty() {
        actions.extend(default(binding));
    }
    if !binding.grammar.target.is_empty() {
        let target = crate::reader::sql_client::connection(binding, call).target(binding.grammar.target);
        for action in &mut actions {
            action.target = target.clone();
        }
    }
    actions
}

/// The actions of one case.
fn case_actions(case: &'static Case, binding: &Binding, call: &Call) -> Vec<Action> {
    let action = Action::new(case.effect, case.impact, rule(binding, case.id), case.verb)
        .scope(case.scope)
        .undo(case.undo)
        .advice(case.advice);
    match case.question {
        Some(Ask::Remove) => {
            binding.operands.iter().map(|operand| removal(action.clone(), operand, binding, call)).collect()
        }
        Some(Ask::RemoveTree) => binding
            .operands
            .iter()
            .map(|operand| {
                let mut action = removal(action.clone(), operand, binding, call);
                if let Some(Question::Remove { recursive, .. }) = &mut action.question {
                    *recursive = true;
                }
                action
            })
            .collect(),
        Some(ask @ (Ask::Overwrite | Ask::Move | Ask::Mirror)) => {
            files::asked(ask, &action, case.object, binding, call)
        }
        Some(Ask::Git(kind)) => {
            let operands = binding.operands.iter().map(Word::visible).collect();
            let repository = crate::reader::git::repository(binding, call);
            vec![action.object(object(case.object, binding)).question(Question::Git {
                kind,
                repository,
                operands,
            })]
        }
        None => vec![action.object(object(case.object, binding))],
    }
}

/// The removal of one operand.
fn removal(action: Action, operand: &Word, binding: &Binding, call: &Call) -> Action {
    let action = action.object(operand.shown());
    match operand.known() {
        Some(path) => action.question(Question::Remove {
            path: call.path(path),
            recursive: binding.has_role("recursive"),
            cwd: call.path(std::ffi::OsStr::new("")),
        }),
        None => action,
    }
}

/// `program.case`.
#[must_use]
pub fn rule(binding: &Binding, id: &str) -> String {
    format!("{}.{id}", binding.grammar.program)
}

/// The object's name as the case says.
#[must_use]
pub fn object(place: Object, binding: &Binding) -> String {
    match place {
        Object::Operands => {
            let shown: Vec<String> = binding.operands.iter().map(Word::shown).collect();
            shown.join(" ")
        }
        Object::Nth(index) => binding.operands.get(index).map(Word::shown).unwrap_or_default(),
        Object::Last => binding.operands.last().map(Word::shown).unwrap_or_default(),
        Object::Value(name) => binding.value(name).map(Word::shown).unwrap_or_default(),
        Object::Text(text) => text.to_owned(),
        Object::Assigned(_) | Object::Destination => {
            let shown: Vec<String> = files::named(place, binding).iter().map(Word::shown).collect();
            shown.join(" ")
        }
    }
}

/// What a command does when no case of it holds.
fn default(binding: &Binding) -> Option<Action> {
    let command = binding.command;
    let id = if command.path.is_empty() { "run".to_owned() } else { command.path.join("-") };
    let (effect, impact) = match command.default {
        Some(Effect::Read) => return None,
        Some(Effect::Write) => (Effect::Write, Impact::Change),
        Some(effect) => (effect, Impact::Fixed(Severity::Medium)),
        None => return by_verb(binding),
    };
    let verb = if command.path.is_empty() { "run".to_owned() } else { command.path.join(" ") };
    Some(Action::new(effect, impact, rule(binding, &id), verb).object(object(Object::Operands, binding)))
}

/// A subcommand that the grammar does not know, by its words.
fn by_verb(binding: &Binding) -> Option<Action> {
    let mut words: Vec<String> = binding.command.path.iter().map(|word| (*word).to_owned()).collect();
    if let Some(first) = binding.operands.first() {
        words.push(first.visible().to_string_lossy().into_owned());
    }
    crate::reader::verb::action(binding.grammar.program, &words)
}
