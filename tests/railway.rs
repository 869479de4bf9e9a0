//! Railway's command line: the whole command tree, the environments, the link file, the tables.
//!
//! The severity of each destructive command stands in `corpus/railway.tsv`, a row per command.
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

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use agentguard::action::Effect;
use agentguard::actor::{Actor, ActorKind};
use agentguard::context::{Context, Door};
use agentguard::grammar::schema::{Command, Grammar};
use agentguard::grammar::{bind, registry};
use agentguard::invocation::{Invocation, Stdin, Word};
use agentguard::judge::{self, Judgement};
use agentguard::policy::Policy;
use agentguard::target::Environment;

const NOWHERE: &str = "/nonexistent";

/// A call of railway in surroundings of its own.
struct Case<'a> {
    command: &'a str,
    env: &'a [(&'a str, &'a str)],
    home: &'a Path,
    cwd: &'a Path,
}

impl<'a> Case<'a> {
    fn of(command: &'a str) -> Self {
        Self { command, env: &[], home: Path::new(NOWHERE), cwd: Path::new(NOWHERE) }
    }

    fn judge(&self) -> Judgement {
        let words = shell_words::split(self.command).expect(self.command);
        let mut words = words.into_iter().map(OsString::from);
        let program = words.next().expect("a program");
        let own =
            ["RAILWAY_TOKEN", "RAILWAY_PROJECT_ID", "RAILWAY_ENVIRONMENT_ID", "RAILWAY_ENVIRONMENT_NAME"];
        let mut env: Vec<(OsString, OsString)> =
            own.iter().map(|name| (OsString::from(name), OsString::new())).collect();
        env.push((OsString::from("HOME"), self.home.into()));
        env.extend(self.env.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))));
        let context =
            Context::new(Door::Check).with_cwd(self.cwd.into()).with_env(env).with_stdin(Stdin::Empty);
        let invocation = Invocation::new(program, words.collect(), self.cwd.into());
        let actions = judge::actions(&invocation, &context);
        let actor = Actor::named(ActorKind::Agent, "agent", "as given");
        judge::decide(actions, &Policy::default(), actor, &context)
    }

    fn severity(&self) -> &'static str {
        self.judge().assessment.severity.word()
    }
}

fn grammar() -> &'static Grammar {
    registry::find("railway").expect("a grammar")
}

fn bound(words: &[&str]) -> &'static Command {
    let words: Vec<Word> = words.iter().map(Word::literal).collect();
    bind::bind(grammar(), &words, false).command
}

#[test]
fn every_command_is_found_by_every_name() {
    // 315 rows of the CLI's tree without the program itself, and clap's `help`.
    assert_eq!(grammar().commands.len(), 315);
    for command in grammar().commands {
        let (last, above) = command.path.split_last().expect("a name");
        for name in std::iter::once(last).chain(command.aliases) {
            let words = [above, &[name]].concat();
            assert_eq!(bound(&words).path, command.path, "{words:?}");
        }
    }
}

#[test]
fn a_parents_options_stand_before_the_child() {
    let words: Vec<Word> =
        ["volume", "-e", "staging", "-p", "shop", "delete", "-v", "media", "-y"].map(Word::literal).into();
    let binding = bind::bind(grammar(), &words, false);
    assert_eq!(binding.command.path, ["volume", "delete"]);
    assert!(binding.faults.is_empty() && binding.operands.is_empty());
    assert_eq!(binding.role_value("environment"), Some(&Word::literal("staging")));
    // Below a parent whose options are global they may stand after the child as well.
    let words: Vec<Word> = ["domain", "delete", "a.example", "-e", "staging"].map(Word::literal).into();
    let binding = bind::bind(grammar(), &words, false);
    assert!(binding.faults.is_empty());
    assert_eq!(binding.operands.len(), 1);
}

