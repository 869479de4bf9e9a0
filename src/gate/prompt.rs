//! The question to the person at the terminal.
//!
//! In: a [`Card`] with what is about to happen. Out: an [`Answer`]. It refuses to take an answer from
//! standard input, from a terminal that this process is not in the foreground of, or after the time is
//! up; and it refuses to know whether the caller may be asked at all: an agent never is.
#![expect(clippy::disallowed_methods, reason = "a person's answer has a time limit")]

use std::time::{Duration, Instant};

use crate::context::Context;
use crate::gate::{random, tty};
use crate::term;

/// How long a person has to answer.
pub const SECONDS: u64 = 60;

/// Names longer than this are cut: nobody types more.
const NAME_LENGTH: usize = 40;

/// Longer lines are cut: the question must stay in sight.
const WIDTH: usize = 400;

/// What came back.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The right answer.
    Yes,
    /// Enter, any other answer, Ctrl-C, Ctrl-D, or a signal.
    No,
    /// Nothing before the time was up.
    Unanswered,
    /// There is no terminal to ask on, or it is in somebody else's hands.
    Unavailable,
}

/// What has to be typed.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// `allow this once? [y/N] `
    YesNo,
    /// `type 'NAME' to allow this once: `
    Type(String),
}

impl Challenge {
    /// The line that every prompt and approval ends with. Stable: people learn it once.
    #[must_use]
    pub fn line(&self) -> String {
        match self {
            Self::YesNo => "allow this once? [y/N] ".to_owned(),
            Self::Type(name) => format!("type '{name}' to allow this once: "),
        }
    }

    /// True for the one right answer; spaces around it do not matter.
    #[must_use]
    pub fn accepts(&self, typed: &str) -> bool {
        let typed = typed.trim_matches([' ', '\t', '\r']);
        match self {
            Self::YesNo => typed.eq_ignore_ascii_case("y") || typed.eq_ignore_ascii_case("yes"),
            Self::Type(name) => !name.is_empty() && typed == name,
        }
    }
}

/// What the person reads before the question, in this order.
#[derive(Clone, Debug)]
pub struct Card {
    /// The environment and the target: `PRODUCTION: app at db.example.com`. First, because it is what
    /// nobody had looked at when it went wrong. Empty: not shown.
    pub banner: String,
    /// What is about to happen: `drop table public.users`.
    pub headline: String,
    /// Amount, way back, reasons: one line each.
    pub lines: Vec<String>,
    pub challenge: Challenge,
}

impl Card {
    /// The whole text, the challenge line last and without a line end.
    #[must_use]
    pub fn render(&self, style: term::Style) -> String {
        let mut text = String::new();
        if !self.banner.is_empty() {
            text.push_str(&style.paint(term::Tone::Alarm, &term::clean(&self.banner, WIDTH)));
            text.push('\n');
        }
        let headline = format!("agentguard: {}", term::clean(&self.headline, WIDTH));
        text.push_str(&style.paint(term::Tone::Strong, &headline));
        text.push('\n');
        for line in &self.lines {
            text.push_str("  ");
            text.push_str(&term::clean(line, WIDTH));
            text.push('\n');
        }
        text.push_str(&self.challenge.line());
        text
    }
}

/// Shows the card on the controlling terminal and waits for the answer.
pub fn ask(context: &Context, card: &Card) -> Answer {
    let Some(mut terminal) = tty::Terminal::open() else { return Answer::Unavailable };
    let text = card.render(term::Style::new(context, true));
    match terminal.ask(&text, Instant::now() + time_limit(context)) {
        Ok(tty::Typed::Line(line)) if card.challenge.accepts(&line) => Answer::Yes,
        Ok(tty::Typed::Line(_) | tty::Typed::Broken) => Answer::No,
        Ok(tty::Typed::TimedOut) => Answer::Unanswered,
        Err(_) => Answer::Unavailable,
    }
}

/// The time limit; the environment may only shorten it.
fn time_limit(context: &Context) -> Duration {
    let wanted = context.env_text("AGENTGUARD_PROMPT_SECONDS").and_then(|text| text.parse::<u64>().ok());
    Duration::from_secs(wanted.unwrap_or(SECONDS).clamp(1, SECONDS))
}

/// What to type for `object`: its last component, or a code where there are several objects or no
/// component that could be typed. `None` when not even a code could be had: then nobody is asked.
///
/// The last component is what follows the last `/`, or where there is none the last `.` or `:`
/// (`public.users`, `bucket:key`). A file without a folder is passed as `./notes.txt`.
#[must_use]
pub fn challenge_name(object: &str, several: bool) -> Option<String> {
    if !several && let Some(name) = last_component(object) {
        return Some(name);
    }
    random::letters(random::LETTERS, 4)
}

