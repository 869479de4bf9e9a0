//! parallel: one shell text for each value.
//!
//! | argument | becomes |
//! |---|---|
//! | words up to `:::` | the command, joined by spaces: shell text |
//! | words after `:::`, `:::+` | values; none: the lines of standard input |
//! | `{}`, `{.}`, `{/}`, `{1}` and the like | the value; without any it stands at the end |
//! | `::::` FILE, unknown input | a value that nobody knows |
//! | no command | each value is a shell text |

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use crate::invocation::{Stdin, Word};
use crate::reader::{Call, Nest, wrapper};

/// More values than this are not looked at one by one.
const VALUES: usize = 256;
/// Stands in shell text for a value that only running the line would tell.
const UNKNOWN: &str = "${parallel_value}";

/// The shell texts of every value.
#[must_use]
pub fn texts(words: &[Word], call: &Call) -> Vec<Nest> {
    let is_separator = |word: &Word| word.visible().as_bytes().starts_with(b":::");
    let end = words.iter().position(is_separator).unwrap_or(words.len());
    let command = wrapper::join(&words[..end]);
    let values = values(&words[end..], call);
    let Some(text) = command.known().map(|text| text.to_string_lossy().into_owned()) else {
        return vec![wrapper::shell(command, Vec::new(), call)];
    };
    let run = |text: String| wrapper::shell(Word::literal(OsString::from(text)), Vec::new(), call);
    values.iter().map(|value| run(filled(&text, value))).collect()
}

/// The values, quoted for a shell.
fn values(sources: &[Word], call: &Call) -> Vec<String> {
    let unknown = || vec![UNKNOWN.to_owned()];
    if sources.is_empty() {
        return match call.stdin() {
            Stdin::Bytes(bytes) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                text.lines().filter(|line| !line.is_empty()).take(VALUES).map(quoted).collect()
            }
            Stdin::Empty => Vec::new(),
            Stdin::Inherited | Stdin::Unknown(_) => unknown(),
        };
    }
    if sources.iter().any(|word| word.visible().as_bytes().starts_with(b"::::")) {
        return unknown();
    }
    let words = sources.iter().filter(|word| !word.visible().as_bytes().starts_with(b":::"));
    words
        .take(VALUES)
        .map(|word| word.known().map_or_else(|| UNKNOWN.to_owned(), |value| quoted(&value.to_string_lossy())))
        .collect()
}

fn quoted(value: &str) -> String {
    shell_words::quote(value).into_owned()
}

/// The command with the value in its place.
fn filled(command: &str, value: &str) -> String {
    if command.is_empty() {
        // The value is the command: it was quoted as one word.
        return shell_words::split(value).map_or_else(|_| value.to_owned(), |words| words.join(" "));
    }
    let marks = ["{}", "{.}", "{/}", "{//}", "{/.}", "{1}", "{2}", "{3}"];
    if !marks.iter().any(|mark| command.contains(mark)) {
        return format!("{command} {value}");
    }
    marks.iter().fold(command.to_owned(), |text, mark| text.replace(mark, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_their_places() {
        assert_eq!(filled("rm -rf", "a"), "rm -rf a");
        assert_eq!(filled("mv {} {.}.bak", "a"), "mv a a.bak");
        assert_eq!(filled("", "'rm -rf a'"), "rm -rf a");
        assert_eq!(quoted("a b"), "'a b'");
    }
}
