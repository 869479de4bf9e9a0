//! A body as a server would take it apart.
//!
//! In: a request. Out: its JSON, its form pairs, its text. It refuses to know what they ask for.

use crate::language::json::{HOLE, Json};
use crate::reader::http::body::Body;
use crate::reader::http::request::Request;
use crate::reader::http::url::form_pairs;

/// What the body holds.
#[derive(Debug, Default)]
pub struct Content {
    pub json: Option<Json>,
    /// Fields of a URL-encoded or multipart form.
    pub pairs: Vec<(String, String)>,
    /// Every scalar of form and JSON, at any depth, by its key.
    pub fields: Vec<(String, String)>,
    pub text: String,
    /// Why the body is not known; empty when it is.
    pub unread: String,
}

impl Content {
    /// Takes a request's body apart. Servers go by `Content-Type`; senders often do not set it, so
    /// what can be read as JSON is read as JSON.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let mut content = Self::default();
        match &request.body {
            Body::None => {}
            Body::Unread(why) => content.unread.clone_from(why),
            Body::Form(fields) => {
                content.pairs = fields
                    .iter()
                    .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()))
                    .collect();
            }
            Body::Bytes(bytes) => {
                content.text = String::from_utf8_lossy(bytes).into_owned();
                let start = content.text.trim_start_matches('\u{feff}').trim_start();
                if start.starts_with(['{', '[', '"', HOLE]) {
                    content.json = Json::parse(bytes).ok();
                }
                if content.json.is_none() && content.text.contains('=') {
                    content.pairs = form_pairs(&content.text);
                }
                if start.trim_end() == HOLE.to_string() {
                    "a body that only running it would tell".clone_into(&mut content.unread);
                }
            }
        }
        content.fields.clone_from(&content.pairs);
        if let Some(json) = &content.json {
            json.walk(&mut |key, value| {
                if let Some(text) = value.scalar() {
                    content.fields.push((key.to_owned(), text));
                }
            });
        }
        content
    }

    /// True when part of the body is not known.
    #[must_use]
    pub fn has_hole(&self) -> bool {
        !self.unread.is_empty()
            || self.text.contains(HOLE)
            || self.pairs.iter().any(|(name, value)| name.contains(HOLE) || value.contains(HOLE))
    }

    /// The texts under a field's name; lists of strings and of objects with `sql` or `q` included.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<String> {
        if name == "body" {
            return vec![self.text.clone()];
        }
        let mut texts: Vec<String> =
            self.pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect();
        if let Some(json) = &self.json {
            json.walk(&mut |key, value| {
                if key == name {
                    strings(value, &mut texts);
                }
            });
        }
        texts
    }
}

fn strings(value: &Json, out: &mut Vec<String>) {
    match value {
        Json::Text(text) => out.push(text.clone()),
        Json::Unknown => out.push(HOLE.to_string()),
        Json::List(items) => items.iter().for_each(|item| strings(item, out)),
        Json::Object(_) => {
            for key in ["q", "sql", "query"] {
                value.all(key).for_each(|inner| strings(inner, out));
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}
