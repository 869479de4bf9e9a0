//! A person at a terminal is asked; nobody else can answer for them.

use crate::pty::{Input, Session};
use crate::world::World;

fn tree() -> World {
    let world = World::new();
    world.file("src/a.rs", "x").git(&["init", "-q"]).git(&["add", "."]);
    world
}

fn remove(world: &World, what: &str) -> std::process::Command {
    let mut command = world.command(world.root.join("shims/rm"));
    command.args(["-rf", what]).env("NO_COLOR", "1").env("AGENTGUARD_PROMPT_SECONDS", "20");
    command
}

#[test]
fn every_answer_but_the_right_one_refuses() {
    for keys in ["\r", "n\r", "wrong\r", "\u{3}", "\u{4}"] {
        let world = tree();
        let mut session = Session::start(&mut remove(&world, "src"), &Input::Terminal);
        session.expect("allow this once? [y/N] ").type_in(keys);
        let (status, _, shown) = session.end();
        assert_eq!(status.code(), Some(126), "{keys:?}: {shown}");
        assert!(world.exists("src/a.rs"), "{keys:?}");
    }
}

#[test]
fn no_answer_in_time_refuses() {
    let world = tree();
    let mut command = remove(&world, "src");
    command.env("AGENTGUARD_PROMPT_SECONDS", "1");
    let mut session = Session::start(&mut command, &Input::Terminal);
    session.expect("[y/N] ");
    assert_eq!(session.end().0.code(), Some(126));
    assert!(world.exists("src/a.rs"));
    assert!(world.log().contains("\"outcome\":\"unanswered\""), "{}", world.log());
}

#[test]
fn the_right_answer_runs_it() {
    let world = tree();
    let mut session = Session::start(&mut remove(&world, "src"), &Input::Terminal);
    session.expect("[y/N] ").type_in("y\r");
    let (status, _, shown) = session.end();
    assert_eq!(status.code(), Some(0), "{shown}");
    assert!(!world.exists("src"));
    assert!(world.log().contains("\"outcome\":\"allowed-once\""), "{}", world.log());
}

#[test]
fn what_is_critical_is_typed_by_name() {
    let world = tree();
    for (keys, status) in [("y\r", 126), ("gti\r", 126), (".git\r", 0)] {
        let mut session = Session::start(&mut remove(&world, ".git"), &Input::Terminal);
        session.expect("type '.git' to allow this once: ").type_in(keys);
        assert_eq!(session.end().0.code(), Some(status), "{keys:?}");
    }
    assert!(!world.exists(".git"));
}

#[test]
fn piped_data_arrives_whole_behind_the_prompt() {
    let world = tree();
    // A stand-in psql that counts what it is fed; the prompt is about the statement in the data.
    let bin = world.root.join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(bin.join("psql"), "#!/bin/sh\ncat\n").unwrap();
    std::fs::set_permissions(bin.join("psql"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = world.command(world.root.join("shims/psql"));
    let path = format!("{}:{}:{}", world.root.join("shims").display(), bin.display(), world.path());
    command.args(["-h", "db.example.com"]).env("PATH", path).env("NO_COLOR", "1");
    let mut session = Session::start(&mut command, &Input::Pipe(b"select 1;\nDROP TABLE users;\n"));
    session.expect("[y/N] ").type_in("y\r");
    let (status, written, shown) = session.end();
    assert_eq!(status.code(), Some(0), "{shown}");
    assert_eq!(written, "select 1;\nDROP TABLE users;\n");
}

#[test]
fn an_agent_on_a_terminal_is_never_asked() {
    let world = tree();
    let mut command = remove(&world, "src");
    command.env("CLAUDE_CODE_CHILD_SESSION", "1");
    let mut session = Session::start(&mut command, &Input::Terminal);
    session.expect("agentguard: refused").type_in("y\r");
    let (status, _, shown) = session.end();
    assert_eq!(status.code(), Some(126));
    assert!(!shown.contains("[y/N]"), "{shown}");
    assert!(world.exists("src/a.rs"));
}

#[test]
fn a_pipe_does_not_answer() {
    let world = tree();
    let mut command = remove(&world, "src");
    command.env("AGENTGUARD_PROMPT_SECONDS", "1");
    let mut session = Session::start(&mut command, &Input::Pipe(b"y\nsrc\n"));
    session.expect("[y/N] ");
    assert_eq!(session.end().0.code(), Some(126));
    assert!(world.exists("src/a.rs"));
}
