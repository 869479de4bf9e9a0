//! The table in `tests/corpus/sql.tsv`, hostile input, and bounds.
#![allow(clippy::disallowed_methods, reason = "tests start programs and take the time")]

use super::{Host, Script};
use crate::action::{Action, Impact};
use proptest::prelude::*;

struct Surroundings {
    connected: Vec<(String, usize)>,
}

impl Host for Surroundings {
    fn include(&mut self, path: &[u8], relative_to_script: bool) -> Result<Vec<u8>, String> {
        match path {
            b"drop.sql" => Ok(b"DROP TABLE included".to_vec()),
            b"itself.sql" => Ok(b"\\i itself.sql\nSELECT 1;".to_vec()),
            _ => Err(format!("cannot be read {relative_to_script}")),
        }
    }

    fn shell(&mut self, command: &[u8], what: &str) -> Vec<Action> {
        vec![Action::unread("host.shell", format!("{what}: {}", String::from_utf8_lossy(command)))]
    }

    fn connect(&mut self, arguments: &str, before: &mut [Action]) {
        self.connected.push((arguments.to_owned(), before.len()));
    }

    fn variable(&self, _name: &str) -> Option<String> {
        None
    }
}

fn read(mode: &str, source: &str) -> Vec<Action> {
    let mut script = Script::new("psql");
    let mut host = Surroundings { connected: Vec::new() };
    let bytes = source.as_bytes();
    let mut actions = Vec::new();
    match mode {
        "c" => actions.extend(script.read_command(bytes, &mut host)),
        "cc" => {
            source
                .split("|||")
                .for_each(|one| actions.extend(script.read_command(one.as_bytes(), &mut host)));
        }
        "1" => {
            script.single_transaction();
            actions.extend(script.read_command(bytes, &mut host));
        }
        _ => {
            match mode {
                "e" => script.set_variable("ON_ERROR_STOP", Some(b"1")),
                "S" => script.single_line(),
                "v" => {
                    script.set_variable("t", Some(b"users"));
                    script.set_variable("id", Some(b"7"));
                    script.set_variable("bad", Some(b"1; DROP TABLE x"));
                    script.set_variable("dyn", None);
                }
                _ => {}
            }
            actions.extend(script.read_script(bytes, &mut host));
        }
    }
    actions.extend(script.finish());
    actions
}

fn shown(actions: &[Action]) -> String {
    let all: Vec<String> = actions
        .iter()
        .map(|action| format!("{} {:?} [{}]", action.rule, action.impact, action.object))
        .collect();
    all.join(" | ")
}

