//! Adding one line to the log.
//!
//! In: a record. Out: a line, whole or not at all. One `write` under the file's lock, so that writers
//! never mix; the line before it is found from the file's end, so that a long log costs nothing.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{AuditError, CURRENT, GENESIS, KEPT, ROTATE_AT, Record, archive, files, folder};
use crate::context::Context;

/// A lock is held for well under a millisecond; who holds it longer is stopped or hostile.
const PATIENCE: Duration = Duration::from_secs(3);

/// A rotation or a removal may take the file away between opening and locking it.
const ATTEMPTS: usize = 64;

/// Lines are bounded far below this; a longer last line is not ours and is hashed from its end.
const TAIL: u64 = 1 << 20;

/// The whole line, in the order in which it is written. `seq` stands second: [`seq_of`] counts on it.
#[derive(Serialize)]
struct Line<'a> {
    v: u8,
    seq: u64,
    time: String,
    prev: String,
    #[serde(flatten)]
    record: &'a Record,
}

/// Adds a record, redacted, under the caller's account.
///
/// # Errors
/// When it could not be written; nothing was added then. The caller decides what that means: a program
/// that needed a record must not be run.
pub fn append(context: &Context, record: &Record) -> Result<(), AuditError> {
    append_in(&folder(context)?, record, ROTATE_AT)
}

pub(super) fn append_in(folder: &Path, record: &Record, rotate_at: u64) -> Result<(), AuditError> {
    let record = record.cleaned();
    let path = folder.join(CURRENT);
    let failed = |error| AuditError::Io(path.clone(), error);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    for _ in 0..ATTEMPTS {
        let mut file = open(&path).map_err(failed)?;
        lock(&file, &path)?;
        if !is_still(&file, &path).map_err(failed)? {
            continue;
        }
        let size = file.metadata().map_err(failed)?.len();
        if size >= rotate_at {
            rotate(folder).map_err(failed)?;
            continue;
        }
        return add(folder, &mut file, size, &record).map_err(failed);
        // Closing the file gives the lock back.
    }
    Err(AuditError::Busy(path))
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
        .open(path)
}

/// Waits for the lock, but not for ever: a guard that hangs is switched off.
#[allow(clippy::disallowed_methods, reason = "the wait is bounded by the clock, nothing is judged by it")]
pub(super) fn lock(file: &File, path: &Path) -> Result<(), AuditError> {
    let start = std::time::Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(fs::TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(fs::TryLockError::WouldBlock) => return Err(AuditError::Busy(path.to_owned())),
            Err(fs::TryLockError::Error(error)) => return Err(AuditError::Io(path.to_owned(), error)),
        }
    }
}

