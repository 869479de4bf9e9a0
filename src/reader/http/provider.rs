//! What known HTTP APIs do beyond what their methods say: the rows of `grammars/providers.toml`.
//!
//! In: a host and the facts of a request. Out: the row or mutation that claims it. It refuses to
//! know how the request was written.

use crate::action::{Effect, Impact};
use crate::grammar::glob;
use crate::language::json::Json;

/// One API.
#[derive(Debug)]
pub struct Provider {
    pub id: &'static str,
    pub name: &'static str,
    /// Globs over `host` and `host:port`.
    pub hosts: &'static [&'static str],
    /// Reached through tunnels: a loopback address says nothing about the environment.
    pub anywhere: bool,
    /// Prefixes of production credentials.
    pub live: &'static [&'static str],
    /// Prefixes of test credentials.
    pub test: &'static [&'static str],
    pub rows: &'static [Row],
    /// Sorted by name.
    pub mutations: &'static [Mutation],
    pub arguments: &'static [Argument],
}

/// One kind of request.
#[derive(Debug)]
pub struct Row {
    pub methods: &'static [&'static str],
    pub path: &'static [&'static str],
    /// What must hold (`true`) or must not.
    pub conditions: &'static [(bool, Test)],
    pub outcome: Outcome,
}

/// A condition of a row.
#[derive(Debug)]
pub enum Test {
    /// A query, form or JSON field by globs of name and value.
    Field(&'static str, &'static str),
    Header(&'static str, &'static str),
    /// The whole body, without white space.
    Raw(&'static str),
    /// A PostgREST filter that leaves some row out.
    Filter,
}

/// What a row says.
#[derive(Debug)]
pub enum Outcome {
    Act {
        impact: Impact,
        verb: &'static str,
        undo: &'static str,
    },
    /// SQL under one of these fields; `body` is the whole body.
    Sql(&'static [&'static str]),
    /// Elasticsearch's `_bulk`.
    Bulk,
}

/// One GraphQL root field.
#[derive(Debug)]
pub struct Mutation {
    pub name: &'static str,
    pub effect: Effect,
    pub impact: Impact,
    pub undo: &'static str,
}

/// An argument that changes what a mutation does.
#[derive(Debug)]
pub struct Argument {
    pub mutation: &'static str,
    /// Keys from the arguments down; `**` is any depth. Empty: what holds otherwise.
    pub path: &'static [&'static str],
    pub values: &'static [&'static str],
    pub impact: Impact,
}

#[rustfmt::skip]
mod tables {
    use super::{Argument, Effect, Impact, Mutation, Outcome, Provider, Row, Test};
    include!(concat!(env!("OUT_DIR"), "/providers.rs"));
}

pub use tables::PROVIDERS;

/// The parts of a request that rows test.
#[derive(Debug, Default)]
pub struct Facts {
    pub method: String,
    /// Decoded segments, lower case.
    pub segments: Vec<String>,
    /// Query, form and JSON fields.
    pub fields: Vec<(String, String)>,
    pub parameters: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    /// The body, lower case, without white space.
    pub raw: String,
}

/// The providers that answer at one of `places` (`host:port`), in the order of the file.
pub fn at(places: &[String]) -> impl Iterator<Item = &'static Provider> {
    PROVIDERS.iter().filter(move |provider| {
        provider.hosts.iter().any(|pattern| {
            places.iter().any(|place| {
                let host = place.rsplit_once(':').map_or(place.as_str(), |(host, _)| host);
                glob::matches(pattern, host) || glob::matches(pattern, place)
            })
        })
    })
}

impl Provider {
    /// True when it is known by a host name of its own, not by a port or a path.
    #[must_use]
    pub fn is_named(&self) -> bool {
        !self.hosts.iter().any(|host| *host == "*") && self.hosts.iter().any(|host| !host.starts_with("*:"))
    }

    /// The first row that claims the request.
    #[must_use]
    pub fn row(&self, facts: &Facts) -> Option<&'static Row> {
        self.rows.iter().find(|row| row.matches(facts))
    }

    /// What the table says of a root field.
    #[must_use]
    pub fn mutation(&self, name: &str) -> Option<&'static Mutation> {
        let at = self.mutations.binary_search_by(|mutation| mutation.name.cmp(name)).ok()?;
        self.mutations.get(at)
    }

    /// The impact of a mutation with these arguments; `worst` when they cannot be read.
    #[must_use]
    pub fn by_arguments(&self, name: &str, arguments: &Json, worst: Impact) -> Impact {
        let mut rules = self.arguments.iter().filter(|rule| rule.mutation == name).peekable();
        if rules.peek().is_none() {
            return worst;
        }
        let mut otherwise = worst;
        let mut unknown = false;
        for rule in rules {
            if rule.path.is_empty() {
                otherwise = rule.impact;
                continue;
            }
            match search(arguments, rule.path, rule.values) {
                Found::Yes => return rule.impact,
                Found::Unknown => unknown = true,
                Found::No => {}
            }
        }
        if unknown { worst } else { otherwise }
    }
}