#[test]
fn a_write_is_never_above_low_and_a_read_is_nothing() {
    let inner = ["run", "ssh", "ca ssh", "shell", "connect", "api", "environment edit", "config apply"];
    for command in grammar().commands {
        let path = command.path.join(" ");
        if inner.contains(&path.as_str()) || command.cases.iter().any(|case| case.effect == Effect::Unknown) {
            continue;
        }
        let line = format!("railway {path}");
        let case = Case { env: &[("RAILWAY_ENVIRONMENT_NAME", "production")], ..Case::of(&line) };
        let always = command.cases.iter().any(|case| case.effect == Effect::Destroy);
        match command.default {
            Some(Effect::Read) if !always => assert_eq!(case.severity(), "none", "{line}"),
            Some(Effect::Write) if !always => assert_eq!(case.severity(), "low", "{line}"),
            _ => {}
        }
        for row in command.cases.iter().filter(|row| row.effect == Effect::Destroy) {
            let said = !row.scope.is_empty() || !row.undo.is_empty();
            assert!(said, "{line}: {} does not say what is lost or how it comes back", row.id);
        }
    }
}

#[test]
fn help_is_safe_on_every_command() {
    for command in grammar().commands.iter().filter(|command| command.path != ["help"]) {
        for flag in ["--help", "-h"] {
            let line = format!("railway {} {flag}", command.path.join(" "));
            assert_eq!(Case::of(&line).severity(), "none", "{line}");
        }
    }
}

/// The calibration's rows for Railway: unknown, staging (by name: as unknown), production.
#[test]
fn environments_by_name() {
    for (line, unknown, production) in [
        ("railway logs", "none", "none"),
        ("railway up", "low", "low"),
        ("railway redeploy -y", "low", "low"),
        ("railway variable set A=1", "low", "low"),
        ("railway variable delete A", "medium", "high"),
        ("railway down -y", "medium", "high"),
        ("railway service delete -y", "high", "critical"),
        ("railway environment edit --service-config a isDeleted true", "high", "critical"),
        ("railway run npx prisma migrate reset", "high", "critical"),
        ("railway ssh rm -rf /data", "high", "critical"),
    ] {
        let with = |environment: &str| {
            let mut words: Vec<&str> = line.split(' ').collect();
            // Options end where a nested command begins.
            let at =
                words.iter().position(|word| ["npx", "rm", "A=1", "A"].contains(word)).unwrap_or(words.len());
            words.splice(at..at, ["-e", environment]);
            Case::of(&words.join(" ")).severity()
        };
        assert_eq!(Case::of(line).severity(), unknown, "{line}");
        assert_eq!(with("staging"), unknown, "{line} in staging");
        assert_eq!(with("production"), production, "{line} in production");
    }
}

#[test]
fn volume_delete_has_no_environment() {
    let staging = Case::of("railway volume -e staging -p shop delete -v media -y").judge();
    let action = staging.worst().expect("an action");
    assert_eq!(action.target.environment, Environment::Unknown);
    assert_eq!(action.target.name, "project shop, every environment");
    assert!(action.target.evidence.iter().any(|line| line.contains("every environment")));
    assert_eq!(staging.assessment.severity.word(), "high");
}

/// A home with a link file, and folders below a linked one.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("agentguard-railway-{}-{name}", std::process::id()));
        std::fs::create_dir_all(root.join(".railway")).expect("a folder");
        for folder in ["shop/api/src", "other"] {
            std::fs::create_dir_all(root.join(folder)).expect("a folder");
        }
        let entry = |name: &str, environment: &str| {
            format!(
                r#"{{"name":"{name}","project":"p","environment":"e","environmentName":"{environment}"}}"#
            )
        };
        let at = root.display();
        let text = format!(
            r#"{{"projects":{{"{at}/shop":{},"{at}/shop/api":{}}},"user":{{"accessToken":"x"}}}}"#,
            entry("shop", "production"),
            entry("shop-api", "pr-12"),
        );
        std::fs::write(root.join(".railway/config.json"), text).expect("a link file");
        Self(root)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_target_is_the_link_unless_something_stronger_names_it() {
    let home = Home::new("link");
    let id = ("RAILWAY_PROJECT_ID", "11111111-2222");
    for (folder, command, env, name, environment) in [
        ("shop", "railway down -y", &[][..], "project shop, environment production", Environment::Production),
        ("shop/api/src", "railway down -y", &[], "project shop-api, environment pr-12", Environment::Unknown),
        ("other", "railway down -y", &[], "Railway", Environment::Unknown),
        ("shop", "railway down -y -e pr-3", &[], "project shop, environment pr-3", Environment::Unknown),
        // Another project's environment is not the linked one.
        ("shop", "railway down -y -p blog", &[], "project blog", Environment::Unknown),
        ("shop", "railway down -y", &[("RAILWAY_TOKEN", "t")], "Railway", Environment::Unknown),
        ("shop", "railway down -y", &[id], "project 11111111-2222", Environment::Unknown),
        (
            "shop",
            "railway down -y",
            &[id, ("RAILWAY_ENVIRONMENT_ID", "e-1")],
            "project 11111111-2222, environment e-1",
            Environment::Unknown,
        ),
        (
            "other",
            "railway down -y",
            &[("RAILWAY_ENVIRONMENT_NAME", "production")],
            "Railway",
            Environment::Production,
        ),
        ("other", "railway down -y -e staging", &[], "environment staging", Environment::Staging),
        ("shop", "railway volume delete -y", &[], "project shop, every environment", Environment::Production),
    ] {
        let cwd = home.0.join(folder);
        let judgement = Case { command, env, home: &home.0, cwd: &cwd }.judge();
        let target = &judgement.worst().expect(command).target;
        assert_eq!((target.kind, target.name.as_str()), ("railway", name), "{command} in {folder}");
        assert_eq!(target.environment, environment, "{command} in {folder}");
    }
}

