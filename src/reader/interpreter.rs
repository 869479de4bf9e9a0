//! Interpreters of scripting languages: inline code, code on standard input, small scripts.
//!
//! | argument | becomes |
//! |---|---|
//! | an option with role `code` (`-c`, `-e`, `-r`) | its calls (`language::code`); what is built at run time is unread |
//! | code on standard input | the same |
//! | `FILE ARG…` | the file's own calls; what it builds at run time is nothing: the shims meet it again |
//! | `-m MODULE ARG…` (role `module`) | the program of that name |
//! | `manage.py COMMAND` | what Django's command does |
//! | no operand, a terminal | nothing |

mod module;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::action::{Action, Certainty, Effect, Impact, Question};
use crate::assess::Severity;
use crate::grammar::bind::Binding;
use crate::invocation::{Invocation, Piece, Stdin, Word};
use crate::language::code::{self, Deed, Dialect, Process, Start};
use crate::language::{json, sql};
use crate::measure::names;
use crate::reader::http::{body::Body, judge, request::Request, url::Url};
use crate::reader::{Call, Nest, Reading, Shell, plain};
use crate::target::database::Connection;
use crate::target::{Environment, Target};

/// Scripts above this are not read.
const SCRIPT_BOUND: u64 = 256 << 10;
/// Code inside code is followed this far.
const DEPTH: usize = 6;
/// Deeds of one text.
const DEEDS: usize = 2048;
/// The variable that stands in shell text for what only the code knows.
const HOLE: &str = "agentguard_unknown";

/// The code that the interpreter would run.
#[must_use]
pub fn read(binding: &Binding, call: &Call) -> Reading {
    if plain::is_safe(binding) {
        return Reading::default();
    }
    let code = binding.options.iter().find(|bound| bound.opt.role == "code");
    let named = binding.options.iter().find(|bound| bound.opt.role == "module");
    if let Some(named) = named.filter(|named| code.is_none_or(|code| named.at < code.at)) {
        return module::run(named.value.as_ref(), named.at, call);
    }
    let mut code_reader = Code::new(binding, call);
    if code.is_some() {
        let texts: Vec<&Word> = binding.with_role("code").filter_map(|bound| bound.value.as_ref()).collect();
        code_reader.argv = argv(code_reader.dialect, &binding.operands, false);
        // Each is a line of its own (perl, ruby).
        for text in texts {
            code_reader.inline(&text.clone());
        }
        return code_reader.reading;
    }
    if binding.command.path == ["eval"] {
        let (text, rest) =
            binding.operands.split_first().map_or((None, &[][..]), |(text, rest)| (Some(text), rest));
        code_reader.argv = argv(code_reader.dialect, rest, false);
        if let Some(text) = text {
            code_reader.inline(text);
        }
        return code_reader.reading;
    }
    let named = binding.role_value("file").or_else(|| binding.operands.first()).cloned();
    if binding.grammar.program == "deno" && (binding.command.path.is_empty() || named.is_none()) {
        return deno(binding);
    }
    let from_stdin = named.as_ref().is_none_or(|word| word.known() == Some(OsStr::new("-")));
    if from_stdin {
        code_reader.argv = argv(code_reader.dialect, binding.operands.get(1..).unwrap_or_default(), false);
        code_reader.stdin = Stdin::Empty;
        match call.stdin() {
            Stdin::Bytes(bytes) => code_reader.inline(&Word::Literal(OsString::from_vec(bytes))),
            // A conversation: what it starts is met again at the shims.
            Stdin::Empty | Stdin::Inherited => {}
            Stdin::Unknown(source) => {
                code_reader.unread("stdin", format!("the code on standard input ({source})"));
            }
        }
        return code_reader.reading;
    }
    match named {
        Some(file) => script(&file, binding, call, code_reader),
        None => code_reader.reading,
    }
}

/// deno's other subcommands, by their words; `deno FILE` runs a file, which is a script as well.
fn deno(binding: &Binding) -> Reading {
    Reading::of(crate::reader::verb::unknown_program(binding.grammar.program, &binding.operands))
}

