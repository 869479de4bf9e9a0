//! `grammars/tools/*.toml` → constant tables of `grammar::schema` types.
//!
//! A mistake in a grammar file ends the build with file, command and remedy.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    program: String,
    #[serde(default)]
    names: Vec<String>,
    parser: String,
    #[serde(default)]
    reader: Option<String>,
    #[serde(default = "yes")]
    shim: bool,
    grade: String,
    source: String,
    /// Options that many commands share, by name: `use NAME` among a command's options.
    #[serde(default)]
    sets: BTreeMap<String, String>,
    #[serde(default)]
    target: String,
    #[serde(default)]
    options: String,
    #[serde(default)]
    safe: Option<String>,
    #[serde(default)]
    default: Option<String>,
    #[serde(default)]
    nested: Option<String>,
    #[serde(default)]
    world: Option<String>,
    #[serde(default)]
    case: Vec<CaseRow>,
    #[serde(default)]
    command: Vec<CommandRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommandRow {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    options: String,
    #[serde(default)]
    safe: Option<String>,
    #[serde(default)]
    default: Option<String>,
    #[serde(default)]
    nested: Option<String>,
    #[serde(default)]
    world: Option<String>,
    #[serde(default)]
    case: Vec<CaseRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseRow {
    id: String,
    #[serde(default)]
    when: String,
    effect: String,
    impact: String,
    verb: String,
    #[serde(default)]
    object: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    undo: String,
    #[serde(default)]
    advice: String,
    #[serde(default)]
    question: Option<String>,
}

const fn yes() -> bool {
    true
}

/// Compiles every grammar file below `folder` into Rust source.
pub fn compile(folder: &Path) -> Result<String, String> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    paths.sort();
    let mut sets = String::new();
    let mut out = String::from("pub static GRAMMARS: &[Grammar] = &[\n");
    let (mut programs, mut names) = (Vec::new(), Vec::new());
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let file: File = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if stem != file.program {
            return Err(format!(
                "{}: the file is to be named after its program '{}'",
                path.display(),
                file.program
            ));
        }
        for (name, text) in &file.sets {
            let shared =
                options(text).map_err(|error| format!("{}: set '{name}': {error}", path.display()))?;
            let _ = writeln!(sets, "static {}: &[Opt] = &[{shared}];", set_name(&file, name));
        }
        let place = programs.len();
        programs.push(file.program.clone());
        names.push((file.program.clone(), place));
        names.extend(file.names.iter().map(|name| (name.clone(), place)));
        grammar(&file, &mut out).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    out.push_str("];\n");
    Ok(sets + &out + &index(names)?)
}

/// Every name of every program, sorted: one is found without touching the others' tables.
fn index(mut names: Vec<(String, usize)>) -> Result<String, String> {
    names.sort();
    for pair in names.windows(2) {
        if pair[0].0 == pair[1].0 {
            return Err(format!("two grammars claim the name '{}': one has to let go of it", pair[0].0));
        }
    }
    let rows: Vec<String> = names.iter().map(|(name, place)| format!("({name:?}, {place})")).collect();
    Ok(format!("pub static INDEX: &[(&str, usize)] = &[{}];\n", rows.join(", ")))
}

/// The constant that holds a file's option set.
fn set_name(file: &File, name: &str) -> String {
    format!("{}_{}", file.program, name).replace(|letter: char| !letter.is_alphanumeric(), "_").to_uppercase()
}

/// The sets that an option list uses, by name.
fn uses(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.trim().strip_prefix("use ").map(str::trim))
}

