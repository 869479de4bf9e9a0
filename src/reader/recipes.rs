//! make and just: the recipes of the goals named, from the file in the tree.
//!
//! | argument | becomes |
//! |---|---|
//! | a goal; none: the first one | its prerequisites' recipes, then its own, as shell text |
//! | `NAME=VALUE` | a variable, over the file's |
//! | options with roles `cwd`, `file` | where the file is; `-`: standard input |
//! | an option with role `command` | the words behind it are a command |
//!
//! | in a recipe | becomes |
//! |---|---|
//! | `$(NAME)` with a constant value | the value |
//! | `$(NAME)` of no known value | `${NAME}`, which the shell reader takes from the environment |
//! | `$(shell …)`, `$(wildcard …)` | the command substitution, the pattern |
//! | any other function, `$<`, `$^`, `$*` | a variable that nobody knows |
//! | `@`, `-`, `+` in front | nothing |
//! | just's `{{name}}` | the variable or parameter |
//!
//! A file that is not there, a goal without a rule, a recipe for another interpreter: nothing. What
//! they run is met again at the shims.

mod just;
mod make;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::grammar::bind::Binding;
use crate::invocation::{Invocation, Stdin, Word};
use crate::reader::{Call, Nest, Reading, Shell, plain};

/// A file above this is not read: 4 MiB.
const BOUND: u64 = 4 << 20;
/// No more goals than this are followed.
const GOALS: usize = 256;

/// One goal's rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rule {
    /// Goals that come first.
    before: Vec<String>,
    /// just's parameters with their default values.
    parameters: Vec<(String, Option<String>)>,
    lines: Vec<String>,
    /// One text for one interpreter instead of a shell per line.
    whole: bool,
}

/// What a recipe file says.
#[derive(Clone, Debug, Default)]
struct Recipes {
    rules: BTreeMap<String, Rule>,
    variables: BTreeMap<String, String>,
    first: Option<String>,
}

/// The shell texts that the goals named would run.
#[must_use]
pub fn read(binding: &Binding, call: &Call) -> Reading {
    // What stands behind it is another program's, `-h` and `-n` included.
    if let Some(bound) = binding.with_role("command").next() {
        return Reading { actions: Vec::new(), nested: command(bound.at, call).into_iter().collect() };
    }
    if plain::is_safe(binding) {
        return Reading::default();
    }
    let is_just = binding.grammar.program == "just";
    let mut folder = call.path(OsStr::new(""));
    // make's -C options add up.
    for bound in binding.with_role("cwd") {
        if let Some(Word::Literal(value)) = &bound.value {
            folder = folder.join(value);
        }
    }
    let Some((text, folder)) = file(binding, folder, is_just, call) else { return Reading::default() };
    let text = String::from_utf8_lossy(&text);
    let mut recipes = if is_just { just::parse(&text) } else { make::parse(&text) };
    let mut goals = Vec::new();
    for word in &binding.operands {
        let shown = word.visible().to_string_lossy().into_owned();
        match shown.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                recipes.variables.insert(name.to_owned(), value.to_owned());
            }
            _ => goals.push(shown),
        }
    }
    recipes.variables.entry("MAKE".to_owned()).or_insert_with(|| "make".to_owned());
    recipes.variables.entry("RM".to_owned()).or_insert_with(|| "rm -f".to_owned());
    recipes.variables.insert("CURDIR".to_owned(), folder.to_string_lossy().into_owned());
    let texts = if is_just { just::texts(&recipes, &goals) } else { make::texts(&recipes, &goals) };
    let nested = texts.into_iter().map(|text| shell(&text, &folder, call)).collect();
    Reading { actions: Vec::new(), nested }
}

/// `just --command PROGRAM ARG…`: every word behind the option.
fn command(at: usize, call: &Call) -> Option<Nest> {
    let outer = call.invocation;
    let (program, args) = outer.args.get(at + 1..)?.split_first()?;
    Some(Nest::Command(Invocation {
        program: program.clone(),
        args: args.to_vec(),
        stdin: outer.stdin.clone(),
        cwd: outer.cwd.clone(),
        env: outer.env.clone(),
        depth: outer.depth + 1,
        written: outer.written.clone(),
    }))
}

fn shell(text: &str, folder: &Path, call: &Call) -> Nest {
    let outer = call.invocation;
    Nest::Shell(Shell {
        text: Word::literal(text),
        args: vec![Word::literal("sh")],
        cwd: folder.to_owned(),
        stdin: outer.stdin.clone(),
        env: outer.env.clone(),
    })
}

