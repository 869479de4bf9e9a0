//! The shim door: called by a program's name, becomes that program or refuses.
//!
//! In: the words as the kernel handed them over. Out: the real program in our place, or exit 126
//! (refused), 127 (no such program), 125 (a fault of ours; nothing was executed). For an
//! invocation that only reads, nothing of ours is opened: no policy, no log, no `/proc`.

use std::ffi::{OsStr, OsString};
use std::io::Write;

use libc::c_char;

use crate::action::Action;
use crate::actor::{self, ActorKind};
use crate::assess::Severity;
use crate::audit;
use crate::context::{CONTENT_BOUND, Context, Door};
use crate::exit;
use crate::gate::{find, prompt, refusal, stdin};
use crate::invocation::{Invocation, Stdin, Word};
use crate::judge::{self, Judgement};
use crate::policy::{self, Decision};
use crate::verdict;

/// Judges the call of `program` and becomes it when that is allowed.
///
/// # Safety
/// `argv` is the NULL-ended vector that `main` was given, and `args` are its words after the first.
#[expect(unsafe_code, reason = "hands the kernel's own vector back to the kernel")]
pub unsafe fn run(program: &OsStr, args: Vec<OsString>, argv: *const *const c_char) -> i32 {
    std::panic::set_hook(Box::new(|_| fail_closed()));
    let context = Context::new(Door::Shim).with_capture(capture);
    let status = gate(program, args, &context);
    if status != exit::DONE {
        return status;
    }
    match find::find(program, context.env("PATH").as_deref(), context.env(find::VIA).as_deref()) {
        Ok(real) => {
            // SAFETY: by this function's contract.
            let error = unsafe { find::exec(&real, argv) };
            say(&format!("agentguard: cannot run {}: {error}\n", program.display()));
            exit::FAILED
        }
        Err(find::Missing::NotFound) => {
            say(&format!(
                "agentguard: {}: there is no such program on PATH behind the shim\n",
                program.display()
            ));
            exit::NOT_FOUND
        }
        Err(find::Missing::NotExecutable) => {
            say(&format!("agentguard: {}: the file on PATH may not be executed\n", program.display()));
            exit::REFUSED
        }
        Err(find::Missing::Loop) => {
            say(&format!("agentguard: {}: a wrapper on PATH calls itself without end\n", program.display()));
            exit::FAILED
        }
        Err(find::Missing::Unidentified) => {
            say("agentguard: cannot tell my own file from the real program; mount /proc\n");
            exit::FAILED
        }
    }
}

/// [`exit::DONE`] when the program may run, else the status to end with.
fn gate(program: &OsStr, args: Vec<OsString>, context: &Context) -> i32 {
    // argv never holds more than the program's own words: the folder is read only when it matters.
    let invocation = Invocation::new(program, args, std::path::PathBuf::new());
    let actions = judge::actions(&invocation, context);
    if judge::only_reads(&actions) {
        // The process ends or becomes the program: taking things apart first is only work.
        std::mem::forget((invocation, actions));
        return exit::DONE;
    }
    let policy = policy::file::load(context);
    let mut judgement = judge::decide(actions, &policy, actor::detect(context), context);
    match judgement.decision {
        Decision::Allow => allow(&judgement, &invocation, context),
        Decision::Ask if judgement.actor.kind == ActorKind::Human => ask(&judgement, &invocation, context),
        // Nobody but a person at a terminal is ever asked: an agent could answer for itself.
        Decision::Ask | Decision::Refuse => refuse(&mut judgement, &invocation, context),
    }
}

/// Runs after the record is written; what destroys does not run unrecorded.
fn allow(judgement: &Judgement, invocation: &Invocation, context: &Context) -> i32 {
    if !is_recorded(judgement) {
        return exit::DONE;
    }
    recorded(judgement, invocation, context, audit::Outcome::Ran)
}

/// Reads and plain writes leave no record; everything that destroys does.
fn is_recorded(judgement: &Judgement) -> bool {
    judgement.assessment.severity >= Severity::Medium
        || judgement.actions.iter().any(|action| action.effect >= crate::action::Effect::Permission)
}

fn recorded(
    judgement: &Judgement,
    invocation: &Invocation,
    context: &Context,
    outcome: audit::Outcome,
) -> i32 {
    let Err(error) = audit::append(context, &record(judgement, invocation, context, outcome)) else {
        return exit::DONE;
    };
    if judgement.assessment.severity < Severity::Medium {
        return exit::DONE;
    }
    say(&format!("agentguard: refused: it cannot be recorded: {error}; {}\n", error.hint()));
    exit::REFUSED
}

fn ask(judgement: &Judgement, invocation: &Invocation, context: &Context) -> i32 {
    let Some(card) = card(judgement) else {
        say("agentguard: refused: no random numbers to make a challenge from\n");
        return exit::REFUSED;
    };
    let outcome = match prompt::ask(context, &card) {
        prompt::Answer::Yes => {
            return recorded(judgement, invocation, context, audit::Outcome::AllowedOnce);
        }
        prompt::Answer::No => audit::Outcome::Declined,
        prompt::Answer::Unanswered => audit::Outcome::Unanswered,
        prompt::Answer::Unavailable => audit::Outcome::Unavailable,
    };
    let _ = audit::append(context, &record(judgement, invocation, context, outcome));
    say("agentguard: refused: not allowed; nothing was executed\n");
    exit::REFUSED
}

