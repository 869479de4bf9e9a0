//! Who is who: the table is the specification.

use std::ffi::OsString;

use super::*;

/// Variables as a lookup and as an ancestor's environment.
fn lookup<'a>(variables: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
    move |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
}

fn ancestor(comm: &str, executable: &str, script: &str, variables: &[(&str, &str)]) -> Ancestor {
    let mut environ = Vec::new();
    for (name, value) in variables {
        environ.extend_from_slice(format!("{name}={value}\0").as_bytes());
    }
    Ancestor {
        pid: 7,
        comm: comm.to_owned(),
        executable: executable.to_owned(),
        script: script.to_owned(),
        environ: Environ::new(environ),
    }
}

/// Why the line is here, the variables, with and without a foreground terminal: who it is.
type Line<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, &'a str);

#[test]
fn by_environment() {
    let table: &[Line] = &[
        ("nothing", &[], "human", "unattended"),
        (
            "claude's tool",
            &[("CLAUDECODE", "1"), ("CLAUDE_CODE_CHILD_SESSION", "1")],
            "claude-code",
            "claude-code",
        ),
        ("claude's editor terminal, or an old claude", &[("CLAUDECODE", "1")], "human", "claude-code"),
        ("codex", &[("CODEX_THREAD_ID", "0198")], "codex", "codex"),
        ("cursor's agent", &[("CURSOR_AGENT", "1"), ("CURSOR_TRACE_ID", "x")], "cursor", "cursor"),
        ("cursor's terminal", &[("CURSOR_TRACE_ID", "x"), ("TERM_PROGRAM", "vscode")], "human", "cursor"),
        ("cursor's host, by value", &[("CURSOR_EXTENSION_HOST_ROLE", "agent-exec")], "cursor", "cursor"),
        ("another role of it", &[("CURSOR_EXTENSION_HOST_ROLE", "local")], "human", "unattended"),
        ("vs code's terminal", &[("TERM_PROGRAM", "vscode")], "human", "unattended"),
        (
            "vs code's terminal, own pager",
            &[("TERM_PROGRAM", "vscode"), ("GIT_PAGER", "cat")],
            "human",
            "copilot",
        ),
        ("vs code's own git", &[("GIT_PAGER", "cat")], "human", "unattended"),
        ("warp", &[("TERM_PROGRAM", "WarpTerminal")], "human", "unattended"),
        ("warp's agent", &[("OZ_RUN_ID", "1")], "warp", "warp"),
        ("zed's terminal", &[("TERM_PROGRAM", "zed"), ("ZED_TERM", "true")], "human", "unattended"),
        ("zed's agent", &[("TERM_PROGRAM", "zed"), ("PAGER", "cat")], "human", "zed"),
        ("kiro's terminal and agent", &[("TERM_PROGRAM", "kiro")], "human", "kiro"),
        ("gemini on a terminal", &[("GEMINI_CLI", "1")], "gemini-cli", "gemini-cli"),
        ("opencode", &[("OPENCODE", "1"), ("AGENT", "1")], "opencode", "opencode"),
        ("AGENT=1 alone", &[("AGENT", "1")], "human", "unattended"),
        ("an AGENT nobody knows", &[("AGENT", "build-7")], "human", "unattended"),
        ("AGENT by name", &[("AGENT", "goose")], "goose", "goose"),
        ("AI_AGENT", &[("AI_AGENT", "newcomer@1.2")], "newcomer", "newcomer"),
        ("AI_AGENT beside a known one", &[("AI_AGENT", "x"), ("CRUSH", "1")], "crush", "crush"),
        ("AI_AGENT without a name", &[("AI_AGENT", "1")], "agent", "agent"),
        ("switched off", &[("GEMINI_CLI", ""), ("CLINE_ACTIVE", "false")], "human", "unattended"),
        ("replit's shell", &[("REPL_ID", "x")], "human", "replit"),
        ("replit's assistant", &[("REPL_ID", "x"), ("REPLIT_MODE", "assistant")], "replit", "replit"),
        ("jules", &[("HOME", "/home/jules"), ("USER", "swebot")], "jules", "jules"),
        ("somebody called jules", &[("HOME", "/home/jules"), ("USER", "jules")], "human", "unattended"),
        ("settings of people", &[("CODEX_HOME", "/x"), ("GOOSE_PROVIDER", "y")], "human", "unattended"),
    ];
    for (why, variables, at_terminal, without) in table {
        for (foreground, expected) in [(true, at_terminal), (false, without)] {
            let own = classify(&lookup(variables), &[], foreground);
            assert_eq!(own.name, *expected, "{why}, terminal {foreground}: {own:?}");
            // The same variables on an ancestor, and none here: what `env -i` leaves.
            let above = classify(&lookup(&[]), &[ancestor("sh", "", "", variables)], foreground);
            assert_eq!(above.name, *expected, "{why}, on an ancestor, terminal {foreground}: {above:?}");
            let agent = !matches!(*expected, "human" | "unattended");
            assert_eq!(own.kind == ActorKind::Agent, agent, "{why}");
            assert!(!own.evidence.is_empty());
        }
    }
}

