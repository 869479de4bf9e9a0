//! git: where it runs, aliases, refspecs, branch-or-path words.

use crate::action::Repository;
use crate::grammar::bind::Binding;
use crate::reader::Call;

/// The repository that the global options name.
pub fn repository(_binding: &Binding, call: &Call) -> Repository {
    Repository { globals: Vec::new(), cwd: call.path(std::ffi::OsStr::new("")) }
}
