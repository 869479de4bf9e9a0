//! Any bytes as a policy file, in a layer that may loosen and in one that may not.
#![no_main]

use std::path::Path;

use agentguard::policy::{Layer, Policy, file};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for layer in [Layer::User, Layer::Project] {
        let mut policy = Policy::default();
        file::read(bytes, Path::new("policy.toml"), layer, &mut policy);
        let nothing = policy.rules.is_empty() && policy.patterns.is_empty() && policy.declared.is_none();
        assert!(nothing || policy.problems.is_empty(), "a broken file adds nothing");
    }
});
