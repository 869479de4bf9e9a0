//! Which calls are deeds: the tables of function names, by language.
//!
//! In: a callee and its arguments. Out: what the call does, with every alternative of a loop's
//! variable. It refuses to know paths, programs and how bad anything is.

use super::Dialect;
use super::table::{Role, role};
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
    Remove {
        path: Word,
        recursive: bool,
    },
    /// The file's content is replaced.
    Truncate {
        path: Word,
    },
    Shell {
        text: Word,
        process: Box<Process>,
    },
    Command {
        words: Vec<Word>,
        process: Box<Process>,
    },
    Sql {
        text: Word,
    },
    /// Where SQL goes from here on.
    Connect {
        place: Word,
    },
    Http {
        method: Word,
        url: Word,
        body: Option<String>,
    },
    /// Code that is built and run.
    Code {
        text: Word,
    },
    /// A function that only running the code would name.
    Unnamed {
        source: String,
    },
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
            let named = self
                .named
                .iter()
                .find(|(key, _)| matches!(key.as_str(), "args" | "path" | "cmd" | "command" | "url"));
            named.map(|(_, value)| value)
        })
    }
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
    let Some((first, rest)) = args.positional.split_first().filter(|_| sends || calls) else {
        return Vec::new();
    };
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
            let named =
                ["dsn", "connectionString", "connection", "host"].iter().find_map(|name| args.option(name));
            let place = named.or_else(|| args.positional.first());
            place.map(|place| Deed::Connect { place: place.word() }).into_iter().collect()
        }
        Role::Http(method) => {
            request(&args.option("method").map_or_else(|| Word::literal(method), Value::word), first, args)
        }
        Role::Request => {
            let object = matches!(first, Some(Value::Map(_)));
            let method = if object { args.option("method") } else { args.option("method").or(first) };
            let url = args.option("url").or_else(|| if object { None } else { args.positional.get(1) });
            request(&method.map_or_else(|| Word::literal("GET"), Value::word), url, args)
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
        "execute" | "executescript" | "executemany" | "query" | "raw" | "exec_driver_sql" | "exec"
        | "unsafe" | "exec_params" | "execute_batch" | "do" | "run" | "multi_query" | "$executeRawUnsafe"
        | "$queryRawUnsafe" => {
            let text = args.positional.first().map(Value::word);
            text.filter(begins_as_sql).map(|text| Deed::Sql { text }).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn begins_as_sql(word: &Word) -> bool {
    let visible = word
        .visible()
        .to_string_lossy()
        .trim_start_matches(['(', ' ', '\n', '\t', '\r'])
        .to_ascii_lowercase();
    let leads = !matches!(word, Word::Dynamic(pieces) if matches!(pieces.first(), Some(crate::invocation::Piece::Unknown(_))));
    let first: String = visible.chars().take_while(char::is_ascii_alphabetic).collect();
    let spaced = visible[first.len()..].starts_with(|letter: char| letter.is_whitespace() || letter == ';');
    leads
        && spaced
        && matches!(
            first.as_str(),
            "delete"
                | "drop"
                | "truncate"
                | "update"
                | "alter"
                | "insert"
                | "begin"
                | "with"
                | "revoke"
                | "grant"
                | "do"
        )
}

fn shells(value: Option<&Value>, args: &Args) -> Vec<Deed> {
    let process = process(args);
    let texts = value.map(Value::alternatives).unwrap_or_default();
    texts
        .into_iter()
        .map(|text| Deed::Shell { text: text.word(), process: Box::new(process.clone()) })
        .collect()
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
    let input =
        args.option("input").or_else(|| args.option("stdin").filter(|value| matches!(value, Value::Name(_))));
    Process { cwd: args.option("cwd").map(Value::word), input: input.map(Value::word) }
}

fn code(value: &Value) -> Deed {
    Deed::Code { text: value.word() }
}

fn request(method: &Word, url: Option<&Value>, args: &Args) -> Vec<Deed> {
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
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}:{}", quoted(key), json(value))).collect();
            format!("{{{}}}", entries.join(","))
        }
        _ => format!("\"{hole}\""),
    }
}
