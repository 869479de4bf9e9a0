//! SQL as PostgreSQL reads it: one statement's text → what it does.
//!
//! | source | action |
//! |---|---|
//! | `SELECT`, `SHOW`, `EXPLAIN`, `BEGIN`, `SET` … | none |
//! | `DELETE`, `UPDATE` | by the condition's extent: key → replace, part → part, all → table |
//! | `WITH x AS (DELETE …)`, `MERGE`, `INSERT … ON CONFLICT DO UPDATE` | each data change inside |
//! | `EXPLAIN ANALYZE`, `PREPARE` … `EXECUTE`, `DO $$ … $$` | as the statements inside |
//! | a call of a function from the table | that function's row |
//! | `COPY … PROGRAM` | the command, in [`Action::text`] |
//! | every other statement | its row of `grammars/languages/sql.toml` |
//! | what does not parse, what no row claims | unknown |
//!
//! It refuses to know transactions, variables and who sends the text (`psql`).

mod change;
mod column;
pub mod condition;
mod created;
mod function;
pub mod lex;
mod routine;
pub mod table;
mod tree;

use std::collections::HashMap;

use tree_sitter::{Node, Parser};

use crate::action::{Action, Certainty, Effect, Impact};
use condition::items;
use lex::{Kind, Tokens, normalise, text_value};
use table::Row;
use tree::{child, children, find, folded, keywords, objects, text, walk};

/// The name that stands for what only the run knows: a variable, a part of built SQL.
pub const DYNAMIC: &str = "agentguard_dynamic";

/// How deep SQL inside SQL (DO inside EXECUTE inside DO …) is followed.
const DEEPEST: u32 = 8;

/// The most actions that one statement gives.
const MOST_ACTIONS: usize = 64;

/// Where looking for more actions in one statement ends; what is not looked at is unknown.
const MOST_LOOKED_AT: usize = 2048;

/// An action together with what decides whether a transaction takes it back.
#[derive(Clone, Debug)]
pub struct Judged {
    pub action: Action,
    /// No rollback takes it back.
    pub whole: bool,
    /// The relation it falls on, folded, with its kind: `table:users`, `schema:app`; empty: none.
    pub relation: String,
}

/// An object that a statement creates.
#[derive(Clone, Debug)]
pub struct Created {
    /// As in [`Judged::relation`].
    pub relation: String,
    pub temporary: bool,
    /// It exists afterwards even if the statements before it failed and an object of the name was there.
    pub certain: bool,
    /// `ON COMMIT DROP`.
    pub until_commit: bool,
}

/// What one statement does.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub judged: Vec<Judged>,
    pub created: Option<Created>,
}

/// Reads statements; remembers what `PREPARE` named.
pub struct Reader {
    prefix: String,
    postgres: Option<Parser>,
    plpgsql: Option<Parser>,
    prepared: HashMap<String, Vec<Judged>>,
    /// standard_conforming_strings is off.
    pub backslash_quotes: bool,
    depth: u32,
}

/// Plain SQL, one or more statements sent as one query, found outside psql: `prefix` starts the rule ids.
/// A pure read gives nothing.
pub fn read_sql(source: &str, prefix: &str) -> Vec<Action> {
    super::psql::read_query(source.as_bytes(), prefix)
}

