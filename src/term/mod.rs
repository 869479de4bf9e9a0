//! What a terminal or a log may see: foreign text made visible, secrets taken out, colour where it is wanted.
//!
//! In: any text. Out: text without control characters, without secrets, with or without colour. It
//! refuses to know what the text means.

mod redact;

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;

pub use redact::{redact, redact_words};

use crate::context::Context;

/// Makes visible what a terminal would act on or a reader would not see: control and escape
/// characters, direction overrides, zero-width and other invisible characters.
#[must_use]
pub fn sanitize(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        push_visible(&mut clean, letter);
    }
    clean
}

/// The same for bytes that need not be UTF-8; other bytes are shown as `\xff`.
#[must_use]
pub fn sanitize_os(text: &OsStr) -> String {
    let mut clean = String::with_capacity(text.len());
    for chunk in text.as_bytes().utf8_chunks() {
        for letter in chunk.valid().chars() {
            push_visible(&mut clean, letter);
        }
        for byte in chunk.invalid() {
            let _ = write!(clean, "\\x{byte:02x}");
        }
    }
    clean
}

fn push_visible(clean: &mut String, letter: char) {
    // Writing to a string cannot fail.
    let _ = match letter {
        '\n' => clean.write_str("\\n"),
        '\t' => clean.write_str("\\t"),
        '\r' => clean.write_str("\\r"),
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => write!(clean, "\\x{:02x}", u32::from(letter)),
        _ if is_invisible(letter) => write!(clean, "\\u{{{:x}}}", u32::from(letter)),
        _ => clean.write_char(letter),
    };
}

/// Characters that take no room or change the order of others. Source: Unicode's
/// `Default_Ignorable_Code_Point` and `Bidi_Control`, line and paragraph separators, fillers.
const fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Foreign text as one line for a terminal or a log: without secrets, visible, at most `width`
/// characters. Secrets are looked for in four times as much, so that none is cut into hiding.
#[must_use]
pub fn clean(text: &str, width: usize) -> String {
    shorten(&sanitize(&redact(&shorten(text, width.saturating_mul(4)))), width)
}

/// At most `width` characters; what is left out is shown as `…`.
#[must_use]
pub fn shorten(text: &str, width: usize) -> String {
    if text.chars().nth(width).is_none() {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// What a piece of text is, for its colour.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The environment's banner.
    Alarm,
    /// What has to be read.
    Strong,
    /// Allowed, in place.
    Good,
    /// Worth a look.
    Warning,
    /// What may be skipped.
    Faint,
}

/// Whether a stream gets colours.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    colour: bool,
}

impl Style {
    /// Colours on a terminal, unless `NO_COLOR` is set or the terminal is dumb.
    pub fn new(context: &Context, terminal: bool) -> Self {
        let set = |name: &str| context.env(name).is_some_and(|value| !value.is_empty());
        Self { colour: terminal && !set("NO_COLOR") && context.env("TERM").is_none_or(|term| term != "dumb") }
    }

    /// Never any colour.
    pub const fn plain() -> Self {
        Self { colour: false }
    }

    /// `text` in its tone. `text` must have been sanitised.
    #[must_use]
    pub fn paint(self, tone: Tone, text: &str) -> Cow<'_, str> {
        if !self.colour {
            return Cow::Borrowed(text);
        }
        let code = match tone {
            Tone::Alarm => "1;97;41",
            Tone::Strong => "1",
            Tone::Good => "32",
            Tone::Warning => "33",
            Tone::Faint => "2",
        };
        Cow::Owned(format!("\x1b[{code}m{text}\x1b[0m"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Door;

    #[test]
    fn what_is_made_visible() {
        let table = [
            ("plain text, größe, 日本", "plain text, größe, 日本"),
            ("\u{1b}[31mred\u{1b}]0;title\u{7}", "\\x1b[31mred\\x1b]0;title\\x07"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\u{9b}2J\u{7f}", "\\x9b2J\\x7f"),
            ("rm \u{202e}cod.txt", "rm \\u{202e}cod.txt"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(sanitize(text), expected);
            assert_eq!(sanitize_os(OsStr::new(text)), expected);
            assert_eq!(sanitize(&sanitize(text)), expected, "again");
        }
        assert_eq!(sanitize_os(OsStr::from_bytes(b"a\xff\xc3")), "a\\xff\\xc3");
    }

    #[test]
    fn colour_only_where_it_is_wanted() {
        let style = |variables: &[(&str, &str)], terminal| {
            let mut overlay = vec![("NO_COLOR".into(), "".into()), ("TERM".into(), "xterm".into())];
            overlay.extend(variables.iter().map(|(name, value)| (name.into(), value.into())));
            Style::new(&Context::new(Door::Check).with_env(overlay), terminal)
        };
        assert_eq!(style(&[], true).paint(Tone::Strong, "x"), "\x1b[1mx\x1b[0m");
        for plain in [style(&[], false), style(&[("NO_COLOR", "1")], true), style(&[("TERM", "dumb")], true)]
        {
            assert_eq!(plain.paint(Tone::Alarm, "x"), "x");
        }
    }

    #[test]
    fn shortened_by_characters() {
        assert_eq!(shorten("größe", 5), "größe");
        assert_eq!(shorten("größer", 5), "größ…");
    }
}
