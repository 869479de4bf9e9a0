//! Shell-like patterns in grammar conditions and policy: `*` any run, `?` one character,
//! `[abc]` is not supported; everything else stands for itself.

/// True when the whole of `text` matches `pattern`. Linear in practice, no recursion.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            // A character, not a byte: only its first byte can stand here.
            Some(b'?') if !is_continuation(text[seen]) => {
                at += 1;
                seen += 1;
                while text.get(seen).is_some_and(|&byte| is_continuation(byte)) {
                    seen += 1;
                }
            }
            Some(&byte) if byte == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => match star {
                Some((from, taken)) => {
                    star = Some((from, taken + 1));
                    at = from + 1;
                    seen = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}

/// True for the second and later bytes of a character.
const fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("+*", "+main", true),
            ("+*", "main", false),
            ("*prod*", "app-prod-1", true),
            ("a?c", "abc", true),
            ("a?c", "aüc", true),
            ("??", "ü", false),
            ("*", "", true),
            ("", "x", false),
            ("*.prod.example.com", "db.prod.example.com", true),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXbXb", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
