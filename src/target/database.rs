//! Database connection words to a target.