#[test]
fn by_ancestor() {
    let table: &[(&str, Ancestor, &str, &str)] = &[
        (
            "native binary under a version's name",
            ancestor("claude", "/home/u/.local/share/claude/versions/2.1.0", "", &[]),
            "claude-code",
            "claude-code",
        ),
        (
            "script by link",
            ancestor("node", "/usr/bin/node", "/usr/bin/claude", &[]),
            "claude-code",
            "claude-code",
        ),
        (
            "script by package",
            ancestor("node", "/usr/bin/node", "/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js", &[]),
            "claude-code",
            "claude-code",
        ),
        (
            "somebody's project about it",
            ancestor("node", "/usr/bin/node", "/home/u/claude-code/server.js", &[]),
            "human",
            "unattended",
        ),
        ("codex", ancestor("codex", "/opt/codex", "", &[]), "codex", "codex"),
        ("not a substring", ancestor("codexd", "/opt/my-codex", "", &[]), "human", "unattended"),
        ("pip is not pi", ancestor("pip", "/usr/bin/pip", "", &[]), "human", "unattended"),
        ("pi", ancestor("pi", "/usr/bin/pi", "", &[]), "human", "pi"),
        ("goose, agent or migration", ancestor("goose", "/go/bin/goose", "", &[]), "human", "goose"),
        ("aws copilot", ancestor("copilot", "/usr/bin/copilot", "", &[]), "human", "copilot"),
        ("editor", ancestor("cursor", "/opt/cursor/cursor", "", &[]), "human", "unattended"),
        ("cursor's agent", ancestor("cursor-agent", "", "", &[]), "cursor", "cursor"),
        ("ssh-agent", ancestor("ssh-agent", "/usr/bin/ssh-agent", "", &[]), "human", "unattended"),
        ("aider", ancestor("python3", "/usr/bin/python3.12", "/venv/bin/aider", &[]), "aider", "aider"),
    ];
    for (why, above, at_terminal, without) in table {
        for (foreground, expected) in [(true, at_terminal), (false, without)] {
            let ancestors = [ancestor("bash", "/bin/bash", "", &[]), above.clone()];
            let actor = classify(&lookup(&[]), &ancestors, foreground);
            assert_eq!(actor.name, *expected, "{why}, terminal {foreground}: {actor:?}");
        }
    }
}

#[test]
fn names_that_agents_give_themselves() {
    let table = [
        ("claude-code_2.1.172_agent", "claude-code"),
        ("crush", "crush"),
        ("github_copilot_app_agent", "github_copilot_app_agent"),
        ("x@1", "x"),
        ("a\u{1b}[31mb", "a31mb"),
        ("@", "agent"),
        ("é", "agent"),
    ];
    for (value, expected) in table {
        assert_eq!(self_given_name(value), expected, "{value:?}");
    }
}

#[test]
fn more_evidence_never_makes_a_caller_milder() {
    for marker in MARKERS {
        for foreground in [true, false] {
            let plain = classify(&lookup(&[]), &[], foreground).kind;
            let variables: Vec<(&str, &str)> =
                marker.conditions.iter().map(|(name, value)| (*name, value.unwrap_or("1"))).collect();
            assert!(classify(&lookup(&variables), &[], foreground).kind >= plain, "{marker:?}");
        }
    }
}
