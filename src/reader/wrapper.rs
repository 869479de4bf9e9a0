//! Programs that run the command their operands name: `sudo`, `env`, `timeout`, `xargs`.
//!
//! | argument | becomes |
//! |---|---|
//! | operands from N on | a nested invocation, same folder and stdin |
//! | `NAME=value` in front, where that is allowed | its environment |
//! | an option with role `cwd` | its folder |
//! | an option with role `split` | words in front of the operands, split as a shell would |
//! | an option with role `program` | the program, before the operands |
//! | a command of another world | the same, its paths read as that world's |
//! | words on stdin, where they are arguments | further arguments: known ones, else unresolved |

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::action::Action;
use crate::grammar::bind::Binding;
use crate::grammar::registry;
use crate::grammar::schema::{Nested, World};
use crate::invocation::{Invocation, Piece, Stdin, Word};
use crate::reader::elsewhere::Elsewhere;
use crate::reader::{Call, Nest, Reading, Setting, Shell, find, parallel, plain};
use crate::target::kube;

/// More words than this on stdin count as unknown.
const STDIN_WORDS: usize = 10_000;

/// The nested command, if there is one.
#[must_use]
pub fn read(binding: &Binding, call: &Call) -> Reading {
    if plain::is_safe(binding) {
        return Reading::default();
    }
    let carries = binding.command.nested != Nested::None;
    // A command that carries another one does something itself only where a case says so.
    let own =
        if carries && binding.command.cases.is_empty() { Vec::new() } else { plain::read(binding, call) };
    let mut reading = Reading::of(own);
    if binding.grammar.program == "kubectl" && !reading.actions.is_empty() {
        let target = kube::resolve(binding, call);
        for action in &mut reading.actions {
            action.target = target.clone();
        }
    }
    for bound in binding.with_role("shell") {
        if let Some(text) = &bound.value {
            reading.nested.push(shell(text.clone(), Vec::new(), call));
        }
    }
    let mut words: Vec<Word> = Vec::new();
    for bound in binding.with_role("split") {
        words.extend(split(bound.value.as_ref()));
    }
    words.extend(binding.operands.iter().cloned());
    match binding.command.nested {
        Nested::None => {}
        Nested::Words(from) | Nested::Assigned(from) | Nested::Fed(from) | Nested::Trailing(from) => {
            if matches!(binding.command.nested, Nested::Fed(_))
                && let Stdin::Unknown(source) = call.stdin()
                && let Some(listed) = find::listed(&source, call)
            {
                reading.nested.extend(listed.into_iter().filter_map(|(start, selection)| {
                    let inner = fed(binding, call, &words, &start)?;
                    Some(Nest::Within { inner: Box::new(inner), setting: Setting::Selection(selection) })
                }));
                return reading;
            }
            let before: Vec<Word> = words.drain(..from.min(words.len())).collect();
            reading.nested.extend(command(binding, call, entered(binding, &before, words)));
        }
        Nested::Texts(from) => {
            let texts = words.into_iter().skip(from);
            reading.nested.extend(texts.map(|text| shell(text, Vec::new(), call)));
        }
        Nested::Each(from) => reading.nested.extend(parallel::texts(&words[from.min(words.len())..], call)),
        // Scripts of a package file are the `scripts` reader's.
        Nested::Script(_) | Nested::Named => {}
        Nested::Shell(from) => {
            words.drain(..from.min(words.len()));
            if !words.is_empty() {
                reading.nested.push(shell(join(&words), Vec::new(), call));
            } else if binding.operands.len() >= from && binding.command.world == World::Remote {
                reading.nested.extend(fed_shell(call));
                if let Stdin::Unknown(source) = call.stdin() {
                    let rule = plain::rule(binding, "stdin");
                    reading
                        .actions
                        .push(Action::unread(rule, format!("the script on standard input ({source})")));
                }
            }
        }
    }
    if binding.command.world != World::Here {
        let place = Elsewhere::of(binding, call);
        reading.nested = reading.nested.into_iter().map(|nest| place.clone().around(nest)).collect();
    }
    reading
}

