//! Which calls are deeds: the tables of function names, by language.
//!
//! In: a callee and its arguments. Out: what the call does, with every alternative of a loop's
//! variable. It refuses to know paths, programs and how bad anything is.

use super::Dialect;
use super::value::Value;
use crate::invocation::Word;

/// How a program is started.
#[derive(Clone, Debug, Default)]
pub struct Process {
    pub cwd: Option<Word>,
    /// What it is sent on standard input.
    pub input: Option<Word>,
}

/// What one call does.
#[derive(Clone, Debug)]
pub enum Deed {
    Remove { path: Word, recursive: bool },
    /// The file's content is replaced.
    Truncate { path: Word },
    Shell { text: Word, process: Box<Process> },
    Command { words: Vec<Word>, process: Box<Process> },
    Sql { text: Word },
    /// Where SQL goes from here on.
    Connect { place: Word },
    Http { method: Word, url: Word, body: Option<String> },
    /// Code that is built and run.
    Code { text: Word },
    /// A function that only running the code would name.
    Unnamed { source: String },
}

/// What a call is given.
#[derive(Clone, Debug, Default)]
pub struct Args {
    pub positional: Vec<Value>,
    pub named: Vec<(String, Value)>,
    pub commas: usize,
}

impl Args {
    pub fn of(positional: Vec<Value>) -> Self {
        Self { positional, ..Self::default() }
    }

    /// An option by name: a keyword or an entry of an object.
    fn option(&self, name: &str) -> Option<&Value> {
        let named = self.named.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        named.or_else(|| self.positional.iter().find_map(|value| value.get(name)))
    }

    fn is_on(&self, name: &str) -> bool {
        match self.option(name) {
            Some(Value::Flag(on)) => *on,
            Some(Value::Number(text)) => text != "0",
            Some(_) => true,
            None => false,
        }
    }

    fn first(&self) -> Option<&Value> {
        self.positional.first().or_else(|| {
            let named = self.named.iter().find(|(key, _)| matches!(key.as_str(), "args" | "path" | "cmd" | "command" | "url"));
            named.map(|(_, value)| value)
        })
    }
}

/// What a known function does with its arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Removes the first argument; `true`: with everything below.
    Remove(bool),
    /// Removes every argument.
    RemoveAll(bool),
    /// As its option `recursive` says.
    RemoveByOption,
    Shell,
    /// The first argument is a list or shell text.
    Process,
    /// The first is the program, the second the list of its arguments.
    Spawn,
    /// One argument is shell text, several are words.
    Words,
    /// As `Words`, behind the mode: `spawnlp(mode, file, …)`.
    Exec(usize),
    Code,
    Truncate,
    Open,
    Connect,
    Http(&'static str),
    Request,
}

