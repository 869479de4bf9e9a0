//! What a request does.
//!
//! In: one [`Request`]. Out: its actions, targets filled. It refuses to know how bad they are.
//!
//! | request | action |
//! |---|---|
//! | GraphQL in body, form or query, wherever it is sent | `graph` |
//! | a row of `grammars/providers.toml` | what the row says |
//! | a batch, JSON-RPC, XML-RPC, SOAP action | `rpc` |
//! | a JSON field `sql`, or a path that ends in `sql`, `query`, `execute` | the SQL's own actions |
//! | DELETE, by method or by an override header or field | the resource is gone |
//! | POST, PUT, PATCH whose path ends in a verb (`/delete`, `:purge`) | what the verb says |
//! | other POST, PUT, PATCH, unknown methods | a change |
//! | GET, HEAD, OPTIONS | a read |
//! | a method that is not known before it runs | unread |
//! | another scheme | `transfer` |

use crate::action::{Action, Effect, Impact};
use crate::language::json::HOLE;
use crate::reader::http::content::Content;
use crate::reader::http::provider::{self, Facts, Outcome, Provider};
use crate::reader::http::request::Request;
use crate::reader::http::{graph, rpc, transfer, verbs};
use crate::target::{Environment, Target, http as place};

/// Longer bodies, in bytes, are not matched as a whole.
const RAW: usize = 1 << 20;

/// The actions of one request; `program` leads the rule ids of other schemes.
#[must_use]
pub fn judge(request: &Request, program: &str) -> Vec<Action> {
    let places = places(request);
    let mut named = provider::at(&places).find(|provider| provider.is_named());
    let content = Content::of(request);
    let method = method(request, &content);
    let mut actions = match request.url.scheme.as_str() {
        "http" | "https" => http(request, &content, &method, &places, &mut named),
        "ws" | "wss" => vec![Action::new(Effect::Read, Impact::Nothing, "http.read", "open a connection")],
        _ => transfer::judge(request, program),
    };
    let target = target(request, named);
    let shown = format!("{method} {}", request.url.shown()).replace(HOLE, "…");
    for action in &mut actions {
        action.target = target.clone();
        if action.object.is_empty() {
            action.object = request.url.shown();
        }
        if action.text.is_empty() {
            action.text.clone_from(&shown);
        }
    }
    actions
}

/// Where the request may be answered: the URL's host, a `Host` header's, a socket's name.
fn places(request: &Request) -> Vec<String> {
    let mut places = vec![format!("{}:{}", request.url.host, request.url.effective_port())];
    if let Some(host) = request.header("host") {
        let host = host.to_ascii_lowercase();
        places.push(if host.contains(':') { host } else { format!("{host}:443") });
    }
    if let Some(socket) = &request.socket {
        let file = socket.rsplit('/').next().unwrap_or_default();
        let file = if file == "podman.sock" { "docker.sock" } else { file };
        places.push(format!("{file}:0"));
    }
    places
}

fn target(request: &Request, provider: Option<&'static Provider>) -> Target {
    let url = &request.url;
    let mut target = place::target(&url.host, url.port, provider.map(|provider| provider.name));
    let leads_away = request.connect_to.iter().any(|route| {
        let parts: Vec<&str> = route.split(':').collect();
        parts.get(2).is_some_and(|host| !host.is_empty() && !place::is_local(host))
    });
    let host_header = request.header("host").is_some_and(|host| {
        let host = host.split(':').next().unwrap_or_default();
        host.contains('.') && !place::is_local(host)
    });
    let tunnelled = provider.is_some_and(|provider| provider.anywhere);
    if target.environment == Environment::Local && (leads_away || host_header || tunnelled) {
        target.environment = Environment::Unknown;
        target.evidence = vec!["the local address leads elsewhere".to_owned()];
    }
    if let Some(provider) = provider {
        let keys: Vec<&str> = request
            .credentials
            .iter()
            .map(String::as_str)
            .chain(request.header("authorization").into_iter().flat_map(|value| value.split_whitespace()))
            .collect();
        let has =
            |prefixes: &[&str]| keys.iter().any(|key| prefixes.iter().any(|prefix| key.starts_with(prefix)));
        if has(provider.live) {
            target.environment = Environment::Production;
            target.evidence.push("the key is a live one".to_owned());
        } else if has(provider.test) {
            target.environment = Environment::Test;
            target.evidence.push("the key is a test one".to_owned());
        }
    }
    target
}

