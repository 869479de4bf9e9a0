//! Shell patterns: matching (`*`, `?`, `[…]`) and file names.
//!
//! In: a pattern whose quoted characters are escaped with a backslash. Out: does it match, or which
//! paths does it name. Extended patterns (`!(…)`) are not known here.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// More names than this are not listed.
const BOUND: usize = 4096;

/// Puts a backslash before every byte that a pattern would understand.
pub(super) fn escape(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        if matches!(byte, b'*' | b'?' | b'[' | b']' | b'\\' | b'-' | b'!' | b'^') {
            out.push(b'\\');
        }
        out.push(byte);
    }
}

/// Takes the backslashes away again.
pub(super) fn unescape(pattern: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(&byte) = pattern.get(at) {
        at += usize::from(byte == b'\\');
        out.extend(pattern.get(at));
        at += 1;
    }
    out
}

/// True when an unescaped pattern character is in it.
pub(super) fn is_pattern(pattern: &[u8]) -> bool {
    let mut at = 0;
    while let Some(&byte) = pattern.get(at) {
        match byte {
            b'\\' => at += 1,
            b'*' | b'?' => return true,
            b'[' if memchr::memchr(b']', &pattern[at..]).is_some() => return true,
            _ => {}
        }
        at += 1;
    }
    false
}

/// True when `text` matches the whole `pattern`. Time is bounded by the product of their lengths.
pub(super) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut reached) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        if let Some(next) = pattern.get(at).filter(|byte| **byte == b'*').map(|_| at + 1) {
            star = Some((next, reached));
            at = next;
            continue;
        }
        if at == pattern.len() && reached == text.len() {
            return true;
        }
        let step = text.get(reached).and_then(|byte| one(&pattern[at..], *byte));
        match (step, star) {
            (Some(length), _) => {
                at += length;
                reached += 1;
            }
            (None, Some((after, from))) if from < text.len() => {
                star = Some((after, from + 1));
                at = after;
                reached = from + 1;
            }
            (None, _) => return false,
        }
    }
}

/// How many pattern bytes match `byte`, if the next element does.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern.first()? {
        b'?' => Some(1),
        b'\\' => (pattern.get(1)? == &byte).then_some(2),
        b'[' => match class(pattern, byte) {
            Some((length, true)) => Some(length),
            Some((_, false)) => None,
            None => (byte == b'[').then_some(1),
        },
        literal => (*literal == byte).then_some(1),
    }
}

/// A bracket expression: its length and whether `byte` is in it.
fn class(pattern: &[u8], byte: u8) -> Option<(usize, bool)> {
    let mut at = 1;
    let negated = matches!(pattern.get(at), Some(b'!' | b'^'));
    at += usize::from(negated);
    let (first, mut found) = (at, false);
    loop {
        let mut low = *pattern.get(at)?;
        if low == b']' && at > first {
            return Some((at + 1, found != negated));
        }
        if low == b'[' && pattern.get(at + 1) == Some(&b':') {
            let length = pattern[at..].windows(2).position(|pair| pair == b":]")?;
            found |= named(&pattern[at + 2..at + length], byte);
            at += length + 2;
            continue;
        }
        if low == b'\\' {
            at += 1;
            low = *pattern.get(at)?;
        }
        at += 1;
        if pattern.get(at) == Some(&b'-') && pattern.get(at + 1).is_some_and(|byte| *byte != b']') {
            let mut high = *pattern.get(at + 1)?;
            at += 2;
            if high == b'\\' {
                high = *pattern.get(at)?;
                at += 1;
            }
            found |= (low..=high).contains(&byte);
        } else {
            found |= low == byte;
        }
    }
}

fn named(class: &[u8], byte: u8) -> bool {
    match class {
        b"alpha" => byte.is_ascii_alphabetic(),
        b"digit" => byte.is_ascii_digit(),
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"upper" => byte.is_ascii_uppercase(),
        b"lower" => byte.is_ascii_lowercase(),
        b"space" => byte.is_ascii_whitespace(),
        b"punct" => byte.is_ascii_punctuation(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => false,
    }
}

/// The paths that `pattern` names below `cwd`, sorted by bytes; empty when none, or when it cannot
/// be told. `hidden` as `dotglob`.
pub(super) fn paths(pattern: &[u8], cwd: &Path, hidden: bool) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = vec![Vec::new()];
    let mut components = pattern.split(|byte| *byte == b'/').peekable();
    while let Some(component) = components.next() {
        let last = components.peek().is_none();
        let mut next = Vec::new();
        for base in found {
            step(&base, component, cwd, hidden, &mut next);
            if next.len() > BOUND {
                return Vec::new();
            }
        }
        if !last {
            next.retain_mut(|path| {
                let folder = path.is_empty() || cwd.join(OsStr::from_bytes(path)).is_dir();
                path.push(b'/');
                folder
            });
        }
        found = next;
    }
    found.retain(|path| fs::symlink_metadata(cwd.join(OsStr::from_bytes(path))).is_ok());
    found.sort();
    found
}

/// Extends `base` (empty or ending in `/`) by every name that `component` matches.
fn step(base: &[u8], component: &[u8], cwd: &Path, hidden: bool, out: &mut Vec<Vec<u8>>) {
    if !is_pattern(component) {
        out.push([base, &unescape(component)].concat());
        return;
    }
    let Ok(entries) = fs::read_dir(cwd.join(OsStr::from_bytes(base))) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().into_vec();
        if name.first() == Some(&b'.') && component.first() != Some(&b'.') && !hidden {
            continue;
        }
        if matches(component, &name) {
            out.push([base, &name].concat());
        }
        if out.len() > BOUND {
            return;
        }
    }
}
