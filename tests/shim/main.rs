//! The shims as they are used: real programs behind them, throw-away folders and servers around them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::exit,
    clippy::too_many_lines,
    clippy::type_complexity,
    clippy::disallowed_methods,
    reason = "a test fails loudly and drives real programs"
)]

#[path = "../support/pty.rs"]
mod pty;
mod world;

mod caller;
mod curl;
mod person;
mod psql;
mod rm;
