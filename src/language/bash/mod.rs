//! A shell line or script, lowered into the invocations that bash would start.
//!
//! In: bytes of bash (or sh) and what is known where it starts. Out: every external program in order
//! of execution with its words, stdin, folder and redirections; and, when some byte could not be
//! accounted for, why. It refuses to judge any of them, to run anything, and to unwrap `sudo`,
//! `xargs`, `sh -c` and their kin (those are invocations like any other).
//!
//! | source construct | lowered to |
//! |---|---|
//! | `a b`, `X=1 a b` | one command, with its environment |
//! | `X=1`, `export`, `local`, `read`, `unset` … | the variables of what follows |
//! | `a && b`, `a \|\| b`, `a; b`, `a & b`, `!`, `time`, `coproc` | each side, in order |
//! | `a \| b` | both; the stdin of `b` where the output of `a` is known |
//! | `( … )`, `{ … }`, `$( … )`, backticks, `<( … )` | their commands; the value where it is known |
//! | `if`, `case` | every branch; what differs afterwards is unknown |
//! | `for` | the body once per word, up to a bound; `while`, `until`: once more while it changes things |
//! | `f() { … }` | nothing until it is called; then the body with its arguments |
//! | `eval`, `source`, `.`, `trap` | the text as a script |
//! | `cd`, `pushd`, `popd` | the folder of what follows |
//! | `[ … ]`, `[[ … ]]`, `(( … ))` | the substitutions inside |
//! | `> file` | a redirection, on `:` when there is no command |

mod arithmetic;
mod brace;
mod builtin;

mod expand;
mod loops;
mod parameter;
mod pattern;
mod produce;
mod redirect;
mod scan;
mod simple;
mod state;
mod statement;
#[cfg(test)]
mod tests;
mod word;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::context::Context;
use crate::invocation::{Invocation, Stdin, Word};
use scan::Heredoc;
use state::State;

/// Scripts inside scripts (eval, source, functions, substitutions) go this deep.
const SCRIPT_DEPTH: usize = 24;
/// Statements inside statements go this deep.
const STATEMENT_DEPTH: usize = 96;
/// More commands than this are not listed.
const COMMAND_BOUND: usize = 4096;
/// Source that is longer is not read, in bytes.
const SOURCE_BOUND: usize = 1 << 20;
/// Statements that are looked at in all, and bytes that are parsed in all.
const STATEMENT_BUDGET: usize = 20_000;
const PARSE_BUDGET: usize = 8 << 20;
/// A value or an output that is longer counts as unknown, in bytes.
const VALUE_BOUND: usize = 1 << 20;
/// Files that are longer are not read, in bytes.
const FILE_BOUND: u64 = 4 << 20;

/// What a script would start.
#[derive(Debug, Default)]
pub struct Lowering {
    /// In order of execution; every branch counts as executed.
    pub commands: Vec<Command>,
    /// Why the reading is not whole. A partial reading cannot earn "safe".
    pub partial: Option<String>,
}

/// One program that a script starts. A builtin is listed only when it opens a file for writing or
/// runs a text that could not be read (`eval`, `source`).
#[derive(Clone, Debug)]
pub struct Command {
    pub invocation: Invocation,
    pub redirects: Vec<Redirect>,
    /// Its source, shortened.
    pub text: String,
    /// False when a `cd` before it goes to an unknown folder or may have failed.
    pub cwd_certain: bool,
    /// Paths that did not exist before the script and are created before this command runs.
    pub created_before: Rc<Vec<PathBuf>>,
}

/// A file that a command opens before it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    pub path: Word,
    pub kind: RedirectKind,
    /// The descriptor, 1 for both of `&>`.
    pub descriptor: u32,
}

/// How a redirection opens its file.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectKind {
    /// `>` and `&>`.
    Truncate,
    /// `>|`: truncates even under `noclobber`.
    Clobber,
    /// `>>` and `&>>`.
    Append,
    /// `<`.
    Read,
    /// `<>`: not truncated.
    ReadWrite,
}

