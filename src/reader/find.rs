//! find: start paths, then an expression of tests and actions.
//!
//! | in the expression | becomes |
//! |---|---|
//! | `-delete` | the removal of every start path, softened by the tests in front of it |
//! | `-exec`, `-execdir`, `-ok`, `-okdir` CMD `;` or `+` | CMD with the start path for `{}`, softened likewise |
//! | `-fprint`, `-fprint0`, `-fls`, `-fprintf` FILE | an overwritten file |
//! | tests joined by and | all of them narrow |
//! | `-o`, `,`, `!`, `( )` | alternatives, none, a negation narrows nothing, a group |
//!
//! | tests | leave of a removal |
//! |---|---|
//! | `-name` of what builds make again; `-empty`; `-type l` | low |
//! | `-name` of data, keys or settings | high |
//! | other names, paths, ages, sizes, owners | medium in the working folder; else a step below the whole |
//! | `-type f`, depths, none | the whole |

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::action::{Action, Effect, Impact, Loss, Question};
use crate::assess::Severity;
use crate::context::Context;
use crate::invocation::{Invocation, Word};
use crate::measure::names;
use crate::reader::{Call, Nest, Reading, Setting, files, wrapper};

/// What the tests leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Narrow {
    /// Name patterns of which one must match.
    names: Option<Vec<String>>,
    /// Something else than a name selects.
    selected: bool,
    /// Only what holds nothing: empty files and folders, symbolic links.
    hollow: bool,
}

impl Narrow {
    /// Either of two.
    fn or(self, other: Self) -> Self {
        // One side by name, the other by something else: both select.
        let narrows = !self.is_whole() && !other.is_whole();
        let hollow = self.hollow && other.hollow;
        let names = match (self.names, other.names) {
            (Some(left), Some(right)) => Some([left, right].concat()),
            _ => None,
        };
        Self { selected: narrows && names.is_none(), hollow, names }
    }

    fn named(&mut self, pattern: &str) {
        let pattern = pattern.trim_end_matches('/');
        if pattern.bytes().all(|byte| matches!(byte, b'*' | b'?' | b'.' | b'/')) {
            return;
        }
        self.names = Some(alternatives(pattern));
    }

    /// How bad the removal of what is left is, if names and tests say it.
    fn verdict(&self) -> Option<Severity> {
        if self.hollow {
            return Some(Severity::Low);
        }
        let names = self.names.as_ref()?;
        if names.iter().any(|name| names::is_precious(OsStr::new(name))) {
            return Some(Severity::High);
        }
        names.iter().all(|name| names::regenerable(OsStr::new(name)).is_some()).then_some(Severity::Low)
    }

    const fn is_whole(&self) -> bool {
        self.names.is_none() && !self.selected && !self.hollow
    }
}

/// `*.py[co]` → `*.pyc`, `*.pyo`: what a class of a few characters stands for.
fn alternatives(pattern: &str) -> Vec<String> {
    let class = pattern.find('[').and_then(|open| {
        let close = pattern[open..].find(']')? + open;
        Some((open, close))
    });
    let Some((open, close)) = class else { return vec![pattern.to_owned()] };
    let inside = &pattern[open + 1..close];
    if inside.contains('-') || inside.starts_with(['!', '^']) || inside.len() > 8 {
        return vec![pattern.to_owned()];
    }
    inside.chars().map(|letter| format!("{}{letter}{}", &pattern[..open], &pattern[close + 1..])).collect()
}

/// What find's tests select below one start path, for actions of a nested command.
#[derive(Clone, Debug)]
pub struct Selection {
    start: PathBuf,
    cwd: PathBuf,
    here: bool,
    narrow: Narrow,
}

impl Selection {
    /// Removals of the start path become removals of what is selected below it.
    pub fn apply(&self, actions: &mut [Action], context: &Context) {
        for action in actions {
            match &action.question {
                Some(Question::Remove { path, .. }) if *path == self.start => {
                    self.soften(action, context);
                }
                // What is moved one by one is named by the tests, not by the start path.
                Some(Question::Softened { path, .. }) if *path == self.start && !self.narrow.is_whole() => {
                    action.question = None;
                    action.impact = Impact::Fixed(Severity::Low);
                }
                _ => {}
            }
        }
    }

