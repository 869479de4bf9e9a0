//! The whole way from an invocation to a decision; it reads as the specification.
//!
//! In: an [`Invocation`] or a shell line, and the [`Context`]. Out: a [`Judgement`]. Nothing is
//! run except read-only measuring helpers.

use std::path::{Path, PathBuf};

use crate::action::{Action, Effect, Impact, Question};
use crate::actor::Actor;
use crate::assess::{self, Assessment, Severity};
use crate::context::Context;
use crate::grammar::schema::Reader;
use crate::grammar::{bind, registry};
use crate::invocation::{Invocation, Stdin, Word};
use crate::language::bash;
use crate::measure;
use crate::policy::{Decision, Policy};
use crate::reader::{self, Call, Nest, Reading, Shell};
use crate::target::Environment;

/// Wrappers inside wrappers are followed this far.
const DEPTH: usize = 12;
/// One line leads to no more invocations than this.
const INVOCATIONS: usize = 4096;

/// Everything that was found about one invocation.
#[derive(Debug)]
pub struct Judgement {
    pub actions: Vec<Action>,
    pub assessment: Assessment,
    pub decision: Decision,
    /// The table or the policy rule that decided.
    pub decided_by: String,
    pub actor: Actor,
    pub declared: Option<Environment>,
    /// What was wrong with a policy file.
    pub problems: Vec<String>,
    pub request: Option<String>,
}

impl Judgement {
    /// The action that decides.
    #[must_use]
    pub fn worst(&self) -> Option<&Action> {
        self.assessment.worst.and_then(|index| self.actions.get(index))
    }

    /// Why, one line each, the weightiest first.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons: Vec<String> = self
            .assessment
            .steps
            .iter()
            .rev()
            .map(|step| step.reason.clone())
            .filter(|text| !text.is_empty())
            .collect();
        reasons.extend(self.problems.iter().cloned());
        reasons.iter().map(|reason| crate::term::sanitize(&crate::term::redact(reason))).collect()
    }
}

/// What one invocation does, with everything it runs in turn.
#[must_use]
pub fn actions(invocation: &Invocation, context: &Context) -> Vec<Action> {
    let mut walk = Walk { context, actions: Vec::new(), left: INVOCATIONS };
    walk.invocation(invocation, 0);
    walk.actions
}

/// What a whole shell line does.
#[must_use]
pub fn line_actions(text: &[u8], cwd: &Path, context: &Context) -> Vec<Action> {
    let mut walk = Walk { context, actions: Vec::new(), left: INVOCATIONS };
    let text = Word::Literal(crate::invocation::from_bytes(text));
    let shell =
        Shell { text, args: Vec::new(), cwd: cwd.to_owned(), stdin: Stdin::Inherited, env: Vec::new() };
    walk.shell(shell, 0);
    walk.actions
}

/// Places, measures, assesses and decides about actions. `policy` is read by the caller.
#[must_use]
pub fn decide(mut actions: Vec<Action>, policy: &Policy, actor: Actor, context: &Context) -> Judgement {
    for action in &mut actions {
        policy.place(&mut action.target);
    }
    ask_the_world(&mut actions, context);
    let mut assessment = assess::assess(&actions);
    let mut decision = Decision::Allow;
    let mut decided_by = "nothing above a read".to_owned();
    let mut top: Option<u8> = None;
    for (index, action) in actions.iter().enumerate() {
        let mut steps = assess::steps(action);
        let mut severity = steps.last().map_or(Severity::None, |step| step.severity);
        if severity >= Severity::Medium
            && severity < Severity::High
            && let Some(reason) = policy.mismatch(&action.target)
        {
            severity = Severity::High;
            steps.push(assess::Step { severity, reason });
        }
        let decided = policy.decide(action, severity, actor.kind);
        let score = assess::score(action, severity);
        // The strictest decision names the action; among equals the worse one does.
        if top.is_none() || (decided.decision, score) > (decision, top.unwrap_or(0)) {
            decided_by = decided.by;
            top = Some(score);
            assessment = Assessment { score, severity, worst: Some(index), steps };
        }
        decision = decision.max(decided.decision);
    }
    Judgement {
        actions,
        assessment,
        decision,
        decided_by,
        actor,
        declared: policy.declared.as_ref().and_then(|declared| declared.environment),
        problems: policy.problems.clone(),
        request: None,
    }
}

/// Answers every action's question about the state of the world.
fn ask_the_world(actions: &mut [Action], context: &Context) {
    for action in actions {
        action.state = match &action.question {
            None => continue,
            Some(Question::Remove { path, recursive, cwd, .. }) => {
                Some(measure::paths::look(context, path, *recursive, cwd))
            }
            Some(Question::Softened { path, cwd, loss }) => {
                let mut state = measure::paths::look(context, path, true, cwd);
                state.severity = state.severity.map(|removal| loss.of(removal));
                Some(state)
            }
            Some(Question::Git { kind, repository, operands }) => {
                Some(measure::git::look(*kind, repository, operands, context))
            }
        };
    }
}

struct Walk<'a> {
    context: &'a Context,
    actions: Vec<Action>,
    /// Invocations that may still be looked at.
    left: usize,
}

