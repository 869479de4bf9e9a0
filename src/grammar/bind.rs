//! Reads an argument list by a grammar: which words are options, values, subcommands, operands.
//!
//! | argument | becomes |
//! |---|---|
//! | `--` | the end of options |
//! | `--name`, `--name=value`, `--name value` | an option, by exact or unique abbreviated name |
//! | `--no-name` | the same option, negated |
//! | `-abc`, `-ovalue`, `-o value` | a cluster; the first letter that takes a value takes the rest |
//! | a subcommand's name or alias | the next level of the grammar |
//! | anything else | an operand |
//!
//! It refuses to know what any of them means. Words are bytes; argv need not be UTF-8.

use std::os::unix::ffi::OsStrExt;

use crate::grammar::glob;
use crate::grammar::schema::{Arity, Command, Cond, Grammar, Nested, Opt, Parser};
use crate::invocation::Word;

/// One option as given.
#[derive(Clone, Debug)]
pub struct Bound {
    pub opt: &'static Opt,
    /// The spelling that was matched, dashes included.
    pub name: &'static str,
    pub value: Option<Word>,
    /// Given as `--no-NAME`.
    pub negated: bool,
    /// Where it stood in the argument list, from 0.
    pub at: usize,
}

/// Something the program itself would refuse or that the grammar does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    UnknownOption(String),
    AmbiguousOption(String),
    MissingValue(String),
}

/// An argument list that has been read.
#[derive(Clone, Debug)]
pub struct Binding {
    pub grammar: &'static Grammar,
    /// The deepest subcommand that was named, else the root.
    pub command: &'static Command,
    pub options: Vec<Bound>,
    /// Words that are neither options nor values nor subcommands.
    pub operands: Vec<Word>,
    /// Position in the argument list of each operand.
    pub places: Vec<usize>,
    /// How many operands stood before `--`; `None` when there was no `--`.
    pub terminator: Option<usize>,
    pub faults: Vec<Fault>,
}

impl Binding {
    /// True when the option is on: its last occurrence is not negated.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.last(name).is_some_and(|bound| !bound.negated)
    }

    /// The last occurrence of an option, by any of its names.
    #[must_use]
    pub fn last(&self, name: &str) -> Option<&Bound> {
        self.options.iter().rev().find(|bound| bound.opt.is(name))
    }

    /// The last value of an option.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Word> {
        self.last(name).filter(|bound| !bound.negated).and_then(|bound| bound.value.as_ref())
    }

    /// Every occurrence of options with a role, in order.
    pub fn with_role<'b>(&'b self, role: &'b str) -> impl Iterator<Item = &'b Bound> {
        self.options.iter().filter(move |bound| bound.opt.role == role)
    }

    /// The last value given to an option with a role.
    #[must_use]
    pub fn role_value(&self, role: &str) -> Option<&Word> {
        self.options.iter().rev().find(|bound| bound.opt.role == role && !bound.negated)?.value.as_ref()
    }

    /// True when an option with the role is on.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.options.iter().rev().find(|bound| bound.opt.role == role).is_some_and(|bound| !bound.negated)
    }

    /// Whether a condition of the grammar holds.
    #[must_use]
    pub fn holds(&self, condition: &Cond) -> bool {
        match condition {
            Cond::Always => true,
            Cond::Has(name) => self.has(name),
            Cond::Value(name, pattern) => self.value(name).is_some_and(|word| word_matches(word, pattern)),
            Cond::AtLeast(count) => self.operands.len() >= *count,
            Cond::Any(pattern) => self.operands.iter().any(|word| word_matches(word, pattern)),
            Cond::Nth(index, pattern) => {
                self.operands.get(*index).is_some_and(|word| word_matches(word, pattern))
            }
            Cond::Terminator => self.terminator.is_some(),
            Cond::Not(inner) => !self.holds(inner),
            Cond::All(parts) => parts.iter().all(|part| self.holds(part)),
            Cond::Either(parts) => parts.iter().any(|part| self.holds(part)),
        }
    }
}

