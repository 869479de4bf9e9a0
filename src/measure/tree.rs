//! A file or folder inside a project: what git and the folder itself say about losing it.
//!
//! In: a path below the project's root. Out: a [`State`]. Walks are bounded; a walk that is cut
//! short counts as worse, never as better.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::assess::Severity;
use crate::grammar::glob;
use crate::measure::{State, git, names};

/// Files that say: this folder is a project.
const MARKERS: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    ".jj",
    "package.json",
    "Cargo.toml",
    "pyproject.toml",
    "go.mod",
    "Makefile",
    "pom.xml",
    "build.gradle",
    "composer.json",
    "Gemfile",
    "mix.exs",
    "CMakeLists.txt",
    "setup.py",
];

/// Folder names whose inside belongs to a package manager: what lies there came from elsewhere.
const STORES: &[&str] = &[
    "node_modules",
    ".venv",
    "venv",
    "__pycache__",
    "vendor",
    "Pods",
    ".tox",
    ".nox",
    ".eggs",
    ".git",
    ".terraform",
    ".dart_tool",
    "elm-stuff",
    "deps",
    ".gradle",
    ".mypy_cache",
    ".pytest_cache",
];

/// Entries that are looked at inside one folder.
const WALK_BOUND: usize = 50_000;

/// The tree that a working folder belongs to.
#[derive(Clone, Debug)]
pub struct Project {
    pub root: PathBuf,
    /// Something says that it is one; else it is just the working folder.
    pub marked: bool,
    /// It is a git working tree.
    pub git: bool,
}

impl Project {
    /// The enclosing repository, else the nearest folder with a marker, else the folder itself.
    #[must_use]
    pub fn around(cwd: &Path) -> Self {
        let repository =
            cwd.ancestors().find(|folder| MARKERS[..4].iter().any(|mark| folder.join(mark).exists()));
        if let Some(root) = repository {
            return Self { root: root.to_owned(), marked: true, git: root.join(".git").exists() };
        }
        let marked = cwd.ancestors().find(|folder| MARKERS.iter().any(|mark| folder.join(mark).exists()));
        Self { root: marked.unwrap_or(cwd).to_owned(), marked: marked.is_some(), git: false }
    }
}

fn state(severity: Severity, reason: impl Into<String>) -> State {
    State { severity: Some(severity), reason: reason.into(), ..State::default() }
}

/// Losing one file of the project.
#[must_use]
pub fn file(project: &Project, path: &Path, metadata: Option<&fs::Metadata>) -> State {
    let Some(name) = path.file_name() else { return state(Severity::High, "no name") };
    if metadata.is_some_and(|metadata| metadata.file_type().is_symlink()) {
        return state(Severity::Low, "a symbolic link; what it points to stays");
    }
    let precious = names::is_precious(name);
    if in_store(project, path) {
        return state(Severity::Low, "inside a folder that its package manager fills again");
    }
    if precious {
        let clean = metadata.is_some() && project.git && status(project, path) == Some(Status::Clean);
        return if clean {
            State {
                undo: "git restores it".to_owned(),
                ..state(Severity::Medium, "data or keys, as committed")
            }
        } else {
            state(Severity::High, format!("{} holds data, keys or settings", name.display()))
        };
    }
    state(Severity::Low, "a file of the project")
}

/// Losing a folder of the project with everything in it.
#[must_use]
pub fn folder(project: &Project, path: &Path, exists: bool) -> State {
    let Some(name) = path.file_name() else { return state(Severity::High, "no name") };
    if !exists {
        return match names::regenerable(name).or_else(|| parent_is_regenerable(project, path)) {
            Some(_) => state(Severity::Low, "made again by its tool"),
            None if names::is_precious(name) => state(Severity::High, "data, keys or settings"),
            None if has_file_ending(name) => state(Severity::Low, "a file of the project"),
            None => state(Severity::High, "it is not here to be looked at: it may hold the only copy"),
        };
    }
    if is_empty(path) {
        return state(Severity::None, "an empty folder");
    }
    if in_store(project, path) {
        return state(Severity::Low, "inside a folder that its package manager fills again");
    }
    let found = contents(path);
    if let Some(precious) = found.precious {
        return state(Severity::High, format!("{} lies inside", precious.display()));
    }
    if is_regenerable(project, path, name) {
        return state(Severity::Low, "made again by its tool");
    }
    if let Some(nested) = found.repository {
        return state(Severity::High, format!("{} is a repository of its own", nested.display()));
    }
    if !project.git {
        return state(Severity::High, "no repository holds a copy");
    }
    by_status(project, path, found.cut)
}

/// `yarn.lock`, `notes.txt`: what is not there and is called so would be a file.
fn has_file_ending(name: &OsStr) -> bool {
    let ending = Path::new(name).extension().and_then(OsStr::to_str);
    ending.is_some_and(|ending| {
        (1..=5).contains(&ending.len())
            && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && !matches!(ending, "d" | "app" | "git" | "bundle")
    })
}

