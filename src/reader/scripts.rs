//! npm and its kin: scripts of the package file, programs of its packages.
//!
//! | argument | becomes |
//! |---|---|
//! | `run NAME ARG…`, `test`, `start`; yarn's, pnpm's, bun's and composer's bare NAME | the script's text with its arguments, `preNAME` and `postNAME` around it |
//! | a bare NAME that is no script | the program of that name |
//! | `npx PACKAGE ARG…`, `dlx`, `exec` | the package's program |
//! | an option with role `shell` (`npx -c TEXT`) | shell text |
//! | anything else | the grammar's own cases |
//!
//! The package file is the nearest one at or above the folder. One that is not there or cannot be
//! read says nothing: what it runs is met again at the shims.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::grammar::bind::Binding;
use crate::grammar::schema::Nested;
use crate::invocation::{Invocation, Word};
use crate::language::json::Json;
use crate::reader::{Call, Nest, Reading, Shell, plain, wrapper};

/// A package file above this is not read: 4 MiB.
const BOUND: u64 = 4 << 20;

/// Packages whose program is named otherwise.
const PROGRAMS: &[(&str, &str)] = &[
    ("@railway/cli", "railway"),
    ("firebase-tools", "firebase"),
    ("netlify-cli", "netlify"),
    ("aws-cdk", "cdk"),
    ("@aws-amplify/cli", "amplify"),
    ("@sanity/cli", "sanity"),
    ("@shopify/cli", "shopify"),
    ("@cloudflare/wrangler", "wrangler"),
    ("del-cli", "del"),
    ("trash-cli", "trash"),
    ("eas-cli", "eas"),
    ("expo-cli", "expo"),
    ("@angular/cli", "ng"),
    ("@nestjs/cli", "nest"),
];

/// What the scripts and programs named do.
#[must_use]
pub fn read(binding: &Binding, call: &Call) -> Reading {
    if plain::is_safe(binding) {
        return Reading::default();
    }
    let folder = match binding.role_value("cwd") {
        Some(Word::Literal(folder)) => call.path(folder),
        _ => call.path(OsStr::new("")),
    };
    let mut reading = Reading::default();
    for bound in binding.with_role("shell") {
        if let Some(text) = &bound.value {
            reading.nested.push(nest(text.clone(), Vec::new(), &folder, call));
        }
    }
    let operands = &binding.operands;
    match binding.command.nested {
        Nested::Script(from) => {
            let Some(name) = operands.get(from).and_then(Word::known) else { return reading };
            let args = &operands[from + 1..];
            if let Some(texts) = script(&name.to_string_lossy(), args, &folder, binding, call) {
                reading.nested.extend(texts);
                return reading;
            }
            // Only a bare name falls through to a program; `run NAME` without a script is an error.
            let bare = binding.command.path.is_empty();
            if bare && binding.grammar.commands.iter().any(|command| command.nested != Nested::None) {
                let words = operands[from..].to_vec();
                reading.nested.extend(program(words, &folder, call));
            }
        }
        Nested::Named => {
            let name = binding.command.path.last().copied().unwrap_or_default();
            reading.nested.extend(script(name, operands, &folder, binding, call).unwrap_or_default());
        }
        Nested::Words(from) | Nested::Trailing(from) | Nested::Assigned(from) | Nested::Fed(from) => {
            // `npx -p PACKAGE PROGRAM`: the words name the program either way.
            let words = operands.get(from..).unwrap_or_default().to_vec();
            reading.nested.extend(program(words, &folder, call));
        }
        Nested::Shell(from) => {
            let words = operands.get(from..).unwrap_or_default();
            if !words.is_empty() {
                reading.nested.push(nest(wrapper::join(words), Vec::new(), &folder, call));
            }
        }
        Nested::Texts(_) | Nested::Each(_) | Nested::None => {
            reading.actions.extend(plain::read(binding, call));
        }
    }
    reading
}

