//! Transfers that are not HTTP: FTP and its kin, mail, raw sockets, local files.
//!
//! In: a request whose scheme is another. Out: its actions.
//!
//! | scheme | becomes |
//! |---|---|
//! | any, `-Q` or `-X` with DELE, RMD, rm, rmdir, EXPUNGE, STORE … Deleted | part of what is there |
//! | any, `-Q rename` | a change |
//! | `gopher`, `telnet`, `dict` | raw bytes to a server: a destructive word counts, else unread |
//! | `file` with `-T` | a local file is written |
//! | uploads, mail, MQTT | a change |
//! | downloads, listings | a read |

use crate::action::{Action, Effect, Impact};
use crate::reader::http::body::Body;
use crate::reader::http::request::Request;
use crate::reader::http::url::decode;

/// The actions of a transfer; `program` leads the rule ids.
#[must_use]
pub fn judge(request: &Request, program: &str) -> Vec<Action> {
    let mut actions: Vec<Action> = Vec::new();
    let custom = request.custom.then_some(request.method.as_str());
    for command in request.quotes.iter().map(String::as_str).chain(custom) {
        actions.extend(server_command(command, program));
    }
    let writes = request.upload || !matches!(request.body, Body::None);
    actions.push(match request.url.scheme.as_str() {
        "gopher" | "gophers" | "telnet" | "dict" => raw(request, program),
        _ if writes => {
            let object = if request.url.scheme == "file" { request.url.path.clone() } else { String::new() };
            Action::new(Effect::Write, Impact::Change, format!("{program}.upload"), "upload").object(object)
        }
        "smtp" | "smtps" => {
            Action::new(Effect::Write, Impact::Change, format!("{program}.mail"), "send mail")
        }
        _ => Action::new(Effect::Read, Impact::Nothing, format!("{program}.download"), "download"),
    });
    actions
}

fn server_command(command: &str, program: &str) -> Option<Action> {
    let command = command.trim_start_matches(['-', '+', '*']).trim();
    let lower = command.to_ascii_lowercase();
    let mut words = lower.split_whitespace();
    let first = words.next()?;
    let deletes =
        matches!(first, "dele" | "rmd" | "xrmd" | "rm" | "rmdir" | "delete" | "expunge" | "truncate")
            || (first == "site"
                && words.any(|word| matches!(word, "rmdir" | "rm" | "dele" | "rmtree" | "rmda")))
            || (lower.contains("store") && lower.contains("deleted"));
    if deletes {
        return Some(
            Action::new(Effect::Destroy, Impact::Part, format!("{program}.server-delete"), first.to_owned())
                .object(command)
                .undo("none"),
        );
    }
    matches!(first, "rename" | "rnfr" | "rnto" | "chmod" | "chown").then(|| {
        Action::new(Effect::Write, Impact::Change, format!("{program}.server-change"), first.to_owned())
            .object(command)
    })
}

/// Bytes that a server takes for its own commands.
fn raw(request: &Request, program: &str) -> Action {
    const GONE: &[&str] =
        &["flushall", "flushdb", "del", "unlink", "shutdown", "delete_all", "flush_all", "delete", "drop"];
    let text = decode(&request.url.path).to_ascii_lowercase();
    let rule = format!("{program}.raw");
    // dict's own commands look words up and can do nothing else.
    let dict = request.url.scheme == "dict";
    if dict
        && ["/d:", "/m:", "/show", "/define:", "/match:", "/find:", "/lookup:"]
            .iter()
            .any(|word| text.starts_with(word))
    {
        return Action::new(Effect::Read, Impact::Nothing, rule, "look up");
    }
    // The first letter of a gopher path is the kind of item and is not sent.
    let gone = |text: &str| {
        text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .any(|word| GONE.contains(&word))
    };
    if gone(&text) || text.get(2..).is_some_and(gone) {
        return Action::new(Effect::Destroy, Impact::Database, rule, "raw command").undo("none");
    }
    Action::unread(rule, "bytes that are sent as they are")
}
