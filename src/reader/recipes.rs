//! make and just: the recipes of the goals named, from the file in the tree.
//!
//! | argument | becomes |
//! |---|---|
//! | a goal; none: the first one | its prerequisites' recipes, then its own, as shell text |
//! | `NAME=VALUE` | a variable, over the file's |
//! | options with roles `cwd`, `file` | where the file is |
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
use crate::invocation::Word;
use crate::reader::{Call, Nest, Reading, plain};

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

fn shell(text: &str, folder: &Path, call: &Call) -> Nest {
    let outer = call.invocation;
    Nest::Shell {
        text: Word::literal(text),
        args: vec![Word::literal("sh")],
        cwd: folder.to_owned(),
        stdin: outer.stdin.clone(),
        env: outer.env.clone(),
    }
}

/// The recipe file's text, and the folder where its recipes run.
fn file(binding: &Binding, folder: PathBuf, is_just: bool, call: &Call) -> Option<(Vec<u8>, PathBuf)> {
    if let Some(Word::Literal(name)) = binding.role_value("file") {
        let path = folder.join(name);
        let parent = path.parent().map(Path::to_owned);
        let text = call.context.read(&path, BOUND).ok()?;
        return Some((text, if is_just { parent? } else { folder }));
    }
    let names: &[&str] =
        if is_just { &["justfile", "Justfile", ".justfile"] } else { &["GNUmakefile", "makefile", "Makefile"] };
    // just looks upward, make does not.
    let depth = if is_just { usize::MAX } else { 1 };
    folder.ancestors().take(depth).find_map(|place| {
        let text = names.iter().find_map(|name| call.context.read(&place.join(name), BOUND).ok())?;
        Some((text, place.to_owned()))
    })
}

/// The goals in the order they run, each once, prerequisites first.
fn ordered(recipes: &Recipes, goals: &[String], known: &dyn Fn(&str) -> Option<(String, Rule)>) -> Vec<(String, Rule)> {
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
