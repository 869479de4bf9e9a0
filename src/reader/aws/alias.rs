//! The CLI's aliases: `~/.aws/cli/alias`.
//!
//! | line | becomes |
//! |---|---|
//! | `[toplevel]`, `name = words` | the words in place of the service |
//! | `[command rds]`, `name = words` | the words in place of the operation (version 2) |
//! | `name = !text` | a shell line, the remaining arguments after it |
//! | an indented line | more of the value above |
//!
//! An alias wins over a service of its name, and means that service when it names itself.

use crate::grammar::schema::Grammar;
use crate::invocation::Word;
use crate::reader::{Call, wrapper};
use crate::target::aws::sections;

use super::argv;

/// What stands in place of the argument list.
pub enum Expanded {
    Words(Vec<Word>),
    Shell(Word),
    Unread(String),
}

/// How many aliases may lead to one another.
const DEEPEST: usize = 16;
/// An alias file above this is not read.
const BOUND: u64 = 1 << 20;

/// `args` with every alias replaced.
pub fn expand(args: &[Word], grammar: &'static Grammar, call: &Call) -> Expanded {
    let mut words = args.to_vec();
    let Some(home) = call.env_known("HOME").map(std::path::PathBuf::from).or_else(|| call.context.home())
    else {
        return Expanded::Words(words);
    };
    let bytes = match call.context.read(&home.join(".aws/cli/alias"), BOUND) {
        Ok(bytes) => bytes,
        Err(crate::context::Unreadable::Missing) => return Expanded::Words(words),
        Err(why) => return Expanded::Unread(format!("the alias file {why}")),
    };
    let file = sections(&String::from_utf8_lossy(&bytes));
    let mut used: Vec<String> = Vec::new();
    for _ in 0..DEEPEST {
        let line = argv::split(&words, &grammar.root, grammar.commands);
        let (service, operation) = (line.word(0), line.word(1));
        let below = format!("command {service}");
        let found = [("toplevel", &service, 0), (below.as_str(), &operation, 1)].into_iter().find_map(
            |(section, name, index)| {
                let id = format!("{section} {name}");
                if name.is_empty() || used.contains(&id) {
                    return None;
                }
                let value = file.iter().find(|(title, _)| title == section)?.1.get(name)?;
                Some((id, value.trim().to_owned(), line.operands[index].0))
            },
        );
        let Some((id, value, place)) = found else { return Expanded::Words(words) };
        used.push(id);
        let rest = words.split_off(place + 1);
        words.pop();
        if let Some(text) = value.strip_prefix('!') {
            let mut parts = vec![Word::Literal(text.trim().into())];
            parts.extend(rest.iter().map(quoted));
            return Expanded::Shell(wrapper::join(&parts));
        }
        let Ok(split) = shell_words::split(&value) else {
            return Expanded::Unread(format!("the alias {value} is no list of words"));
        };
        words.extend(split.into_iter().map(|word| Word::Literal(word.into())));
        words.extend(rest);
    }
    Expanded::Unread("aliases lead to aliases without end".to_owned())
}

fn quoted(word: &Word) -> Word {
    match word {
        Word::Literal(text) => Word::Literal(shell_words::quote(&text.to_string_lossy()).into_owned().into()),
        Word::Dynamic(_) => word.clone(),
    }
}
