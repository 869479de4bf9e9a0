//! The table of lines, the real bash as its judge, and what must hold for any text.
#![allow(clippy::disallowed_methods, reason = "tests start programs and take the time")]

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
        case $name in cat|base64|basename|dirname|rev|seq|tr|tee|mkdir) exec /usr/bin/\"$name\" \"$@\";; esac\n\
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
            // A left side that writes to an end that is gone would be killed now and then.
            let status = Process::new("/bin/bash")
                .args(["--norc", "--noprofile", "-c", &format!("trap '' PIPE\n{}\nwait", row.line), "bash"])
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

/// The command whose program is `name`; the last one.
fn command<'l>(lowering: &'l Lowering, name: &str) -> &'l Command {
    lowering.commands.iter().rfind(|command| command.invocation.name() == name).unwrap()
}

#[test]
fn what_stands_on_stdin() {
    let sandbox = Sandbox::new("stdin");
    let known = [
        ("echo 'drop table t' | psql", "drop table t\n"),
        ("echo -n a | psql", "a"),
        ("echo -e 'a\\tb\\x41' | psql", "a\tbA\n"),
        ("printf '%s;' a b | psql", "a;b;"),
        ("printf 'x\\n' | cat | psql", "x\n"),
        ("cat q.sql | psql", "DROP TABLE t;\n"),
        ("psql < q.sql", "DROP TABLE t;\n"),
        ("cat < q.sql | tee /dev/null | psql -x", "DROP TABLE t;\n"),
        ("psql <<< \"$HOME\"", "/home/sam\n"),
        ("psql <<< ''", "\n"),
        ("psql <<EOF\n$HOME \\$x $(echo y)\nEOF\n", "/home/sam $x y\n"),
        ("psql <<'EOF'\n$HOME `x`\nEOF\n", "$HOME `x`\n"),
        ("psql <<-E\n\t\ta\n\tE\n", "a\n"),
        ("psql db -f - <<A >/dev/null 2>&1\nx\nA\n", "x\n"),
        ("echo cm0gLXJmIH4vbWVkaWE= | base64 -d | psql", "rm -rf ~/media"),
        ("echo abc | rev | tr c C | psql", "Cba\n"),
        ("{ echo a; echo b; } | psql", "a\nb\n"),
        ("(echo a; cat q.sql) | psql", "a\nDROP TABLE t;\n"),
        ("echo a | { cat; } | psql", "a\n"),
        ("f() { echo \"$1\"; }; f sql | psql", "sql\n"),
        ("echo x > n.sql; echo y >> n.sql; psql < n.sql", "x\ny\n"),
        ("cat > n.sql <<E\nsel\nE\npsql < ./n.sql", "sel\n"),
        ("for i in 1 2; do echo $i; done | psql", "1\n2\n"),
        ("echo a | if true; then psql; fi", "a\n"),
        ("echo a; echo b | psql", "b\n"),
        ("psql < <(echo inner)", "inner\n"),
        ("exec < q.sql; psql", "DROP TABLE t;\n"),
        ("echo a 2>/dev/null | psql", "a\n"),
    ];
    for (line, expected) in known {
        let lowering = sandbox.lower(line);
        assert_eq!(lowering.partial, None, "{line}");
        let stdin = &command(&lowering, "psql").invocation.stdin;
        assert_eq!(*stdin, Stdin::Bytes(expected.into()), "{line}");
    }
    for line in [
        "curl http://x | psql",
        "echo $UNKNOWN_X | psql",
        "sed s/a/b/ q.sql | psql",
        "psql < missing.sql",
        "psql <<E\n$(curl x)\nE\n",
        "if x; then echo a; else echo b; fi | psql",
        "grep x f || echo y | psql && { a || echo b; } | psql",
        "cat /dev/tcp/x | psql",
        "psql < \"$UNKNOWN_X\"",
    ] {
        let lowering = sandbox.lower(line);
        let stdin = &command(&lowering, "psql").invocation.stdin;
        assert!(matches!(stdin, Stdin::Unknown(_)), "{line}: {stdin:?}");
    }
    for line in ["psql", "echo a > /dev/null; psql", "(psql)", "true && psql"] {
        assert_eq!(command(&sandbox.lower(line), "psql").invocation.stdin, Stdin::Inherited, "{line}");
    }
    for line in ["psql < /dev/null", "true | psql", "echo a > /dev/null | psql", "echo a >&2 | psql"] {
        assert_eq!(command(&sandbox.lower(line), "psql").invocation.stdin, Stdin::Empty, "{line}");
    }
    let yes = sandbox.lower("yes | railway delete");
    assert!(
        matches!(&command(&yes, "railway").invocation.stdin, Stdin::Bytes(bytes) if bytes.starts_with(b"y\ny\n"))
    );
}

