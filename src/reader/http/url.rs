//! URLs as curl takes them: parsed, globbed, and shown without secrets.
//!
//! In: the text of a URL, holes included. Out: its parts. It refuses to know what is done there.
//!
//! | source | becomes |
//! |---|---|
//! | `host/path` | a scheme by the host's first label, else http |
//! | `scheme://user:pass@host:port/path?query#fragment` | the parts; the fragment is not sent |
//! | `/a/../b`, `/%64elete`, `//x/` | for judging: dots resolved, percent decoded, empty segments dropped |
//! | `{a,b}` | every alternative |
//! | `[1-9]`, `[a-z:2]` | its two ends: what lies between differs in nothing that counts |

use crate::language::json::HOLE;

/// More requests than this from one word are not written out.
const ALTERNATIVES: usize = 256;

/// The parts of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    pub scheme: String,
    pub userinfo: Option<String>,
    /// Lower case, without a trailing dot, an IPv6 address without its brackets.
    pub host: String,
    pub port: Option<u16>,
    /// As written, from the first slash on; `/` when there is none.
    pub path: String,
    pub query: Option<String>,
}

impl Url {
    /// Parses a URL as curl would; `default_scheme` is `--proto-default`.
    #[must_use]
    pub fn parse(text: &str, default_scheme: Option<&str>) -> Self {
        let text = text.trim();
        let (scheme, rest) = match split_scheme(text) {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, tail) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let (path, query) = match tail.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (tail, None),
        };
        let (userinfo, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()), place),
            None => (None, authority),
        };
        let (host, port) = split_port(place);
        let host = decode(host).to_lowercase();
        let host = host.trim_end_matches('.').to_owned();
        let scheme = scheme
            .or_else(|| default_scheme.map(str::to_ascii_lowercase))
            .unwrap_or_else(|| guess(&host).to_owned());
        let path = without_dots(path);
        Self { scheme, userinfo, host, port, path, query }
    }

    /// The path as a server routes it: decoded, dots resolved, no empty segments.
    #[must_use]
    pub fn segments(&self) -> Vec<String> {
        segments(&self.path)
    }

    /// The parameters of the query, decoded.
    #[must_use]
    pub fn parameters(&self) -> Vec<(String, String)> {
        self.query.as_deref().map(form_pairs).unwrap_or_default()
    }

    /// The port, or the scheme's own.
    #[must_use]
    pub fn effective_port(&self) -> u16 {
        self.port.unwrap_or(match self.scheme.as_str() {
            "https" | "wss" => 443,
            "ftp" => 21,
            _ => 80,
        })
    }

    /// For people and records: no user, no password, no token.
    #[must_use]
    pub fn shown(&self) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let path: Vec<String> = self.path.split('/').map(redact_segment).collect();
        let query =
            self.query.as_deref().map(|query| format!("?{}", redact_query(query))).unwrap_or_default();
        let text = format!("{}://{host}{port}{}{query}", self.scheme, path.join("/"));
        text.replace(HOLE, "…")
    }
}

/// `scheme://rest`; also `scheme:/rest`, which curl lets pass for some schemes.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let at = text.find(':')?;
    let scheme = &text[..at];
    let named = scheme.len() > 1
        && scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.'));
    let rest = text[at + 1..].strip_prefix('/')?;
    // One to three slashes all mean the same host (curl's URL parser).
    (named && !scheme.contains('.')).then(|| {
        if scheme.eq_ignore_ascii_case("file") {
            (scheme, rest.strip_prefix('/').unwrap_or(rest))
        } else {
            (scheme, rest.trim_start_matches('/'))
        }
    })
}

fn split_port(place: &str) -> (&str, Option<u16>) {
    if let Some(rest) = place.strip_prefix('[')
        && let Some((address, after)) = rest.split_once(']')
    {
        return (address, after.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match place.rsplit_once(':') {
        Some((host, port)) if port.is_empty() => (host, None),
        Some((host, port)) => (host, port.parse().ok()),
        None => (place, None),
    }
}

/// The scheme that curl guesses from a host's first label.
fn guess(host: &str) -> &'static str {
    ["ftp", "dict", "ldap", "imap", "smtp", "pop3"]
        .into_iter()
        .find(|scheme| host.strip_prefix(scheme).is_some_and(|rest| rest.starts_with('.')))
        .unwrap_or("http")
}

/// A path as curl sends it: `.` and `..` resolved (RFC 3986, section 5.2.4).
fn without_dots(path: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        match part {
            "." | ".." => {
                if part == ".." {
                    out.pop();
                }
                if parts.peek().is_none() {
                    out.push("");
                }
            }
            _ => out.push(part),
        }
    }
    format!("/{}", out.join("/"))
}

/// A path as a server routes it.
#[must_use]
pub fn segments(path: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for segment in path.split('/') {
        let segment = decode(segment);
        match segment.as_str() {
            "" | "." => {}
            ".." => {
                out.pop();
            }
            _ => out.push(segment),
        }
    }
    out
}

/// Percent-decodes, lossily.
#[must_use]
pub fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `a=1&b=2` with `+` for a space.
#[must_use]
pub fn form_pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
        })
        .collect()
}

/// True for the name of a parameter or field whose value is a secret.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "token",
        "secret",
        "passw",
        "pwd",
        "apikey",
        "api_key",
        "api-key",
        "auth",
        "signature",
        "credential",
        "jwt",
        "session",
    ]
    .iter()
    .any(|part| name.contains(part))
        || matches!(name.as_str(), "key" | "sig" | "code" | "access")
}