const PYTHON: &[(&str, Role)] = &[
    ("shutil.rmtree", Role::Remove(true)),
    ("os.remove", Role::Remove(false)),
    ("os.unlink", Role::Remove(false)),
    ("os.rmdir", Role::Remove(false)),
    ("os.removedirs", Role::Remove(false)),
    ("os.system", Role::Shell),
    ("os.popen", Role::Shell),
    ("posix.system", Role::Shell),
    ("subprocess.getoutput", Role::Shell),
    ("subprocess.getstatusoutput", Role::Shell),
    ("commands.getoutput", Role::Shell),
    ("asyncio.create_subprocess_shell", Role::Shell),
    ("asyncio.create_subprocess_exec", Role::Exec(0)),
    ("subprocess.run", Role::Process),
    ("subprocess.call", Role::Process),
    ("subprocess.check_call", Role::Process),
    ("subprocess.check_output", Role::Process),
    ("subprocess.Popen", Role::Process),
    ("pty.spawn", Role::Process),
    ("os.execv", Role::Spawn),
    ("os.execvp", Role::Spawn),
    ("os.execve", Role::Spawn),
    ("os.execvpe", Role::Spawn),
    ("os.posix_spawn", Role::Spawn),
    ("os.posix_spawnp", Role::Spawn),
    ("os.execl", Role::Exec(0)),
    ("os.execlp", Role::Exec(0)),
    ("os.spawnl", Role::Exec(1)),
    ("os.spawnlp", Role::Exec(1)),
    ("exec", Role::Code),
    ("eval", Role::Code),
    ("builtins.exec", Role::Code),
    ("builtins.eval", Role::Code),
    ("__builtins__.exec", Role::Code),
    ("__builtins__.eval", Role::Code),
    ("os.truncate", Role::Truncate),
    ("open", Role::Open),
    ("io.open", Role::Open),
    ("sqlite3.connect", Role::Connect),
    ("psycopg2.connect", Role::Connect),
    ("psycopg.connect", Role::Connect),
    ("asyncpg.connect", Role::Connect),
    ("sqlalchemy.create_engine", Role::Connect),
    ("create_engine", Role::Connect),
    ("requests.delete", Role::Http("DELETE")),
    ("httpx.delete", Role::Http("DELETE")),
    ("requests.post", Role::Http("POST")),
    ("httpx.post", Role::Http("POST")),
    ("requests.put", Role::Http("PUT")),
    ("requests.patch", Role::Http("PATCH")),
    ("requests.request", Role::Request),
    ("httpx.request", Role::Request),
    ("urllib.request.Request", Role::Http("GET")),
    ("Request", Role::Http("GET")),
];

const SCRIPT: &[(&str, Role)] = &[
    ("fs.rm", Role::RemoveByOption),
    ("fs.rmSync", Role::RemoveByOption),
    ("fs.rmdir", Role::RemoveByOption),
    ("fs.rmdirSync", Role::RemoveByOption),
    ("fs.unlink", Role::Remove(false)),
    ("fs.unlinkSync", Role::Remove(false)),
    ("fs.remove", Role::Remove(true)),
    ("fs.removeSync", Role::Remove(true)),
    ("fs.emptyDir", Role::Remove(true)),
    ("fs.emptyDirSync", Role::Remove(true)),
    ("fse.remove", Role::Remove(true)),
    ("fse.removeSync", Role::Remove(true)),
    ("rimraf", Role::Remove(true)),
    ("rimraf.rimraf", Role::Remove(true)),
    ("rimraf.sync", Role::Remove(true)),
    ("rimraf.rimrafSync", Role::Remove(true)),
    ("rimraf.native", Role::Remove(true)),
    ("rimraf.nativeSync", Role::Remove(true)),
    ("del", Role::Remove(true)),
    ("del.sync", Role::Remove(true)),
    ("del.deleteSync", Role::Remove(true)),
    ("del.deleteAsync", Role::Remove(true)),
    ("Deno.remove", Role::RemoveByOption),
    ("Deno.removeSync", Role::RemoveByOption),
    ("child_process.exec", Role::Shell),
    ("child_process.execSync", Role::Shell),
    ("child_process.spawn", Role::Spawn),
    ("child_process.spawnSync", Role::Spawn),
    ("child_process.execFile", Role::Spawn),
    ("child_process.execFileSync", Role::Spawn),
    ("execa", Role::Spawn),
    ("execa.execa", Role::Spawn),
    ("execa.execaSync", Role::Spawn),
    ("execa.execaCommand", Role::Shell),
    ("execa.execaCommandSync", Role::Shell),
    ("shelljs.exec", Role::Shell),
    ("shell.exec", Role::Shell),
    ("$.`", Role::Shell),
    ("Bun.$.`", Role::Shell),
    ("zx.$.`", Role::Shell),
    ("bun.$.`", Role::Shell),
    ("Bun.spawn", Role::Process),
    ("Bun.spawnSync", Role::Process),
    ("Deno.Command", Role::Spawn),
    ("Deno.run", Role::Process),
    ("eval", Role::Code),
    ("Function", Role::Code),
    ("vm.runInThisContext", Role::Code),
    ("vm.runInNewContext", Role::Code),
    ("vm.runInContext", Role::Code),
    ("vm.Script", Role::Code),
    ("fs.writeFile", Role::Truncate),
    ("fs.writeFileSync", Role::Truncate),
    ("fs.createWriteStream", Role::Truncate),
    ("fs.truncate", Role::Truncate),
    ("fs.truncateSync", Role::Truncate),
    ("Deno.writeTextFile", Role::Truncate),
    ("Deno.writeTextFileSync", Role::Truncate),
    ("Deno.truncate", Role::Truncate),
    ("fetch", Role::Http("GET")),
    ("axios", Role::Request),
    ("axios.request", Role::Request),
    ("axios.delete", Role::Http("DELETE")),
    ("got.delete", Role::Http("DELETE")),
    ("ky.delete", Role::Http("DELETE")),
    ("axios.post", Role::Http("POST")),
    ("postgres", Role::Connect),
    ("pg.Client", Role::Connect),
    ("pg.Pool", Role::Connect),
    ("better-sqlite3", Role::Connect),
    ("Database", Role::Connect),
    ("Client", Role::Connect),
    ("Pool", Role::Connect),
];

