//! A makefile's rules and variables, as far as they are constant.
//!
//! | source | becomes |
//! |---|---|
//! | `NAME = V`, `:=`, `::=`, `?=`, `+=`, `export NAME = V` | a variable |
//! | `A B: C D \| E`, `A:: C`, `A: C ; line` | rules |
//! | a line after a tab | a recipe line of the rule above |
//! | `\` at the end | the next line belongs to it |
//! | `define … endef`, `include`, conditionals | nothing; both branches of a conditional count |

use std::collections::BTreeMap;

use super::{Recipes, ordered};
use crate::grammar::glob;

/// Variables inside variables are followed this far.
const DEPTH: usize = 16;

/// Reads a makefile.
pub(super) fn parse(text: &str) -> Recipes {
    let mut recipes = Recipes::default();
    let mut current: Vec<String> = Vec::new();
    let mut defining = false;
    for line in logical_lines(text) {
        if defining {
            defining = line.trim() != "endef";
            continue;
        }
        if let Some(recipe) = line.strip_prefix('\t') {
            for goal in &current {
                if let Some(rule) = recipes.rules.get_mut(goal) {
                    rule.lines.push(recipe.to_owned());
                }
            }
            continue;
        }
        let plain = without_comment(&line);
        let plain = plain.trim();
        if plain.starts_with("define ") {
            defining = true;
            continue;
        }
        let word = plain.split_whitespace().next().unwrap_or_default();
        let directives =
            ["ifeq", "ifneq", "ifdef", "ifndef", "else", "endif", "include", "-include", "sinclude"];
        if plain.is_empty() || directives.contains(&word) || word == "vpath" || word == "undefine" {
            continue;
        }
        if let Some((name, operator, value)) = assignment(plain) {
            assign(&mut recipes.variables, name, operator, value);
            current.clear();
        } else if let Some(goals) = rule(plain, &mut recipes) {
            current = goals;
        }
    }
    recipes
}

fn logical_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let continues = line.ends_with('\\');
        match lines.last_mut() {
            Some(last) if open && last.starts_with('\t') => {
                last.push('\n');
                last.push_str(line.strip_prefix('\t').unwrap_or(line));
            }
            Some(last) if open => {
                last.truncate(last.trim_end_matches('\\').len());
                last.push(' ');
                last.push_str(line.trim_start());
            }
            _ => lines.push(line.to_owned()),
        }
        open = continues;
    }
    lines
}

fn without_comment(line: &str) -> &str {
    let end = line
        .bytes()
        .enumerate()
        .find(|&(at, byte)| byte == b'#' && (at == 0 || line.as_bytes()[at - 1] != b'\\'));
    &line[..end.map_or(line.len(), |(at, _)| at)]
}

/// `NAME OPERATOR VALUE`.
fn assignment(line: &str) -> Option<(&str, &str, &str)> {
    let line = line.strip_prefix("export ").or_else(|| line.strip_prefix("override ")).unwrap_or(line);
    let equals = line.find('=')?;
    let before = &line[..equals];
    let operator_start = before.trim_end_matches([':', '?', '+', '!']).len();
    let name = before[..operator_start].trim();
    let valid = !name.is_empty() && !name.contains(|letter: char| letter.is_whitespace() || letter == ':');
    valid.then(|| (name, before[operator_start..].trim(), line[equals + 1..].trim()))
}

