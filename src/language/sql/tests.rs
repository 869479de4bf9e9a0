//! The table is total.

use super::table::{FUNCTIONS, ROWS, rows};

/// Every statement kind of the grammar is claimed by a row.
#[test]
fn every_statement_kind_is_claimed() {
    let types: serde_json::Value = serde_json::from_str(tree_sitter_postgres::NODE_TYPES).unwrap();
    let mut missing = Vec::new();
    for parent in ["stmt", "toplevel_stmt", "schema_stmt"] {
        let entry = types.as_array().unwrap().iter().find(|kind| kind["type"] == parent).unwrap();
        for kind in entry["children"]["types"].as_array().unwrap() {
            let kind = kind["type"].as_str().unwrap();
            if kind != "stmt" && rows(kind).is_empty() {
                missing.push(kind.to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

/// A kind that is read by its rows has one that always matches.
#[test]
fn every_kind_has_a_last_row() {
    for row in ROWS {
        let last = rows(row.node).last().unwrap();
        assert!(last.reader || last.words.is_empty() && last.has.is_empty(), "{}", row.node);
    }
}

/// A node name that the grammar does not have claims nothing.
#[test]
fn every_row_names_a_kind_of_the_grammar() {
    let language: tree_sitter::Language = tree_sitter_postgres::LANGUAGE.into();
    for row in ROWS {
        assert_ne!(language.id_for_node_kind(row.node, true), 0, "{}", row.node);
    }
}

#[test]
fn functions_are_lower_case() {
    for function in FUNCTIONS {
        assert_eq!(function.name, function.name.to_lowercase());
    }
}
