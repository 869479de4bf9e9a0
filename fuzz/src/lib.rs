//! What the targets share: surroundings that hold nothing of the machine's.

use std::ffi::OsString;
use std::path::PathBuf;

use agentguard::context::{Context, Door};
use agentguard::invocation::{Invocation, Stdin};
use agentguard::judge;

/// A folder that does not exist: whatever an input names below it is absent.
pub const NOWHERE: &str = "/nonexistent/agentguard-fuzz";

/// A check's surroundings with nothing in them.
pub fn context(stdin: Stdin) -> Context {
    Context::new(Door::Check)
        .with_cwd(PathBuf::from(NOWHERE))
        .with_env(vec![(OsString::from("HOME"), OsString::from(NOWHERE))])
        .with_stdin(stdin)
}

/// Reads one invocation down to its actions; measures and decides nothing.
pub fn invocation(program: &str, words: &[&str], stdin: &[u8]) {
    let context = context(Stdin::Bytes(stdin.to_vec()));
    let words = words.iter().map(OsString::from).collect();
    let invocation = Invocation::new(program, words, PathBuf::from(NOWHERE));
    let _ = judge::actions(&invocation, &context);
}