/// The method as servers take it: upper case, overrides applied, the strictest of several.
fn method(request: &Request, content: &Content) -> String {
    let plain = |text: &str| {
        // `-X=DELETE` sends "=DELETE": no server takes it, but it says what was meant.
        let text = text.trim().trim_start_matches('=').to_ascii_uppercase();
        text.split_whitespace().next().unwrap_or("GET").to_owned()
    };
    let mut methods = vec![plain(&request.method)];
    for name in ["x-http-method-override", "x-method-override", "x-http-method"] {
        methods.extend(request.header(name).map(plain));
    }
    let parameters = request.url.parameters();
    let pairs = parameters.iter().chain(&content.fields);
    methods.extend(pairs.filter(|(name, _)| name == "_method").map(|(_, value)| plain(value)));
    let strictness = |method: &String| match method.as_str() {
        "DELETE" => 4,
        _ if method.contains(HOLE) => 3,
        "GET" | "HEAD" | "OPTIONS" => 0,
        _ => 1,
    };
    methods.into_iter().max_by_key(strictness).unwrap_or_default()
}

/// An HTTP request. `named` becomes the provider whose row claims it.
fn http(
    request: &Request,
    content: &Content,
    method: &str,
    places: &[String],
    named: &mut Option<&'static Provider>,
) -> Vec<Action> {
    let mut actions = graph::judge(request, content, *named).unwrap_or_default();
    let is_graphql = !actions.is_empty();
    if method.contains(HOLE) {
        actions.push(Action::unread("http.method", "the method is not known before it runs"));
        return actions;
    }
    if method == "HEAD" || method == "OPTIONS" || method == "TRACE" {
        return vec![read()];
    }
    if is_graphql && method != "DELETE" {
        return actions;
    }
    let facts = facts(request, content, method);
    for provider in provider::at(places) {
        if let Some(row) = provider.row(&facts) {
            named.get_or_insert(provider);
            actions.extend(outcome(&row.outcome, provider, request, content));
            return actions;
        }
    }
    if method != "GET" {
        actions.extend(rpc::judge(request, content));
        actions.extend(sql_fields(request, content));
    }
    if actions.is_empty() || method == "DELETE" {
        actions.push(by_method(method, &facts));
    }
    actions
}

fn read() -> Action {
    Action::new(Effect::Read, Impact::Nothing, "http.read", "read")
}

fn facts(request: &Request, content: &Content, method: &str) -> Facts {
    let parameters = request.url.parameters();
    let mut fields = parameters.clone();
    fields.extend_from_slice(&content.fields);
    let small = if content.text.len() > RAW { "" } else { content.text.as_str() };
    let raw = small.chars().filter(|letter| !letter.is_whitespace()).collect::<String>().to_lowercase();
    Facts {
        method: method.to_owned(),
        segments: request.url.segments(),
        fields,
        parameters,
        headers: request.headers.clone(),
        raw,
    }
}

