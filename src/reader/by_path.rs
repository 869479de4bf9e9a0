//! Programs that no grammar names: scripts by their path, git's own `git-NAME`, code off the network.
//!
//! | program | becomes |
//! |---|---|
//! | a path to a file that begins with `#!` | its interpreter, run on the file |
//! | a path to a text without it | `sh`, as execvp does |
//! | a path that ends in `git-NAME` | `git NAME` |
//! | `eval`, `source`, `.` of what curl or wget fetch | unknown content |

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::action::Action;
use crate::grammar::registry;
use crate::invocation::{Invocation, Word};
use crate::reader::{Call, Nest};

/// Scripts above this are not read: 256 KiB.
const BOUND: u64 = 256 << 10;

/// The interpreter that the file behind the program's path names.
#[must_use]
pub fn interpreter(call: &Call) -> Option<Nest> {
    let outer = call.invocation;
    let path = outer.program.known().filter(|path| path.as_bytes().contains(&b'/'))?;
    let content = call.read(&call.path(path), BOUND).ok()?;
    let line = content.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let mut words: Vec<Word> = match line.strip_prefix(b"#!") {
        Some(rest) => {
            let rest = String::from_utf8_lossy(rest).into_owned();
            rest.split_whitespace().map(Word::literal).collect()
        }
        None if content.contains(&0) || content.is_empty() => return None,
        None => vec![Word::literal("/bin/sh")],
    };
    // `#!/usr/bin/env -S NAME ARG`
    if words.first().is_some_and(|word| word.visible().as_bytes().ends_with(b"/env")) {
        words.remove(0);
        words.retain(|word| word.visible() != "-S");
    }
    if words.is_empty() {
        return None;
    }
    let program = words.remove(0);
    words.push(outer.program.clone());
    words.extend(outer.args.iter().cloned());
    Some(Nest::Command(Invocation { program, args: words, depth: outer.depth + 1, ..outer.clone() }))
}

/// `/usr/lib/git-core/git-reset --hard`: git's programs are its commands.
#[must_use]
pub fn dashed(call: &Call) -> Option<Nest> {
    let outer = call.invocation;
    let name = outer.name();
    let command = name.to_str()?.strip_prefix("git-")?.to_owned();
    let git = registry::find("git")?;
    git.commands.iter().find(|known| known.path == [command.as_str()])?;
    let args = std::iter::once(Word::literal(command)).chain(outer.args.iter().cloned()).collect();
    let program = Word::literal(OsStr::new("git"));
    Some(Nest::Command(Invocation { program, args, depth: outer.depth + 1, ..outer.clone() }))
}

/// Text that the shell runs as it comes from the network.
#[must_use]
pub fn from_network(call: &Call) -> Option<Action> {
    let name = call.invocation.name();
    if !["eval", "source", "."].iter().any(|builtin| name == *builtin) {
        return None;
    }
    let shown: Vec<String> = call.invocation.args.iter().map(Word::shown).collect();
    let text = shown.join(" ");
    let fetches = text
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .any(|word| matches!(word, "curl" | "wget"));
    fetches.then(|| {
        Action::unread("line.from-network", format!("what {text} brings"))
            .advice("fetch it to a file, read it, then run that file")
    })
}
