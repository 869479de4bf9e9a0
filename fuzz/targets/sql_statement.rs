//! Any text as one SQL string outside psql: statements, routines' bodies, generated SQL.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = agentguard::language::sql::read_sql(text, "psql");
});
