//! JSON values as an API server would see them.
//!
//! In: bytes. Out: a [`Json`] whose escapes are resolved and whose duplicate keys are all kept, or
//! an error when the text is broken or nested deeper than 128. It refuses to know what the values
//! mean. serde_json does the lexing: `\u0076olumeDelete` must come out as `volumeDelete`, which a
//! concrete syntax tree leaves to its user.
//!
//! | source | becomes |
//! |---|---|
//! | an unknown piece of a shell word inside a string | [`HOLE`] in the text |
//! | the same outside a string (`{"n": $N}`) | [`Json::Unknown`] |
//! | a key given twice | both entries, in order |

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Stands for a piece of text that only running the line would tell.
pub const HOLE: char = '\u{fffc}';

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    /// As written, near enough: nothing computes with it.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
    /// Not known before the line runs.
    Unknown,
}

impl Json {
    /// Reads one whole value.
    ///
    /// # Errors
    /// Broken text, text after the value, nesting deeper than 128.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match serde_json::from_slice(bytes) {
            Ok(value) => Ok(value),
            Err(error) => {
                let text = String::from_utf8_lossy(bytes);
                if !text.contains(HOLE) {
                    return Err(error.to_string());
                }
                serde_json::from_str(&holes_quoted(&text)).map_err(|error| error.to_string())
            }
        }
    }

    /// The value of a key; of several the last, as most servers read it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(entries) => {
                entries.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// Every value of a key.
    pub fn all<'j>(&'j self, key: &'j str) -> impl Iterator<Item = &'j Self> {
        let entries: &[(String, Self)] = match self {
            Self::Object(entries) => entries,
            _ => &[],
        };
        entries.iter().filter(move |(name, _)| name == key).map(|(_, value)| value)
    }

    /// The text of a string.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A scalar as one would write it; `None` for lists and objects.
    #[must_use]
    pub fn scalar(&self) -> Option<String> {
        Some(match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(text) | Self::Text(text) => text.clone(),
            Self::Unknown => HOLE.to_string(),
            Self::List(_) | Self::Object(_) => return None,
        })
    }

    /// True when part of it is not known before the line runs.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Text(text) => text.contains(HOLE),
            Self::List(items) => items.iter().any(Self::has_unknown),
            Self::Object(entries) => {
                entries.iter().any(|(key, value)| key.contains(HOLE) || value.has_unknown())
            }
            Self::Null | Self::Bool(_) | Self::Number(_) => false,
        }
    }

    /// Calls `visit` with every key and value below, outermost first.
    pub fn walk<'j>(&'j self, visit: &mut impl FnMut(&'j str, &'j Self)) {
        match self {
            Self::List(items) => items.iter().for_each(|item| item.walk(visit)),
            Self::Object(entries) => {
                for (key, value) in entries {
                    visit(key, value);
                    value.walk(visit);
                }
            }
            _ => {}
        }
    }

    /// Every object inside, itself included, outermost first.
    #[must_use]
    pub fn objects(&self) -> Vec<&Self> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(value) = open.pop() {
            match value {
                Self::Object(entries) => {
                    found.push(value);
                    open.extend(entries.iter().rev().map(|(_, value)| value));
                }
                Self::List(items) => open.extend(items.iter().rev()),
                _ => {}
            }
        }
        found
    }
}

/// Puts quotes around holes that stand outside strings, so that what surrounds them can be read.
fn holes_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let (mut inside, mut escaped) = (false, false);
    for letter in text.chars() {
        if letter == HOLE && !inside {
            out.push('"');
            out.push(HOLE);
            out.push('"');
            continue;
        }
        out.push(letter);
        if escaped {
            escaped = false;
        } else if letter == '\\' {
            escaped = inside;
        } else if letter == '"' {
            inside = !inside;
        }
    }
    out
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Build)
    }
}

struct Build;

impl<'de> Visitor<'de> for Build {
    type Value = Json;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        let mut letters = text.chars();
        let whole = letters.next() == Some(HOLE) && letters.next().is_none();
        Ok(if whole { Json::Unknown } else { Json::Text(text.to_owned()) })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(entry) = entries.next_entry::<String, Json>()? {
            object.push(entry);
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved_and_duplicates_kept() {
        let json = Json::parse(br#"{"a":"\u0076x","a":2}"#).expect("valid");
        assert_eq!(json.all("a").next().and_then(Json::text), Some("vx"));
        assert_eq!(json.get("a"), Some(&Json::Number("2".to_owned())));
    }

    #[test]
    fn holes_stand_for_values_and_parts_of_strings() {
        let json = Json::parse("{\"n\": \u{fffc}, \"s\": \"a\u{fffc}\"}".as_bytes()).expect("valid");
        assert_eq!(json.get("n"), Some(&Json::Unknown));
        assert!(json.get("s").is_some_and(Json::has_unknown));
    }

    #[test]
    fn hostile_nesting_is_an_error() {
        assert!(Json::parse(&vec![b'['; 10 << 20]).is_err());
        assert!(Json::parse(&b"{\"a\":".repeat(2 << 20)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_input_panics(bytes: Vec<u8>) {
            let _ = Json::parse(&bytes);
        }
    }
}
