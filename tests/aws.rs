//! The AWS CLI: every known operation against its table, and what lines come to by environment.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::exit,
    clippy::print_stderr,
    clippy::too_many_lines,
    clippy::type_complexity,
    clippy::disallowed_methods,
    reason = "a test fails loudly and drives real programs"
)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use agentguard::action::{Action, Effect};
use agentguard::actor::{Actor, ActorKind};
use agentguard::assess::{self, Severity};
use agentguard::context::{Context, Door};
use agentguard::invocation::{Invocation, Piece, Word};
use agentguard::judge;
use agentguard::policy::{Layer, Pattern, Policy};
use agentguard::reader::aws::table;
use agentguard::target::Environment;

/// The table of all operations; it is not part of the source.
const ORACLE: &str = "../shared/reference/tables/aws_operations.tsv";

/// A folder of its own that ends with the test; it is HOME as well.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("agentguard-aws-{}-{count}", std::process::id()));
        std::fs::create_dir_all(path.join(".aws/cli")).unwrap();
        Self(path)
    }

    fn with(self, name: &str, content: &str) -> Self {
        std::fs::write(self.0.join(name), content).unwrap();
        self
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn context(folder: &Path, env: &[(&str, &str)]) -> Context {
    let mut overlay = vec![(OsString::from("HOME"), folder.as_os_str().to_owned())];
    overlay.extend(env.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))));
    Context::new(Door::Check).with_cwd(folder.to_owned()).with_env(overlay)
}

fn actions(folder: &Path, env: &[(&str, &str)], line: &str) -> Vec<Action> {
    let words = shell_words::split(line).unwrap();
    let words = words.into_iter().skip(1).map(OsString::from).collect();
    judge::actions(&Invocation::new("aws", words, folder.to_owned()), &context(folder, env))
}

fn severity(folder: &Path, env: &[(&str, &str)], policy: &Policy, line: &str) -> Severity {
    let actor = Actor::named(ActorKind::Agent, "agent", "as given");
    let judged = judge::decide(actions(folder, env, line), policy, actor, &context(folder, env));
    judged.assessment.severity
}

fn plain(line: &str) -> Severity {
    let folder = Folder::new();
    severity(&folder.0, &[], &Policy::default(), line)
}

/// A policy that names account 123456789012's environment.
fn policy(environment: Environment) -> Policy {
    let pattern = Pattern {
        environment,
        layer: Layer::User,
        hosts: Vec::new(),
        databases: Vec::new(),
        accounts: vec!["123456789012".to_owned()],
        projects: Vec::new(),
        branches: Vec::new(),
    };
    Policy { patterns: vec![pattern], ..Policy::default() }
}