/// A named script.
fn script(file: &Word, binding: &Binding, call: &Call, mut reader: Code) -> Reading {
    let Some(file) = file.known() else { return Reading::default() };
    if file.as_bytes().ends_with(b"manage.py") && reader.dialect == Dialect::Python {
        return module::manage(binding.operands.get(1..).unwrap_or_default(), call, reader);
    }
    let last = file.as_bytes().rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    // A script without an ending is a program: `php artisan`, `node node_modules/.bin/rimraf`.
    if !last.is_empty() && !last.contains(&b'.') {
        let rest = usize::from(!binding.has_role("file"));
        reader.reading.nested.push(Nest::Command(Invocation {
            program: Word::literal(OsStr::from_bytes(last)),
            args: binding.operands.get(rest..).unwrap_or_default().to_vec(),
            depth: call.invocation.depth + 1,
            ..call.invocation.clone()
        }));
    }
    // A script that is not there cannot run; one that cannot be read is met again at the shims.
    let Ok(bytes) = call.read(&call.path(file), SCRIPT_BOUND) else { return reader.reading };
    reader.argv = argv(reader.dialect, &binding.operands, true);
    reader.named = true;
    reader.code(&String::from_utf8_lossy(&bytes), 0);
    reader.reading
}

/// Arguments as the language counts them.
fn argv(dialect: Dialect, operands: &[Word], named: bool) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    match dialect {
        Dialect::Python | Dialect::Php if !named => words.push(Word::literal("-c")),
        Dialect::JavaScript => words.push(Word::literal("node")),
        _ => {}
    }
    let skipped = usize::from(named && matches!(dialect, Dialect::Ruby | Dialect::Perl));
    words.extend(operands.iter().skip(skipped).cloned());
    words
}

struct Code<'a> {
    call: &'a Call<'a>,
    program: &'static str,
    dialect: Dialect,
    argv: Vec<Word>,
    stdin: Stdin,
    /// A named script: only what is written out in it counts.
    named: bool,
    database: Target,
    left: usize,
    reading: Reading,
}

impl<'a> Code<'a> {
    fn new(binding: &Binding, call: &'a Call) -> Self {
        let program = binding.grammar.program;
        let dialect = match program {
            "python3" => Dialect::Python,
            "ruby" => Dialect::Ruby,
            "perl" => Dialect::Perl,
            "php" => Dialect::Php,
            _ => Dialect::JavaScript,
        };
        Self {
            call,
            program,
            dialect,
            argv: Vec::new(),
            stdin: call.invocation.stdin.clone(),
            named: false,
            database: Target::default(),
            left: DEEDS,
            reading: Reading::default(),
        }
    }

    fn unread(&mut self, rule: &str, what: impl Into<String>) {
        let action = Action::unread(format!("{}.{rule}", self.program), what)
            .advice("write out what is to be run, so that it can be read first");
        self.reading.actions.push(action);
    }

