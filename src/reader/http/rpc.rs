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
    if let Some(json) = &content.json {
        for object in json.objects() {
            actions.extend(batched(object));
            actions.extend(called(object));
        }
    } else {
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
    let parts: Vec<String> = name.split(['.', '/']).map(str::to_owned).collect();
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
