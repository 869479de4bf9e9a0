//! Statements: how commands are put together.
//!
//! In: nodes of the tree-sitter grammar over prepared text. Out: what they leave behind; their
//! commands are added in order. A node of a kind that is not listed makes the reading partial.

use tree_sitter::Node;

use super::redirect::Io;
use super::state::State;
use super::{End, Lowerer, Outcome, STATEMENT_DEPTH};
use crate::invocation::Stdin;

/// The children of a node; a text between them that belongs to none makes the reading partial.
pub(super) fn children<'t>(lowerer: &mut Lowerer<'_>, text: &[u8], node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    let children: Vec<Node<'t>> = node.children(&mut cursor).collect();
    if children.iter().any(|child| child.is_missing() || child.is_error()) {
        lowerer.partial("the script has a syntax error");
    }
    let mut at = node.start_byte();
    for end in
        children.iter().map(|child| (child.start_byte(), child.end_byte())).chain([(node.end_byte(), 0)])
    {
        let gap = text.get(at..end.0).unwrap_or_default();
        if !gap.iter().all(u8::is_ascii_whitespace) {
            lowerer.partial("a piece of the script was not read");
        }
        at = end.1.max(at);
    }
    children
}

/// The source of a node.
pub(super) fn source<'t>(text: &'t [u8], node: Node<'_>) -> &'t [u8] {
    text.get(node.byte_range()).unwrap_or_default()
}

