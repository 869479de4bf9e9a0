//! The exit statuses: part of the command line, so never renumbered.
//!
//! A shim that runs the real program has no status of its own: it becomes the program.

/// Done; with `check`: allowed.
pub const DONE: i32 = 0;

/// `check`: asked or refused; other commands: the answer is no.
pub const STOPPED: i32 = 1;

/// Wrong usage, or a failure of ours outside the shim door.
pub const USAGE: i32 = 2;

/// Shim: a failure of ours; nothing was executed.
pub const FAILED: i32 = 125;

/// Shim: refused or declined; the real program never started. Shells use it for "cannot execute".
pub const REFUSED: i32 = 126;

/// Shim: there is no such program behind the shim. Shells use it for "command not found".
pub const NOT_FOUND: i32 = 127;
