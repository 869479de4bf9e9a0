//! Clients whose options, files and standard input carry SQL: `psql`.
//!
//! | argument | becomes |
//! |---|---|
//! | `-c` (role `sql`) | one command: SQL in one implicit transaction, or one meta-command |
//! | `-f` (role `script`) | the file's text; `-` is standard input; what cannot be read is unknown |
//! | neither | standard input; on a terminal a conversation that nobody can read ahead |
//! | `-d`, `-h`, `-p`, `-U`, operands, environment | the target |
//! | `-v` (role `set`) | a variable |
//! | an rc file that is not skipped | read first, as the client does |

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::action::{Action, Effect, Impact};
use crate::context::{CONTENT_BOUND, Unreadable};
use crate::grammar::bind::{Binding, Bound};
use crate::invocation::{Stdin, Word};
use crate::language::psql::{Host, Script};
use crate::reader::{Call, Nest, Reading, plain, wrapper};
use crate::target::Target;
use crate::target::database::Connection;

/// Everything the client would run, with the target it would run on.
#[must_use]
pub fn read(binding: &Binding, call: &Call) -> Reading {
    if plain::is_safe(binding) {
        return Reading::default();
    }
    let mut session = Session::new(binding, call);
    session.rc_files(binding);
    session.inputs(binding);
    session.finish()
}

struct Session<'a> {
    call: &'a Call<'a>,
    program: &'static str,
    script: Script,
    surroundings: Surroundings<'a>,
    actions: Vec<Action>,
    nested: Vec<Nest>,
}

/// What a script reaches outside of itself.
struct Surroundings<'a> {
    call: &'a Call<'a>,
    /// The kind of server, as verdicts name it.
    kind: &'static str,
    /// The folder of the script being read, for `\ir`.
    folder: PathBuf,
    shells: Vec<Word>,
    /// Where statements go now: `\connect` changes it.
    connection: Connection,
}

impl Host for Surroundings<'_> {
    fn include(&mut self, path: &[u8], relative_to_script: bool) -> Result<Vec<u8>, String> {
        let name = OsStr::from_bytes(path);
        let path = if relative_to_script { self.folder.join(name) } else { self.call.path(name) };
        self.call.read(&path, CONTENT_BOUND).map_err(|why| format!("{} {why}", name.display()))
    }

    fn shell(&mut self, command: &[u8], _what: &str) -> Vec<Action> {
        self.shells.push(Word::Literal(crate::invocation::from_bytes(command)));
        Vec::new()
    }

    fn connect(&mut self, arguments: &str, before: &mut [Action]) {
        let here = self.connection.target(self.kind);
        for action in before.iter_mut().filter(|action| action.target == Target::default()) {
            action.target = here.clone();
        }
        let words = shell_words::split(arguments).unwrap_or_default();
        if let Some(first) = words.first().filter(|word| *word != "-") {
            if Connection::is_string(first) {
                self.connection = Connection::default();
                self.connection.take_string(first);
            } else {
                self.connection.database = Some(first.clone());
            }
        }
        if let Some(host) = words.get(2).filter(|word| *word != "-") {
            self.connection.hosts = Some(host.clone());
        }
    }

    fn variable(&self, _name: &str) -> Option<String> {
        // psql's own variables (HOST, DBNAME) are names, never SQL; the rest came with `-v`.
        None
    }
}

impl<'a> Session<'a> {
    fn new(binding: &Binding, call: &'a Call<'a>) -> Self {
        let connection = connection(binding, call);
        let mut script = Script::new(binding.grammar.program);
        for bound in binding.with_role("set") {
            if let Some(value) = &bound.value {
                let shown = value.shown();
                let (name, text) = shown.split_once('=').unwrap_or((shown.as_str(), ""));
                script.set_variable(name, value.known().map(|_| text.as_bytes()));
            }
        }
        if binding.has_role("single-transaction") {
            script.single_transaction();
        }
        if binding.has_role("single-line") {
            script.single_line();
        }
        Self {
            call,
            surroundings: Surroundings {
                call,
                kind: binding.grammar.target,
                folder: call.path(OsStr::new("")),
                shells: Vec::new(),
                connection,
            },
            program: binding.grammar.program,
            script,
            actions: Vec::new(),
            nested: Vec::new(),
        }
    }

    /// The user's rc file runs first, with `-c` and `-f` as well.
    fn rc_files(&mut self, binding: &Binding) {
        if binding.has_role("no-rc") {
            return;
        }
        let own = self.call.env_known("PSQLRC").map(|file| self.call.path(&file));
        let home = self.call.context.home().map(|home| home.join(".psqlrc"));
        if let Some(path) = own.or(home)
            && let Ok(text) = self.call.read(&path, CONTENT_BOUND)
        {
            self.script(&text, path.parent());
        }
    }