fn assign(variables: &mut BTreeMap<String, String>, name: &str, operator: &str, value: &str) {
    match operator {
        "?" => {
            variables.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        "+" => {
            let entry = variables.entry(name.to_owned()).or_default();
            entry.push(' ');
            entry.push_str(value);
        }
        // `!=`: the output of a command.
        "!" => {
            variables.insert(name.to_owned(), format!("$(shell {value})"));
        }
        // `:=` is expanded at once: a variable that is made of itself would never end.
        _ => {
            let own = [format!("$({name})"), format!("${{{name}}}")];
            let old = variables.get(name).cloned().unwrap_or_default();
            let value = own.iter().fold(value.to_owned(), |value, own| value.replace(own.as_str(), &old));
            variables.insert(name.to_owned(), value);
        }
    }
}

/// Enters a rule line; the goals it is for.
fn rule(line: &str, recipes: &mut Recipes) -> Option<Vec<String>> {
    let colon = separator(line)?;
    let targets = expand(&line[..colon], &recipes.variables, "");
    let rest = line[colon + 1..].trim_start_matches(':');
    let (before, inline) = rest.split_once(';').map_or((rest, None), |(before, line)| (before, Some(line)));
    let goals: Vec<String> = targets.split_whitespace().map(str::to_owned).collect();
    // `clean: CFLAGS = -g` sets a variable for one goal.
    if assignment(before.trim()).is_some() {
        return Some(Vec::new());
    }
    // A static pattern (`a b: %.o: %.c`) has its prerequisites behind a second colon.
    let before = separator(before).map_or(before, |second| &before[second + 1..]);
    let before = expand(before, &recipes.variables, "").replace('|', " ");
    for goal in &goals {
        if recipes.first.is_none() && !goal.starts_with('.') && !goal.contains('%') {
            recipes.first = Some(goal.clone());
        }
        let rule = recipes.rules.entry(goal.clone()).or_default();
        rule.before.extend(before.split_whitespace().map(str::to_owned));
        rule.lines.extend(inline.map(|line| line.trim().to_owned()));
    }
    Some(goals)
}

/// The first colon that is not inside a reference.
fn separator(line: &str) -> Option<usize> {
    let mut depth = 0_i32;
    line.bytes().enumerate().find_map(|(at, byte)| {
        match byte {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth -= 1,
            b':' if depth == 0 => return Some(at),
            _ => {}
        }
        None
    })
}

/// The shell texts that goals run, in order.
pub(super) fn texts(recipes: &Recipes, goals: &[String]) -> Vec<String> {
    let known = |goal: &str| {
        let exact = recipes.rules.get_key_value(goal);
        let pattern = || {
            recipes
                .rules
                .iter()
                .find(|(name, _)| name.contains('%') && glob::matches(&name.replace('%', "*"), goal))
        };
        exact.or_else(pattern).map(|(name, rule)| (name.clone(), rule.clone()))
    };
    let one_shell = recipes.rules.contains_key(".ONESHELL");
    let mut texts = Vec::new();
    for (goal, rule) in ordered(recipes, goals, &known) {
        let lines: Vec<String> = rule
            .lines
            .iter()
            .map(|line| {
                let plain = line.trim_start_matches([' ', '\t', '@', '-', '+']);
                expand(plain, &recipes.variables, &goal)
                    .trim_start_matches([' ', '\t', '@', '-', '+'])
                    .to_owned()
            })
            .filter(|line| !line.trim().is_empty())
            .collect();
        if one_shell && !lines.is_empty() {
            texts.push(lines.join("\n"));
        } else {
            texts.extend(lines);
        }
    }
    texts
}

/// Replaces make's references; `goal` is what `$@` stands for.
fn expand(text: &str, variables: &BTreeMap<String, String>, goal: &str) -> String {
    expand_within(text, variables, goal, 0)
}

fn expand_within(text: &str, variables: &BTreeMap<String, String>, goal: &str, depth: usize) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(first) = rest.chars().next() else { break };
        match first {
            '$' => {
                out.push('$');
                rest = &rest[1..];
            }
            '(' | '{' => {
                let end = closing(rest, first);
                let inner = rest.get(1..end).unwrap_or_default();
                out.push_str(&reference(inner, variables, goal, depth));
                rest = rest.get(end + 1..).unwrap_or_default();
            }
            '@' if !goal.is_empty() => {
                out.push_str(goal);
                rest = &rest[1..];
            }
            other => {
                out.push_str(&reference(&other.to_string(), variables, goal, depth));
                rest = &rest[other.len_utf8()..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Where the reference that starts with `open` ends.
fn closing(text: &str, open: char) -> usize {
    let close = if open == '(' { ')' } else { '}' };
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        if letter == open {
            depth += 1;
        } else if letter == close {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    text.len()
}

/// What `$(inner)` stands for.
fn reference(inner: &str, variables: &BTreeMap<String, String>, goal: &str, depth: usize) -> String {
    let unknown = |name: &str| format!("${{{name}}}");
    if depth > DEPTH {
        return unknown("make_value");
    }
    if let Some((function, argument)) = inner.split_once([' ', '\t']) {
        let argument = expand_within(argument, variables, goal, depth + 1);
        return match function {
            "shell" => format!("$({argument})"),
            "wildcard" | "strip" | "sort" | "realpath" | "abspath" => argument.trim().to_owned(),
            // Words like `warning` print, the others compute.
            "info" | "warning" | "error" => String::new(),
            _ => unknown("make_value"),
        };
    }
    if let Some(value) = variables.get(inner) {
        return expand_within(value, variables, goal, depth + 1);
    }
    // `$(SRC:.c=.o)`: what the names end in.
    if let Some((name, change)) = inner.split_once(':')
        && let (Some(value), Some((from, to))) = (variables.get(name), change.split_once('='))
    {
        let (from, to) = (from.trim_start_matches('%'), to.trim_start_matches('%'));
        let value = expand_within(value, variables, goal, depth + 1);
        let changed = value.split_whitespace().map(|word| match word.strip_suffix(from) {
            Some(stem) => format!("{stem}{to}"),
            None => word.to_owned(),
        });
        return changed.collect::<Vec<_>>().join(" ");
    }
    let is_name = inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !inner.starts_with(|letter: char| letter.is_ascii_digit());
    unknown(if is_name && !inner.is_empty() { inner } else { "make_value" })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
BUILD := build
OBJ = a.o b.o
ROOT ?= $(BUILD)/x
all: $(BUILD) test
\t@echo $@ done
test: ; ./run --all
clean distclean:
\t-rm -rf $(BUILD) $(OBJ) $(SRC:.c=.o)
\t@rm -f \\
\t  x.log
wipe: clean | db
\trm -rf $(NOWHERE)/ $$HOME $(shell pwd)
db:
\tpsql -c 'DROP TABLE t'
%.o: %.c
\tcc -c $<
";

    #[test]
    fn goals_run_after_their_prerequisites() {
        let recipes = parse(FILE);
        assert_eq!(recipes.first.as_deref(), Some("all"));
        assert_eq!(texts(&recipes, &[]), ["./run --all", "echo all done"]);
        let wiped = texts(&recipes, &["wipe".to_owned()]);
        assert_eq!(wiped.len(), 4, "{wiped:?}");
        assert!(wiped[0].starts_with("rm -rf build a.o b.o "), "{wiped:?}");
        assert_eq!(wiped[1], "rm -f \\\n  x.log");
        assert_eq!(wiped[2], "psql -c 'DROP TABLE t'");
        assert_eq!(wiped[3], "rm -rf ${NOWHERE}/ $HOME $(pwd)");
        assert_eq!(texts(&recipes, &["z.o".to_owned()]), ["cc -c ${make_value}"]);
        assert!(texts(&recipes, &["nothing".to_owned()]).is_empty());
    }

    #[test]
    fn loops_end() {
        let recipes = parse("A = $(B)\nB = $(A)\na: b\n\techo $(A)\nb: a\n\techo b\n");
        assert_eq!(texts(&recipes, &["a".to_owned()]).len(), 2);
    }
}