const RUBY: &[(&str, Role)] = &[
    ("FileUtils.rm_rf", Role::RemoveAll(true)),
    ("FileUtils.rm_r", Role::RemoveAll(true)),
    ("FileUtils.rmtree", Role::RemoveAll(true)),
    ("FileUtils.remove_dir", Role::RemoveAll(true)),
    ("FileUtils.remove_entry", Role::RemoveAll(true)),
    ("FileUtils.remove_entry_secure", Role::RemoveAll(true)),
    ("FileUtils.rm", Role::RemoveAll(false)),
    ("FileUtils.rm_f", Role::RemoveAll(false)),
    ("FileUtils.remove", Role::RemoveAll(false)),
    ("FileUtils.safe_unlink", Role::RemoveAll(false)),
    ("File.delete", Role::RemoveAll(false)),
    ("File.unlink", Role::RemoveAll(false)),
    ("Dir.delete", Role::RemoveAll(false)),
    ("Dir.rmdir", Role::RemoveAll(false)),
    ("Dir.unlink", Role::RemoveAll(false)),
    ("File.write", Role::Truncate),
    ("File.truncate", Role::Truncate),
    ("system", Role::Words),
    ("exec", Role::Words),
    ("spawn", Role::Words),
    ("Kernel.system", Role::Words),
    ("Kernel.exec", Role::Words),
    ("Kernel.spawn", Role::Words),
    ("Process.spawn", Role::Words),
    ("IO.popen", Role::Process),
    ("Open3.capture2", Role::Words),
    ("Open3.capture2e", Role::Words),
    ("Open3.capture3", Role::Words),
    ("Open3.popen3", Role::Words),
    ("eval", Role::Code),
    ("instance_eval", Role::Code),
    ("class_eval", Role::Code),
    ("PG.connect", Role::Connect),
    ("Sequel.connect", Role::Connect),
    ("SQLite3.Database.new", Role::Connect),
    ("HTTParty.delete", Role::Http("DELETE")),
    ("Faraday.delete", Role::Http("DELETE")),
];

const PERL: &[(&str, Role)] = &[
    ("unlink", Role::RemoveAll(false)),
    ("rmdir", Role::RemoveAll(false)),
    ("rmtree", Role::RemoveAll(true)),
    ("remove_tree", Role::RemoveAll(true)),
    ("File.Path.rmtree", Role::RemoveAll(true)),
    ("File.Path.remove_tree", Role::RemoveAll(true)),
    ("truncate", Role::Truncate),
    ("system", Role::Words),
    ("exec", Role::Words),
    ("eval", Role::Code),
    ("DBI.connect", Role::Connect),
];

