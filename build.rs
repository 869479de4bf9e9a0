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
    let sql = languages::sql(Path::new("grammars/languages/sql.toml")).map_err(|error| error.to_string())?;
    for (name, text) in [
        ("aws_operations.rs", aws::compile(Path::new("grammars/aws_operations.toml"))?),
        ("agents.rs", agents::compile(Path::new("grammars/agents.toml"))?),
        ("grammars.rs", grammars::compile(Path::new("grammars/tools"))?),
        ("providers.rs", providers::compile(Path::new("grammars/providers.toml"))?),
        ("sql_table.rs", sql),
    ] {
        std::fs::write(out.join(name), text).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}