    /// Code of the command line, pieces that the shell puts in included.
    fn inline(&mut self, text: &Word) {
        match text {
            Word::Literal(text) if text.len() as u64 > SCRIPT_BOUND => {
                self.unread("code", "code of this length");
            }
            Word::Literal(text) => self.code(&text.to_string_lossy(), 0),
            Word::Dynamic(pieces) => {
                // A name in the place of what the shell puts in: a value that is not known.
                let mut source = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => source.push_str(&text.to_string_lossy()),
                        Piece::Unknown(_) => source.push_str(HOLE),
                    }
                }
                if source.trim() == HOLE {
                    self.unread("code", text.shown());
                } else {
                    self.code(&source, 0);
                }
            }
        }
    }

    fn code(&mut self, text: &str, depth: usize) {
        let call = self.call;
        let env = move |name: &str| call.env(name);
        let embedded = self.dialect == Dialect::Php && (self.named || text.trim_start().starts_with("<?php"));
        let start = Start { dialect: self.dialect, argv: self.argv.clone(), env: &env, embedded };
        let (deeds, complete) = code::read(text, &start);
        if !complete && !self.named {
            self.unread("code", "more code than is followed");
        }
        for deed in deeds {
            if self.left == 0 {
                self.unread("code", "more calls than are followed");
                return;
            }
            self.left -= 1;
            self.deed(deed, depth);
        }
    }

    fn deed(&mut self, deed: Deed, depth: usize) {
        match settled(deed) {
            Deed::Remove { path, recursive } => self.remove(&path, recursive),
            Deed::Truncate { path } => self.truncate(&path),
            Deed::Shell { text, process } => self.shell(&text, &process),
            Deed::Command { words, process } => self.command(words, &process),
            Deed::Sql { text } => self.sql(&text),
            Deed::Connect { place } => self.database = database(&place),
            Deed::Http { method, url, body } => self.http(&method, &url, body),
            Deed::Code { text } => match text.known() {
                Some(known) if depth < DEPTH => self.code(&known.to_string_lossy(), depth + 1),
                _ if self.named => {}
                _ => self.unread("built-code", text.shown()),
            },
            Deed::Unnamed { source } if !self.named => self.unread("built-name", source),
            Deed::Unnamed { .. } => {}
        }
    }

    fn remove(&mut self, path: &Word, recursive: bool) {
        let action = Action::new(
            Effect::Destroy,
            Impact::Fixed(Severity::Low),
            format!("{}.remove", self.program),
            "remove",
        )
        .object(path.shown())
        .undo("none")
        .advice("move it aside instead");
        let action = match path {
            Word::Literal(text) if text.is_empty() => return,
            Word::Literal(text) => action.question(Question::Remove {
                path: self.call.path(text),
                recursive,
                cwd: self.call.path(OsStr::new("")),
            }),
            Word::Dynamic(pieces) => {
                let temporary = matches!(pieces.first(), Some(Piece::Unknown(name)) if name == "$TMPDIR");
                let mut action = action.scope("known only when it runs");
                action.certainty = Certainty::Possible;
                if recursive && !temporary && !self.named {
                    action.impact = Impact::Fixed(Severity::High);
                }
                action
            }
        };
        self.reading.actions.push(action);
    }

    /// What `>` would lose: data, keys and settings that exist.
    fn truncate(&mut self, path: &Word) {
        let Some(name) = path.known() else { return };
        let path = self.call.path(name);
        let file = std::fs::metadata(&path).is_ok_and(|metadata| metadata.is_file());
        if file && path.file_name().is_some_and(names::is_precious) {
            self.reading.actions.push(
                Action::new(
                    Effect::Destroy,
                    Impact::Fixed(Severity::High),
                    format!("{}.overwrite", self.program),
                    "overwrite",
                )
                .object(name.to_string_lossy().into_owned())
                .undo("none")
                .advice("write to a new file, look at it, then move it"),
            );
        }
    }

    fn shell(&mut self, text: &Word, process: &Process) {
        let mut env = self.call.invocation.env.clone();
        let text = match text {
            Word::Literal(_) => text.clone(),
            Word::Dynamic(_) if self.named => return,
            Word::Dynamic(pieces) if matches!(pieces.first(), Some(Piece::Unknown(_))) => {
                return self.unread("built-command", text.shown());
            }
            // What the code puts in is a word that the shell cannot know either.
            Word::Dynamic(pieces) => {
                let mut source = OsString::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => source.push(text),
                        Piece::Unknown(_) => source.push(format!("${{{HOLE}}}")),
                    }
                }
                env.push((OsString::from(HOLE), Word::Dynamic(vec![Piece::Unknown(text.shown())])));
                Word::Literal(source)
            }
        };
        let Some(stdin) = self.stdin_of(process) else { return };
        let cwd = self.cwd_of(process);
        self.reading.nested.push(Nest::Shell(Shell { text, args: Vec::new(), cwd, stdin, env }));
    }

    fn command(&mut self, words: Vec<Word>, process: &Process) {
        let dynamic = words.iter().any(Word::is_dynamic);
        if words.is_empty() || (self.named && dynamic) {
            return;
        }
        let mut words = words;
        let program = words.remove(0);
        if program.is_dynamic() {
            return self.unread("built-command", program.shown());
        }
        let Some(stdin) = self.stdin_of(process) else { return };
        let outer = self.call.invocation;
        self.reading.nested.push(Nest::Command(Invocation {
            program,
            args: words,
            stdin,
            cwd: self.cwd_of(process),
            env: outer.env.clone(),
            depth: outer.depth + 1,
            written: outer.written.clone(),
        }));
    }

    /// What the process is sent; `None` where a script sends what only its run would tell.
    fn stdin_of(&self, process: &Process) -> Option<Stdin> {
        match &process.input {
            None => Some(self.stdin.clone()),
            Some(Word::Literal(text)) => Some(Stdin::Bytes(text.clone().into_vec())),
            Some(Word::Dynamic(_)) if self.named => None,
            Some(word) if word.shown().ends_with("DEVNULL") => Some(Stdin::Empty),
            Some(word) => Some(Stdin::Unknown(word.shown())),
        }
    }

    fn cwd_of(&self, process: &Process) -> std::path::PathBuf {
        match &process.cwd {
            Some(Word::Literal(folder)) => self.call.path(folder),
            _ => self.call.invocation.cwd.clone(),
        }
    }

    fn sql(&mut self, text: &Word) {
        let mut source = String::new();
        match text {
            Word::Literal(text) => source.push_str(&text.to_string_lossy()),
            Word::Dynamic(_) if self.named => return,
            Word::Dynamic(pieces) => {
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => source.push_str(&text.to_string_lossy()),
                        Piece::Unknown(_) => source.push_str(sql::DYNAMIC),
                    }
                }
            }
        }
        let mut actions = sql::read_sql(&source, self.program);
        for action in &mut actions {
            action.target = self.database.clone();
        }
        self.reading.actions.extend(actions);
    }

    fn http(&mut self, method: &Word, url: &Word, body: Option<String>) {
        if self.named && (url.is_dynamic() || method.is_dynamic()) {
            return;
        }
        let lower = crate::reader::http::body::lower_text;
        let url = lower(url);
        if !url.starts_with("http") && !url.contains(json::HOLE) {
            return;
        }
        let request = Request {
            method: lower(method),
            custom: true,
            url: Url::parse(&url, Some("https")),
            headers: Vec::new(),
            body: body.map_or(Body::None, |text| Body::Bytes(text.into_bytes())),
            credentials: Vec::new(),
            quotes: Vec::new(),
            upload: false,
            socket: None,
            connect_to: Vec::new(),
        };
        self.reading.actions.extend(judge::judge(&request, self.program));
    }
}