/// What really starts: an entry point given by option (role `program`) comes before the words;
/// an image that is named after a program runs it (`amazon/aws-cli s3 rm …`).
fn entered(binding: &Binding, before: &[Word], words: Vec<Word>) -> Vec<Word> {
    if let Some(program) = binding.role_value("program") {
        return [vec![program.clone()], words].concat();
    }
    let has_grammar = |word: &Word| {
        word.known().and_then(OsStr::to_str).is_some_and(|name| {
            let last = name.rsplit('/').next().unwrap_or(name);
            registry::find(last).is_some()
        })
    };
    if binding.command.world != World::Throwaway || words.first().is_none_or(has_grammar) {
        return words;
    }
    let image = before.last().and_then(Word::known).and_then(OsStr::to_str).unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or(image);
    let plain = last.split([':', '@']).next().unwrap_or(last);
    let name = plain.strip_suffix("-cli").unwrap_or(plain);
    if registry::find(name).is_some() { [vec![Word::literal(name)], words].concat() } else { words }
}

/// A nested shell text in the call's surroundings.
pub fn shell(text: Word, args: Vec<Word>, call: &Call) -> Nest {
    let inner = call.invocation;
    Nest::Shell(Shell {
        text,
        args,
        cwd: inner.cwd.clone(),
        stdin: inner.stdin.clone(),
        env: inner.env.clone(),
    })
}

/// `ssh HOST < SCRIPT`: without a command the other side's shell reads standard input.
fn fed_shell(call: &Call) -> Option<Nest> {
    match call.stdin() {
        Stdin::Bytes(bytes) => Some(shell(Word::Literal(OsString::from_vec(bytes)), Vec::new(), call)),
        Stdin::Empty | Stdin::Inherited | Stdin::Unknown(_) => None,
    }
}

/// Words joined by single spaces, as `ssh` and `watch` hand them to a shell.
#[must_use]
pub fn join(words: &[Word]) -> Word {
    let mut pieces = Vec::new();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            pieces.push(Piece::Text(OsString::from(" ")));
        }
        match word {
            Word::Literal(text) => pieces.push(Piece::Text(text.clone())),
            Word::Dynamic(parts) => pieces.extend(parts.iter().cloned()),
        }
    }
    if pieces.iter().all(|piece| matches!(piece, Piece::Text(_))) {
        return Word::Literal(Word::Dynamic(pieces).visible());
    }
    Word::Dynamic(pieces)
}

fn split(value: Option<&Word>) -> Vec<Word> {
    match value {
        Some(Word::Literal(text)) => shell_words::split(&text.to_string_lossy()).map_or_else(
            |_| vec![Word::Dynamic(vec![Piece::Unknown(text.to_string_lossy().into_owned())])],
            |words| words.into_iter().map(Word::literal).collect(),
        ),
        Some(dynamic) => vec![dynamic.clone()],
        None => Vec::new(),
    }
}

fn command(binding: &Binding, call: &Call, mut words: Vec<Word>) -> Option<Nest> {
    let outer = call.invocation;
    let mut env = outer.env.clone();
    if matches!(binding.command.nested, Nested::Assigned(_)) {
        while let Some((name, value)) = words.first().and_then(assignment) {
            env.push((name, value));
            words.remove(0);
        }
    }
    // A terminator behind the operands that the wrapper keeps: `direnv exec . -- PROGRAM`.
    if words.first().is_some_and(|word| word.known() == Some(OsStr::new("--"))) {
        words.remove(0);
    }
    if words.is_empty() {
        return None;
    }
    let program = words.remove(0);
    let mut stdin = outer.stdin.clone();
    if matches!(binding.command.nested, Nested::Fed(_)) {
        words = with_stdin_words(words, binding, call);
        stdin = Stdin::Empty;
    }
    let cwd = match binding.role_value("cwd") {
        Some(Word::Literal(folder)) => call.path(folder),
        _ => outer.cwd.clone(),
    };
    let written = outer.written.clone();
    Some(Nest::Command(Invocation { program, args: words, stdin, cwd, env, depth: outer.depth + 1, written }))
}