const PHP: &[(&str, Role)] = &[
    ("unlink", Role::Remove(false)),
    ("rmdir", Role::Remove(false)),
    ("shell_exec", Role::Shell),
    ("exec", Role::Shell),
    ("system", Role::Shell),
    ("passthru", Role::Shell),
    ("popen", Role::Shell),
    ("proc_open", Role::Process),
    ("pcntl_exec", Role::Spawn),
    ("eval", Role::Code),
    ("assert", Role::Code),
    ("create_function", Role::Code),
    ("file_put_contents", Role::Truncate),
    ("PDO", Role::Connect),
    ("pg_connect", Role::Connect),
];

fn role(dialect: Dialect, name: &str) -> Option<Role> {
    let (table, name) = match dialect {
        Dialect::Python => (PYTHON, name.to_owned()),
        Dialect::JavaScript => {
            let plain = name.strip_prefix("globalThis.").or_else(|| name.strip_prefix("global.")).unwrap_or(name);
            (SCRIPT, plain.replace(".promises.", ".").replace(".default.", "."))
        }
        Dialect::Ruby => (RUBY, name.to_owned()),
        Dialect::Perl => (PERL, name.to_owned()),
        Dialect::Php => (PHP, name.trim_start_matches('\\').to_owned()),
    };
    table.iter().find(|(known, _)| *known == name).map(|(_, role)| *role)
}

/// True for a function that a table names.
pub fn is_known(dialect: Dialect, name: &str) -> bool {
    role(dialect, name).is_some()
}

/// What a call does.
pub fn of(dialect: Dialect, callee: &Value, args: &Args) -> Vec<Deed> {
    match callee {
        Value::Name(name) => match role(dialect, name) {
            Some(role) => by_role(role, args, dialect),
            None => match name.rsplit_once('.') {
                Some((of, last)) => method(&Value::Name(of.to_owned()), last, args),
                None => sent(dialect, name, args),
            },
        },
        Value::Member(of, name) if name == "`" => match &**of {
            Value::Name(tag) => match role(dialect, &format!("{tag}.`")) {
                Some(role) => by_role(role, args, dialect),
                None => Vec::new(),
            },
            _ => Vec::new(),
        },
        Value::Member(of, name) => method(of, name, args),
        Value::Unknown(source) if source == "an attribute" => vec![Deed::Unnamed { source: source.clone() }],
        _ => Vec::new(),
    }
}

/// Ruby's `send(:system, "x")`.
fn sent(dialect: Dialect, name: &str, args: &Args) -> Vec<Deed> {
    let sends = matches!(name, "send" | "public_send" | "__send__") && dialect == Dialect::Ruby;
    let calls = matches!(name, "call_user_func" | "call_user_func_array") && dialect == Dialect::Php;
    let Some((first, rest)) = args.positional.split_first().filter(|_| sends || calls) else { return Vec::new() };
    match first.known().and_then(|name| role(dialect, &name)) {
        Some(role) => by_role(role, &Args::of(rest.iter().flat_map(Value::items).collect()), dialect),
        None => Vec::new(),
    }
}