fn grammar(file: &File, out: &mut String) -> Result<(), String> {
    let parser = word(
        &file.parser,
        "parser",
        &["getopt", "posix", "git", "argparse", "clap", "curl", "cobra", "goflag"],
    )?;
    let reader = match &file.reader {
        None => "Plain".to_owned(),
        Some(reader) => word(reader, "reader", READERS)?,
    };
    word(&file.grade, "grade", &["proved", "documented", "verbs"])?;
    let root = CommandRow {
        name: String::new(),
        aliases: Vec::new(),
        options: file.options.clone(),
        safe: file.safe.clone(),
        default: file.default.clone(),
        nested: file.nested.clone(),
        world: file.world.clone(),
        case: Vec::new(),
    };
    let mut rows: Vec<&CommandRow> = file.command.iter().collect();
    rows.sort_by(|left, right| left.name.split_whitespace().cmp(right.name.split_whitespace()));
    let path = |row: &&CommandRow| row.name.split_whitespace().collect::<Vec<_>>().join(" ");
    let paths: Vec<String> = rows.iter().map(path).collect();
    let _ = write!(
        out,
        "Grammar {{ program: {:?}, names: {}, parser: Parser::{parser}, reader: Reader::{reader}, shim: {}, grade: {:?}, source: {:?}, target: {:?}, paths: {:?}, root: ",
        file.program,
        strings(&file.names),
        file.shim,
        file.grade,
        file.source,
        file.target,
        paths.join("\n"),
    );
    let global = option_names(&file.options);
    command(file, &root, &file.case, &global, out)?;
    out.push_str(", commands: &[\n");
    for pair in rows.windows(2) {
        if pair[0].name == pair[1].name {
            return Err(format!("command '{}' stands twice: merge the two tables", pair[0].name));
        }
    }
    for row in rows {
        let mut known = global.clone();
        for above in file.command.iter().filter(|above| row.name.starts_with(&format!("{} ", above.name))) {
            known.extend(option_names(&above.options));
            for name in uses(&above.options).filter_map(|name| file.sets.get(name)) {
                known.extend(option_names(name));
            }
        }
        command(file, row, &row.case, &known, out)
            .map_err(|error| format!("command '{}': {error}", row.name))?;
        out.push_str(",\n");
    }
    out.push_str("] },\n");
    Ok(())
}

fn command(
    file: &File,
    row: &CommandRow,
    cases: &[CaseRow],
    global: &[String],
    out: &mut String,
) -> Result<(), String> {
    let mut names = option_names(&row.options);
    let mut shared = Vec::new();
    for name in uses(&row.options) {
        let text = file.sets.get(name).ok_or_else(|| format!("'use {name}': no such table in [sets]"))?;
        names.extend(option_names(text));
        shared.push(set_name(file, name));
    }
    names.extend_from_slice(global);
    let path: Vec<String> = row.name.split_whitespace().map(str::to_owned).collect();
    let safe = match &row.safe {
        None => "None".to_owned(),
        Some(text) => format!("Some({})", condition(text, &names)?),
    };
    let default = match row.default.as_deref() {
        None => "None".to_owned(),
        Some(effect) => format!("Some(Effect::{})", word(effect, "default", EFFECTS)?),
    };
    let nested = match row.nested.as_deref() {
        None => "Nested::None".to_owned(),
        Some("named") => "Nested::Named".to_owned(),
        Some(text) => {
            let (kind, from) = text.split_once(' ').unwrap_or((text, "0"));
            let from: usize =
                from.parse().map_err(|_| format!("nested '{text}': write 'words N' or 'shell N'"))?;
            format!("Nested::{}({from})", word(kind, "nested", NESTED)?)
        }
    };
    let world = word(
        row.world.as_deref().unwrap_or("here"),
        "world",
        &["here", "elsewhere", "remote", "rooted", "throwaway"],
    )?;
    let _ = write!(
        out,
        "Command {{ path: {}, aliases: {}, options: &[{}], spelled: {:?}, shared: &[{}], safe: {safe}, default: {default}, nested: {nested}, world: World::{world}, cases: &[",
        strings(&path),
        strings(&row.aliases),
        options(&row.options)?,
        spelled(&row.options),
        shared.join(", "),
    );
    for case in cases {
        case_row(case, &names, out).map_err(|error| format!("case '{}': {error}", case.id))?;
    }
    out.push_str("] }");
    Ok(())
}

const READERS: &[&str] = &[
    "plain",
    "paths",
    "git",
    "sql-client",
    "http",
    "shell",
    "wrapper",
    "find",
    "scripts",
    "recipes",
    "railway",
    "aws",
    "interpreter",
];
const NESTED: &[&str] = &["words", "assigned", "fed", "trailing", "script", "shell", "texts", "each"];
const EFFECTS: &[&str] = &["read", "write", "permission", "destroy", "unknown"];