    fn inputs(&mut self, binding: &Binding) {
        let inputs: Vec<&Bound> =
            binding.options.iter().filter(|bound| matches!(bound.opt.role, "sql" | "script")).collect();
        if inputs.is_empty() {
            self.stdin();
        }
        for bound in inputs {
            let Some(value) = &bound.value else { continue };
            match (bound.opt.role, value.known()) {
                ("sql", None) => match with_unknowns(value) {
                    Some(text) => {
                        let actions = self.script.read_command(text.as_bytes(), &mut self.surroundings);
                        self.take(actions);
                    }
                    None => self.unread(value.shown()),
                },
                (_, None) => self.unread(value.shown()),
                ("sql", Some(text)) => {
                    let actions = self.script.read_command(text.as_bytes(), &mut self.surroundings);
                    self.take(actions);
                }
                (_, Some(file)) if file == "-" => self.stdin(),
                (_, Some(file)) => self.file(file),
            }
        }
        let actions = self.script.finish();
        self.take(actions);
        for bound in binding.with_role("output") {
            if let Some(value) = bound.value.as_ref().and_then(Word::known)
                && let Some(command) = value.as_bytes().strip_prefix(b"|")
            {
                self.surroundings.shells.push(Word::Literal(crate::invocation::from_bytes(command)));
            }
        }
    }

    fn file(&mut self, file: &OsStr) {
        let path = self.call.path(file);
        match self.call.read(&path, CONTENT_BOUND) {
            Ok(text) => self.script(&text, path.parent()),
            // At a shim the client itself will say that there is no such file.
            Err(Unreadable::Missing) if !self.call.context.assumes_existence() => {}
            Err(why) => self.unread(format!("{} {why}", file.display())),
        }
    }

    fn stdin(&mut self) {
        match self.call.stdin() {
            Stdin::Bytes(text) => self.script(&text, None),
            Stdin::Empty => {}
            Stdin::Unknown(source) => self.unread(source),
            Stdin::Inherited => {
                let mut action = Action::new(
                    Effect::Unknown,
                    Impact::Net,
                    format!("{}.interactive", self.program),
                    "converse",
                )
                .object("what will be typed")
                .advice("send the statements with -c or -f, so that they can be read first");
                action.conversation = true;
                self.take(vec![action]);
            }
        }
    }

    fn script(&mut self, text: &[u8], folder: Option<&Path>) {
        if let Some(folder) = folder {
            folder.clone_into(&mut self.surroundings.folder);
        }
        let actions = self.script.read_script(text, &mut self.surroundings);
        self.take(actions);
    }

    fn unread(&mut self, what: impl Into<String>) {
        let action = Action::unread(format!("{}.unread", self.program), what)
            .advice("put the SQL where it can be read: -c 'SQL' or -f FILE");
        self.take(vec![action]);
    }

    /// Takes actions; those that no `\connect` has placed yet go where statements go now.
    fn take(&mut self, actions: Vec<Action>) {
        let here = self.surroundings.connection.target(self.surroundings.kind);
        for mut action in actions {
            if action.target == Target::default() {
                action.target = here.clone();
            }
            self.actions.push(action);
        }
    }

    fn finish(mut self) -> Reading {
        for text in std::mem::take(&mut self.surroundings.shells) {
            self.nested.push(wrapper::shell(text, Vec::new(), self.call));
        }
        Reading { actions: self.actions, nested: self.nested }
    }
}

/// A command that begins as known SQL, each unknown part standing for one name or value: what it is
/// decides nothing in a read, and in anything else the statement's own reading goes by the worst.
fn with_unknowns(word: &Word) -> Option<String> {
    let Word::Dynamic(pieces) = word else { return None };
    let begins = match pieces.first() {
        Some(crate::invocation::Piece::Text(start)) => {
            start.as_bytes().iter().filter(|byte| byte.is_ascii_alphabetic()).count() >= 4
        }
        _ => false,
    };
    begins.then(|| {
        let part = |piece: &crate::invocation::Piece| match piece {
            crate::invocation::Piece::Text(text) => text.to_string_lossy().into_owned(),
            crate::invocation::Piece::Unknown(_) => crate::language::sql::DYNAMIC.to_owned(),
        };
        pieces.iter().map(part).collect()
    })
}

/// The connection by options, operands and environment.
#[must_use]
pub fn connection(binding: &Binding, call: &Call) -> Connection {
    let mut connection = Connection::default();
    let text = |word: &Word| word.known().map(|text| text.to_string_lossy().into_owned());
    let mut dynamic = false;
    let first = binding.role_value("conninfo").or_else(|| binding.operands.first());
    let options = [binding.role_value("host"), binding.role_value("user")];
    let user = if binding.role_value("conninfo").is_some() {
        binding.operands.first()
    } else {
        binding.operands.get(1)
    };
    let string = first.and_then(text);
    match &string {
        Some(string) if Connection::is_string(string) => {}
        Some(name) if !name.is_empty() => connection.database = Some(name.clone()),
        _ => dynamic |= first.is_some_and(Word::is_dynamic),
    }
    dynamic |= options[0].is_some_and(Word::is_dynamic);
    connection.hosts = options[0].and_then(text);
    connection.user = options[1].and_then(text).or_else(|| user.and_then(text));
    // A connection string stands above the options.
    if let Some(string) = string.filter(|string| Connection::is_string(string)) {
        connection.take_string(&string);
    }
    connection.dynamic = dynamic;
    connection.complete(call);
    connection
}
