//! GraphQL inside HTTP requests.
//!
//! In: a request and its content. Out: an action per root field that would run; `None` when the
//! request carries no GraphQL. Operation names, aliases and argument texts say nothing.
//!
//! | request | becomes |
//! |---|---|
//! | JSON with a `query` text, a list of such, both of a duplicate key | documents |
//! | `application/graphql`, or a body that is a document at a GraphQL path | a document |
//! | form fields or parameters `query`, `operations` | documents |
//! | `query` as an object (Elasticsearch) | no GraphQL |
//! | a document that cannot be parsed | its names: a destructive one counts, else unread |
//! | a stored document (`persistedQuery`, `id`) | unread at a known provider, else a change |
//! | nothing that can be read at a GraphQL path | unread |

use crate::action::{Action, Effect, Impact};
use crate::language::graphql::{self, Field, Kind};
use crate::language::json::{HOLE, Json};
use crate::reader::http::content::Content;
use crate::reader::http::provider::Provider;
use crate::reader::http::request::Request;
use crate::reader::http::verbs;

/// One document with what selects and fills it.
#[derive(Debug, Default)]
struct Asked {
    document: Option<String>,
    name: Option<String>,
    /// `None`: they could not be read.
    variables: Option<Json>,
    stored: bool,
}

/// The actions of a request's GraphQL, if it carries any.
#[must_use]
pub fn judge(
    request: &Request,
    content: &Content,
    provider: Option<&'static Provider>,
) -> Option<Vec<Action>> {
    let at_graphql = is_graphql(request);
    let asked = asked(request, content, at_graphql);
    let mut actions = Vec::new();
    for one in &asked {
        match &one.document {
            Some(text) => actions.extend(document(text, one, at_graphql, provider).into_iter().flatten()),
            None if one.stored && at_graphql => actions.push(stored(provider)),
            None => {}
        }
    }
    if actions.is_empty() && at_graphql && sends(request) {
        actions.push(unclaimed(content, provider)?);
    }
    (!actions.is_empty()).then_some(actions)
}

/// True when the path or content type says GraphQL.
fn is_graphql(request: &Request) -> bool {
    let said = request.header("content-type").is_some_and(|value| value.contains("application/graphql"));
    said || request.url.segments().iter().any(|segment| {
        let segment = segment.to_ascii_lowercase();
        segment.contains("graphql") || segment == "gql"
    })
}

fn sends(request: &Request) -> bool {
    !matches!(request.method.to_ascii_uppercase().as_str(), "GET" | "HEAD" | "OPTIONS")
}

fn asked(request: &Request, content: &Content, at_graphql: bool) -> Vec<Asked> {
    let mut found = Vec::new();
    if let Some(json) = &content.json {
        in_json(json, &mut found);
    } else if !content.text.is_empty() && content.pairs.iter().all(|(name, _)| name != "query") {
        let typed = request.header("content-type").is_some_and(|value| value.contains("application/graphql"));
        if typed
            || (at_graphql && !content.text.trim_start().starts_with("{\""))
            || starts_mutation(&content.text)
        {
            found.push(Asked {
                document: Some(content.text.clone()),
                variables: Some(Json::Object(Vec::new())),
                ..Asked::default()
            });
        }
    }
    in_pairs(&content.pairs, &mut found);
    in_pairs(&request.url.parameters(), &mut found);
    found
}

fn starts_mutation(text: &str) -> bool {
    text.trim_start().starts_with("mutation")
}

/// A request object, a batch of them, and what a duplicate key hides.
fn in_json(json: &Json, found: &mut Vec<Asked>) {
    match json {
        Json::List(items) => items.iter().for_each(|item| in_json(item, found)),
        Json::Object(_) => {
            let variables = match json.get("variables") {
                None | Some(Json::Null) => Some(Json::Object(Vec::new())),
                Some(Json::Text(text)) => Json::parse(text.as_bytes()).ok(),
                Some(Json::Unknown) => None,
                Some(other) => Some(other.clone()),
            };
            let name = json.get("operationName").and_then(Json::text).map(str::to_owned);
            for key in ["query", "mutation"] {
                for value in json.all(key) {
                    let document = match value {
                        Json::Text(text) => Some(text.clone()),
                        Json::Unknown => Some(HOLE.to_string()),
                        _ => continue,
                    };
                    found.push(Asked {
                        document,
                        name: name.clone(),
                        variables: variables.clone(),
                        stored: false,
                    });
                }
            }
            let stored = json.get("extensions").is_some_and(|inner| inner.get("persistedQuery").is_some())
                || ["id", "documentId", "doc_id", "queryId"].iter().any(|key| json.get(key).is_some());
            if stored && json.get("query").is_none_or(|query| *query == Json::Null) {
                found.push(Asked { stored: true, ..Asked::default() });
            }
        }
        _ => {}
    }
}

fn in_pairs(pairs: &[(String, String)], found: &mut Vec<Asked>) {
    let value = |key: &str| pairs.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    for (_, text) in pairs.iter().filter(|(name, _)| name == "query" || name == "mutation") {
        found.push(Asked {
            document: Some(text.clone()),
            name: value("operationName").map(str::to_owned),
            variables: match value("variables") {
                None => Some(Json::Object(Vec::new())),
                Some(text) => Json::parse(text.as_bytes()).ok(),
            },
            stored: false,
        });
    }
    // The multipart request specification: files beside one field of JSON.
    for (_, text) in pairs.iter().filter(|(name, _)| name == "operations") {
        match Json::parse(text.as_bytes()) {
            Ok(json) => in_json(&json, found),
            Err(_) => found.push(Asked { document: Some(text.clone()), ..Asked::default() }),
        }
    }
}