impl Row {
    fn matches(&self, facts: &Facts) -> bool {
        (self.methods.contains(&"*") || self.methods.contains(&facts.method.as_str()))
            && path_matches(self.path, &facts.segments)
            && self.conditions.iter().all(|(wanted, test)| test.holds(facts) == *wanted)
    }
}

impl Test {
    fn holds(&self, facts: &Facts) -> bool {
        let same = |pattern: &str, text: &str| {
            glob::matches(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
        };
        let among = |pairs: &[(String, String)], name: &str, value: &str| {
            pairs.iter().any(|(known, text)| same(name, known) && same(value, text))
        };
        match self {
            Self::Field(name, value) => among(&facts.fields, name, value),
            Self::Header(name, value) => among(&facts.headers, name, value),
            Self::Raw(pattern) => glob::matches(&pattern.to_ascii_lowercase(), &facts.raw),
            Self::Filter => facts.parameters.iter().any(|(name, value)| filters(name, value)),
        }
    }
}

/// True for a PostgREST parameter that leaves rows out. A filter that every row passes
/// (`id=not.is.null`, `id=gt.0`, `id=neq.x`) is none.
fn filters(name: &str, value: &str) -> bool {
    const OPTIONS: &[&str] = &["select", "order", "limit", "offset", "columns", "on_conflict", "apikey"];
    const ALL: &[&str] =
        &["neq.", "not.", "gt.0", "gte.0", "gt.-", "gte.-", "like.*", "ilike.*", "gt.1970", "gte.1970"];
    if OPTIONS.contains(&name.to_ascii_lowercase().as_str()) {
        return false;
    }
    !ALL.iter().any(|all| value.starts_with(all)) && (value.contains('.') || value.starts_with('('))
}

/// Matches segments against a template: `*` is one segment or part of it, `**` any number.
#[must_use]
pub fn path_matches(template: &[&str], segments: &[String]) -> bool {
    match (template.split_first(), segments.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((&"**", rest)), _) => (0..=segments.len()).any(|skip| path_matches(rest, &segments[skip..])),
        (Some(_), None) => false,
        (Some((pattern, rest)), Some((segment, left))) => {
            glob::matches(&pattern.to_ascii_lowercase(), &segment.to_ascii_lowercase())
                && path_matches(rest, left)
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Yes,
    No,
    Unknown,
}

/// Looks for a value below `path`. A string that holds JSON is looked into as well: patches are
/// often sent as text.
fn search(json: &Json, path: &[&str], values: &[&str]) -> Found {
    if let Json::Text(text) = json
        && text.trim_start().starts_with(['{', '['])
        && !path.is_empty()
    {
        return Json::parse(text.as_bytes()).map_or(Found::Unknown, |inner| search(&inner, path, values));
    }
    let Some((key, rest)) = path.split_first() else { return is_one_of(json, values) };
    let mut best = Found::No;
    let mut note = |found| match (found, best) {
        (Found::Yes, _) | (_, Found::No) => best = found,
        _ => {}
    };
    match json {
        Json::Unknown => return Found::Unknown,
        Json::Text(text) if text.contains(crate::language::json::HOLE) => return Found::Unknown,
        Json::Object(entries) if *key == "**" => {
            note(search(json, rest, values));
            entries.iter().for_each(|(_, value)| note(search(value, path, values)));
        }
        Json::List(items) => items.iter().for_each(|item| note(search(item, path, values))),
        Json::Object(_) => {
            let mut given = false;
            for value in json.all(key) {
                given = true;
                note(search(value, rest, values));
            }
            if !given && rest.is_empty() && values.contains(&"absent") {
                note(Found::Yes);
            }
        }
        // `**` reaches the leaf itself.
        _ if *key == "**" && rest.is_empty() => note(is_one_of(json, values)),
        _ => {}
    }
    best
}

fn is_one_of(json: &Json, values: &[&str]) -> Found {
    let word = match json {
        Json::Unknown => return Found::Unknown,
        Json::List(items) if items.is_empty() => "empty".to_owned(),
        Json::List(_) | Json::Object(_) => return Found::No,
        other => other.scalar().unwrap_or_default(),
    };
    let hit = values.iter().any(|value| word.eq_ignore_ascii_case(value));
    if word.contains(crate::language::json::HOLE) {
        Found::Unknown
    } else if hit {
        Found::Yes
    } else {
        Found::No
    }
}
