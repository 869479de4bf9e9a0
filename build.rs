#[path = "build/languages.rs"]
mod languages;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out_dir = std::path::PathBuf::from(std::env::var("OUT_DIR")?);
    languages::build_sql_table(&out_dir)
}
