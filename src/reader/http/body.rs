//! Bodies as curl composes them from its data options.
//!
//! In: the options in order. Out: bytes, form fields, or why they cannot be known. It refuses to
//! know what a server makes of them.
//!
//! | option | becomes |
//! |---|---|
//! | `-d a -d b` | `a&b` |
//! | `-d @file` | the file without CR, LF and NUL |
//! | `--data-binary @file` | the file |
//! | `--data-raw @x` | `@x` |
//! | `--data-urlencode c`, `=c`, `n=c`, `@f`, `n@f` | percent-encoded after the name, space as `+` |
//! | `--json a --json b` | `ab` |
//! | `-F n=v`, `n=@file`, `n=<file`, `--form-string n=v` | one field of a multipart form |
//! | `@-`, `<-` | standard input, where the door can look at it |

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::invocation::{Piece, Stdin, Word};
use crate::language::json::HOLE;
use crate::reader::Call;

/// Content above this is not judged: 8 MiB.
pub const BOUND: u64 = 8 << 20;

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    None,
    Bytes(Vec<u8>),
    /// The fields of a multipart form.
    Form(Vec<(String, Vec<u8>)>),
    /// Not known; why.
    Unread(String),
}

impl Body {
    /// The text, where there is one.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Self::None | Self::Form(_) | Self::Unread(_) => None,
        }
    }
}

/// A word's bytes with a hole for every unknown piece.
#[must_use]
pub fn lower(word: &Word) -> Vec<u8> {
    match word {
        Word::Literal(text) => text.as_bytes().to_vec(),
        Word::Dynamic(pieces) => {
            let mut out = Vec::new();
            for piece in pieces {
                match piece {
                    Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                    Piece::Unknown(_) => out.extend_from_slice(HOLE.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
            out
        }
    }
}

/// The same as text, lossily.
#[must_use]
pub fn lower_text(word: &Word) -> String {
    String::from_utf8_lossy(&lower(word)).into_owned()
}

/// The content that `@name` stands for; `-` is standard input.
///
/// # Errors
/// Says why it cannot be known.
pub fn source(name: &[u8], call: &Call) -> Result<Vec<u8>, String> {
    if name == b"-" {
        return match call.stdin() {
            Stdin::Bytes(bytes) if bytes.len() as u64 <= BOUND => Ok(bytes),
            Stdin::Bytes(_) => Err("standard input is too large".to_owned()),
            Stdin::Empty => Ok(Vec::new()),
            Stdin::Inherited => Err("standard input cannot be read ahead".to_owned()),
            Stdin::Unknown(from) => Err(format!("standard input comes from {from}")),
        };
    }
    let shown = String::from_utf8_lossy(name).into_owned();
    if shown.contains(HOLE) {
        return Err("a file whose name is not known".to_owned());
    }
    let path = call.path(OsStr::from_bytes(name));
    call.read(&path, BOUND).map_err(|why| format!("{shown} {why}"))
}

/// The data options of one segment.
#[derive(Debug, Default)]
pub struct Data {
    /// Some data option was given, empty or not.
    pub given: bool,
    pub json: bool,
    bytes: Vec<u8>,
    fields: Option<Vec<(String, Vec<u8>)>>,
    unread: Option<String>,
}

impl Data {
    /// True when a form option was given.
    #[must_use]
    pub const fn is_form(&self) -> bool {
        self.fields.is_some()
    }

    /// Takes one data option.
    pub fn add(&mut self, role: &str, value: &[u8], call: &Call) {
        let piece = match role {
            "data-raw" => Ok(value.to_vec()),
            "data-urlencode" => encoded(value, call),
            "data-file" => source(value, call),
            _ => match value.strip_prefix(b"@") {
                Some(name) => source(name, call).map(|mut content| {
                    if role == "data" {
                        content.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
                    }
                    content
                }),
                None => Ok(value.to_vec()),
            },
        };
        if self.given && role != "json" {
            self.bytes.push(b'&');
        }
        self.given = true;
        self.json |= role == "json";
        match piece {
            Ok(piece) => self.bytes.extend(piece),
            Err(why) => self.unread = Some(why),
        }
    }

    /// Takes one form option; `literal` is `--form-string`.
    pub fn add_field(&mut self, value: &[u8], literal: bool, call: &Call) {
        let at = value.iter().position(|&byte| byte == b'=').unwrap_or(value.len());
        let name = String::from_utf8_lossy(&value[..at]).into_owned();
        let content = value.get(at + 1..).unwrap_or_default();
        let before_type = content.split(|&byte| byte == b';').next().unwrap_or_default();
        let content = match content.first() {
            _ if literal => Ok(content.to_vec()),
            Some(b'@' | b'<') => source(trim_quotes(&before_type[1..]), call),
            _ if content.windows(6).any(|six| six == b";type=") => Ok(before_type.to_vec()),
            _ => Ok(trim_quotes(content).to_vec()),
        };
        // An unreadable file of a form is an upload like any other: only fields that carry a
        // request matter, and the judge asks for those by name.
        let hole = HOLE.to_string().into_bytes();
        self.fields.get_or_insert_default().push((name, content.unwrap_or(hole)));
    }

    /// What is sent in the end.
    pub fn body(self) -> Body {
        match (self.unread, self.fields) {
            (Some(why), _) => Body::Unread(why),
            (None, Some(fields)) => Body::Form(fields),
            (None, None) if self.given => Body::Bytes(self.bytes),
            (None, None) => Body::None,
        }
    }
}

fn trim_quotes(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text)
}

/// `--data-urlencode` and `--url-query`.
///
/// # Errors
/// Says why a file cannot be read.
pub fn encoded(value: &[u8], call: &Call) -> Result<Vec<u8>, String> {
    let at = value.iter().position(|byte| matches!(byte, b'=' | b'@'));
    let (name, content) = match at {
        None => (&b""[..], value.to_vec()),
        Some(at) if value[at] == b'=' => (&value[..at], value[at + 1..].to_vec()),
        Some(at) => (&value[..at], source(&value[at + 1..], call)?),
    };
    let mut out = name.to_vec();
    if !name.is_empty() {
        out.push(b'=');
    }
    for &byte in &content {
        match byte {
            b' ' => out.push(b'+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte),
            _ => out.extend(format!("%{byte:02X}").bytes()),
        }
    }
    Ok(out)
}
