//! agentguard: the last check before a command runs.
//!
//! ```text
//!  shim (argv[0] = psql)     hook (agent's JSON)      exec event (supervisor)
//!         └──────────────┬──────────┴──────────────┬──────────┘
//!                        ▼
//!  Invocation { program, args: [Word], stdin, cwd, env }
//!    grammar    option arity, clusters, abbreviations, subcommand path   → Binding
//!    reader     what the words mean for this family of programs          → Actions
//!    language   bash, SQL, GraphQL, JSON inside values, files and stdin
//!    target     which database, host, repository, environment
//!    measure    how much, and what is left to undo it (bounded, read-only)
//!  assess       score and severity                                        pure
//!  policy       layers, rules → Decision { Allow < Ask < Refuse }         pure, strictest wins
//!  gate         exec │ prompt │ refuse; audit record first
//! ```
#![deny(unsafe_code)]

pub mod action;
pub mod actor;
pub mod assess;
pub mod audit;
pub mod context;
pub mod exit;
pub mod gate;
pub mod invocation;
pub mod language;
pub mod measure;
pub mod target;
pub mod term;
