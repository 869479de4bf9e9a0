//! Python's `-m MODULE` and Django's `manage.py`.
//!
//! | argument | becomes |
//! |---|---|
//! | `-m pytest`, `-m venv` and other tools | nothing |
//! | `-m MODULE ARG…` | the program of that name |
//! | `manage.py flush`, `reset_db` | the database's content is gone |
//! | `manage.py migrate APP zero` | an app's tables are gone |
//! | `manage.py shell -c CODE`, `dbshell -- ARG…` | the code; psql |

use std::ffi::OsStr;

use crate::action::{Action, Effect, Impact};
use crate::invocation::{Invocation, Word};
use crate::reader::interpreter::Code;
use crate::reader::{Call, Nest, Reading};

/// Modules that are tools of their own and destroy nothing.
const HARMLESS: &[&str] = &[
    "pytest",
    "unittest",
    "pip",
    "venv",
    "virtualenv",
    "ensurepip",
    "http.server",
    "json.tool",
    "black",
    "mypy",
    "ruff",
    "flake8",
    "pylint",
    "isort",
    "coverage",
    "build",
    "twine",
    "timeit",
    "cProfile",
    "profile",
    "pdb",
    "compileall",
    "py_compile",
    "doctest",
    "tox",
    "nox",
    "jupyter",
    "IPython",
    "ipykernel",
    "pydoc",
    "zipfile",
    "tarfile",
    "site",
    "sysconfig",
    "platform",
    "webbrowser",
    "base64",
    "calendar",
    "ast",
    "dis",
    "tokenize",
    "trace",
    "this",
    "pre_commit",
    "sphinx",
    "mkdocs",
    "pyright",
    "bandit",
    "pipx",
    "poetry",
    "uvicorn",
    "gunicorn",
    "streamlit",
    "gzip",
    "turtledemo",
    "idlelib",
    "tkinter",
    "asyncio",
    "code",
    "inspect",
    "pickle",
    "smtpd",
];

/// `python -m MODULE ARG…`.
pub(super) fn run(module: Option<&Word>, at: usize, call: &Call) -> Reading {
    let Some(name) = module.and_then(Word::known).and_then(OsStr::to_str) else { return Reading::default() };
    if HARMLESS.iter().any(|known| name == *known || name.starts_with(&format!("{known}."))) {
        return Reading::default();
    }
    let attached = call.invocation.args.get(at + 1).is_none_or(|word| Some(word) != module);
    let rest = call.invocation.args.get(at + if attached { 1 } else { 2 }..).unwrap_or_default().to_vec();
    if name == "django" {
        let binding = crate::grammar::registry::find("python3");
        let Some(grammar) = binding else { return Reading::default() };
        let bound = crate::grammar::bind::bind(grammar, &[], false);
        return manage(&rest, call, Code::new(&bound, call));
    }
    let program = match name {
        "awscli" => "aws",
        other => other,
    };
    let invocation = Invocation {
        program: Word::literal(program),
        args: rest,
        depth: call.invocation.depth + 1,
        ..call.invocation.clone()
    };
    Reading { actions: Vec::new(), nested: vec![Nest::Command(invocation)] }
}

/// Django's own commands.
pub(super) fn manage(words: &[Word], call: &Call, mut reader: Code) -> Reading {
    let plain: Vec<String> = words.iter().map(|word| word.visible().to_string_lossy().into_owned()).collect();
    let has = |option: &str| plain.iter().any(|word| word == option);
    let command = plain.first().map(String::as_str).unwrap_or_default();
    let lost = |impact, scope: &'static str| {
        Action::new(
            Effect::Destroy,
            impact,
            format!("python3.manage-{}", command.replace('_', "-")),
            command.to_owned(),
        )
        .object(plain.join(" "))
        .scope(scope)
        .undo("none")
        .advice("take a dump first: python manage.py dumpdata")
    };
    if has("--help") || has("-h") || has("--plan") || has("--dry-run") {
        return reader.reading;
    }
    match command {
        "flush" | "reset_db" | "reset_schema" | "sqlreset" if command != "sqlreset" => {
            reader.reading.actions.push(lost(Impact::Database, "every table"));
        }
        "migrate" if plain.last().is_some_and(|word| word == "zero") || has("zero") => {
            reader.reading.actions.push(lost(Impact::Table, "the tables of one app"));
        }
        "shell" | "shell_plus" => {
            let at = plain.iter().position(|word| word == "-c" || word == "--command");
            if let Some(code) = at.and_then(|at| words.get(at + 1)) {
                let code = code.clone();
                reader.inline(&code);
            }
        }
        "dbshell" => {
            let args = words.iter().skip_while(|word| word.known() != Some(OsStr::new("--"))).skip(1);
            let psql = Invocation {
                program: Word::literal("psql"),
                args: args.cloned().collect(),
                ..call.invocation.clone()
            };
            reader.reading.nested.push(Nest::Command(psql));
        }
        _ => {}
    }
    reader.reading
}