/// A deed in which a name that stands for what the shell puts in is a piece that is not known.
fn settled(deed: Deed) -> Deed {
    match deed {
        Deed::Remove { path, recursive } => Deed::Remove { path: opened(path), recursive },
        Deed::Truncate { path } => Deed::Truncate { path: opened(path) },
        Deed::Shell { text, process } => Deed::Shell { text: opened(text), process },
        Deed::Command { words, process } => {
            Deed::Command { words: words.into_iter().map(opened).collect(), process }
        }
        Deed::Sql { text } => Deed::Sql { text: opened(text) },
        Deed::Connect { place } => Deed::Connect { place: opened(place) },
        Deed::Http { method, url, body } => Deed::Http { method: opened(method), url: opened(url), body },
        Deed::Code { text } => Deed::Code { text: opened(text) },
        Deed::Unnamed { source } => Deed::Unnamed { source },
    }
}

/// A literal word, its holes opened.
fn opened(word: Word) -> Word {
    let Some(text) = word.known().and_then(OsStr::to_str).filter(|text| text.contains(HOLE)) else {
        return word;
    };
    let mut pieces = Vec::new();
    for (index, part) in text.split(HOLE).enumerate() {
        if index > 0 {
            pieces.push(Piece::Unknown("$…".to_owned()));
        }
        if !part.is_empty() {
            pieces.push(Piece::Text(OsString::from(part)));
        }
    }
    Word::Dynamic(pieces)
}

/// The place of a connection string or SQLite file.
fn database(place: &Word) -> Target {
    let text = place.known().map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
    if text.ends_with(":memory:") || text == "sqlite://" {
        let mut target = Target { kind: "sqlite", name: "memory".to_owned(), ..Target::default() };
        target.environment = Environment::Test;
        target.evidence.push("the database is in memory".to_owned());
        return target;
    }
    let plain = match text.split_once("://") {
        Some((scheme, rest)) if scheme.starts_with("postgres") => format!("postgresql://{rest}"),
        _ => text,
    };
    if !Connection::is_string(&plain) {
        return Target::default();
    }
    let mut connection = Connection::default();
    connection.take_string(&plain);
    connection.target("postgres")
}
