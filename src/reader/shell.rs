//! Shells: `-c` text, a script file, standard input.
//!
//! | argument | becomes |
//! |---|---|
//! | `-c TEXT NAME ARG…` | the text, with `$0`, `$1` and on |
//! | an option with role `shell` (fish's `-c TEXT`, `-C TEXT`) | its text; the operands are its arguments |
//! | `FILE ARG…` | the file's text when it can be read; else unknown content |
//! | `+x` in front | the same call without it |
//! | `-s ARG…`, or no operand | what stands on standard input |

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::action::Action;
use crate::context::{CONTENT_BOUND, Unreadable};
use crate::grammar::bind::Binding;
use crate::invocation::{Stdin, Word};
use crate::reader::{Call, Nest, Reading, Shell, plain};

/// The text that the shell would run.
#[must_use]
pub fn read(binding: &Binding, call: &Call) -> Reading {
    if plain::is_safe(binding) {
        return Reading::default();
    }
    let program = binding.grammar.program;
    let mut operands = binding.operands.clone();
    // fish takes its text as the option's value, several times.
    let texts: Vec<Word> = binding.with_role("shell").filter_map(|bound| bound.value.clone()).collect();
    if !texts.is_empty() {
        let args = [vec![Word::literal(program)], operands].concat();
        let nests = texts
            .into_iter()
            .flat_map(|text| nested(text, args.clone(), call.invocation.stdin.clone(), call).nested);
        return Reading { actions: Vec::new(), nested: nests.collect() };
    }
    // `+x` switches an option off; getopt knows no such words.
    if let Some(first) = operands.first().filter(|first| first.visible().as_bytes().starts_with(b"+")) {
        let mut inner = call.invocation.clone();
        inner.args.retain(|word| word != first);
        return Reading { actions: Vec::new(), nested: vec![Nest::Command(inner)] };
    }
    if binding.has_role("script-text") {
        if operands.is_empty() {
            return Reading::default();
        }
        let text = operands.remove(0);
        return nested(text, operands, call.invocation.stdin.clone(), call);
    }
    if binding.has_role("stdin") || operands.is_empty() {
        let args = [vec![Word::literal(program)], operands].concat();
        return match call.stdin() {
            Stdin::Bytes(bytes) => nested(Word::Literal(OsString::from_vec(bytes)), args, Stdin::Empty, call),
            Stdin::Empty => Reading::default(),
            // An interactive shell: what is typed there is met again at the shims.
            Stdin::Inherited => Reading::default(),
            Stdin::Unknown(source) => Reading::of(vec![Action::unread(
                format!("{program}.stdin"),
                format!("the script on standard input ({source})"),
            )]),
        };
    }
    let Some(file) = operands[0].known().map(std::ffi::OsStr::to_owned) else {
        return Reading::of(vec![Action::unread(format!("{program}.script"), operands[0].shown())]);
    };
    match call.read(&call.path(&file), CONTENT_BOUND) {
        Ok(text) => {
            nested(Word::Literal(OsString::from_vec(text)), operands, call.invocation.stdin.clone(), call)
        }
        // A script that is not there cannot run.
        Err(Unreadable::Missing) => Reading::default(),
        Err(why) => {
            let what = format!("the script {} {why}", file.display());
            Reading::of(vec![Action::unread(format!("{program}.script"), what)])
        }
    }
}

fn nested(text: Word, args: Vec<Word>, stdin: Stdin, call: &Call) -> Reading {
    let outer = call.invocation;
    let nest = Nest::Shell(Shell { text, args, cwd: outer.cwd.clone(), stdin, env: outer.env.clone() });
    Reading { actions: Vec::new(), nested: vec![nest] }
}
