//! The request of an operation as facts: a path of keys and a value.
//!
//! | source | becomes |
//! |---|---|
//! | `--some-key value` | `somekey` = value |
//! | `--some-key`, `--no-some-key` | `somekey` = true, false |
//! | a value that is JSON | each member by its path |
//! | shorthand `A=b,C={D=e}` | the same |
//! | `file://path`, `fileb://path` | the file's content, read the same way |
//! | `--cli-input-json`, `--cli-input-yaml` | the whole request; what argv says replaces it by key |
//! | a later occurrence | replaces the earlier one |
//! | a dynamic word, an unreadable file | unread: conditions about it are possible |
//!
//! Keys are compared without case and dashes: that is how the CLI derives its options from the API.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::argv::Line;
use super::table::{Atom, Row, Test};
use crate::invocation::Word;
use crate::reader::Call;

/// Input above this is not read.
const INPUT_BOUND: u64 = 8 << 20;

/// Options that every API operation has.
const GENERIC: &[&str] = &["dryrun", "cliinputjson", "cliinputyaml", "generatecliskeleton"];

/// How sure a condition is.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    No,
    Possible,
    Yes,
}

/// One member of the request.
#[derive(Clone, Debug)]
pub struct Fact {
    pub path: Vec<String>,
    /// `None` when only running the line would tell.
    pub value: Option<String>,
}

/// All that is known of a request.
#[derive(Debug, Default)]
pub struct Request {
    pub facts: Vec<Fact>,
    /// Keys whose content could not be read; empty text: any key.
    unread: Vec<String>,
}

