//! Any argument list of curl: one word per line.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let words: Vec<&str> = text.split('\n').collect();
    agentguard_fuzz::invocation("curl", &words, b"");
});
