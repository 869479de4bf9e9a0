//! Code inside a request: SQL for a database, shell lines for an instance or a task.
//!
//! | operation | carries |
//! |---|---|
//! | `rds-data`, `redshift-data` execute-statement, `athena start-query-execution`, PartiQL | SQL |
//! | `ssm send-command --parameters commands=…` | shell lines on every target |
//! | `ecs execute-command --command`, `emr ssh --command` | a shell line in a task, on a node |
//! | any of them unreadable | unknown |

use std::path::Path;

use crate::action::{Action, Effect, Impact};
use crate::assess::Severity;
use crate::reader::Call;

use super::request::Request;

/// Where SQL stands: service, operation, key at the top, key at the bottom.
const SQL: &[(&str, &str, &str, &str)] = &[
    ("rds-data", "execute-statement", "sql", "sql"),
    ("rds-data", "batch-execute-statement", "sql", "sql"),
    ("rds-data", "execute-sql", "sqlstatements", "sqlstatements"),
    ("redshift-data", "execute-statement", "sql", "sql"),
    ("redshift-data", "batch-execute-statement", "sqls", "sqls"),
    ("athena", "start-query-execution", "querystring", "querystring"),
    ("dynamodb", "execute-statement", "statement", "statement"),
    ("dynamodb", "batch-execute-statement", "statements", "statement"),
    ("dynamodb", "execute-transaction", "transactstatements", "statement"),
];

/// Where shell text stands.
const SHELL: &[(&str, &str, &str, &str)] = &[
    ("ssm", "send-command", "parameters", "commands"),
    ("ecs", "execute-command", "command", "command"),
    ("emr", "ssh", "command", "command"),
];

/// The actions of what the request carries; `None` when the operation carries no code.
pub fn actions(service: &str, operation: &str, request: &Request, call: &Call) -> Option<Vec<Action>> {
    let place = |table: &'static [(&str, &str, &str, &str)]| {
        table.iter().find(|row| row.0 == service && row.1 == operation).copied()
    };
    if let Some((.., top, last)) = place(SQL) {
        let texts: Vec<&str> = request.values(top, last).filter(|text| !text.is_empty()).collect();
        if texts.is_empty() || request.is_unread(top) {
            return Some(vec![unread(service, operation)]);
        }
        return Some(texts.into_iter().flat_map(sql).collect());
    }
    let (.., top, last) = place(SHELL)?;
    let texts: Vec<&str> = request.values(top, last).filter(|text| !text.is_empty()).collect();
    if request.is_unread(top) || (service == "ssm" && texts.is_empty()) {
        return Some(vec![unread(service, operation)]);
    }
    let mut actions = vec![
        Action::new(
            Effect::Write,
            Impact::Change,
            format!("aws.{service}-{operation}"),
            operation.to_owned(),
        )
        .object(texts.join("; ")),
    ];
    // A shell alone is a session: what is typed there is not known and not this line's.
    for text in texts.into_iter().filter(|text| text.split_whitespace().count() > 1) {
        actions.extend(lines(text, call));
    }
    Some(actions)
}

fn unread(service: &str, operation: &str) -> Action {
    Action::unread(format!("aws.{service}-{operation}"), format!("{operation}: what it would run"))
}

/// The statements of a text. These services do not speak PostgreSQL: what its grammar cannot read
/// is judged by its first word.
fn sql(text: &str) -> Vec<Action> {
    let actions = crate::language::sql::read_sql(text, "aws");
    if actions.iter().all(|action| action.effect != Effect::Unknown) {
        return actions;
    }
    text.split(';').filter_map(statement).collect()
}

fn statement(text: &str) -> Option<Action> {
    let words: Vec<String> = text.split_whitespace().take(2).map(str::to_ascii_lowercase).collect();
    let first = words.first()?.as_str();
    let (effect, impact) = match first {
        "select" | "show" | "describe" | "desc" | "explain" | "with" | "values" => return None,
        "insert" | "create" | "msck" | "alter" | "unload" | "copy" | "update" | "merge" | "analyze"
        | "vacuum" | "optimize" | "call" | "set" | "use" | "prepare" => (Effect::Write, Impact::Change),
        "drop" if words.get(1).is_some_and(|word| word == "database" || word == "schema") => {
            (Effect::Destroy, Impact::Database)
        }
        "delete" | "drop" | "truncate" => (Effect::Destroy, Impact::Table),
        "grant" | "revoke" => (Effect::Permission, Impact::Access),
        _ => return Some(Action::unread("aws.sql", format!("SQL that begins with {first}"))),
    };
    Some(Action::new(effect, impact, format!("aws.{first}"), words.join(" ")).text(text.trim().to_owned()))
}

/// A shell line on another machine: what this one's files look like says nothing about it.
fn lines(text: &str, call: &Call) -> Vec<Action> {
    let mut actions = crate::judge::line_actions(text.as_bytes(), Path::new("/"), call.context);
    for action in &mut actions {
        if action.question.take().is_some() && matches!(action.impact, Impact::Fixed(_)) {
            action.impact = Impact::Fixed(Severity::High);
        }
        text.clone_into(&mut action.text);
        action.target = crate::target::Target::default();
    }
    actions
}
