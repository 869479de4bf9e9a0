//! SQL that a request carries.

use crate::action::Action;
use crate::action::{Effect, Impact};

/// The actions of SQL text in a body or query; `prefix` leads the rule ids.
#[must_use]
pub fn sql_body(text: &str, prefix: &str) -> Vec<Action> {
    // Stands in for `crate::language::sql::read_sql(text, prefix)`: first words only.
    text.split(';')
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
        .map(|one| statement(one, prefix))
        .collect()
}

fn statement(text: &str, prefix: &str) -> Action {
    let upper = text.to_ascii_uppercase();
    let words: Vec<&str> = upper.split_whitespace().collect();
    let filtered = words.contains(&"WHERE");
    let (effect, impact, verb) = match (words.first().copied(), words.get(1).copied()) {
        (Some("DROP"), Some("DATABASE" | "SCHEMA")) => (Effect::Destroy, Impact::Database, "drop database"),
        (Some("DROP"), Some("TABLE")) => (Effect::Destroy, Impact::Table, "drop table"),
        (Some("DROP"), _) => (Effect::Destroy, Impact::Part, "drop"),
        (Some("TRUNCATE"), _) => (Effect::Destroy, Impact::Table, "truncate"),
        (Some("DELETE"), _) if filtered => (Effect::Destroy, Impact::Part, "delete"),
        (Some("DELETE"), _) => (Effect::Destroy, Impact::Table, "delete"),
        (Some("UPDATE"), _) if filtered => (Effect::Destroy, Impact::Part, "update"),
        (Some("UPDATE"), _) => (Effect::Destroy, Impact::Table, "update"),
        (Some("ALTER"), _) if upper.contains(" DELETE ") || upper.contains(" DROP ") => {
            (Effect::Destroy, Impact::Table, "alter table")
        }
        (Some("SELECT" | "SHOW" | "EXPLAIN" | "DESCRIBE" | "PRAGMA" | "VALUES"), _) => {
            (Effect::Read, Impact::Nothing, "select")
        }
        (Some("INSERT" | "CREATE" | "ALTER" | "COMMENT" | "SET" | "BEGIN" | "COMMIT" | "ANALYZE"), _) => {
            (Effect::Write, Impact::Change, "write")
        }
        _ => return Action::unread(format!("{prefix}.sql"), "SQL that could not be read"),
    };
    Action::new(effect, impact, format!("{prefix}.{}", verb.replace(' ', "-")), verb).text(text)
}
