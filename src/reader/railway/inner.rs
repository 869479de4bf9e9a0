//! Commands inside Railway's commands: here with its variables, or in a container of it.

use std::ffi::OsString;

use crate::grammar::bind::Binding;
use crate::grammar::schema::Nested;
use crate::invocation::{Invocation, Piece, Stdin, Word};
use crate::reader::place::{Place, Way};
use crate::reader::railway::{change, conversation};
use crate::reader::{Call, Nest, Reading, Setting, Shell, plain, wrapper};
use crate::target::Target;

/// Variables that a service of Railway commonly has; their values only the server knows.
const INJECTED: &[&str] = &[
    "DATABASE_URL",
    "DATABASE_PUBLIC_URL",
    "DATABASE_PRIVATE_URL",
    "POSTGRES_URL",
    "PGHOST",
    "PGPORT",
    "PGUSER",
    "PGPASSWORD",
    "PGDATABASE",
    "POSTGRES_USER",
    "POSTGRES_PASSWORD",
    "POSTGRES_DB",
    "REDIS_URL",
    "REDIS_PUBLIC_URL",
    "MONGO_URL",
    "MONGO_PUBLIC_URL",
    "MYSQL_URL",
    "MYSQL_PUBLIC_URL",
];

fn unknown(source: &str) -> Word {
    Word::Dynamic(vec![Piece::Unknown(source.to_owned())])
}

/// The variables that only the server knows.
fn unknown_variables() -> Vec<(OsString, Word)> {
    INJECTED.iter().map(|name| (OsString::from(name), unknown(&format!("${name} of Railway")))).collect()
}

/// The caller's variables and what Railway puts over them.
fn injected(call: &Call) -> Vec<(OsString, Word)> {
    let mut env = call.invocation.env.clone();
    env.extend(unknown_variables());
    env
}

fn elsewhere(inner: Nest, target: Target, way: Way) -> Reading {
    let place = Place { target, way };
    Reading {
        actions: Vec::new(),
        nested: vec![Nest::Within { inner: Box::new(inner), setting: Setting::Place(place) }],
    }
}

/// The words that are a command; empty without one.
fn words(binding: &Binding) -> &[Word] {
    match binding.command.nested {
        Nested::Words(from) | Nested::Trailing(from) => binding.operands.get(from..).unwrap_or_default(),
        Nested::None
        | Nested::Assigned(_)
        | Nested::Fed(_)
        | Nested::Script(_)
        | Nested::Texts(_)
        | Nested::Each(_)
        | Nested::Named
        | Nested::Shell(_) => &[],
    }
}

fn command(words: &[Word], env: Vec<(OsString, Word)>, call: &Call) -> Option<Nest> {
    let (program, args) = words.split_first()?;
    let outer = call.invocation;
    Some(Nest::Command(Invocation {
        program: program.clone(),
        args: args.to_vec(),
        env,
        depth: outer.depth + 1,
        ..outer.clone()
    }))
}

/// `run`: the command here.
pub fn local(binding: &Binding, call: &Call, target: Target) -> Reading {
    match command(words(binding), injected(call), call) {
        Some(inner) => elsewhere(inner, target, Way::Credentials),
        None => Reading::default(),
    }
}

/// `shell`: the user's shell here. What is typed on a terminal is met again at the shims.
pub fn shell(call: &Call, target: Target) -> Reading {
    let words = [Word::literal("sh")];
    match command(&words, injected(call), call) {
        Some(inner) => elsewhere(inner, target, Way::Credentials),
        None => Reading::default(),
    }
}

/// `ssh` and its kin: the command there. Words are joined by spaces for a shell in the container
/// (CLI 4.5 `ssh/mod.rs`), while newer releases keep them apart: where that makes a difference in
/// what runs, both count.
pub fn remote(binding: &Binding, call: &Call, target: Target) -> Reading {
    let words = words(binding);
    let outer = call.invocation;
    if words.is_empty() {
        return without_command(binding, call, target);
    }
    let shell = || {
        Nest::Shell(Shell {
            text: wrapper::join(words),
            args: Vec::new(),
            cwd: outer.cwd.clone(),
            stdin: outer.stdin.clone(),
            env: unknown_variables(),
        })
    };
    if words.len() == 1 {
        return elsewhere(shell(), target, Way::Inside);
    }
    let mut reading = Reading::default();
    if words.iter().any(separates) {
        reading.nested.extend(elsewhere(shell(), target.clone(), Way::Inside).nested);
    }
    if let Some(inner) = command(words, unknown_variables(), call) {
        reading.nested.extend(elsewhere(inner, target, Way::Inside).nested);
    }
    reading
}

/// True for a word that ends one command and begins the next once words are joined.
fn separates(word: &Word) -> bool {
    let text = word.visible();
    let text = text.to_string_lossy();
    matches!(text.as_ref(), "&&" | "||" | "|" | "&" | ";") || (text.ends_with(';') && !text.contains(' '))
}

fn without_command(binding: &Binding, call: &Call, target: Target) -> Reading {
    let path = binding.command.path;
    let rule = plain::rule(binding, &path.join("-"));
    match (path, call.stdin()) {
        // A detached or looked-at session runs nothing new.
        (["sandbox", "exec"], _) | (_, Stdin::Empty) => Reading::default(),
        (["ca", "ssh"], Stdin::Inherited) => Reading::of(vec![change(rule, "open agent session")]),
        (_, Stdin::Inherited) => {
            let action = conversation(rule, "open shell", "what will be typed")
                .advice("send the command with it, so that it can be read first: railway ssh -- COMMAND");
            Reading::of(vec![action])
        }
        (_, stdin) => {
            let words = [Word::literal("sh")];
            let inner = command(&words, unknown_variables(), call).map(|nest| match nest {
                Nest::Command(invocation) => Nest::Command(Invocation { stdin, ..invocation }),
                other => other,
            });
            inner.map(|inner| elsewhere(inner, target, Way::Inside)).unwrap_or_default()
        }
    }
}

/// `connect`: the client of whatever database the service is. Without a word for another kind
/// PostgreSQL is what it most often is, and the strictest to read.
pub fn connect(binding: &Binding, call: &Call, target: Target) -> Reading {
    if binding.has("--tunnel-only") {
        return Reading::of(vec![change(plain::rule(binding, "connect-tunnel"), "open tunnel")]);
    }
    let service = binding.operands.first().map(|word| word.shown().to_ascii_lowercase()).unwrap_or_default();
    let client = [("redis", "redis-cli"), ("mongo", "mongosh"), ("mysql", "mysql"), ("maria", "mysql")]
        .into_iter()
        .find(|(word, _)| service.contains(word))
        .map_or("psql", |(_, client)| client);
    if client == "psql" {
        let words = [Word::literal("psql"), unknown("$DATABASE_PUBLIC_URL of Railway")];
        let inner = command(&words, injected(call), call);
        return inner.map(|inner| elsewhere(inner, target, Way::Credentials)).unwrap_or_default();
    }
    match call.stdin() {
        Stdin::Empty => Reading::default(),
        Stdin::Inherited => {
            Reading::of(vec![conversation(plain::rule(binding, "connect"), "converse", "what will be typed")])
        }
        Stdin::Bytes(_) | Stdin::Unknown(_) => Reading::of(vec![crate::action::Action::unread(
            plain::rule(binding, "connect-unread"),
            format!("what {client} is sent on standard input"),
        )]),
    }
}