/// Where the severity in an unknown environment is not the mutation's in the table of the schema
/// (worst cases, without an environment), and why.
const DIFFERENCES: &[(&str, &str, &str, &str)] = &[
    ("volume delete", "critical", "high", "the calibration: critical where a name says production"),
    ("environment delete", "critical", "high", "the calibration: critical where a name says production"),
    ("service delete", "critical", "high", "the calibration; the command always sends an environment"),
    ("functions delete", "critical", "high", "a function is a service"),
    ("postgres pitr backup delete", "critical", "high", "one backup is a resource like a volume"),
    ("down", "high", "medium", "the calibration: the deployment comes back with redeploy"),
    ("variable delete A", "high", "medium", "the calibration"),
    ("domain delete a.example -y", "high", "medium", "one of many; it can be added again"),
    ("tcp-proxy delete p-1 -y", "high", "medium", "one of many; a new one has another port"),
    ("bucket credentials --reset -y", "high", "medium", "the keys of one bucket, no content"),
    ("sandbox destroy sb-1", "high", "medium", "sandboxes are made to be thrown away"),
    ("sandbox checkpoint delete c", "high", "medium", "one of many"),
    ("ca delete a-1 -y", "high", "medium", "an agent's own machine"),
    ("flag delete f", "high", "medium", "one of many"),
    ("outbound-network static-ip disable", "high", "medium", "addresses, no content"),
    ("volume detach -v m -y", "high", "medium", "the calibration: attach brings it back"),
    ("ssh keys add", "high", "medium", "access in an unknown environment"),
    ("config apply --yes", "critical", "low", "railway refuses removals without --confirm-destructive"),
    ("scale us-west2=2", "critical", "low", "the patch only sets numbers; at nothing it is an outage"),
    ("postgres pitr schedule set --daily", "high", "low", "only --none leaves no backups"),
    ("variable set A=1", "high", "low", "the calibration; the command cannot send replace"),
    ("cron run", "high", "low", "a write: it runs what runs anyway"),
];

#[test]
fn differences_from_the_schema_table_are_as_listed() {
    let mut seen = HashSet::new();
    for (line, table, ours, reason) in DIFFERENCES {
        assert!(seen.insert(line) && !reason.is_empty() && !table.is_empty(), "{line}");
        let command = format!("railway {line}");
        assert_eq!(Case::of(&command).severity(), *ours, "{line}: {reason}");
    }
}

proptest::proptest! {
    #[test]
    fn no_words_panic(words in proptest::collection::vec("(volume|api|ssh|run|edit|environment|--?[a-z]{0,3}|delete|[{}=@ ]{0,3})", 0..7)) {
        let line: Vec<OsString> = words.into_iter().map(OsString::from).collect();
        let context = Context::new(Door::Check).with_cwd(PathBuf::from(NOWHERE)).with_stdin(Stdin::Empty);
        let invocation = Invocation::new("railway", line, PathBuf::from(NOWHERE));
        let _ = judge::actions(&invocation, &context);
    }
}