impl Request {
    /// Reads the options of `line`, with the keys of `rows` to complete shortened names.
    #[must_use]
    pub fn read(line: &Line, rows: &[&'static Row], call: &Call) -> Self {
        let mut request = Self::default();
        if line.loose {
            request.unread.push(String::new());
        }
        let given: Vec<(String, bool, &[Word])> = line
            .own()
            .map(|given| {
                let (key, negated) = complete(&given.name, rows);
                (key, negated, given.values.as_slice())
            })
            .collect();
        // The file is the base whatever the order: argv overrides it.
        for (key, _, values) in &given {
            if matches!(key.as_str(), "cliinputjson" | "cliinputyaml") {
                request.input(values, call);
            }
        }
        for (key, negated, values) in given {
            request.forget(&key);
            let value = if negated { "false" } else { "true" };
            if values.is_empty() || negated {
                request.push(vec![key], Some(value.to_owned()));
                continue;
            }
            for word in values {
                request.value(&key, word, call);
            }
        }
        request
    }

    /// True when the key is given and not false, for certain.
    #[must_use]
    pub fn on(&self, key: &str) -> bool {
        self.facts.iter().any(|fact| {
            fact.path.len() == 1
                && fact.path[0] == key
                && fact.value.as_deref().is_some_and(|value| !value.eq_ignore_ascii_case("false"))
        })
    }

    /// The known values of a top-level key, or below it under `last`.
    pub fn values<'r>(&'r self, top: &'r str, last: &'r str) -> impl Iterator<Item = &'r str> {
        self.facts
            .iter()
            .filter(move |fact| {
                fact.path.first().is_some_and(|key| key == top)
                    && fact.path.last().is_some_and(|key| key == last)
            })
            .filter_map(|fact| fact.value.as_deref())
    }

    /// True when the key's content could not be read.
    #[must_use]
    pub fn is_unread(&self, key: &str) -> bool {
        self.unread.iter().any(|unread| unread == key || (unread.is_empty() && !self.mentions(key)))
    }

    /// Whether a row's condition holds.
    pub fn holds(&self, row: &Row) -> Answer {
        if row.when.is_empty() {
            return Answer::Yes;
        }
        let all = |atoms: &&[Atom]| atoms.iter().map(|atom| self.atom(atom)).min().unwrap_or(Answer::Yes);
        row.when.iter().map(all).max().unwrap_or(Answer::No)
    }

    fn atom(&self, atom: &Atom) -> Answer {
        let here = self.facts.iter().filter(|fact| leads_to(&fact.path, atom.path));
        let mut answer = if self.is_unread(atom.path[0]) { Answer::Possible } else { Answer::No };
        for fact in here {
            answer = answer.max(match &fact.value {
                None => Answer::Possible,
                Some(value) if passes(value, atom.test) => Answer::Yes,
                Some(_) => Answer::No,
            });
        }
        match (atom.negated, answer) {
            (false, answer) => answer,
            (true, Answer::No) => Answer::Yes,
            (true, Answer::Possible) => Answer::Possible,
            (true, Answer::Yes) => Answer::No,
        }
    }

    fn mentions(&self, key: &str) -> bool {
        self.facts.iter().any(|fact| fact.path[0] == key)
    }

    fn forget(&mut self, key: &str) {
        self.facts.retain(|fact| fact.path[0] != key);
        self.unread.retain(|unread| unread != key);
    }

    fn push(&mut self, path: Vec<String>, value: Option<String>) {
        self.facts.push(Fact { path, value });
    }

    fn input(&mut self, values: &[Word], call: &Call) {
        match values.first().map(|word| content(word, call)) {
            Some(Ok(text)) => {
                if !self.json(&mut Vec::new(), &text) {
                    self.yaml(&text);
                }
            }
            Some(Err(())) | None => self.unread.push(String::new()),
        }
    }

    fn value(&mut self, key: &str, word: &Word, call: &Call) {
        let Ok(text) = content(word, call) else {
            self.unread.push(key.to_owned());
            self.push(vec![key.to_owned()], None);
            return;
        };
        let mut path = vec![key.to_owned()];
        if self.json(&mut path, &text) {
            return;
        }
        if text.contains('=') {
            self.shorthand(key, &text);
        }
        self.push(path, Some(text));
    }

    /// Adds the members of a JSON text; false when it is none.
    fn json(&mut self, path: &mut Vec<String>, text: &str) -> bool {
        if !text.trim_start().starts_with(['{', '[']) {
            return false;
        }
        match serde_json::from_str(text) {
            Ok(value) => {
                self.member(path, &value);
                true
            }
            Err(_) => false,
        }
    }

    fn member(&mut self, path: &mut Vec<String>, value: &serde_json::Value) {
        use serde_json::Value;
        match value {
            Value::Object(members) => {
                if !path.is_empty() {
                    self.push(path.clone(), Some(String::new()));
                }
                for (key, value) in members {
                    path.push(plain(key));
                    self.member(path, value);
                    path.pop();
                }
            }
            Value::Array(elements) => {
                for element in elements {
                    self.member(path, element);
                }
            }
            // A policy inside a request is JSON in a string.
            Value::String(text) if !path.is_empty() => {
                if path.len() > 8 || !self.json(path, text) {
                    self.push(path.clone(), Some(text.clone()));
                }
            }
            Value::Null | Value::String(_) => {}
            Value::Bool(_) | Value::Number(_) => {
                if !path.is_empty() {
                    self.push(path.clone(), Some(value.to_string()));
                }
            }
        }
    }

    /// `A=b,C={D=e,F=[g,h]}`: the CLI's own short spelling of structures.
    fn shorthand(&mut self, top: &str, text: &str) {
        let mut path = vec![top.to_owned()];
        let mut key: Option<String> = None;
        let mut token = String::new();
        for letter in text.chars().chain([',']) {
            match letter {
                '=' if key.is_none() => key = Some(std::mem::take(&mut token)),
                '{' | '[' if token.is_empty() => {
                    path.push(plain(&key.take().unwrap_or_default()));
                    self.push(path.clone(), Some(String::new()));
                }
                ',' | '}' | ']' => {
                    let word = std::mem::take(&mut token);
                    let mut full = path.clone();
                    if let Some(key) = key.take() {
                        full.push(plain(&key));
                    }
                    if !word.is_empty() {
                        self.push(full, Some(word));
                    }
                    if letter != ',' && path.len() > 1 {
                        path.pop();
                    }
                }
                '"' | '\'' => {}
                letter => token.push(letter),
            }
        }
    }

    /// `Key: value` lines by their indentation; enough for requests, not all of YAML.
    fn yaml(&mut self, text: &str) {
        let mut path: Vec<(usize, String)> = Vec::new();
        for line in text.lines() {
            let item = line.trim_start().trim_start_matches("- ").trim_start();
            let indent = line.len() - item.len();
            if item.is_empty() || item.starts_with('#') {
                continue;
            }
            while path.last().is_some_and(|(depth, _)| *depth >= indent) {
                path.pop();
            }
            let (key, value) = item.split_once(':').map_or((None, item), |(key, value)| (Some(key), value));
            let mut full: Vec<String> = path.iter().map(|(_, key)| key.clone()).collect();
            if let Some(key) = key {
                let key = plain(key.trim().trim_matches(['"', '\'']));
                full.push(key.clone());
                path.push((indent, key));
            }
            if !full.is_empty() {
                let value = value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
                self.push(full, Some(value.to_owned()));
            }
        }
    }
}

