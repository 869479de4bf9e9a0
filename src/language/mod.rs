//! The languages that an invocation carries: each file reads one of them into actions or
//! invocations. None of them knows which program the text is for.

pub mod base64;
pub mod bash;
pub mod code;
pub mod graphql;
pub mod json;
pub mod psql;
pub mod sql;
