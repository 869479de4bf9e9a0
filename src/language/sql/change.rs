//! Statements that change rows: how many, and of which table.
//!
//! | source | action |
//! |---|---|
//! | `DELETE`, `UPDATE` | by the extent of the condition |
//! | `INSERT`, `ON CONFLICT DO UPDATE` | change, replace |
//! | `MERGE` | part, all where its condition is always true |
//! | `SELECT … INTO` | a table is created |
//! | `COPY` | rows, a file of the server, or a command on the server |

use tree_sitter::Node;

use super::condition::{Extent, Judge};
use super::lex::text_value;
use super::tree::{child, find, folded, text};
use super::{Judged, Reader, table};
use crate::action::{Effect, Impact};

impl Reader {
    /// `DELETE` and `UPDATE`, by what their condition lets through.
    pub(super) fn rows_of(&self, node: Node<'_>, source: &str) -> Option<Judged> {
        let kind = node.kind();
        let row = table::row(kind, if kind == "DeleteStmt" { "delete" } else { "update" })?;
        let target = find(node, &["relation_expr_opt_alias"])?;
        let name = find(target, &["qualified_name"]).map_or("", |name| text(name, source));
        let mut targets = vec![folded(name), folded(name).rsplit('.').next().unwrap_or("").to_owned()];
        if let Some(alias) = child(target, "ColId") {
            targets.push(folded(text(alias, source)));
        }
        let judge = Judge { source, targets };
        let condition = child(node, "where_or_current_clause");
        let extent = match condition {
            None => Extent::All,
            Some(clause) if child(clause, "kw_current").is_some() => Extent::Key,
            Some(clause) => child(clause, "a_expr").map_or(Extent::All, |condition| judge.extent(condition)),
        };
        let mut judged = self.act(row, name, "", text(node, source));
        judged.relation = format!("table:{}", folded(name));
        let action = &mut judged.action;
        (action.effect, action.impact, action.scope) = match extent {
            Extent::All if condition.is_none() => {
                (Effect::Destroy, Impact::Table, "all rows: there is no WHERE".into())
            }
            Extent::All => (Effect::Destroy, Impact::Table, "all rows: the condition is always true".into()),
            Extent::Nearly => (Effect::Destroy, Impact::Table, "all rows or nearly so".into()),
            Extent::Part => (Effect::Destroy, Impact::Part, "rows by a condition".into()),
            Extent::Key => (Effect::Destroy, Impact::Replace, "rows named by a key".into()),
            Extent::None => (Effect::Write, Impact::Change, "no rows: the condition is never true".into()),
        };
        if matches!(extent, Extent::Key | Extent::None) {
            action.advice = "".into();
        } else if extent == Extent::Part {
            action.advice = "count the rows first with the same WHERE in a SELECT".into();
        }
        if is_catalogue(name) && extent != Extent::None {
            judged.action.impact = Impact::Table;
            judged.action.scope = "the server's own catalogue".into();
            judged.action.advice = "use the statement that exists for it (ALTER, DROP) instead".into();
        }
        Some(judged)
    }

    pub(super) fn insert(&self, node: Node<'_>, source: &str) -> Option<Judged> {
        let row = table::row("InsertStmt", "insert")?;
        let name = child(node, "insert_target").and_then(|target| find(target, &["qualified_name"]));
        let name = name.map_or("", |name| text(name, source));
        let mut judged = self.act(row, name, "", text(node, source));
        judged.relation = format!("table:{}", folded(name));
        if child(node, "opt_on_conflict").is_some_and(|clause| child(clause, "kw_update").is_some()) {
            judged.action.impact = Impact::Replace;
            judged.action.rule = self.rule("insert-or-update").into();
            judged.action.scope = "overwrites rows with the same key".into();
            judged.action.undo = "none after commit".into();
        }
        Some(judged)
    }

    /// `MERGE`: deleting what the source does not hold may take everything.
    pub(super) fn merge(&self, node: Node<'_>, source: &str) -> Option<Judged> {
        let row = table::row("MergeStmt", "merge")?;
        let name = find(node, &["qualified_name"]).map_or("", |name| text(name, source));
        let mut judged = self.act(row, name, "", text(node, source));
        judged.relation = format!("table:{}", folded(name));
        let clauses = child(node, "merge_when_list")?;
        if find(clauses, &["merge_delete"]).is_some() {
            judged.action.scope = "deletes matched rows".into();
            judged.action.rule = self.rule("merge-delete").into();
            let judge = Judge { source, targets: vec![folded(name)] };
            let everything = child(node, "a_expr").is_some_and(|on| judge.extent(on) == Extent::All);
            if everything {
                judged.action.impact = Impact::Table;
                judged.action.scope = "deletes all rows: the condition is always true".into();
            }
        } else if find(clauses, &["merge_update"]).is_some() {
            judged.action.scope = "overwrites matched rows".into();
        } else {
            judged.action.effect = Effect::Write;
            judged.action.impact = Impact::Change;
            judged.action.scope = "adds rows".into();
        }
        Some(judged)
    }

    pub(super) fn select_into(&self, node: Node<'_>, source: &str) -> Option<Judged> {
        let row = table::row("CreateAsStmt", "create")?;
        let name = find(node, &["qualified_name"]).map_or("", |name| text(name, source));
        Some(self.act(row, name, "select into", text(node, source)))
    }

    /// `COPY`: programs and files of the server, or rows.
    pub(super) fn copy(&self, node: Node<'_>, source: &str) -> Vec<Judged> {
        let name = child(node, "qualified_name").map_or("", |name| text(name, source));
        let file = child(node, "copy_file_name").and_then(|file| find(file, &["Sconst"]));
        let file = file.map(|file| text_value(text(file, source)));
        let from = child(node, "copy_from").is_some_and(|way| child(way, "kw_from").is_some());
        let program = child(node, "opt_program").is_some();
        let rule = match &file {
            Some(_) if program => "copy-program",
            _ if from => "copy-from",
            Some(path) if is_data_file(path) => "copy-export",
            Some(_) => "copy-file",
            None => return Vec::new(),
        };
        let Some(row) = table::row("CopyStmt", rule) else { return Vec::new() };
        let object = match &file {
            Some(file) if !from || program => file.clone(),
            _ => name.to_owned(),
        };
        let mut judged = self.act(row, &object, "", text(node, source));
        if program {
            // The command itself, for the caller to read as shell.
            judged.action.text = file.unwrap_or_default();
        } else if from {
            judged.relation = format!("table:{}", folded(name));
        }
        vec![judged]
    }
}

/// A file that is plainly an export.
fn is_data_file(path: &str) -> bool {
    let extension = path.rsplit('.').next().unwrap_or("").to_lowercase();
    matches!(extension.as_str(), "csv" | "tsv" | "txt" | "json" | "jsonl" | "copy" | "dat" | "bin")
}

/// One of PostgreSQL's own tables: changing a row of it may take a whole database.
fn is_catalogue(name: &str) -> bool {
    let name = folded(name);
    name.starts_with("pg_catalog.") || name.starts_with("pg_") && !name.contains('.')
}
