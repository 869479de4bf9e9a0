//! Compiles `grammars/` into constant tables: parsing them when a shim starts would cost milliseconds.

use std::path::{Path, PathBuf};

#[path = "build/agents.rs"]
mod agents;
#[path = "build/aws.rs"]
mod aws;
#[path = "build/grammars.rs"]
mod grammars;
#[path = "build/languages.rs"]
mod languages;
#[path = "build/providers.rs"]
mod providers;

#[expect(clippy::disallowed_methods, reason = "a build script talks to cargo")]
fn main() {
    println!("cargo::rerun-if-changed=grammars");
    println!("cargo::rerun-if-changed=build");
    if let Err(error) = compile() {
        println!("cargo::error={error}");
        std::process::exit(1);
    }
}

#[expect(clippy::disallowed_methods, reason = "a build script talks to cargo")]
fn compile() -> Result<(), String> {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    write(&out.join("aws_operations.rs"), &aws::compile(Path::new("grammars/aws_operations.toml"))?)?;
    languages::build_sql_table(&out).map_err(|error| error.to_string())?;
    write(&out.join("grammars.rs"), &grammars::compile(Path::new("grammars/tools"))?)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
