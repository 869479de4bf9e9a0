//! The shims as they are used: real programs behind them, throw-away folders and servers around them.

#[path = "../support/pty.rs"]
mod pty;
mod world;

mod caller;
mod curl;
mod person;
mod psql;
mod rm;
