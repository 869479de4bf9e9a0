//! Loops: `while`, `until`, `for`, `select`.
//!
//! In: loop nodes. Out: what their bodies leave behind, read once per word or line where those are
//! known and few, else once with the variable unknown; once more where a `while` changes things.

use tree_sitter::Node;

use super::expand::silent;
use super::state::Value;
use super::statement::{children, source};
use super::{Command, End, Lowerer, Outcome};
use crate::invocation::{Stdin, Word};

/// A loop's body is read once for each of at most this many words or lines.
const LOOP_BOUND: usize = 32;

impl Lowerer<'_> {
    /// `while` and `until`.
    pub(super) fn repeat(&mut self, text: &[u8], node: Node<'_>) -> Outcome {
        let nodes = children(self, text, node);
        let (body, condition): (Vec<Node<'_>>, Vec<Node<'_>>) =
            nodes.iter().skip(1).copied().partition(|node| node.kind() == "do_group");
        let before = self.state.clone();
        let lines = self.lines_read(text, &condition);
        let mut all = Outcome::QUIET;
        let mut pass = |lowerer: &mut Self| {
            let outcome = lowerer.sequence(text, &condition);
            let outcome = silent(&outcome).then(lowerer.sequence(text, &body));
            let ends = outcome.ends;
            let so_far = std::mem::replace(&mut all, Outcome::QUIET);
            all = so_far.then(outcome);
            ends
        };
        let ends = match lines {
            Some(lines) => {
                let stdin = self.state.stdin.clone();
                let mut ends = End::Runs;
                for line in lines {
                    self.state.stdin = Stdin::Bytes(line);
                    ends = pass(self);
                    if ends >= End::Loop {
                        break;
                    }
                }
                self.state.stdin = stdin;
                ends
            }
            None => {
                let first = self.commands.len();
                let ends = pass(self);
                // What the body changes counts in the next round.
                let changed = self.state.variables != before.variables || self.state.folder != before.folder;
                if ends < End::Loop && changed {
                    let second = self.commands.len();
                    let _ = pass(self);
                    self.forget_repeated(first, second);
                }
                ends
            }
        };
        self.state.merge(before);
        let stdout = if matches!(all.stdout, Stdin::Empty) {
            Stdin::Empty
        } else {
            Outcome::unknown(source(text, node)).stdout
        };
        let stdout = if ends > End::Loop { all.stdout } else { stdout };
        Outcome { stdout, ends: End::Runs }
    }

    /// Drops commands from `second` on that stand between `first` and `second` already.
    fn forget_repeated(&mut self, first: usize, second: usize) {
        let later = self.commands.split_off(second);
        for command in later {
            let same = |old: &Command| {
                old.invocation.program == command.invocation.program
                    && old.invocation.args == command.invocation.args
                    && old.invocation.cwd == command.invocation.cwd
            };
            if !self.commands[first..second].iter().any(same) {
                self.commands.push(command);
            }
        }
    }

    /// The lines that `while read …` gets, when stdin is known and short.
    fn lines_read(&self, text: &[u8], condition: &[Node<'_>]) -> Option<Vec<Vec<u8>>> {
        let command = condition.iter().find(|node| node.is_named())?;
        let words = source(text, *command);
        let reads = words.split(|byte| *byte == b' ').any(|word| word == b"read");
        let Stdin::Bytes(bytes) = &self.state.stdin else { return None };
        let lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        (reads && command.kind() == "command" && lines.len() <= LOOP_BOUND).then_some(lines)
    }

    /// `for x in words` and `select`.
    pub(super) fn each(&mut self, text: &[u8], node: Node<'_>) -> Outcome {
        let (mut name, mut ranges, mut body, mut listed) =
            (Vec::new(), Vec::<std::ops::Range<usize>>::new(), None, false);
        for child in children(self, text, node) {
            match child.kind() {
                "variable_name" if name.is_empty() => name = source(text, child).to_vec(),
                "in" => listed = true,
                "do_group" | "compound_statement" if child.is_named() => body = Some(child),
                "for" | "select" | ";" | "\n" => {}
                _ => match ranges.last_mut() {
                    Some(last) if last.end == child.start_byte() => last.end = child.end_byte(),
                    _ => ranges.push(child.byte_range()),
                },
            }
        }
        let (Some(body), false) = (body, name.is_empty()) else {
            self.partial("a loop could not be read");
            return Outcome::unknown(source(text, node));
        };
        let words: Vec<Word> = if listed {
            ranges.into_iter().flat_map(|range| self.words(&text[range])).collect()
        } else {
            self.words(b"\"$@\"")
        };
        let mut all = Outcome::QUIET;
        if words.len() > LOOP_BOUND {
            self.state.set_unknown(&name);
            all = self.statement(text, body, &[]);
        } else {
            for word in words {
                self.state.set(&name, Value::Scalar(word));
                all = all.then(self.statement(text, body, &[]));
                if all.ends >= End::Loop || self.exhausted() {
                    break;
                }
            }
        }
        let ends = if all.ends <= End::Loop { End::Runs } else { all.ends };
        Outcome { ends, ..all }
    }

    /// `for ((…))`: the body once; what the header counts is unknown.
    pub(super) fn counted(&mut self, text: &[u8], node: Node<'_>) -> Outcome {
        let Some(body) = node.child_by_field_name("body") else {
            self.partial("a loop could not be read");
            return Outcome::unknown(source(text, node));
        };
        let header = &text[node.start_byte()..body.start_byte()];
        self.effects(header);
        self.assigned(header);
        let outcome = self.statement(text, body, &[]);
        Outcome { ends: End::Runs, ..outcome }
    }
}
