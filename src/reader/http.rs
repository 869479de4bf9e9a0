//! Clients that send HTTP requests, by the roles of their options.
//!
//! In: a binding. Out: an action per request, its target filled, and one per file written here.
//! It refuses to know which client it was: `grammars/tools/*.toml` says what each option means.
//!
//! `request` composes what is sent, `judge` says what it does.

pub mod body;
pub mod content;
pub mod curlrc;
pub mod graph;
pub mod judge;
pub mod provider;
pub mod request;
pub mod rpc;
pub mod transfer;
pub mod url;
pub mod verbs;

use crate::action::{Action, Effect, Impact};
use crate::grammar::bind::Binding;
use crate::reader::{Call, Reading, plain};

/// Reads a binding of an HTTP client.
#[must_use]
pub fn read(binding: &Binding, call: &Call) -> Reading {
    if plain::is_safe(binding) {
        return Reading::default();
    }
    let program = binding.grammar.program;
    let sent = request::compose(binding, call);
    let mut actions: Vec<Action> = Vec::new();
    for request in &sent.requests {
        actions.extend(judge::judge(request, program));
    }
    for path in sent.outputs {
        actions.push(
            Action::new(Effect::Write, Impact::Change, format!("{program}.write-file"), "write file")
                .object(path),
        );
    }
    for why in sent.unread {
        actions.push(Action::unread(format!("{program}.unread"), why));
    }
    Reading::of(actions)
}
