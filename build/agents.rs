//! Compiles `grammars/agents.toml` into the constant table of `src/actor/table.rs`.
//!
//! In: the file's text. Out: Rust source. It refuses fields that it does not know, agents without a
//! source, and markers that are not `NAME` or `NAME=value`: a typing error must not drop a marker.

use std::fmt::Write;
use std::path::Path;

use serde::Deserialize;

/// The source's name in messages.
const SOURCE: &str = "grammars/agents.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    agent: Vec<Agent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Agent {
    name: String,
    #[serde(default)]
    strong: Vec<String>,
    #[serde(default)]
    weak: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    ambiguous: Vec<String>,
    #[serde(default)]
    packages: Vec<String>,
    source: String,
}

/// Reads the file and gives the table's Rust source.
///
/// # Errors
/// Says what is wrong with the file, in one line.
pub fn compile(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    render(&text)
}

/// The Rust source of the table.
fn render(text: &str) -> Result<String, String> {
    let file: File = toml::from_str(text).map_err(|error| format!("{SOURCE}: {error}"))?;
    let mut markers = String::new();
    let mut names = String::new();
    let mut packages = String::new();
    for agent in &file.agent {
        let name = &agent.name;
        if agent.source.is_empty() {
            return Err(format!("{SOURCE}: {name} names no source"));
        }
        for (strength, marker) in with(&agent.strong, "Strong").chain(with(&agent.weak, "Weak")) {
            let conditions =
                conditions(marker).ok_or_else(|| format!("{SOURCE}: marker {marker:?} of {name}"))?;
            let _ = writeln!(
                markers,
                "    Marker {{ agent: {name:?}, strength: Strength::{strength}, conditions: &[{conditions}] }},"
            );
        }
        for (strength, process) in with(&agent.names, "Strong").chain(with(&agent.ambiguous, "Weak")) {
            let _ = writeln!(
                names,
                "    Name {{ agent: {name:?}, strength: Strength::{strength}, process: {process:?} }},"
            );
        }
        for package in &agent.packages {
            let _ = writeln!(packages, "    Package {{ agent: {name:?}, folder: {package:?} }},");
        }
    }
    Ok(format!(
        "pub(super) static MARKERS: &[Marker] = &[\n{markers}];\n\
         pub(super) static NAMES: &[Name] = &[\n{names}];\n\
         pub(super) static PACKAGES: &[Package] = &[\n{packages}];\n"
    ))
}

fn with<'a>(texts: &'a [String], strength: &'static str) -> impl Iterator<Item = (&'static str, &'a str)> {
    texts.iter().map(move |text| (strength, text.as_str()))
}

/// `A B=c` as `("A", None), ("B", Some("c"))`.
fn conditions(marker: &str) -> Option<String> {
    let mut out = String::new();
    for condition in marker.split_ascii_whitespace() {
        let (name, value) = match condition.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (condition, None),
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || !name.bytes().all(plain) || value == Some("") {
            return None;
        }
        let _ = write!(out, "({name:?}, {value:?}), ");
    }
    (!out.is_empty()).then_some(out)
}
