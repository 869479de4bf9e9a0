//! The subcommands of `agentguard`, one file each.

pub mod check;
pub mod completions;
pub mod doctor;
pub mod explain;
pub mod init;
pub mod log;
mod probe;
pub mod shims;
