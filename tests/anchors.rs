//! The calibration, held: each line of tests/corpus/anchors.tsv gets its severity in each environment.
//!
//! Staging, test and production of HTTP hosts are named by policy; local goes by address, a test
//! database by its name, unknown by nothing at all.
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

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use agentguard::actor::{Actor, ActorKind};
use agentguard::assess::Severity;
use agentguard::context::{Context, Door};
use agentguard::invocation::Invocation;
use agentguard::judge::{self, Judgement};
use agentguard::policy::{Layer, Pattern, Policy};
use agentguard::target::Environment;

/// Where a command goes in one column of the table.
struct Place {
    column: &'static str,
    database: &'static str,
    psql: &'static str,
    url: &'static str,
}

const PLACES: [Place; 5] = [
    Place { column: "local", database: "app", psql: "-h 127.0.0.1 -d app", url: "http://127.0.0.1:3000" },
    Place {
        column: "test",
        database: "app_test",
        psql: "-h db.example.com -d app_test",
        url: "https://api.ci.example.com",
    },
    Place {
        column: "staging",
        database: "app",
        psql: "-h db.staging.example.com -d app",
        url: "https://api.staging.example.com",
    },
    Place {
        column: "unknown",
        database: "app",
        psql: "-h db.example.com -d app",
        url: "https://api.example.com",
    },
    Place {
        column: "production",
        database: "app",
        psql: "-h db.live.example.com -d app",
        url: "https://api.live.example.com",
    },
];

/// Nothing is there: a check takes what does not exist for something that matters. A home in the
/// temporary folder would be temporary itself.
const HOME: &str = "/home/nobody-here";

fn pattern(environment: Environment, host: &str) -> Pattern {
    Pattern {
        environment,
        layer: Layer::User,
        hosts: vec![host.to_owned()],
        databases: Vec::new(),
        accounts: Vec::new(),
        projects: Vec::new(),
        branches: Vec::new(),
    }
}

fn policy() -> Policy {
    Policy {
        patterns: vec![
            pattern(Environment::Staging, "*.staging.example.com"),
            pattern(Environment::Production, "*.live.example.com"),
            pattern(Environment::Test, "*.ci.example.com"),
        ],
        ..Policy::default()
    }
}

fn judge(command: &str, place: &Place, folder: &Path) -> Judgement {
    let to = if command.starts_with("psql") { place.psql } else { place.url };
    let line = command.replace("{to}", to).replace("{db}", place.database).replace(" ~", &format!(" {HOME}"));
    let mut words = shell_words::split(&line)
        .unwrap_or_else(|error| panic!("{line}: {error}"))
        .into_iter()
        .map(OsString::from);
    let program = words.next().unwrap();
    let cwd = folder.join("project");
    let none = |name: &str| (OsString::from(name), OsString::new());
    let context = Context::new(Door::Check).with_cwd(cwd.clone()).with_env(vec![
        (OsString::from("HOME"), OsString::from(HOME)),
        none("PGHOST"),
        none("PGDATABASE"),
        none("PGSERVICE"),
    ]);
    let actions = judge::actions(&Invocation::new(program, words.collect(), cwd), &context);
    judge::decide(actions, &policy(), Actor::named(ActorKind::Agent, "agent", "as given"), &context)
}

fn letter(severity: Severity) -> &'static str {
    &severity.word()[..1]
}

#[test]
fn every_anchor_gets_its_severity_in_every_environment() {
    let folder = std::env::temp_dir().join(format!("agentguard-anchors-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("project")).unwrap();
    let table = std::fs::read_to_string(PathBuf::from("tests/corpus/anchors.tsv")).unwrap();
    let rows = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).skip(1);
    let (mut judged, mut wrong) = (0, Vec::new());
    for row in rows {
        let fields: Vec<&str> = row.split('\t').collect();
        assert_eq!(fields.len(), 7, "seven columns: {row}");
        for (place, expected) in PLACES.iter().zip(&fields[1..6]) {
            if *expected == "-" {
                continue;
            }
            judged += 1;
            let judgement = judge(fields[6], place, &folder);
            let found = letter(judgement.assessment.severity);
            if found != *expected {
                wrong.push(format!(
                    "{} in {}: expected {expected}, got {found}: {:?}",
                    fields[0],
                    place.column,
                    judgement.reasons(),
                ));
            }
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
    assert!(judged > 150, "only {judged} judged");
    assert!(wrong.is_empty(), "{} of {judged}:\n{}", wrong.len(), wrong.join("\n"));
}
