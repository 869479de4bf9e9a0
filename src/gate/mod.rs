//! What is done with a decision: run the program, ask the person, or refuse.
//!
//! In: a decision that was made elsewhere, and the texts for it. Out: another program in our place, an
//! answer, or a refusal's text. It refuses to judge.

pub mod find;
pub mod prompt;
pub mod random;
pub mod refusal;
pub mod stdin;
pub mod tty;
