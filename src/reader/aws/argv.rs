//! Which words of an `aws` line are global options, the service, the operation, its options.
//!
//! | word | becomes |
//! |---|---|
//! | a global option, whole or shortened, anywhere | a global; its value is not an operand |
//! | the first two words that are no option and no global's value | service and operation |
//! | any other option before the operation | an option without a value, as argparse hands it on |
//! | an option of an s3 command | by that command's list |
//! | any other option | takes every word up to the next option |
//!
//! The per-operation lists (some hundred thousand options) are not kept: arity is unknown there.

use std::os::unix::ffi::OsStrExt;

use crate::grammar::schema::{Arity, Command, Opt};
use crate::invocation::{Piece, Word};

/// An option as given.
#[derive(Clone, Debug)]
pub struct Given {
    /// Its whole name without dashes in front, where that is known.
    pub name: String,
    pub values: Vec<Word>,
    /// Where its own word stands; values that are not attached follow it.
    pub at: usize,
    /// Its value stands in the same word.
    pub attached: bool,
    /// What its list calls it; empty for operation options.
    pub role: &'static str,
    global: bool,
}

/// A line taken apart.
#[derive(Debug, Default)]
pub struct Line {
    /// Service, operation, operands, with their places in the argument list.
    pub operands: Vec<(usize, Word)>,
    pub options: Vec<Given>,
    /// Some word may be any option.
    pub loose: bool,
}

impl Line {
    /// The last value of a global option.
    #[must_use]
    pub fn global(&self, role: &str) -> Option<&Word> {
        self.options.iter().rev().find(|given| given.global && given.role == role)?.values.first()
    }

    /// True when an option of this name was given.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.options.iter().any(|given| given.name == name)
    }

    /// The options that are the operation's own.
    pub fn own(&self) -> impl DoubleEndedIterator<Item = &Given> {
        self.options.iter().filter(|given| !given.global)
    }

    /// A service, operation or operand by its place: 0, 1, 2 …; empty when absent or unknown.
    #[must_use]
    pub fn word(&self, index: usize) -> String {
        let word = self.operands.get(index).and_then(|(_, word)| word.known());
        word.map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// Takes `args` apart. `root` lists the global options, `commands` the s3 commands' own.
#[must_use]
pub fn split(args: &[Word], root: &'static Command, commands: &'static [Command]) -> Line {
    let mut line = Line::default();
    let mut own: Option<&'static Command> = None;
    let mut at = 0;
    while let Some(word) = args.get(at) {
        at += 1;
        if word.visible() == "--" && !word.is_dynamic() {
            line.operands.extend((at..args.len()).map(|place| (place, args[place].clone())));
            return line;
        }
        if !is_option(word) {
            line.loose |= leads_unknown(word);
            line.operands.push((at - 1, word.clone()));
            if line.operands.len() == 2 {
                let path = [line.word(0), line.word(1)];
                own = commands.iter().find(|command| command.path.iter().eq(path.iter()));
            }
            continue;
        }
        let visible = word.visible();
        let bytes = visible.as_bytes();
        let end = bytes.iter().position(|&byte| byte == b'=').unwrap_or(bytes.len());
        let name = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let attached = (end < bytes.len()).then(|| word.skip(end + 1));
        let found = resolve(&name, root, own);
        let arity = match found {
            Some((opt, _)) => opt.arity,
            None if line.operands.len() >= 2 && own.is_none() => Arity::Many,
            None => Arity::Flag,
        };
        let (place, joined) = (at - 1, attached.is_some());
        let values = match attached {
            Some(value) => vec![value],
            None => values(args, &mut at, arity),
        };
        let whole = found.map_or(name.as_str(), |(opt, _)| opt.names[0]);
        line.options.push(Given {
            name: whole.trim_start_matches('-').to_owned(),
            values,
            at: place,
            attached: joined,
            role: found.map_or("", |(opt, _)| opt.role),
            global: found.is_some_and(|(_, global)| global),
        });
    }
    line
}

/// The option that argparse takes `name` for: the main parser's first, then the command's.
fn resolve(
    name: &str,
    root: &'static Command,
    own: Option<&'static Command>,
) -> Option<(&'static Opt, bool)> {
    let own: &'static [Opt] = own.map_or(&[], |command| command.options);
    let exact = |options: &'static [Opt]| options.iter().find(|opt| opt.is(name));
    let shortened = |options: &'static [Opt]| {
        let mut near = options.iter().filter(|opt| opt.names.iter().any(|known| known.starts_with(name)));
        let first = near.next()?;
        near.next().is_none().then_some(first)
    };
    if let Some(opt) = exact(root.options) {
        return Some((opt, true));
    }
    if let Some(opt) = exact(own) {
        return Some((opt, false));
    }
    if let Some(opt) = shortened(root.options) {
        return Some((opt, true));
    }
    shortened(own).map(|opt| (opt, false))
}

fn values(args: &[Word], at: &mut usize, arity: Arity) -> Vec<Word> {
    let most = match arity {
        Arity::Flag => 0,
        // argparse `nargs="?"` takes the next word when it is no option.
        Arity::Optional | Arity::Required => 1,
        Arity::Many => usize::MAX,
    };
    let mut out = Vec::new();
    while out.len() < most {
        match args.get(*at) {
            Some(next) if !is_option(next) => out.push(next.clone()),
            _ => break,
        }
        *at += 1;
    }
    out
}

/// argparse: a word with a dash in front, unless it is a lone dash, a number or holds a space.
fn is_option(word: &Word) -> bool {
    if leads_unknown(word) {
        return false;
    }
    let visible = word.visible();
    let bytes = visible.as_bytes();
    let named = bytes.starts_with(b"--") && bytes.contains(&b'=');
    bytes.len() > 1 && bytes[0] == b'-' && !bytes[1].is_ascii_digit() && (named || !bytes.contains(&b' '))
}

/// True when only running the line would tell how the word begins.
#[must_use]
pub fn leads_unknown(word: &Word) -> bool {
    matches!(word, Word::Dynamic(pieces) if matches!(pieces.first(), Some(Piece::Unknown(_)) | None))
}
