//! `grammars/aws_operations.toml` → the constant tables of `reader::aws::table`.
//!
//! A mistake in the file ends the build with the row and a remedy.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    verbs: BTreeMap<String, String>,
    exceptions: BTreeMap<String, String>,
    #[serde(rename = "dry-run")]
    dry_run: DryRun,
    nouns: Nouns,
    row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DryRun {
    all: String,
    except: String,
    also: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nouns {
    words: String,
    phrases: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    on: String,
    #[serde(default)]
    when: String,
    #[serde(default)]
    effect: Option<String>,
    impact: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    undo: String,
    #[serde(default)]
    advice: String,
}

const KINDS: &[&str] = &["read", "write", "permission", "delete", "stop", "detach", "reset", "revoke"];
const EFFECTS: &[&str] = &["read", "write", "permission", "destroy"];

/// Compiles the file into Rust source.
pub fn compile(path: &Path) -> Result<String, String> {
    let named = |error: String| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
    let file: File = toml::from_str(&text).map_err(|error| named(error.to_string()))?;
    tables(&file).map_err(named)
}

fn tables(file: &File) -> Result<String, String> {
    let mut out = String::from("pub static VERBS: &[(Kind, &str)] = &[\n");
    for (kind, words) in &file.verbs {
        let kind = crate::grammars::word(kind, "verbs", KINDS)?;
        let _ = writeln!(out, "(Kind::{kind}, {:?}),", spaced(words));
    }
    out.push_str("];\npub static EXCEPTIONS: &[(Effect, &str)] = &[\n");
    for (effect, lines) in &file.exceptions {
        let effect = crate::grammars::word(effect, "exceptions", EFFECTS)?;
        let _ = writeln!(out, "(Effect::{effect}, {:?}),", operations(lines)?);
    }
    out.push_str("];\n");
    let _ = writeln!(out, "pub static DRY_RUN_ALL: &str = {:?};", file.dry_run.all);
    let _ = writeln!(out, "pub static DRY_RUN_EXCEPT: &str = {:?};", spaced(&file.dry_run.except));
    let _ = writeln!(out, "pub static DRY_RUN_ALSO: &str = {:?};", operations(&file.dry_run.also)?);
    let _ = writeln!(out, "pub static NOUNS: &str = {:?};", spaced(&file.nouns.words));
    let phrases: Vec<&str> = file.nouns.phrases.split_whitespace().collect();
    let _ = writeln!(out, "pub static PHRASES: &[&str] = &{phrases:?};");
    out.push_str("pub static ROWS: &[Row] = &[\n");
    for row in &file.row {
        rule(row, &mut out).map_err(|error| format!("row '{}': {error}", row.on))?;
    }
    out.push_str("];\n");
    Ok(out)
}

/// Words with a space on both sides of each, to be searched for as ` word `.
fn spaced(words: &str) -> String {
    let joined: Vec<&str> = words.split_whitespace().collect();
    format!(" {} ", joined.join(" "))
}

/// `service: operation operation …` lines → `\nservice operation\n…`.
fn operations(lines: &str) -> Result<String, String> {
    let mut out = String::from("\n");
    let mut service = "";
    for word in lines.split_whitespace() {
        if let Some(name) = word.strip_suffix(':') {
            service = name;
        } else if service.is_empty() {
            return Err(format!("'{word}' stands before any service: write 'service: operation …'"));
        } else {
            let _ = writeln!(out, "{service} {word}");
        }
    }
    Ok(out)
}

fn rule(row: &Row, out: &mut String) -> Result<(), String> {
    let on: Vec<&str> = row.on.split(',').map(str::trim).collect();
    let effect = match row.effect.as_deref() {
        None => "None".to_owned(),
        Some(effect) => format!("Some(Effect::{})", crate::grammars::word(effect, "effect", EFFECTS)?),
    };
    let _ = writeln!(
        out,
        "Row {{ on: &{on:?}, when: {}, effect: {effect}, impact: {}, scope: {:?}, undo: {:?}, advice: {:?} }},",
        condition(&row.when)?,
        crate::grammars::impact(&row.impact)?,
        row.scope,
        row.undo,
        row.advice,
    );
    Ok(())
}

/// `A.B=glob & !C | D==text` → alternatives of conjunctions; none: always.
fn condition(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok("&[]".to_owned());
    }
    let mut out = String::from("&[");
    for alternative in text.split(" | ") {
        out.push_str("&[");
        for atom in alternative.split(" & ") {
            let atom = atom.trim();
            let (negated, plain) = atom.strip_prefix('!').map_or((false, atom), |rest| (true, rest));
            let (keys, probe) = match (plain.split_once("=="), plain.split_once('=')) {
                (Some((path, value)), _) => (path, format!("Test::Exact({:?})", value.to_lowercase())),
                (None, Some((path, value))) => (path, format!("Test::Glob({:?})", value.to_lowercase())),
                (None, None) => (plain, "Test::On".to_owned()),
            };
            let path: Vec<String> = keys.split('.').map(str::to_lowercase).collect();
            if path
                .iter()
                .any(|part| part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            {
                return Err(format!("'{atom}' is no condition: write Key, Key=glob or Outer.Inner=glob"));
            }
            let _ = write!(out, "Atom {{ negated: {negated}, path: &{path:?}, test: {probe} }},");
        }
        out.push_str("],");
    }
    out.push(']');
    Ok(out)
}