fn word_matches(word: &Word, pattern: &str) -> bool {
    glob::matches(pattern, &word.visible().to_string_lossy())
}

/// Reads `args` by `grammar`. `posixly_correct` is the variable of that name being set: getopt
/// then stops at the first operand.
#[must_use]
pub fn bind(grammar: &'static Grammar, args: &[Word], posixly_correct: bool) -> Binding {
    let mut reader = Reader {
        args,
        at: 0,
        levels: vec![&grammar.root],
        posixly_correct,
        binding: Binding {
            grammar,
            command: &grammar.root,
            options: Vec::new(),
            operands: Vec::new(),
            places: Vec::new(),
            terminator: None,
            faults: Vec::new(),
        },
    };
    reader.run();
    reader.binding
}

struct Reader<'a> {
    args: &'a [Word],
    at: usize,
    /// The root and the subcommands down to the one being read.
    levels: Vec<&'static Command>,
    posixly_correct: bool,
    binding: Binding,
}

impl Reader<'_> {
    fn run(&mut self) {
        while let Some(word) = self.args.get(self.at) {
            self.at += 1;
            let visible = word.visible();
            let bytes = visible.as_bytes();
            let leads = match word {
                Word::Literal(_) => true,
                Word::Dynamic(pieces) => matches!(pieces.first(), Some(crate::invocation::Piece::Text(_))),
            };
            if leads && bytes == b"--" {
                self.binding.terminator = Some(self.binding.operands.len());
                self.rest();
                return;
            }
            if leads && bytes.starts_with(b"--") {
                self.long(word, bytes, 2);
            } else if leads && bytes.len() > 1 && bytes[0] == b'-' {
                if self.parser() == Parser::Goflag {
                    self.long(word, bytes, 1);
                } else {
                    self.cluster(word, bytes);
                }
            } else if self.operand(word) {
                self.rest();
                return;
            }
        }
    }

    const fn parser(&self) -> Parser {
        self.binding.grammar.parser
    }

    /// Everything that is left is an operand.
    fn rest(&mut self) {
        while let Some(word) = self.args.get(self.at) {
            self.binding.operands.push(word.clone());
            self.binding.places.push(self.at);
            self.at += 1;
        }
    }

    /// Takes a word that is no option. True when all that follows are operands as well.
    fn operand(&mut self, word: &Word) -> bool {
        if self.binding.operands.is_empty()
            && let Some(child) = self.child(word)
        {
            self.levels.push(child);
            self.binding.command = child;
            return false;
        }
        self.binding.operands.push(word.clone());
        self.binding.places.push(self.at - 1);
        let commands = self.binding.grammar.commands;
        let names_no_command = self.levels.len() == 1 && !commands.is_empty();
        // A nested command keeps its own options: they are not this grammar's.
        let nested = match self.binding.command.nested {
            Nested::Words(from) | Nested::Assigned(from) | Nested::Fed(from) | Nested::Shell(from) => {
                self.binding.operands.len() > from
            }
            Nested::Trailing(from) | Nested::Each(from) => self.binding.operands.len() >= from,
            Nested::Script(from) => self.binding.operands.len() > from,
            Nested::Named => true,
            Nested::Texts(_) | Nested::None => false,
        };
        let stops = match self.parser() {
            Parser::Posix => true,
            // Nor are those of a subcommand that this grammar does not know.
            Parser::Git => names_no_command,
            Parser::Getopt => self.posixly_correct,
            Parser::Argparse | Parser::Clap | Parser::Curl | Parser::Cobra => false,
            Parser::Goflag => !names_no_command,
        };
        stops || nested
    }

    /// The subcommand below the current one that the word names.
    fn child(&self, word: &Word) -> Option<&'static Command> {
        let name = word.known()?.to_str()?;
        let above = self.binding.command.path;
        let commands = self.binding.grammar.commands;
        let is_it = |line: &str| {
            let mut words = line.split(' ');
            above.iter().all(|word| words.next() == Some(*word))
                && words.next() == Some(name)
                && words.next().is_none()
        };
        let by_name = self.binding.grammar.paths.split('\n').position(is_it);
        if let Some(command) = by_name.and_then(|at| commands.get(at)) {
            return Some(command);
        }
        commands.iter().find(|command| {
            command.path.len() == above.len() + 1
                && command.path.starts_with(above)
                && command.aliases.contains(&name)
        })
    }

    /// The options that may stand here.
    fn visible(&self) -> impl Iterator<Item = &'static Opt> {
        let deepest = self.levels.len() - 1;
        let inherits = matches!(self.parser(), Parser::Argparse | Parser::Cobra);
        self.levels
            .iter()
            .enumerate()
            .rev()
            .flat_map(move |(level, command)| {
                let shared = command.shared.iter().copied().flatten();
                command
                    .options
                    .iter()
                    .chain(shared)
                    .filter(move |opt| level == deepest || inherits || opt.global)
            })
            .collect::<Vec<_>>()
            .into_iter()
    }

    fn long(&mut self, word: &Word, bytes: &[u8], dashes: usize) {
        let end = bytes.iter().position(|&byte| byte == b'=').unwrap_or(bytes.len());
        let attached = (end < bytes.len()).then(|| word.skip(end + 1));
        if let Some((opt, name)) = self.exact(&bytes[..end]) {
            self.take(opt, name, false, attached);
            return;
        }
        match self.resolve(&bytes[dashes..end], dashes) {
            Ok((opt, name, negated)) => self.take(opt, name, negated, attached),
            Err(fault) => self.binding.faults.push(fault),
        }
    }

    /// An option by exactly this name, of the commands themselves.
    fn exact(&self, given: &[u8]) -> Option<(&'static Opt, &'static str)> {
        let deepest = self.levels.len() - 1;
        let inherits = matches!(self.parser(), Parser::Argparse | Parser::Cobra);
        self.levels.iter().enumerate().rev().find_map(|(level, command)| {
            let lines = command.spelled.split('\n').enumerate();
            let (at, name) = lines
                .flat_map(|(at, line)| line.split(' ').map(move |name| (at, name)))
                .find(|(_, name)| name.as_bytes() == given)?;
            let opt = command.options.get(at)?;
            (level == deepest || inherits || opt.global).then_some((opt, name))
        })
    }

    /// An exact name, a negation, or a unique abbreviation of either.
    fn resolve(&self, given: &[u8], dashes: usize) -> Result<(&'static Opt, &'static str, bool), Fault> {
        // curl took abbreviations until 8.6; what an older one would do is what counts.
        let abbreviates =
            matches!(self.parser(), Parser::Getopt | Parser::Git | Parser::Argparse | Parser::Curl);
        let mut near: Option<(&'static Opt, &'static str, bool)> = None;
        let mut ambiguous = false;
        for opt in self.visible() {
            for name in opt.names {
                let Some(plain) = name
                    .strip_prefix("--")
                    .or_else(|| if dashes == 1 { name.strip_prefix('-') } else { None })
                else {
                    continue;
                };
                let plain = plain.as_bytes();
                if plain == given {
                    return Ok((opt, name, false));
                }
                let negated = opt.negatable && given.strip_prefix(b"no-") == Some(plain);
                if negated {
                    return Ok((opt, name, true));
                }
                // git knows --help beside its lists of options: `reset --h` is --hard.
                if !abbreviates || (self.parser() == Parser::Git && *name == "--help") {
                    continue;
                }
                let short_negation =
                    opt.negatable && given.strip_prefix(b"no-").is_some_and(|rest| plain.starts_with(rest));
                // The negated spelling of an option is itself a name that may be shortened.
                let hit = if plain.starts_with(given) {
                    Some(false)
                } else if short_negation || (opt.negatable && b"no-".starts_with(given)) {
                    Some(true)
                } else {
                    None
                };
                if let Some(negated) = hit {
                    match near {
                        Some((known, _, same)) if std::ptr::eq(known, opt) && same == negated => {}
                        // Newer names made old abbreviations ambiguous (`--upload`, since
                        // `--upload-flags`): the option that a reader knows is the one to fear.
                        Some((known, ..)) if self.parser() == Parser::Curl => {
                            let closer = near.is_some_and(|(_, other, _)| name.len() < other.len());
                            if !opt.role.is_empty() && (known.role.is_empty() || closer) {
                                near = Some((opt, name, negated));
                            }
                        }
                        Some(_) => ambiguous = true,
                        None => near = Some((opt, name, negated)),
                    }
                }
            }
        }
        match near {
            Some(_) if ambiguous => Err(Fault::AmbiguousOption(long_name(given))),
            Some(found) => Ok(found),
            None => Err(Fault::UnknownOption(long_name(given))),
        }
    }

    fn take(&mut self, opt: &'static Opt, name: &'static str, negated: bool, attached: Option<Word>) {
        let at = self.at - 1;
        let go = matches!(self.parser(), Parser::Cobra | Parser::Goflag);
        let mut push = |value, at| self.binding.options.push(Bound { opt, name, value, negated, at });
        if negated {
            push(None, at);
            return;
        }
        match opt.arity {
            Arity::Flag => {
                // Go's flags take `--dry-run=false`.
                let off = attached.as_ref().and_then(Word::known).and_then(std::ffi::OsStr::to_str);
                let off =
                    off.is_some_and(|value| matches!(value, "false" | "False" | "FALSE" | "f" | "F" | "0"));
                let negated = off && go;
                self.binding.options.push(Bound { opt, name, value: attached, negated, at });
            }
            // clap takes the next word for an optional value as well, unless it is an option.
            Arity::Optional if self.binding.grammar.parser == Parser::Clap && attached.is_none() => {
                let next = self.args.get(self.at).filter(|word| !word.visible().as_bytes().starts_with(b"-"));
                let value = next.cloned();
                self.at += usize::from(value.is_some());
                self.binding.options.push(Bound { opt, name, value, negated, at });
            }
            Arity::Optional => push(attached, at),
            Arity::Required => {
                let value = attached.or_else(|| {
                    let next = self.args.get(self.at).cloned();
                    self.at += usize::from(next.is_some());
                    next
                });
                if value.is_none() {
                    self.binding.faults.push(Fault::MissingValue(name.to_owned()));
                }
                push(value, at);
            }
            Arity::Many => {
                if let Some(value) = attached {
                    push(Some(value), at);
                    return;
                }
                let from = self.at;
                while let Some(next) = self.args.get(self.at) {
                    if next.visible().as_bytes().starts_with(b"-") {
                        break;
                    }
                    push(Some(next.clone()), self.at);
                    self.at += 1;
                }
                if self.at == from {
                    push(None, at);
                }
            }
        }
    }

    fn cluster(&mut self, word: &Word, bytes: &[u8]) {
        let mut at = 1;
        while at < bytes.len() {
            let length = utf8_length(bytes[at]);
            let end = (at + length).min(bytes.len());
            let given = &bytes[at..end];
            let is_it = |name: &&&str| name.as_bytes().split_first() == Some((&b'-', given));
            let Some((opt, name)) =
                self.visible().find_map(|opt| opt.names.iter().find(is_it).map(|name| (opt, *name)))
            else {
                let name = format!("-{}", String::from_utf8_lossy(given));
                self.binding.faults.push(Fault::UnknownOption(name));
                at = end;
                continue;
            };
            at = end;
            if opt.arity == Arity::Flag {
                self.take(opt, name, false, None);
                continue;
            }
            let attached = (at < bytes.len() || word.is_dynamic()).then(|| {
                // clap takes `-o=value` as `-o value`; the others keep the equals sign.
                let strip = self.parser() == Parser::Clap && bytes.get(at) == Some(&b'=');
                word.skip(at + usize::from(strip))
            });
            let attached = attached.filter(|value| !matches!(value, Word::Dynamic(rest) if rest.is_empty()));
            self.take(opt, name, false, attached);
            return;
        }
    }
}

/// A long name as given, for people.
#[cold]
fn long_name(given: &[u8]) -> String {
    format!("--{}", String::from_utf8_lossy(given))
}

const fn utf8_length(first: u8) -> usize {
    match first {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    }
}
