//! curl's configuration files: `-K file` and `.curlrc`.
//!
//! In: the text of one. Out: option words with their values, in order. It refuses to know what the
//! options mean.
//!
//! | line | becomes |
//! |---|---|
//! | `# comment`, empty | nothing |
//! | `url = "x"`, `url: x`, `url x`, `--url x`, `-d x` | the option and its value |
//! | `-sXDELETE`, `silent` | the option |
//! | `"a\"b\n"` | `\t \n \r \v \\ \"` resolved; the text after the closing quote is dropped |

/// One option of a file: its word, dashes added, and the value, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub option: String,
    pub value: Option<String>,
}

/// Reads a whole file.
#[must_use]
pub fn read(text: &str) -> Vec<Line> {
    text.lines().filter_map(line).collect()
}

fn line(text: &str) -> Option<Line> {
    let text = text.trim_start().trim_end_matches(['\r', '\n']);
    if text.is_empty() || text.starts_with('#') {
        return None;
    }
    let dashed = text.starts_with('-');
    // A dashed name is not ended by `:` or `=`: they may belong to a short option's value.
    let ends = |letter: char| letter.is_whitespace() || (!dashed && matches!(letter, ':' | '='));
    let end = text.find(ends).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = rest.trim_start_matches(|letter: char| {
        letter.is_whitespace() || (!dashed && matches!(letter, ':' | '='))
    });
    let option = if dashed { name.to_owned() } else { format!("--{name}") };
    let value = match rest.strip_prefix('"') {
        Some(quoted) => Some(unquote(quoted)),
        None if rest.is_empty() || rest.starts_with('#') => None,
        None => Some(rest.split_whitespace().next().unwrap_or_default().to_owned()),
    };
    Some(Line { option, value })
}

fn unquote(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' => match letters.next() {
                Some('t') => out.push('\t'),
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('v') => out.push('\u{b}'),
                Some(other) => out.push(other),
                None => break,
            },
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_options() {
        for (text, option, value) in [
            ("request = \"DELETE\"", "--request", Some("DELETE")),
            ("request=DELETE", "--request", Some("DELETE")),
            ("request: DELETE # why", "--request", Some("DELETE")),
            ("  --request DELETE", "--request", Some("DELETE")),
            ("-X DELETE", "-X", Some("DELETE")),
            ("-d \"{\\\"a\\\":1}\" rest", "-d", Some("{\"a\":1}")),
            ("silent", "--silent", None),
            ("-sXDELETE", "-sXDELETE", None),
            ("url \"\"", "--url", Some("")),
        ] {
            let expected = Line { option: option.to_owned(), value: value.map(str::to_owned) };
            assert_eq!(read(text), [expected], "{text}");
        }
        assert!(read("# x\n\n   \n").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_input_panics(text: String) {
            let _ = read(&text);
        }
    }
}
