//! A justfile's recipes and variables.
//!
//! | source | becomes |
//! |---|---|
//! | `name := 'value'`, `export name := …` | a variable when it is one string |
//! | `@name a b='x' *rest: dep (dep2 'arg') && after` | a recipe with parameters and dependencies |
//! | `alias x := name` | another name of a recipe |
//! | an indented line | a line of the recipe above |
//! | `#!` as its first line | one text; for shells only |
//! | `[attribute]`, `set …`, `import`, `mod` | nothing |

use super::{Recipes, Rule, ordered};

/// Reads a justfile.
pub(super) fn parse(text: &str) -> Recipes {
    let mut recipes = Recipes::default();
    let mut current: Option<String> = None;
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some(rule) = current.as_ref().and_then(|name| recipes.rules.get_mut(name)) {
                rule.whole |= rule.lines.is_empty() && line.trim_start().starts_with("#!");
                rule.lines.push(line.trim_start().to_owned());
            }
            continue;
        }
        let word = line.split_whitespace().next().unwrap_or_default();
        if line.trim().is_empty() || line.starts_with(['#', '[']) || ["set", "import", "mod"].contains(&word)
        {
            continue;
        }
        current = None;
        if let Some((name, value)) = line.split_once(":=") {
            let value = value.trim();
            if let Some(alias) = name.trim().strip_prefix("alias ") {
                let rule = Rule { before: vec![value.to_owned()], ..Rule::default() };
                recipes.rules.insert(alias.trim().to_owned(), rule);
            } else if let Some(value) = string(value) {
                let name = name.trim().trim_start_matches("export ").trim();
                recipes.variables.insert(name.to_owned(), value);
            }
        } else if let Some((head, dependencies)) = line.split_once(':') {
            current = Some(recipe(head, dependencies, &mut recipes));
        }
    }
    recipes
}

fn recipe(head: &str, dependencies: &str, recipes: &mut Recipes) -> String {
    let mut words = head.trim_start_matches('@').split_whitespace();
    let name = words.next().unwrap_or_default().to_owned();
    let parameters = words
        .map(|word| {
            let word = word.trim_start_matches(['*', '+', '$']);
            match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), string(value)),
                None => (word.to_owned(), None),
            }
        })
        .collect();
    let before = dependencies
        .split_whitespace()
        .map(|word| word.trim_matches(['(', ')']))
        .filter(|word| !word.is_empty() && *word != "&&" && !word.starts_with(['"', '\'']))
        .map(str::to_owned)
        .collect();
    recipes.rules.insert(name.clone(), Rule { before, parameters, ..Rule::default() });
    recipes.first.get_or_insert_with(|| name.clone());
    name
}

/// The text of one quoted string.
fn string(value: &str) -> Option<String> {
    let value = value.trim();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let inner = value.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains(quote)).then(|| inner.to_owned())
}

/// The shell texts that goals run; words after a recipe with parameters are its arguments.
pub(super) fn texts(recipes: &Recipes, goals: &[String]) -> Vec<String> {
    let mut named = Vec::new();
    let mut given: Vec<(String, Vec<String>)> = Vec::new();
    let mut left = goals;
    while let Some((goal, rest)) = left.split_first() {
        let count = recipes.rules.get(goal).map_or(0, |rule| rule.parameters.len()).min(rest.len());
        given.push((goal.clone(), rest[..count].to_vec()));
        named.push(goal.clone());
        left = &rest[count..];
    }
    let known =
        |goal: &str| recipes.rules.get_key_value(goal).map(|(name, rule)| (name.clone(), rule.clone()));
    let mut texts = Vec::new();
    for (goal, rule) in ordered(recipes, &named, &known) {
        let args = given.iter().find(|(name, _)| *name == goal).map(|(_, args)| args.as_slice());
        let value = |name: &str| {
            let place = rule.parameters.iter().position(|(parameter, _)| parameter == name);
            match place {
                Some(place) => args
                    .and_then(|args| args.get(place).cloned())
                    .or_else(|| rule.parameters[place].1.clone()),
                None => recipes.variables.get(name).cloned(),
            }
        };
        let lines: Vec<String> = rule.lines.iter().map(|line| expand(line, &value)).collect();
        if !rule.whole {
            texts.extend(lines.iter().map(|line| line.trim_start_matches(['@', '-']).to_owned()));
        } else if lines.first().is_some_and(|line| line.ends_with("sh") || line.contains("sh ")) {
            texts.push(lines.join("\n"));
        }
    }
    texts.retain(|text| !text.trim().is_empty());
    texts
}

/// Replaces `{{name}}`; what is not known becomes a variable of the shell.
fn expand(line: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((inner, after)) = after.split_once("}}") else {
            rest = after;
            break;
        };
        let inner = inner.trim();
        let known = value(inner).or_else(|| string(inner));
        out.push_str(&known.unwrap_or_else(|| "${just_value}".to_owned()));
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_with_arguments_and_dependencies() {
        let recipes = parse(
            "dir := 'build'\nalias w := wipe\n\n# default\nall: test\n    @echo all\n\ntest:\n    cargo test\n\nwipe name='x' other: test\n    rm -rf {{dir}}/{{name}} {{other}}\n\nscript:\n    #!/usr/bin/env bash\n    set -e\n    rm -rf src\n\npy:\n    #!/usr/bin/env python3\n    print(1)\n",
        );
        let goals = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(texts(&recipes, &[]), ["cargo test", "echo all"]);
        assert_eq!(texts(&recipes, &goals("wipe a b")), ["cargo test", "rm -rf build/a b"]);
        assert_eq!(texts(&recipes, &goals("wipe")), ["cargo test", "rm -rf build/x ${just_value}"]);
        assert_eq!(texts(&recipes, &goals("w")).len(), 2);
        assert_eq!(texts(&recipes, &goals("script")).len(), 1);
        assert!(texts(&recipes, &goals("py")).is_empty());
    }
}
