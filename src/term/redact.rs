//! Takes secrets out of text and argument lists before they are shown or written down.
//!
//! In: a word, a line, SQL, a header, a URL, or a whole argument list. Out: the same with
//! `[redacted]` in the place of each secret; the name beside it stays. Deterministic, and doing it
//! twice changes nothing. It refuses to guess from randomness alone, but for the 40 characters of an
//! AWS secret key: a commit's name is no secret.
//!
//! | source | taken out |
//! |---|---|
//! | `scheme://user:X@host`, `scheme://X@host` for a long X | X |
//! | `Authorization: Scheme X`, `Cookie: X`, and other credential headers | X to the end of the header |
//! | `Bearer X` | X |
//! | `password=X`, `"api_key": "X"`, `token = 'X'` | X, unless it is `$NAME` |
//! | `PASSWORD 'X'`, `IDENTIFIED BY 'X'` (SQL) | X |
//! | `-u user:X`, `--token X`, `--password=X`, mysql's `-pX` | X |
//! | `ghp_…`, `sk_live_…`, `AKIA…`, `xoxb-…`, JWTs, PEM keys | all of it |

use std::ops::Range;

const MARK: &str = "[redacted]";

/// Quotes inside quotes can hide a secret behind another; they are looked through this often.
const ROUNDS: usize = 4;

/// `text` with its secrets replaced.
#[must_use]
pub fn redact(text: &str) -> String {
    let mut clean = once(text);
    if clean == text {
        return clean;
    }
    for _ in 1..ROUNDS {
        let next = once(&clean);
        if next == clean {
            break;
        }
        clean = next;
    }
    clean
}

fn once(text: &str) -> String {
    let mut secrets: Vec<Range<usize>> = Vec::new();
    urls(text, &mut secrets);
    pairs(text, &mut secrets);
    phrases(text, &mut secrets);
    tokens(text, &mut secrets);
    pem(text, &mut secrets);
    replace(text, secrets)
}

/// An argument list, program first, with its secrets replaced, word by word.
#[must_use]
pub fn redact_words<S: AsRef<str>>(words: &[S]) -> Vec<String> {
    let program = words.first().map_or("", |word| word.as_ref().rsplit('/').next().unwrap_or_default());
    let mut clean = Vec::with_capacity(words.len());
    // What the word before says about this one.
    let mut next = Next::Plain;
    for word in words {
        let word = word.as_ref();
        clean.push(match next {
            Next::Secret if !word.starts_with('-') && !is_reference(word) && !word.is_empty() => {
                MARK.to_owned()
            }
            Next::Login => login(word).unwrap_or_else(|| redact(word)),
            Next::Plain | Next::Secret => option_value(program, word).unwrap_or_else(|| redact(word)),
        });
        next = Next::after(program, word);
    }
    clean
}

/// What an option says about the word that follows it.
enum Next {
    Plain,
    Secret,
    /// `user:password`
    Login,
}

impl Next {
    fn after(program: &str, word: &str) -> Self {
        match word {
            "-u" | "--user" | "-U" | "--proxy-user" if !is_postgres(program) => Self::Login,
            _ => match word.strip_prefix("--") {
                // For PostgreSQL's clients --password is a flag, and the word after it a database.
                Some(name) if is_secret_name(name) && !is_postgres(program) => Self::Secret,
                _ => Self::Plain,
            },
        }
    }
}

fn is_postgres(program: &str) -> bool {
    matches!(program, "psql" | "createdb" | "dropdb" | "createuser" | "dropuser" | "vacuumdb" | "reindexdb")
        || program.starts_with("pg_")
}

/// A word that is an option with its value attached.
fn option_value(program: &str, word: &str) -> Option<String> {
    if matches!(program, "mysql" | "mysqldump" | "mysqladmin" | "mariadb" | "mariadb-dump" | "mariadb-admin")
    {
        // mysql's -p takes its value attached only.
        let value = word.strip_prefix("-p").filter(|value| !value.is_empty() && !is_reference(value))?;
        return (!value.starts_with('-')).then(|| format!("-p{MARK}"));
    }
    let value = word.strip_prefix("-u").filter(|value| !value.is_empty())?;
    Some(format!("-u{}", login(value)?))
}

/// `user:[redacted]` of `user:password`; not of the numbers of `docker run -u 1000:1000`.
fn login(word: &str) -> Option<String> {
    let (user, password) = word.split_once(':')?;
    let numbers = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = password.is_empty() || is_reference(password) || (numbers(user) && numbers(password));
    (!plain && !user.contains('/')).then(|| format!("{user}:{MARK}"))
}

