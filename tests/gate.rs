//! The gate at a real terminal and with real descriptors.
//!
//! The gate's functions change the process they run in, so each runs in a process of its own: this very
//! test binary, started again with [`PROBE`] set, acts as a little shim (see `probe`).

#![expect(unsafe_code, reason = "the probe becomes another program and sessions are made by hand")]

#[path = "support/pty.rs"]
mod pty;

use std::ffi::{CString, OsStr, OsString};
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use agentguard::context::{Context, Door};
use agentguard::gate::prompt::{self, Answer, Card, Challenge};
use agentguard::gate::{find, stdin};
use agentguard::{actor, exit};
use pty::{Input, Session};

/// What the probe does, its words separated by newlines.
const PROBE: &str = "AGENTGUARD_TEST_PROBE";

fn probe_command(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["probe", "--exact", "--nocapture", "--test-threads=1"]);
    command.env(PROBE, words.join("\n")).env_remove("AGENTGUARD_PROMPT_SECONDS").env("NO_COLOR", "1");
    command
}

/// Not a test: the other process.
#[test]
fn probe() {
    let Ok(words) = std::env::var(PROBE) else { return };
    let words: Vec<&str> = words.split('\n').collect();
    // SAFETY: the tests of this process are this one, in one thread.
    unsafe { std::env::remove_var(PROBE) };
    let context = Context::new(Door::Shim);
    match words[0] {
        "ask" => {
            let challenge =
                if words[1].is_empty() { Challenge::YesNo } else { Challenge::Type(words[1].to_owned()) };
            let card = Card {
                banner: "PRODUCTION: app at db".to_owned(),
                headline: "drop table public.users".to_owned(),
                lines: vec!["way back: none".to_owned()],
                challenge,
            };
            let answer = prompt::ask(&context, &card);
            println!("answer {answer:?}");
            if answer != Answer::Yes {
                std::process::exit(exit::REFUSED);
            }
        }
        "actor" => println!("actor {:?}", actor::detect(&context)),
        "capture" => {
            let captured = stdin::capture(words[1].parse().unwrap());
            let (kind, bytes) = match &captured {
                stdin::Captured::Terminal => ("terminal", 0),
                stdin::Captured::Empty => ("empty", 0),
                stdin::Captured::Whole(content) => ("whole", content.len()),
                stdin::Captured::TooLarge(overflow) => ("too large", overflow.start().len()),
                stdin::Captured::Unreadable(_) => ("unreadable", 0),
            };
            eprintln!("captured {kind} {bytes}");
            if let stdin::Captured::TooLarge(overflow) = captured {
                overflow.hand_on().unwrap();
            }
        }
        other => assert_eq!(other, "exec"),
    }
    let Some(at) = words.iter().position(|word| *word == "--") else { std::process::exit(exit::DONE) };
    let words: Vec<CString> = words[at + 1..].iter().map(|word| CString::new(*word).unwrap()).collect();
    let name = words[0].to_str().unwrap().rsplit('/').next().unwrap();
    let path = std::env::var_os("PATH");
    let via = std::env::var_os(find::VIA);
    let program = match find::find(OsStr::new(name), path.as_deref(), via.as_deref()) {
        Ok(program) => program,
        Err(missing) => {
            eprintln!("missing {missing:?}");
            std::process::exit(exit::NOT_FOUND);
        }
    };
    let mut argv: Vec<*const libc::c_char> = words.iter().map(|word| word.as_ptr()).collect();
    argv.push(std::ptr::null());
    // SAFETY: a NULL-ended vector of C strings that outlives the call.
    let error = unsafe { find::exec(&program, argv.as_ptr()) };
    eprintln!("exec failed: {error}");
    std::process::exit(exit::FAILED);
}

// At the terminal.

fn ask(name: &str, input: &Input, then: &[&str]) -> Session {
    let mut words = vec!["ask", name];
    if !then.is_empty() {
        words.push("--");
        words.extend(then);
    }
    Session::start(&mut probe_command(&words), input)
}

