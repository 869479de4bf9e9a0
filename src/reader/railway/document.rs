//! GraphQL documents and environment patches, by the mutation table of `grammars/providers.toml`.
//!
//! In: where the text stands. Out: an action per mutation. What cannot be read is unread.

use crate::action::Action;
use crate::context::{CONTENT_BOUND, Unreadable};
use crate::grammar::bind::Binding;
use crate::invocation::{Stdin, Word};
use crate::language::graphql::Field;
use crate::language::json::{HOLE, Json};
use crate::reader::http::graph;
use crate::reader::http::provider::{PROVIDERS, Provider};
use crate::reader::railway::{change, conversation};
use crate::reader::{Call, plain};

fn provider() -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.id == "railway")
}

/// Where a text was looked for and what was found.
enum Found {
    Text(String),
    /// Nothing to run: an empty input, a file that is not there.
    Nothing,
    /// A terminal, on which it will be typed.
    Typed,
    Unread(String),
}

fn from_stdin(call: &Call) -> Found {
    match call.stdin() {
        Stdin::Bytes(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => Found::Nothing,
        Stdin::Bytes(bytes) => Found::Text(String::from_utf8_lossy(&bytes).into_owned()),
        Stdin::Empty => Found::Nothing,
        Stdin::Inherited => Found::Typed,
        Stdin::Unknown(source) => Found::Unread(source),
    }
}

fn from_file(word: &Word, call: &Call) -> Found {
    let Some(name) = word.known() else { return Found::Unread(word.shown()) };
    if name == "-" {
        return from_stdin(call);
    }
    match call.read(&call.path(name), CONTENT_BOUND) {
        Ok(bytes) => Found::Text(String::from_utf8_lossy(&bytes).into_owned()),
        // At a shim the client itself will say that there is no such file.
        Err(Unreadable::Missing) if !call.context.assumes_existence() => Found::Nothing,
        Err(why) => Found::Unread(format!("{} {why}", name.display())),
    }
}

/// A word with its unknown pieces as holes.
fn with_holes(word: &Word) -> String {
    match word {
        Word::Literal(text) => text.to_string_lossy().into_owned(),
        Word::Dynamic(pieces) => pieces
            .iter()
            .map(|piece| match piece {
                crate::invocation::Piece::Text(text) => text.to_string_lossy().into_owned(),
                crate::invocation::Piece::Unknown(_) => HOLE.to_string(),
            })
            .collect(),
    }
}

/// `api`: the mutations that the document would run.
pub fn api(binding: &Binding, call: &Call) -> Vec<Action> {
    let document = match (binding.operands.first(), binding.role_value("graphql-file")) {
        (Some(query), _) => Found::Text(with_holes(query)),
        (None, Some(file)) => from_file(file, call),
        (None, None) => from_stdin(call),
    };
    let text = match document {
        Found::Text(text) => text,
        // On a terminal `api` without a document only prints an error.
        Found::Nothing => return Vec::new(),
        Found::Typed if binding.role_value("graphql-file").is_none() => return Vec::new(),
        Found::Typed => return vec![unread(binding, "the document on standard input")],
        Found::Unread(why) => return vec![unread(binding, why)],
    };
    let name = binding.role_value("operation-name").map(with_holes);
    // A name that only running the line would tell selects any of them.
    let name = name.filter(|name| !name.contains(HOLE));
    graph::actions(&text, variables(binding, call), name, provider())
}

fn unread(binding: &Binding, why: impl Into<String>) -> Action {
    Action::unread(plain::rule(binding, "api-unread"), why)
        .advice("put the document where it can be read: railway api 'query …'")
}

/// The variables as the client composes them; `None` when some cannot be read.
fn variables(binding: &Binding, call: &Call) -> Option<Json> {
    let mut entries = match binding.role_value("variables") {
        None => Vec::new(),
        Some(word) => {
            let text = with_holes(word);
            let text = match text.strip_prefix('@') {
                Some(_) if word.is_dynamic() => return None,
                Some(path) => match from_file(&Word::literal(path), call) {
                    Found::Text(text) => text,
                    _ => return None,
                },
                None => text,
            };
            match Json::parse(text.as_bytes()) {
                Ok(Json::Object(entries)) => entries,
                _ => return None,
            }
        }
    };
    for role in ["variable", "raw-variable"] {
        for value in binding.with_role(role).filter_map(|bound| bound.value.as_ref()) {
            let text = with_holes(value);
            let (key, value) = text.split_once('=')?;
            let parsed = if role == "variable" { Json::parse(value.as_bytes()).ok() } else { None };
            entries.push((key.trim().to_owned(), parsed.unwrap_or_else(|| as_text(value))));
        }
    }
    Some(Json::Object(entries))
}

fn as_text(value: &str) -> Json {
    if value == HOLE.to_string() { Json::Unknown } else { Json::Text(value.to_owned()) }
}

/// `environment edit`: piped JSON wins over options; without either it asks on the terminal.
pub fn edit(binding: &Binding, call: &Call) -> Vec<Action> {
    if binding.has("--stage") {
        return vec![change(plain::rule(binding, "environment-stage"), "stage changes")];
    }
    let given = binding.with_role("patch").next().is_some();
    let patch = match from_stdin(call) {
        Found::Text(text) => Json::parse(text.as_bytes()).unwrap_or(Json::Unknown),
        Found::Unread(_) => Json::Unknown,
        Found::Typed | Found::Nothing if given => options_patch(binding),
        Found::Nothing => return Vec::new(),
        Found::Typed => {
            let rule = plain::rule(binding, "environment-edit");
            return vec![conversation(rule, "edit environment", "what will be typed")];
        }
    };
    vec![mutation("environmentPatchCommit", "patch", patch)]
}

/// `--service-config SERVICE PATH VALUE` as the patch that it stands for.
fn options_patch(binding: &Binding) -> Json {
    let words: Vec<&Word> = binding.with_role("patch").filter_map(|bound| bound.value.as_ref()).collect();
    let entries = words.windows(2).map(|pair| {
        let path = with_holes(pair[0]);
        let value = with_holes(pair[1]);
        let last = path.rsplit('.').next().unwrap_or_default().to_owned();
        (last, Json::parse(value.as_bytes()).unwrap_or_else(|_| as_text(&value)))
    });
    Json::Object(vec![("services".to_owned(), Json::Object(entries.collect()))])
}

/// `config apply`: railway refuses a plan that removes something unless `--confirm-destructive`
/// or a person's answer on the terminal lets it.
pub fn apply(binding: &Binding, call: &Call) -> Vec<Action> {
    let allowed = binding.has("--confirm-destructive");
    let input = match binding.role_value("plan").map(|file| from_file(file, call)) {
        // The plan's format is experimental: what it says can make things worse, never better.
        Some(Found::Text(text)) if !allowed => Json::parse(text.as_bytes()).unwrap_or(Json::Unknown),
        Some(Found::Unread(_) | Found::Typed) => Json::Unknown,
        _ if allowed => Json::Unknown,
        _ => return vec![change(plain::rule(binding, "config-apply"), "apply configuration")],
    };
    vec![
        mutation("environmentApplyChangeSet", "input", input)
            .object("what the plan removes")
            .advice("look first: railway config plan"),
    ]
}

fn mutation(name: &str, argument: &str, value: Json) -> Action {
    let field = Field { name: name.to_owned(), arguments: vec![(argument.to_owned(), value)] };
    graph::root(&field, provider())
}