fn last_component(object: &str) -> Option<String> {
    let object = object.trim().trim_end_matches('/');
    let start = object.rfind('/').or_else(|| last_separator(object)).map_or(0, |at| at + 1);
    let name: String = object.get(start..)?.chars().filter(|letter| !"'\"`".contains(*letter)).collect();
    // What cannot be shown as it is cannot be typed either, and looks like something else.
    if name != term::sanitize(&name) || !name.chars().any(char::is_alphanumeric) {
        return None;
    }
    let name: String = name.trim().chars().take(NAME_LENGTH).collect();
    let name = name.trim_end();
    // Globs and variables name more than one thing.
    (!name.is_empty() && !name.contains(['*', '?', '$', '\\'])).then(|| name.to_owned())
}

/// The last `.` or `:` outside quotes: a quoted identifier may hold either.
fn last_separator(object: &str) -> Option<usize> {
    let mut quote = None;
    let mut last = None;
    for (at, letter) in object.char_indices() {
        match (quote, letter) {
            (None, '"' | '`' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None, '.' | ':') => last = Some(at),
            _ => {}
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Door;

    #[test]
    fn names_to_type() {
        let table: [(&str, &str); 16] = [
            ("public.users", "users"),
            ("users", "users"),
            ("\"public\".\"My Table\"", "My Table"),
            ("\"odd.name\"", "odd.name"),
            ("app.public.users", "users"),
            ("src/", "src"),
            ("/home/u/app/.env", ".env"),
            ("./notes.txt", "notes.txt"),
            ("s3://bucket/prefix/", "prefix"),
            ("s3://bucket", "bucket"),
            ("origin/main", "main"),
            ("arn:aws:rds:eu-west-1:1:db:prod", "prod"),
            ("it's", "its"),
            ("größe", "größe"),
            ("0123456789012345678901234567890123456789tail", "0123456789012345678901234567890123456789"),
            ("stash@{0}", "stash@{0}"),
        ];
        for (object, expected) in table {
            assert_eq!(challenge_name(object, false).as_deref(), Some(expected), "{object}");
        }
    }

    #[test]
    fn a_code_where_there_is_no_name() {
        for object in ["", "/", "//", "*", "$DIR", "src/*", "a\u{202e}b", "\u{1b}[2J", "..", "a\nb", "\"\""] {
            let name = challenge_name(object, false).unwrap();
            assert!(
                name.len() == 4 && name.bytes().all(|byte| random::LETTERS.contains(&byte)),
                "{object}: {name}"
            );
        }
        assert_eq!(challenge_name("users", true).unwrap().len(), 4);
    }

    #[test]
    fn only_the_right_answer_is_one() {
        let typed = Challenge::Type("users".to_owned());
        for (answer, right) in [
            ("users", true),
            (" users ", true),
            ("", false),
            ("y", false),
            ("Users", false),
            ("'users'", false),
        ] {
            assert_eq!(typed.accepts(answer), right, "{answer:?}");
        }
        for (answer, right) in
            [("y", true), ("Y", true), ("yes", true), ("", false), ("n", false), ("yy", false), ("ja", false)]
        {
            assert_eq!(Challenge::YesNo.accepts(answer), right, "{answer:?}");
        }
        assert!(!Challenge::Type(String::new()).accepts(""));
    }

    #[test]
    fn the_text_is_stable_and_clean() {
        let card = Card {
            banner: "PRODUCTION: app at db.example.com".to_owned(),
            headline: "drop table public.users\u{1b}[2J".to_owned(),
            lines: vec!["1,203,441 rows".to_owned(), "way back: none".to_owned()],
            challenge: Challenge::Type("users".to_owned()),
        };
        assert_eq!(
            card.render(term::Style::plain()),
            "PRODUCTION: app at db.example.com\nagentguard: drop table public.users\\x1b[2J\n  1,203,441 rows\n  \
             way back: none\ntype 'users' to allow this once: "
        );
        assert_eq!(Challenge::YesNo.line(), "allow this once? [y/N] ");
    }

    #[test]
    fn the_environment_only_shortens_the_time() {
        for (value, seconds) in [("2", 2), ("600", 60), ("0", 1), ("-5", 60), ("x", 60)] {
            let overlay = vec![("AGENTGUARD_PROMPT_SECONDS".into(), value.into())];
            let context = Context::new(Door::Check).with_env(overlay);
            assert_eq!(time_limit(&context).as_secs(), seconds, "{value}");
        }
    }
}
