//! Compiles `grammars/languages/sql.toml` into constant tables (`$OUT_DIR/sql_table.rs`).
//!
//! In: the table's text. Out: Rust source that `src/language/sql/table.rs` includes, so that no TOML is
//! read at run time. It refuses to know what the rows mean; a wrong word stops the build.

use std::fmt::Write as _;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    row: Vec<Row>,
    function: Vec<Function>,
    setting: Vec<Setting>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    nodes: Vec<String>,
    #[serde(default)]
    words: String,
    #[serde(default)]
    has: Vec<String>,
    #[serde(default)]
    reader: bool,
    rule: String,
    effect: String,
    impact: String,
    #[serde(default)]
    verb: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    undo: String,
    #[serde(default)]
    advice: String,
    #[serde(default)]
    whole: bool,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Function {
    name: Vec<String>,
    rule: String,
    effect: String,
    impact: String,
    verb: String,
    #[serde(default)]
    undo: String,
    #[serde(default)]
    sql: bool,
    #[serde(default)]
    whole: bool,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    name: String,
    harmless: Vec<String>,
    rule: String,
    effect: String,
    impact: String,
    verb: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    undo: String,
}

/// Reads the table of SQL statements, functions and settings and gives its Rust source.
///
/// # Errors
/// Says what is wrong with the file.
pub fn sql(path: &std::path::Path) -> Result<String, Box<dyn std::error::Error>> {
    let file: File = toml::from_str(&std::fs::read_to_string(path)?)?;
    let mut rows: Vec<(&str, String)> = Vec::new();
    for row in &file.row {
        for node in &row.nodes {
            rows.push((node, row_source(node, row)?));
        }
    }
    rows.sort_by_key(|row| row.0);
    let mut out = String::from("pub static ROWS: &[Row] = &[\n");
    for (_, source) in &rows {
        out.push_str(source);
    }
    out.push_str("];\npub static FUNCTIONS: &[Function] = &[\n");
    let mut functions: Vec<(&str, String)> = Vec::new();
    for function in &file.function {
        for name in &function.name {
            functions.push((name, function_source(name, function)?));
        }
    }
    for (_, source) in &functions {
        out.push_str(source);
    }
    out.push_str("];\npub static SETTINGS: &[Setting] = &[\n");
    for setting in &file.setting {
        let row = Row {
            nodes: Vec::new(),
            words: String::new(),
            has: Vec::new(),
            reader: true,
            rule: setting.rule.clone(),
            effect: setting.effect.clone(),
            impact: setting.impact.clone(),
            verb: setting.verb.clone(),
            scope: setting.scope.clone(),
            undo: setting.undo.clone(),
            advice: String::new(),
            whole: false,
        };
        writeln!(
            out,
            "    Setting {{ name: {:?}, harmless: &{:?}, row: {} }},",
            setting.name,
            setting.harmless,
            row_source("VariableSetStmt", &row)?.trim().trim_end_matches(',')
        )?;
    }
    out.push_str("];\n");
    Ok(out)
}

fn row_source(node: &str, row: &Row) -> Result<String, Box<dyn std::error::Error>> {
    let words: Vec<&str> = row.words.split_whitespace().collect();
    let has: Vec<Vec<&str>> = row.has.iter().map(|run| run.split_whitespace().collect()).collect();
    let has: Vec<String> = has.iter().map(|run| format!("&{run:?}")).collect();
    Ok(format!(
        "    Row {{ node: {node:?}, words: &{words:?}, has: &[{}], reader: {}, rule: {:?}, effect: {}, impact: {}, \
         verb: {:?}, scope: {:?}, undo: {:?}, advice: {:?}, whole: {} }},\n",
        has.join(", "),
        row.reader,
        row.rule,
        effect(&row.effect)?,
        impact(&row.impact)?,
        row.verb,
        row.scope,
        row.undo,
        row.advice,
        row.whole
    ))
}

fn function_source(name: &str, function: &Function) -> Result<String, Box<dyn std::error::Error>> {
    Ok(format!(
        "    Function {{ name: {name:?}, rule: {:?}, effect: {}, impact: {}, verb: {:?}, undo: {:?}, sql: {}, \
         whole: {} }},\n",
        function.rule,
        effect(&function.effect)?,
        impact(&function.impact)?,
        function.verb,
        function.undo,
        function.sql,
        function.whole
    ))
}

fn effect(word: &str) -> Result<&'static str, String> {
    Ok(match word {
        "read" => "Effect::Read",
        "write" => "Effect::Write",
        "permission" => "Effect::Permission",
        "destroy" => "Effect::Destroy",
        "unknown" => "Effect::Unknown",
        _ => return Err(format!("no such effect: {word}")),
    })
}

fn impact(word: &str) -> Result<&'static str, String> {
    Ok(match word {
        "nothing" => "Impact::Nothing",
        "change" => "Impact::Change",
        "replace" => "Impact::Replace",
        "part" => "Impact::Part",
        "table" => "Impact::Table",
        "database" => "Impact::Database",
        "access" => "Impact::Access",
        "net" => "Impact::Net",
        "unread" => "Impact::Unread",
        "outage" => "Impact::Outage",
        "fixed-high" => "Impact::Fixed(Severity::High)",
        _ => return Err(format!("no such impact: {word}")),
    })
}