fn refuse(judgement: &mut Judgement, invocation: &Invocation, context: &Context) -> i32 {
    judgement.request = Some(audit::request_id());
    let _ = audit::append(context, &record(judgement, invocation, context, audit::Outcome::Refused));
    say(&refusal_text(judgement));
    exit::REFUSED
}

/// What the log keeps of a judgement.
fn record(
    judgement: &Judgement,
    invocation: &Invocation,
    context: &Context,
    outcome: audit::Outcome,
) -> audit::Record {
    let verdict = verdict::verdict(judgement, None);
    let target = verdict.target.map_or_else(audit::Place::default, |target| audit::Place {
        kind: target.kind.to_owned(),
        name: target.name,
        environment: target.environment.to_owned(),
    });
    audit::Record {
        id: judgement.request.clone().unwrap_or_else(audit::request_id),
        door: "shim".to_owned(),
        program: invocation.name().to_string_lossy().into_owned(),
        argv: std::iter::once(&invocation.program).chain(&invocation.args).map(Word::shown).collect(),
        cwd: context.cwd().display().to_string(),
        actor: judgement.actor.clone(),
        decision: verdict.decision.to_owned(),
        outcome,
        score: verdict.score,
        severity: verdict.severity.to_owned(),
        rule: verdict.rule,
        target,
        reasons: verdict.reasons,
    }
}

/// The refusal as text.
#[must_use]
pub fn refusal_text(judgement: &Judgement) -> String {
    let Some(action) = judgement.worst() else {
        return refusal::Refusal::default().render();
    };
    let target = &action.target;
    let reasons = judgement.reasons();
    let amount = amount(action);
    let headline = headline(action);
    let state_undo = action.state.as_ref().map(|state| state.undo.as_str()).filter(|undo| !undo.is_empty());
    refusal::Refusal {
        headline: &headline,
        severity: judgement.assessment.severity.word(),
        environment: if target.kind.is_empty() { "" } else { target.environment.word() },
        target: &target.name,
        evidence: target.evidence.first().map_or("", String::as_str),
        amount: &amount,
        reasons: &reasons,
        undo: state_undo.unwrap_or(&action.undo),
        advice: &action.advice,
        request: judgement.request.as_deref().unwrap_or_default(),
    }
    .render()
}

/// `drop table public.users`.
fn headline(action: &Action) -> String {
    if action.object.is_empty() {
        action.verb.to_string()
    } else {
        format!("{} {}", action.verb, action.object)
    }
}

/// `3 changed, 12 untracked`, or the scope.
fn amount(action: &Action) -> String {
    let facts = action.state.as_ref().map(|state| state.facts.as_slice()).unwrap_or_default();
    if facts.is_empty() {
        return action.scope.to_string();
    }
    let counts: Vec<String> = facts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    counts.join(", ")
}

/// What a person is shown; `None` when no challenge can be made.
fn card(judgement: &Judgement) -> Option<prompt::Card> {
    let action = judgement.worst()?;
    let severity = judgement.assessment.severity;
    let target = &action.target;
    let challenge = if policy::must_type(severity, target.environment) {
        let dangerous = judgement
            .actions
            .iter()
            .filter(|other| other.effect >= crate::action::Effect::Permission)
            .count();
        // A bare file name is its own last component, dots and all.
        let is_path = matches!(action.question, Some(crate::action::Question::Remove { .. }));
        let object = if is_path { format!("./{}", action.object) } else { action.object.clone() };
        prompt::Challenge::Type(prompt::challenge_name(&object, dangerous > 1)?)
    } else {
        prompt::Challenge::YesNo
    };
    let mut lines = Vec::new();
    let amount = amount(action);
    if !amount.is_empty() {
        lines.push(amount);
    }
    let state_undo = action.state.as_ref().map(|state| state.undo.clone()).filter(|undo| !undo.is_empty());
    lines.push(match state_undo.unwrap_or_else(|| action.undo.to_string()).as_str() {
        "" | "none" => "this cannot be undone".to_owned(),
        undo => format!("way back: {undo}"),
    });
    lines.extend(judgement.reasons().into_iter().take(3));
    let banner = if target.kind.is_empty() {
        String::new()
    } else {
        format!("{}: {}", target.environment.word().to_uppercase(), target.name)
    };
    Some(prompt::Card { banner, headline: headline(action), lines, challenge })
}

/// Standard input for the judge, left whole for the program.
fn capture() -> Stdin {
    match stdin::capture(usize::try_from(CONTENT_BOUND).unwrap_or(usize::MAX)) {
        stdin::Captured::Terminal => Stdin::Inherited,
        stdin::Captured::Empty => Stdin::Empty,
        stdin::Captured::Whole(content) => Stdin::Bytes(content.to_vec()),
        stdin::Captured::TooLarge(overflow) => match overflow.hand_on() {
            Ok(()) => Stdin::Unknown("more than 64 MiB on standard input".to_owned()),
            // Part of a pipe is lost to us: the program must not run on the rest.
            Err(_) => fail_closed(),
        },
        stdin::Captured::Unreadable(why) => Stdin::Unknown(why),
    }
}

/// Writes to standard error; a closed one is nobody's concern.
fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// A fault of ours ends here, whatever it was: nothing is executed.
#[expect(unsafe_code, reason = "ends the process without unwinding or destructors")]
fn fail_closed() -> ! {
    say("agentguard: a fault of ours; nothing was executed\n");
    // SAFETY: no pointers, does not return.
    unsafe { libc::_exit(exit::FAILED) }
}