/// xargs' command for one path that find prints.
fn fed(binding: &Binding, call: &Call, words: &[Word], path: &Word) -> Option<Nest> {
    let mut line = path.visible().into_vec();
    line.push(if binding.has_role("zero") { 0 } else { b'\n' });
    let invocation = Invocation { stdin: Stdin::Bytes(line), ..call.invocation.clone() };
    command(binding, &Call { context: call.context, invocation: &invocation }, words.to_vec())
}

/// `NAME=value`, as `env` takes it.
fn assignment(word: &Word) -> Option<(OsString, Word)> {
    let visible = word.visible();
    let bytes = visible.as_bytes();
    let end = bytes.iter().position(|&byte| byte == b'=')?;
    let name = &bytes[..end];
    let valid = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    valid.then(|| (OsString::from_vec(name.to_vec()), word.skip(end + 1)))
}

/// xargs: the words of stdin stand where `{}` stands, else at the end.
fn with_stdin_words(words: Vec<Word>, binding: &Binding, call: &Call) -> Vec<Word> {
    let mark = binding.role_value("replace").map(Word::visible);
    let zero = binding.has_role("zero");
    let found: Vec<Word> = match call.stdin() {
        Stdin::Bytes(bytes) => stdin_words(&bytes, zero, mark.is_some()),
        Stdin::Empty => return words,
        Stdin::Unknown(source) => vec![Word::Dynamic(vec![Piece::Unknown(source)])],
        Stdin::Inherited => vec![Word::Dynamic(vec![Piece::Unknown("standard input".to_owned())])],
    };
    let Some(mark) = mark else {
        return words.into_iter().chain(found).collect();
    };
    let mut out = Vec::new();
    for word in words {
        if word.visible().as_bytes().windows(mark.len().max(1)).any(|window| window == mark.as_bytes()) {
            out.extend(found.iter().map(|value| substitute(&word, &mark, value)));
        } else {
            out.push(word);
        }
    }
    out
}

pub(super) fn substitute(word: &Word, mark: &std::ffi::OsStr, value: &Word) -> Word {
    let visible = word.visible();
    let bytes = visible.as_bytes();
    let Some(at) = bytes.windows(mark.len()).position(|window| window == mark.as_bytes()) else {
        return word.clone();
    };
    let mut pieces = vec![Piece::Text(OsString::from_vec(bytes[..at].to_vec()))];
    match value {
        Word::Literal(text) => pieces.push(Piece::Text(text.clone())),
        Word::Dynamic(parts) => pieces.extend(parts.iter().cloned()),
    }
    pieces.push(Piece::Text(OsString::from_vec(bytes[at + mark.len()..].to_vec())));
    if value.is_dynamic() { Word::Dynamic(pieces) } else { Word::Literal(Word::Dynamic(pieces).visible()) }
}

fn stdin_words(bytes: &[u8], zero: bool, lines: bool) -> Vec<Word> {
    let literal = |part: &[u8]| Word::Literal(OsString::from_vec(part.to_vec()));
    if zero || lines {
        let end = if zero { 0 } else { b'\n' };
        return bytes
            .split(|&byte| byte == end)
            .filter(|part| !part.is_empty())
            .take(STDIN_WORDS)
            .map(literal)
            .collect();
    }
    bytes
        .split(u8::is_ascii_whitespace)
        .filter(|part| !part.is_empty())
        .take(STDIN_WORDS)
        .map(|part| {
            let plain: Vec<u8> =
                part.iter().copied().filter(|byte| !matches!(byte, b'"' | b'\'' | b'\\')).collect();
            literal(&plain)
        })
        .collect()
}