fn outcome(
    outcome: &'static Outcome,
    provider: &Provider,
    request: &Request,
    content: &Content,
) -> Vec<Action> {
    match outcome {
        Outcome::Bulk => rpc::bulk(content),
        Outcome::Act { impact, verb, undo } => {
            let effect = match impact {
                Impact::Nothing => Effect::Read,
                Impact::Change => Effect::Write,
                Impact::Access => Effect::Permission,
                Impact::Unread => Effect::Unknown,
                _ => Effect::Destroy,
            };
            let rule = format!("{}.{}", provider.id, verb.replace(' ', "-"));
            vec![Action::new(effect, *impact, rule, *verb).undo(*undo)]
        }
        Outcome::Sql(places) => {
            let mut texts: Vec<String> = Vec::new();
            for name in *places {
                if *name == "body" && (!texts.is_empty() || content.json.is_some()) {
                    continue;
                }
                texts.extend(content.texts(name));
                texts.extend(
                    request
                        .url
                        .parameters()
                        .into_iter()
                        .filter(|(known, _)| known == name)
                        .map(|(_, value)| value),
                );
            }
            let all_empty = texts.iter().all(|text| text.trim().is_empty());
            if all_empty && content.unread.is_empty() && content.text.is_empty() {
                return vec![Action::new(Effect::Write, Impact::Change, "http.post", "post")];
            }
            if all_empty {
                return vec![Action::unread(format!("{}.sql", provider.id), "SQL that could not be read")];
            }
            texts.iter().flat_map(|text| sql_text(text, provider.id)).collect()
        }
    }
}

fn sql_text(text: &str, prefix: &str) -> Vec<Action> {
    if text.contains(HOLE) && text.trim() == HOLE.to_string() {
        return vec![Action::unread(format!("{prefix}.sql"), "SQL that only running it would tell")];
    }
    crate::language::sql::read_sql(text, prefix)
}

/// SQL that an API nobody knows is asked to run.
fn sql_fields(request: &Request, content: &Content) -> Vec<Action> {
    const PLACES: &[&str] =
        &["sql", "query", "execute", "exec", "statement", "statements", "run_sql", "exec_sql"];
    let last = request.url.segments().pop().unwrap_or_default().to_ascii_lowercase();
    let mut texts = content.texts("sql");
    if PLACES.contains(&last.as_str()) {
        ["query", "statement", "stmt", "q"].iter().for_each(|name| texts.extend(content.texts(name)));
        if content.json.is_none() && content.pairs.is_empty() && request.url.parameters().is_empty() {
            texts.push(content.text.clone());
        }
    }
    let is_sql = |text: &&String| {
        const LEADS: &[&str] =
            &["drop", "delete", "truncate", "update", "alter", "insert", "select", "with", "begin"];
        let first = text.trim_start().split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        LEADS.contains(&first.as_str()) && text.split_whitespace().count() > 1
    };
    texts.iter().filter(is_sql).flat_map(|text| sql_text(text, "http")).collect()
}

/// What the method says, and the last word of the path.
fn by_method(method: &str, facts: &Facts) -> Action {
    if method == "GET"
        || method == "QUERY"
        || method == "PROPFIND"
        || method == "REPORT"
        || method == "SEARCH"
    {
        return read();
    }
    if method == "DELETE" || method == "PURGE" {
        let cache = method == "PURGE";
        let (effect, impact) =
            if cache { (Effect::Write, Impact::Change) } else { (Effect::Destroy, Impact::Resource) };
        return Action::new(
            effect,
            impact,
            format!("http.{}", method.to_ascii_lowercase()),
            method.to_ascii_lowercase(),
        )
        .scope("the named resource")
        .advice("look first: GET the same URL");
    }
    let (last, around) =
        facts.segments.split_last().map_or(("", &[][..]), |(last, around)| (last.as_str(), around));
    // Google's custom verbs: `/instances/3:delete`.
    let name = last.rsplit_once(':').map_or(last, |(_, verb)| verb);
    let around: Vec<String> = around.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    // `/users/delete/3` and `/delete/3`: the verb stands before an id.
    let id =
        |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit() || letter == '-');
    let claim = match around.split_last() {
        Some((before, rest)) if id(name) => verbs::of(before, rest),
        _ => verbs::of(name, &around),
    };
    let lower = method.to_ascii_lowercase();
    match claim {
        Some(claim) => {
            Action::new(claim.effect, claim.impact, format!("http.path-{}", claim.verb), claim.verb)
        }
        None => Action::new(Effect::Write, Impact::Change, format!("http.{lower}"), lower),
    }
}
