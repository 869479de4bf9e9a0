//! One file per subcommand of `agentguard`.
//!
//! In: parsed arguments, a [`crate::context::Context`] and where to write. Out: text on that
//! writer, or an [`crate::error::Error`]. They refuse to judge: that is `assess` and `policy`.

pub mod completions;
pub mod doctor;
pub mod init;
pub mod probe;
pub mod shims;