/// The recipe file's text, and the folder where its recipes run.
fn file(binding: &Binding, folder: PathBuf, is_just: bool, call: &Call) -> Option<(Vec<u8>, PathBuf)> {
    if let Some(Word::Literal(name)) = binding.role_value("file") {
        if name == "-" {
            let Stdin::Bytes(text) = call.stdin() else { return None };
            return Some((text, folder));
        }
        let path = folder.join(name);
        let parent = path.parent().map(Path::to_owned);
        let text = call.context.read(&path, BOUND).ok()?;
        return Some((text, if is_just { parent? } else { folder }));
    }
    let names: &[&str] = if is_just {
        &["justfile", "Justfile", ".justfile"]
    } else {
        &["GNUmakefile", "makefile", "Makefile"]
    };
    // just looks upward, make does not.
    let depth = if is_just { usize::MAX } else { 1 };
    folder.ancestors().take(depth).find_map(|place| {
        let text = names.iter().find_map(|name| call.context.read(&place.join(name), BOUND).ok())?;
        Some((text, place.to_owned()))
    })
}

/// The goals in the order they run, each once, prerequisites first.
fn ordered(
    recipes: &Recipes,
    goals: &[String],
    known: &dyn Fn(&str) -> Option<(String, Rule)>,
) -> Vec<(String, Rule)> {
    let mut done: Vec<(String, Rule)> = Vec::new();
    // A goal is entered, then its prerequisites, then it is left.
    let first = recipes.first.clone().into_iter().collect::<Vec<_>>();
    let wanted = if goals.is_empty() { &first } else { goals };
    let mut open: Vec<(String, bool)> = wanted.iter().rev().map(|goal| (goal.clone(), false)).collect();
    let mut entered: Vec<String> = Vec::new();
    while let Some((goal, leaving)) = open.pop() {
        if leaving {
            done.extend(known(&goal).map(|(_, rule)| (goal, rule)));
            continue;
        }
        if entered.contains(&goal) || entered.len() >= GOALS {
            continue;
        }
        entered.push(goal.clone());
        let Some((_, rule)) = known(&goal) else { continue };
        open.push((goal, true));
        open.extend(rule.before.iter().rev().map(|before| (before.clone(), false)));
    }
    done
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::action::Effect;
    use crate::context::{Context, Door};
    use crate::judge;

    /// Every object that a line destroys in a folder with one file.
    fn destroyed(file: &str, text: &str, line: &str) -> Vec<String> {
        let folder = std::env::temp_dir().join(format!("agentguard-recipes-{}-{file}", std::process::id()));
        std::fs::create_dir_all(folder.join("sub")).unwrap();
        std::fs::write(folder.join(file), text).unwrap();
        let mut words = line.split_whitespace().map(OsString::from);
        let program = words.next().unwrap();
        let invocation = Invocation::new(program, words.collect(), folder.clone());
        let context = Context::new(Door::Check).with_cwd(folder.clone());
        let actions = judge::actions(&invocation, &context);
        std::fs::remove_dir_all(&folder).unwrap();
        actions
            .into_iter()
            .filter(|action| action.effect == Effect::Destroy)
            .map(|action| action.object)
            .collect()
    }

    #[test]
    fn makefiles_in_the_tree() {
        let text = "D = src\nall:\n\techo hi\nwipe: first\n\t@rm -rf $(D)\nfirst:\n\trm -rf notes\n";
        assert!(destroyed("Makefile", text, "make").is_empty());
        assert_eq!(destroyed("Makefile", text, "make wipe"), ["notes", "src"]);
        assert_eq!(destroyed("Makefile", text, "make D=lib wipe"), ["notes", "lib"]);
        assert_eq!(destroyed("Makefile", text, "make -C sub -C .. wipe -j 3"), ["notes", "src"]);
        assert!(destroyed("Makefile", text, "make -n wipe").is_empty());
    }

    #[test]
    fn justfiles_above_the_folder() {
        let text = "d := 'src'\nall:\n  echo hi\nwipe what=d:\n  rm -rf {{what}}\n";
        assert!(destroyed("justfile", text, "just").is_empty());
        assert_eq!(destroyed("justfile", text, "just wipe lib"), ["lib"]);
    }

    #[test]
    fn package_scripts() {
        let text = r#"{"scripts":{"prewipe":"rm -rf a","wipe":"rm -rf b","tidy":"rimraf c","say":"echo","deep":"npm run wipe"}}"#;
        assert_eq!(destroyed("package.json", text, "npm run wipe"), ["a", "b"]);
        assert_eq!(destroyed("package.json", text, "npm run wipe -- d"), ["a", "b", "d"]);
        assert_eq!(destroyed("package.json", text, "npm run-script deep"), ["a", "b"]);
        assert_eq!(destroyed("package.json", text, "yarn tidy"), ["c"]);
        assert_eq!(destroyed("package.json", text, "pnpm -C sub wipe"), ["a", "b"]);
        assert_eq!(destroyed("package.json", text, "bun run tidy x"), ["c", "x"]);
        assert!(destroyed("package.json", text, "npm run say rm -rf x").is_empty());
        assert!(destroyed("package.json", text, "npm test").is_empty());
        let text = r#"{"scripts":{"wipe":["@php -v","@sub"],"sub":"rm -rf var"}}"#;
        assert_eq!(destroyed("composer.json", text, "composer wipe"), ["var"]);
    }
}
