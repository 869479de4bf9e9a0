//! Inline code and small scripts of Python, JavaScript, Ruby, Perl and PHP: what their calls do.
//!
//! | source | becomes |
//! |---|---|
//! | `shutil.rmtree(P)` `os.remove(P)` `Path(P).unlink()` `fs.rmSync(P)` `FileUtils.rm_rf(P)` `unlink(P)` | a removal |
//! | `os.system(S)` `execSync(S)` `` `S` `` `%x(S)` `qx(S)` `shell_exec(S)` | shell text |
//! | `subprocess.run([…])` `spawn(P, […])` `system P, A` | a command |
//! | `exec(S)` `eval(S)` `new Function(S)` `vm.runInThisContext(S)` | code again; unknown when it is built |
//! | `.execute(S)` `.query(S)` `.raw(S)` whose text begins as SQL | SQL |
//! | `requests.delete(U)` `fetch(U, {method})` | a request |
//! | `open(P, 'w')` `writeFileSync(P)` | an overwritten file |
//! | `a + b`, f-strings, `''.join([…])`, `b64decode('…')`, `[::-1]`, variables, imports and their aliases | computed |
//! | comments, other strings, every other call | nothing |
//!
//! It reads tokens, not a syntax tree: what a call is given counts, whether it is reached does not.
//! It refuses to know control flow, functions' parameters and objects, and which files exist.

mod bind;
mod builtin;
mod deed;
mod lex;
mod machine;
mod page;
mod quote;
mod table;
mod value;

use crate::invocation::Word;

pub use deed::{Deed, Process};

/// Which language a text is in.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Python,
    JavaScript,
    Ruby,
    Perl,
    Php,
}

/// What surrounds a text.
pub struct Start<'a> {
    pub dialect: Dialect,
    /// The program's arguments as the language counts them.
    pub argv: Vec<Word>,
    /// Environment variables.
    pub env: &'a dyn Fn(&str) -> Option<Word>,
    /// PHP whose code stands between tags.
    pub embedded: bool,
}

/// What the calls of a text do, in its order. `false` when there was more than is followed.
#[must_use]
pub fn read(text: &str, start: &Start) -> (Vec<Deed>, bool) {
    machine::run(text, start)
}

#[cfg(test)]
mod tests;