/// Merges what was found and puts the mark there.
fn replace(text: &str, mut secrets: Vec<Range<usize>>) -> String {
    for range in &mut secrets {
        // What was taken out before is no secret; the mark may reach beyond what was found now.
        while text.get(range.start..).is_some_and(|rest| rest.starts_with(MARK)) {
            range.start += MARK.len();
        }
    }
    secrets.retain(|range| !range.is_empty());
    secrets.sort_by_key(|range| (range.start, range.end));
    let mut clean = String::with_capacity(text.len());
    let mut done = 0;
    for range in secrets {
        if range.start < done {
            // Overlaps what is already gone: only its tail is left to take.
            done = done.max(range.end);
            continue;
        }
        clean.push_str(text.get(done..range.start).unwrap_or_default());
        clean.push_str(MARK);
        done = range.end;
    }
    clean.push_str(text.get(done..).unwrap_or_default());
    clean
}

/// Passwords in URLs.
fn urls(text: &str, secrets: &mut Vec<Range<usize>>) {
    for (at, _) in text.match_indices("://") {
        let start = at + 3;
        let Some(host) = user_end(text, start) else { continue };
        match text[start..host].find(':') {
            Some(length) if !is_reference(&text[start + length + 1..host]) => {
                secrets.push(start + length + 1..host);
            }
            // A token in the place of a user: `https://TOKEN@github.com`
            None if host - start >= 20 => secrets.push(start..host),
            Some(_) | None => {}
        }
    }
}

/// Where the user part of a URL ends, at its `@`; `start` is behind `://`.
fn user_end(text: &str, start: usize) -> Option<usize> {
    let until = |marks: &str| {
        let ends = |letter: char| letter.is_whitespace() || marks.contains(letter);
        text[start..].find(ends).map_or(text.len(), |length| start + length)
    };
    let authority = &text[start..until("/?#'\"`<>|\\")];
    if let Some(length) = authority.rfind('@') {
        return Some(start + length);
    }
    // A password with a slash that should have been encoded: `user:pa/ss@host`. A port has digits only.
    let (_, port) = authority.split_once(':')?;
    if port.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text[start..until("'\"`<>|")].rfind('@').map(|length| start + length)
}

/// `name=value`, `name: value`, `"name": "value"`, headers.
fn pairs(text: &str, secrets: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| matches!(byte, b'=' | b':')).map(|at| from + at)
    {
        from = at + 1;
        let colon = bytes[at] == b':';
        // `::` is a cast, `://` a URL, `:=` an assignment whose `=` is looked at next.
        if colon && matches!(bytes.get(at + 1), Some(b':' | b'/' | b'='))
            || colon && at > 0 && bytes[at - 1] == b':'
        {
            continue;
        }
        let name = name_before(text, at);
        if name.is_empty() {
            continue;
        }
        let header = colon && is_secret_header(name);
        if !header && !is_secret_name(name) {
            continue;
        }
        let value = value_after(text, at + 1, header);
        let shown = &text[value.clone()];
        let counted =
            shown.len() <= 6 && shown.bytes().all(|byte| byte.is_ascii_digit()) && !contains(name, "pass");
        if shown.is_empty() || is_reference(shown) || counted {
            continue;
        }
        from = from.max(value.end);
        secrets.push(value);
    }
}

/// The name that ends before the separator at `at`; blanks and a closing quote may stand between.
fn name_before(text: &str, at: usize) -> &str {
    let before = text[..at].trim_end_matches([' ', '\t']);
    let before = before.strip_suffix(['"', '\'', '`', ']']).unwrap_or(before);
    let before = before.strip_suffix('\\').unwrap_or(before);
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    let start = before
        .rfind(|letter| !is_name(letter))
        .map_or(0, |last| last + before[last..].chars().next().map_or(1, char::len_utf8));
    &before[start..]
}

/// Where the value after a separator stands. A header's reaches to the end of the line or of the quotes
/// around it, without the scheme in front.
fn value_after(text: &str, from: usize, header: bool) -> Range<usize> {
    let rest = &text[from..];
    let start = from + (rest.len() - rest.trim_start_matches([' ', '\t', '=']).len());
    let rest = &text[start..];
    let escaped = rest.starts_with("\\\"");
    let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\'' | '`'));
    let (start, end) = if escaped {
        (start + 2, rest[2..].find("\\\"").map_or(text.len(), |length| start + 2 + length))
    } else if let Some(quote) = quote {
        (start + 1, closing(text, start + 1, quote))
    } else if header {
        (start, rest.find(['\n', '\r', '"', '\'', '`']).map_or(text.len(), |length| start + length))
    } else {
        let ends = |letter: char| letter.is_whitespace() || "&;,'\"`)}]|<>".contains(letter);
        (start, rest.find(ends).map_or(text.len(), |length| start + length))
    };
    let start = start + scheme(&text[start..end]);
    start..end
}

