//! The anchors of `rm` in real folders: refused means that nothing is lost, run means the real effect.

use crate::world::{Caller, World, snapshot};

/// A repository with one commit that holds `src/` and a `.gitignore`.
fn project() -> World {
    let world = World::new();
    world.file("src/main.rs", "fn main() {}\n").file("package.json", "{}\n").file("README.md", "hello\n");
    world.file(".gitignore", "node_modules/\ndist/\nbuild/\n.env\n*.sqlite3\n");
    world.git(&["init", "-q"]).git(&["add", "."]).git(&["commit", "-qm", "first"]);
    world
}

#[track_caller]
fn refused(world: &World, line: &str) {
    let before = snapshot(&world.root.join("home"));
    world.line(line, Caller::Agent).refused();
    assert_eq!(snapshot(&world.root.join("home")), before, "{line}: something was lost");
}

#[test]
fn nothing_there_is_nothing_lost() {
    let world = project();
    world.line("rm -f nothing-there && rm -rf neither-this", Caller::Agent).ran();
}

#[test]
fn a_few_files_of_the_project_go() {
    let world = project();
    world.file("a.o", "x").file("notes.txt", "x");
    world.line("rm README.md && rm -f a.o notes.txt", Caller::Agent).ran();
    assert!(!world.exists("README.md") && !world.exists("a.o") && !world.exists("notes.txt"));
}

#[test]
fn what_is_made_again_goes() {
    let world = project();
    world.file("node_modules/left-pad/index.js", "x").file("dist/app.js", "x").file(".venv/pyvenv.cfg", "x");
    world
        .file("target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n")
        .file("target/debug/app", "x");
    world.file("src/__pycache__/x.pyc", "x");
    world.line("rm -rf node_modules dist .venv target src/__pycache__", Caller::Agent).ran();
    for name in ["node_modules", "dist", ".venv", "target", "src/__pycache__"] {
        assert!(!world.exists(name), "{name}");
    }
}

#[test]
fn a_build_folder_that_holds_data_stays() {
    let world = project();
    world.file("build/app.js", "x").file("build/.env", "SECRET=1\n");
    refused(&world, "rm -rf build");
    let world = project();
    world.file("build/app.js", "x").file("build/data/app.sqlite3", "x");
    refused(&world, "rm -rf build");
}

#[test]
fn source_stays() {
    let world = project();
    refused(&world, "rm -rf src");
    world.file("src/new.rs", "work\n");
    refused(&world, "rm -rf src");
    world.file("notes/plan.md", "the only copy\n");
    refused(&world, "rm -rf notes/");
    refused(&world, "rm -rf *");
}

#[test]
fn data_keys_and_settings_stay() {
    let world = project();
    world.file(".env", "A=1\n").file("app.sqlite3", "x").file("id_ed25519", "x");
    for name in [".env", "app.sqlite3", "id_ed25519"] {
        refused(&world, &format!("rm {name}"));
        refused(&world, &format!("rm -f ./{name}"));
    }
}

#[test]
fn the_repository_the_checkout_and_the_home_stay() {
    let world = project();
    let home = world.root.join("home").display().to_string();
    for line in [
        "rm -rf .git".to_owned(),
        "rm -rf ./.git/".to_owned(),
        "rm -rf \"$PWD\"".to_owned(),
        "rm -rf ../work".to_owned(),
        "cd src && rm -rf ..".to_owned(),
        format!("rm -rf {home}"),
        "rm -rf ~".to_owned(),
        "rm -rf ~/".to_owned(),
        "rm --recursive --force ~".to_owned(),
        "rm ~ -rf".to_owned(),
        "rm -r -f -- ~".to_owned(),
    ] {
        refused(&world, &line);
    }
}

#[test]
fn folders_outside_the_project_stay() {
    let world = project();
    std::fs::create_dir_all(world.root.join("home/Documents")).unwrap();
    std::fs::write(world.root.join("home/Documents/thesis.txt"), "x").unwrap();
    refused(&world, "rm -rf ~/Documents");
    refused(&world, "rm -rf ../Documents");
    // A link with a trailing slash is its target's content.
    std::os::unix::fs::symlink(world.root.join("home/Documents"), world.work().join("link")).unwrap();
    refused(&world, "rm -rf link/");
    world.line("rm -rf link", Caller::Agent).ran();
    assert!(world.root.join("home/Documents/thesis.txt").exists());
}

#[test]
fn temporary_folders_go() {
    let world = project();
    let scratch = std::env::temp_dir().join(format!("agentguard-scratch-{}", std::process::id()));
    std::fs::create_dir_all(scratch.join("repo/.git")).unwrap();
    world.line(&format!("rm -rf {}", scratch.display()), Caller::Agent).ran();
    assert!(!scratch.exists());
}

#[test]
fn an_unattended_caller_may_clean_its_own_tree() {
    let world = project();
    world.line("rm -rf src", Caller::Unattended).ran();
    assert!(!world.exists("src"));
    assert!(world.log().contains("\"outcome\":\"ran\""), "{}", world.log());
    world.line("rm -rf ~", Caller::Unattended).refused();
}

#[test]
fn options_that_do_nothing_else_pass() {
    let world = project();
    let shown = world.line("rm --help", Caller::Agent);
    assert_eq!(shown.stdout, world.real("rm --help").stdout);
    shown.ran();
    assert_eq!(world.line("rm", Caller::Agent).status, 1);
}