impl Reader {
    /// A reader whose rule ids start with `prefix` and a dot.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            postgres: None,
            plpgsql: None,
            prepared: HashMap::new(),
            backslash_quotes: false,
            depth: 0,
        }
    }

    /// Forgets the session: what was prepared in it.
    pub fn disconnect(&mut self) {
        self.prepared.clear();
    }

    /// What one statement does. Never fails: what cannot be read is an unknown action.
    pub fn statement(&mut self, bytes: &[u8]) -> Outcome {
        if let Some(outcome) = self.plainly(bytes) {
            return outcome;
        }
        let source = match normalise(bytes, self.backslash_quotes) {
            Ok(source) => source,
            Err(why) => return self.unread(why, bytes),
        };
        let Some(tree) = self.parse(&source) else {
            return self.unread("the SQL grammar did not load", bytes);
        };
        let root = tree.root_node();
        let mut outcome =
            if root.has_error() { self.unread("SQL that does not parse", bytes) } else { Outcome::default() };
        let mut statements = Vec::new();
        walk(root, |at| {
            let statement =
                matches!(at.kind(), "stmt" | "TransactionStmtLegacy") || at.kind().ends_with("Stmt");
            if statement {
                statements.push(if at.kind() == "stmt" { at.child(0).unwrap_or(at) } else { at });
            }
            !statement
        });
        for statement in statements {
            let one = self.judge(statement, &source);
            outcome.judged.extend(one.judged);
            outcome.created = outcome.created.or(one.created);
        }
        self.bound(&mut outcome.judged);
        outcome
    }

    fn parse(&mut self, source: &str) -> Option<tree_sitter::Tree> {
        if self.postgres.is_none() {
            let mut parser = Parser::new();
            parser.set_language(&tree_sitter_postgres::LANGUAGE.into()).ok()?;
            self.postgres = Some(parser);
        }
        self.postgres.as_mut()?.parse(source, None)
    }

    /// The two kinds of statement that need no grammar: a query that calls and nests nothing, and an
    /// insert of constants, of which dumps hold millions.
    fn plainly(&self, bytes: &[u8]) -> Option<Outcome> {
        let mut tokens =
            Tokens::new(bytes, self.backslash_quotes).filter(|token| token.kind != Kind::Comment);
        let first = tokens.next()?;
        if first.is("select") {
            // Without a parenthesis there is no call, no subquery and no CTE body.
            let simple = tokens.all(|token| token.bytes != b"(" && !token.is("into"));
            return simple.then(Outcome::default);
        }
        if !first.is("insert") || !tokens.next()?.is("into") {
            return None;
        }
        let mut name = String::new();
        let (mut values, mut columns, mut part) = (false, false, true);
        for token in tokens {
            match (token.kind, token.depth) {
                (Kind::Text | Kind::Number, _) if values => {}
                (Kind::Mark, 0..=2) if values && matches!(token.bytes, b"(" | b")" | b"," | b"-" | b"+") => {}
                (Kind::Word, _) if values => {
                    if !["null", "true", "false", "default"].iter().any(|word| token.is(word)) {
                        return None;
                    }
                }
                (Kind::Word, 0) if !part && token.is("values") => values = true,
                (Kind::Word | Kind::Name, 0) if part && !columns => {
                    name.push_str(std::str::from_utf8(token.bytes).ok()?);
                    part = false;
                }
                (Kind::Mark, 0) if token.bytes == b"." && !part && !columns => {
                    name.push('.');
                    part = true;
                }
                (Kind::Mark, 0) if token.bytes == b"(" && !part && !columns => columns = true,
                (Kind::Mark, 1) if columns && matches!(token.bytes, b"," | b")") => {}
                (Kind::Word | Kind::Name, 1) if columns => {}
                _ => return None,
            }
        }
        let row = table::row("InsertStmt", "insert").filter(|_| values && !name.is_empty())?;
        Some(Outcome { judged: vec![self.act(row, &name, "", &shorten(bytes))], created: None })
    }

    fn unread(&self, why: &str, bytes: &[u8]) -> Outcome {
        let action = Action::unread(self.rule("unread"), why).text(shorten(bytes));
        Outcome { judged: vec![Judged { action, whole: true, relation: String::new() }], created: None }
    }

    fn rule(&self, rule: &str) -> String {
        format!("{}.{rule}", self.prefix)
    }

    /// An action of a row.
    fn act(&self, row: &Row, object: &str, verb: &str, source: &str) -> Judged {
        let verb = if row.verb.is_empty() { verb.to_owned() } else { row.verb.to_owned() };
        let mut action = Action::new(row.effect, row.impact, self.rule(row.rule), verb)
            .object(object.replace(DYNAMIC, "…"))
            .scope(row.scope)
            .undo(row.undo)
            .advice(row.advice)
            .text(shorten(source.as_bytes()));
        if object.contains(DYNAMIC) {
            action.certainty = Certainty::Possible;
            action.scope = format!("whatever the run names; {}", row.scope).into();
        }
        Judged { action, whole: row.whole, relation: String::new() }
    }

    /// One statement node.
    fn judge(&mut self, node: Node<'_>, source: &str) -> Outcome {
        let mut outcome = Outcome::default();
        match node.kind() {
            "ExplainStmt" => {
                if explain_runs(node, source)
                    && let Some(inner) = child(node, "ExplainableStmt").and_then(|inner| inner.child(0))
                {
                    outcome.judged = self.judge(inner, source).judged;
                }
            }
            "PrepareStmt" => self.prepare(node, source),
            "ExecuteStmt" => outcome.judged = self.execute(node, source),
            "DoStmt" => outcome.judged = self.do_block(node, source),
            "CopyStmt" => outcome.judged = self.copy(node, source),
            "VariableSetStmt" => outcome.judged = self.setting(node, source),
            "AlterTableStmt" => outcome.judged = self.alter_table(node, source),
            "CallStmt" => outcome.judged = self.call(node, source),
            "SelectStmt" | "DeleteStmt" | "UpdateStmt" | "InsertStmt" | "MergeStmt" | "DeclareCursorStmt" => {
            }
            _ => outcome.judged = self.by_row(node, source),
        }
        // Bodies that are only stored do nothing yet.
        if !matches!(
            node.kind(),
            "ExplainStmt"
                | "PrepareStmt"
                | "CreateFunctionStmt"
                | "ViewStmt"
                | "RuleStmt"
                | "CreateTrigStmt"
                | "CreatePolicyStmt"
                | "DoStmt"
        ) {
            self.changes(node, source, &mut outcome.judged);
        }
        outcome.created = created::created(node, source);
        outcome
    }

    /// The table's row for a statement, one action per object.
    fn by_row(&self, node: Node<'_>, source: &str) -> Vec<Judged> {
        let words = keywords(node);
        let bare = lex::bare_words(text(node, source).as_bytes(), 20_000);
        let Some(row) = table::pick(node.kind(), &words, &bare) else {
            return self.unread("a statement that no row claims", text(node, source).as_bytes()).judged;
        };
        if row.reader {
            return Vec::new();
        }
        let kind = created::object_kind(&words);
        let verb = words.iter().take_while(|word| !matches!(**word, "if" | "cascade" | "restrict")).take(3);
        let mut verb: Vec<&str> = verb.copied().collect();
        verb.dedup();
        let verb = verb.join(" ");
        let mut names = objects(node, source);
        if names.is_empty() {
            let name = find(node, &["var_name", "ColId"]).map_or("", |name| text(name, source));
            names.push(name.to_owned());
        }
        names
            .iter()
            .map(|name| {
                let mut judged = self.act(row, name, &verb, text(node, source));
                if !kind.is_empty() && row.effect != Effect::Permission {
                    judged.relation = format!("{kind}:{}", folded(name));
                }
                if words.contains(&"cascade") && judged.action.impact == Impact::Table {
                    judged.action.scope = format!("{}, and what depends on it", judged.action.scope).into();
                }
                judged
            })
            .collect()
    }

    /// Every data change, table made by a query and function with a side effect below `node`.
    fn changes(&mut self, node: Node<'_>, source: &str, judged: &mut Vec<Judged>) {
        let mut calls = Vec::new();
        walk(node, |at| {
            match at.kind() {
                "DeleteStmt" | "UpdateStmt" => judged.extend(self.rows_of(at, source)),
                "InsertStmt" => judged.extend(self.insert(at, source)),
                "MergeStmt" => judged.extend(self.merge(at, source)),
                "into_clause" => judged.extend(self.select_into(at, source)),
                "func_application" => calls.push(at),
                _ => {}
            }
            judged.len() < MOST_LOOKED_AT
        });
        for call in calls {
            if judged.len() < MOST_LOOKED_AT {
                judged.extend(self.function(call, source));
            }
        }
    }

    /// One action per command of an `ALTER TABLE`.
    fn alter_table(&self, node: Node<'_>, source: &str) -> Vec<Judged> {
        let name = find(node, &["qualified_name"]).map_or("", |name| text(name, source));
        let mut commands = Vec::new();
        walk(node, |at| {
            let command = matches!(at.kind(), "alter_table_cmd" | "partition_cmd" | "index_partition_cmd");
            if command && commands.len() < MOST_LOOKED_AT {
                commands.push(at);
            }
            !command && at.kind() != "a_expr"
        });
        if commands.is_empty() {
            return self.by_row(node, source);
        }
        let mut found: Vec<Judged> = Vec::new();
        for command in commands {
            let words = keywords(command);
            let Some(row) = table::pick(command.kind(), &words, &[]) else { continue };
            let part = children(command).into_iter().find(|part| matches!(part.kind(), "ColId" | "name"));
            let object = match part
                .filter(|_| row.effect == Effect::Destroy || row.rule.starts_with("alter-column"))
            {
                Some(part) => format!("{name}.{}", text(part, source)),
                None => name.to_owned(),
            };
            let mut judged = self.act(row, &object, "", text(command, source));
            judged.relation = format!("table:{}", folded(name));
            judged.action.text = shorten(text(node, source).as_bytes());
            found.push(judged);
        }
        found
    }

    fn prepare(&mut self, node: Node<'_>, source: &str) {
        let Some(name) = child(node, "name").map(|name| folded(text(name, source))) else { return };
        let mut judged = Vec::new();
        if let Some(inner) = child(node, "PreparableStmt") {
            self.changes(inner, source, &mut judged);
        }
        self.prepared.insert(name, judged);
    }

    fn execute(&mut self, node: Node<'_>, source: &str) -> Vec<Judged> {
        let mut judged =
            if child(node, "kw_create").is_some() { self.by_row(node, source) } else { Vec::new() };
        let name = child(node, "name").map_or("", |name| text(name, source));
        match self.prepared.get(&folded(name)) {
            Some(prepared) => judged.extend(prepared.iter().cloned()),
            None => judged.extend(
                self.unread("a prepared statement that is not seen here", text(node, source).as_bytes())
                    .judged,
            ),
        }
        judged
    }

    /// Keeps the number of actions small; mere changes go first, and nothing is left out silently.
    fn bound(&self, judged: &mut Vec<Judged>) {
        let left_out = judged.len() >= MOST_LOOKED_AT;
        if judged.len() > MOST_ACTIONS {
            judged.sort_by_key(|one| matches!(one.action.impact, Impact::Nothing | Impact::Change));
            let mere = |one: &Judged| matches!(one.action.impact, Impact::Nothing | Impact::Change);
            let left_out = left_out || judged.get(MOST_ACTIONS).is_some_and(|next| !mere(next));
            judged.truncate(MOST_ACTIONS);
            if left_out {
                judged.extend(self.unread("a statement that does more than is listed", b"").judged);
            }
        }
    }

    /// SQL inside SQL, bounded; `None` beyond the bound.
    fn nested(&mut self, code: &str) -> Option<Vec<Judged>> {
        if self.depth >= DEEPEST {
            return None;
        }
        self.depth += 1;
        let mut judged = Vec::new();
        for statement in lex::split(code.as_bytes(), self.backslash_quotes).into_iter().take(MOST_ACTIONS * 4)
        {
            judged.extend(self.statement(statement).judged);
        }
        self.depth -= 1;
        self.bound(&mut judged);
        Some(judged)
    }

    /// What the text that a query builds would do, for `\gexec`: `None` if it cannot be known.
    pub fn generated(&mut self, query: &[u8]) -> Option<Vec<Judged>> {
        let source = normalise(query, self.backslash_quotes).ok()?;
        let tree = self.parse(&source)?;
        let root = tree.root_node();
        if root.has_error() {
            return None;
        }
        let targets = find(root, &["target_list"]).map(items)?;
        if find(root, &["kw_union", "values_clause", "with_clause"]).is_some() {
            return None;
        }
        let mut judged = Vec::new();
        for target in targets {
            let code = routine::template(target.child(0)?, &source)?;
            judged.extend(self.nested(&code)?);
        }
        Some(judged)
    }
}

/// Whether an `EXPLAIN` runs its statement.
fn explain_runs(node: Node<'_>, source: &str) -> bool {
    if child(node, "analyze_keyword").is_some() {
        return true;
    }
    let Some(list) = child(node, "utility_option_list") else { return false };
    // The last one given counts.
    let options = items(list);
    let analyze = options.iter().rev().find(|option| {
        child(**option, "utility_option_name")
            .is_some_and(|name| matches!(folded(text(name, source)).as_str(), "analyze" | "analyse"))
    });
    analyze.is_some_and(|option| {
        let value =
            child(*option, "utility_option_arg").map(|value| text_value(text(value, source)).to_lowercase());
        !matches!(value.as_deref(), Some("false" | "off" | "0" | "no" | "\"off\"" | "\"false\""))
    })
}

/// At most 200 characters of source, on one line.
fn shorten(bytes: &[u8]) -> String {
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(1000)).unwrap_or(&[]));
    let mut out = String::new();
    for word in head.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.chars().count() > 200 {
            return out.chars().take(199).chain(['…']).collect();
        }
    }
    out
}

#[cfg(test)]
#[path = "sql/tests.rs"]
mod tests;