/// The end of a quoted text: doubled quotes and backslashes do not end it.
fn closing(text: &str, from: usize, quote: char) -> usize {
    let mut letters = text[from..].char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            letters.next();
        } else if letter == quote {
            if letters.peek().is_some_and(|(_, next)| *next == quote) {
                letters.next();
            } else {
                return from + at;
            }
        }
    }
    text.len()
}

/// The length of an authorization scheme and the blank after it.
fn scheme(value: &str) -> usize {
    const SCHEMES: [&str; 8] =
        ["bearer", "basic", "token", "digest", "apikey", "api-key", "negotiate", "key"];
    match value.split_once(' ') {
        Some((word, _)) if SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme)) => word.len() + 1,
        _ => 0,
    }
}

/// Secrets that a word announces: `PASSWORD '…'`, `IDENTIFIED BY '…'`, `Bearer …`, `-u user:…` in a line.
fn phrases(text: &str, secrets: &mut Vec<Range<usize>>) {
    let mut before = "";
    for (start, word) in words(text) {
        let end = start + word.len();
        let after = &text[end..];
        let blank = after.len() - after.trim_start_matches([' ', '\t', '\n', '\r']).len();
        if blank == 0 {
            before = word;
            continue;
        }
        let value = end + blank;
        let one_of = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
        let by = word.eq_ignore_ascii_case("by") && before.eq_ignore_ascii_case("identified");
        if by || one_of(&["password", "secret", "credentials", "secret_access_key", "session_token"]) {
            secrets.extend(quoted(text, value));
        } else if one_of(&["bearer"]) {
            let token =
                &text[value..value + run(&text[value..], |byte| is_token(byte) || b".+/=~".contains(&byte))];
            if token.len() >= 12 {
                secrets.push(value..value + token.len());
            }
        } else if matches!(word, "-u" | "--user") && text[..start].ends_with([' ', '\t']) {
            let ends = |letter: char| letter.is_whitespace() || "'\"`;|&".contains(letter);
            let open = usize::from(text[value..].starts_with(['\'', '"']));
            let value = value + open;
            let length = text[value..].find(ends).unwrap_or(text.len() - value);
            if let Some(clean) = login(&text[value..value + length]) {
                secrets.push(value + clean.len() - MARK.len()..value + length);
            }
        }
        before = word;
    }
}

/// The content of a string literal of SQL at `from`: `'…'`, `E'…'`, `$tag$…$tag$`.
fn quoted(text: &str, from: usize) -> Option<Range<usize>> {
    let rest = &text[from..];
    let prefix = usize::from(rest.starts_with(['E', 'e', 'N', 'n']) && rest[1..].starts_with('\''));
    let open = from + prefix;
    match text[open..].chars().next()? {
        quote @ ('\'' | '"') => Some(open + 1..closing(text, open + 1, quote)),
        '$' => {
            let tag = open + 1 + text[open + 1..].find('$')? + 1;
            let end = text[tag..].find(&text[open..tag]).map_or(text.len(), |length| tag + length);
            Some(tag..end)
        }
        _ => None,
    }
}

/// Words of name characters, with where they start.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text[from..].bytes().position(is_token)?;
        let length = run(&text[start..], is_token);
        from = start + length;
        Some((start, &text[start..from]))
    })
}

/// The length of the run of such bytes at the start; they are ASCII, so it ends between characters.
fn run(text: &str, wanted: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|&byte| byte.is_ascii() && wanted(byte)).count()
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Prefixes by which issuers mark their secrets, with the least length of the whole.
const PREFIXES: [(&str, usize); 38] = [
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("rk_live_", 16),
    ("rk_test_", 16),
    ("whsec_", 20),
    ("sk-ant-", 20),
    ("sk-proj-", 20),
    ("sk-or-", 20),
    ("sk-", 24),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("gldt-", 16),
    ("glrt-", 16),
    ("xoxb-", 16),
    ("xoxp-", 16),
    ("xoxa-", 16),
    ("xoxr-", 16),
    ("xoxs-", 16),
    ("xoxe-", 16),
    ("xapp-", 16),
    ("AIza", 35),
    ("npm_", 30),
    ("pypi-", 30),
    ("dop_v1_", 20),
    ("doo_v1_", 20),
    ("hf_", 30),
    ("shpat_", 20),
    ("shpss_", 20),
    ("dckr_pat_", 16),
    ("lin_api_", 20),
    ("sntrys_", 20),
    ("AGE-SECRET-KEY-", 30),
    ("nvapi-", 20),
];