#[test]
fn corpus_is_read_as_written() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in include_str!("../../../tests/corpus/sql.tsv").lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.splitn(3, '\t');
        let (mode, source, expected) =
            (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap_or(""));
        let found = shown(&read(mode, &source.replace("\\n", "\n")));
        count += 1;
        if found != expected {
            wrong.push(format!("{mode}\t{source}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 300, "{count}");
}

#[test]
fn bytes_that_are_no_utf8() {
    let mut host = Surroundings { connected: Vec::new() };
    let mut script = Script::new("psql");
    let actions = script
        .read_script(b"INSERT INTO t VALUES ('\xff\xfe');\nDROP TABLE \xe4;\nDROP TABLE b;\0", &mut host);
    assert!(shown(&actions).contains("[b]"), "{}", shown(&actions));
}

#[test]
fn hosts_are_told_of_connections() {
    let mut host = Surroundings { connected: Vec::new() };
    let mut script = Script::new("psql");
    let actions = script.read_script(b"DROP TABLE a;\n\\c - - other.example\nDROP TABLE b;\n", &mut host);
    assert_eq!(actions.len(), 2);
    assert_eq!(host.connected, [("- - other.example".to_owned(), 1)]);
}

#[test]
fn files_that_include_themselves_end() {
    assert!(shown(&read("f", "\\i itself.sql")).contains("psql.include Unread"));
}

#[test]
fn variables_that_hold_each_other_end() {
    let source = "\\set a 'x :b :b'\n\\set b 'y :a :a'\nSELECT :a;\nDROP TABLE t;";
    assert!(shown(&read("f", source)).contains("psql.drop-table Table [t]"));
    // Doubling: sixteen levels of two.
    let mut source = String::from("\\set v0 x\n");
    for level in 1..40 {
        source.push_str(&format!("\\set v{level} ':v{} :v{}'\n", level - 1, level - 1));
    }
    source.push_str("SELECT :v39;\n");
    let started = std::time::Instant::now();
    let _ = read("f", &source);
    assert!(started.elapsed().as_secs() < 20);
}

#[test]
fn hostile_nesting_is_bounded() {
    let size = 10 << 20;
    let sources = [
        format!("SELECT {}", "(".repeat(size)),
        format!("DELETE FROM t WHERE {}", "[".repeat(size)),
        "/*".repeat(size / 2),
        format!("{}DROP TABLE t", "/*x*/".repeat(size / 5)),
        "$a$b".repeat(size / 4),
        "E'\\'".repeat(size / 4),
        format!("SELECT {}1", "- ".repeat(100_000)),
        format!("DELETE FROM t WHERE {}true", "NOT ".repeat(20_000)),
        format!("DELETE FROM t WHERE a = 1{}", " OR a = 1".repeat(20_000)),
        format!("INSERT INTO t SELECT 1{}", ", 2".repeat(50_000)),
        format!("SELECT f({})", "case when a then ".repeat(20_000)),
        "\\if true\n".repeat(size / 100),
        "BEGIN;".repeat(100_000),
        ":a".repeat(size / 20),
        "\\;".repeat(200_000),
        "\\\\".repeat(size / 20),
        format!("COPY t FROM stdin;\n{}", "\\.x\n".repeat(size / 4)),
    ];
    for source in sources {
        let started = std::time::Instant::now();
        let actions = read("f", &source);
        let took = started.elapsed();
        assert!(actions.len() < 500);
        assert!(took.as_secs() < 20, "{took:?} for {}", &source[..40]);
    }
}

#[test]
fn deep_input_is_never_safe() {
    for source in [
        "DELETE FROM t WHERE ((((((1=1))))))".to_owned(),
        format!("SELECT {}1{}", "(".repeat(900), ")".repeat(900)),
    ] {
        let actions = read("c", &source);
        assert!(
            actions.iter().any(|action| matches!(action.impact, Impact::Table | Impact::Unread)),
            "{source}"
        );
    }
}

#[test]
fn many_statements_give_few_actions() {
    let mut source = String::new();
    for number in 0..3000 {
        source.push_str(&format!("INSERT INTO t{number} VALUES (1);\nDROP TABLE u{number};\n"));
    }
    let actions = read("f", &source);
    assert!(actions.len() <= 60, "{}", actions.len());
}

#[test]
fn much_harmless_work_hides_nothing() {
    let mut body = String::from("DO $$ BEGIN ");
    for number in 0..3000 {
        body.push_str(&format!("INSERT INTO t{number} VALUES (1); "));
    }
    let hidden = format!("{body} DROP TABLE x; END $$");
    assert!(shown(&read("c", &hidden)).contains("psql.unread"));
    let few = format!("DO $$ BEGIN {} DROP TABLE x; END $$", "INSERT INTO a VALUES (1); ".repeat(200));
    assert!(shown(&read("c", &few)).contains("psql.drop-table Table [x]"));
}

#[test]
fn variables_that_double_end_as_unknown() {
    let doubling = format!("\\set a x\n{}SELECT :a;\n", "\\set a :a:a\n".repeat(60));
    assert!(shown(&read("f", &doubling)).contains("psql.unread"));
    let mut nested = String::from("\\set v0 x\n");
    for number in 1..40 {
        let below = number - 1;
        nested.push_str(&format!("\\set v{number} ':v{below} :v{below} :v{below}'\n"));
    }
    assert!(shown(&read("f", &format!("{nested}SELECT :v39;\n"))).contains("psql.unread"));
    // Many small ones are an ordinary script.
    let plain = format!("\\set s app\n{}", "SELECT * FROM :s.t;\n".repeat(20_000));
    assert!(read("f", &plain).is_empty());
}

#[test]
fn plain_sql_reads_as_one_query() {
    let actions = crate::language::sql::read_sql("SELECT 1; DELETE FROM t", "http");
    assert_eq!(shown(&actions), "http.delete Table [t]");
    assert!(crate::language::sql::read_sql("SELECT * FROM t WHERE id IN (1)", "http").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut host = Surroundings { connected: Vec::new() };
        let mut script = Script::new("psql");
        let _ = script.read_script(&bytes, &mut host);
        let _ = script.read_command(&bytes, &mut host);
        let _ = script.finish();
    }

    #[test]
    fn any_mix_of_pieces_is_read(pieces in proptest::collection::vec(proptest::sample::select(&[
        "SELECT ", "DROP TABLE t", ";", "'", "\"", "$$", "$a$", "/*", "*/", "--", "\n", "\\", "\\;", "\\if ", "\\else", "\\endif",
        ":a", ":'a'", "(", ")", "COPY t FROM stdin", "\\.", "BEGIN", "COMMIT", "DO $$", "E'", "\\g", "`", "WHERE id = ", "1",
        "DELETE FROM t ", "\\gexec", "\\set a ", "OR ", "ü", "U&\"", "EXECUTE ", "format('%I", "ANY (SELECT ",
    ][..]), 0..40)) {
        let _ = read("f", &pieces.concat());
        let _ = read("c", &pieces.concat());
    }

    /// What comes before a finished statement never hides it.
    #[test]
    fn nothing_before_hides_a_statement(name in "[a-z]{1,8}", number in 0u32..1000) {
        let source = format!("SELECT '{name}';\nINSERT INTO x VALUES ({number});\nDROP TABLE hidden;\n");
        prop_assert!(shown(&read("f", &source)).contains("psql.drop-table Table [hidden]"));
    }
}
