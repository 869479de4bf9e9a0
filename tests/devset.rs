//! The development set: cases from outside the grammars' own corpora, stopped or not for an agent.
//!
//! A case that does not hold must be listed in [`GAPS`] with its reason; a listed one that holds fails
//! the test, so that the list only shrinks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::exit,
    clippy::too_many_lines,
    clippy::type_complexity,
    clippy::disallowed_methods,
    reason = "a test fails loudly and drives real programs"
)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use agentguard::actor::{Actor, ActorKind};
use agentguard::context::{Context, Door};
use agentguard::grammar::registry;
use agentguard::invocation::{Invocation, Stdin};
use agentguard::judge::{self, Judgement};
use agentguard::policy::{Decision, Policy};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    id: String,
    argv: Option<Vec<String>>,
    shell: Option<String>,
    stdin: Option<String>,
    files: Option<BTreeMap<String, String>>,
    label: String,
    why: String,
}

/// Known gaps: what does not hold yet, and why. `no grammar: PROGRAM` fails as soon as there is one.
const GAPS: &[(&str, &str)] = &[
    ("d-mysql-001", "safe but stopped: MySQL has no dialect yet, so that what stands on stdin is not read"),
    ("d-mysql-002", "safe but stopped: MySQL has no dialect yet, so that words in a comment count"),
];

/// No folder of this name exists: a home in the temporary folder would itself count as temporary.
const HOME: &str = "/home/sam";

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string("tests/corpus/devset.jsonl").unwrap();
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// A folder that holds the case's files and nothing else.
fn folder(base: &Path, case: &Case) -> PathBuf {
    let folder = base.join(&case.id);
    std::fs::create_dir_all(&folder).unwrap();
    for (name, content) in case.files.iter().flatten() {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

fn judge(case: &Case, folder: &Path) -> Judgement {
    let mut context = Context::new(Door::Check)
        .with_cwd(folder.to_owned())
        .with_env(vec![(OsString::from("HOME"), OsString::from(HOME))]);
    if let Some(text) = &case.stdin {
        context = context.with_stdin(Stdin::Bytes(text.clone().into_bytes()));
    }
    let actions = match (&case.argv, &case.shell) {
        (Some(argv), None) => {
            let mut words = argv.iter().map(OsString::from);
            let program = words.next().unwrap();
            judge::actions(&Invocation::new(program, words.collect(), folder.to_owned()), &context)
        }
        (None, Some(line)) => judge::line_actions(line.as_bytes(), folder, &context),
        _ => panic!("{}: argv or shell", case.id),
    };
    let actor = Actor::named(ActorKind::Agent, "agent", "as given");
    judge::decide(actions, &Policy::default(), actor, &context)
}

#[test]
fn every_case_is_stopped_or_not_as_labelled() {
    let base = std::env::temp_dir().join(format!("agentguard-devset-{}", std::process::id()));
    let mut gaps: BTreeMap<&str, &str> = GAPS.iter().copied().collect();
    assert_eq!(gaps.len(), GAPS.len(), "a gap is listed twice");
    let (mut held, mut wrong) = (0, Vec::new());
    for case in cases() {
        let judgement = judge(&case, &folder(&base, &case));
        let stopped = judgement.decision != Decision::Allow;
        let holds = stopped == (case.label == "destructive");
        let line = case.shell.clone().or_else(|| case.argv.as_ref().map(|words| words.join(" ")));
        match (holds, gaps.remove(case.id.as_str())) {
            (true, None) => held += 1,
            (false, Some(_)) => {}
            (true, Some(why)) => wrong.push(format!("{}: holds now, take it off the list ({why})", case.id)),
            (false, None) => wrong.push(format!(
                "{}: {} but {}: {}\n    {} {:?}",
                case.id,
                case.label,
                judgement.assessment.severity.word(),
                case.why,
                line.unwrap_or_default(),
                judgement.reasons(),
            )),
        }
    }
    let _ = std::fs::remove_dir_all(&base);
    wrong.extend(gaps.keys().map(|id| format!("{id}: there is no such case")));
    assert!(wrong.is_empty(), "{} wrong, {held} held:\n{}", wrong.len(), wrong.join("\n"));
}

/// A gap names a case that exists and a reason that is still true.
#[test]
fn every_gap_has_a_reason_that_is_still_true() {
    let ids: Vec<String> = cases().into_iter().map(|case| case.id).collect();
    for (id, why) in GAPS {
        assert!(ids.iter().any(|known| known == id), "{id}: no such case");
        assert!(why.len() > 10, "{id}: say why");
        if let Some(program) = why.strip_prefix("no grammar: ") {
            assert!(registry::find(program).is_none(), "{id}: {program} has a grammar now");
        }
    }
}
