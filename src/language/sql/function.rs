//! Calls of functions and procedures that do more than compute, and settings.
//!
//! | source | action |
//! |---|---|
//! | a function of the table | its row; where its arguments are SQL, as that SQL |
//! | another function named `drop_…`, `delete_…` | part |
//! | `CALL` | part: its code is not seen |
//! | `SET`, `set_config` of a setting of the table | its row |

use tree_sitter::Node;

use super::condition::items;
use super::lex::text_value;
use super::tree::{child, find, folded, text};
use super::{Judged, Reader, routine, shorten, table};
use crate::action::{Action, Effect, Impact};

impl Reader {
    /// A call of a function that does more than compute.
    pub(super) fn function(&mut self, node: Node<'_>, source: &str) -> Vec<Judged> {
        let Some(name) = child(node, "func_name").map(|name| folded(text(name, source))) else {
            return Vec::new();
        };
        let name = name.strip_prefix("pg_catalog.").unwrap_or(&name);
        if name == "set_config" {
            return self.set_config(node, source);
        }
        let Some(function) = table::function(name) else { return self.function_by_verb(name, node, source) };
        let action = Action::new(function.effect, function.impact, self.rule(function.rule), function.verb)
            .object(name)
            .undo(function.undo)
            .text(shorten(text(node, source).as_bytes()));
        let base = Judged { action, whole: function.whole, relation: String::new() };
        if !function.sql {
            return vec![base];
        }
        self.sql_arguments(node, source).unwrap_or_else(|| vec![base])
    }

    /// The actions of those text arguments that are SQL; `None` if no argument can be read as SQL.
    fn sql_arguments(&mut self, node: Node<'_>, source: &str) -> Option<Vec<Judged>> {
        let mut found = None;
        for argument in find(node, &["func_arg_list"]).map(items).unwrap_or_default() {
            let Some(code) = find(argument, &["a_expr"]).and_then(|value| routine::template(value, source))
            else {
                continue;
            };
            if let Some(actions) = self.nested(&code)
                && !actions.iter().any(|judged| {
                    judged.action.effect == Effect::Unknown && judged.action.impact == Impact::Unread
                })
            {
                found
                    .get_or_insert_with(Vec::new)
                    .extend(actions.into_iter().map(|judged| Judged { whole: true, ..judged }));
            }
        }
        found
    }

    /// A function of the user's own: only its name is known, and a name may say enough.
    fn function_by_verb(&self, name: &str, node: Node<'_>, source: &str) -> Vec<Judged> {
        const VERBS: &[&str] = &["drop_", "delete_", "truncate_", "purge_", "wipe_", "destroy_", "erase_"];
        let last = name.rsplit('.').next().unwrap_or(name);
        if !VERBS.iter().any(|verb| last.starts_with(verb)) {
            return Vec::new();
        }
        let action = Action::new(Effect::Unknown, Impact::Part, self.rule("function-by-name"), "call")
            .object(name)
            .scope("a function whose name says that it destroys")
            .undo("unknown")
            .advice("look at it first: SELECT prosrc FROM pg_proc WHERE proname = '…'")
            .text(shorten(text(node, source).as_bytes()));
        vec![Judged { action, whole: false, relation: String::new() }]
    }

    pub(super) fn call(&self, node: Node<'_>, source: &str) -> Vec<Judged> {
        let name = find(node, &["func_name"]).map_or("", |name| text(name, source));
        table::row("CallStmt", "call")
            .map(|row| self.act(row, name, "", text(node, source)))
            .into_iter()
            .collect()
    }

    fn set_config(&self, node: Node<'_>, source: &str) -> Vec<Judged> {
        let arguments: Vec<String> = find(node, &["func_arg_list"])
            .map(items)
            .unwrap_or_default()
            .into_iter()
            .map(|argument| text_value(text(argument, source)).to_lowercase())
            .collect();
        let (Some(name), Some(value)) = (arguments.first(), arguments.get(1)) else { return Vec::new() };
        self.set(name, value, text(node, source))
    }

    /// `SET name = value`: only the settings of the table matter.
    pub(super) fn setting(&self, node: Node<'_>, source: &str) -> Vec<Judged> {
        let Some(name) = find(node, &["var_name"]) else { return Vec::new() };
        let value = find(node, &["var_list"]).map_or("default", |value| text(value, source));
        self.set(&folded(text(name, source)), &text_value(value).to_lowercase(), text(node, source))
    }

    fn set(&self, name: &str, value: &str, source: &str) -> Vec<Judged> {
        let setting =
            table::SETTINGS.iter().find(|setting| setting.name == name && !setting.harmless.contains(&value));
        setting.map(|setting| self.act(&setting.row, name, "", source)).into_iter().collect()
    }
}
