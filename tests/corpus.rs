//! Every grammar's corpus: each row judged as an agent's invocation in an empty folder.
//!
//! A grammar without a corpus fails, and so does one that lacks either destructive or safe rows.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use agentguard::actor::{Actor, ActorKind};
use agentguard::context::{Context, Door};
use agentguard::grammar::registry;
use agentguard::invocation::{Invocation, Stdin, Word};
use agentguard::judge::{self, Judgement};
use agentguard::policy::{Decision, Policy};

struct Row {
    id: String,
    expected: String,
    command: String,
    stdin: String,
}

fn rows(path: &Path) -> Vec<Row> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            assert_eq!(fields.len(), 5, "{}: five columns: {line}", path.display());
            assert!(!fields[4].is_empty(), "{}: why is {} there?", path.display(), fields[0]);
            Row {
                id: fields[0].to_owned(),
                expected: fields[1].to_owned(),
                command: fields[2].to_owned(),
                stdin: fields[3].replace("\\n", "\n"),
            }
        })
        .collect()
}

fn judge(row: &Row, folder: &Path) -> Judgement {
    let words = shell_words::split(&row.command).unwrap_or_else(|error| panic!("{}: {error}", row.id));
    let is_assignment = |word: &String| {
        let name = word.split_once('=').map_or("", |(name, _)| name);
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    let leading = words.iter().take_while(|word| is_assignment(word)).count();
    let assignments: Vec<(OsString, Word)> = words[..leading]
        .iter()
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (OsString::from(name), Word::literal(value)))
        .collect();
    let mut words = words.into_iter().skip(leading).map(OsString::from);
    let program = words.next().unwrap_or_default();
    let stdin =
        if row.stdin.is_empty() { Stdin::Inherited } else { Stdin::Bytes(row.stdin.clone().into_bytes()) };
    let home = folder.join("home").into_os_string();
    let context = Context::new(Door::Check)
        .with_cwd(folder.to_owned())
        .with_env(vec![(OsString::from("HOME"), home)])
        .with_stdin(stdin);
    let mut invocation = Invocation::new(program, words.collect(), folder.to_owned());
    invocation.env = assignments;
    let actions = judge::actions(&invocation, &context);
    let actor = Actor::named(ActorKind::Agent, "agent", "as given");
    judge::decide(actions, &Policy::default(), actor, &context)
}

#[test]
fn every_grammar_has_a_corpus_and_every_row_holds() {
    let folder = std::env::temp_dir().join(format!("agentguard-corpus-{}", std::process::id()));
    let project = folder.join("project");
    std::fs::create_dir_all(&project).unwrap();
    let mut wrong = Vec::new();
    let mut ids = HashSet::new();
    let mut counted = 0;
    for grammar in registry::GRAMMARS {
        let path = PathBuf::from(format!("tests/corpus/{}.tsv", grammar.program));
        let (mut stopped, mut ran) = (0, 0);
        for row in rows(&path) {
            counted += 1;
            assert!(ids.insert(row.id.clone()), "{} stands twice", row.id);
            let judgement = judge(&row, &project);
            let severity = judgement.assessment.severity.word();
            let stops = judgement.decision != Decision::Allow;
            *(if stops { &mut stopped } else { &mut ran }) += 1;
            let holds = match row.expected.as_str() {
                "stop" => stops,
                "run" => !stops,
                expected => expected == severity,
            };
            if !holds {
                wrong.push(format!("{}: expected {}, got {severity}: {}", row.id, row.expected, row.command));
            }
        }
        assert!(ran > 0, "{}: no safe look-alike", path.display());
        assert!(stopped > 0, "{}: no destructive case", path.display());
    }
    let _ = std::fs::remove_dir_all(&folder);
    assert!(wrong.is_empty(), "{} of {counted} rows:\n{}", wrong.len(), wrong.join("\n"));
}
