//! What a statement creates: an object of one's own may be dropped again without a loss.
//!
//! In: a statement. Out: [`Created`]. It refuses to know whether the statement succeeded (`psql`'s ledger).

use tree_sitter::Node;

use super::Created;
use super::tree::{child, find, folded, keywords, text, walk};

/// What kind of object the statement's keywords name, for telling one's own objects from others'.
pub(super) fn object_kind(words: &[&str]) -> &'static str {
    let kinds = [
        "table",
        "schema",
        "database",
        "view",
        "index",
        "sequence",
        "function",
        "type",
        "role",
        "user",
        "extension",
    ];
    match words.first() {
        Some(&"truncate") => "table",
        _ => kinds.into_iter().find(|kind| words.iter().take(6).any(|word| word == kind)).unwrap_or(""),
    }
}

/// The object that a statement creates, if it is one that may be dropped again without a loss.
pub(super) fn created(node: Node<'_>, source: &str) -> Option<Created> {
    let kind = match node.kind() {
        "CreateStmt" | "CreateAsStmt" => "table",
        "CreateSchemaStmt" => "schema",
        "ViewStmt" => "view",
        "CreatedbStmt" => "database",
        "CreateSeqStmt" => "sequence",
        "CreateMatViewStmt" => "view",
        "SelectStmt" => {
            let into = find(node, &["into_clause"])?;
            let name = find(into, &["qualified_name"])?;
            let temporary = find(into, &["kw_temp", "kw_temporary"]).is_some();
            let relation = format!("table:{}", folded(text(name, source)));
            return Some(Created { relation, temporary, certain: false, until_commit: false });
        }
        _ => return None,
    };
    let words = keywords(node);
    let temporary =
        child(node, "OptTemp").is_some_and(|temp| find(temp, &["kw_temp", "kw_temporary"]).is_some());
    let exists = child(node, "kw_exists").is_some();
    let replaced = words.contains(&"replace");
    if !temporary && (exists || replaced) {
        return None;
    }
    let name = find(node, &["qualified_name", "name", "ColId"])?;
    Some(Created {
        relation: format!("{kind}:{}", folded(text(name, source))),
        temporary,
        certain: temporary && node.kind() == "CreateStmt" && cannot_fail(node, source),
        until_commit: child(node, "OnCommitOption")
            .is_some_and(|option| find(option, &["kw_drop"]).is_some())
            || find(node, &["create_as_target"])
                .is_some_and(|target| find(target, &["OnCommitOption"]).is_some()),
    })
}

/// Whether a `CREATE TEMP TABLE` needs nothing but built-in types, each column named once.
fn cannot_fail(node: Node<'_>, source: &str) -> bool {
    const TYPES: &[&str] = &[
        "int",
        "integer",
        "bigint",
        "smallint",
        "text",
        "varchar",
        "char",
        "boolean",
        "bool",
        "numeric",
        "real",
        "float",
        "double precision",
        "date",
        "timestamp",
        "timestamptz",
        "time",
        "uuid",
        "json",
        "jsonb",
        "bytea",
        "serial",
        "bigserial",
        "int4",
        "int8",
        "inet",
        "interval",
    ];
    let mut plain = true;
    let mut names: Vec<String> = Vec::new();
    walk(node, |at| {
        match at.kind() {
            "Typename" => {
                let name = folded(text(at, source).split(['(', '[']).next().unwrap_or(""));
                plain &= TYPES.contains(&name.as_str())
                    || name.starts_with("timestamp")
                    || name == "doubleprecision";
            }
            "columnDef" => {
                let name = child(at, "ColId").map(|name| folded(text(name, source))).unwrap_or_default();
                plain &= !names.contains(&name);
                names.push(name);
            }
            "func_application" | "kw_references" | "TableLikeClause" | "OptInherit" | "kw_collate"
            | "OptTableSpace" | "a_expr" | "TableConstraint" | "columnref" | "OptWith" => plain = false,
            _ => {}
        }
        plain && !matches!(at.kind(), "Typename")
    });
    plain && child(node, "kw_of").is_none()
}