#[test]
fn the_right_name_runs_and_every_other_answer_refuses() {
    let table = [
        ("users\n", "Yes", 0),
        ("  users \n", "Yes", 0),
        ("usrs\u{7f}\u{7f}ers\n", "Yes", 0), // corrected with the erase key
        ("\n", "No", 126),
        ("y\n", "No", 126),
        ("Users\n", "No", 126),
        ("users", "Unanswered", 126), // without Enter
        ("\u{3}", "No", 126),         // Ctrl-C
        ("users\u{3}", "No", 126),
        ("\u{4}", "No", 126), // Ctrl-D
        ("users\u{4}", "No", 126),
        ("\u{1c}", "No", 126),        // Ctrl-backslash
        ("\u{1a}users\n", "No", 126), // Ctrl-Z
        ("\u{1b}[A\n", "No", 126),    // an arrow key
        ("", "Unanswered", 126),
    ];
    std::thread::scope(|scope| {
        for (keys, answer, status) in table {
            scope.spawn(move || {
                let mut command = probe_command(&["ask", "users"]);
                command.env("AGENTGUARD_PROMPT_SECONDS", "2");
                let mut session = Session::start(&mut command, &Input::Terminal);
                session.expect("type 'users' to allow this once: ").type_in(keys);
                let (ended, written, shown) = session.end();
                assert!(written.contains(&format!("answer {answer}\n")), "{keys:?}: {written} {shown}");
                assert_eq!(ended.code(), Some(status), "{keys:?}: {shown}");
                assert!(
                    shown.starts_with("PRODUCTION: app at db\r\nagentguard: drop table public.users\r\n"),
                    "{shown}"
                );
            });
        }
    });
}

#[test]
fn yes_or_no() {
    for (keys, status) in [("y\n", 0), ("YES\n", 0), ("\n", 126), ("n\n", 126), ("\u{3}", 126)] {
        let mut session = ask("", &Input::Terminal, &[]);
        session.expect("allow this once? [y/N] ").type_in(keys);
        assert_eq!(session.end().0.code(), Some(status), "{keys:?}");
    }
}

#[test]
fn piped_input_stays_whole_for_the_program() {
    let mut session = ask("users", &Input::Pipe(b"users\nDROP TABLE users;\n"), &["cat"]);
    session.expect("allow this once: ").type_in("users\n");
    let (status, written, _) = session.end();
    assert!(status.success());
    assert!(written.ends_with("answer Yes\nusers\nDROP TABLE users;\n"), "{written}");
}

#[test]
fn what_is_typed_after_the_answer_is_the_programs() {
    let mut session = ask("users", &Input::Terminal, &["head", "-n1"]);
    session.expect("allow this once: ").type_in("users\nfor the program\n");
    let (status, written, _) = session.end();
    assert!(status.success());
    assert!(written.ends_with("answer Yes\nfor the program\n"), "{written}");
}

#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    let mut command = Command::new("sh");
    let probe = probe_command(&["ask", "users"]);
    command
        .args(["-c", "echo ready >&2; sleep 0.5; exec \"$@\"", "sh"])
        .arg(probe.get_program())
        .args(probe.get_args());
    command.env(PROBE, "ask\nusers").env("AGENTGUARD_PROMPT_SECONDS", "1").env("NO_COLOR", "1");
    let mut session = Session::start(&mut command, &Input::Terminal);
    session.expect("ready").type_in("users\n").expect("allow this once: ");
    let (status, written, _) = session.end();
    assert_eq!(status.code(), Some(126));
    assert!(written.contains("answer Unanswered"), "{written}");
}

#[test]
fn signals_refuse_and_put_the_mode_back() {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        let mut session = ask("users", &Input::Terminal, &[]);
        session.expect("allow this once: ").signal(signal);
        let (status, written, _) = session.end();
        assert!(written.contains("answer No"), "{written}");
        assert_eq!(status.code(), Some(126));
    }
}

#[test]
fn in_the_background_nobody_is_asked() {
    let probe = probe_command(&["ask", "users"]);
    let mut command = Command::new("bash");
    command.args(["-c", "set -m; \"$@\" & wait $!", "bash"]).arg(probe.get_program()).args(probe.get_args());
    command.env(PROBE, "ask\nusers");
    let (status, written, shown) = Session::start(&mut command, &Input::Terminal).end();
    assert!(written.contains("answer Unavailable"), "{written} {shown}");
    assert_eq!(status.code(), Some(126));
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let mut command = probe_command(&["ask", "users"]);
    // SAFETY: an async-signal-safe call between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::setsid();
            Ok(())
        });
    }
    let output = command.stdin(Stdio::piped()).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("answer Unavailable"));
    assert_eq!(output.status.code(), Some(126));
}

