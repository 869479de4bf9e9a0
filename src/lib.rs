//! agentguard: the last check before a command runs.
//!
//! ```text
//!  shim (argv[0] = psql)     hook (agent's JSON)      exec event (supervisor)
//!         └──────────────┬──────────┴──────────────┬──────────┘
//!                        ▼
//!  Invocation { program, args: [Word], stdin, cwd, env }
//!    grammar    option arity, clusters, abbreviations, subcommand path   → Binding
//!    reader     what the words mean for this family of programs          → Actions
//!    language   bash, SQL, GraphQL, JSON inside values, files and stdin
//!    target     which database, host, repository, environment
//!    measure    how much, and what is left to undo it (bounded, read-only)
//!  assess       score and severity                                        pure
//!  policy       layers, rules → Decision { Allow < Ask < Refuse }         pure, strictest wins
//!  gate         exec │ prompt │ refuse; audit record first
//! ```
#![deny(unsafe_code)]

pub mod action;
pub mod actor;
pub mod assess;
pub mod audit;
pub mod cli;
pub mod command;
pub mod context;
pub mod error;
pub mod exit;
pub mod gate;
pub mod grammar;
pub mod invocation;
pub mod judge;
pub mod language;
pub mod measure;
pub mod policy;
pub mod reader;
pub mod source;
pub mod target;
pub mod term;
pub mod verdict;

use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// Where the process starts: by its own name it is the command line, by any other a shim.
///
/// # Safety
/// `argv` is the vector of `argc` C strings that the C runtime gives to `main`.
#[expect(unsafe_code, reason = "the argument vector is C's")]
#[must_use]
pub unsafe fn main(argc: libc::c_int, argv: *const *const libc::c_char) -> libc::c_int {
    let count = usize::try_from(argc).unwrap_or(0);
    let words: Vec<OsString> = (0..count)
        // SAFETY: by this function's contract there are `argc` C strings.
        .map(|index| unsafe { CStr::from_ptr(*argv.add(index)) })
        .map(|word| OsStr::from_bytes(word.to_bytes()).to_owned())
        .collect();
    let name = words.first().map(|word| last_component(word)).unwrap_or_default().to_owned();
    if name == "agentguard" || name.is_empty() {
        return cli::run(words);
    }
    // SAFETY: the same vector.
    unsafe { source::shim::run(&name, words.into_iter().skip(1).collect(), argv) }
}

/// What follows the last slash.
fn last_component(path: &OsStr) -> &OsStr {
    let bytes = path.as_bytes();
    let start = bytes.iter().rposition(|&byte| byte == b'/').map_or(0, |at| at + 1);
    OsStr::from_bytes(&bytes[start..])
}
