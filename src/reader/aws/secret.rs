//! The line as it may be shown: values that are secrets by their option's name are left out.
//!
//! In: the words and what they were taken for. Out: one line of text. What `term::redact` knows by
//! its look is not repeated here.

use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::argv::Line;
use crate::invocation::Word;
use crate::reader::Call;

const MASK: &str = "***";

/// True for an option whose value is a secret.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let last = name.rsplit('-').next().unwrap_or_default();
    // An abbreviation may end in the middle of the word.
    name.contains("passw")
        || name.contains("master-user-p")
        || name.contains("private-key")
        || matches!(last, "token" | "plaintext" | "credentials")
        || (name.contains("secret") && !matches!(last, "id" | "ids" | "arn" | "arns" | "name" | "secret-id"))
}

/// The line, shortened, without its secrets.
#[must_use]
pub fn shown(words: &[Word], line: &Line, call: &Call) -> String {
    let mut masked = words.to_vec();
    let parameter = line.word(1) == "put-parameter";
    for given in &line.options {
        let is_value = parameter && given.name == "value";
        if !is_value && !is_secret(&given.name) {
            continue;
        }
        if given.attached {
            mask_attached(&mut masked[given.at]);
        } else {
            let values = masked.iter_mut().skip(given.at + 1).take(given.values.len());
            values.for_each(|word| *word = Word::literal(MASK));
        }
    }
    // `configure set aws_secret_access_key VALUE`, `configure set profile.x.aws_session_token VALUE`
    let key = line.word(2);
    let hidden = key.contains("secret") || key.contains("token");
    if line.word(0) == "configure"
        && hidden
        && let Some(word) = line.operands.get(3).and_then(|(at, _)| masked.get_mut(*at))
    {
        *word = Word::literal(MASK);
    }
    let mut invocation = call.invocation.clone();
    invocation.args = masked;
    crate::judge::shown(&invocation)
}

fn mask_attached(word: &mut Word) {
    let visible = word.visible();
    let bytes = visible.as_bytes();
    let end = bytes.iter().position(|&byte| byte == b'=').map_or(bytes.len(), |at| at + 1);
    let mut kept = bytes[..end].to_vec();
    kept.extend_from_slice(MASK.as_bytes());
    *word = Word::Literal(std::ffi::OsString::from_vec(kept));
}