/// True when the name still leads to this file: between opening and locking another process may have
/// put it away.
fn is_still(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Puts the current file away. Called with its lock held; the next attempt makes a new one, which
/// finds the end of the chain in `audit.1.jsonl`.
fn rotate(folder: &Path) -> io::Result<()> {
    for number in (1..KEPT).rev() {
        match fs::rename(archive(folder, number), archive(folder, number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(folder.join(CURRENT), archive(folder, 1))
}

fn add(folder: &Path, file: &mut File, size: u64, record: &Record) -> io::Result<()> {
    let end = end_of_chain(folder, file, size)?;
    let line = Line { v: 1, seq: end.seq + 1, time: timestamp(now()), prev: end.hash, record };
    let mut bytes = Vec::with_capacity(1024);
    if end.torn {
        // A writer died in the middle of its line: it stays, as evidence, and gets an end.
        bytes.push(b'\n');
    }
    serde_json::to_writer(&mut bytes, &line)?;
    bytes.push(b'\n');
    match file.write(&bytes) {
        Ok(count) if count == bytes.len() => Ok(()),
        written => {
            // No room for all of it: take back the piece, so that the log stays whole.
            file.set_len(size)?;
            written.and(Err(io::ErrorKind::StorageFull.into()))
        }
    }
}

/// The last line of the log.
struct End {
    seq: u64,
    hash: String,
    /// It has no end.
    torn: bool,
}

fn end_of_chain(folder: &Path, file: &mut File, size: u64) -> io::Result<End> {
    if size > 0 {
        return end_of(file, size);
    }
    match File::open(archive(folder, 1)) {
        Ok(mut former) => {
            let size = former.metadata()?.len();
            let end = end_of(&mut former, size)?;
            // The torn line is in the other file; this one starts clean.
            Ok(End { torn: false, ..end })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(End { seq: 0, hash: GENESIS.to_owned(), torn: false })
        }
        Err(error) => Err(error),
    }
}

fn end_of(file: &mut File, size: u64) -> io::Result<End> {
    let mut length = 16 << 10;
    loop {
        let start = size.saturating_sub(length);
        file.seek(SeekFrom::Start(start))?;
        let mut tail = Vec::new();
        Read::by_ref(file).take(length).read_to_end(&mut tail)?;
        let torn = tail.last().is_some_and(|&byte| byte != b'\n');
        let lines = tail.strip_suffix(b"\n").unwrap_or(&tail);
        // A number can be had from a whole line only; where the last one is torn, from one before it.
        let whole = start == 0 || length >= TAIL;
        let last = lines.iter().rposition(|&byte| byte == b'\n').map(|at| at + 1);
        let seq = lines.split(|&byte| byte == b'\n').skip(usize::from(start > 0)).filter_map(seq_of).last();
        if whole || (last.is_some() && seq.is_some()) {
            let last = &lines[last.unwrap_or(0)..];
            return Ok(End { seq: seq.unwrap_or(0), hash: hash(last), torn });
        }
        length *= 8;
    }
}

/// The sequence number of a line that we wrote.
fn seq_of(line: &[u8]) -> Option<u64> {
    let digits = line.strip_prefix(b"{\"v\":1,\"seq\":")?;
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&digits[..length]).ok()?.parse().ok()
}

/// SHA-256 of a line without its end, in hexadecimal.
pub(super) fn hash(line: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(line).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Time since 1970.
#[allow(clippy::disallowed_methods, reason = "a record says when; nothing is judged by it")]
pub(super) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// RFC 3339, UTC, milliseconds: `2026-04-25T09:00:09.123Z`.
pub(super) fn timestamp(since: Duration) -> String {
    let seconds = since.as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days since 0000-03-01, so that the leap day ends a year; eras of 400 years have 146,097 days.
    let day = days + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let day = day - (153 * shifted + 2) / 5 + 1;
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let millis = since.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// The files that exist, opened while nobody writes, oldest first, with the lengths they had then.
pub(super) fn snapshot(folder: &Path) -> Result<Vec<(std::path::PathBuf, File, u64)>, AuditError> {
    let path = folder.join(CURRENT);
    // The lock is dropped with the file at the end; a log that does not exist has nobody to wait for.
    let current = match File::open(&path) {
        Ok(file) => {
            lock_shared(&file, &path)?;
            Some(file)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(AuditError::Io(path, error)),
    };
    let mut found = Vec::new();
    for path in files(folder) {
        match File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file))) {
            Ok((length, file)) => found.push((path, file, length)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(AuditError::Io(path, error)),
        }
    }
    drop(current);
    Ok(found)
}

#[allow(clippy::disallowed_methods, reason = "the wait is bounded by the clock, nothing is judged by it")]
fn lock_shared(file: &File, path: &Path) -> Result<(), AuditError> {
    let start = std::time::Instant::now();
    loop {
        match file.try_lock_shared() {
            Ok(()) => return Ok(()),
            Err(fs::TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(fs::TryLockError::WouldBlock) => return Err(AuditError::Busy(path.to_owned())),
            Err(fs::TryLockError::Error(error)) => return Err(AuditError::Io(path.to_owned(), error)),
        }
    }
}
