//! Environment by name: built-in patterns.

use crate::target::Environment;

/// The environment that a name's words speak of, and how it is known.
#[must_use]
pub fn environment_of(text: &str) -> Option<(Environment, String)> {
    let words = crate::reader::verb::words(text);
    let word = |list: &[&str]| words.iter().find(|word| list.contains(&word.as_str())).cloned();
    if let Some(word) = word(&["prod", "production", "live", "prd"]) {
        return Some((Environment::Production, format!("'{word}' in {text}")));
    }
    word(&["staging", "stage", "stg"]).map(|word| (Environment::Staging, format!("'{word}' in {text}")))
}
