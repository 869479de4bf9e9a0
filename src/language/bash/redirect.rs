//! Redirections: which file a command opens, what stands on its stdin, where its output goes.
//!
//! | source | read as |
//! |---|---|
//! | `> f`, `>\| f`, `>> f`, `<> f`, `&> f`, `>& f` | a file that is written |
//! | `< f` | stdin, with the content where it can be read |
//! | `<<< word`, here-document | stdin |
//! | `2>&1`, `3<&0`, `>&-` | no file; output that goes elsewhere is not handed on |

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

use tree_sitter::Node;

use super::statement::{children, source};
use super::word::Mode;
use super::{Lowerer, Outcome, Redirect, RedirectKind, VALUE_BOUND, scan, state};
use crate::invocation::{Piece, Stdin, Word};

/// Where standard output goes.
#[derive(Clone, Debug, Default)]
enum Output {
    #[default]
    Onward,
    /// Another descriptor, or closed.
    Away,
    File(Word, RedirectKind),
}

/// The redirections of one command.
#[derive(Clone, Debug, Default)]
pub(super) struct Io {
    pub redirects: Vec<Redirect>,
    pub stdin: Option<Stdin>,
    output: Output,
}

impl Io {
    /// True when a file that outlives the command is opened for writing.
    pub fn writes(&self) -> bool {
        self.redirects.iter().any(|redirect| {
            let name = redirect.path.visible();
            redirect.kind.writes() && !is_stream(&name)
        })
    }
}

/// Writing to these loses nothing.
fn is_stream(name: &OsStr) -> bool {
    let streams = ["/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/zero"];
    streams.iter().any(|stream| name == *stream) || name.as_bytes().starts_with(b"/dev/fd/")
}

