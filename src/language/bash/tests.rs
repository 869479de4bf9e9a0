//! The table of lines, the real bash as its judge, and what must hold for any text.

use std::ffi::OsString;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use proptest::prelude::*;

use super::{Command, Lowering, RedirectKind, Start, lower};
use crate::context::{Context, Door};
use crate::invocation::{Stdin, Word};

/// A folder with known content, removed afterwards.
struct Sandbox {
    root: PathBuf,
}

const FILES: &[&str] =
    &["a.txt", "b.txt", ".hidden", "src/one.c", "src/two.c", "build/out.o", "with space.txt"];

impl Sandbox {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("agentguard-bash-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        let sandbox = Self { root };
        std::fs::create_dir_all(sandbox.work()).unwrap();
        sandbox.fill();
        sandbox
    }

    fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    fn fill(&self) {
        let _ = std::fs::remove_dir_all(self.work());
        for file in FILES {
            let path = self.work().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"x\n").unwrap();
        }
        std::fs::write(self.work().join("q.sql"), b"DROP TABLE t;\n").unwrap();
        std::fs::write(self.work().join("run.sh"), b"#!/bin/sh\nrm -rf \"$1\"\n").unwrap();
        std::fs::write(self.work().join("lib.sh"), b"X=fromlib\nclean() { rm -rf \"$X/$1\"; }\n").unwrap();
    }

    fn lower(&self, line: &str) -> Lowering {
        let context = Context::new(Door::Check).with_cwd(self.work()).with_env(environment());
        let mut start = Start::new(&context, self.work());
        start.positional = vec![Word::from("bash")];
        lower(line.as_bytes(), &start)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

fn environment() -> Vec<(OsString, OsString)> {
    [("HOME", "/home/sam"), ("PGHOST", "db.local"), ("EMPTY", ""), ("WORDS", "one two"), ("TMPDIR", "/tmp")]
        .map(|(name, value)| (name.into(), value.into()))
        .into()
}

/// `program word word`, quoted where needed; unknown words as they are written.
fn shown(command: &Command) -> String {
    let words = std::iter::once(&command.invocation.program).chain(&command.invocation.args);
    let quote = |word: &Word| match word {
        Word::Literal(text) => shell_words::quote(&text.to_string_lossy()).into_owned(),
        Word::Dynamic(_) => format!("⟨{}⟩", word.shown()),
    };
    words.map(quote).collect::<Vec<_>>().join(" ")
}

fn all_shown(lowering: &Lowering) -> String {
    let mut all: Vec<String> = lowering.commands.iter().map(shown).collect();
    if lowering.partial.is_some() {
        all.push("PARTIAL".to_owned());
    }
    all.join(" ;; ")
}

/// A row of the table.
struct Row {
    id: String,
    mode: String,
    line: String,
    expected: String,
}

fn rows() -> Vec<Row> {
    include_str!("../../../tests/corpus/bash.tsv")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            assert_eq!(columns.len(), 4, "{line}");
            Row {
                id: columns[0].to_owned(),
                mode: columns[1].to_owned(),
                line: serde_json::from_str(columns[2]).unwrap(),
                expected: serde_json::from_str(columns[3]).unwrap(),
            }
        })
        .collect()
}

#[test]
fn dump() {
    let sandbox = Sandbox::new("dump");
    let raw = std::fs::read_to_string("tests/corpus/bash.raw").unwrap();
    for (at, line) in raw.lines().enumerate() {
        let (_, text) = line.split_once('\t').unwrap();
        let line =
            text.replace("\\\\n", "\u{1}").replace("\\n", "\n").replace("\\t", "\t").replace('\u{1}', "\\\n");
        sandbox.fill();
        let lowering = sandbox.lower(&line);
        let shown = all_shown(&lowering).replace(sandbox.work().to_str().unwrap(), "WORK");
        println!("@@{}\t{}", at + 1, serde_json::to_string(&shown).unwrap());
    }
}

