//! Any bytes on psql's standard input, read with everything that they lead to.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| agentguard_fuzz::invocation("psql", &["shop"], bytes));