/// What git says about a folder that nothing else explains.
fn by_status(project: &Project, path: &Path, cut: bool) -> State {
    match status(project, path) {
        Some(Status::Clean) if cut => state(Severity::High, "too large to be looked through"),
        Some(Status::Clean) => {
            State { undo: "git restores it".to_owned(), ..state(Severity::Medium, "all of it is committed") }
        }
        Some(Status::Ignored) => state(Severity::Medium, "git ignores it and has no copy"),
        Some(Status::Changed(changed, untracked)) => State {
            facts: vec![("changed", changed), ("untracked", untracked)],
            ..state(Severity::High, format!("{changed} changed and {untracked} untracked files inside"))
        },
        None => state(Severity::High, "git could not say what it holds"),
    }
}

/// A known name whose maker is beside it, that git ignores, or that carries a cache's tag.
fn is_regenerable(project: &Project, path: &Path, name: &OsStr) -> bool {
    if has_cache_tag(path) {
        return true;
    }
    let Some(markers) = names::regenerable(name) else {
        return parent_is_regenerable(project, path).is_some();
    };
    let beside = path.parent().unwrap_or(path);
    let marked = markers.is_empty() || has_marker(beside, markers) || path.join("pyvenv.cfg").exists();
    if marked && STORES.iter().any(|store| name == *store) {
        return true;
    }
    // `build` and `dist` may well be somebody's sources: then git has them.
    match project.git.then(|| status(project, path)).flatten() {
        Some(Status::Ignored) => true,
        Some(Status::Clean) => false,
        Some(Status::Changed(changed, _)) => changed == 0 && marked,
        None => marked,
    }
}

/// True when a file of one of the patterns stands in the folder.
fn has_marker(folder: &Path, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| {
        if !pattern.contains('*') {
            return folder.join(pattern).exists();
        }
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name()).any(|name| glob::matches(pattern, &name.to_string_lossy()))
    })
}

/// `target/debug`, `dist/assets`: below a name that is made again, its maker beside it.
fn parent_is_regenerable(project: &Project, path: &Path) -> Option<&'static [&'static str]> {
    path.ancestors()
        .skip(1)
        .take_while(|folder| folder.starts_with(&project.root) && *folder != project.root)
        .find_map(|folder| {
            let markers = folder.file_name().and_then(names::regenerable)?;
            let beside = folder.parent()?;
            let proved = !folder.exists()
                || markers.is_empty()
                || has_cache_tag(folder)
                || has_marker(beside, markers)
                || folder.join("pyvenv.cfg").exists();
            proved.then_some(markers)
        })
}

fn in_store(project: &Project, path: &Path) -> bool {
    path.strip_prefix(&project.root).is_ok_and(|relative| {
        let above = relative.parent().unwrap_or(relative);
        above
            .iter()
            .any(|part| STORES.iter().any(|store| part == *store && *store != ".git" && *store != "deps"))
    })
}

/// The general mark of a cache folder (bford.info/cachedir).
fn has_cache_tag(path: &Path) -> bool {
    let mut start = [0; 43];
    fs::File::open(path.join("CACHEDIR.TAG")).and_then(|mut file| file.read_exact(&mut start)).is_ok()
        && start.starts_with(b"Signature: 8a477f597d28d172789f06886806bc55")
}

fn is_empty(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

/// What a bounded walk met.
#[derive(Default)]
struct Contents {
    precious: Option<PathBuf>,
    repository: Option<PathBuf>,
    cut: bool,
}

fn contents(path: &Path) -> Contents {
    let mut found = Contents::default();
    let mut open = vec![path.to_owned()];
    let mut seen = 0;
    while let Some(folder) = open.pop() {
        let inside_store = folder.file_name().is_some_and(|name| STORES.iter().any(|store| name == *store));
        if inside_store {
            continue;
        }
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen > WALK_BOUND {
                found.cut = true;
                return found;
            }
            let name = entry.file_name();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if name == ".git" {
                found.repository.get_or_insert_with(|| folder.clone());
            } else if is_folder {
                open.push(entry.path());
            } else if names::is_precious(&name) {
                found.precious.get_or_insert_with(|| entry.path());
            }
        }
    }
    found
}

/// What git says about the files at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Clean,
    Ignored,
    /// Changed and untracked files.
    Changed(u64, u64),
}

fn status(project: &Project, path: &Path) -> Option<Status> {
    let relative = path.strip_prefix(&project.root).ok()?;
    let words = ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--ignored=matching", "--"];
    let mut args: Vec<OsString> = words.iter().map(OsString::from).collect();
    let mut spec = OsString::from(":(literal)");
    spec.push(relative);
    args.push(spec);
    let output = git::ask_in(&project.root, &args)?;
    let mut counts = (0, 0);
    let mut ignored = false;
    for entry in output.split(|&byte| byte == 0).filter(|entry| entry.len() > 3) {
        match &entry[..2] {
            b"!!" => ignored = true,
            b"??" => counts.1 += 1,
            _ => counts.0 += 1,
        }
    }
    Some(match counts {
        (0, 0) if ignored => Status::Ignored,
        (0, 0) => Status::Clean,
        (changed, untracked) => Status::Changed(changed, untracked),
    })
}
