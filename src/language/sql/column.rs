//! A column, by its name, against a value that is the same for every row.
//!
//! | comparison | extent |
//! |---|---|
//! | two literals | worked out |
//! | `id = 1`, `email = 'x'` | key |
//! | `id > 0`, `id <> 1`, `created_at < now()`, `at > '1900-01-01'` | nearly all |
//! | anything else | part |

use super::condition::Extent;

/// What one side of a comparison is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Side {
    Truth(bool),
    Number(f64),
    Text(String),
    Null,
    /// The same for every row, but not known here.
    Constant,
    Column(String),
    Other,
}

/// A comparison of two literals, worked out.
pub(super) fn literals(operator: &str, left: &Side, right: &Side) -> Extent {
    let order = match (left, right) {
        (Side::Null, _) | (_, Side::Null) => return Extent::None,
        (Side::Number(a), Side::Number(b)) => a.partial_cmp(b),
        (Side::Text(a), Side::Text(b)) => Some(a.cmp(b)),
        (Side::Truth(a), Side::Truth(b)) => Some(a.cmp(b)),
        _ => None,
    };
    let Some(order) = order else { return Extent::Nearly };
    match operator {
        "=" => sure(order.is_eq()),
        "<>" | "!=" => sure(order.is_ne()),
        // The order of texts is the collation's.
        _ if matches!(left, Side::Text(_)) => Extent::Nearly,
        "<" => sure(order.is_lt()),
        "<=" => sure(order.is_le()),
        ">" => sure(order.is_gt()),
        ">=" => sure(order.is_ge()),
        _ => Extent::Nearly,
    }
}

pub(super) fn mirrored(operator: &str) -> &str {
    match operator {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        other => other,
    }
}

/// A column against something that is the same for every row.
pub(super) fn column(name: &str, operator: &str, value: &Side, written: &str) -> Extent {
    let key = is_key(name);
    match (operator, value) {
        ("=", Side::Null) => Extent::None,
        ("=", _) if key => Extent::Key,
        ("<>" | "!=", _) if key => Extent::Nearly,
        (">", Side::Number(number)) if key && *number <= 0.0 => Extent::Nearly,
        (">=", Side::Number(number)) if key && *number <= 1.0 => Extent::Nearly,
        ("<" | "<=", Side::Number(number)) if key && *number >= 1e9 => Extent::Nearly,
        (">" | ">=", Side::Text(text)) if text == "-infinity" || year(text).is_some_and(|y| y <= 1970) => {
            Extent::Nearly
        }
        ("<" | "<=", Side::Text(text)) if text == "infinity" || year(text).is_some_and(|y| y >= 2100) => {
            Extent::Nearly
        }
        (">" | ">=" | "<>" | "!=", Side::Text(text)) if key && text.is_empty() => Extent::Nearly,
        ("<" | "<=", Side::Constant) if is_past(name) && is_now(written) => Extent::Nearly,
        _ => Extent::Part,
    }
}

fn year(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    text.get(4..)
        .filter(|rest| rest.is_empty() || rest.starts_with(['-', '/', '.']))
        .and_then(|_| digits.parse().ok())
}

fn is_now(written: &str) -> bool {
    matches!(
        plain(written).as_str(),
        "now()"
            | "current_timestamp"
            | "current_date"
            | "localtimestamp"
            | "clock_timestamp()"
            | "transaction_timestamp()"
            | "statement_timestamp()"
    )
}

/// A time that lies in the past in every row.
fn is_past(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    ["created", "updated", "inserted", "modified", "recorded", "logged"]
        .iter()
        .any(|word| last.starts_with(word))
}

/// Whether a column's name says that it tells rows apart.
pub(super) fn is_key(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let lower = last.to_lowercase();
    const NAMES: &[&str] = &[
        "id", "uuid", "guid", "ulid", "pk", "key", "email", "slug", "username", "login", "handle", "sku",
        "isbn", "iban", "token", "ctid", "oid", "rowid", "hostname", "phone",
    ];
    const ENDS: &[&str] = &["_id", "_uuid", "_guid", "_pk", "_key", "_slug", "_email", "_token"];
    NAMES.contains(&lower.as_str())
        || ENDS.iter().any(|end| lower.ends_with(end))
        || last.ends_with("Id")
        || last.ends_with("Uuid")
        || lower == "user_name"
}

/// Lower case without blanks: for comparing pieces of source.
pub(super) fn plain(source: &str) -> String {
    source.chars().filter(|character| !character.is_whitespace()).flat_map(char::to_lowercase).collect()
}

pub(super) const fn sure(truth: bool) -> Extent {
    if truth { Extent::All } else { Extent::None }
}
