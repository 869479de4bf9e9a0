//! `agentguard log`: what was recorded, oldest first.

use std::io::Write;

use crate::audit::{self, Link, Stored};
use crate::context::Context;
use crate::error::Error;
use crate::exit;
use crate::term;

/// Prints the records, or the last of them. A torn or broken record is reported in its place.
///
/// # Errors
/// When the log cannot be read or output cannot be written.
pub fn run(json: bool, last: Option<usize>, context: &Context, out: &mut dyn Write) -> Result<i32, Error> {
    let records = audit::last(context, last.unwrap_or(usize::MAX))
        .map_err(|error| Error::failed(error.to_string(), error.hint()))?;
    for stored in records {
        match stored {
            Stored::Torn { path, number, line } => {
                let problem = format!("torn record at {}:{number}: {line}", path.display());
                writeln!(out, "{}", term::sanitize(&problem))?;
            }
            Stored::Record { line, .. } if json => writeln!(out, "{line}")?,
            Stored::Record { value, link, .. } => writeln!(out, "{}", shown(&value, link))?,
        }
    }
    Ok(exit::DONE)
}

/// `TIME  ID  refused  high  git.reset-hard  git reset --hard  (claude-code)`.
fn shown(record: &serde_json::Value, link: Link) -> String {
    let text = |name: &str| record.get(name).and_then(|value| value.as_str()).unwrap_or("-").to_owned();
    let argv: Vec<String> = record
        .get("argv")
        .and_then(|words| words.as_array())
        .map(|words| {
            words
                .iter()
                .filter_map(|word| word.as_str())
                .map(|word| shell_words::quote(word).into_owned())
                .collect()
        })
        .unwrap_or_default();
    let actor =
        record.get("actor").and_then(|actor| actor.get("name")).and_then(|name| name.as_str()).unwrap_or("-");
    let broken = if link == Link::Broken { "  [the record before it was changed or is missing]" } else { "" };
    let line = format!(
        "{}  {:<9} {:<8} {:<8} {}  {}  ({actor}){broken}",
        text("time"),
        text("id"),
        text("outcome"),
        text("severity"),
        text("rule"),
        argv.join(" "),
    );
    term::sanitize(&line)
}