impl Lowerer<'_> {
    /// A whole script.
    pub(super) fn program(&mut self, text: &[u8], root: Node<'_>) -> Outcome {
        let outside = [&text[..root.start_byte()], &text[root.end_byte()..]];
        if outside.iter().any(|part| !part.iter().all(u8::is_ascii_whitespace)) {
            self.partial("a piece of the script was not read");
        }
        let children = children(self, text, root);
        if root.is_error() {
            self.partial("the script has a syntax error");
        }
        self.sequence(text, &children)
    }

    /// Statements one after the other, with the separators between them.
    pub(super) fn sequence(&mut self, text: &[u8], nodes: &[Node<'_>]) -> Outcome {
        let mut all = Outcome::QUIET;
        for (at, node) in nodes.iter().enumerate() {
            if !node.is_named() {
                continue;
            }
            let background = nodes.get(at + 1).is_some_and(|next| next.kind() == "&");
            let outcome = if background {
                self.subshell(|lowerer| lowerer.statement(text, *node, &[]))
            } else {
                self.statement(text, *node, &[])
            };
            all = all.then(outcome);
            if all.ends != End::Runs || self.exhausted() {
                break;
            }
        }
        all
    }

    /// One statement; `extra` are redirections that the grammar hung further out.
    pub(super) fn statement(&mut self, text: &[u8], node: Node<'_>, extra: &[Node<'_>]) -> Outcome {
        if self.exhausted() || self.statement_depth >= STATEMENT_DEPTH {
            self.partial("the script is too large to follow");
            return Outcome::unknown(source(text, node));
        }
        self.statements_left -= 1;
        self.statement_depth += 1;
        let outcome = self.dispatch(text, node, extra);
        self.statement_depth -= 1;
        outcome
    }

    fn dispatch(&mut self, text: &[u8], node: Node<'_>, extra: &[Node<'_>]) -> Outcome {
        match node.kind() {
            "command"
            | "declaration_command"
            | "unset_command"
            | "variable_assignment"
            | "variable_assignments" => self.simple(text, node, extra),
            "redirected_statement" => {
                let (body, redirects) = self.split_redirects(text, node, extra);
                match body {
                    Some(body) => self.statement(text, body, &redirects),
                    None => self.simple(text, node, extra),
                }
            }
            "pipeline" => self.pipeline(text, node, extra),
            "list" => self.list(text, node, extra),
            "negated_command" => {
                let all = children(self, text, node);
                let inner: Vec<_> = all.into_iter().filter(Node::is_named).collect();
                match inner[..] {
                    [inner] => self.statement(text, inner, extra),
                    _ => self.sequence(text, &inner),
                }
            }
            _ if !extra.is_empty() => self.redirected(text, node, extra),
            "compound_statement" if source(text, node).starts_with(b"((") => {
                let inner = source(text, node);
                let inner = inner.get(2..inner.len().saturating_sub(2)).unwrap_or_default();
                if holds_words(inner) {
                    // sh reads `((rm x))` as a subshell in a subshell; bash as a faulty sum.
                    self.partial("an arithmetic expression could not be read");
                    return self.subshell(|lowerer| lowerer.script(inner));
                }
                self.number(inner);
                Outcome::QUIET
            }
            "compound_statement" | "do_group" => {
                let nodes = children(self, text, node);
                self.sequence(text, &nodes)
            }
            "subshell" => {
                let nodes = children(self, text, node);
                self.subshell(|lowerer| lowerer.sequence(text, &nodes))
            }
            "test_command" => {
                self.effects(source(text, node));
                Outcome::QUIET
            }
            "if_statement" => self.branches(text, node),
            "case_statement" => self.cases(text, node),
            "while_statement" => self.repeat(text, node),
            "for_statement" => self.each(text, node),
            "c_style_for_statement" => self.counted(text, node),
            "function_definition" => self.define(text, node),
            _ => {
                self.partial(format!("the script has a piece that could not be read: {}", node.kind()));
                let nodes = children(self, text, node);
                self.sequence(text, &nodes)
            }
        }
    }

    /// The body of a redirected statement and all redirections that belong to it.
    fn split_redirects<'t>(
        &mut self,
        text: &[u8],
        node: Node<'t>,
        extra: &[Node<'t>],
    ) -> (Option<Node<'t>>, Vec<Node<'t>>) {
        let (mut body, mut redirects) = (None, Vec::new());
        for child in children(self, text, node) {
            if child.kind().ends_with("_redirect") {
                redirects.push(child);
            } else if body.is_none() {
                body = Some(child);
            } else {
                self.partial("a redirection could not be read");
            }
        }
        redirects.extend_from_slice(extra);
        (body, redirects)
    }

    /// A compound command with redirections of its own.
    fn redirected(&mut self, text: &[u8], node: Node<'_>, extra: &[Node<'_>]) -> Outcome {
        let mut io = Io::default();
        let mut words = Vec::new();
        for redirect in extra {
            self.redirect(text, *redirect, None, &mut io, &mut words);
        }
        if !words.is_empty() {
            self.partial("words after a compound command");
        }
        if io.writes() {
            self.pseudo(source(text, node), &io);
        }
        let saved = self.state.stdin.clone();
        if let Some(stdin) = io.stdin.clone() {
            self.state.stdin = stdin;
        }
        let outcome = self.statement(text, node, &[]);
        self.state.stdin = saved;
        self.deliver(outcome, &io)
    }

    fn stages<'t>(
        &mut self,
        text: &[u8],
        node: Node<'t>,
        extra: &[Node<'t>],
        out: &mut Vec<(Node<'t>, Vec<Node<'t>>)>,
    ) {
        if node.kind() == "redirected_statement" {
            let (body, redirects) = self.split_redirects(text, node, extra);
            if let Some(body) = body.filter(|body| body.kind() == "pipeline") {
                return self.stages(text, body, &redirects, out);
            }
        }
        if node.kind() != "pipeline" || out.len() > STATEMENT_DEPTH {
            out.push((node, extra.to_vec()));
            return;
        }
        let nodes: Vec<_> = children(self, text, node).into_iter().filter(Node::is_named).collect();
        for (at, child) in nodes.iter().enumerate() {
            let last = at + 1 == nodes.len();
            self.stages(text, *child, if last { extra } else { &[] }, out);
        }
    }

    fn pipeline(&mut self, text: &[u8], node: Node<'_>, extra: &[Node<'_>]) -> Outcome {
        let mut stages = Vec::new();
        self.stages(text, node, extra, &mut stages);
        let mut input = self.state.stdin.clone();
        for (stage, extra) in stages {
            let outcome = self.subshell(|lowerer| {
                lowerer.state.stdin = std::mem::take(&mut input);
                lowerer.statement(text, stage, &extra)
            });
            input = outcome.stdout;
        }
        Outcome { stdout: input, ends: End::Runs }
    }

    /// `a && b || c …`: every part runs, in the state that the parts before it leave when they go well.
    fn list(&mut self, text: &[u8], node: Node<'_>, extra: &[Node<'_>]) -> Outcome {
        let mut parts = Vec::new();
        let mut left = node;
        // The grammar nests to the left, as deep as the line is long.
        while left.kind() == "list" {
            let nodes = children(self, text, left);
            let (Some(first), Some(last)) = (nodes.first().copied(), nodes.last().copied()) else { break };
            let operator = nodes.iter().find(|node| !node.is_named()).map_or("", Node::kind);
            parts.push((operator, last));
            left = first;
        }
        parts.push(("", left));
        parts.reverse();
        let mut run =
            ListRun { all: Outcome::QUIET, failures: Vec::new(), last: left, before: self.state.clone() };
        let count = parts.len();
        for (at, (operator, part)) in parts.into_iter().enumerate() {
            let extra = if at + 1 == count { extra } else { &[] };
            self.list_part(text, operator, (part, extra), &mut run);
        }
        let folder = self.state.folder.clone();
        for failure in run.failures {
            self.state.merge(failure);
        }
        let moved = self.state.folder != folder;
        self.state.folder = folder;
        self.state.folder.sure &= !moved;
        run.all
    }

    fn list_part<'t>(
        &mut self,
        text: &[u8],
        operator: &str,
        (part, extra): (Node<'t>, &[Node<'t>]),
        run: &mut ListRun<'t>,
    ) {
        let went = run.last.kind() == "command" && self.state.folder.path != run.before.folder.path;
        let last_cannot_fail =
            matches!(run.last.kind(), "variable_assignment" | "variable_assignments" | "declaration_command");
        let before = self.state.clone();
        let mut succeeded = before.clone();
        if went {
            succeeded.folder.sure = true;
        }
        match operator {
            "&&" => {
                if !last_cannot_fail {
                    run.failures.push(before.clone());
                }
                self.state = succeeded.clone();
            }
            "||" => {}
            _ => {}
        }
        run.before = self.state.clone();
        run.last = part;
        let outcome = self.statement(text, part, extra);
        let ends = outcome.ends;
        let heard = |outcome: &Outcome| !matches!(outcome.stdout, Stdin::Empty);
        let all = std::mem::replace(&mut run.all, Outcome::QUIET);
        run.all = if operator == "||" && heard(&outcome) && heard(&all) {
            Outcome::unknown(source(text, part))
        } else {
            all.then(outcome)
        };
        match (operator, ends) {
            ("", _) | (_, End::Runs) if operator != "||" => {}
            ("||", End::Runs) => {
                let right = std::mem::replace(&mut self.state, succeeded);
                self.state.merge(right);
            }
            // `cd x || exit`: what follows runs where x is.
            ("||", _) => {
                self.state = succeeded;
                run.failures.clear();
            }
            _ => self.state = before,
        }
        if operator.is_empty() {
            run.all.ends = ends;
        } else {
            run.all.ends = End::Runs;
        }
    }

    fn branches(&mut self, text: &[u8], node: Node<'_>) -> Outcome {
        let mut results: Vec<(State, End)> = Vec::new();
        let (mut condition, mut branch, mut quiet, mut has_else) = (Vec::new(), Vec::new(), true, false);
        let mut in_branch = false;
        for child in children(self, text, node) {
            match child.kind() {
                "then" => in_branch = true,
                "elif_clause" | "else_clause" => {
                    if in_branch {
                        quiet &= self.branch(text, &condition, &branch, &mut results);
                        in_branch = false;
                    }
                    has_else |= child.kind() == "else_clause";
                    let nodes = children(self, text, child);
                    let then = nodes.iter().position(|node| node.kind() == "then");
                    let (condition, branch) = nodes.split_at(then.map_or(0, |at| at + 1));
                    quiet &= self.branch(text, condition, branch, &mut results);
                }
                _ if in_branch => branch.push(child),
                _ => condition.push(child),
            }
        }
        if in_branch {
            quiet &= self.branch(text, &condition, &branch, &mut results);
        }
        let ends = self.join(results, has_else);
        if quiet {
            Outcome { ends, ..Outcome::QUIET }
        } else {
            Outcome { ends, ..Outcome::unknown(source(text, node)) }
        }
    }

    /// A condition in the state of all branches, then a branch of its own; true when it prints nothing.
    fn branch(
        &mut self,
        text: &[u8],
        condition: &[Node<'_>],
        branch: &[Node<'_>],
        results: &mut Vec<(State, End)>,
    ) -> bool {
        let first = self.sequence(text, condition);
        let base = self.state.clone();
        let outcome = self.sequence(text, branch);
        results.push((std::mem::replace(&mut self.state, base), outcome.ends));
        matches!(first.stdout, Stdin::Empty) && matches!(outcome.stdout, Stdin::Empty)
    }

    /// Goes on in the state after any of the branches, or none when `covered` is false.
    fn join(&mut self, results: Vec<(State, End)>, covered: bool) -> End {
        let mut left: Vec<State> = Vec::new();
        let mut ends = End::Shell;
        for (state, end) in results {
            ends = ends.min(end);
            if end == End::Runs {
                left.push(state);
            }
        }
        if !covered {
            left.push(self.state.clone());
            ends = End::Runs;
        }
        let mut states = left.into_iter();
        if let Some(first) = states.next() {
            self.state = first;
            for state in states {
                self.state.merge(state);
            }
        }
        ends
    }

    fn cases(&mut self, text: &[u8], node: Node<'_>) -> Outcome {
        let (mut results, mut quiet, mut covered) = (Vec::new(), true, false);
        for child in children(self, text, node) {
            if child.kind() != "case_item" {
                if child.is_named() {
                    self.effects(source(text, child));
                }
                continue;
            }
            let nodes = children(self, text, child);
            let body = nodes.iter().position(|node| node.kind() == ")").map_or(0, |at| at + 1);
            let (patterns, body) = nodes.split_at(body);
            for pattern in patterns.iter().filter(|node| node.is_named()) {
                covered |= source(text, *pattern) == b"*";
                self.effects(source(text, *pattern));
            }
            quiet &= self.branch(text, &[], body, &mut results);
        }
        let ends = self.join(results, covered);
        if quiet {
            Outcome { ends, ..Outcome::QUIET }
        } else {
            Outcome { ends, ..Outcome::unknown(source(text, node)) }
        }
    }

    fn define(&mut self, text: &[u8], node: Node<'_>) -> Outcome {
        let fields = (node.child_by_field_name("name"), node.child_by_field_name("body"));
        let (Some(name), Some(body)) = fields else {
            self.partial("a function could not be read");
            return Outcome::QUIET;
        };
        children(self, text, node);
        let body = &text[body.start_byte()..node.end_byte()];
        self.state.functions.insert(source(text, name).to_vec(), body.into());
        Outcome::QUIET
    }
}

/// True when two names stand side by side, which no sum has, or a name and what looks like an option
/// or a path (`rm -rf`, `rm /srv`), which nobody writes in one.
fn holds_words(text: &[u8]) -> bool {
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let (mut after_name, mut blank) = (false, false);
    for (at, byte) in text.iter().enumerate() {
        if byte.is_ascii_whitespace() {
            blank = true;
            continue;
        }
        let argument = b"-/~".contains(byte) && text.get(at + 1).is_some_and(u8::is_ascii_alphabetic);
        if (name(byte) || argument) && after_name && blank {
            return true;
        }
        after_name = name(byte);
        blank = false;
    }
    false
}

/// A list while its parts are read.
struct ListRun<'t> {
    all: Outcome,
    /// The states in which a part may have failed.
    failures: Vec<State>,
    last: Node<'t>,
    /// The state before the last part.
    before: State,
}
