//! The log as a whole: order, chain, rotation, damage, several writers.
#![allow(clippy::disallowed_methods, reason = "tests start programs and take the time")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::Duration;

use super::read::records_in;
use super::write::{append_in, timestamp};
use super::*;
use crate::actor::ActorKind;
use crate::context::Door;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("agentguard-audit-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn add(&self, program: &str) {
        append_in(&self.0, &record(program), ROTATE_AT).unwrap();
    }

    fn read(&self) -> Vec<Stored> {
        records_in(&self.0).unwrap().map(Result::unwrap).collect()
    }

    fn current(&self) -> PathBuf {
        self.0.join(CURRENT)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn record(program: &str) -> Record {
    Record {
        id: "7f3k-q2".to_owned(),
        door: "shim".to_owned(),
        program: program.to_owned(),
        argv: vec![program.to_owned(), "-c".to_owned(), "DROP TABLE users".to_owned()],
        cwd: "/home/u/app".to_owned(),
        actor: Actor::named(ActorKind::Agent, "claude-code", "env CLAUDE_CODE_CHILD_SESSION"),
        decision: "refuse".to_owned(),
        outcome: Outcome::Refused,
        score: 97,
        severity: "critical".to_owned(),
        rule: "psql.drop-table".to_owned(),
        target: Place {
            kind: "postgres".to_owned(),
            name: "app at db".to_owned(),
            environment: "production".to_owned(),
        },
        reasons: vec!["drop table in production is critical".to_owned()],
    }
}

fn seq(stored: &Stored) -> u64 {
    match stored {
        Stored::Record { value, .. } => value["seq"].as_u64().unwrap(),
        Stored::Torn { .. } => 0,
    }
}

fn link(stored: &Stored) -> Option<Link> {
    match stored {
        Stored::Record { link, .. } => Some(*link),
        Stored::Torn { .. } => None,
    }
}

#[test]
fn the_format() {
    let folder = Folder::new("format");
    folder.add("psql");
    let text = fs::read_to_string(folder.current()).unwrap();
    let (head, tail) = text.split_once("\"time\":\"").unwrap();
    assert_eq!(head, "{\"v\":1,\"seq\":1,");
    let (time, tail) = tail.split_once('"').unwrap();
    assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
    assert_eq!(
        tail,
        format!(
            ",\"prev\":\"{GENESIS}\",\"id\":\"7f3k-q2\",\"door\":\"shim\",\"program\":\"psql\",\
             \"argv\":[\"psql\",\"-c\",\"DROP TABLE users\"],\"cwd\":\"/home/u/app\",\
             \"actor\":{{\"kind\":\"agent\",\"name\":\"claude-code\",\"evidence\":[\"env CLAUDE_CODE_CHILD_SESSION\"]}},\
             \"decision\":\"refuse\",\"outcome\":\"refused\",\"score\":97,\"severity\":\"critical\",\
             \"rule\":\"psql.drop-table\",\
             \"target\":{{\"kind\":\"postgres\",\"name\":\"app at db\",\"environment\":\"production\"}},\
             \"reasons\":[\"drop table in production is critical\"]}}\n"
        )
    );
    assert_eq!(fs::metadata(&folder.0).unwrap().mode() & 0o7777, 0o700);
    assert_eq!(fs::metadata(folder.current()).unwrap().mode() & 0o7777, 0o600);
}

#[test]
fn secrets_and_controls_stay_out() {
    let folder = Folder::new("secrets");
    let mut record = record("curl");
    record.argv =
        ["curl", "-u", "app:hunter2", "https://x:hunter2@h/", "a\u{1b}[2J"].map(str::to_owned).to_vec();
    record.reasons = vec!["Authorization: Bearer hunter2".to_owned()];
    record.target.name = "postgres://app:hunter2@db/app".to_owned();
    append_in(&folder.0, &record, ROTATE_AT).unwrap();
    let text = fs::read_to_string(folder.current()).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    assert!(!text.contains("\\u001b"), "{text}");
}

#[test]
fn long_records_stay_readable() {
    let folder = Folder::new("long");
    let mut record = record("rm");
    record.argv = (0..100_000).map(|n| format!("{n}-{}", "x".repeat(20))).collect();
    record.argv[1] = "\u{1}".repeat(1 << 20);
    append_in(&folder.0, &record, ROTATE_AT).unwrap();
    folder.add("git");
    assert!(fs::metadata(folder.current()).unwrap().len() < 200 << 10);
    assert_eq!(folder.read().iter().map(link).collect::<Vec<_>>(), [Some(Link::First), Some(Link::Intact)]);
}

#[test]
fn a_huge_argument_costs_little() {
    let folder = Folder::new("huge");
    let mut record = record("psql");
    record.argv[2] = "password $x$ token=a https://".repeat(100_000);
    let start = std::time::Instant::now();
    append_in(&folder.0, &record, ROTATE_AT).unwrap();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn a_change_shows() {
    let folder = Folder::new("chain");
    for program in ["a", "b", "c", "d"] {
        folder.add(program);
    }
    assert_eq!(folder.read().iter().map(seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(folder.read()[1..].iter().all(|stored| link(stored) == Some(Link::Intact)));
    let text = fs::read_to_string(folder.current()).unwrap();
    fs::write(folder.current(), text.replacen("\"program\":\"b\"", "\"program\":\"x\"", 1)).unwrap();
    let links: Vec<_> = folder.read().iter().map(link).collect();
    assert_eq!(links, [Some(Link::First), Some(Link::Intact), Some(Link::Broken), Some(Link::Intact)]);
    let without: Vec<&str> =
        text.lines().enumerate().filter(|(at, _)| *at != 2).map(|(_, line)| line).collect();
    fs::write(folder.current(), without.join("\n") + "\n").unwrap();
    assert_eq!(link(&folder.read()[2]), Some(Link::Broken));
}

#[test]
fn a_torn_line_is_kept_and_reported() {
    let folder = Folder::new("torn");
    folder.add("a");
    let mut file = fs::OpenOptions::new().append(true).open(folder.current()).unwrap();
    file.write_all(b"{\"v\":1,\"seq\":2,\"ti").unwrap();
    assert!(matches!(&folder.read()[1], Stored::Torn { number: 2, line, .. } if line.ends_with("\"ti")));
    folder.add("b");
    let read = folder.read();
    assert_eq!(read.len(), 3);
    assert!(matches!(&read[1], Stored::Torn { .. }));
    assert_eq!(link(&read[2]), Some(Link::Intact));
    assert!(seq(&read[2]) > seq(&read[0]));
}

#[test]
fn rotation_keeps_five_and_the_chain() {
    let folder = Folder::new("rotation");
    for n in 0..40 {
        append_in(&folder.0, &record(&format!("p{n}")), 2000).unwrap();
    }
    let files = fs::read_dir(&folder.0).unwrap().count();
    assert_eq!(files, 6);
    let read = folder.read();
    assert!(read.len() < 40);
    assert_eq!(link(&read[0]), Some(Link::First));
    for pair in read.windows(2) {
        assert_eq!(link(&pair[1]), Some(Link::Intact));
        assert_eq!(seq(&pair[1]), seq(&pair[0]) + 1);
    }
    assert_eq!(seq(read.last().unwrap()), 40);
}

#[test]
fn writers_do_not_mix() {
    let folder = Folder::new("writers");
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let folder = &folder;
            scope.spawn(move || {
                for n in 0..40 {
                    append_in(&folder.0, &record(&format!("w{writer}-{n}")), 100_000).unwrap();
                }
            });
        }
    });
    let read = folder.read();
    assert_eq!(read.iter().map(seq).collect::<Vec<_>>(), (1..=320).collect::<Vec<_>>());
    assert!(read[1..].iter().all(|stored| link(stored) == Some(Link::Intact)));
}

#[test]
fn a_link_in_its_place_is_not_followed() {
    let folder = Folder::new("link");
    fs::create_dir_all(&folder.0).unwrap();
    let other = folder.0.join("other");
    fs::write(&other, "").unwrap();
    std::os::unix::fs::symlink(&other, folder.current()).unwrap();
    assert!(matches!(append_in(&folder.0, &record("a"), ROTATE_AT), Err(AuditError::Io(..))));
    assert_eq!(fs::read_to_string(&other).unwrap(), "");
}

#[test]
fn a_folder_without_rights_is_an_error_with_a_hint() {
    let folder = Folder::new("rights");
    fs::create_dir_all(&folder.0).unwrap();
    fs::write(folder.0.join("file"), "").unwrap();
    let error = append_in(&folder.0.join("file/below"), &record("a"), ROTATE_AT).unwrap_err();
    assert!(!error.hint().is_empty() && error.to_string().contains("audit.jsonl"));
    fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn where_it_is() {
    let context =
        |state: &str| Context::new(Door::Check).with_env(vec![("XDG_STATE_HOME".into(), state.into())]);
    assert_eq!(folder(&context("/x/state")).unwrap(), Path::new("/x/state/agentguard"));
    for ignored in ["", "relative"] {
        assert!(folder(&context(ignored)).unwrap().ends_with(".local/state/agentguard"));
    }
}

#[test]
fn times() {
    let table = [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_777_107_609_123, "2026-04-25T09:00:09.123Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    ];
    for (millis, expected) in table {
        assert_eq!(timestamp(Duration::from_millis(millis)), expected);
    }
}

#[test]
fn ids() {
    let id = request_id();
    assert!(is_request_id(OsStr::new(&id)), "{id}");
    assert_ne!(id, request_id());
    for other in ["", "7f3k-q", "7f3k_q2", "7f3k-q0", "7F3K-Q2", "7f3k-q22"] {
        assert!(!is_request_id(OsStr::new(other)), "{other}");
    }
}