impl Walk<'_> {
    fn invocation(&mut self, invocation: &Invocation, depth: usize) {
        if depth > DEPTH || self.left == 0 {
            self.actions
                .push(Action::unread("line.too-deep", "more commands inside commands than are followed"));
            return;
        }
        self.left -= 1;
        let call = Call { context: self.context, invocation };
        let reading = read(&call);
        let from = self.actions.len();
        self.actions.extend(reading.actions);
        let mut text: Option<String> = None;
        for action in self.actions[from..].iter_mut().filter(|action| action.text.is_empty()) {
            action.text.clone_from(text.get_or_insert_with(|| shown(invocation)));
        }
        for nest in reading.nested {
            self.nest(nest, depth + 1);
        }
    }

    fn nest(&mut self, nest: Nest, depth: usize) {
        match nest {
            Nest::Command(inner) => self.invocation(&inner, depth),
            Nest::Shell(shell) => self.shell(shell, depth),
            Nest::Within { inner, setting } => {
                let from = self.actions.len();
                self.nest(*inner, depth);
                setting.apply(&mut self.actions[from..], self.context);
            }
        }
    }

    fn shell(&mut self, shell: Shell, depth: usize) {
        let Shell { text, args, cwd, stdin, env } = shell;
        if depth > DEPTH {
            self.actions.push(Action::unread("line.too-deep", "more shells inside shells than are followed"));
            return;
        }
        let Some(known) = text.known() else {
            self.actions.push(Action::unread("line.dynamic", text.shown()));
            return;
        };
        let source = std::os::unix::ffi::OsStrExt::as_bytes(known);
        let start = bash::Start { context: self.context, cwd, env, positional: args, stdin, depth };
        let lowering = bash::lower(source, &start);
        if let Some(why) = lowering.partial {
            self.actions.push(Action::unread("line.partial", why));
        }
        for command in &lowering.commands {
            let from = self.actions.len();
            self.invocation(&command.invocation, depth);
            for redirect in &command.redirects {
                self.actions.extend(reader::redirect::action(redirect, &command.invocation, self.context));
            }
            spare_created(&mut self.actions[from..], &command.created_before);
        }
    }
}

/// Created and deleted in one line: nothing is lost that was there before.
fn spare_created(actions: &mut [Action], created: &[PathBuf]) {
    for action in actions {
        if let Some(Question::Remove { path, .. }) = &action.question
            && created.iter().any(|made| measure::paths::lexical(path).starts_with(made))
        {
            action.question = None;
            action.impact = Impact::Fixed(Severity::Low);
            action.scope = "created by the same line".into();
        }
    }
}

/// One invocation by its grammar, or by its verb when it has none.
fn read(call: &Call) -> Reading {
    let invocation = call.invocation;
    if invocation.program.is_dynamic() {
        return Reading::of(reader::verb::unresolved_program(invocation).into_iter().collect());
    }
    let name = invocation.name();
    let Some(grammar) = name.to_str().and_then(registry::find) else {
        if let Some(nest) = reader::by_path::interpreter(call).or_else(|| reader::by_path::dashed(call)) {
            return Reading { actions: Vec::new(), nested: vec![nest] };
        }
        if let Some(action) = reader::by_path::from_network(call) {
            return Reading::of(vec![action]);
        }
        return Reading::of(reader::verb::unknown_program(&name.to_string_lossy(), &invocation.args));
    };
    let posixly_correct = call.env("POSIXLY_CORRECT").is_some();
    let binding = bind::bind(grammar, &invocation.args, posixly_correct);
    match grammar.reader {
        Reader::Plain => Reading::of(reader::plain::read(&binding, call)),
        Reader::Paths => reader::paths::read(&binding, call),
        Reader::Git => reader::git::read(&binding, call),
        Reader::SqlClient => reader::sql_client::read(&binding, call),
        Reader::Http => reader::http::read(&binding, call),
        Reader::Shell => reader::shell::read(&binding, call),
        Reader::Wrapper => reader::wrapper::read(&binding, call),
        Reader::Railway => reader::railway::read(&binding, call),
        Reader::Aws => reader::aws::read(&binding, call),
        Reader::Find => reader::find::read(call),
        Reader::Scripts => reader::scripts::read(&binding, call),
        Reader::Recipes => reader::recipes::read(&binding, call),
        Reader::Interpreter => reader::interpreter::read(&binding, call),
    }
}

/// The invocation as a person would type it, shortened.
#[must_use]
pub fn shown(invocation: &Invocation) -> String {
    let words: Vec<String> = std::iter::once(&invocation.program)
        .chain(&invocation.args)
        .map(|word| {
            let text = word.shown();
            if word.is_dynamic() { text } else { shell_words::quote(&text).into_owned() }
        })
        .collect();
    let line = words.join(" ");
    if line.chars().count() > 400 {
        let short: String = line.chars().take(397).collect();
        return format!("{short}...");
    }
    line
}

/// True when nothing above a read was found: then nothing of ours is read either.
#[must_use]
pub fn only_reads(actions: &[Action]) -> bool {
    actions.iter().all(|action| action.effect == Effect::Read)
}
