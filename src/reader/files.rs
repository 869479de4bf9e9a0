//! Copies, moves, mirrors and other writes onto paths: what they lose of what was there.
//!
//! | in the grammar | becomes |
//! |---|---|
//! | `overwrite` of a disk | its destruction |
//! | `overwrite` of data, keys or settings that exist | as their removal |
//! | `overwrite` of the account and boot files of the system | a loss of access |
//! | `move` | the sources, as a removal that can be taken back; to `/dev/null`: as a removal |
//! | `mirror` | the folder, as a removal; on another machine: some of it |
//! | anything else | a write |
//!
//! Roles: `into` (the folder that sources go into), `as-file` (the last operand is no folder),
//! `keep` (what exists is kept or backed up).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use crate::action::{Action, Effect, Impact, Loss, Question};
use crate::assess::Severity;
use crate::grammar::bind::Binding;
use crate::grammar::schema::{Ask, Object};
use crate::invocation::Word;
use crate::measure::names;
use crate::reader::{Call, redirect};

/// Files without which nobody gets in or the machine does not start.
const VITAL: &[&str] = &[
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/sudoers",
    "/etc/fstab",
    "/boot/",
    "/etc/ssh/sshd_config",
];

/// The actions of a case that asks about files.
#[must_use]
pub fn asked(ask: Ask, action: &Action, object: Object, binding: &Binding, call: &Call) -> Vec<Action> {
    match ask {
        Ask::Overwrite if object == Object::Destination => {
            let mut paths = destinations(binding, call).into_iter();
            paths.find_map(|path| overwritten(action, &path)).into_iter().collect()
        }
        Ask::Overwrite => named(object, binding)
            .iter()
            .filter_map(Word::known)
            .filter_map(|word| overwritten(action, &call.path(word)))
            .collect(),
        Ask::Move => moved(action, binding, call),
        Ask::Mirror => binding.operands.last().map(|word| mirrored(action, word, call)).into_iter().collect(),
        // Removals and git's losses are made where the other cases are.
        Ask::Remove | Ask::RemoveTree | Ask::Git(_) => Vec::new(),
    }
}

/// The words that an object names.
#[must_use]
pub fn named(object: Object, binding: &Binding) -> Vec<Word> {
    match object {
        Object::Operands => binding.operands.clone(),
        Object::Nth(index) => binding.operands.get(index).cloned().into_iter().collect(),
        Object::Last => binding.operands.last().cloned().into_iter().collect(),
        Object::Destination => {
            binding.role_value("into").or_else(|| binding.operands.last()).cloned().into_iter().collect()
        }
        Object::Value(name) => binding.value(name).cloned().into_iter().collect(),
        Object::Assigned(prefix) => binding
            .operands
            .iter()
            .filter(|word| word.visible().as_bytes().starts_with(prefix.as_bytes()))
            .map(|word| word.skip(prefix.len()))
            .collect(),
        Object::Text(_) => Vec::new(),
    }
}

/// What writing onto a path loses, if anything of worth.
#[must_use]
pub fn overwritten(action: &Action, path: &Path) -> Option<Action> {
    let kind = std::fs::metadata(path).ok().map(|metadata| metadata.file_type());
    let action = action.clone().object(path.to_string_lossy().into_owned());
    let fixed = |severity| {
        let mut action = action.clone();
        action.impact = Impact::Fixed(severity);
        Some(action)
    };
    if kind.is_some_and(|kind| kind.is_block_device()) || redirect::is_disk(path.as_os_str()) {
        return fixed(Severity::Critical);
    }
    if VITAL.iter().any(|vital| path.as_os_str().as_bytes().starts_with(vital.as_bytes())) {
        return fixed(Severity::High);
    }
    let precious =
        kind.is_some_and(|kind| kind.is_file()) && path.file_name().is_some_and(names::is_precious);
    precious.then(|| {
        let cwd = path.parent().unwrap_or(path).to_owned();
        action.question(Question::Remove { path: path.to_owned(), recursive: false, cwd })
    })
}

/// The sources of a copy or move.
fn sources(binding: &Binding) -> &[Word] {
    let count = binding.operands.len();
    let into = binding.role_value("into").is_some() || count == 1;
    &binding.operands[..if into { count } else { count.saturating_sub(1) }]
}

/// The paths that a copy or move writes.
fn destinations(binding: &Binding, call: &Call) -> Vec<PathBuf> {
    if binding.has_role("keep") || binding.operands.len() < 2 && binding.role_value("into").is_none() {
        return Vec::new();
    }
    let Some(target) =
        named(Object::Destination, binding).first().and_then(Word::known).map(|word| call.path(word))
    else {
        return Vec::new();
    };
    if binding.has_role("as-file") || !target.is_dir() {
        return vec![target];
    }
    let names = sources(binding).iter().filter_map(Word::known);
    names.filter_map(|source| Path::new(source).file_name().map(|name| target.join(name))).collect()
}

/// Every source of a move.
fn moved(action: &Action, binding: &Binding, call: &Call) -> Vec<Action> {
    let gone =
        named(Object::Destination, binding).first().and_then(Word::known) == Some(OsStr::new("/dev/null"));
    let known = sources(binding).iter().filter_map(|word| word.known().map(|path| (word, path)));
    known
        .map(|(word, path)| {
            let (path, cwd) = (call.path(path), call.path(OsStr::new("")));
            let action = action.clone().object(word.shown());
            if gone {
                return action.undo("none").question(Question::Remove { path, recursive: true, cwd });
            }
            let mut action = action.question(Question::Softened { path, cwd, loss: Loss::Moved });
            action.impact = Impact::Fixed(Severity::Low);
            action
        })
        .collect()
}

/// The destination of a mirror, on this machine or another one.
fn mirrored(action: &Action, word: &Word, call: &Call) -> Action {
    let mut action = action.clone().object(word.shown());
    let visible = word.visible();
    let text = visible.to_string_lossy();
    let before_slash = text.split('/').next().unwrap_or_default();
    if before_slash.contains(':') {
        action.impact = Impact::Fixed(Severity::Medium);
        action.effect = Effect::Destroy;
        return action;
    }
    match word.known() {
        Some(path) => action.question(Question::Remove {
            path: call.path(path),
            recursive: true,
            cwd: call.path(OsStr::new("")),
        }),
        None => action,
    }
}
