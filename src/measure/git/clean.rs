//! What `git clean` would remove: the same command with `-n`, each name judged.
//!
//! In: clean's own arguments. Out: a state: what nobody can make again, or only what a build makes.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use super::{Answer, Git, Trouble, counted, nothing, state};
use crate::assess::Severity;
use crate::grammar::glob;
use crate::measure::{State, names};

/// Entries looked at inside one regenerable folder.
const ENTRIES: usize = 2_000;

/// Folders whose content is made by an installer whatever it is called.
const INSTALLED: &[&str] = &[
    "node_modules",
    ".venv",
    "venv",
    "vendor",
    "Pods",
    "__pycache__",
    ".tox",
    ".nox",
    "bower_components",
    ".pnpm-store",
    ".terraform",
];

/// Judges a clean.
pub(super) fn clean(git: &Git, operands: &[OsString]) -> Answer<State> {
    let forced = operands.iter().take_while(|word| *word != "--").any(|word| word == "-f");
    if !forced {
        // Without -f git refuses unless it is told not to.
        let (status, value) = git.ask_status(["config", "--type=bool", "--get", "clean.requireForce"])?;
        if status == 128 {
            return Err(Trouble::Refused);
        }
        if value.trim_ascii() != b"false" {
            return Ok(nothing("git refuses to clean without -f"));
        }
    }
    let mut args: Vec<&OsStr> = ["-c", "core.quotePath=false", "clean", "-n"].map(OsStr::new).to_vec();
    args.extend(operands.iter().map(OsString::as_os_str));
    let output = git.ask(args)?;
    let top = git.path(OsStr::new(""));
    let removed: Vec<OsString> = output
        .split(|&byte| byte == b'\n')
        .filter_map(|line| line.strip_prefix(b"Would remove "))
        .map(unquote)
        .collect();
    if removed.is_empty() {
        return match missing(git, operands) {
            Some(path) => Err(Trouble::Absent(format!("{path} is not here"))),
            None => Ok(nothing("there is nothing to clean")),
        };
    }
    let lost: Vec<&OsString> = removed.iter().filter(|path| !is_regenerable(&top.join(path))).collect();
    let mut found = match lost.first() {
        None => {
            state(Severity::Low, format!("only what a build makes again: {}", removed[0].to_string_lossy()))
        }
        Some(first) => state(
            Severity::High,
            format!(
                "{} that git does not keep, {} among them",
                counted(lost.len(), "path"),
                first.to_string_lossy()
            ),
        ),
    };
    found.facts = vec![("paths", removed.len() as u64), ("lost", lost.len() as u64)];
    Ok(found)
}

/// A path that is named and not there, where the absent counts.
fn missing(git: &Git, operands: &[OsString]) -> Option<String> {
    let paths = operands.iter().skip_while(|word| *word != "--").skip(1);
    let mut absent = paths.filter(|path| git.assumes && std::fs::symlink_metadata(git.path(path)).is_err());
    absent.next().map(|path| path.to_string_lossy().into_owned())
}

/// A build makes it again and nothing precious lies inside.
pub(super) fn is_regenerable(path: &Path) -> bool {
    let Some(name) = path.file_name() else { return false };
    if names::is_precious(name) && names::regenerable(name).is_none() {
        return false;
    }
    let Some(markers) = names::regenerable(name) else {
        // A folder that tools mark as a cache, or one below a regenerable folder.
        return path.join("CACHEDIR.TAG").is_file();
    };
    let beside = path.parent().is_some_and(|parent| has_marker(parent, markers));
    let tagged = path.join("CACHEDIR.TAG").is_file() || path.join("pyvenv.cfg").is_file();
    if !(markers.is_empty() || beside || tagged) {
        return false;
    }
    INSTALLED.iter().any(|known| name == *known) || !holds_precious(path)
}

fn has_marker(folder: &Path, markers: &[&str]) -> bool {
    let (patterns, plain): (Vec<&str>, Vec<&str>) = markers.iter().partition(|marker| marker.contains('*'));
    plain.iter().any(|marker| folder.join(marker).exists())
        || (!patterns.is_empty()
            && std::fs::read_dir(folder).is_ok_and(|entries| {
                entries.flatten().take(ENTRIES).any(|entry| {
                    let name = entry.file_name();
                    patterns.iter().any(|pattern| glob::matches(pattern, &name.to_string_lossy()))
                })
            }))
}

/// Credentials or databases below a folder, as far as a bounded look goes. What lies below an
/// installed folder came with a package.
fn holds_precious(folder: &Path) -> bool {
    let mut left = ENTRIES;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            if left == 0 {
                return false;
            }
            left -= 1;
            let name = entry.file_name();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if !is_folder && names::is_precious(&name) && names::regenerable(&name).is_none() {
                return true;
            }
            if is_folder && !INSTALLED.iter().any(|known| name == *known) {
                folders.push(entry.path());
            }
        }
    }
    false
}

/// git quotes names with odd bytes like a C string.
fn unquote(name: &[u8]) -> OsString {
    let Some(inner) = name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")) else {
        return OsStr::from_bytes(name).to_owned();
    };
    let mut bytes = Vec::with_capacity(inner.len());
    let mut at = 0;
    while at < inner.len() {
        if inner[at] != b'\\' {
            bytes.push(inner[at]);
            at += 1;
            continue;
        }
        let octal = inner
            .get(at + 1..at + 4)
            .filter(|digits| digits.iter().all(|digit| (b'0'..=b'7').contains(digit)));
        if let Some(digits) = octal {
            let value = digits.iter().fold(0_u32, |value, digit| value * 8 + u32::from(digit - b'0'));
            bytes.push(u8::try_from(value & 0xff).unwrap_or_default());
            at += 4;
            continue;
        }
        bytes.push(match inner.get(at + 1) {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'a') => 7,
            Some(b'b') => 8,
            Some(b'v') => 11,
            Some(b'f') => 12,
            Some(other) => *other,
            None => b'\\',
        });
        at += 2;
    }
    OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_names_are_read_back() {
        assert_eq!(unquote(b"plain name"), OsStr::new("plain name"));
        assert_eq!(unquote(br#""a\tb\"c\303\251""#), OsStr::from_bytes(b"a\tb\"c\xc3\xa9"));
    }
}