fn case_row(case: &CaseRow, names: &[String], out: &mut String) -> Result<(), String> {
    let when = if case.when.is_empty() { "Cond::Always".to_owned() } else { condition(&case.when, names)? };
    let question = match case.question.as_deref() {
        None => "None".to_owned(),
        Some(kind @ ("remove" | "remove-tree" | "overwrite" | "move" | "mirror")) => {
            format!("Some(Ask::{})", camel(kind))
        }
        Some(kind) => format!("Some(Ask::Git(GitLoss::{}))", camel(kind)),
    };
    let _ = write!(
        out,
        "Case {{ id: {:?}, when: {when}, effect: Effect::{}, impact: {}, verb: {:?}, object: {}, scope: {:?}, undo: {:?}, advice: {:?}, question: {question} }},",
        case.id,
        word(&case.effect, "effect", EFFECTS)?,
        impact(&case.impact)?,
        case.verb,
        object(&case.object, names)?,
        case.scope,
        case.undo,
        case.advice,
    );
    Ok(())
}

/// The rows of the calibration table, by name.
pub const IMPACTS: &[&str] = &[
    "nothing",
    "change",
    "replace",
    "part",
    "table",
    "database",
    "access",
    "net",
    "unread",
    "outage",
    "resource",
    "resource-kept",
    "resource-final",
];

/// An impact word → the constant.
pub fn impact(text: &str) -> Result<String, String> {
    Ok(match text {
        "none" | "low" | "medium" | "high" | "critical" => {
            format!("Impact::Fixed(Severity::{})", camel(text))
        }
        _ => format!("Impact::{}", word(text, "impact", IMPACTS,)?),
    })
}

fn object(text: &str, names: &[String]) -> Result<String, String> {
    Ok(match text {
        "" | "operands" => "Object::Operands".to_owned(),
        "first" => "Object::Nth(0)".to_owned(),
        "second" => "Object::Nth(1)".to_owned(),
        "third" => "Object::Nth(2)".to_owned(),
        "last" => "Object::Last".to_owned(),
        "destination" => "Object::Destination".to_owned(),
        _ if text.ends_with('=') && !text.starts_with('-') => format!("Object::Assigned({text:?})"),
        _ if text.starts_with('-') => {
            known(text, names)?;
            format!("Object::Value({text:?})")
        }
        _ => format!("Object::Text({text:?})"),
    })
}

/// The lines of an option list that declare options.
fn option_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("use "))
}

/// One option per line: `-m --message=TEXT @role`, `--[no-]edit`, `--color[=WHEN]`, `--ids=ID...`.
fn options(text: &str) -> Result<String, String> {
    let mut out = String::new();
    for line in option_lines(text) {
        let mut names: Vec<String> = Vec::new();
        let (mut arity, mut negatable, mut global, mut role) = ("Flag", false, false, "");
        for token in line.split_whitespace() {
            if let Some(name) = token.strip_prefix('@') {
                if name == "global" {
                    global = true;
                } else {
                    role = name;
                }
                continue;
            }
            if !token.starts_with('-') {
                return Err(format!(
                    "option line '{line}': '{token}' is neither a name (-x, --long) nor a @role"
                ));
            }
            let (name, value) = split_value(token);
            arity = match value {
                None => arity,
                Some(value) if value.starts_with('[') => "Optional",
                Some(value) if value.ends_with("...") => "Many",
                Some(_) => "Required",
            };
            if let Some(rest) = name.strip_prefix("--[no-]") {
                negatable = true;
                names.push(format!("--{rest}"));
            } else {
                names.push(name.to_owned());
            }
        }
        let _ = write!(
            out,
            "Opt {{ names: {}, arity: Arity::{arity}, negatable: {negatable}, global: {global}, role: {role:?} }},",
            strings(&names),
        );
    }
    Ok(out)
}

/// `--color[=WHEN]` → (`--color`, `[=WHEN]`); `--[no-]x=V` → (`--[no-]x`, `=V`).
fn split_value(token: &str) -> (&str, Option<&str>) {
    let from = if token.starts_with("--[no-]") { 7 } else { 1 };
    let end = token[from..].find(['=', '[']).map(|at| at + from);
    match end {
        Some(at) => (&token[..at], Some(&token[at..])),
        None => (token, None),
    }
}

