//! Operations that are named in the body: batches, JSON-RPC, XML-RPC, SOAP, Elasticsearch's bulk.
//!
//! In: a request and its content. Out: actions of what is named and destroys; nothing else.
//!
//! | body | becomes |
//! |---|---|
//! | `{"method": "DELETE", "url"/"path": …}` at any depth | a deletion |
//! | a line `DELETE /x HTTP/1.1` (multipart batch) | a deletion |
//! | `{"jsonrpc"…, "method": "user.delete"}` | what the method's last word says |
//! | `tools/call` with a tool's name | what that name says |
//! | `<methodName>`, `SOAPAction` | likewise |
//! | `{"action": "delete", …}` at the top | what that name says |
//! | NDJSON with `{"delete": …}` lines (`_bulk`) | part of an index |

use crate::action::{Action, Effect, Impact};
use crate::language::json::Json;
use crate::reader::http::content::Content;
use crate::reader::http::request::Request;
use crate::reader::http::verbs;

/// The destructive operations that a body names.
#[must_use]
pub fn judge(request: &Request, content: &Content) -> Vec<Action> {
    let mut actions = Vec::new();
    // A batch is also sent as the JSON text of a form field.
    let nested = content.pairs.iter().filter(|(_, value)| value.starts_with(['[', '{']));
    let nested: Vec<Json> = nested.filter_map(|(_, value)| Json::parse(value.as_bytes()).ok()).collect();
    for json in content.json.iter().chain(&nested) {
        for object in json.objects() {
            actions.extend(batched(object));
            actions.extend(called(object));
        }
    }
    actions.extend(commanded(request, content));
    if content.json.is_none() {
        let deletes = content
            .text
            .lines()
            .filter(|line| line.starts_with("DELETE /") || line.starts_with("DELETE http"));
        actions.extend(deletes.map(|line| deletion(line.split_whitespace().nth(1).unwrap_or_default())));
        if let Some((_, after)) = content.text.split_once("<methodName>") {
            actions.extend(named(after.split('<').next().unwrap_or_default()));
        }
    }
    if let Some(header) = request.header("soapaction") {
        let name = header.trim_matches('"').rsplit(['/', '#']).next().unwrap_or_default();
        actions.extend(named(name));
    }
    actions
}

/// `{"action": "delete", …}` at the top of a body. Where things are recorded, searched or granted
/// the same words only speak of deeds.
fn commanded(request: &Request, content: &Content) -> Option<Action> {
    const KEYS: &[&str] = &["action", "operation", "op", "cmd", "command"];
    const SPEAKS: &[&str] = &[
        "event",
        "log",
        "audit",
        "track",
        "analytic",
        "telemetry",
        "metric",
        "webhook",
        "hook",
        "search",
        "query",
        "permission",
        "policy",
        "policie",
        "rule",
        "role",
        "message",
        "chat",
        "notification",
        "notify",
        "comment",
        "completion",
        "ingest",
        "collect",
        "history",
        "activity",
        "activitie",
        "batch",
        "grant",
        "scope",
    ];
    let segments = request.url.segments();
    let speaks = segments.iter().flat_map(|segment| crate::reader::verb::words(segment)).any(|word| {
        let one = word.strip_suffix('s').unwrap_or(&word);
        SPEAKS.contains(&one) || SPEAKS.contains(&word.as_str())
    });
    if speaks {
        return None;
    }
    let top: Vec<(&str, &str)> = match &content.json {
        Some(Json::Object(entries)) => {
            entries.iter().filter_map(|(key, value)| Some((key.as_str(), value.text()?))).collect()
        }
        Some(_) => Vec::new(),
        None => content.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
    };
    let (_, verb) = top.into_iter().find(|(key, _)| KEYS.contains(&key.to_ascii_lowercase().as_str()))?;
    let plain = verb.len() <= 64
        && verb.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-:".contains(letter));
    if plain { named(verb) } else { None }
}

fn batched(object: &Json) -> Option<Action> {
    let method = object.all("method").filter_map(Json::text).any(|text| text.eq_ignore_ascii_case("delete"));
    let path = ["url", "path", "relative_url", "uri"].iter().find_map(|key| object.get(key));
    match path {
        Some(path) if method => Some(deletion(path.text().unwrap_or_default())),
        _ => None,
    }
}

fn deletion(path: &str) -> Action {
    let shown = crate::reader::http::url::Url::parse(path, None).path;
    Action::new(Effect::Destroy, Impact::Resource, "http.batch-delete", "delete").object(shown)
}

fn called(object: &Json) -> Option<Action> {
    let method = object.get("method").and_then(Json::text)?;
    let is_call = object.get("jsonrpc").is_some() || object.get("params").is_some();
    if !is_call {
        return None;
    }
    // The Model Context Protocol names the tool in the parameters.
    if method == "tools/call" {
        return named(object.get("params")?.get("name")?.text()?);
    }
    named(method)
}

fn named(name: &str) -> Option<Action> {
    let parts: Vec<String> = name.split(['.', '/', ':']).map(str::to_owned).collect();
    let (last, around) = parts.split_last()?;
    let claim = verbs::of(last, around)?;
    Some(Action::new(claim.effect, claim.impact, format!("rpc.{}", claim.verb), name.to_owned()).object(name))
}

/// Elasticsearch's bulk: every second line is an action.
#[must_use]
pub fn bulk(content: &Content) -> Vec<Action> {
    if !content.unread.is_empty() {
        return vec![Action::new(Effect::Write, Impact::Change, "elasticsearch.bulk", "bulk write")];
    }
    let text = if content.text.is_empty() { String::new() } else { content.text.clone() };
    // `-d` takes the line ends of a file away: objects stand back to back then.
    let stream = serde_json::Deserializer::from_str(&text).into_iter::<Json>();
    let deletes = stream.map_while(Result::ok).filter(|line| line.get("delete").is_some()).count();
    if deletes == 0 {
        return vec![Action::new(Effect::Write, Impact::Change, "elasticsearch.bulk", "bulk write")];
    }
    vec![
        Action::new(Effect::Destroy, Impact::Part, "elasticsearch.bulk-delete", "bulk delete")
            .scope(format!("{deletes} documents"))
            .undo("none"),
    ]
}
