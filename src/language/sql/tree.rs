//! Small walks over the grammar's trees. All of them loop instead of recursing, because the grammar nests
//! a list of a thousand items a thousand levels deep.

use tree_sitter::Node;

/// The most objects that one statement names as actions of their own.
pub const MOST_OBJECTS: usize = 20;

/// The source of a node.
pub fn text<'a>(node: Node<'_>, source: &'a str) -> &'a str {
    source.get(node.byte_range()).unwrap_or("")
}

/// Calls `visit` for `node` and everything below it, in source order; `false` skips what is below.
pub fn walk<'t>(node: Node<'t>, mut visit: impl FnMut(Node<'t>) -> bool) {
    let mut cursor = node.walk();
    loop {
        if visit(cursor.node()) && cursor.goto_first_child() {
            continue;
        }
        loop {
            if cursor.node() == node {
                return;
            }
            if cursor.goto_next_sibling() {
                break;
            }
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// The direct children.
pub fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).collect()
}

/// The first direct child of a kind.
pub fn child<'t>(node: Node<'t>, kind: &str) -> Option<Node<'t>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).find(|child| child.kind() == kind)
}

/// The first node of one of the kinds, in source order.
pub fn find<'t>(node: Node<'t>, kinds: &[&str]) -> Option<Node<'t>> {
    let mut found = None;
    walk(node, |at| {
        if found.is_none() && kinds.contains(&at.kind()) {
            found = Some(at);
        }
        found.is_none()
    });
    found
}

/// The statement's own keywords in order, names and expressions left out: `drop table if exists cascade`.
pub fn keywords<'t>(node: Node<'t>) -> Vec<&'t str> {
    const OPAQUE: &[&str] = &[
        "ColId",
        "ColLabel",
        "name",
        "any_name",
        "qualified_name",
        "relation_expr",
        "a_expr",
        "SelectStmt",
        "PreparableStmt",
        "NonReservedWord",
        "alter_table_cmds",
        "Typename",
        "func_name",
        "RoleSpec",
        "RoleId",
        "def_list",
        "definition",
        "OptTableElementList",
        "createfunc_opt_list",
    ];
    let mut words = Vec::new();
    walk(node, |at| {
        if let Some(word) = at.kind().strip_prefix("kw_").filter(|_| words.len() < 40) {
            words.push(word);
        }
        words.len() < 40 && !OPAQUE.contains(&at.kind())
    });
    words
}

/// The objects that a statement names, as written; at most [`MOST_OBJECTS`].
pub fn objects(node: Node<'_>, source: &str) -> Vec<String> {
    const NAMES: &[&str] = &[
        "any_name",
        "qualified_name",
        "name",
        "RoleSpec",
        "RoleId",
        "function_with_argtypes",
        "aggregate_with_argtypes",
        "operator_with_argtypes",
        "Typename",
        "func_name",
    ];
    if let Some(on) = child(node, "kw_on") {
        // DROP TRIGGER name ON table: one object.
        let name = children(node).into_iter().find(|at| at.kind() == "name");
        let table = children(node).into_iter().find(|at| at.start_byte() >= on.end_byte());
        let table = table.filter(|at| matches!(at.kind(), "any_name" | "qualified_name"));
        if let (Some(name), Some(table)) = (name, table) {
            return vec![format!("{} on {}", text(name, source), text(table, source))];
        }
    }
    let mut found: Vec<String> = Vec::new();
    let mut list_end = None;
    walk(node, |at| {
        let within = list_end.is_none_or(|end| at.start_byte() < end);
        if found.len() < MOST_OBJECTS && within && NAMES.contains(&at.kind()) {
            if list_end.is_none() {
                // Only the names of the first list: what follows are columns, options, other roles.
                list_end = Some(end_of_list(at, node));
            }
            found.push(text(at, source).to_owned());
            return false;
        }
        within && !matches!(at.kind(), "a_expr" | "SelectStmt" | "opt_with_clause")
    });
    found
}

/// Where the list that holds `name` ends: the widest `…_list` above it inside `statement`.
fn end_of_list(name: Node<'_>, statement: Node<'_>) -> usize {
    let mut end = name.end_byte();
    // `parent` walks from the root; the way from the statement down is short, so go down instead.
    let mut at = statement;
    loop {
        let next = children(at)
            .into_iter()
            .find(|c| c.start_byte() <= name.start_byte() && c.end_byte() >= name.end_byte());
        match next {
            Some(next) if next.kind().ends_with("_list") => return next.end_byte().max(end),
            Some(next) if next != name && next.child_count() > 0 => at = next,
            _ => {
                end = end.max(name.end_byte());
                return end;
            }
        }
    }
}

/// A name as PostgreSQL folds it: lower case where it is not quoted.
pub fn folded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut quoted = false;
    for character in name.chars() {
        match character {
            '"' => quoted = !quoted,
            _ if quoted => out.push(character),
            _ if character.is_whitespace() => {}
            _ => out.extend(character.to_lowercase()),
        }
    }
    out
}