#[test]
fn lines_become_these_commands() {
    let sandbox = Sandbox::new("table");
    let mut wrong = Vec::new();
    for row in rows() {
        let lowering = sandbox.lower(&row.line);
        let shown = all_shown(&lowering).replace(sandbox.work().to_str().unwrap(), "WORK");
        if shown != row.expected {
            wrong.push(format!("{}: {}\n  expected {}\n  got      {shown}", row.id, row.line, row.expected));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Stand-ins that record how they were called; those whose output matters then run the real one.
fn stand_ins(root: &Path, programs: impl Iterator<Item = String>) -> PathBuf {
    let folder = root.join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let recorder = root.join("recorder");
    let script = "#!/bin/sh\nname=${0##*/}\nprintf '%s\\0' \"$#\" \"$name\" \"$@\" >> \"$RECORD\"\n\
        case $name in cat|base64|basename|dirname|rev|seq|tr|tee) exec /usr/bin/\"$name\" \"$@\";; esac\n\
        exit \"$RESULT\"\n";
    std::fs::write(&recorder, script).unwrap();
    std::fs::set_permissions(&recorder, std::fs::Permissions::from_mode(0o755)).unwrap();
    for program in programs {
        let _ = symlink(&recorder, folder.join(program));
    }
    folder
}

fn recorded(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap_or_default();
    let mut fields = bytes.split(|byte| *byte == 0).map(|field| String::from_utf8_lossy(field).into_owned());
    let mut calls = Vec::new();
    while let Some(count) = fields.next().and_then(|count| count.parse::<usize>().ok()) {
        let words: Vec<String> = fields.by_ref().take(count + 1).collect();
        calls.push(
            words.iter().map(|word| shell_words::quote(word).into_owned()).collect::<Vec<_>>().join(" "),
        );
    }
    calls
}

/// What may be run for real: only stand-ins, nothing unknown, no file outside the folder.
fn runnable(lowering: &Lowering) -> bool {
    lowering.partial.is_none()
        && lowering.commands.iter().all(|command| {
            let words = std::iter::once(&command.invocation.program).chain(&command.invocation.args);
            let writes = command.redirects.iter().filter(|redirect| redirect.kind.writes());
            words.into_iter().all(|word| !word.is_dynamic())
                && !command.invocation.program.visible().to_string_lossy().contains('/')
                && writes
                    .into_iter()
                    .all(|redirect| !redirect.path.is_dynamic() && redirect.path.visible() == "/dev/null")
        })
}

fn is_subsequence(part: &[String], whole: &[String]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|call| rest.any(|other| other == call))
}

#[test]
fn the_real_bash_starts_the_same_programs() {
    let sandbox = Sandbox::new("oracle");
    let rows = rows();
    let lowerings: Vec<Lowering> = rows.iter().map(|row| sandbox.lower(&row.line)).collect();
    let names = lowerings
        .iter()
        .flat_map(|lowering| &lowering.commands)
        .map(|command| command.invocation.program.visible().to_string_lossy().into_owned());
    let names: std::collections::BTreeSet<String> =
        names.filter(|name| !name.contains('/') && !name.is_empty() && name != ":" && name != ".").collect();
    let path = stand_ins(&sandbox.root, names.into_iter());
    let (mut wrong, mut asked) = (Vec::new(), 0);
    for (row, _) in
        rows.iter().zip(&lowerings).filter(|(row, lowering)| row.mode != "-" && runnable(lowering))
    {
        sandbox.fill();
        let lowering = sandbox.lower(&row.line);
        let mut expected: Vec<String> = lowering.commands.iter().map(shown).collect();
        for result in ["0", "1"] {
            if row.mode == "exact" && result == "1" {
                continue;
            }
            sandbox.fill();
            let record = sandbox.root.join("record");
            let _ = std::fs::remove_file(&record);
            let status = Process::new("/bin/bash")
                .args(["--norc", "--noprofile", "-c", &format!("{}\nwait", row.line), "bash"])
                .current_dir(sandbox.work())
                .env_clear()
                .envs(environment())
                .envs([
                    ("PATH", path.as_os_str()),
                    ("RECORD", record.as_os_str()),
                    ("RESULT", result.as_ref()),
                ])
                .envs([("LC_ALL", "C")])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            assert!(status.is_ok());
            let mut calls = recorded(&record);
            // Both ends of a pipe and background jobs start at once.
            if row.line.contains('|') || row.line.contains('&') {
                calls.sort();
                expected.sort();
            }
            let agrees =
                if row.mode == "exact" { calls == expected } else { is_subsequence(&calls, &expected) };
            if !agrees {
                wrong
                    .push(format!("{}: {}\n  lowered  {expected:?}\n  recorded {calls:?}", row.id, row.line));
            }
            asked += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(asked >= 120, "{asked}");
}
