//! How many rows a condition lets through.
//!
//! | condition | extent |
//! |---|---|
//! | none, `true`, `1=1`, `x=x`, `NOT false`, `… OR true` | all |
//! | the same for every row (no column of the target), `id > 0`, `id IS NOT NULL`, `LIKE '%'`, `id <> 1` | nearly all |
//! | `id = constant`, `id IN (short list)`, and such AND anything | key |
//! | `false`, `1=0` | none |
//! | anything else | part |
//!
//! In: the condition's tree and the target's names. Out: an [`Extent`]. It refuses to know the table:
//! whether a column is a key is read from its name.

use tree_sitter::Node;

use super::DYNAMIC;
use super::column::{Side, column, is_key, literals, mirrored, plain, sure};
use super::lex::text_value;
use super::tree::{children, find, folded, text, walk};

/// How many rows of the table.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    None,
    Key,
    Part,
    Nearly,
    All,
}

/// What the condition is judged against.
pub struct Judge<'a> {
    pub source: &'a str,
    /// Folded names by which the target's columns may be qualified.
    pub targets: Vec<String>,
}

/// The longest list of keys that still counts as naming rows.
const SHORT_LIST: usize = 20;

/// Nesting beyond this is not looked into.
const DEEPEST: u32 = 60;

impl Judge<'_> {
    /// The extent of a whole condition.
    pub fn extent(&self, condition: Node<'_>) -> Extent {
        match self.eval(condition, 0) {
            Extent::Key | Extent::Part if self.says_nothing_of_target(condition) => Extent::Nearly,
            extent => extent,
        }
    }

    /// Every column is qualified by another table: all rows or none.
    fn says_nothing_of_target(&self, condition: Node<'_>) -> bool {
        let mut elsewhere = true;
        walk(condition, |at| {
            if at.kind() == "columnref" {
                let name = folded(text(at, self.source));
                let qualifier = name.rsplit_once('.').map(|(qualifier, _)| qualifier.to_owned());
                elsewhere &= name == DYNAMIC || qualifier.is_some_and(|q| !self.targets.contains(&q));
            }
            elsewhere
        });
        elsewhere
    }

    fn eval(&self, node: Node<'_>, depth: u32) -> Extent {
        if depth > DEEPEST {
            return Extent::Nearly;
        }
        let node = self.core(node);
        let parts = children(node);
        let kinds: Vec<&str> = parts.iter().map(Node::kind).collect();
        match kinds.as_slice() {
            [_, "kw_or", _] => self.any(&flatten(self, node, "kw_or"), depth),
            [_, "kw_and", _] => self.every(&flatten(self, node, "kw_and"), depth),
            ["kw_not", _] => opposite(self.eval(parts[1], depth + 1)),
            [_, "kw_is", ..] | [_, "kw_isnull" | "kw_notnull"] => self.is(&parts, &kinds, depth),
            [_, "kw_in", ..] | [_, "kw_not", "kw_in", ..] => self.within(&parts, &kinds),
            [_, "kw_like" | "kw_ilike", _, ..] => self.like(parts[0], parts[2]),
            [_, "kw_similar", _, _, ..] => self.like(parts[0], parts[3]),
            [_, "kw_between", ..] => self.between(&parts),
            ["kw_exists", _] => self.exists(parts[1], depth),
            [_, _, "select_with_parens"] => self.compare(&parts),
            [_, _, _] if !kinds[1].starts_with("kw_") => self.compare(&parts),
            _ => match self.side(node) {
                Side::Truth(true) => Extent::All,
                Side::Truth(false) | Side::Null => Extent::None,
                Side::Text(word)
                    if matches!(word.to_lowercase().as_str(), "t" | "true" | "1" | "on" | "yes" | "y") =>
                {
                    Extent::All
                }
                Side::Text(_) | Side::Number(_) | Side::Constant => Extent::Nearly,
                Side::Column(_) | Side::Other => self.other(node),
            },
        }
    }

    /// No column at all: the same for every row.
    fn other(&self, node: Node<'_>) -> Extent {
        if find(node, &["columnref"]).is_none() { Extent::Nearly } else { Extent::Part }
    }

    fn any(&self, operands: &[Node<'_>], depth: u32) -> Extent {
        let extents: Vec<Extent> = operands.iter().map(|operand| self.eval(*operand, depth + 1)).collect();
        if operands.len() <= 50 && self.complementary(operands) {
            return Extent::All;
        }
        extents.into_iter().max().unwrap_or(Extent::Part)
    }

    /// `x OR NOT x`, `x IS NULL OR x IS NOT NULL`.
    fn complementary(&self, operands: &[Node<'_>]) -> bool {
        let texts: Vec<String> =
            operands.iter().map(|operand| plain(text(self.core(*operand), self.source))).collect();
        texts.iter().any(|one| {
            texts.iter().any(|other| {
                other
                    .strip_prefix("not")
                    .is_some_and(|rest| rest == one || rest.trim_matches(['(', ')']) == one)
                    || one.strip_suffix("isnull").is_some_and(|x| other.strip_suffix("isnotnull") == Some(x))
            })
        })
    }

    fn every(&self, operands: &[Node<'_>], depth: u32) -> Extent {
        operands.iter().map(|operand| self.eval(*operand, depth + 1)).min().unwrap_or(Extent::Part)
    }

    /// Takes away parentheses and wrappers that stand for one operand, `(SELECT constant)` too.
    fn core<'t>(&self, mut node: Node<'t>) -> Node<'t> {
        loop {
            let inner = match node.kind() {
                "a_expr" | "a_expr_prec" | "b_expr" | "b_expr_prec" | "c_expr" => match node.child_count() {
                    1 => node.child(0),
                    3 if node.child(0).is_some_and(|first| first.kind() == "(") => node.child(1),
                    _ => None,
                },
                "where_clause" | "func_arg_expr" if node.child_count() <= 2 => {
                    node.child(node.child_count().saturating_sub(1))
                }
                "func_expr" if node.child_count() == 1 => node.child(0),
                "select_with_parens" => scalar(node),
                _ => None,
            };
            match inner {
                Some(inner) => node = inner,
                None => return node,
            }
        }
    }

    fn side(&self, node: Node<'_>) -> Side {
        let node = self.core(node);
        let parts = children(node);
        match node.kind() {
            "AexprConst" => self.constant(node, &parts),
            "columnref" => match folded(text(node, self.source)) {
                name if name.contains(DYNAMIC) => Side::Constant,
                name => Side::Column(self.own_column(name)),
            },
            "param" => Side::Constant,
            _ => match parts.as_slice() {
                [value, cast, _] if cast.kind() == "::" => self.side(*value),
                [sign, value] if matches!(sign.kind(), "-" | "+") => match self.side(*value) {
                    Side::Number(number) if sign.kind() == "-" => Side::Number(-number),
                    side => side,
                },
                [cast, _, value, ..] if cast.kind() == "kw_cast" => self.side(*value),
                _ => self.call_side(node),
            },
        }
    }

    /// `t.id` and `id` are one column of the target.
    fn own_column(&self, name: String) -> String {
        match name.rsplit_once('.') {
            Some((qualifier, column)) if self.targets.iter().any(|target| target == qualifier) => {
                column.to_owned()
            }
            _ => name,
        }
    }

    /// `lower(email)` is as good as the column; without any column it is a constant.
    fn call_side(&self, node: Node<'_>) -> Side {
        if find(node, &["columnref", "select_with_parens"]).is_none() {
            return Side::Constant;
        }
        if node.kind() == "func_application" {
            let parts = children(node);
            let name = parts.first().map(|name| folded(text(*name, self.source))).unwrap_or_default();
            let argument = parts.iter().find(|part| part.kind() == "func_arg_list");
            if matches!(name.as_str(), "lower" | "upper" | "trim" | "btrim")
                && let Some(argument) =
                    argument.filter(|list| list.child_count() == 1).and_then(|list| list.child(0))
            {
                return self.side(argument);
            }
        }
        Side::Other
    }

    fn constant(&self, node: Node<'_>, parts: &[Node<'_>]) -> Side {
        let written = text(node, self.source);
        match parts.first().map_or("", |first| first.kind()) {
            "kw_true" => Side::Truth(true),
            "kw_false" => Side::Truth(false),
            "kw_null" => Side::Null,
            "Iconst" | "float_literal" => {
                written.replace('_', "").parse().map_or(Side::Constant, Side::Number)
            }
            _ => match find(node, &["Sconst"]) {
                Some(literal) => Side::Text(text_value(text(literal, self.source))),
                None => Side::Constant,
            },
        }
    }

    fn compare(&self, parts: &[Node<'_>]) -> Extent {
        let (Some(left), Some(operator), Some(right)) = (parts.first(), parts.get(1), parts.get(2)) else {
            return Extent::Part;
        };
        let operator = text(*operator, self.source);
        if operator == "="
            && let Some(extent) = self.any_of(*left, *right)
        {
            return extent;
        }
        if operator.starts_with(['~', '!']) && operator != "!=" {
            return self.matches(operator, *left, *right);
        }
        let (left_side, right_side) = (self.side(*left), self.side(*right));
        match (&left_side, &right_side) {
            (Side::Column(a), Side::Column(b)) if a == b => sure(matches!(operator, "=" | "<=" | ">=")),
            (Side::Column(_), Side::Other) => Extent::Part,
            (Side::Other, Side::Number(number)) if self.never_negative(*left) => match operator {
                ">=" if *number <= 0.0 => Extent::Nearly,
                ">" if *number < 0.0 => Extent::Nearly,
                _ => Extent::Part,
            },
            (Side::Column(name), _) if !matches!(right_side, Side::Column(_)) => {
                column(name, operator, &right_side, text(*right, self.source))
            }
            (_, Side::Column(name)) if !matches!(left_side, Side::Column(_) | Side::Other) => {
                column(name, mirrored(operator), &left_side, text(*left, self.source))
            }
            (Side::Other, _) | (_, Side::Other) | (Side::Column(_), _) | (_, Side::Column(_)) => {
                let whole = parts.iter().all(|part| find(*part, &["columnref"]).is_none());
                if whole || plain(text(*left, self.source)) == plain(text(*right, self.source)) {
                    Extent::Nearly
                } else {
                    Extent::Part
                }
            }
            _ => literals(operator, &left_side, &right_side),
        }
    }

    /// `length(name)` and its kin.
    fn never_negative(&self, node: Node<'_>) -> bool {
        let node = self.core(node);
        let name = node
            .child(0)
            .filter(|_| node.kind() == "func_application")
            .map(|name| folded(text(name, self.source)));
        matches!(
            name.as_deref(),
            Some("length" | "char_length" | "character_length" | "octet_length" | "abs" | "cardinality")
        )
    }

    /// `x = ANY (…)`.
    fn any_of(&self, left: Node<'_>, right: Node<'_>) -> Option<Extent> {
        let right = self.core(right);
        let written = text(right, self.source);
        let word = written.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
        let opened = word.eq_ignore_ascii_case("any") || word.eq_ignore_ascii_case("some");
        if right.kind() != "func_application" || !opened {
            return None;
        }
        let Side::Column(name) = self.side(left) else { return Some(self.other(right)) };
        if let Some(select) = find(right, &["select_with_parens", "select_no_parens"]) {
            return Some(self.subselect(&name, select));
        }
        let few = written.matches(',').count() < SHORT_LIST;
        let constant = find(right, &["columnref"]).is_none() && find(right, &["param"]).is_none();
        Some(if few && constant && is_key(&name) { Extent::Key } else { Extent::Part })
    }

    fn is(&self, parts: &[Node<'_>], kinds: &[&str], depth: u32) -> Extent {
        let subject = parts[0];
        let not = kinds.contains(&"kw_not") || kinds.contains(&"kw_notnull");
        let last = kinds.last().copied().unwrap_or("");
        if kinds.contains(&"kw_distinct") {
            let Some(other) = parts.last() else { return Extent::Part };
            return match (self.side(subject), self.side(*other), not) {
                (Side::Column(a), Side::Column(b), _) if a == b => sure(not),
                (Side::Column(a), Side::Other, _) if !a.is_empty() => Extent::Part,
                (Side::Column(a), side, true) => column(&a, "=", &side, ""),
                (Side::Column(a), side, false) => column(&a, "<>", &side, ""),
                _ => self.other(parts[0]),
            };
        }
        match last {
            "kw_null" | "kw_isnull" | "kw_notnull" => match self.side(subject) {
                Side::Column(name) if not && is_key(&name) => Extent::Nearly,
                Side::Column(_) | Side::Other => Extent::Part,
                Side::Null => sure(!not),
                Side::Constant => Extent::Nearly,
                _ => sure(not),
            },
            "kw_true" if !not => self.eval(subject, depth + 1),
            "kw_false" if not => self.eval(subject, depth + 1),
            "kw_true" | "kw_false" => opposite(self.eval(subject, depth + 1)),
            "kw_unknown" if not => self.eval(subject, depth + 1).max(Extent::Part),
            _ => self.other(subject),
        }
    }

    fn within(&self, parts: &[Node<'_>], kinds: &[&str]) -> Extent {
        let not = kinds.get(1) == Some(&"kw_not");
        let side = self.side(parts[0]);
        if let Some(select) = parts.iter().skip(2).find(|part| part.kind() == "select_with_parens") {
            return match side {
                Side::Column(name) if !not => self.subselect(&name, *select),
                _ => Extent::Part,
            };
        }
        let Some(list) = parts.iter().find(|part| part.kind() == "expr_list") else { return Extent::Part };
        let items = items(*list);
        let sides: Vec<Side> = items.iter().take(SHORT_LIST + 1).map(|item| self.side(*item)).collect();
        let constant = sides.iter().all(|side| !matches!(side, Side::Column(_) | Side::Other));
        match side {
            Side::Column(name) if sides.contains(&Side::Column(name.clone())) => sure(!not),
            Side::Column(name) if constant && is_key(&name) && items.len() <= SHORT_LIST => {
                if not {
                    Extent::Nearly
                } else {
                    Extent::Key
                }
            }
            Side::Column(_) | Side::Other => Extent::Part,
            literal if sides.contains(&literal) => sure(!not),
            _ => Extent::Nearly,
        }
    }

    /// `id IN (SELECT id FROM the same table)` without a condition takes every row.
    fn subselect(&self, column: &str, select: Node<'_>) -> Extent {
        let same = find(select, &["qualified_name"])
            .is_some_and(|name| self.targets.contains(&folded(text(name, self.source))));
        let narrowed = find(select, &["where_clause", "select_limit", "having_clause"]);
        match narrowed {
            None if same && !column.is_empty() => Extent::Nearly,
            Some(condition) if same && condition.kind() == "where_clause" => match self.eval(condition, 1) {
                Extent::All | Extent::Nearly if find(select, &["select_limit"]).is_none() => Extent::Nearly,
                _ => Extent::Part,
            },
            _ => Extent::Part,
        }
    }

    fn like(&self, subject: Node<'_>, pattern: Node<'_>) -> Extent {
        match (self.side(subject), self.side(pattern)) {
            (_, Side::Text(pattern)) if pattern.contains('%') && pattern.bytes().all(|byte| byte == b'%') => {
                Extent::Nearly
            }
            (Side::Column(name), Side::Text(pattern)) if is_key(&name) && !pattern.contains(['%', '_']) => {
                Extent::Key
            }
            (Side::Column(_) | Side::Other, _) => Extent::Part,
            _ => Extent::Nearly,
        }
    }

    /// `~`, `~*`, `!~`, `~~`.
    fn matches(&self, operator: &str, subject: Node<'_>, pattern: Node<'_>) -> Extent {
        match self.side(pattern) {
            Side::Text(text)
                if operator.starts_with("~~") && !text.is_empty() && text.bytes().all(|b| b == b'%') =>
            {
                Extent::Nearly
            }
            Side::Text(text)
                if operator.starts_with('~')
                    && text.bytes().all(|b| b".*^$+?".contains(&b))
                    && text != "^$" =>
            {
                Extent::Nearly
            }
            _ => self.other(subject),
        }
    }

    fn between(&self, parts: &[Node<'_>]) -> Extent {
        let bounds: Vec<Side> = parts
            .iter()
            .skip(2)
            .filter(|part| !part.kind().starts_with("kw_") && !part.kind().starts_with("opt_"))
            .map(|part| self.side(*part))
            .collect();
        let ends = match bounds.as_slice() {
            [low, high] => (column("id", ">=", low, ""), column("", "<=", high, ""), low, high),
            _ => return Extent::Part,
        };
        match (self.side(parts[0]), ends) {
            (Side::Column(_), (_, _, Side::Number(low), Side::Number(high)))
                if *low <= 1.0 && *high >= 1e6 =>
            {
                Extent::Nearly
            }
            (Side::Column(_), (Extent::Nearly, Extent::Nearly, ..)) => Extent::Nearly,
            (Side::Column(_) | Side::Other, _) => Extent::Part,
            _ => Extent::Nearly,
        }
    }

    fn exists(&self, select: Node<'_>, depth: u32) -> Extent {
        match find(select, &["where_clause"]) {
            None => Extent::Nearly,
            Some(condition) => match self.eval(condition, depth + 1) {
                extent @ (Extent::All | Extent::Nearly | Extent::None) => extent,
                Extent::Key | Extent::Part => Extent::Part,
            },
        }
    }
}

const fn opposite(extent: Extent) -> Extent {
    match extent {
        Extent::None => Extent::All,
        Extent::All => Extent::None,
        // Everything but a few.
        Extent::Key => Extent::Nearly,
        Extent::Part | Extent::Nearly => Extent::Part,
    }
}

/// The operands of a chain of one operator.
fn flatten<'t>(judge: &Judge<'_>, node: Node<'t>, operator: &str) -> Vec<Node<'t>> {
    let mut operands = Vec::new();
    let mut waiting = vec![node];
    while let Some(node) = waiting.pop() {
        let node = judge.core(node);
        match (node.child(0), node.child(1), node.child(2)) {
            (Some(left), Some(middle), Some(right))
                if node.child_count() == 3 && middle.kind() == operator =>
            {
                waiting.push(right);
                waiting.push(left);
            }
            _ => operands.push(node),
        }
    }
    operands
}

/// The items of a left-nested list.
pub fn items(list: Node<'_>) -> Vec<Node<'_>> {
    let mut items = Vec::new();
    let mut at = list;
    loop {
        let kind = at.kind();
        let mut next = None;
        for part in children(at) {
            if part.kind() == kind {
                next = Some(part);
            } else if part.is_named() {
                items.push(part);
            }
        }
        // A level holds one item, behind the list of those before it.
        match next {
            Some(part) => at = part,
            None => {
                items.reverse();
                return items;
            }
        }
    }
}

/// The one target of `(SELECT expression)` that reads no table.
fn scalar(select: Node<'_>) -> Option<Node<'_>> {
    if find(select, &["from_clause", "where_clause", "values_clause", "with_clause"]).is_some() {
        return None;
    }
    let target = find(select, &["target_el"])?;
    target.child(0).filter(|first| first.kind() == "a_expr")
}