#[test]
fn where_it_runs() {
    let sandbox = Sandbox::new("cwd");
    let work = sandbox.work();
    for (line, folder, certain) in [
        ("rm x", "", true),
        ("cd src; rm x", "src", true),
        ("cd nowhere && rm x", "nowhere", true),
        ("cd nowhere; rm x", "nowhere", false),
        ("cd nowhere || exit 1; rm x", "nowhere", true),
        ("cd nowhere || true; rm x", "nowhere", false),
        ("set -e; cd nowhere; rm x", "nowhere", true),
        ("mkdir -p new && cd new && rm x", "new", true),
        ("mkdir new; cd new; rm x", "new", true),
        ("(cd src); rm x", "", true),
        ("cd src | true; rm x", "", true),
        ("cd src && cd ../build && rm x", "build", true),
        ("cd src/../build; rm x", "build", true),
        ("cd \"$UNKNOWN_X\" && rm x", "", false),
        ("cd nowhere && ls; rm x", "nowhere", false),
        ("if true; then cd src; else cd build; fi; rm x", "src", false),
        ("pushd src; popd; rm x", "", true),
        ("f() { cd src; }; f; rm x", "src", true),
    ] {
        let lowering = sandbox.lower(line);
        let found = command(&lowering, "rm");
        let expected = if folder.is_empty() { work.clone() } else { work.join(folder) };
        assert_eq!((&found.invocation.cwd, found.cwd_certain), (&expected, certain), "{line}");
    }
    assert_eq!(command(&sandbox.lower("cd ~ && rm x"), "rm").invocation.cwd, Path::new("/home/sam"));
}

#[test]
fn environment_goes_along() {
    let sandbox = Sandbox::new("env");
    for (line, expected) in [
        ("PGHOST=prod psql", vec![("PGHOST", "prod")]),
        ("export PGHOST=prod; psql", vec![("PGHOST", "prod")]),
        ("PGHOST=prod; psql", vec![("PGHOST", "prod")]),
        ("NOTE=x; psql", vec![]),
        ("export A=1; A=2 B=\"$A\" psql", vec![("A", "2"), ("B", "1")]),
        ("(export A=1); psql", vec![]),
        ("A=1 true; psql", vec![]),
        ("export A; A=later; psql", vec![("A", "later")]),
        ("declare -x A=1; psql", vec![("A", "1")]),
        ("unset PGHOST; psql", vec![("PGHOST", "")]),
    ] {
        let lowering = sandbox.lower(line);
        let env = &command(&lowering, "psql").invocation.env;
        let shown: Vec<(String, String)> =
            env.iter().map(|(name, value)| (name.to_string_lossy().into_owned(), value.shown())).collect();
        let expected: Vec<(String, String)> =
            expected.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(shown, expected, "{line}");
    }
}

#[test]
fn files_that_are_opened() {
    let sandbox = Sandbox::new("redirect");
    for (line, kind, path, fd) in [
        ("psql > out", RedirectKind::Truncate, "out", 1),
        ("psql >| out", RedirectKind::Clobber, "out", 1),
        ("psql >> \"a b\"", RedirectKind::Append, "a b", 1),
        ("psql 2> err", RedirectKind::Truncate, "err", 2),
        ("psql &> all", RedirectKind::Truncate, "all", 1),
        ("psql &>> all", RedirectKind::Append, "all", 1),
        ("psql >& all", RedirectKind::Truncate, "all", 1),
        ("psql <> rw", RedirectKind::ReadWrite, "rw", 0),
        ("psql < in", RedirectKind::Read, "in", 0),
        ("> ~/x psql", RedirectKind::Truncate, "/home/sam/x", 1),
    ] {
        let lowering = sandbox.lower(line);
        assert_eq!(lowering.partial, None, "{line}");
        let redirects = &command(&lowering, "psql").redirects;
        let expected = super::Redirect { path: Word::from(path), kind, descriptor: fd };
        assert_eq!(redirects[..], [expected], "{line}");
    }
    for line in [
        "> x",
        ": > x",
        "echo a > x",
        "{ rm a; } > x",
        "for i in a; do rm $i; done > x",
        "f() { true; }; f > x",
    ] {
        let lowering = sandbox.lower(line);
        assert_eq!(lowering.commands[0].redirects[0].path, Word::from("x"), "{line}");
    }
    assert!(command(&sandbox.lower("rm 2>&1 3<&0 4>&-"), "rm").redirects.is_empty());
}