// Who calls.

#[test]
#[cfg(target_os = "linux")]
fn an_emptied_environment_hides_no_agent() {
    let probe = probe_command(&["actor"]);
    let mut command = Command::new("sh");
    // The shell stays above `env -i`, because something follows.
    command.args(["-c", "env -i AGENTGUARD_TEST_PROBE=actor \"$@\"; true", "sh"]);
    command.arg(probe.get_program()).args(probe.get_args()).env("CLAUDE_CODE_CHILD_SESSION", "1");
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("kind: Agent, name: \"claude-code\""), "{text}");
    assert!(text.contains("env CLAUDE_CODE_CHILD_SESSION of "), "{text}");
}

#[test]
fn at_a_terminal_people_are_people_and_agents_agents() {
    let without = String::from_utf8(probe_command(&["actor"]).output().unwrap().stdout).unwrap();
    if without.contains("kind: Agent") {
        return; // These tests are run by an agent: its marks are above every process here.
    }
    for (variable, kind) in [
        ("CURSOR_TRACE_ID", "Human"), // an editor's terminal
        ("CLAUDECODE", "Human"),
        ("AGENT", "Human"),
        ("CLAUDE_CODE_CHILD_SESSION", "Agent"),
        ("GEMINI_CLI", "Agent"),
    ] {
        let (_, written, _) =
            Session::start(probe_command(&["actor"]).env(variable, "1"), &Input::Terminal).end();
        assert!(written.contains(&format!("kind: {kind}")), "{variable}: {written}");
    }
}

// Standard input.

/// Runs `cat` behind a capture and says what was captured and what `cat` got.
fn captured(output: &Output) -> (String, Vec<u8>) {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = error.lines().find(|line| line.starts_with("captured ")).unwrap_or_else(|| panic!("{error}"));
    // Before it, the test harness says that it runs a test.
    let start = output.stdout.windows(7).position(|bytes| bytes == b" test\n").map_or(0, |at| at + 6);
    let start = start + output.stdout[start..].iter().position(|byte| *byte == b'<').unwrap_or(0);
    (line["captured ".len()..].to_owned(), output.stdout[start..].to_vec())
}

fn capture_command(bound: usize) -> Command {
    // `sh` because the mark before cat's output tells it from the harness's.
    probe_command(&["capture", &bound.to_string(), "--", "sh", "-c", "printf '<'; exec cat"])
}

fn marked(bytes: &[u8]) -> Vec<u8> {
    [b"<", bytes].concat()
}

fn some_bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

#[test]
fn a_pipe_is_read_and_handed_on_whole() {
    for (bytes, bound, expected) in [
        (0, 1000, "empty 0"),
        (1, 1000, "whole 1"),
        (1000, 1000, "whole 1000"),
        (1001, 1000, "too large 1001"),
        (3_000_000, 1000, "too large 1001"),
        (3_000_000, 64 << 20, "whole 3000000"),
        (65_536, 65_535, "too large 65536"),
        (65_535, 65_535, "whole 65535"),
    ] {
        let content = some_bytes(bytes);
        let mut child = capture_command(bound)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let to_write = content.clone();
        let writer = std::thread::spawn(move || pipe.write_all(&to_write).unwrap());
        let (kind, got) = captured(&child.wait_with_output().unwrap());
        writer.join().unwrap();
        assert_eq!(kind, expected);
        assert_eq!(got, marked(&content), "{bytes} bytes, bound {bound}");
    }
}

#[test]
fn a_slow_writer_is_waited_for() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    let child = capture_command(1000)
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    for piece in ["BEGIN;\n", "DROP TABLE users;\n"] {
        std::thread::sleep(std::time::Duration::from_millis(150));
        ours.write_all(piece.as_bytes()).unwrap();
    }
    drop(ours);
    let (kind, got) = captured(&child.wait_with_output().unwrap());
    assert_eq!(kind, "whole 25");
    assert_eq!(got, marked(b"BEGIN;\nDROP TABLE users;\n"));
}