impl Lowerer<'_> {
    /// Reads one redirection. The grammar counts words after `> file` as further destinations:
    /// they are arguments and go to `words` as byte ranges. `fd` was read as a word before it.
    pub(super) fn redirect(
        &mut self,
        text: &[u8],
        node: Node<'_>,
        fd: Option<u32>,
        io: &mut Io,
        words: &mut Vec<std::ops::Range<usize>>,
    ) {
        let (mut descriptor, mut operator) = (fd, "");
        let mut targets: Vec<std::ops::Range<usize>> = Vec::new();
        for child in children(self, text, node) {
            match child.kind() {
                "file_descriptor" => descriptor = number(source(text, child)),
                kind if operator.is_empty() && !child.is_named() => operator = kind,
                "ERROR" => self.partial("a redirection could not be read"),
                _ => match targets.last_mut() {
                    Some(last) if last.end == child.start_byte() => last.end = child.end_byte(),
                    _ => targets.push(child.byte_range()),
                },
            }
        }
        if matches!(operator, "<&-" | ">&-") {
            // The grammar lets words follow here too.
            words.extend(targets);
            if operator == ">&-" && descriptor.is_none_or(|number| number == 1) {
                io.output = Output::Away;
            }
            return;
        }
        let mut targets = targets.into_iter();
        let Some(target) = targets.next() else {
            self.partial("a redirection has no target");
            return;
        };
        words.extend(targets);
        let target = &text[target];
        match operator {
            "<" if target.first() == Some(&scan::MARK) => {
                let content = self.here(&target[1..]);
                if descriptor.unwrap_or(0) == 0 {
                    io.stdin = Some(content);
                }
            }
            "<&" | ">&" if target.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-') => {
                if operator == ">&" && descriptor.is_none_or(|number| number == 1) && target != b"1" {
                    io.output = Output::Away;
                }
                if operator == "<&" && descriptor.unwrap_or(0) == 0 && target != b"0" {
                    io.stdin = Some(Stdin::Unknown("another descriptor".to_owned()));
                }
            }
            _ => self.file(target, operator, descriptor, io),
        }
    }

    fn file(&mut self, target: &[u8], operator: &str, descriptor: Option<u32>, io: &mut Io) {
        let kind = match operator {
            "<" | "<&" => RedirectKind::Read,
            "<>" => RedirectKind::ReadWrite,
            ">" | "&>" | ">&" => RedirectKind::Truncate,
            ">|" => RedirectKind::Clobber,
            ">>" | "&>>" => RedirectKind::Append,
            _ => {
                self.partial("a redirection could not be read");
                RedirectKind::Truncate
            }
        };
        let mut found = self.words(target);
        let path = match (found.pop(), found.is_empty()) {
            (Some(path), true) => path,
            _ => state::unknown(target),
        };
        if kind == RedirectKind::Read {
            if descriptor.unwrap_or(0) == 0 {
                io.stdin = Some(self.content(&path));
            }
        } else if descriptor.is_none_or(|number| number == 1) {
            io.output = Output::File(path.clone(), kind);
        }
        let default = u32::from(kind.writes() && kind != RedirectKind::ReadWrite);
        io.redirects.push(Redirect { path, kind, descriptor: descriptor.unwrap_or(default) });
    }

    /// A here-string, or the here-document whose number stands there; see `scan`.
    fn here(&mut self, target: &[u8]) -> Stdin {
        let heredoc = target
            .strip_suffix(&[scan::MARK])
            .and_then(number)
            .and_then(|at| self.heredocs.get(at as usize))
            .cloned();
        let word = match heredoc {
            Some(heredoc) if heredoc.literal => return Stdin::Bytes(heredoc.body),
            Some(heredoc) => self.single(&heredoc.body, Mode::Quoted),
            None => {
                let word = self.single(target.strip_prefix(b"=").unwrap_or(target), Mode::Word);
                match word {
                    Word::Literal(mut text) => {
                        text.push("\n");
                        Word::Literal(text)
                    }
                    Word::Dynamic(mut pieces) => {
                        pieces.push(Piece::Text("\n".into()));
                        Word::Dynamic(pieces)
                    }
                }
            }
        };
        match word {
            Word::Literal(text) => Stdin::Bytes(text.as_bytes().to_vec()),
            Word::Dynamic(_) => Stdin::Unknown(word.shown()),
        }
    }

    /// Sends an outcome's output where the redirections say.
    pub(super) fn deliver(&mut self, outcome: Outcome, io: &Io) -> Outcome {
        for redirect in &io.redirects {
            if redirect.kind.writes() {
                self.creates(&redirect.path);
            }
        }
        let stdout = match &io.output {
            Output::Onward => outcome.stdout,
            Output::Away => Stdin::Empty,
            Output::File(path, kind) => {
                self.write(path, *kind, outcome.stdout);
                Stdin::Empty
            }
        };
        Outcome { stdout, ends: outcome.ends }
    }

    /// Notes what a file holds from now on.
    pub(super) fn write(&mut self, path: &Word, kind: RedirectKind, content: Stdin) {
        let Some(name) = path.known().filter(|name| !is_stream(name)) else { return };
        let absolute = state::normal(&self.start.context.resolve(&self.state.folder.path, name));
        let content = match content {
            Stdin::Empty => Stdin::Bytes(Vec::new()),
            Stdin::Inherited => Stdin::Unknown("the caller's input".to_owned()),
            other => other,
        };
        let content = match (kind, content) {
            (RedirectKind::Append, Stdin::Bytes(new)) => {
                let old = match self.content(path) {
                    Stdin::Unknown(_) if !absolute.exists() => Stdin::Bytes(Vec::new()),
                    old => old,
                };
                match old {
                    Stdin::Bytes(old) if old.len() + new.len() <= VALUE_BOUND => {
                        Stdin::Bytes([old, new].concat())
                    }
                    _ => Stdin::Unknown(path.shown()),
                }
            }
            (_, content) => content,
        };
        if self.written.len() < super::COMMAND_BOUND {
            Rc::make_mut(&mut self.written).push((absolute, content));
        }
    }
}

fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
