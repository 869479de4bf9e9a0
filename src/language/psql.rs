//! psql's input: what a script, standard input or a `-c` string makes psql and the server do.
//!
//! | source | action |
//! |---|---|
//! | a statement, to `;`, `\g…`, the end of input | as [`crate::language::sql`] says |
//! | `BEGIN` … `ROLLBACK`, an open transaction at the end | what it takes back is a change |
//! | `:v`, `:'v'`, `:"v"`, `:{?v}` with a known value | its value, as text that is read on |
//! | `COPY … FROM STDIN` and its data up to `\.` | the statement; the data is skipped |
//! | `\! c`, `` `c` ``, `\o \|c`, `\g \|c`, `\w \|c`, `\copy … program 'c'` | as [`Host::shell`] says |
//! | `\i`, `\ir` | the file's content, from [`Host::include`] |
//! | `\c` | [`Host::connect`] |
//! | `\gexec` | what the query builds, or unknown |
//! | `\if` … `\endif` | both branches, unless the condition is a constant |
//!
//! In: bytes, any. Out: actions. It refuses to know psql's command line and which server it is.

mod ledger;
mod meta;

use std::collections::HashMap;

use crate::action::Action;
use crate::language::sql::lex::{Dialect, Kind, Scanner, Stop, Token, Tokens, split};
use crate::language::sql::{DYNAMIC, Outcome, Reader};
use ledger::{Control, Ledger};

/// What the reader of a script must ask of its surroundings.
pub trait Host {
    /// The content of an included file; `relative_to_script` for `\ir`. `Err` says why it cannot be had.
    fn include(&mut self, path: &[u8], relative_to_script: bool) -> Result<Vec<u8>, String>;
    /// What a shell command does; `what` names the construct that runs it.
    fn shell(&mut self, command: &[u8], what: &str) -> Vec<Action>;
    /// Everything that follows goes to another server; `before` is what was done on the one so far and
    /// has not been handed out yet.
    fn connect(&mut self, arguments: &str, before: &mut [Action]);
    /// The value of a variable that was set before the script starts.
    fn variable(&self, name: &str) -> Option<String>;
}

/// How deep files include files and variables hold variables.
const DEEPEST: usize = 16;

/// Variables put no more text than this into a script, in bytes; what they hold then counts as unknown.
/// Values that hold variables would double with every step.
const EXPANSION: usize = 64 << 20;
/// What reading one variable inside of another's value counts as at least.
const NESTED_EXPANSION: usize = 1 << 10;

/// A variable's value: known, or set to what only the run knows.
type Value = Option<Vec<u8>>;

/// One psql session: variables, transaction, temporary objects.
pub struct Script {
    reader: Reader,
    ledger: Ledger,
    dialect: Dialect,
    prefix: String,
    /// `None`: unset again.
    variables: HashMap<String, Option<Value>>,
    /// `\gset` may have set any name.
    any_variable: bool,
    previous: Vec<u8>,
    includes: usize,
    /// How much of [`EXPANSION`] was used.
    expanded: usize,
    directory: Vec<u8>,
}

/// Reading one file: what is collected and where in `\if` it stands.
struct Run {
    scanner: Scanner,
    buffer: Vec<u8>,
    /// The buffer holds several statements, joined by `\;`.
    joined: bool,
    branches: Vec<meta::Branch>,
    quit: bool,
    /// Inline COPY data: the end of the line that starts it, and where it ends.
    data: Option<(usize, usize)>,
    /// The line that the last meta-command stood on: which piece, from where, its end.
    line: Option<(usize, usize, usize)>,
    expanding: Vec<String>,
}

/// Plain SQL sent as one query on a connection of its own.
pub(super) fn read_query(bytes: &[u8], prefix: &str) -> Vec<Action> {
    let mut script = Script::new(prefix);
    script.query(bytes, true, false);
    script.finish()
}

