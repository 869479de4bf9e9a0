//! `grammars/providers.toml` → a constant table of `reader::http::provider` types.
//!
//! A mistake in a row ends the build with the provider, the row and the remedy.

use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    provider: Vec<Provider>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    id: String,
    name: String,
    hosts: Vec<String>,
    #[serde(default)]
    anywhere: bool,
    #[serde(default)]
    live: Vec<String>,
    #[serde(default)]
    test: Vec<String>,
    #[serde(default)]
    rows: String,
    #[serde(default)]
    mutations: String,
    #[serde(default)]
    arguments: String,
}

/// Compiles the file into Rust source.
pub fn compile(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let file: File = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut out = String::from("pub static PROVIDERS: &[Provider] = &[\n");
    for provider in &file.provider {
        one(provider, &mut out)
            .map_err(|error| format!("{}: provider '{}': {error}", path.display(), provider.id))?;
    }
    out.push_str("];\n");
    Ok(out)
}

fn one(provider: &Provider, out: &mut String) -> Result<(), String> {
    let _ = write!(
        out,
        "Provider {{ id: {:?}, name: {:?}, hosts: &{:?}, anywhere: {}, live: &{:?}, test: &{:?}, rows: &[",
        provider.id, provider.name, provider.hosts, provider.anywhere, provider.live, provider.test,
    );
    for line in lines(&provider.rows) {
        row(line, out).map_err(|error| format!("row '{line}': {error}"))?;
    }
    out.push_str("], mutations: &[");
    // Sorted, so that a lookup is a binary search.
    let mut mutations: Vec<&str> = lines(&provider.mutations).collect();
    mutations.sort_by_key(|line| line.split_whitespace().next());
    for line in mutations {
        mutation(line, out).map_err(|error| format!("mutation '{line}': {error}"))?;
    }
    out.push_str("], arguments: &[");
    for line in lines(&provider.arguments) {
        argument(line, out).map_err(|error| format!("argument '{line}': {error}"))?;
    }
    out.push_str("] },\n");
    Ok(())
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// `DELETE,POST /a/*/b key=glob -> impact: verb | undo`.
fn row(line: &str, out: &mut String) -> Result<(), String> {
    let (when, then) =
        line.split_once("->").ok_or("write 'METHOD /path [key=glob] -> impact: verb | undo'")?;
    let mut words = when.split_whitespace();
    let methods: Vec<&str> = words.next().ok_or("the methods are missing")?.split(',').collect();
    let path = words
        .next()
        .filter(|path| path.starts_with('/'))
        .ok_or("the path is missing: write '/**' for any")?;
    let path: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let mut conditions = String::new();
    for word in words {
        let (wanted, rest) = word.strip_prefix('!').map_or((true, word), |rest| (false, rest));
        let test = if rest == "filter" {
            "Test::Filter".to_owned()
        } else if rest == "unread" {
            "Test::Unread".to_owned()
        } else if let Some(glob) = rest.strip_prefix("raw~") {
            format!("Test::Raw({glob:?})")
        } else if let Some((name, glob)) = rest.strip_prefix("header:").and_then(|rest| rest.split_once('='))
        {
            format!("Test::Header({name:?}, {glob:?})")
        } else if let Some((name, glob)) = rest.split_once('=') {
            format!("Test::Field({name:?}, {glob:?})")
        } else {
            return Err(format!(
                "'{rest}' is no condition: write key=glob, header:Name=glob, raw~glob, unread or filter"
            ));
        };
        let _ = write!(conditions, "({wanted}, {test}), ");
    }
    let (result, undo) = then.split_once('|').unwrap_or((then, ""));
    let (result, undo) = (result.trim(), undo.trim());
    let outcome = match result.split_once(':') {
        _ if result == "bulk" => "Outcome::Bulk".to_owned(),
        _ if result.starts_with("sql ") => {
            let places: Vec<&str> = result[4..].split_whitespace().collect();
            format!("Outcome::Sql(&{places:?})")
        }
        Some((impact, verb)) => {
            format!(
                "Outcome::Act {{ impact: {}, verb: {:?}, undo: {undo:?} }}",
                impact_of(impact)?,
                verb.trim()
            )
        }
        None => return Err("the result is 'impact: verb', 'sql KEY…' or 'bulk'".to_owned()),
    };
    let _ = write!(
        out,
        "Row {{ methods: &{methods:?}, path: &{path:?}, conditions: &[{conditions}], outcome: {outcome} }},"
    );
    Ok(())
}

fn impact_of(text: &str) -> Result<String, String> {
    let text = text.trim();
    if !super::grammars::IMPACTS.contains(&text) {
        return Err(format!("impact '{text}' is not one of: {}", super::grammars::IMPACTS.join(", ")));
    }
    let camel: String = text.split('-').map(capital).collect();
    Ok(format!("Impact::{camel}"))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `volumeDelete destroy resource | undo`.
fn mutation(line: &str, out: &mut String) -> Result<(), String> {
    let (facts, undo) = line.split_once('|').unwrap_or((line, ""));
    let words: Vec<&str> = facts.split_whitespace().collect();
    let [name, effect, impact] = words[..] else {
        return Err("write 'name effect impact | undo'".to_owned());
    };
    let effects = ["read", "write", "permission", "destroy", "unknown"];
    if !effects.contains(&effect) {
        return Err(format!("effect '{effect}' is not one of: {}", effects.join(", ")));
    }
    let _ = write!(
        out,
        "Mutation {{ name: {name:?}, effect: Effect::{}, impact: {}, undo: {:?} }},",
        capital(effect),
        impact_of(impact)?,
        undo.trim(),
    );
    Ok(())
}

/// `mutation path=value|value -> impact`; `else` in place of a test is what holds otherwise.
fn argument(line: &str, out: &mut String) -> Result<(), String> {
    let (when, impact) = line.split_once("->").ok_or("write 'mutation path=value|value -> impact'")?;
    let words: Vec<&str> = when.split_whitespace().collect();
    let [mutation, test] = words[..] else {
        return Err("write 'mutation path=value|value -> impact'".to_owned());
    };
    let (path, values) = match test.split_once('=') {
        Some((path, values)) => (path.split('.').collect(), values.split('|').collect()),
        None if test == "else" => (Vec::new(), Vec::new()),
        None => return Err(format!("'{test}' is no test: write path=value or else")),
    };
    let (path, values): (Vec<&str>, Vec<&str>) = (path, values);
    let _ = write!(
        out,
        "Argument {{ mutation: {mutation:?}, path: &{path:?}, values: &{values:?}, impact: {} }},",
        impact_of(impact)?,
    );
    Ok(())
}