impl RedirectKind {
    /// True when the file may change.
    #[must_use]
    pub const fn writes(self) -> bool {
        match self {
            Self::Truncate | Self::Clobber | Self::Append | Self::ReadWrite => true,
            Self::Read => false,
        }
    }
}

/// What is known where a script starts.
#[derive(Debug)]
pub struct Start<'a> {
    pub context: &'a Context,
    pub cwd: PathBuf,
    /// Variables over the context's environment.
    pub env: Vec<(OsString, Word)>,
    /// `$0` first; empty when nothing is known of the arguments.
    pub positional: Vec<Word>,
    pub stdin: Stdin,
    /// Given on to each invocation.
    pub depth: usize,
}

impl<'a> Start<'a> {
    /// A line that starts in `cwd` with nothing but the context's environment.
    #[must_use]
    pub const fn new(context: &'a Context, cwd: PathBuf) -> Self {
        Self { context, cwd, env: Vec::new(), positional: Vec::new(), stdin: Stdin::Inherited, depth: 0 }
    }
}

/// Lowers `source` as bash would run it from `start`.
#[must_use]
pub fn lower(source: &[u8], start: &Start<'_>) -> Lowering {
    let mut lowerer = Lowerer::new(start);
    if source.contains(&scan::MARK) {
        lowerer.partial("the script holds control characters");
    }
    lowerer.script(source);
    lowerer.run_traps();
    // Sequences, pipelines and loops stop where the budget ends: what they left is not known.
    if lowerer.exhausted() {
        lowerer.partial("the script is too large to follow");
    }
    Lowering { commands: lowerer.commands, partial: lowerer.partial }
}

/// How far a piece of script ends what follows it.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Runs,
    /// `continue`.
    Next,
    /// `break`.
    Loop,
    /// `return`.
    Function,
    /// `exit`, `exec`.
    Shell,
}

/// What a piece of script leaves behind.
struct Outcome {
    stdout: Stdin,
    ends: End,
}

impl Outcome {
    const QUIET: Self = Self { stdout: Stdin::Empty, ends: End::Runs };

    fn unknown(source: &[u8]) -> Self {
        Self { stdout: Stdin::Unknown(shorten(source)), ends: End::Runs }
    }

    fn printed(bytes: Vec<u8>) -> Self {
        Self { stdout: Stdin::Bytes(bytes), ends: End::Runs }
    }

    /// The output of `self`, then `next`.
    fn then(self, next: Self) -> Self {
        let stdout = match (self.stdout, next.stdout) {
            (Stdin::Empty, other) | (other, Stdin::Empty) => other,
            (Stdin::Bytes(mut first), Stdin::Bytes(second)) if first.len() + second.len() <= VALUE_BOUND => {
                first.extend_from_slice(&second);
                Stdin::Bytes(first)
            }
            (Stdin::Unknown(source), _) | (_, Stdin::Unknown(source)) => Stdin::Unknown(source),
            _ => Stdin::Unknown("several commands".to_owned()),
        };
        Self { stdout, ends: next.ends }
    }
}

/// The reading of one script with everything that it calls.
struct Lowerer<'a> {
    start: &'a Start<'a>,
    commands: Vec<Command>,
    partial: Option<String>,
    heredocs: Vec<Heredoc>,
    created: Rc<Vec<PathBuf>>,
    written: Rc<Vec<(PathBuf, Stdin)>>,
    state: State,
    parser: Option<tree_sitter::Parser>,
    script_depth: usize,
    statement_depth: usize,
    statements_left: usize,
    bytes_left: usize,
    descriptors: u32,
}

