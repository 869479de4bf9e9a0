//! Environment by name: built-in patterns.
