//! The verdict as others read it: JSON, version 1. Fields may be added, never renamed.

use serde::Serialize;

use crate::action::Action;
use crate::judge::Judgement;
use crate::target::Target;
use crate::term;

/// One judgement, ready to be printed.
#[derive(Debug, Serialize)]
pub struct Verdict<'a> {
    pub v: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a serde_json::Value>,
    pub decision: &'static str,
    pub score: u8,
    pub severity: &'static str,
    pub actor: ActorPart<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetPart>,
    pub actions: Vec<ActionPart>,
    pub reasons: Vec<String>,
    pub advice: String,
    pub rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct ActorPart<'a> {
    pub kind: &'static str,
    pub name: &'a str,
    pub evidence: &'a [String],
}

#[derive(Clone, Debug, Serialize)]
pub struct TargetPart {
    pub kind: &'static str,
    pub name: String,
    pub environment: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared: Option<&'static str>,
    pub evidence: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct ActionPart {
    pub effect: &'static str,
    pub verb: String,
    pub object: String,
    pub scope: String,
    pub undo: String,
    pub text: String,
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub measured: serde_json::Map<String, serde_json::Value>,
}

/// The verdict of a judgement; every text in it is clean and redacted.
#[must_use]
pub fn verdict<'a>(judgement: &'a Judgement, id: Option<&'a serde_json::Value>) -> Verdict<'a> {
    let worst = judgement.worst();
    Verdict {
        v: 1,
        id,
        decision: judgement.decision.word(),
        score: judgement.assessment.score,
        severity: judgement.assessment.severity.word(),
        actor: ActorPart {
            kind: judgement.actor.kind.word(),
            name: &judgement.actor.name,
            evidence: &judgement.actor.evidence,
        },
        target: worst.and_then(|action| target(&action.target, judgement)),
        actions: judgement.actions.iter().take(50).map(action).collect(),
        reasons: judgement.reasons(),
        advice: worst.map(|action| clean(&action.advice)).unwrap_or_default(),
        rule: worst.map(|action| action.rule.clone().into_owned()).unwrap_or_default(),
        request: judgement.request.clone(),
    }
}

/// Cleaned for a terminal or a log, without secrets.
fn clean(text: &str) -> String {
    term::sanitize(&term::redact(text))
}

/// The target's part; `None` when there is nothing to say.
#[must_use]
pub fn target(target: &Target, judgement: &Judgement) -> Option<TargetPart> {
    (!target.kind.is_empty()).then(|| TargetPart {
        kind: target.kind,
        name: clean(&target.name),
        environment: target.environment.word(),
        declared: judgement.declared.map(crate::target::Environment::word),
        evidence: target.evidence.iter().map(|line| clean(line)).collect(),
    })
}

fn action(action: &Action) -> ActionPart {
    let mut measured = serde_json::Map::new();
    let mut undo = action.undo.clone().into_owned();
    if let Some(state) = &action.state {
        for (name, count) in &state.facts {
            measured.insert((*name).to_owned(), (*count).into());
        }
        if !state.undo.is_empty() {
            undo.clone_from(&state.undo);
        }
    }
    ActionPart {
        effect: action.effect.word(),
        verb: clean(&action.verb),
        object: clean(&action.object),
        scope: clean(&action.scope),
        undo,
        text: clean(&action.text),
        measured,
    }
}