/// Each option's names on a line of their own, in the order of [`options`].
fn spelled(text: &str) -> String {
    option_lines(text).map(|line| option_names(line).join(" ")).collect::<Vec<_>>().join("\n")
}

fn option_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in option_lines(text) {
        for token in line.split_whitespace().filter(|token| token.starts_with('-')) {
            names.push(split_value(token).0.replace("[no-]", ""));
        }
    }
    names
}

fn known(name: &str, names: &[String]) -> Result<(), String> {
    if names.iter().any(|known| known == name) {
        return Ok(());
    }
    Err(format!("option {name} is not declared here: add it to options"))
}

/// `a & !b | (c & first~GLOB)` → a `Cond` expression.
fn condition(text: &str, names: &[String]) -> Result<String, String> {
    let spaced = text.replace('(', " ( ").replace(')', " ) ").replace('!', " ! ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let out = either(&tokens, &mut at, names)?;
    if at != tokens.len() {
        return Err(format!("condition '{text}': unexpected '{}'", tokens[at]));
    }
    Ok(out)
}

fn either(tokens: &[&str], at: &mut usize, names: &[String]) -> Result<String, String> {
    let mut parts = vec![all(tokens, at, names)?];
    while tokens.get(*at) == Some(&"|") {
        *at += 1;
        parts.push(all(tokens, at, names)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { format!("Cond::Either(&[{}])", parts.join(", ")) })
}

fn all(tokens: &[&str], at: &mut usize, names: &[String]) -> Result<String, String> {
    let mut parts = vec![atom(tokens, at, names)?];
    while tokens.get(*at) == Some(&"&") {
        *at += 1;
        parts.push(atom(tokens, at, names)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { format!("Cond::All(&[{}])", parts.join(", ")) })
}

fn atom(tokens: &[&str], at: &mut usize, names: &[String]) -> Result<String, String> {
    let token = *tokens.get(*at).ok_or("condition ends too early")?;
    *at += 1;
    match token {
        "!" => Ok(format!("Cond::Not(&{})", atom(tokens, at, names)?)),
        "(" => {
            let inner = either(tokens, at, names)?;
            if tokens.get(*at) != Some(&")") {
                return Err("condition lacks ')'".to_owned());
            }
            *at += 1;
            Ok(inner)
        }
        "none" => Ok("Cond::Not(&Cond::AtLeast(1))".to_owned()),
        "terminator" => Ok("Cond::Terminator".to_owned()),
        _ if token.starts_with('-') => {
            let (name, value) =
                token.split_once('=').map_or((token, None), |(name, value)| (name, Some(value)));
            known(name, names)?;
            Ok(match value {
                None => format!("Cond::Has({name:?})"),
                Some(glob) => format!("Cond::Value({name:?}, {glob:?})"),
            })
        }
        _ => {
            if let Some(count) = token.strip_prefix("operands>=") {
                let count: usize = count.parse().map_err(|_| format!("'{token}' wants a number"))?;
                return Ok(format!("Cond::AtLeast({count})"));
            }
            let (place, glob) = token
                .split_once('~')
                .ok_or_else(|| format!("'{token}' is no condition: see grammars/README.md"))?;
            Ok(match place {
                "any" => format!("Cond::Any({glob:?})"),
                "first" => format!("Cond::Nth(0, {glob:?})"),
                "second" => format!("Cond::Nth(1, {glob:?})"),
                "third" => format!("Cond::Nth(2, {glob:?})"),
                _ => return Err(format!("'{place}~' is no place: write any, first, second or third")),
            })
        }
    }
}

/// One of the allowed words, as a variant's name.
pub fn word(text: &str, what: &str, allowed: &[&str]) -> Result<String, String> {
    if allowed.contains(&text) {
        return Ok(camel(text));
    }
    Err(format!("{what} '{text}' is not one of: {}", allowed.join(", ")))
}

fn camel(text: &str) -> String {
    text.split('-')
        .map(|part| {
            let mut letters = part.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        })
        .collect()
}

fn strings(values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    format!("&[{}]", quoted.join(", "))
}