fn by_role(role: Role, args: &Args, dialect: Dialect) -> Vec<Deed> {
    let first = args.first();
    let removals = |value: &Value, recursive| -> Vec<Deed> {
        let items: Vec<Value> = value.alternatives().into_iter().flat_map(Value::items).collect();
        items.iter().map(|item| Deed::Remove { path: item.word(), recursive }).collect()
    };
    match role {
        Role::Remove(recursive) => first.map(|path| removals(path, recursive)).unwrap_or_default(),
        Role::RemoveByOption => first.map(|path| removals(path, args.is_on("recursive"))).unwrap_or_default(),
        Role::RemoveAll(recursive) => {
            let paths = args.positional.iter().filter(|value| !matches!(value, Value::Map(_)));
            paths.flat_map(|path| removals(path, recursive)).collect()
        }
        Role::Shell => shells(first, args),
        Role::Process => match first {
            Some(Value::List(words)) if !args.is_on("shell") => vec![command(words, args)],
            Some(Value::List(words)) => shells(words.first(), args),
            // Deno.run and Bun.spawn take `{cmd: […]}`.
            Some(Value::Map(_)) => match args.option("cmd") {
                Some(Value::List(words)) => vec![command(words, args)],
                other => shells(other, args),
            },
            other => shells(other, args),
        },
        Role::Spawn => spawned(args),
        Role::Words => match args.positional.as_slice() {
            [Value::List(words)] => vec![command(words, args)],
            [_] | [_, Value::Map(_)] => shells(first, args),
            words => {
                let words: Vec<Value> = words.iter().flat_map(Value::items).collect();
                vec![command(&words, args)]
            }
        },
        Role::Exec(skip) => match args.positional.get(skip..).unwrap_or_default() {
            [] => Vec::new(),
            [program, rest @ ..] => {
                // execlp's second word is the name that the program sees.
                let from = usize::from(skip > 0 || rest.first().and_then(Value::known) == program.known());
                let words: Vec<Value> =
                    std::iter::once(program).chain(rest.get(from..).unwrap_or_default()).cloned().collect();
                vec![command(&words, args)]
            }
        },
        Role::Code => match args.positional.last().filter(|_| dialect == Dialect::JavaScript).or(first) {
            Some(Value::Map(_)) | None => first.map(code).into_iter().collect(),
            Some(value) if matches!(first, Some(Value::Text(_))) && args.positional.len() > 1 => {
                let text = if value.known().is_some() { value } else { first.unwrap_or(value) };
                vec![code(text)]
            }
            Some(value) => vec![code(value)],
        },
        Role::Truncate => first.map(|path| Deed::Truncate { path: path.word() }).into_iter().collect(),
        Role::Open => {
            let mode = args.positional.get(1).or_else(|| args.option("mode")).and_then(Value::known);
            let empties = mode.is_some_and(|mode| mode.starts_with('w'));
            first.filter(|_| empties).map(|path| Deed::Truncate { path: path.word() }).into_iter().collect()
        }
        Role::Connect => {
            let named = ["dsn", "connectionString", "connection", "host"].iter().find_map(|name| args.option(name));
            let place = named.or_else(|| args.positional.first());
            place.map(|place| Deed::Connect { place: place.word() }).into_iter().collect()
        }
        Role::Http(method) => request(args.option("method").map_or_else(|| Word::literal(method), Value::word), first, args),
        Role::Request => {
            let object = matches!(first, Some(Value::Map(_)));
            let method = if object { args.option("method") } else { args.option("method").or(first) };
            let url = args.option("url").or_else(|| if object { None } else { args.positional.get(1) });
            request(method.map_or_else(|| Word::literal("GET"), Value::word), url, args)
        }
    }
}

