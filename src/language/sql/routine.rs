//! Code inside SQL: `DO` blocks in PL/pgSQL, and text that is put together and then run.
//!
//! | source | action |
//! |---|---|
//! | a SQL statement of a block | as that statement |
//! | `EXECUTE 'constant'`, `EXECUTE 'DROP TABLE ' \|\| x`, `format('DROP TABLE %I', x)` | as the statement, `…` for what is not known |
//! | `EXECUTE variable`, another language, a block that does not parse | unknown |
//!
//! It refuses to follow variables and branches: every statement of a block counts.

use tree_sitter::{Node, Parser};

use super::condition::items;
use super::lex::{Kind, Tokens, text_value};
use super::tree::{child, children, find, folded, text, walk};
use super::{DYNAMIC, Judged, Reader};

impl Reader {
    /// The statements inside a `DO` block.
    pub(super) fn do_block(&mut self, node: Node<'_>, source: &str) -> Vec<Judged> {
        let mut body = None;
        let mut language = String::from("plpgsql");
        walk(node, |at| {
            if at.kind() == "dostmt_opt_item" {
                match child(at, "Sconst") {
                    Some(literal) => body = Some(text_value(text(literal, source))),
                    None => {
                        let name = at.child(1).map(|name| folded(&text_value(text(name, source))));
                        language = name.unwrap_or_default();
                    }
                }
            }
            at.kind() != "dostmt_opt_item"
        });
        match body {
            Some(body) if language == "plpgsql" => self.block(&body),
            Some(body) if language == "sql" => self.nested(&body).unwrap_or_default(),
            _ => self.unread("a DO block in another language", text(node, source).as_bytes()).judged,
        }
    }

    fn block(&mut self, body: &str) -> Vec<Judged> {
        let source = match super::normalise(body.as_bytes(), false) {
            Ok(source) => source,
            Err(why) => return self.unread(why, body.as_bytes()).judged,
        };
        if self.plpgsql.is_none() {
            let mut parser = Parser::new();
            if parser.set_language(&tree_sitter_postgres::LANGUAGE_PLPGSQL.into()).is_ok() {
                self.plpgsql = Some(parser);
            }
        }
        let Some(tree) = self.plpgsql.as_mut().and_then(|parser| parser.parse(source.as_ref(), None)) else {
            return self.unread("the PL/pgSQL grammar did not load", body.as_bytes()).judged;
        };
        let root = tree.root_node();
        let mut judged = if root.has_error() {
            self.unread("a DO block that does not parse", body.as_bytes()).judged
        } else {
            Vec::new()
        };
        let mut pieces = Vec::new();
        walk(root, |at| {
            let parts = if at.kind() == "sql_expression" { Vec::new() } else { children(at) };
            let runs = parts.iter().position(|part| part.kind() == "kw_execute");
            for (index, part) in parts.iter().enumerate().filter(|(_, part)| part.kind() == "sql_expression")
            {
                let built = runs.is_some_and(|runs| index == runs + 1);
                pieces.push((at.kind(), built, text(*part, &source).to_owned()));
            }
            pieces.len() < 20_000
        });
        if pieces.len() >= 20_000 {
            judged.extend(self.unread("a DO block that is too long to read", body.as_bytes()).judged);
        }
        for (parent, built, piece) in pieces {
            judged.extend(self.piece(parent, built, piece.trim()));
            if judged.len() >= super::MOST_LOOKED_AT {
                break;
            }
        }
        judged
    }

    /// One expression or statement of a block.
    fn piece(&mut self, parent: &str, built: bool, piece: &str) -> Vec<Judged> {
        if built {
            return self.built(piece);
        }
        let first = piece.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("").to_lowercase();
        let statement = parent == "stmt_execsql"
            || matches!(
                first.as_str(),
                "select" | "with" | "insert" | "update" | "delete" | "merge" | "values" | "table"
            );
        let code = if statement {
            without_into(piece)
        } else if parent == "stmt_call" {
            format!("CALL {piece}")
        } else if piece.contains('(') {
            format!("SELECT {piece}")
        } else {
            return Vec::new();
        };
        self.nested(&code).unwrap_or_else(|| self.unread("SQL nested too deeply", piece.as_bytes()).judged)
    }

    /// `EXECUTE expression`: what the expression builds.
    fn built(&mut self, expression: &str) -> Vec<Judged> {
        let query = format!("SELECT {expression}");
        let code = self.parse(&query).and_then(|tree| {
            let target = find(tree.root_node(), &["target_el"])?;
            template(target.child(0)?, &query)
        });
        match code.and_then(|code| self.nested(&code)) {
            Some(judged) => judged,
            None => self.unread("SQL that is built while it runs", expression.as_bytes()).judged,
        }
    }
}