impl<'a> Lowerer<'a> {
    fn new(start: &'a Start<'a>) -> Self {
        Self {
            start,
            commands: Vec::new(),
            partial: None,
            heredocs: Vec::new(),
            created: Rc::default(),
            written: Rc::default(),
            state: State::new(start),
            parser: None,
            script_depth: 0,
            statement_depth: 0,
            statements_left: STATEMENT_BUDGET,
            bytes_left: PARSE_BUDGET,
            descriptors: 63,
        }
    }

    /// Notes that something was not read; the first reason stays.
    fn partial(&mut self, why: impl Into<String>) {
        self.partial.get_or_insert_with(|| why.into());
    }

    fn exhausted(&self) -> bool {
        self.statements_left == 0 || self.commands.len() >= COMMAND_BOUND
    }

    /// Lowers `source` in the present state.
    fn script(&mut self, source: &[u8]) -> Outcome {
        if self.script_depth >= SCRIPT_DEPTH {
            self.partial("scripts call scripts too deep");
            return Outcome::unknown(source);
        }
        if source.len() > SOURCE_BOUND || source.len() > self.bytes_left {
            self.partial("the script is too long");
            return Outcome::unknown(source);
        }
        self.bytes_left -= source.len();
        let prepared = match scan::prepare(source, &mut self.heredocs) {
            Ok(prepared) => prepared,
            // bash runs the lines before a syntax error: read what can be read.
            Err(why) => {
                self.partial(why);
                source[..source.len().min(1 << 16)].to_vec()
            }
        };
        let Some(tree) = self.parse(&plain(&prepared)) else {
            self.partial("the script could not be parsed");
            return Outcome::unknown(source);
        };
        self.script_depth += 1;
        let outcome = self.program(&prepared, tree.root_node());
        self.script_depth -= 1;
        outcome
    }

    /// Parses under a bound on work, not on time: the same text always gives the same answer.
    fn parse(&mut self, text: &[u8]) -> Option<tree_sitter::Tree> {
        let mut parser = match self.parser.take() {
            Some(parser) => parser,
            None => {
                let mut parser = tree_sitter::Parser::new();
                parser.set_language(&tree_sitter_bash::LANGUAGE.into()).ok()?;
                parser
            }
        };
        let mut calls = 0usize;
        let bound = 4096 + text.len();
        let mut progress = |_: &tree_sitter::ParseState| {
            calls += 1;
            if calls > bound { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
        };
        let mut read = |at: usize, _| text.get(at..).unwrap_or_default();
        let options = tree_sitter::ParseOptions::new().progress_callback(&mut progress);
        let tree = parser.parse_with_options(&mut read, None, Some(options));
        parser.reset();
        self.parser = Some(parser);
        tree
    }

    /// Runs `read` in a subshell: its variables and folder do not come back, its traps run.
    fn subshell(&mut self, read: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        let saved = self.state.clone();
        self.state.traps.clear();
        let outcome = read(self);
        self.run_traps();
        self.state = saved;
        Outcome { stdout: outcome.stdout, ends: End::Runs }
    }

    /// What the script wrote to `path`, if it did.
    fn written_to(&self, path: &Path) -> Option<Stdin> {
        self.written.iter().rev().find(|(written, _)| written == path).map(|(_, content)| content.clone())
    }
}

/// The same length of text in letters that the grammar is safe with: arbitrary bytes made its C code
/// crash, and it takes a carriage return for a blank, which bash does not. Only the shape is taken
/// from this copy, never a word.
fn plain(text: &[u8]) -> Vec<u8> {
    let letter = |byte: &u8| match byte {
        b'\t' | b'\n' | b' '..=b'~' | &scan::MARK => *byte,
        _ => b'_',
    };
    text.iter().map(letter).collect()
}

/// At most 160 characters of source, on one line.
fn shorten(source: &[u8]) -> String {
    let text = String::from_utf8_lossy(&source[..source.len().min(1024)]);
    let mut short: String = text.chars().take(160).collect();
    if short.len() < source.len() {
        short.push('…');
    }
    short
}