impl Script {
    /// A new session; `prefix` starts the rule ids (`psql`).
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self {
            reader: Reader::new(prefix),
            ledger: Ledger::default(),
            dialect: Dialect::PSQL,
            prefix: prefix.to_owned(),
            variables: HashMap::new(),
            any_variable: false,
            previous: Vec::new(),
            includes: 0,
            expanded: 0,
            directory: Vec::new(),
        }
    }

    /// `-v name=value`; `None`: set to what is not known here.
    pub fn set_variable(&mut self, name: &str, value: Option<&[u8]>) {
        // An empty value switches psql's own switches on.
        let switch = value.map(|value| if value.is_empty() { b"on" } else { value });
        match (name, switch) {
            ("AUTOCOMMIT", Some(value)) => self.ledger.autocommit = meta::truth(value) != Some(false),
            ("ON_ERROR_STOP", Some(value)) => self.ledger.stops_on_error = meta::truth(value) == Some(true),
            ("SINGLELINE", Some(value)) => self.dialect.single_line = meta::truth(value) == Some(true),
            ("AUTOCOMMIT", None) => self.ledger.autocommit = true,
            ("ON_ERROR_STOP", None) => self.ledger.stops_on_error = false,
            _ => {}
        }
        self.variables.insert(name.to_owned(), Some(value.map(<[u8]>::to_vec)));
    }

    /// `-S`: a newline ends a statement.
    pub fn single_line(&mut self) {
        self.dialect.single_line = true;
    }

    /// `-1`: one transaction around everything that follows.
    pub fn single_transaction(&mut self) {
        self.ledger.wrap();
    }

    /// One `-c` string: a meta-command if it starts with a backslash, else SQL sent as one query, without
    /// variables. What an open transaction holds back comes with [`Script::finish`].
    pub fn read_command(&mut self, text: &[u8], host: &mut dyn Host) -> Vec<Action> {
        if text.first() == Some(&b'\\') {
            let mut run = self.run();
            self.meta(&mut run, text, 1, host);
        } else {
            self.query(text, true, false);
        }
        std::mem::take(self.ledger.kept())
    }

    /// Standard input or a `-f` file.
    pub fn read_script(&mut self, bytes: &[u8], host: &mut dyn Host) -> Vec<Action> {
        self.file(bytes, host);
        std::mem::take(self.ledger.kept())
    }

    /// The end of all input: an open transaction is rolled back, or committed under `-1`.
    pub fn finish(&mut self) -> Vec<Action> {
        self.ledger.finish();
        std::mem::take(self.ledger.kept())
    }

    fn run(&self) -> Run {
        Run {
            scanner: Scanner::new(Dialect { backslash_quotes: self.reader.backslash_quotes, ..self.dialect }),
            buffer: Vec::new(),
            joined: false,
            branches: Vec::new(),
            quit: false,
            data: None,
            line: None,
            expanding: Vec::new(),
        }
    }

    fn file(&mut self, bytes: &[u8], host: &mut dyn Host) {
        let mut run = self.run();
        // psql skips a byte order mark on the first line.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if bytes.starts_with(b"PGDMP") {
            return self.unread("unread", "a custom-format dump, which psql does not read");
        }
        self.feed(&mut run, bytes, host);
        if !run.quit && meta::state(&run.branches) != meta::Live::Dead {
            let buffer = std::mem::take(&mut run.buffer);
            self.query(&buffer, run.joined, meta::state(&run.branches) == meta::Live::Maybe);
        }
    }

    fn unread(&mut self, rule: &str, why: &str) {
        self.ledger.keep(Action::unread(format!("{}.{rule}", self.prefix), why));
    }

    /// Reads a piece of a script: a whole file, or a variable's value inside one.
    fn feed(&mut self, run: &mut Run, bytes: &[u8], host: &mut dyn Host) {
        let (mut start, mut position) = (0, 0);
        while !run.quit {
            let limit = run.data.map_or(bytes.len(), |(line, _)| line).min(bytes.len());
            let (at, stop) = run.scanner.scan(bytes.get(..limit).unwrap_or(bytes), position);
            let before = bytes.get(start..at).unwrap_or(&[]);
            match stop {
                Stop::Semicolon | Stop::Newline => {
                    let copies = self.end_statement(run, before);
                    if copies {
                        self.skip_data(run, bytes, at);
                    }
                    start = at + 1;
                }
                Stop::Backslash => {
                    run.buffer.extend_from_slice(before);
                    start = match bytes.get(at + 1) {
                        Some(byte @ (b';' | b':')) => {
                            run.buffer.push(*byte);
                            run.joined = true;
                            at + 2
                        }
                        _ => self.meta(run, bytes.get(..limit).unwrap_or(bytes), at + 1, host),
                    };
                    if run.data.is_some_and(|data| data.0 == usize::MAX) {
                        run.data = None;
                        self.skip_data(run, bytes, start);
                    }
                }
                Stop::Colon => {
                    if let Some(end) =
                        self.variable(run, bytes.get(..limit).unwrap_or(bytes), (start, at), host)
                    {
                        start = end;
                    } else {
                        position = at + 1;
                        continue;
                    }
                }
                Stop::End => {
                    run.buffer.extend_from_slice(before);
                    match run.data.take() {
                        Some((_, end)) => start = end,
                        None => return,
                    }
                }
            }
            position = start;
        }
    }

    /// Ends the statement in the buffer and `rest`; whether inline data follows.
    fn end_statement(&mut self, run: &mut Run, rest: &[u8]) -> bool {
        let state = meta::state(&run.branches);
        let joined = std::mem::take(&mut run.joined);
        run.scanner.reset();
        if state == meta::Live::Dead {
            run.buffer.clear();
            return false;
        }
        let copies = if run.buffer.is_empty() {
            self.query(rest, joined, state == meta::Live::Maybe)
        } else {
            run.buffer.extend_from_slice(rest);
            let buffer = std::mem::take(&mut run.buffer);
            self.query(&buffer, joined, state == meta::Live::Maybe)
        };
        run.scanner.dialect.backslash_quotes = self.reader.backslash_quotes;
        copies
    }

    /// Finds the end of inline COPY data that starts on the line after `at`. Only a whole file holds data.
    fn skip_data(&mut self, run: &mut Run, bytes: &[u8], at: usize) {
        if !run.expanding.is_empty() {
            return;
        }
        let (line, from) = run.data.unwrap_or_else(|| {
            let line = memchr::memchr(b'\n', bytes.get(at..).unwrap_or(&[]))
                .map_or(bytes.len(), |found| at + found + 1);
            (line, line)
        });
        run.data = Some((line, end_of_data(bytes, from)));
    }

    /// `:name` and its kin at `at`. `None`: no variable, the text stays.
    fn variable(
        &mut self,
        run: &mut Run,
        bytes: &[u8],
        (start, at): (usize, usize),
        host: &mut dyn Host,
    ) -> Option<usize> {
        if meta::state(&run.branches) == meta::Live::Dead {
            return None;
        }
        let (form, name, end) = meta::variable_at(bytes, at)?;
        let value = self.value(name, host);
        let text = match form {
            meta::Form::IsSet => match &value {
                None if self.any_variable => DYNAMIC.as_bytes().to_vec(),
                value => {
                    if value.is_some() {
                        b"TRUE".to_vec()
                    } else {
                        b"FALSE".to_vec()
                    }
                }
            },
            _ => {
                let least = if run.expanding.is_empty() { 0 } else { NESTED_EXPANSION };
                form.quote(self.spend(value?, least))
            }
        };
        run.buffer.extend_from_slice(bytes.get(start..at).unwrap_or(&[]));
        if form == meta::Form::Raw
            && run.expanding.len() < DEEPEST
            && !run.expanding.iter().any(|other| other == name)
        {
            // The value's text is read on: it may end the statement and start another.
            run.expanding.push(name.to_owned());
            self.feed(run, &text, host);
            run.expanding.pop();
        } else {
            run.buffer.extend_from_slice(&text);
        }
        Some(end)
    }

    /// The value as it may still be used: unknown, which is said, when variables have put in too much.
    fn spend(&mut self, value: Value, least: usize) -> Value {
        let before = self.expanded;
        self.expanded = before.saturating_add(value.as_ref().map_or(0, Vec::len).max(least));
        if self.expanded <= EXPANSION {
            return value;
        }
        if before <= EXPANSION {
            self.unread("unread", "variables that hold too much text");
        }
        None
    }

    /// `None`: not set. `Some(None)`: set, value not known.
    fn value(&self, name: &str, host: &dyn Host) -> Option<Value> {
        match self.variables.get(name) {
            Some(value) => value.clone(),
            None => match host.variable(name) {
                Some(value) => Some(Some(value.into_bytes())),
                None if self.any_variable && name.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                    Some(None)
                }
                None => None,
            },
        }
    }

    /// One query text sent to the server; whether a COPY in it reads inline data.
    fn query(&mut self, bytes: &[u8], several: bool, uncertain: bool) -> bool {
        let statements = if several { split(bytes, self.reader.backslash_quotes) } else { vec![bytes] };
        let mut copies = false;
        let mut any = false;
        for statement in statements {
            let mut tokens = Tokens::new(statement, self.reader.backslash_quotes)
                .filter(|token| token.kind != Kind::Comment);
            let head: Vec<Token<'_>> = tokens.by_ref().take(12).collect();
            let Some(first) = head.first() else { continue };
            any = true;
            if let Some(control) = Control::of(&head) {
                self.ledger.control(&control, uncertain);
            }
            copies |= first.is("copy") && reads_inline(statement);
            let outcome = self.reader.statement(statement);
            self.session(&head);
            self.ledger.add(outcome, uncertain);
        }
        if any {
            if bytes.len() <= 1 << 16 {
                self.previous.clear();
                self.previous.extend_from_slice(bytes);
            }
            self.ledger.end_query();
        }
        copies
    }

    /// Statements that change how later ones are read.
    fn session(&mut self, head: &[Token<'_>]) {
        let Some(first) = head.first() else { return };
        let has = |word: &str| {
            head.iter().any(|token| token.is(word) || token.bytes.eq_ignore_ascii_case(word.as_bytes()))
        };
        if first.is("discard") && (has("all") || has("temp") || has("temporary"))
            || first.is("set") && has("search_path")
        {
            self.ledger.forget_own();
        }
        if first.is("set") && has("standard_conforming_strings") {
            self.reader.backslash_quotes = has("off") || has("false") || has("'off'") || has("0");
        }
    }

    /// What the query that is built by `\gexec` or text does.
    fn add(&mut self, judged: Vec<crate::language::sql::Judged>, uncertain: bool) {
        self.ledger.add(Outcome { judged, created: None }, uncertain);
        self.ledger.end_query();
    }
}

/// Whether a COPY statement is `FROM STDIN`.
fn reads_inline(statement: &[u8]) -> bool {
    let mut from = false;
    for token in Tokens::new(statement, false).filter(|token| token.depth == 0 && token.kind != Kind::Comment)
    {
        if from && token.is("stdin") {
            return true;
        }
        from = token.is("from");
    }
    false
}

/// Behind the line `\.` that ends COPY data starting at `from`, or the end of the bytes.
fn end_of_data(bytes: &[u8], from: usize) -> usize {
    let finder = memchr::memmem::Finder::new(b"\n\\.");
    // The line before the data ends in a newline, so that an empty block is found too.
    let mut at = from.saturating_sub(1);
    while let Some(found) = finder.find(bytes.get(at..).unwrap_or(&[])) {
        let end = at + found + 3;
        match (bytes.get(end), bytes.get(end + 1)) {
            (None, _) => return end,
            (Some(b'\n'), _) => return end + 1,
            (Some(b'\r'), Some(b'\n')) => return end + 2,
            _ => at = end,
        }
    }
    bytes.len()
}

#[cfg(test)]
#[path = "psql/tests.rs"]
mod tests;