/// Tokens that are secrets by their own shape.
fn tokens(text: &str, secrets: &mut Vec<Range<usize>>) {
    for (start, word) in words(text) {
        let end = start + word.len();
        let amazon = word.len() == 20
            && (word.starts_with("AKIA") || word.starts_with("ASIA"))
            && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if amazon || PREFIXES.iter().any(|(prefix, least)| word.len() >= *least && word.starts_with(prefix)) {
            secrets.push(start..end);
        } else if word.len() >= 16 && (word.starts_with("eyJ") || word.starts_with("ya29")) {
            secrets.push(start..end + run(&text[end..], |byte| is_token(byte) || byte == b'.'));
        } else if word.starts_with("SG") && text[end..].starts_with('.') {
            let whole = word.len() + run(&text[end..], |byte| is_token(byte) || byte == b'.');
            if whole >= 40 {
                secrets.push(start..start + whole);
            }
        }
    }
    amazon_secrets(text, secrets);
}

/// Forty characters of base64 with capitals, small letters and digits: an AWS secret access key.
fn amazon_secrets(text: &str, secrets: &mut Vec<Range<usize>>) {
    let wanted = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut from = 0;
    while let Some(start) = text[from..].bytes().position(wanted).map(|at| from + at) {
        let length = run(&text[start..], wanted);
        from = start + length;
        let word = &text[start..from];
        let many = |kind: fn(&u8) -> bool| word.bytes().filter(kind).count() >= 3;
        let apart = !text[..start].ends_with(['.', '-', '_']) && !text[from..].starts_with(['.', '-', '_']);
        let mixed = many(u8::is_ascii_uppercase) && many(u8::is_ascii_lowercase) && many(u8::is_ascii_digit);
        if length == 40 && apart && mixed && !word.starts_with('/') {
            secrets.push(start..from);
        }
    }
}

/// Private keys in PEM form, to their end line or the end of the text.
fn pem(text: &str, secrets: &mut Vec<Range<usize>>) {
    for (at, _) in text.match_indices("PRIVATE KEY-----") {
        let start = at + "PRIVATE KEY-----".len();
        let line = text[..at].rfind("-----").unwrap_or(at);
        if text[line..at].starts_with("-----BEGIN") {
            let end = text[start..].find("-----END").map_or(text.len(), |length| start + length);
            secrets.push(start..end);
        }
    }
}

fn contains(name: &str, part: &str) -> bool {
    name.to_ascii_lowercase().contains(part)
}

/// Headers whose whole value is a credential.
fn is_secret_header(name: &str) -> bool {
    const HEADERS: [&str; 5] =
        ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-amz-security-token"];
    HEADERS.iter().any(|header| name.eq_ignore_ascii_case(header))
        || name.contains('-') && is_secret_name(name)
}

/// True for the name of something whose value is a secret: an option, variable, header, field.
fn is_secret_name(name: &str) -> bool {
    const PARTS: [&str; 14] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "apikey",
        "api_key",
        "api-key",
        "access_key",
        "access-key",
        "private_key",
        "private-key",
        "pgpass",
        "signature",
    ];
    // What is about a secret, or only counts or names it.
    const ABOUT: [&str; 18] = [
        "id", "name", "file", "path", "stdin", "arn", "url", "uri", "ttl", "type", "format", "prompt",
        "count", "length", "tokens", "policy", "version", "expires",
    ];
    let lower = name.to_ascii_lowercase();
    let lower = lower.trim_start_matches('-');
    let last = lower.rsplit(['_', '-', '.']).next().unwrap_or(lower);
    let whole = ["pwd", "pass", "auth", "_auth", "credential", "credentials"];
    // PWD and OLDPWD are folders; `Pwd=` in a connection string is not.
    if name == "PWD" || name == "OLDPWD" {
        return false;
    }
    if whole.contains(&lower) || matches!(last, "pwd" | "pass") {
        return true;
    }
    // `nextToken` and its kin are places in a list.
    let about = ABOUT.contains(&last)
        || lower.ends_with("nexttoken")
        || lower.ends_with("pagetoken")
        || name.ends_with("Id")
        || name.ends_with("Name");
    !about && PARTS.iter().any(|part| lower.contains(part))
}

/// `$NAME` and `${NAME}`: the name of a secret, not the secret.
fn is_reference(value: &str) -> bool {
    let Some(name) = value.strip_prefix('$') else { return false };
    let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;
