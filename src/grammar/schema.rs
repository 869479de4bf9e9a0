//! The shape of a grammar once compiled: constant tables, no allocation to look anything up.
//!
//! In: nothing; `build.rs` writes values of these types from `grammars/tools/*.toml`. What each
//! field means to an author stands in `grammars/README.md`.

use crate::action::{Effect, GitLoss, Impact};

/// One program.
#[derive(Debug)]
pub struct Grammar {
    /// The name on PATH and in rule ids.
    pub program: &'static str,
    /// Other names of the same program.
    pub names: &'static [&'static str],
    pub parser: Parser,
    pub reader: Reader,
    /// A shim is made for it unless the user says otherwise.
    pub shim: bool,
    /// `proved`, `documented` or `verbs`.
    pub grade: &'static str,
    /// Where the facts come from.
    pub source: &'static str,
    /// The kind of server that its connection options lead to; empty when it has none.
    pub target: &'static str,
    /// The commands' paths once more, one a line: what is looked up first lies in one place.
    pub paths: &'static str,
    /// The program without a subcommand; its options are the global ones.
    pub root: Command,
    pub commands: &'static [Command],
}

/// The family of option parsers, which fixes how words become options.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parser {
    /// GNU `getopt_long`: permutes, abbreviates, clusters.
    Getopt,
    /// BSD or POSIX `getopt`: stops at the first operand, no abbreviation.
    Posix,
    /// git parse-options: as getopt, but global options end at the subcommand.
    Git,
    /// Python argparse: abbreviates; global options may stand anywhere.
    Argparse,
    /// Rust clap: exact names; a parent's options stand before the child unless global.
    Clap,
    /// curl: exact since 8.6, abbreviates before; a value is the next word whatever it looks like.
    Curl,
    /// Go pflag (cobra): exact; parents' options may stand anywhere after them.
    Cobra,
    /// Go flag: one dash or two for the same long name.
    Goflag,
}

/// Which file of `reader/` turns the binding into actions.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The grammar's own cases say everything.
    Plain,
    /// Operands are paths that are removed.
    Paths,
    /// git: aliases, refspecs, branch-or-path words.
    Git,
    /// A client whose options and stdin carry SQL.
    SqlClient,
    /// A client that sends HTTP requests.
    Http,
    /// A shell: `-c` text, script file, stdin.
    Shell,
    /// Runs the command that its operands name.
    Wrapper,
    /// Railway: GraphQL documents, patches, commands that get its variables or run in a container.
    Railway,
    /// The AWS CLI: thousands of operations, read by their verbs.
    Aws,
    /// find: start paths and an expression instead of options.
    Find,
    /// Runs scripts that a package file names: npm and its kin.
    Scripts,
    /// Runs recipes of a file in the tree: make, just.
    Recipes,
    /// Runs code of a scripting language: python3, node.
    Interpreter,
}

/// One option of a program or subcommand.
#[derive(Debug)]
pub struct Opt {
    /// Every spelling, dashes included.
    pub names: &'static [&'static str],
    pub arity: Arity,
    /// `--no-NAME` switches it off again.
    pub negatable: bool,
    /// Also accepted below the command that declares it.
    pub global: bool,
    /// What readers know it by; empty when none needs to.
    pub role: &'static str,
}

/// How many words belong to an option.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    Flag,
    /// One value, attached or the next word.
    Required,
    /// A value only when attached.
    Optional,
    /// Every following word up to the next option.
    Many,
}

/// One subcommand, or the program itself.
#[derive(Debug)]
pub struct Command {
    /// Words from the program down: `["stash", "drop"]`; empty for the program itself.
    pub path: &'static [&'static str],
    /// Other spellings of the last word.
    pub aliases: &'static [&'static str],
    pub options: &'static [Opt],
    /// The options' names once more, an option a line: what is looked up first lies in one place.
    pub spelled: &'static str,
    /// Sets of options that it has in common with other commands.
    pub shared: &'static [&'static [Opt]],
    /// When it holds nothing is done: help, version, dry runs.
    pub safe: Option<Cond>,
    /// The effect when no case holds; `None` asks the verb table.
    pub default: Option<Effect>,
    pub cases: &'static [Case],
    /// What the operands are when they carry code.
    pub nested: Nested,
    /// Where that code runs.
    pub world: World,
}

/// Where a nested command runs: whose files its paths name.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// This machine's.
    Here,
    /// A lasting container's of this machine.
    Elsewhere,
    /// Another machine's; what is local there is not local here.
    Remote,
    /// This machine's below the first operand, which is the root there.
    Rooted,
    /// A new container's: only what is mounted into it lasts.
    Throwaway,
}

/// Code that a command's operands carry.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nested {
    None,
    /// From operand N on: a program and its arguments.
    Words(usize),
    /// The same, with `NAME=value` words allowed in front.
    Assigned(usize),
    /// The same, with the words of standard input as further arguments.
    Fed(usize),
    /// As `Words`, and the options end at the first operand whatever the parser.
    Trailing(usize),
    /// Operand N is a script of the package file, its arguments follow.
    Script(usize),
    /// The subcommand's own name is a script of the package file; its arguments follow.
    Named,
    /// From operand N on, joined by spaces: shell text.
    Shell(usize),
    /// From operand N on, each one a shell text of its own.
    Texts(usize),
    /// From operand N on, up to `:::`: shell text, run with each word behind it or on stdin.
    Each(usize),
}

/// One thing that a command does when its condition holds.
#[derive(Debug)]
pub struct Case {
    /// Last part of the rule id.
    pub id: &'static str,
    pub when: Cond,
    pub effect: Effect,
    pub impact: Impact,
    pub verb: &'static str,
    pub object: Object,
    pub scope: &'static str,
    pub undo: &'static str,
    pub advice: &'static str,
    pub question: Option<Ask>,
}

/// Where the name of the object stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    Operands,
    Nth(usize),
    Last,
    Value(&'static str),
    Text(&'static str),
    /// Operands that begin with the text (`of=`), without it.
    Assigned(&'static str),
    /// Where a copy or move ends up: the last operand or the folder an option names.
    Destination,
}

/// Which question about the world a case asks.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Remove,
    /// Removal with everything below, whatever the options.
    RemoveTree,
    /// The object is written over.
    Overwrite,
    /// The operands but the last go to the last.
    Move,
    /// What the last operand holds is made equal to something else.
    Mirror,
    Git(GitLoss),
}

/// A condition over a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cond {
    Always,
    /// The option is on: its last occurrence is not negated.
    Has(&'static str),
    /// The option's last value matches the glob.
    Value(&'static str, &'static str),
    /// At least so many operands.
    AtLeast(usize),
    /// Some operand matches the glob.
    Any(&'static str),
    /// Operand N (from 0) matches the glob.
    Nth(usize, &'static str),
    /// `--` was given.
    Terminator,
    Not(&'static Cond),
    All(&'static [Cond]),
    Either(&'static [Cond]),
}

impl Opt {
    /// True when `name` is one of its spellings.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.names.contains(&name)
    }
}