    fn soften(&self, action: &mut Action, context: &Context) {
        if let Some(severity) = self.narrow.verdict() {
            // A name that builds make again says little about a machine's own folders.
            let temporary =
                ["/tmp", "/var/tmp", "/var/cache"].iter().any(|folder| self.start.starts_with(folder));
            let own =
                self.here || temporary || context.home().is_some_and(|home| self.start.starts_with(home));
            let floor = if own { Severity::None } else { Severity::Medium };
            action.question = None;
            action.impact = Impact::Fixed(severity.max(floor));
            action.scope = "what the tests select".into();
            return;
        }
        let (path, cwd) = (self.start.clone(), self.cwd.clone());
        let temporary = ["/tmp", "/var/tmp"].iter().any(|folder| path == Path::new(folder));
        if self.narrow.is_whole() {
            action.question = Some(Question::Remove { path, recursive: true, cwd });
            return;
        }
        action.scope = "what the tests select".into();
        if temporary {
            action.question = None;
            action.impact = Impact::Fixed(Severity::Low);
            return;
        }
        let home = context.home().is_some_and(|home| home == self.cwd) || self.cwd.parent().is_none();
        let loss = if self.here && !home { Loss::SelectedHere } else { Loss::Selected };
        action.question = Some(Question::Softened { path, cwd, loss });
    }
}

/// One thing that find does to what it finds.
#[derive(Debug)]
enum Deed {
    Delete,
    Run(Vec<Word>),
    Print(Word),
}

/// What the expression does.
#[must_use]
pub fn read(call: &Call) -> Reading {
    let args = &call.invocation.args;
    let is = |word: &Word, names: &[&str]| names.iter().any(|name| word.visible() == *name);
    if args.first().is_some_and(|word| is(word, &["--help", "-help", "--version", "-version"])) {
        return Reading::default();
    }
    let (starts, from) = starts(args);
    let mut parser = Parser { words: &args[from..], at: 0, deeds: Vec::new() };
    parser.either(&Narrow::default());
    let mut reading = Reading::default();
    for (deed, narrow) in parser.deeds {
        for start in &starts {
            act(&deed, start, &narrow, call, &mut reading);
        }
    }
    reading
}

/// The start paths, and where the expression begins.
fn starts(args: &[Word]) -> (Vec<Word>, usize) {
    let mut at = 0;
    while let Some(word) = args.get(at) {
        let visible = word.visible();
        match visible.as_bytes() {
            b"-H" | b"-L" | b"-P" => at += 1,
            b"-D" => at += 2,
            bytes if bytes.starts_with(b"-O") && bytes.len() == 3 => at += 1,
            _ => break,
        }
    }
    let from = at.min(args.len());
    while args.get(at).is_some_and(|word| !starts_expression(word)) {
        at += 1;
    }
    let at = at.min(args.len());
    let mut starts = args[from..at].to_vec();
    if starts.is_empty() {
        starts.push(Word::literal("."));
    }
    (starts, at)
}

/// What a pipeline that begins with find prints, as far as its text says: start paths and what is
/// selected below them. `None` for any other text.
#[must_use]
pub fn listed(source: &str, call: &Call) -> Option<Vec<(Word, Selection)>> {
    let (find, filters) = source.split_once('|').map_or((source, false), |(find, _)| (find, true));
    if find.contains(['$', '`', ';', '&', '<', '>']) {
        return None;
    }
    let words: Vec<Word> = shell_words::split(find).ok()?.into_iter().map(Word::literal).collect();
    let (program, args) = words.split_first()?;
    if program.visible() != "find" {
        return None;
    }
    let (starts, from) = starts(args);
    let mut parser = Parser { words: &args[from..], at: 0, deeds: Vec::new() };
    let mut narrow = parser.either(&Narrow::default());
    // `| grep x`, `| head`: some of them.
    narrow.selected |= filters;
    let selected = |start: Word| {
        let selection = selection(start.known()?, &narrow, call);
        Some((start, selection))
    };
    Some(starts.into_iter().filter_map(selected).collect())
}

/// True where the start paths end: `-test`, `(`, `!`, `,`.
fn starts_expression(word: &Word) -> bool {
    let visible = word.visible();
    matches!(visible.as_bytes(), b"(" | b")" | b"!" | b",") || visible.as_bytes().starts_with(b"-")
}

