//! Grammars: what each program's words mean. `schema` is their shape, `registry` finds one,
//! `bind` reads an argument list by it, `glob` matches the patterns in their conditions.

pub mod bind;
pub mod glob;
pub mod registry;
pub mod schema;
