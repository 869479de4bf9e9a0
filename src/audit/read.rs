//! Reading the log, oldest record first, across its files.
//!
//! In: the folder. Out: [`Stored`] lines, each with what its place in the chain says. It refuses to stop
//! at a damaged line: it is reported, and the next one is read.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::write::{hash, snapshot};
use super::{AuditError, folder};
use crate::context::Context;

/// Lines over this are not ours.
const LINE: u64 = 4 << 20;

/// How a line joins the one before it.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The first line that is kept: what it names is gone.
    First,
    /// It names the line before it.
    Intact,
    /// It does not: a line was changed, added or taken out there.
    Broken,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// A record: as parsed, and its text without the end.
    Record { value: serde_json::Value, line: String, link: Link },
    /// A line that is no record: whose end is missing, or which is no JSON. Where, and what there is of it.
    Torn { path: PathBuf, number: usize, line: String },
}

/// The lines of the log.
#[derive(Debug)]
pub struct Records {
    files: VecDeque<(PathBuf, io::Take<File>)>,
    open: Option<(PathBuf, BufReader<io::Take<File>>)>,
    number: usize,
    /// The hash of the line before.
    before: Option<String>,
}

/// All records that were there when this was called, oldest first.
///
/// # Errors
/// When the log is there and cannot be opened.
pub fn records(context: &Context) -> Result<Records, AuditError> {
    records_in(&folder(context)?)
}

pub(super) fn records_in(folder: &Path) -> Result<Records, AuditError> {
    let files = snapshot(folder)?.into_iter().map(|(path, file, length)| (path, file.take(length)));
    Ok(Records { files: files.collect(), open: None, number: 0, before: None })
}

/// The last `count` of them, oldest first.
///
/// # Errors
/// As [`records`], and when reading fails.
pub fn last(context: &Context, count: usize) -> Result<Vec<Stored>, AuditError> {
    let mut kept = VecDeque::new();
    for stored in records(context)? {
        kept.push_back(stored?);
        if kept.len() > count {
            kept.pop_front();
        }
    }
    Ok(kept.into())
}

impl Iterator for Records {
    type Item = Result<Stored, AuditError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.open.is_none() {
                let (path, file) = self.files.pop_front()?;
                self.number = 0;
                self.open = Some((path, BufReader::new(file)));
            }
            let (path, reader) = self.open.as_mut()?;
            let mut line = Vec::new();
            match reader.by_ref().take(LINE).read_until(b'\n', &mut line) {
                Ok(0) => self.open = None,
                Ok(_) => {
                    self.number += 1;
                    let path = path.clone();
                    return Some(Ok(self.take_in(&path, &line)));
                }
                Err(error) => {
                    let path = path.clone();
                    self.open = None;
                    return Some(Err(AuditError::Io(path, error)));
                }
            }
        }
    }
}

impl Records {
    fn take_in(&mut self, path: &Path, bytes: &[u8]) -> Stored {
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let before = self.before.replace(hash(line));
        let text = String::from_utf8_lossy(line).into_owned();
        let ended = line.len() < bytes.len();
        match serde_json::from_slice::<serde_json::Value>(line) {
            Ok(value) if ended && value.is_object() => {
                let named = value.get("prev").and_then(serde_json::Value::as_str);
                let link = match before {
                    None => Link::First,
                    Some(before) if named == Some(&before) => Link::Intact,
                    Some(_) => Link::Broken,
                };
                Stored::Record { value, line: text, link }
            }
            _ => Stored::Torn { path: path.to_owned(), number: self.number, line: text },
        }
    }
}
