//! The one error type of the commands.
//!
//! In: what went wrong and what helps. Out: one lower-case line with its remedy, and the status
//! that the process ends with. It refuses to know how it is printed.

use std::fmt;
use std::io;

/// Why a command of ours could not do what was asked. Not a verdict: a refusal is no error.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The command line or its input is wrong; status 2.
    Usage { message: String, hint: String },
    /// The system or a file stands in the way; status 2.
    Failed { message: String, hint: String },
    /// The reader of our output went away; nothing to say, status 0.
    ClosedPipe,
}

impl Error {
    /// The command line is wrong.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: hint.into() }
    }

    /// Something outside stands in the way.
    pub fn failed(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), hint: hint.into() }
    }

    /// A write to our own output failed.
    pub fn output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ClosedPipe
        } else {
            Self::failed(format!("cannot write the output: {error}"), "check the disk and the redirection")
        }
    }

    /// What is to be done about it; empty when nothing is to be said.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::Usage { hint, .. } | Self::Failed { hint, .. } => hint,
            Self::ClosedPipe => "",
        }
    }

    /// The exit status of `agentguard` itself. A shim's own failure is 125, which its door decides.
    #[must_use]
    pub const fn status(&self) -> u8 {
        match self {
            Self::Usage { .. } | Self::Failed { .. } => 2,
            Self::ClosedPipe => 0,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage { message, hint } | Self::Failed { message, hint } if hint.is_empty() => {
                out.write_str(message)
            }
            Self::Usage { message, hint } | Self::Failed { message, hint } => {
                write!(out, "{message}; {hint}")
            }
            Self::ClosedPipe => out.write_str("the output was closed"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    /// Only writes to our own output use `?` on an I/O result; everything else names its file.
    fn from(error: io::Error) -> Self {
        Self::output(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_with_its_remedy() {
        let error = Error::failed("HOME is not set", "set HOME to your home folder");
        assert_eq!(error.to_string(), "HOME is not set; set HOME to your home folder");
        assert_eq!(error.status(), 2);
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let error = Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(error, Error::ClosedPipe);
        assert_eq!(error.status(), 0);
    }
}
