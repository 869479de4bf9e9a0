//! Any bytes as a shell line: lowered, and every command in it read.
#![no_main]

use std::path::Path;

use agentguard::invocation::Stdin;
use agentguard::judge;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let context = agentguard_fuzz::context(Stdin::Empty);
    let _ = judge::line_actions(bytes, Path::new(agentguard_fuzz::NOWHERE), &context);
});