/// Methods of objects that are not known any closer.
fn method(of: &Value, name: &str, args: &Args) -> Vec<Deed> {
    let path = |recursive: bool| -> Vec<Deed> {
        let paths = of.alternatives();
        let is_path = |value: &&Value| matches!(value, Value::Path(_) | Value::Temporary);
        paths.into_iter().filter(is_path).map(|path| Deed::Remove { path: path.word(), recursive }).collect()
    };
    match name {
        "unlink" | "rmdir" | "delete" => path(false),
        "rmtree" | "rmtree_p" => path(true),
        "write_text" | "write_bytes" => match of {
            Value::Path(word) => vec![Deed::Truncate { path: word.clone() }],
            _ => Vec::new(),
        },
        "execute" | "executescript" | "executemany" | "query" | "raw" | "exec_driver_sql" | "exec" | "unsafe"
        | "exec_params" | "execute_batch" | "do" | "run" | "multi_query" | "$executeRawUnsafe" | "$queryRawUnsafe" => {
            let text = args.positional.first().map(Value::word);
            text.filter(|text| begins_as_sql(text)).map(|text| Deed::Sql { text }).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn begins_as_sql(word: &Word) -> bool {
    let visible = word.visible().to_string_lossy().trim_start_matches(['(', ' ', '\n', '\t', '\r']).to_ascii_lowercase();
    let leads = !matches!(word, Word::Dynamic(pieces) if matches!(pieces.first(), Some(crate::invocation::Piece::Unknown(_))));
    let first: String = visible.chars().take_while(char::is_ascii_alphabetic).collect();
    let spaced = visible[first.len()..].starts_with(|letter: char| letter.is_whitespace() || letter == ';');
    leads
        && spaced
        && matches!(
            first.as_str(),
            "delete" | "drop" | "truncate" | "update" | "alter" | "insert" | "begin" | "with" | "revoke" | "grant" | "do"
        )
}

fn shells(value: Option<&Value>, args: &Args) -> Vec<Deed> {
    let process = process(args);
    let texts = value.map(Value::alternatives).unwrap_or_default();
    texts.into_iter().map(|text| Deed::Shell { text: text.word(), process: Box::new(process.clone()) }).collect()
}

fn spawned(args: &Args) -> Vec<Deed> {
    let Some(program) = args.positional.first() else { return Vec::new() };
    let listed = args.positional.get(1).or_else(|| args.option("args"));
    let mut words = match (listed, args.option("args")) {
        (Some(Value::List(words)), _) | (_, Some(Value::List(words))) => words.clone(),
        (None | Some(Value::Map(_)), _) => Vec::new(),
        (Some(other), _) => vec![Value::Unknown(other.word().shown())],
    };
    // Python's execv repeats the program as the first argument.
    if words.first().and_then(Value::known).is_some_and(|first| Some(first) == program.known()) {
        words.remove(0);
    }
    words.insert(0, program.clone());
    if args.is_on("shell") || (words.len() == 1 && program.known().is_some_and(|text| text.contains(' '))) {
        let joined = words.iter().map(Value::word).collect::<Vec<_>>();
        let text = crate::reader::wrapper::join(&joined);
        return vec![Deed::Shell { text, process: Box::new(process(args)) }];
    }
    vec![command(&words, args)]
}

fn command(words: &[Value], args: &Args) -> Deed {
    Deed::Command { words: words.iter().map(Value::word).collect(), process: Box::new(process(args)) }
}

fn process(args: &Args) -> Process {
    let input = args.option("input").or_else(|| args.option("stdin").filter(|value| matches!(value, Value::Name(_))));
    Process { cwd: args.option("cwd").map(Value::word), input: input.map(Value::word) }
}

fn code(value: &Value) -> Deed {
    Deed::Code { text: value.word() }
}

fn request(method: Word, url: Option<&Value>, args: &Args) -> Vec<Deed> {
    let Some(url) = url else { return Vec::new() };
    let body = ["json", "data", "body", "content"].iter().find_map(|name| args.option(name));
    let body = body.map(|value| value.known().unwrap_or_else(|| json(value)));
    url.alternatives()
        .into_iter()
        .map(|url| Deed::Http { method: method.clone(), url: url.word(), body: body.clone() })
        .collect()
}

/// A value as JSON text; what is not known is a hole.
fn json(value: &Value) -> String {
    let hole = crate::language::json::HOLE;
    let quoted = |text: &str| {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        format!("\"{escaped}\"")
    };
    match value {
        Value::Text(_) => value.known().map_or_else(|| format!("\"{hole}\""), |text| quoted(&text)),
        Value::Number(text) => text.clone(),
        Value::Flag(on) => on.to_string(),
        Value::List(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(",")),
        Value::Map(entries) => {
            let entries: Vec<String> = entries.iter().map(|(key, value)| format!("{}:{}", quoted(key), json(value))).collect();
            format!("{{{}}}", entries.join(","))
        }
        _ => format!("\"{hole}\""),
    }
}
