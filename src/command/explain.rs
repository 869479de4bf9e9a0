//! `agentguard explain`: how an invocation was read, what it lands on, the score row by row.

use std::ffi::OsString;
use std::io::Write;

use crate::action::Action;
use crate::assess;
use crate::cli::World;
use crate::command::check;
use crate::error::Error;
use crate::exit;
use crate::grammar::{bind, registry};
use crate::invocation::Word;
use crate::judge::Judgement;
use crate::term;

/// Prints the whole explanation. Exit status 0: explaining is not deciding.
///
/// # Errors
/// When the folder does not exist or output cannot be written.
pub fn run(world: &World, argv: Vec<OsString>, out: &mut dyn Write) -> Result<i32, Error> {
    let context = check::context(world)?;
    let actor = check::actor_of(world, &context);
    let mut text = String::new();
    binding(&argv, &mut text);
    let judgement = check::argv(argv, actor, &context);
    for action in &judgement.actions {
        explain_action(action, &mut text);
    }
    if judgement.actions.is_empty() {
        text.push_str("actions   none: it only reads\n");
    }
    text.push_str(&format!(
        "actor     {} ({})\n",
        judgement.actor.kind.word(),
        judgement.actor.evidence.join("; ")
    ));
    text.push_str(&format!("decision  {} by {}\n", judgement.decision.word(), judgement.decided_by));
    for problem in &judgement.problems {
        text.push_str(&format!("policy    {problem}\n"));
    }
    out.write_all(clean(&text).as_bytes())?;
    Ok(exit::DONE)
}

/// How the words were read.
fn binding(argv: &[OsString], text: &mut String) {
    let Some((program, args)) = argv.split_first() else { return };
    let name = std::path::Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned();
    let Some(grammar) = registry::find(&name) else {
        text.push_str(&format!("program   {name}: no grammar; judged by its verb\n"));
        return;
    };
    let words: Vec<Word> = args.iter().map(Word::from).collect();
    let binding = bind::bind(grammar, &words, false);
    text.push_str(&format!("program   {} ({}, {})\n", grammar.program, grammar.grade, grammar.source));
    if !binding.command.path.is_empty() {
        text.push_str(&format!("command   {}\n", binding.command.path.join(" ")));
    }
    for bound in &binding.options {
        let value = bound.value.as_ref().map(|value| format!(" = {}", value.shown())).unwrap_or_default();
        let negated = if bound.negated { " (negated)" } else { "" };
        text.push_str(&format!("option    {}{negated}{value}\n", bound.name));
    }
    for operand in &binding.operands {
        text.push_str(&format!("operand   {}\n", operand.shown()));
    }
    for fault in &binding.faults {
        text.push_str(&format!("fault     {fault:?}\n"));
    }
}

fn explain_action(action: &Action, text: &mut String) {
    text.push_str(&format!(
        "action    {} {} {} [{}]\n",
        action.effect.word(),
        action.verb,
        action.object,
        action.rule
    ));
    if !action.scope.is_empty() {
        text.push_str(&format!("  scope   {}\n", action.scope));
    }
    if !action.target.kind.is_empty() {
        let target = &action.target;
        text.push_str(&format!(
            "  target  {} {} ({})\n",
            target.kind,
            target.name,
            target.environment.word()
        ));
        for evidence in &target.evidence {
            text.push_str(&format!("          {evidence}\n"));
        }
    }
    for step in assess::steps(action) {
        text.push_str(&format!("  step    {:<8} {}\n", step.severity.word(), step.reason));
    }
    if !action.undo.is_empty() {
        text.push_str(&format!("  undo    {}\n", action.undo));
    }
}

/// The verdict in a few lines, for `check` without `--json`.
///
/// # Errors
/// When output cannot be written.
pub fn summary(judgement: &Judgement, out: &mut dyn Write) -> Result<(), Error> {
    let assessment = &judgement.assessment;
    let mut text = format!(
        "{} ({}, score {})\n",
        judgement.decision.word(),
        assessment.severity.word(),
        assessment.score
    );
    if let Some(action) = judgement.worst() {
        text.push_str(&format!("  {} {} [{}]\n", action.verb, action.object, action.rule));
        if !action.target.kind.is_empty() {
            text.push_str(&format!("  on {} ({})\n", action.target.name, action.target.environment.word()));
        }
    }
    for reason in judgement.reasons() {
        text.push_str(&format!("  {reason}\n"));
    }
    Ok(out.write_all(clean(&text).as_bytes())?)
}

/// Foreign text in it made fit for a terminal, line by line.
fn clean(text: &str) -> String {
    text.lines().map(|line| term::sanitize(&term::redact(line)) + "\n").collect()
}