/// A script of the package file with what runs around it; `None` when there is none.
fn script(name: &str, args: &[Word], folder: &Path, binding: &Binding, call: &Call) -> Option<Vec<Nest>> {
    let file = if binding.grammar.program == "composer" { "composer.json" } else { "package.json" };
    let (package, place) = package(file, folder, call)?;
    let scripts = package.get("scripts")?;
    let own = scripts.get(name)?;
    let texts = |entry: &Json, args: &[Word]| -> Vec<Nest> {
        let lines: Vec<&str> = match entry {
            Json::List(items) => items.iter().filter_map(Json::text).collect(),
            other => other.text().into_iter().collect(),
        };
        let nests =
            lines.into_iter().map(|line| nest(text(line, !args.is_empty()), args.to_vec(), &place, call));
        nests.collect()
    };
    let around = |prefix: &str| {
        scripts.get(&format!("{prefix}{name}")).map_or_else(Vec::new, |entry| texts(entry, &[]))
    };
    Some([around("pre"), texts(own, args), around("post")].into_iter().flatten().collect())
}

/// A script's line as shell text. composer's `@php`, `@composer`, `@putenv` and `@NAME` are words
/// of its own.
fn text(line: &str, has_args: bool) -> Word {
    let line = match line.strip_prefix('@') {
        Some(rest) if rest.starts_with("putenv ") => rest.replacen("putenv", "export", 1),
        Some(rest) if rest.starts_with("php ") || rest.starts_with("composer ") => rest.to_owned(),
        Some(rest) => format!("composer {rest}"),
        None => line.to_owned(),
    };
    Word::literal(if has_args { format!("{line} \"$@\"") } else { line })
}

fn nest(text: Word, args: Vec<Word>, folder: &Path, call: &Call) -> Nest {
    let outer = call.invocation;
    Nest::Shell(Shell {
        text,
        args: [vec![Word::literal("sh")], args].concat(),
        cwd: folder.to_owned(),
        stdin: outer.stdin.clone(),
        env: outer.env.clone(),
    })
}

/// The nearest package file at or above a folder, and its folder.
fn package(file: &str, folder: &Path, call: &Call) -> Option<(Json, PathBuf)> {
    let place = folder.ancestors().find(|folder| folder.join(file).is_file())?;
    let bytes = call.context.read(&place.join(file), BOUND).ok()?;
    Some((Json::parse(&bytes).ok()?, place.to_owned()))
}

/// A package's program with its arguments.
fn program(mut words: Vec<Word>, folder: &Path, call: &Call) -> Option<Nest> {
    // `npm exec -- PROGRAM`: a terminator that the parser left in front.
    if words.first().is_some_and(|word| word.visible() == "--") {
        words.remove(0);
    }
    if words.is_empty() {
        return None;
    }
    let first = words.remove(0);
    let program = match first.known() {
        Some(name) => Word::Literal(program_of(&name.to_string_lossy())),
        None => first,
    };
    let outer = call.invocation;
    Some(Nest::Command(Invocation {
        program,
        args: words,
        stdin: outer.stdin.clone(),
        cwd: folder.to_owned(),
        env: outer.env.clone(),
        depth: outer.depth + 1,
        written: outer.written.clone(),
    }))
}

/// `rimraf@5` → `rimraf`; `@railway/cli@latest` → `railway`; `@scope/name` → `name`.
fn program_of(package: &str) -> OsString {
    let version = package.get(1..).and_then(|rest| rest.find('@')).map(|at| at + 1);
    let plain = &package[..version.unwrap_or(package.len())];
    let known = PROGRAMS.iter().find(|(name, _)| *name == plain).map(|(_, program)| *program);
    OsString::from(known.unwrap_or(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_name_their_programs() {
        for (package, program) in [
            ("rimraf", "rimraf"),
            ("rimraf@5.0.1", "rimraf"),
            ("@railway/cli@latest", "railway"),
            ("@scope/tool", "@scope/tool"),
            ("firebase-tools@13", "firebase"),
            ("", ""),
        ] {
            assert_eq!(program_of(package), program, "{package}");
        }
    }

    #[test]
    fn composer_words() {
        assert_eq!(text("@php artisan migrate", false), Word::literal("php artisan migrate"));
        assert_eq!(text("@clean", false), Word::literal("composer clean"));
        assert_eq!(text("tsc", true), Word::literal("tsc \"$@\""));
    }
}
