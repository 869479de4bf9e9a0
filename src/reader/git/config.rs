//! git's settings that run programs, and the command that writes settings.
//!
//! | given | becomes |
//! |---|---|
//! | `-c core.sshCommand=TEXT`, `GIT_SSH_COMMAND=TEXT` and their kin | shell text |
//! | `-c credential.helper=!TEXT`, `-c submodule.x.update=!TEXT` | shell text |
//! | `clone -c NAME=VALUE` | the same |
//! | `config core.hooksPath …`, `config alias.x '!…'` | a change that runs programs later: medium |
//! | any other `config` | a change |

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::action::{Action, Effect, Impact};
use crate::assess::Severity;
use crate::grammar::bind::Binding;
use crate::grammar::glob;
use crate::invocation::{Piece, Word};
use crate::reader::{Call, Reading, plain};

/// Settings whose value git gives to a shell. Lower case.
const RUNS: &[&str] = &[
    "core.sshcommand",
    "core.pager",
    "core.editor",
    "sequence.editor",
    "core.askpass",
    "core.fsmonitor",
    "core.gitproxy",
    "diff.external",
    "interactive.difffilter",
    "gpg.program",
    "gpg.*.program",
    "gpg.ssh.defaultkeycommand",
    "pager.*",
    "filter.*.clean",
    "filter.*.smudge",
    "filter.*.process",
    "diff.*.textconv",
    "diff.*.command",
    "merge.*.driver",
    "mergetool.*.cmd",
    "difftool.*.cmd",
    "browser.*.cmd",
    "man.*.cmd",
    "trailer.*.cmd",
    "trailer.*.command",
    "uploadpack.packobjectshook",
    "remote.*.uploadpack",
    "remote.*.receivepack",
    "sendemail.*cmd",
    "imap.tunnel",
    "gc.recentobjectshook",
];

/// Settings whose value is a command only after `!`.
const RUNS_AFTER_BANG: &[&str] =
    &["credential.helper", "credential.*.helper", "submodule.*.update", "alias.*"];

/// Settings that, once written, run programs behind every later command.
const PERSISTENT: &[&str] = &[
    "core.sshcommand",
    "core.hookspath",
    "core.fsmonitor",
    "core.gitproxy",
    "diff.external",
    "filter.*.clean",
    "filter.*.smudge",
    "filter.*.process",
    "remote.*.uploadpack",
    "remote.*.receivepack",
    "uploadpack.packobjectshook",
];

/// Variables whose value git gives to a shell, and the commands they matter to.
const VARIABLES: &[&str] = &[
    "GIT_SSH_COMMAND",
    "GIT_PROXY_COMMAND",
    "GIT_EXTERNAL_DIFF",
    "GIT_EDITOR",
    "GIT_SEQUENCE_EDITOR",
    "GIT_PAGER",
    "GIT_ASKPASS",
];

/// The value that `-c` gives to a setting; the last one counts.
pub(super) fn given(binding: &Binding, key: &str) -> Option<Word> {
    settings(binding, "-c").filter(|(name, _)| name.eq_ignore_ascii_case(key)).last().map(|(_, value)| value)
}

/// Every `NAME=VALUE` of an option; a name alone is true.
fn settings<'b>(binding: &'b Binding, option: &'b str) -> impl Iterator<Item = (String, Word)> + 'b {
    binding.options.iter().filter(move |bound| bound.name == option).filter_map(|bound| {
        let value = bound.value.as_ref()?;
        let visible = value.visible();
        let bytes = visible.as_bytes();
        Some(match bytes.iter().position(|&byte| byte == b'=') {
            Some(at) => (String::from_utf8_lossy(&bytes[..at]).into_owned(), value.skip(at + 1)),
            None => (String::from_utf8_lossy(bytes).into_owned(), Word::literal("true")),
        })
    })
}

/// The value of `alias.NAME`: from `-c`, else as git itself finds it.
pub(super) fn alias(name: &str, binding: &Binding, call: &Call) -> Option<std::ffi::OsString> {
    let key = format!("alias.{name}");
    if let Some(value) = given(binding, &key) {
        return Some(value.visible());
    }
    crate::measure::git::setting(&super::repository(binding, call), &key)
}