fn redact_query(query: &str) -> String {
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if is_secret_name(&decode(name)) => format!("{name}=***"),
            Some((name, value)) => format!("{name}={}", redact_segment(value)),
            None => redact_segment(pair),
        })
        .collect();
    pairs.join("&")
}

/// Key formats of well-known services, and a letter-digit mix as long as no name is.
fn redact_segment(segment: &str) -> String {
    const PREFIXES: &[&str] = &[
        "sk_",
        "rk_",
        "pk_",
        "sbp_",
        "sb_",
        "ghp_",
        "gho_",
        "ghs_",
        "ghu_",
        "github_pat_",
        "glpat-",
        "xoxb-",
        "xoxp-",
        "xoxa-",
        "AKIA",
        "ASIA",
        "dop_v1_",
        "fo1_",
        "napi_",
        "rnd_",
        "eyJ",
        "hvs.",
        "npm_",
        "SG.",
    ];
    let mixed = |text: &str| {
        text.len() >= 32
            && !text.contains('-')
            && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
            && text.chars().any(|letter| letter.is_ascii_uppercase())
            && text.chars().any(|letter| letter.is_ascii_digit())
    };
    let telegram = segment.strip_prefix("bot").is_some_and(|rest| rest.contains(':') || rest.contains("%3A"));
    if telegram || PREFIXES.iter().any(|prefix| segment.starts_with(prefix)) || mixed(segment) {
        return "***".to_owned();
    }
    segment.to_owned()
}

/// The URLs that a word with `{a,b}` and `[1-3]` stands for. False: there were too many to write.
#[must_use]
pub fn globbed(word: &str) -> (Vec<String>, bool) {
    let mut urls = vec![String::new()];
    let mut complete = true;
    let mut rest = word;
    while let Some(letter) = rest.chars().next() {
        let (choices, length) = match letter {
            '\\' if rest[1..].starts_with(['{', '}', '[', ']']) => (vec![rest[1..2].to_owned()], 2),
            '{' => match set(rest) {
                Some(found) => found,
                None => (vec!["{".to_owned()], 1),
            },
            '[' => match range(rest) {
                Some(found) => found,
                None => (vec!["[".to_owned()], 1),
            },
            _ => (vec![letter.to_string()], letter.len_utf8()),
        };
        if choices.len() > 1 && urls.len() * choices.len() > ALTERNATIVES {
            complete = false;
        }
        if choices.len() == 1 || !complete {
            urls.iter_mut().for_each(|url| url.push_str(&choices[0]));
        } else {
            urls = urls
                .iter()
                .flat_map(|url| choices.iter().map(move |choice| format!("{url}{choice}")))
                .collect();
        }
        rest = &rest[length..];
    }
    (urls, complete)
}

fn set(text: &str) -> Option<(Vec<String>, usize)> {
    let end = text.find('}')?;
    Some((text[1..end].split(',').map(str::to_owned).collect(), end + 1))
}

fn range(text: &str) -> Option<(Vec<String>, usize)> {
    let end = text.find(']')?;
    let inner = text[1..end].split(':').next()?;
    let (first, last) = inner.split_once('-')?;
    let plain = |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric());
    // `[::1]` is an address, not a range.
    (plain(first) && plain(last)).then(|| (vec![first.to_owned(), last.to_owned()], end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_where_curl_finds_them() {
        for (text, host, port, path) in [
            ("https://user:pw@API.example.com:8443/a?b#c", "api.example.com", Some(8443), "/a"),
            ("localhost:9200/x", "localhost", Some(9200), "/x"),
            ("http://127.0.0.1@evil.example/x", "evil.example", None, "/x"),
            ("http://[::1]:80/x", "::1", Some(80), "/x"),
            ("https:///example.com./x", "example.com", None, "/x"),
            ("example.com?x=1", "example.com", None, "/"),
            ("\u{fffc}/graphql", "\u{fffc}", None, "/graphql"),
        ] {
            let url = Url::parse(text, None);
            assert_eq!((url.host.as_str(), url.port, url.path.as_str()), (host, port, path), "{text}");
        }
        assert_eq!(Url::parse("ftp.example.com/x", None).scheme, "ftp");
        assert_eq!(Url::parse("x/y", Some("HTTPS")).scheme, "https");
    }

    #[test]
    fn paths_are_routed_as_a_server_would() {
        assert_eq!(segments("/a//%64elete/../x/./"), ["a", "x"]);
    }

    #[test]
    fn globs_are_written_out() {
        assert_eq!(globbed("h/{a,b}/[1-3]").0, ["h/a/1", "h/a/3", "h/b/1", "h/b/3"]);
        assert_eq!(globbed("http://[::1]/\\{x").0, ["http://[::1]/{x"]);
        assert!(!globbed(&"{a,b}".repeat(20)).1);
    }

    #[test]
    fn nothing_secret_is_shown() {
        let url =
            Url::parse("https://u:p@h.example/botX:12/eyJhbGci?token=abc&x=1&key=2&sig=sk_live_1", None);
        assert_eq!(url.shown(), "https://h.example/***/***?token=***&x=1&key=***&sig=***");
    }

    proptest::proptest! {
        #[test]
        fn no_input_panics(text: String) {
            let _ = Url::parse(&text, None).shown();
            let _ = globbed(&text);
        }
    }
}