fn act(deed: &Deed, start: &Word, narrow: &Narrow, call: &Call, reading: &mut Reading) {
    let delete = || {
        Action::new(Effect::Destroy, Impact::Fixed(Severity::High), "find.delete", "delete")
            .object(start.shown())
            .scope("everything below")
            .undo("none")
            .advice("run it with -print instead of -delete first and read the list")
    };
    let selection = start.known().map(|known| selection(known, narrow, call));
    match (deed, selection) {
        (Deed::Delete, Some(selection)) => {
            let mut action = delete();
            selection.soften(&mut action, call.context);
            reading.actions.push(action);
        }
        (Deed::Delete, None) => {
            let mut action = delete();
            let severity = narrow.verdict().unwrap_or(Severity::High);
            action.impact = Impact::Fixed(severity);
            action.certainty = crate::action::Certainty::Possible;
            reading.actions.push(action);
        }
        (Deed::Run(words), selection) => {
            let nest = run(words, start, call);
            reading.nested.extend(nest.map(|inner| match selection {
                Some(selection) => {
                    Nest::Within { inner: Box::new(inner), setting: Setting::Selection(selection) }
                }
                None => inner,
            }));
        }
        (Deed::Print(file), _) => {
            let action =
                Action::new(Effect::Destroy, Impact::Fixed(Severity::Low), "find.print", "overwrite");
            let written = file.known().and_then(|file| files::overwritten(&action, &call.path(file)));
            reading.actions.extend(written);
        }
    }
}

fn selection(start: &OsStr, narrow: &Narrow, call: &Call) -> Selection {
    let path = Path::new(start);
    let climbs = path.components().any(|part| part == std::path::Component::ParentDir);
    let resolved = call.path(start);
    let here = !climbs && resolved.starts_with(&call.invocation.cwd);
    Selection { start: resolved, cwd: call.path(OsStr::new("")), here, narrow: narrow.clone() }
}

/// The command with the start path for `{}`.
fn run(words: &[Word], start: &Word, call: &Call) -> Option<Nest> {
    let mut words: Vec<Word> =
        words.iter().map(|word| wrapper::substitute(word, OsStr::new("{}"), start)).collect();
    if words.is_empty() {
        return None;
    }
    let program = words.remove(0);
    let outer = call.invocation;
    Some(Nest::Command(Invocation {
        program,
        args: words,
        stdin: outer.stdin.clone(),
        cwd: outer.cwd.clone(),
        env: outer.env.clone(),
        depth: outer.depth + 1,
        written: outer.written.clone(),
    }))
}

/// Tests by the number of words they take; a leading `+` marks those that select.
const ONE: &[&str] = &[
    "-maxdepth",
    "-mindepth",
    "-regextype",
    "-printf",
    "-files0-from",
    "-fstype",
    "-xtype",
    "+-path",
    "+-wholename",
    "+-ipath",
    "+-iwholename",
    "+-regex",
    "+-iregex",
    "+-lname",
    "+-ilname",
    "+-size",
    "+-mtime",
    "+-atime",
    "+-ctime",
    "+-mmin",
    "+-amin",
    "+-cmin",
    "+-anewer",
    "+-cnewer",
    "+-samefile",
    "+-inum",
    "+-links",
    "+-perm",
    "+-user",
    "+-group",
    "+-uid",
    "+-gid",
    "+-used",
    "+-context",
    "+-Bmin",
    "+-Btime",
    "+-flags",
];

