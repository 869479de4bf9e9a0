//! The doors through which invocations come in. Each ends in the same judge.

pub mod shim;
