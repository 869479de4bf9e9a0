//! An agent stays an agent, whatever it takes out of its environment.

use crate::world::{Caller, World, finish};

fn tree() -> World {
    let world = World::new();
    world.file("src/a.rs", "x").git(&["init", "-q"]);
    world
}

#[test]
fn taking_the_marker_away_gains_nothing() {
    let world = tree();
    for line in [
        "env -u CLAUDECODE -u CLAUDE_CODE_CHILD_SESSION rm -rf src",
        "env -i PATH=\"$PATH\" HOME=\"$HOME\" rm -rf src",
        "unset CLAUDECODE; rm -rf src",
        "(unset CLAUDECODE; exec rm -rf src)",
    ] {
        let mut command = world.command("sh");
        // The agent that started the shell keeps the marker in its own environment.
        command.args(["-c", &format!("sh -c '{line}'; status=$?; exit $status")]);
        command.env("CLAUDE_CODE_CHILD_SESSION", "1");
        finish(command, Caller::Agent, b"").refused();
        assert!(world.exists("src/a.rs"), "{line}");
    }
}

#[test]
fn other_spellings_of_the_name_still_search_path() {
    let world = tree();
    for line in
        ["\\rm -rf src", "command rm -rf src", "exec rm -rf src", "r'm' -rf src", "$(printf rm) -rf src"]
    {
        world.line(line, Caller::Agent).refused();
        assert!(world.exists("src/a.rs"), "{line}");
    }
}

#[test]
fn another_home_gains_nothing() {
    let world = tree();
    world.line("HOME=/nonexistent rm -rf src", Caller::Agent).refused();
    world.line("XDG_CONFIG_HOME=/nonexistent XDG_STATE_HOME=$PWD/x rm -rf src", Caller::Agent).refused();
    assert!(world.exists("src/a.rs"));
}

#[test]
fn an_echoed_yes_is_no_answer() {
    let world = tree();
    for line in ["echo y | rm -rf src", "yes | rm -rf src", "printf 'src\\n' | rm -rf src"] {
        world.line(line, Caller::Agent).refused();
        assert!(world.exists("src/a.rs"), "{line}");
    }
}

#[test]
fn a_broken_policy_file_is_reported_and_the_built_in_one_holds() {
    let world = tree();
    let folder = world.root.join("home/.config/agentguard");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("policy.toml"), "[[rule]]\ndecision = \"alow\"\n").unwrap();
    let outcome = world.line("rm -rf src", Caller::Agent);
    outcome.refused();
    assert!(outcome.stderr.contains("policy.toml:1:1: 'alow' is no decision"), "{outcome:?}");
}

#[test]
fn a_project_file_can_only_raise() {
    let world = tree();
    world.file(".agentguard.toml", "[[rule]]\ndecision = \"allow\"\nrules = [\"rm.*\"]\n");
    world.line("rm -rf src", Caller::Agent).refused();
    world
        .file(".agentguard.toml", "[[rule]]\ndecision = \"refuse\"\nrules = [\"rm.*\"]\n")
        .file("a.txt", "x");
    world.line("rm a.txt", Caller::Agent).refused();
}

#[test]
fn the_log_holds_what_was_refused_and_no_secret() {
    let world = tree();
    world
        .line("psql postgresql://u:hunter2secret@db.example.com/app -c 'DROP TABLE t'", Caller::Agent)
        .refused();
    let log = world.log();
    assert!(log.contains("\"outcome\":\"refused\"") && log.contains("psql.drop-table"), "{log}");
    assert!(!log.contains("hunter2secret"), "{log}");
    let mode = std::fs::metadata(world.root.join("state/agentguard/audit.jsonl")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
}