struct Parser<'a> {
    words: &'a [Word],
    at: usize,
    deeds: Vec<(Deed, Narrow)>,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<OsString> {
        let word = self.words.get(self.at)?;
        self.at += 1;
        Some(word.visible())
    }

    fn peek(&self) -> Option<OsString> {
        self.words.get(self.at).map(Word::visible)
    }

    /// Alternatives up to `)` or the end; what holds after them.
    fn either(&mut self, outer: &Narrow) -> Narrow {
        let mut found = self.all(outer);
        while let Some(word) = self.peek() {
            match word.as_bytes() {
                b"-o" | b"-or" => {
                    self.at += 1;
                    found = found.or(self.all(outer));
                }
                b"," => {
                    self.at += 1;
                    found = self.all(outer);
                }
                _ => break,
            }
        }
        found
    }

    fn all(&mut self, outer: &Narrow) -> Narrow {
        let mut narrow = outer.clone();
        while let Some(word) = self.peek() {
            if matches!(word.as_bytes(), b"-o" | b"-or" | b"," | b")") {
                break;
            }
            self.factor(&mut narrow);
        }
        narrow
    }

    fn factor(&mut self, narrow: &mut Narrow) {
        let Some(word) = self.next() else { return };
        let text = word.to_string_lossy();
        match text.as_ref() {
            "(" => {
                *narrow = self.either(narrow);
                if self.peek().is_some_and(|word| word == ")") {
                    self.at += 1;
                }
            }
            // What is excluded narrows, but not to anything known to be harmless.
            "!" | "-not" => self.factor(&mut narrow.clone()),
            "-delete" => self.deeds.push((Deed::Delete, narrow.clone())),
            "-exec" | "-execdir" | "-ok" | "-okdir" => {
                let words = self.command();
                self.deeds.push((Deed::Run(words), narrow.clone()));
            }
            "-fprint" | "-fprint0" | "-fls" | "-fprintf" => {
                if let Some(file) = self.words.get(self.at) {
                    self.deeds.push((Deed::Print(file.clone()), narrow.clone()));
                }
                self.at += if text == "-fprintf" { 2 } else { 1 };
            }
            "-name" | "-iname" => {
                let pattern = self.next().unwrap_or_default();
                narrow.named(&pattern.to_string_lossy());
            }
            "-type" => {
                let kind = self.next().unwrap_or_default();
                narrow.hollow |= kind == "l";
            }
            "-empty" => narrow.hollow = true,
            other => self.test(other, narrow),
        }
    }

    /// A test that is known by the number of its words only.
    fn test(&mut self, test: &str, narrow: &mut Narrow) {
        let listed = ONE.iter().find(|known| known.trim_start_matches('+') == test);
        let newer = test.starts_with("-newer");
        if listed.is_none() && !newer {
            return;
        }
        let value = self.next().unwrap_or_default();
        if newer || listed.is_some_and(|known| known.starts_with('+')) {
            let value = value.to_string_lossy();
            let of_path = test.ends_with("path") || test.ends_with("wholename");
            // `*/node_modules/*`: what lies below a name that is made again.
            let part = value.split('/').find(|part| names::regenerable(OsStr::new(part)).is_some());
            match part.filter(|part| of_path && !part.starts_with('*')) {
                Some(part) => narrow.named(part),
                None => narrow.selected = true,
            }
        }
    }

    /// The words up to `;`, or to `+` after `{}`.
    fn command(&mut self) -> Vec<Word> {
        let mut words: Vec<Word> = Vec::new();
        while let Some(word) = self.words.get(self.at) {
            self.at += 1;
            let visible = word.visible();
            let after_mark = words.last().is_some_and(|last| last.visible() == "{}");
            if visible == ";" || (visible == "+" && after_mark) {
                break;
            }
            words.push(word.clone());
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn narrow(line: &str) -> Vec<(String, Narrow)> {
        let words: Vec<Word> =
            shell_words::split(line).unwrap_or_default().into_iter().map(Word::literal).collect();
        let mut parser = Parser { words: &words, at: 0, deeds: Vec::new() };
        parser.either(&Narrow::default());
        parser.deeds.into_iter().map(|(deed, narrow)| (format!("{deed:?}"), narrow)).collect()
    }

    #[test]
    fn tests_narrow_what_follows_them() {
        for (line, expected) in [
            ("-delete", None),
            ("-type f -delete", None),
            ("-delete -name '*.pyc'", None),
            ("-name '*.pyc' -delete", Some(Severity::Low)),
            ("-name '*.py[co]' -delete", Some(Severity::Low)),
            ("( -name '*.o' -o -name '*.pyc' ) -delete", Some(Severity::Low)),
            ("( -name '*.o' -o -name notes ) -delete", None),
            ("-name '*.sqlite3' -delete", Some(Severity::High)),
            ("-type d -empty -delete", Some(Severity::Low)),
            ("-path ./node_modules -prune -o -name '*.orig' -delete", Some(Severity::Low)),
            ("-name '*.o' -print -o -delete", None),
            ("! -name '*.o' -delete", None),
            ("-name __pycache__ -exec rm -rf {} +", Some(Severity::Low)),
        ] {
            let deeds = narrow(line);
            assert_eq!(deeds.len(), 1, "{line}");
            assert_eq!(deeds[0].1.verdict(), expected, "{line}");
        }
        assert!(narrow("! -name '*.o' -delete")[0].1.is_whole());
        assert!(narrow("-name '*' -type f -delete")[0].1.is_whole());
        assert!(!narrow("-mtime +7 -delete")[0].1.is_whole());
    }

    #[test]
    fn commands_end_at_their_terminator() {
        let deeds = narrow("-exec rm {} ';' -exec mv {} + ';' -fprint x");
        assert_eq!(deeds.len(), 3);
        assert!(deeds[1].0.contains("mv"), "{deeds:?}");
    }
}
