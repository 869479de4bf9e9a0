//! Which requests a client would send.
//!
//! In: a binding whose options carry the roles of `grammars/README.md`. Out: [`Request`]s, the
//! files that are written here, and what could not be read. It refuses to know what a request does.
//!
//! | per segment (between `--next`) | becomes |
//! |---|---|
//! | operands, `--url` | one request per URL and glob alternative, each with all options |
//! | `-X M` | the method, verbatim |
//! | else `-I` / `-T` / data or form / otherwise | HEAD / PUT / POST / GET |
//! | `-G` | the data goes to the query; GET unless `-X` or `-I` says otherwise |
//! | `--url-query`, `--request-target` | added to the query; in place of path and query |
//! | `-K file`, `.curlrc` | their options, in place; `.curlrc` first, unless `-q` is the first word |
//! | `--variable`, `--expand-X` | the text with plain `{{name}}` put in; anything else is unknown |

use std::path::PathBuf;

use crate::context::Unreadable;
use crate::grammar::bind::{self, Binding};
use crate::grammar::schema::Arity;
use crate::invocation::Word;
use crate::language::json::HOLE;
use crate::reader::Call;
use crate::reader::http::body::{self, Body, Data, lower, lower_text};
use crate::reader::http::curlrc;
use crate::reader::http::url::{Url, globbed};

/// Configuration files inside configuration files.
const DEPTH: usize = 4;

/// One request, or one transfer of another scheme.
#[derive(Clone, Debug)]
pub struct Request {
    /// As sent; may hold holes.
    pub method: String,
    /// The method was given and not inferred.
    pub custom: bool,
    pub url: Url,
    pub headers: Vec<(String, String)>,
    pub body: Body,
    /// `-u` and bearer tokens, for telling live keys from test keys; never shown.
    pub credentials: Vec<String>,
    /// FTP and SFTP commands.
    pub quotes: Vec<String>,
    pub upload: bool,
    /// `--unix-socket`.
    pub socket: Option<String>,
    /// `--connect-to`: where the connection really goes.
    pub connect_to: Vec<String>,
}