fn oracle() -> Option<Vec<Vec<String>>> {
    let Ok(text) = std::fs::read_to_string(ORACLE) else {
        eprintln!("left out: {ORACLE} is not here");
        return None;
    };
    Some(text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

#[test]
fn every_operation_has_its_effect() {
    let Some(rows) = oracle() else { return };
    assert!(rows.len() > 19_000);
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let effect = table::nominal(&row[0], &row[1]).effect.word();
            (effect != row[2]).then(|| format!("{} {}: {effect}, table {}", row[0], row[1], row[2]))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn every_dry_run_is_known() {
    let Some(rows) = oracle() else { return };
    for row in &rows {
        // A waiter is a tree of its own and reads.
        if row[1] != "wait" {
            assert_eq!(table::has_dry_run(&row[0], &row[1]), !row[7].is_empty(), "{} {}", row[0], row[1]);
        }
    }
}

#[test]
fn nouns_tell_what_holds_data() {
    let Some(rows) = oracle() else { return };
    let deletes = rows.iter().filter(|row| row[2] == "destroy" && row[4] == "delete");
    let wrong: Vec<String> = deletes
        .filter(|row| table::nominal(&row[0], &row[1]).data != (row[5] == "1"))
        .map(|row| format!("{} {}", row[0], row[1]))
        .collect();
    // Each with its reason in DATA_DIFFERS.
    let unexpected: Vec<&String> =
        wrong.iter().filter(|name| !DATA_DIFFERS.contains(&name.as_str())).collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}

/// Where our nouns differ from the table's column: these hold data here.
const DATA_DIFFERS: &[&str] = &[];

/// What makes the catastrophic operations catastrophic, where they need a trigger or a content.
const TRIGGERS: &[(&str, &str)] = &[
    ("s3 rb", "s3://bucket --force"),
    ("s3 rm", "s3://bucket --recursive"),
    ("s3api delete-objects", "--bucket b --delete Objects=[{Key=a}]"),
    ("s3api put-bucket-lifecycle-configuration", LIFECYCLE),
    ("s3api put-bucket-lifecycle", LIFECYCLE),
    ("kms put-key-policy", "--key-id k --bypass-policy-lockout-safety-check --policy file://none"),
    ("route53 change-resource-record-sets", "--change-batch '{\"Changes\":[{\"Action\":\"DELETE\"}]}'"),
    ("ssm send-command", "--parameters commands='rm -rf /var/lib/app'"),
    ("neptunedata execute-fast-reset", "--action performDatabaseReset --token t"),
];
const LIFECYCLE: &str = "--bucket b --lifecycle-configuration \
    '{\"Rules\":[{\"Status\":\"Enabled\",\"Prefix\":\"\",\"Expiration\":{\"Days\":1}}]}'";

#[test]
fn the_catastrophic_are_high_or_critical() {
    let Some(rows) = oracle() else { return };
    let folder = Folder::new();
    let catastrophic: Vec<_> = rows.iter().filter(|row| row[3] == "catastrophic").collect();
    assert_eq!(catastrophic.len(), 84);
    let mild: Vec<String> = catastrophic
        .into_iter()
        .filter_map(|row| {
            let name = format!("{} {}", row[0], row[1]);
            let options = TRIGGERS.iter().find(|(known, _)| *known == name).map_or("--id x", |found| found.1);
            let line = format!("aws {name} {options}");
            let found = severity(&folder.0, &[], &Policy::default(), &line);
            (found < Severity::High).then(|| format!("{line}: {}", found.word()))
        })
        .collect();
    assert!(mild.is_empty(), "{}", mild.join("\n"));
}

#[test]
fn the_anchors_by_environment() {
    // local, staging, unknown, production
    let table: &[(&str, [&str; 4])] = &[
        ("rds describe-db-instances", ["none", "none", "none", "none"]),
        ("ec2 describe-instances", ["none", "none", "none", "none"]),
        ("s3 ls s3://b", ["none", "none", "none", "none"]),
        ("iam list-users", ["none", "none", "none", "none"]),
        ("ec2 create-tags --resources i-1 --tags Key=a,Value=b", ["low", "low", "low", "low"]),
        ("s3 cp a.txt s3://b/", ["low", "low", "low", "low"]),
        ("s3 rm s3://b/key", ["low", "medium", "medium", "high"]),
        ("s3 rm s3://b --recursive", ["low", "high", "high", "critical"]),
        ("s3 rb s3://b --force", ["low", "high", "high", "critical"]),
        ("s3 sync . s3://b --delete", ["low", "high", "high", "critical"]),
        (
            "rds delete-db-instance --db-instance-identifier x --final-db-snapshot-identifier y",
            ["low", "high", "high", "high"],
        ),
        (
            "rds delete-db-instance --db-instance-identifier x --skip-final-snapshot",
            ["low", "high", "critical", "critical"],
        ),
        ("ec2 stop-instances --instance-ids i-1", ["low", "medium", "medium", "high"]),
        ("ec2 terminate-instances --instance-ids i-1", ["low", "high", "high", "critical"]),
        (&format!("s3api put-bucket-lifecycle-configuration {LIFECYCLE}"), ["low", "medium", "high", "high"]),
        (
            "rds modify-db-instance --db-instance-identifier x --backup-retention-period 0",
            ["low", "medium", "high", "high"],
        ),
        (
            "rds modify-db-instance --db-instance-identifier x --no-deletion-protection",
            ["low", "medium", "high", "high"],
        ),
    ];
    let folder = Folder::new().with(
        ".aws/config",
        "[profile work]\nrole_arn = arn:aws:iam::123456789012:role/Deploy\nregion = eu-west-1\n",
    );
    let work = [("AWS_PROFILE", "work")];
    for (line, expected) in table {
        let line = format!("aws {line}");
        let local = [("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")];
        let found = [
            severity(&folder.0, &local, &Policy::default(), &line),
            severity(&folder.0, &work, &policy(Environment::Staging), &line),
            severity(&folder.0, &work, &Policy::default(), &line),
            severity(&folder.0, &work, &policy(Environment::Production), &line),
        ];
        assert_eq!(found.map(Severity::word), *expected, "{line}");
    }
}

#[test]
fn the_target_without_asking_anyone() {
    let config = "[default]\nregion = us-east-1\n[profile prod]\nsso_account_id = 111122223333\n\
        [profile role]\nrole_arn = arn:aws:iam::444455556666:role/ProdAdmin\nsource_profile = prod\n\
        [profile emulator]\nservices = local\n[services local]\ns3 =\n  endpoint_url = http://localhost:4566\n";
    let credentials = "[keys]\naws_access_key_id = ASIAQNZGKIQY56JQ7WML\naws_secret_access_key = hush-hush\n";
    let folder = Folder::new().with(".aws/config", config).with(".aws/credentials", credentials);
    let key = [("AWS_ACCESS_KEY_ID", "ASIAQNZGKIQY56JQ7WML"), ("AWS_PROFILE", "prod")];
    let line = "sqs purge-queue --queue-url https://q";
    type Case<'a> = (&'a [(&'a str, &'a str)], String, Option<&'a str>, Environment);
    let cases: &[Case] = &[
        (&[], format!("aws {line}"), None, Environment::Unknown),
        (&[], format!("aws --profile keys {line}"), Some("029608264753"), Environment::Unknown),
        (&[], format!("aws {line} --profile prod"), Some("111122223333"), Environment::Production),
        (&[], format!("aws {line} --profile=role"), Some("444455556666"), Environment::Unknown),
        (&[], format!("aws {line} --prof keys"), Some("029608264753"), Environment::Unknown),
        // Keys in the environment win over AWS_PROFILE, not over --profile.
        (&key, format!("aws {line}"), Some("029608264753"), Environment::Production),
        (&key, format!("aws --profile prod {line}"), Some("111122223333"), Environment::Production),
        (&[], "aws s3 rb s3://b --force --profile emulator".to_owned(), None, Environment::Local),
        (&[], format!("aws {line} --profile emulator"), None, Environment::Unknown),
        (
            &[("AWS_ENDPOINT_URL_SNS", "http://[::1]:9")],
            "aws sns delete-topic --topic-arn t".to_owned(),
            None,
            Environment::Local,
        ),
        // awscli 1.45 sends these to the real account all the same.
        (&[("AWS_ENDPOINT_URL_SQS", "http://[::1]:9")], format!("aws {line}"), None, Environment::Unknown),
        (
            &[("AWS_ENDPOINT_URL", "http://[::1]:9")],
            "aws rds delete-db-cluster --id x".to_owned(),
            None,
            Environment::Unknown,
        ),
        (
            &[("AWS_ENDPOINT_URL", "http://[::1]:9")],
            "aws --region eu-west-1 --profile keys rds delete-db-cluster --id x".to_owned(),
            Some("029608264753"),
            Environment::Local,
        ),
        (&[], format!("aws {line} --endpoint-url http://[::1]:9"), None, Environment::Local),
        (&[("AWS_ENDPOINT_URL_S3", "http://[::1]:9")], format!("aws {line}"), None, Environment::Unknown),
        (&[], format!("aws --endpoint-url https://localhost@example.com {line}"), None, Environment::Unknown),
        (&[], "aws s3 rb s3://acme-production --force".to_owned(), None, Environment::Production),
        (
            &[],
            "aws rds stop-db-instance --db-instance-identifier orders-stg".to_owned(),
            None,
            Environment::Staging,
        ),
    ];
    for (env, line, account, environment) in cases {
        let found = actions(&folder.0, env, line);
        let target = &found[0].target;
        assert_eq!(target.kind, "aws", "{line}");
        assert_eq!(target.facets.account.as_deref(), *account, "{line}");
        assert_eq!(target.environment, *environment, "{line}: {target:?}");
        assert!(!format!("{target:?}").contains("hush"), "{line}");
    }
}

#[test]
fn requests_from_files() {
    let folder = Folder::new()
        .with("retention.json", r#"{"DBInstanceIdentifier":"x","BackupRetentionPeriod":0}"#)
        .with("dry.json", r#"{"InstanceIds":["i-1"],"DryRun":true}"#)
        .with("dry.yaml", "InstanceIds:\n- i-1\nDryRun: true\n")
        .with("retention.yaml", "DBInstanceIdentifier: x\nBackupRetentionPeriod: 0 # off\n")
        .with("records.json", r#"{"Changes":[{"Action":"CREATE"},{"Action":"DELETE"}]}"#)
        .with("create.json", r#"{"Changes":[{"Action":"CREATE"}]}"#)
        .with("items.json", r#"{"t":[{"DeleteRequest":{"Key":{"id":{"S":"1"}}}}]}"#)
        .with("puts.json", r#"{"t":[{"PutRequest":{"Item":{"id":{"S":"DeleteRequest"}}}}]}"#)
        .with("off.json", r#"{"Rules":[{"Status":"Disabled","Expiration":{"Days":1}}]}"#);
    for (line, expected) in [
        ("rds modify-db-instance --cli-input-json file://retention.json", "high"),
        ("rds modify-db-instance --cli-input-yaml file://retention.yaml", "high"),
        ("rds modify-db-instance --cli-input-json file://retention.json --backup-retention-period 7", "low"),
        ("rds modify-db-instance --cli-input-json file://none.json", "high"),
        ("ec2 terminate-instances --cli-input-json file://dry.json", "none"),
        ("ec2 terminate-instances --cli-input-yaml file://dry.yaml", "none"),
        // Tested against a loopback server: argv beats the file, really executed.
        ("ec2 terminate-instances --cli-input-json file://dry.json --no-dry-run", "high"),
        ("route53 change-resource-record-sets --hosted-zone-id Z --change-batch file://records.json", "high"),
        ("route53 change-resource-record-sets --hosted-zone-id Z --change-batch file://create.json", "low"),
        ("route53 change-resource-record-sets --hosted-zone-id Z --change-batch file://none.json", "high"),
        ("dynamodb batch-write-item --request-items file://items.json", "medium"),
        ("dynamodb batch-write-item --request-items file://puts.json", "low"),
        (
            "s3api put-bucket-lifecycle-configuration --bucket b --lifecycle-configuration file://off.json",
            "low",
        ),
        ("s3api put-bucket-lifecycle-configuration --bucket b --lifecycle-configuration file://none", "high"),
    ] {
        let found = severity(&folder.0, &[], &Policy::default(), &format!("aws {line}"));
        assert_eq!(found.word(), expected, "{line}");
    }
}

#[test]
fn aliases_come_first() {
    let folder = Folder::new().with(
        ".aws/cli/alias",
        "[toplevel]\nwhoami = sts get-caller-identity\nnuke = s3 rb --force\n\
         sts = !rm -rf /etc/ssl\nec2 = ec2 --region us-east-1\nloop = pool\npool = loop\n\
         clean =\n  !f() {\n    aws s3 rm --recursive \"$1\"\n  }; f\n\
         [command rds]\ndrop = delete-db-instance --skip-final-snapshot --db-instance-identifier\n",
    );
    for (line, expected) in [
        ("aws nuke s3://b", "high"),
        ("aws --profile x nuke s3://b", "high"),
        ("aws whoami", "critical"),
        ("aws rds drop x", "critical"),
        ("aws ec2 describe-instances", "none"),
        ("aws ec2 terminate-instances --instance-ids i-1", "high"),
        ("aws clean s3://b/x", "high"),
        ("aws rds describe-db-instances", "none"),
    ] {
        assert_eq!(severity(&folder.0, &[], &Policy::default(), line).word(), expected, "{line}");
    }
    // Two aliases that name each other end at the one seen before, which is no service.
    assert!(severity(&folder.0, &[], &Policy::default(), "aws loop") <= Severity::Low);
}

#[test]
fn dynamic_words_are_not_milder() {
    let folder = Folder::new();
    let unknown = |source: &str| Word::Dynamic(vec![Piece::Unknown(source.to_owned())]);
    let word = |text: &str| Word::literal(text);
    for args in [
        vec![unknown("$SERVICE"), word("x")],
        vec![word("rds"), unknown("$OPERATION")],
        vec![word("rds"), word("modify-db-instance"), word("--backup-retention-period"), unknown("$DAYS")],
        vec![word("s3"), word("rm"), unknown("$URI"), word("--recursive")],
        vec![word("s3"), word("sync"), word("."), unknown("$URI"), unknown("$FLAGS")],
        vec![word("rds"), word("modify-db-instance"), unknown("$FLAGS")],
        vec![word("s3api"), word("put-bucket-versioning"), word("--versioning-configuration"), unknown("$V")],
    ] {
        let mut invocation = Invocation::new("aws", Vec::new(), folder.0.clone());
        invocation.args = args;
        let found = judge::actions(&invocation, &context(&folder.0, &[]));
        assert!(assess::assess(&found).severity >= Severity::High, "{:?}", invocation.args);
    }
}

#[test]
fn newer_operations_by_their_verb() {
    for (line, effect) in [
        ("newservice delete-thing", Effect::Destroy),
        ("newservice batch-delete-things", Effect::Destroy),
        ("newservice describe-things", Effect::Read),
        ("newservice batch-get-things", Effect::Read),
        ("newservice frobnicate-things", Effect::Write),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(table::nominal(words[0], words[1]).effect, effect, "{line}");
    }
    assert_eq!(plain("aws newservice delete-database --name x"), Severity::High);
    assert_eq!(plain("aws newservice frobnicate --name x"), Severity::Low);
}

#[test]
fn secrets_are_not_shown() {
    let folder = Folder::new();
    for line in [
        "rds modify-db-instance --db-instance-identifier x --master-user-password hush",
        "rds modify-db-instance --db-instance-identifier x --master-user-p hush",
        "rds modify-db-instance --db-instance-identifier x --master-user-password=hush",
        "secretsmanager put-secret-value --secret-id x --secret-string hush",
        "ssm put-parameter --name x --type SecureString --value hush",
        "configure set aws_secret_access_key hush",
        "iam change-password --old-password hush --new-password hush",
        "--profile x codecommit update-thing --auth-token hush",
    ] {
        let found = actions(&folder.0, &[], &format!("aws {line}"));
        assert!(!found.is_empty(), "{line}");
        assert!(!format!("{found:?}").contains("hush"), "{line}: {found:?}");
    }
}