/// A key without case and dashes.
#[must_use]
pub fn plain(key: &str) -> String {
    key.chars()
        .filter(|letter| !matches!(letter, '-' | '_'))
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

/// The whole key of an option, and whether it was negated. A unique prefix of a key that some row
/// or every operation has stands for it, as argparse reads it.
fn complete(name: &str, rows: &[&'static Row]) -> (String, bool) {
    let mut known: Vec<&str> = GENERIC.to_vec();
    for atom in rows.iter().flat_map(|row| row.when.iter().copied().flatten()) {
        if !known.contains(&atom.path[0]) {
            known.push(atom.path[0]);
        }
    }
    let whole = |key: &str| {
        if known.contains(&key) {
            return Some(key.to_owned());
        }
        let mut near = known.iter().filter(|known| known.starts_with(key));
        match (near.next(), near.next()) {
            (Some(only), None) if key.len() >= 2 => Some((*only).to_owned()),
            _ => None,
        }
    };
    let key = plain(name);
    if let Some(key) = whole(&key) {
        return (key, false);
    }
    match name.strip_prefix("no-") {
        Some(rest) => {
            let rest = plain(rest);
            (whole(&rest).unwrap_or(rest), true)
        }
        None => (key, false),
    }
}

/// A value's text: the word, or the file that it names.
fn content(word: &Word, call: &Call) -> Result<String, ()> {
    let known = word.known().ok_or(())?;
    let bytes = known.as_bytes();
    let path = bytes.strip_prefix(b"file://").or_else(|| bytes.strip_prefix(b"fileb://"));
    let Some(path) = path else {
        // Version 1 fetches what an http(s) value names; what is there cannot be known.
        let fetched = bytes.starts_with(b"http://") || bytes.starts_with(b"https://");
        return if fetched { Err(()) } else { Ok(known.to_string_lossy().into_owned()) };
    };
    if path == b"/dev/stdin" || path == b"-" {
        return match call.stdin() {
            crate::invocation::Stdin::Bytes(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            _ => Err(()),
        };
    }
    let path = home(OsStr::from_bytes(path), call);
    match call.context.read(&path, INPUT_BOUND) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(_) => Err(()),
    }
}

/// `~/x` as Python's expanduser reads it, against the folder of the call.
fn home(path: &OsStr, call: &Call) -> std::path::PathBuf {
    match (path.as_bytes().strip_prefix(b"~/"), call.context.home()) {
        (Some(rest), Some(home)) => home.join(OsStr::from_bytes(rest)),
        _ => call.path(path),
    }
}

/// True when the keys of `wanted` stand in `path` in this order, the last at its end and the first
/// at its start.
fn leads_to(path: &[String], wanted: &[&str]) -> bool {
    if path.last().map(String::as_str) != wanted.last().copied()
        || path.first().map(String::as_str) != wanted.first().copied()
    {
        return false;
    }
    let mut left = path.iter();
    wanted.iter().all(|key| left.any(|known| known == key))
}

fn passes(value: &str, test: Test) -> bool {
    let lower = value.to_ascii_lowercase();
    match test {
        Test::On => lower != "false",
        Test::Exact(text) => lower == text,
        Test::Glob(pattern) => crate::grammar::glob::matches(pattern, &lower),
    }
}
