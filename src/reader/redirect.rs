//! What a shell redirection does to the file it names.
//!
//! | redirection | becomes |
//! |---|---|
//! | `>` onto a block device | overwriting the device |
//! | `>` onto data, keys, settings that exist | overwriting the file |
//! | anything else | nothing |

use std::ffi::OsStr;
use std::os::unix::fs::FileTypeExt;

use crate::action::{Action, Effect, Impact};
use crate::assess::Severity;
use crate::context::Context;
use crate::invocation::Invocation;
use crate::language::bash::{Redirect, RedirectKind};
use crate::measure::names;

/// The loss that a redirection causes, if any.
#[must_use]
pub fn action(redirect: &Redirect, invocation: &Invocation, context: &Context) -> Option<Action> {
    if !matches!(redirect.kind, RedirectKind::Truncate | RedirectKind::Clobber) {
        return None;
    }
    let name = redirect.path.known()?;
    let path = context.resolve(&invocation.cwd, name);
    let kind = std::fs::metadata(&path).ok().map(|metadata| metadata.file_type());
    let severity = match kind {
        Some(kind) if kind.is_block_device() => Severity::Critical,
        Some(kind) if kind.is_file() && is_precious(path.file_name()) => Severity::High,
        // Devices by name, where they cannot be looked at.
        None if context.assumes_existence() && is_disk(name) => Severity::Critical,
        _ => return None,
    };
    Some(
        Action::new(Effect::Destroy, Impact::Fixed(severity), "line.overwrite", "overwrite")
            .object(name.to_string_lossy().into_owned())
            .undo("none")
            .advice("write to a new file, look at it, then move it"),
    )
}

fn is_precious(name: Option<&OsStr>) -> bool {
    name.is_some_and(names::is_precious)
}

pub(super) fn is_disk(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| {
        ["/dev/sd", "/dev/nvme", "/dev/vd", "/dev/disk"].iter().any(|disk| name.starts_with(disk))
    })
}