#[test]
fn a_file_keeps_its_offset() {
    let folder = scratch("offset");
    let path = folder.join("dump.sql");
    fs::write(&path, some_bytes(5000)).unwrap();
    for (bound, expected) in [(10_000, "whole 4000"), (4000, "whole 4000"), (100, "too large 100")] {
        let mut file = fs::File::open(&path).unwrap();
        file.seek(SeekFrom::Start(1000)).unwrap();
        let (kind, got) = captured(&capture_command(bound).stdin(file).output().unwrap());
        assert_eq!(kind, expected);
        assert_eq!(got, marked(&some_bytes(5000)[1000..]));
    }
}

#[test]
fn nothing_and_no_file() {
    let null = capture_command(10).stdin(Stdio::null()).output().unwrap();
    assert_eq!(captured(&null).0, "empty 0");
    let folder = capture_command(10).stdin(fs::File::open("/").unwrap()).output().unwrap();
    assert_eq!(captured(&folder).0, "unreadable 0");
    let mut zero = capture_command(10)
        .stdin(fs::File::open("/dev/zero").unwrap())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // cat would read it for ever: it is enough that we do not.
    std::thread::sleep(std::time::Duration::from_millis(300));
    zero.kill().unwrap();
    zero.wait().unwrap();
    let mut session = Session::start(&mut probe_command(&["capture", "10"]), &Input::Terminal);
    session.expect("captured terminal");
    assert!(session.end().0.success());
}

// Becoming the program.

/// A throw-away folder.
struct Scratch(PathBuf);

impl std::ops::Deref for Scratch {
    type Target = std::path::Path;

    fn deref(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn scratch(name: &str) -> Scratch {
    let path = std::env::temp_dir().join(format!("agentguard-gate-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    Scratch(path)
}

fn script(folder: &std::path::Path, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(folder.join(name), text).unwrap();
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
}

fn run(words: &[&str], path: &OsStr) -> Output {
    let words: Vec<&str> = ["exec", "--"].into_iter().chain(words.iter().copied()).collect();
    probe_command(&words).env("PATH", path).env_remove(find::VIA).output().unwrap()
}

fn with_system(folder: &std::path::Path) -> OsString {
    let mut path = folder.as_os_str().to_owned();
    path.push(":/usr/bin:/bin");
    path
}

#[test]
fn words_status_and_environment_are_the_programs() {
    let folder = scratch("exec");
    script(
        &folder,
        "tool",
        "#!/bin/sh\nprintf '<%s|' \"$@\"; echo \"via=$AGENTGUARD_VIA\" | sed \"s/:$$:/:PID:/\"; exit 42\n",
    );
    script(&folder, "plain", "printf '<plain %s|' \"$@\"; exit 7\n"); // no `#!`
    let output = run(&["tool", "a b", "", "--x=\u{e9}"], &with_system(&folder));
    assert_eq!(output.status.code(), Some(42));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.ends_with(&format!("<a b|<|<--x=\u{e9}|via=1:PID:tool:{}/tool\n", folder.display())),
        "{text}"
    );
    let output = run(&["plain", "a", "b"], &with_system(&folder));
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("<plain a|<plain b|"));
    // A binary gets no variable of ours, and keeps its argv[0].
    let output = run(&["env"], &with_system(&folder));
    assert!(!String::from_utf8_lossy(&output.stdout).contains("AGENTGUARD"), "{output:?}");
    let output = run(&["sh", "-c", "tr '\\0' ' ' < /proc/$$/cmdline; :"], &with_system(&folder));
    assert!(String::from_utf8_lossy(&output.stdout).contains("sh -c tr"), "{output:?}");
    assert_eq!(run(&["no-such-tool"], &with_system(&folder)).status.code(), Some(127));
    let output =
        run(&["/somewhere/shims/sh", "-c", "tr '\\0' ' ' < /proc/$$/cmdline; :"], &with_system(&folder));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("/usr/bin/sh -c") || text.contains("/bin/sh -c"), "{text}");
}

#[test]
fn the_rest_of_a_pipe_is_not_read_ahead() {
    // A program whose input we do not judge finds every byte of it.
    let mut child = probe_command(&["exec", "--", "sh", "-c", "read -r a; read -r b; echo \"<$b>\""])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"one\ntwo\n").unwrap();
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    child.wait().unwrap();
    assert!(text.ends_with("<two>\n"), "{text}");
}