#[test]
fn what_the_line_created() {
    let sandbox = Sandbox::new("created");
    let work = sandbox.work();
    for (line, path, created) in [
        ("mkdir t; rm -rf t", "t", true),
        ("mkdir -p t/u; rm -rf t", "t", true),
        ("rm -rf t; mkdir t", "t", false),
        ("mkdir -p src; rm -rf src", "src", false),
        ("touch f; rm f", "f", true),
        ("echo a > f; rm f", "f", true),
        ("echo a > a.txt; rm a.txt", "a.txt", false),
        ("git clone https://x/y/repo.git; rm -rf repo", "repo", true),
        ("git clone https://x/y/repo.git there; rm -rf there", "there", true),
        ("python3 -m venv .venv; rm -rf .venv", ".venv", true),
        ("mkdir t; mv src t/; rm -rf t", "t", false),
        ("cd src && mkdir t; rm -rf t", "src/t", true),
    ] {
        let lowering = sandbox.lower(line);
        let before = &command(&lowering, "rm").created_before;
        assert_eq!(before.contains(&work.join(path)), created, "{line}: {before:?}");
    }
}

#[test]
fn contents_written_on_the_line() {
    let sandbox = Sandbox::new("written");
    let lowering = sandbox.lower("cat > s.sh <<'E'\nrm -rf ~\nE\nbash s.sh; psql -f <(echo drop)");
    let written = &command(&lowering, "bash").invocation.written;
    assert_eq!(written.last().unwrap(), &(sandbox.work().join("s.sh"), Stdin::Bytes(b"rm -rf ~\n".to_vec())));
    let written = &command(&lowering, "psql").invocation.written;
    assert_eq!(written.last().unwrap(), &(PathBuf::from("/dev/fd/63"), Stdin::Bytes(b"drop\n".to_vec())));
}