/// `SELECT a INTO b FROM …` in PL/pgSQL assigns a variable: the clause goes, the rest stays.
fn without_into(statement: &str) -> String {
    let tokens: Vec<_> = Tokens::new(statement.as_bytes(), false).collect();
    let mut out = String::with_capacity(statement.len());
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        let before = index.checked_sub(1).and_then(|before| tokens.get(before));
        let clause =
            token.is("into") && token.depth == 0 && !before.is_some_and(|b| b.is("insert") || b.is("merge"));
        if clause {
            index += 1;
            if tokens.get(index).is_some_and(|token| token.is("strict")) {
                index += 1;
            }
            index = behind_targets(&tokens, index);
            continue;
        }
        let glued = before.is_some_and(|before| {
            before.bytes.as_ptr() as usize + before.bytes.len() == token.bytes.as_ptr() as usize
        });
        if !glued {
            out.push(' ');
        }
        out.push_str(&String::from_utf8_lossy(token.bytes));
        index += 1;
    }
    out
}

/// Behind `a, b.c, d`.
fn behind_targets(tokens: &[super::lex::Token<'_>], mut index: usize) -> usize {
    loop {
        index += 1;
        match tokens.get(index) {
            Some(token) if token.kind == Kind::Mark && matches!(token.bytes, b"," | b".") => index += 1,
            _ => return index,
        }
    }
}

/// The text that an expression builds, with [`DYNAMIC`] for what only the run knows. `None` if nothing of it
/// is constant.
pub fn template(expression: Node<'_>, source: &str) -> Option<String> {
    let mut out = String::new();
    let mut constant = false;
    append(expression, source, &mut out, &mut constant, 0);
    constant.then_some(out)
}

fn append(node: Node<'_>, source: &str, out: &mut String, constant: &mut bool, depth: u32) {
    let parts = children(node);
    match (node.kind(), parts.as_slice()) {
        _ if depth > 300 => out.push_str(DYNAMIC),
        ("Sconst", _) => {
            let value = text_value(text(node, source));
            *constant |= value.chars().any(char::is_alphabetic);
            out.push_str(&value);
        }
        ("AexprConst", [literal]) if literal.kind() == "Sconst" => {
            append(*literal, source, out, constant, depth + 1)
        }
        ("func_application", [name, ..]) => {
            call(node, &folded(text(*name, source)), source, (out, constant), depth)
        }
        (_, [left, operator, right]) if text(*operator, source) == "||" => {
            append(*left, source, out, constant, depth + 1);
            append(*right, source, out, constant, depth + 1);
        }
        (_, [open, inner, _]) if open.kind() == "(" => append(*inner, source, out, constant, depth + 1),
        (_, [value, cast, _]) if cast.kind() == "::" => append(*value, source, out, constant, depth + 1),
        ("a_expr" | "a_expr_prec" | "c_expr" | "func_expr" | "func_arg_expr" | "target_el", [inner]) => {
            append(*inner, source, out, constant, depth + 1);
        }
        _ => out.push_str(DYNAMIC),
    }
}

fn call(node: Node<'_>, name: &str, source: &str, (out, constant): (&mut String, &mut bool), depth: u32) {
    let arguments = find(node, &["func_arg_list"]).map(items).unwrap_or_default();
    let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
    match (name, arguments.first()) {
        ("format", Some(first)) => {
            let mut pattern = String::new();
            append(*first, source, &mut pattern, constant, depth + 1);
            fill(&pattern, out);
        }
        ("concat", _) => arguments.iter().for_each(|part| append(*part, source, out, constant, depth + 1)),
        ("string_agg", Some(first)) => append(*first, source, out, constant, depth + 1),
        ("quote_literal" | "quote_nullable", _) => {
            out.push('\'');
            out.push_str(DYNAMIC);
            out.push('\'');
        }
        _ => out.push_str(DYNAMIC),
    }
}

/// `format`'s pattern with every argument unknown.
fn fill(pattern: &str, out: &mut String) {
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let kind = after.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '$' | '-' | '*'));
        match kind.chars().next() {
            Some('%') => out.push('%'),
            Some('L') => {
                out.push('\'');
                out.push_str(DYNAMIC);
                out.push('\'');
            }
            _ => out.push_str(DYNAMIC),
        }
        let mut characters = kind.chars();
        characters.next();
        rest = characters.as_str();
    }
    out.push_str(rest);
}