/// The actions of one document; `None` when it is no GraphQL.
fn document(
    text: &str,
    asked: &Asked,
    at_graphql: bool,
    provider: Option<&'static Provider>,
) -> Option<Vec<Action>> {
    match graphql::read(text, asked.variables.as_ref()) {
        Ok(operations) => {
            let mut actions = Vec::new();
            for operation in graphql::selected(&operations, asked.name.as_deref()) {
                if operation.kind == Kind::Mutation {
                    actions.extend(operation.fields.iter().map(|field| root(field, provider)));
                }
            }
            if actions.is_empty() {
                actions.push(Action::new(Effect::Read, Impact::Nothing, "graphql.query", "query"));
            }
            Some(actions)
        }
        Err(_) if at_graphql || starts_mutation(text) => Some(vec![scanned(text, provider)]),
        Err(_) => None,
    }
}

/// What one root field of a mutation does.
pub fn root(field: &Field, provider: Option<&'static Provider>) -> Action {
    let known = provider.and_then(|provider| Some((provider, provider.mutation(&field.name)?)));
    let action = match known {
        Some((provider, mutation)) => {
            let impact = provider.by_arguments(&field.name, &field.argument_object(), mutation.impact);
            let effect = match (impact, mutation.effect) {
                (Impact::Change, Effect::Destroy | Effect::Unknown) if mutation.impact != Impact::Change => {
                    Effect::Write
                }
                (Impact::Change | Impact::Nothing, effect) => effect,
                (_, Effect::Write | Effect::Read) => Effect::Destroy,
                (_, effect) => effect,
            };
            let rule = format!("{}.{}", provider.id, kebab(&field.name));
            Action::new(effect, impact, rule, field.name.clone()).undo(mutation.undo)
        }
        None => match verbs::of(&field.name, &[]) {
            Some(claim) => {
                Action::new(claim.effect, claim.impact, format!("graphql.{}", claim.verb), field.name.clone())
            }
            None => Action::new(Effect::Write, Impact::Change, "graphql.mutation", field.name.clone()),
        },
    };
    action.object(object(field)).text(format!("mutation {{ {} }}", field.name))
}

/// The first argument that looks like an id, else the field's name.
fn object(field: &Field) -> String {
    let ids = field.arguments.iter().filter(|(name, _)| {
        let lower = name.to_ascii_lowercase();
        lower == "id" || lower.ends_with("id")
    });
    let shown: Vec<String> = ids
        .filter_map(|(name, value)| Some(format!("{name} {}", value.scalar()?.replace(HOLE, "…"))))
        .collect();
    if shown.is_empty() { field.name.clone() } else { shown.join(", ") }
}

fn kebab(name: &str) -> String {
    crate::reader::verb::words(name).join("-")
}

/// A document that cannot be parsed, by the names in it.
fn scanned(text: &str, provider: Option<&'static Provider>) -> Action {
    let names = graphql::names(&unescaped(text));
    let dangerous = names.iter().find(|name| match provider.and_then(|provider| provider.mutation(name)) {
        Some(mutation) => mutation.effect == Effect::Destroy && mutation.impact != Impact::Change,
        None => verbs::of(name, &[]).is_some_and(|claim| claim.impact == Impact::Resource),
    });
    let mutates = names.iter().any(|name| name == "mutation");
    match dangerous {
        Some(name) if mutates => {
            let field = Field { name: name.clone(), arguments: Vec::new() };
            let mut action = root(&field, provider);
            action.certainty = crate::action::Certainty::Possible;
            // Its arguments could not be read, so they lower nothing.
            if let Some(mutation) = provider.and_then(|provider| provider.mutation(name)) {
                action.impact = mutation.impact;
                action.effect = mutation.effect;
            }
            action
        }
        _ if mutates || text.contains(HOLE) || names.is_empty() => {
            Action::unread("graphql.unread", "a GraphQL document that could not be read")
        }
        _ => Action::new(Effect::Read, Impact::Nothing, "graphql.query", "query"),
    }
}

/// `\u0076` as `v`, for text whose JSON is broken.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\u") {
        out.push_str(before);
        let code = after.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match code.and_then(char::from_u32) {
            Some(letter) => {
                out.push(letter);
                rest = &after[4..];
            }
            None => {
                out.push(' ');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    // Escaped quotes and line ends of the JSON around it would open strings that never end.
    out.replace("\\n", " ").replace('"', " ").replace('#', " ")
}

fn stored(provider: Option<&'static Provider>) -> Action {
    if provider.is_some_and(|provider| !provider.mutations.is_empty()) {
        return Action::unread("graphql.stored", "a stored document");
    }
    Action::new(Effect::Write, Impact::Change, "graphql.stored", "run a stored document")
}

/// A POST to a GraphQL path in which no document was found.
fn unclaimed(content: &Content, provider: Option<&'static Provider>) -> Option<Action> {
    if !content.unread.is_empty() {
        return Some(Action::unread("graphql.unread", content.unread.clone()));
    }
    if content.json.is_none() && !content.text.trim().is_empty() {
        return Some(scanned(&content.text, provider));
    }
    if content.has_hole() {
        return Some(Action::unread("graphql.unread", "a body that only running it would tell"));
    }
    None
}
