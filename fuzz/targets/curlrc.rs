//! Any bytes as a configuration file of curl, alone and as `-K -` reads it.
#![no_main]

use agentguard::reader::http::curlrc;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = curlrc::read(&String::from_utf8_lossy(bytes));
    agentguard_fuzz::invocation("curl", &["-K", "-"], bytes);
});