/// Adds what settings and variables would run.
pub(super) fn programs(binding: &Binding, call: &Call, reading: &mut Reading) {
    let clones = if binding.command.path == ["clone"] { "--config" } else { "" };
    let both = settings(binding, "-c").chain(settings(binding, clones));
    for (name, value) in both {
        let name = name.to_lowercase();
        if let Some(text) = program(&name, &value) {
            reading.nested.push(super::shell(text, Vec::new(), call));
        }
    }
    // A plain read is the hot path: the caller's own editor and pager are not the command's doing.
    let reads = binding.command.default == Some(Effect::Read);
    for name in VARIABLES {
        let assigned = call.invocation.env.iter().any(|(key, _)| key == name);
        let Some(value) = (if assigned || !reads { call.env(name) } else { None }) else { continue };
        let plain_word = value
            .known()
            .is_some_and(|value| !value.as_bytes().iter().any(|byte| b" \t\n;|&<>`$(".contains(byte)));
        if !plain_word {
            reading.nested.push(super::shell(value, Vec::new(), call));
        }
    }
}

/// The shell text in a setting's value, if it is one that is run.
fn program(name: &str, value: &Word) -> Option<Word> {
    let visible = value.visible();
    let bytes = visible.as_bytes();
    if RUNS_AFTER_BANG.iter().any(|pattern| glob::matches(pattern, name)) && !name.starts_with("alias.") {
        return bytes.starts_with(b"!").then(|| value.skip(1));
    }
    let boolean = matches!(bytes, b"true" | b"false" | b"" | b"0" | b"1" | b"on" | b"off" | b"yes" | b"no");
    (RUNS.iter().any(|pattern| glob::matches(pattern, name)) && !(boolean && !value.is_dynamic()))
        .then(|| value.clone())
}

/// `git config`: old and new spelling.
pub(super) fn read(binding: &Binding, call: &Call) -> Vec<Action> {
    let reads =
        ["--get", "--get-all", "--get-regexp", "--get-urlmatch", "--get-color", "--get-colorbool", "--list"];
    if binding.command.default == Some(Effect::Read) || reads.iter().any(|name| binding.has(name)) {
        return Vec::new();
    }
    let removes = ["--unset", "--unset-all", "--remove-section", "--rename-section"]
        .iter()
        .any(|name| binding.has(name));
    let sets = matches!(binding.command.path, ["config"] | ["config", "set"]) && !removes;
    let [name, value, ..] = binding.operands.as_slice() else {
        // `config NAME` prints the value.
        let prints = binding.command.path == ["config"] && !removes && !binding.has("--edit");
        return if prints { Vec::new() } else { plain::read(binding, call) };
    };
    let key = name.visible().to_string_lossy().to_lowercase();
    let persistent = PERSISTENT.iter().any(|pattern| glob::matches(pattern, &key));
    let bang = RUNS_AFTER_BANG.iter().any(|pattern| glob::matches(pattern, &key)) && starts_with_bang(value);
    let harmless = matches!(value.known().map(OsStr::as_bytes), Some(b"true" | b"false" | b""));
    if sets && ((persistent && !harmless) || bang) {
        return vec![
            Action::new(Effect::Write, Impact::Fixed(Severity::Medium), "git.config-program", "config")
                .object(name.shown())
                .scope("programs run behind later commands")
                .undo("git config --unset")
                .text(format!("{}={}", name.shown(), value.shown())),
        ];
    }
    plain::read(binding, call)
}

fn starts_with_bang(value: &Word) -> bool {
    match value {
        Word::Literal(text) => text.as_bytes().starts_with(b"!"),
        Word::Dynamic(pieces) => match pieces.first() {
            Some(Piece::Text(text)) => text.as_bytes().starts_with(b"!"),
            Some(Piece::Unknown(_)) | None => false,
        },
    }
}