impl Request {
    /// The last header of a name, any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Everything that one invocation sends.
#[derive(Debug, Default)]
pub struct Composition {
    pub requests: Vec<Request>,
    /// Files that are written here.
    pub outputs: Vec<String>,
    /// Why something may be missing above.
    pub unread: Vec<String>,
}

/// An option with a role, or a URL.
#[derive(Clone, Debug)]
struct Item {
    role: &'static str,
    value: Option<Word>,
    negated: bool,
}

/// Composes what the binding's client would send.
pub fn compose(binding: &Binding, call: &Call) -> Composition {
    let mut out = Composition::default();
    let mut items = Vec::new();
    let first_is_q =
        binding.options.first().is_some_and(|bound| bound.at == 0 && bound.opt.role == "no-config");
    if binding.grammar.program == "curl" && !first_is_q {
        default_config(binding, call, &mut items, &mut out);
    }
    flatten(binding, call, 0, &mut items, &mut out);
    expand(&mut items, call);
    for segment in items.split(|item| item.role == "next") {
        self::segment(segment, call, &mut out);
    }
    out
}

/// The options and operands in their order, configuration files in place.
fn flatten(binding: &Binding, call: &Call, depth: usize, items: &mut Vec<Item>, out: &mut Composition) {
    let mut operands = binding.operands.iter().zip(&binding.places).peekable();
    let url = |word: &Word| Item { role: "url", value: Some(word.clone()), negated: false };
    for bound in &binding.options {
        while let Some((word, _)) = operands.next_if(|(_, place)| **place < bound.at) {
            items.push(url(word));
        }
        if bound.opt.role == "config"
            && let Some(value) = &bound.value
        {
            match body::source(&lower(value), call) {
                Ok(content) => config(&content, binding, call, depth, items, out),
                Err(why) => out.unread.push(why),
            }
            continue;
        }
        items.push(Item { role: bound.opt.role, value: bound.value.clone(), negated: bound.negated });
    }
    items.extend(operands.map(|(word, _)| url(word)));
}

/// The options of one configuration file.
fn config(
    content: &[u8],
    binding: &Binding,
    call: &Call,
    depth: usize,
    items: &mut Vec<Item>,
    out: &mut Composition,
) {
    if depth >= DEPTH {
        out.unread.push("configuration files nested too deeply".to_owned());
        return;
    }
    for line in curlrc::read(&String::from_utf8_lossy(content)) {
        let mut words = vec![Word::literal(line.option)];
        let alone = bind::bind(binding.grammar, &words, false);
        let takes_value = alone.options.last().is_some_and(|bound| bound.opt.arity != Arity::Flag);
        if let Some(value) = line.value
            && takes_value
        {
            words.push(Word::literal(value));
        }
        flatten(&bind::bind(binding.grammar, &words, false), call, depth + 1, items, out);
    }
}

/// The first `.curlrc` that exists (curl's tool_findfile.c).
fn default_config(binding: &Binding, call: &Call, items: &mut Vec<Item>, out: &mut Composition) {
    let folder = |name: &str, below: &str| -> Option<PathBuf> {
        let value = call.env_known(name).filter(|value| !value.is_empty())?;
        Some(PathBuf::from(value).join(below))
    };
    let home = call.env_known("HOME").is_none().then(|| call.context.home()).flatten();
    let places = [
        folder("CURL_HOME", ".curlrc"),
        folder("CURL_HOME", "curlrc"),
        folder("XDG_CONFIG_HOME", ".curlrc"),
        folder("XDG_CONFIG_HOME", "curlrc"),
        folder("HOME", ".curlrc"),
        folder("HOME", ".config/curlrc"),
        home.map(|home| home.join(".curlrc")),
    ];
    for path in places.into_iter().flatten() {
        match call.context.read(&path, body::BOUND) {
            Ok(content) => return config(&content, binding, call, 0, items, out),
            Err(Unreadable::Missing) => {}
            Err(_) => return,
        }
    }
}

/// Puts `--variable` values into `--expand-X` options.
fn expand(items: &mut [Item], call: &Call) {
    let mut variables: Vec<(String, Option<Vec<u8>>)> = Vec::new();
    for item in items {
        if item.role == "variable" || item.role == "expand-variable" {
            if let Some(value) = &item.value {
                variables.push(variable(&lower(value), call));
            }
        } else if let Some(role) = item.role.strip_prefix("expand-") {
            item.role = role;
            item.value = item.value.as_ref().map(|value| {
                let text = lower_text(value);
                Word::literal(put_in(&text, &variables))
            });
        }
    }
}

/// `name=content`, `name@file`, `%NAME`, `%NAME=default`.
fn variable(text: &[u8], call: &Call) -> (String, Option<Vec<u8>>) {
    let (imports, text) = match text.strip_prefix(b"%") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let at = text.iter().position(|byte| matches!(byte, b'=' | b'@'));
    let name = String::from_utf8_lossy(&text[..at.unwrap_or(text.len())]).into_owned();
    if imports && let Some(value) = call.env(&name) {
        return (name, value.known().map(|_| lower(&value)));
    }
    let content = match at {
        Some(at) if text[at] == b'=' => Some(text[at + 1..].to_vec()),
        Some(at) => body::source(&text[at + 1..], call).ok(),
        None => None,
    };
    (name, content)
}

/// The text with every `{{name}}` replaced; functions and unknown names become holes.
fn put_in(text: &str, variables: &[(String, Option<Vec<u8>>)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        let known = variables.iter().rev().find(|(known, _)| known == name);
        match known.and_then(|(_, content)| content.as_ref()) {
            Some(content) => out.push_str(&String::from_utf8_lossy(content)),
            None => out.push(HOLE),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// What the options of one segment add up to.
#[derive(Default)]
struct Segment {
    urls: Vec<String>,
    method: Option<String>,
    head: bool,
    get: bool,
    globoff: bool,
    data: Data,
    query: Vec<String>,
    headers: Vec<(String, String)>,
    uploads: Vec<Word>,
    quotes: Vec<String>,
    credentials: Vec<String>,
    socket: Option<String>,
    connect_to: Vec<String>,
    target: Option<String>,
    scheme: Option<String>,
}

fn segment(items: &[Item], call: &Call, out: &mut Composition) {
    let mut segment = Segment::default();
    for item in items {
        segment.take(item, call, out);
    }
    segment.finish(call, out);
}

impl Segment {
    fn take(&mut self, item: &Item, call: &Call, out: &mut Composition) {
        let on = !item.negated;
        match item.role {
            "head" => self.head = on,
            "get" => self.get = on,
            "globoff" => self.globoff = on,
            _ => {}
        }
        let Some(word) = &item.value else { return };
        let text = lower_text(word);
        match item.role {
            "url" => self.url(&text, call, out),
            "method" if !text.is_empty() => self.method = Some(text),
            role @ ("data" | "data-raw" | "data-binary" | "data-urlencode" | "data-file" | "json") => {
                self.data.add(role, &lower(word), call);
            }
            "form" => self.data.add_field(&lower(word), false, call),
            "form-string" => self.data.add_field(&lower(word), true, call),
            "url-query" => match text.strip_prefix('+') {
                Some(plain) => self.query.push(plain.to_owned()),
                None => self.query.push(encoded_text(&lower(word), call)),
            },
            "header" => self.header(&text, call),
            "upload" => self.uploads.push(word.clone()),
            "quote" => self.quotes.push(text),
            "user" | "bearer" => self.credentials.push(text),
            "socket" => self.socket = Some(text),
            "connect-to" => self.connect_to.push(text),
            "request-target" => self.target = Some(text),
            "proto-default" => self.scheme = Some(text),
            "output" if !matches!(text.as_str(), "-" | "/dev/null" | "/dev/stdout" | "/dev/stderr") => {
                out.outputs.push(text);
            }
            _ => {}
        }
    }

    /// A URL, or since curl 8.13 a file of them.
    fn url(&mut self, text: &str, call: &Call, out: &mut Composition) {
        let Some(name) = text.strip_prefix('@') else {
            self.urls.push(text.to_owned());
            return;
        };
        match body::source(name.as_bytes(), call) {
            Ok(content) => self.urls.extend(
                String::from_utf8_lossy(&content)
                    .lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty() && !line.starts_with('#'))
                    .map(str::to_owned),
            ),
            Err(why) => out.unread.push(why),
        }
    }

    fn header(&mut self, text: &str, call: &Call) {
        let lines = match text.strip_prefix('@') {
            // What a header file holds is credentials as a rule; unread, it changes nothing.
            Some(name) => body::source(name.as_bytes(), call).unwrap_or_default(),
            None => text.as_bytes().to_vec(),
        };
        for line in String::from_utf8_lossy(&lines).lines() {
            if let Some((name, value)) = line.split_once([':', ';']) {
                self.headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
    }

    fn inferred(&self, upload: bool) -> String {
        if let Some(method) = &self.method {
            return method.clone();
        }
        let method = if self.head {
            "HEAD"
        } else if upload {
            "PUT"
        } else if self.get {
            "GET"
        } else if self.data.given || self.data.is_form() {
            "POST"
        } else {
            "GET"
        };
        method.to_owned()
    }

    fn finish(mut self, call: &Call, out: &mut Composition) {
        let json = self.data.json;
        let methods = [self.inferred(false), self.inferred(true)];
        let custom = self.method.is_some();
        let mut body = std::mem::take(&mut self.data).body();
        if json && !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            self.headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        if self.get {
            // An unread file in a query changes nothing that a GET does.
            if let Some(text) = body.text() {
                self.query.push(text);
            }
            body = Body::None;
        }
        for (index, word) in std::mem::take(&mut self.urls).iter().enumerate() {
            let upload = self.uploads.get(index);
            let (texts, complete) = if self.globoff { (vec![word.clone()], true) } else { globbed(word) };
            if !complete {
                out.unread.push("more requests than are written out".to_owned());
            }
            for text in texts {
                let mut url = Url::parse(&text, self.scheme.as_deref());
                if let Some(file) = upload {
                    append_name(&mut url, file);
                }
                self.aim(&mut url);
                let body = match upload {
                    Some(file) => uploaded(file, &url, call),
                    None => body.clone(),
                };
                out.requests.push(Request {
                    method: methods[usize::from(upload.is_some())].clone(),
                    custom,
                    url,
                    headers: self.headers.clone(),
                    body,
                    credentials: self.credentials.clone(),
                    quotes: self.quotes.clone(),
                    upload: upload.is_some(),
                    socket: self.socket.clone(),
                    connect_to: self.connect_to.clone(),
                });
            }
        }
    }

    /// Query additions and `--request-target`.
    fn aim(&self, url: &mut Url) {
        for part in self.query.iter().filter(|part| !part.is_empty()) {
            url.query = Some(match url.query.take() {
                Some(query) if !query.is_empty() => format!("{query}&{part}"),
                _ => part.clone(),
            });
        }
        if let Some(target) = &self.target {
            // An absolute target names the host of a proxied request, not another server.
            let inner = if target.contains("://") {
                Url::parse(target, None)
            } else {
                Url::parse(&format!("http://target/{}", target.trim_start_matches('/')), None)
            };
            url.path = inner.path;
            url.query = inner.query;
        }
    }
}

fn encoded_text(value: &[u8], call: &Call) -> String {
    match body::encoded(value, call) {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(_) => HOLE.to_string(),
    }
}

/// curl appends the file's name to a URL that ends with a slash.
fn append_name(url: &mut Url, file: &Word) {
    let name = lower_text(file);
    if url.path.ends_with('/') && name != "-" && name != "." {
        url.path.push_str(name.rsplit('/').next().unwrap_or_default());
    }
}

/// An upload's content, where the endpoint goes by it; else it is only a file.
fn uploaded(file: &Word, url: &Url, call: &Call) -> Body {
    let path = url.path.to_ascii_lowercase();
    if !["graphql", "_bulk", "query", "sql", "batch"].iter().any(|part| path.contains(part)) {
        return Body::Unread("an uploaded file".to_owned());
    }
    match body::source(&lower(file), call) {
        Ok(content) => Body::Bytes(content),
        Err(why) => Body::Unread(why),
    }
}
