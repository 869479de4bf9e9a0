//! Any text as a GraphQL document, and as the body that carries one.
#![no_main]

use agentguard::language::graphql;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = graphql::names(text);
    if let Ok(operations) = graphql::read(text, None) {
        let _ = graphql::selected(&operations, Some("A"));
    }
    let words = ["https://api.example.com/graphql", "-H", "Content-Type: application/json", "-d", "@-"];
    agentguard_fuzz::invocation("curl", &words, text.as_bytes());
});