#[test]
fn hostile_texts_end() {
    let sandbox = Sandbox::new("hostile");
    let many = 10 << 20;
    let mut texts: Vec<String> =
        ["(", "$(", "{ ", "[", "[[ ", "`", "if ", "\"$(", "${x:-", "$((", "((", "<(", "case x in ", "while "]
            .iter()
            .flat_map(|piece| [piece.repeat(many / piece.len()), piece.repeat(2000), piece.repeat(60)])
            .collect();
    texts.push("x=$x$x;".repeat(64) + "x=aaaaaaaa;" + &"x=$x$x$x$x;".repeat(64) + "rm $x");
    texts.push("f() { f; f; }; f".to_owned());
    texts.push("f() { f | f | f; }; f".to_owned());
    texts.push("rm {1..9}{1..9}{1..9}{1..9}{1..9}".to_owned());
    texts.push("rm a; ".repeat(10_000));
    texts.push(format!("rm {}a,b{}", "{".repeat(50_000), "}".repeat(50_000)));
    texts.push(format!("rm {{1..1000}}{}", "x".repeat(500_000)));
    texts.push("a && ".repeat(5_000) + "rm");
    texts.push("a | ".repeat(5_000) + "rm");
    texts.push("for i in {1..30}; do ".repeat(8) + "rm x" + &"; done".repeat(8));
    texts.push("while x; do y=$y.; ".repeat(12) + "rm x" + &"; done".repeat(12));
    let nest = "${x_unset:-".repeat(44);
    texts.push(format!("f() {{ rm {nest}$(f){}; }}; f", "}".repeat(44)));
    texts.push("rm $(".repeat(40) + &")".repeat(40));
    texts.push("eval ".repeat(500) + "'rm x'");
    texts.push("eval 'eval \"$0\"'".to_owned());
    texts.push("trap 'trap \"$x\" EXIT; rm' EXIT".to_owned());
    texts.push("cat <<A <<B <<C ".repeat(300) + "\nA\n");
    texts.push("\0\u{1}\u{ff}rm".to_owned());
    texts.push("if x; then a=1; else ".repeat(80) + "rm x" + &"; fi".repeat(80));
    for text in texts {
        let begun = std::time::Instant::now();
        let lowering = sandbox.lower(&text);
        let head: String = text.chars().take(40).collect();
        let took = begun.elapsed();
        assert!(lowering.commands.len() <= super::COMMAND_BOUND, "{head}");
        assert!(took.as_secs() < 20, "{head} ({}): {took:?}", text.len());
        if took.as_millis() > 500 {
            println!("{head} ({}): {took:?} {:?}", text.len(), lowering.partial);
        }
    }
    for text in ["f() { f; f; }; f", "rm {1..9}{1..9}{1..9}{1..9}{1..9}", "rm $(", "rm '", "rm \u{1}"] {
        assert!(sandbox.lower(text).partial.is_some(), "{text}");
    }
    for text in ["((rm -rf x))", "(((rm -rf x)))", "(((((rm /srv)))))"] {
        assert!(all_shown(&sandbox.lower(text)).contains("rm"), "dash runs it: {text}");
    }
    for text in ["((a - b))", "((a-b))", "((x -1))", "(( i++ ))", "((total / n))"] {
        assert!(sandbox.lower(text).partial.is_none(), "{text}");
    }
    // What a long line leaves out at its end is said.
    for filler in ["echo a;", "rm a;", "rm a\n", "true && "] {
        assert!(sandbox.lower(&(filler.repeat(25_000) + "rm -rf /")).partial.is_some(), "{filler}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_without_a_panic(tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..24)) {
        let context = Context::new(Door::Check).with_cwd(PathBuf::from("/nonexistent")).with_env(environment());
        let start = Start::new(&context, PathBuf::from("/nonexistent"));
        let _ = lower(tokens.concat().as_bytes(), &start);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let context = Context::new(Door::Check).with_cwd(PathBuf::from("/nonexistent")).with_env(environment());
        let start = Start::new(&context, PathBuf::from("/nonexistent"));
        let _ = lower(&bytes, &start);
    }
}

const TOKENS: &[&str] = &[
    " ",
    " ",
    " ",
    "\n",
    ";",
    "&&",
    "||",
    "|",
    "&",
    "(",
    ")",
    "{",
    "}",
    "{ ",
    "; }",
    "$(",
    "`",
    "\"",
    "'",
    "\\",
    "$",
    "${",
    "}",
    "$x",
    "${x:-",
    "${x#",
    "${x/",
    "${#",
    "${!",
    "$((",
    "))",
    "((",
    "[",
    "]",
    "[[ ",
    " ]]",
    "<",
    ">",
    ">>",
    "<<",
    "<<<",
    "<<EOF\n",
    "\nEOF\n",
    "<(",
    ">(",
    "&>",
    "2>&1",
    "#",
    "~",
    "*",
    "?",
    "!",
    "=",
    "+=",
    "a",
    "x=",
    "x=(",
    "rm",
    "rm -rf",
    "echo ",
    "eval ",
    "if ",
    "then ",
    "else ",
    "fi",
    "for x in ",
    "do ",
    "done",
    "while ",
    "case x in ",
    "esac",
    ";;",
    "f() ",
    "function ",
    "cd ",
    "source ",
    "trap ",
    "printf '%s' ",
    "export ",
    "local ",
    "read ",
    "set -- ",
    "shift",
    "1",
    "-1",
    "{1..3}",
    "{a,b}",
    "$'",
    "\\x4",
    "é",
    "\u{1}",
    "time ",
    "coproc ",
    "exec ",
    "command ",
    "@",
    "${a[",
    "${@:",
    ",",
    "..",
    "%",
    "/",
    ":",
    "-n",
];
