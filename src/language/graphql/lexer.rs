//! GraphQL's lexical tokens (specification of October 2021, section 2.1).
//!
//! In: text. Out: [`Token`]s, or where the text stops being GraphQL. It refuses to know what may
//! stand where.
//!
//! | source | becomes |
//! |---|---|
//! | white space, `,`, `# comment`, a byte order mark | nothing |
//! | `"…"`, `"""…"""` | a [`Token::Text`], escapes resolved |
//! | an unknown piece of a shell word | a [`Token::Hole`] |

use crate::language::json::HOLE;

/// Every name outside strings and comments, as far as the text can be lexed; for documents that
/// cannot be parsed.
#[must_use]
pub fn names(text: &str) -> Vec<String> {
    let mut lexer = Lexer { text, at: 0 };
    let mut names = Vec::new();
    loop {
        match lexer.next() {
            Ok(Some(Token::Name(name))) => names.push(name.to_owned()),
            Ok(Some(_)) => {}
            Ok(None) => return names,
            Err(_) => lexer.skip_letter(),
        }
    }
}

/// One lexical token; white space, commas and comments are none.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    Mark(char),
    Spread,
    Name(&'t str),
    Number(&'t str),
    Text(String),
    Hole,
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn skip_letter(&mut self) {
        let width = self.text[self.at..].chars().next().map_or(1, char::len_utf8);
        self.at = (self.at + width).min(self.text.len());
    }

    fn run(&mut self, belongs: impl Fn(char) -> bool) -> &'t str {
        let rest = &self.text[self.at..];
        let length = rest.find(|letter| !belongs(letter)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn next(&mut self) -> Result<Option<Token<'t>>, String> {
        loop {
            self.run(|letter| matches!(letter, ' ' | '\t' | '\n' | '\r' | ',' | '\u{feff}'));
            if !self.text[self.at..].starts_with('#') {
                break;
            }
            self.run(|letter| letter != '\n' && letter != '\r');
        }
        let rest = &self.text[self.at..];
        let Some(first) = rest.chars().next() else { return Ok(None) };
        Ok(Some(match first {
            '{' | '}' | '(' | ')' | '[' | ']' | ':' | '=' | '!' | '@' | '$' | '|' | '&' => {
                self.at += 1;
                Token::Mark(first)
            }
            '.' if rest.starts_with("...") => {
                self.at += 3;
                Token::Spread
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                Token::Name(self.run(|letter| letter.is_ascii_alphanumeric() || letter == '_'))
            }
            '0'..='9' | '-' => Token::Number(
                self.run(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '+' | '.')),
            ),
            '"' => Token::Text(self.string()?),
            HOLE => {
                self.at += HOLE.len_utf8();
                Token::Hole
            }
            _ => return Err(format!("unexpected '{}' at byte {}", first.escape_debug(), self.at)),
        }))
    }

    fn string(&mut self) -> Result<String, String> {
        let rest = &self.text[self.at..];
        if let Some(body) = rest.strip_prefix("\"\"\"") {
            let mut from = 0;
            while let Some(end) = body[from..].find("\"\"\"").map(|at| at + from) {
                if end > 0 && body.as_bytes()[end - 1] == b'\\' {
                    from = end + 3;
                    continue;
                }
                self.at += end + 6;
                return Ok(body[..end].replace("\\\"\"\"", "\"\"\""));
            }
            return Err("a block string does not end".to_owned());
        }
        let mut out = String::new();
        let mut letters = rest.char_indices().skip(1);
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.at += at + 1;
                    return Ok(out);
                }
                '\n' | '\r' => break,
                '\\' => match letters.next() {
                    Some((from, 'u')) => {
                        let digits = rest.get(from + 1..from + 5).unwrap_or_default();
                        let code = u32::from_str_radix(digits, 16).unwrap_or(0xfffd);
                        out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                        // `\u{76}` is left as text: only what stands inside a string is affected.
                        if digits.len() == 4 && digits.is_ascii() {
                            letters.by_ref().nth(3);
                        }
                    }
                    Some((_, 'n')) => out.push('\n'),
                    Some((_, 't')) => out.push('\t'),
                    Some((_, other)) => out.push(other),
                    None => break,
                },
                other => out.push(other),
            }
        }
        Err("a string does not end".to_owned())
    }
}

/// All tokens of a document.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        tokens.push(token);
    }
    Ok(tokens)
}
