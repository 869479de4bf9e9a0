//! What is uncommitted in the working tree, and who would overwrite it.
//!
//! In: paths or a commit. Out: counts of files whose content is nowhere else.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{Answer, Git, Trouble, assume, counted, fields, nothing, state};
use crate::assess::Severity;
use crate::measure::{State, names};

/// What `status --porcelain=v2 -z` says.
#[derive(Debug, Default)]
struct Status {
    /// The commit that is checked out; empty before the first.
    commit: String,
    /// The branch that is checked out, unless detached.
    branch: Option<String>,
    entries: Vec<Entry>,
}

/// One line of it.
#[derive(Debug)]
struct Entry {
    /// Index against HEAD, working tree against index; `?` and `!` for untracked and ignored.
    index: u8,
    tree: u8,
    submodule: [u8; 4],
    unmerged: bool,
    path: OsString,
}

impl Entry {
    /// The file's own content in the working tree is nowhere else.
    fn unstaged(&self) -> bool {
        self.submodule[0] != b'S' && (self.unmerged || !matches!(self.tree, b'.' | b'D' | b'?' | b'!'))
    }

    /// The staged content is in no commit.
    fn staged(&self) -> bool {
        self.submodule[0] != b'S' && (self.unmerged || !matches!(self.index, b'.' | b'D' | b'?' | b'!'))
    }
}

/// Asks for the status; untracked files as `extra` says.
fn status<'p>(git: &Git, extra: &'p [&'p str], paths: impl IntoIterator<Item = &'p OsStr>) -> Answer<Status> {
    let mut args: Vec<&OsStr> = ["status", "--porcelain=v2", "-z", "--branch"].map(OsStr::new).to_vec();
    args.extend(extra.iter().map(OsStr::new));
    args.push(OsStr::new("--"));
    args.extend(paths);
    Ok(parse(&git.ask(args)?))
}

fn parse(output: &[u8]) -> Status {
    let mut status = Status::default();
    let mut lines = output.split(|&byte| byte == 0).filter(|line| !line.is_empty());
    while let Some(line) = lines.next() {
        let text = String::from_utf8_lossy(line);
        if let Some(commit) = text.strip_prefix("# branch.oid ") {
            status.commit = if commit == "(initial)" { String::new() } else { commit.to_owned() };
        } else if let Some(branch) = text.strip_prefix("# branch.head ") {
            status.branch = (branch != "(detached)").then(|| branch.to_owned());
        }
        // Fields before the path: 8 for a change, 9 for a rename, 10 for a conflict.
        let before = match line.first() {
            Some(b'1') => 8,
            Some(b'2') => 9,
            Some(b'u') => 10,
            Some(mark @ (b'?' | b'!')) => {
                let path = OsStr::from_bytes(line.get(2..).unwrap_or_default()).to_owned();
                let submodule = *b"N...";
                status.entries.push(Entry { index: *mark, tree: *mark, submodule, unmerged: false, path });
                continue;
            }
            _ => continue,
        };
        let mut parts = line.splitn(before + 1, |&byte| byte == b' ');
        let (Some(changes), Some(submodule), Some(path)) =
            (parts.nth(1), parts.next(), parts.nth(before - 3))
        else {
            continue;
        };
        if line[0] == b'2' {
            let _old_name = lines.next();
        }
        status.entries.push(Entry {
            index: changes.first().copied().unwrap_or(b'.'),
            tree: changes.get(1).copied().unwrap_or(b'.'),
            submodule: submodule.try_into().unwrap_or(*b"N..."),
            unmerged: line[0] == b'u',
            path: OsStr::from_bytes(path).to_owned(),
        });
    }
    status
}

const TRACKED: &[&str] = &["--untracked-files=no"];

/// Uncommitted changes of everything, with the severity of losing them; `None` when there are none.
fn uncommitted(git: &Git, status: &Status) -> Option<State> {
    let files = status.entries.iter().filter(|entry| entry.staged() || entry.unstaged()).count();
    (files > 0).then(|| {
        let mut state = state(Severity::High, format!("{} with uncommitted changes", counted(files, "file")));
        state.facts = facts(git, files, &[]);
        state
    })
}

/// Files, and the lines that differ from the last commit as far as the time allows.
fn facts(git: &Git, files: usize, paths: &[OsString]) -> Vec<(&'static str, u64)> {
    let mut facts = vec![("files", files as u64)];
    let args = ["diff", "--no-ext-diff", "--no-textconv", "--numstat", "HEAD", "--"].map(OsString::from);
    if let Ok(output) = git.ask(args.iter().chain(paths)) {
        let text = String::from_utf8_lossy(&output);
        let lines = text.lines().filter_map(|line| line.split('\t').next()?.parse::<u64>().ok()).sum();
        facts.push(("lines", lines));
    }
    facts
}

/// `reset --hard COMMIT`: changes first, then the commits that the branch leaves behind.
pub(super) fn reset_hard(git: &Git, operands: &[OsString]) -> Answer<State> {
    let status = status(git, TRACKED, [])?;
    if let Some(state) = uncommitted(git, &status) {
        return Ok(state);
    }
    let Some(target) = operands.first().filter(|target| *target != "HEAD" && *target != "@") else {
        return Ok(nothing("nothing is uncommitted and the branch stays where it is"));
    };
    let mut commit = target.clone();
    commit.push("^{commit}");
    let args = [OsStr::new("rev-parse"), OsStr::new("--verify"), OsStr::new("-q"), &commit];
    let Ok(resolved) = git.ask(args) else {
        return if git.assumes {
            Ok(state(Severity::Medium, "that commit is not here: commits are assumed to be left behind"))
        } else {
            Ok(nothing("there is no such commit: git refuses"))
        };
    };
    let resolved = String::from_utf8_lossy(&resolved).trim().to_owned();
    if resolved == status.commit {
        return Ok(nothing("nothing is uncommitted and the branch stays where it is"));
    }
    let mut args =
        vec!["rev-list".to_owned(), "--count".to_owned(), "HEAD".to_owned(), "--not".to_owned(), resolved];
    args.extend(status.branch.map(|branch| format!("--exclude={branch}")));
    args.extend(["--branches", "--remotes", "--tags"].map(str::to_owned));
    let count = git.count(args)?;
    if count == 0 {
        return Ok(state(Severity::Low, "the tree is clean and the commits are also elsewhere"));
    }
    let mut state = state(
        Severity::Medium,
        format!("{} only the reflog keeps", counted(usize::try_from(count).unwrap_or(usize::MAX), "commit")),
    );
    state.facts = vec![("commits", count)];
    "git reflog holds them for 30 days".clone_into(&mut state.undo);
    Ok(state)
}

/// Changes of named paths; the first operand says whether staged ones go as well.
pub(super) fn restore(git: &Git, operands: &[OsString]) -> Answer<State> {
    let Some((mode, paths)) = operands.split_first() else { return Err(Trouble::Refused) };
    let status = status(git, TRACKED, paths.iter().map(OsString::as_os_str))?;
    let both = mode == "both";
    let changed: Vec<&Entry> =
        status.entries.iter().filter(|entry| entry.unstaged() || (both && entry.staged())).collect();
    if changed.is_empty() {
        return match paths
            .iter()
            .find(|path| git.assumes && status.entries.is_empty() && !is_known(git, path))
        {
            Some(path) => Err(Trouble::Absent(format!("{} is not here", path.to_string_lossy()))),
            None => Ok(nothing("no uncommitted changes there")),
        };
    }
    let one = changed.len() == 1 && matches!(paths, [path] if names_file(git, path, changed[0]));
    let severity = if one { Severity::Medium } else { Severity::High };
    let mut state = state(severity, format!("{} with uncommitted changes", counted(changed.len(), "file")));
    state.facts = facts(git, changed.len(), paths);
    Ok(state)
}

/// The operand is this very file, not a folder or pattern around it.
fn names_file(git: &Git, path: &OsStr, entry: &Entry) -> bool {
    let place = git.path(path);
    let name = Path::new(&entry.path).file_name();
    place.file_name() == name && !place.is_dir() && (place.is_file() || assume::is_one_file(path))
}

/// On disk or in the index.
fn is_known(git: &Git, path: &OsStr) -> bool {
    let pattern =
        path.as_bytes().starts_with(b":") || path.as_bytes().iter().any(|byte| b"*?[".contains(byte));
    pattern
        || std::fs::symlink_metadata(git.path(path)).is_ok()
        || git.ask([OsStr::new("ls-files"), OsStr::new("--error-unmatch"), OsStr::new("--"), path]).is_ok()
}

/// All changes of tracked files.
pub(super) fn everything(git: &Git) -> Answer<State> {
    let status = status(git, TRACKED, [])?;
    Ok(uncommitted(git, &status).unwrap_or_else(|| nothing("nothing is uncommitted")))
}

/// One word of a checkout: git takes a branch first, then a path.
pub(super) fn word(git: &Git, operands: &[OsString]) -> Answer<State> {
    let Some(word) = operands.first() else { return Err(Trouble::Refused) };
    let switches = || state(Severity::Low, "changes the branch; git refuses to lose work");
    let pattern =
        word.as_bytes().starts_with(b":") || word.as_bytes().iter().any(|byte| b"*?[".contains(byte));
    if word == "-" {
        return Ok(switches());
    }
    if !pattern && std::fs::symlink_metadata(git.path(word)).is_err() {
        // A branch; or a file that is gone from the disk, which loses nothing.
        return if git.assumes {
            Err(Trouble::Absent(format!("{} is not here", word.to_string_lossy())))
        } else {
            Ok(switches())
        };
    }
    if is_commit(git, word) {
        return Ok(switches());
    }
    restore(git, &["worktree".into(), word.clone()])
}

/// Several words: a tree and paths, or paths alone.
pub(super) fn words(git: &Git, operands: &[OsString]) -> Answer<State> {
    let Some((first, rest)) = operands.split_first() else { return Err(Trouble::Refused) };
    let mut words = vec![OsString::from(if is_commit(git, first) { "both" } else { "worktree" })];
    let on_disk = std::fs::symlink_metadata(git.path(first)).is_ok();
    if words[0] == "worktree" && (on_disk || !git.assumes) {
        words.push(first.clone());
    }
    words.extend_from_slice(rest);
    restore(git, &words)
}

fn is_commit(git: &Git, word: &OsStr) -> bool {
    let mut commit = word.to_owned();
    commit.push("^{commit}");
    git.ask([OsStr::new("rev-parse"), OsStr::new("--verify"), OsStr::new("-q"), &commit]).is_ok()
}

/// Everything that only a linked working tree holds.
pub(super) fn worktree(git: &Git, operands: &[OsString]) -> Answer<State> {
    let Some(path) = operands.first() else { return Err(Trouble::Refused) };
    if std::fs::symlink_metadata(git.path(path)).is_err() {
        return Err(Trouble::Absent(format!("{} is not here", path.to_string_lossy())));
    }
    let args: [&OsStr; 8] = [
        OsStr::new("-C"),
        path,
        OsStr::new("status"),
        OsStr::new("--porcelain=v2"),
        OsStr::new("-z"),
        OsStr::new("--untracked-files=all"),
        OsStr::new("--ignored=matching"),
        OsStr::new("--branch"),
    ];
    let status = parse(&git.ask(args)?);
    let folder = git.path(path);
    let lost = status
        .entries
        .iter()
        .filter(|entry| entry.staged() || entry.unstaged() || kept_nowhere(&folder, entry))
        .count();
    if lost == 0 {
        return Ok(state(Severity::Low, "nothing in it is uncommitted"));
    }
    let mut state = state(Severity::High, format!("{} in it that are in no commit", counted(lost, "file")));
    state.facts = vec![("files", lost as u64)];
    Ok(state)
}

fn kept_nowhere(folder: &Path, entry: &Entry) -> bool {
    match entry.tree {
        b'?' => !super::clean::is_regenerable(&folder.join(&entry.path)),
        b'!' => {
            let path = Path::new(&entry.path);
            path.file_name().is_some_and(names::is_precious)
                || !super::clean::is_regenerable(&folder.join(path))
        }
        _ => false,
    }
}

/// Changes inside submodules.
pub(super) fn submodules(git: &Git, operands: &[OsString]) -> Answer<State> {
    let status = status(
        git,
        &["--untracked-files=no", "--ignore-submodules=none"],
        operands.iter().map(OsString::as_os_str),
    )?;
    let modules: Vec<&Entry> = status.entries.iter().filter(|entry| entry.submodule[0] == b'S').collect();
    let dirty =
        modules.iter().filter(|entry| entry.submodule[2] == b'M' || entry.submodule[3] == b'U').count();
    let moved = modules.iter().filter(|entry| entry.submodule[1] == b'C').count();
    Ok(match (dirty, moved) {
        (0, 0) => state(Severity::Low, "no changes in submodules"),
        (0, _) => state(Severity::Medium, format!("{} at another commit", counted(moved, "submodule"))),
        _ => state(Severity::High, format!("{} with uncommitted changes", counted(dirty, "submodule"))),
    })
}

/// A forced move onto a file that is there.
pub(super) fn move_over(git: &Git, operands: &[OsString]) -> Answer<State> {
    let Some((target, sources)) = operands.split_last() else { return Err(Trouble::Refused) };
    let place = git.path(target);
    let over = if place.is_dir() {
        sources
            .iter()
            .filter_map(|source| Path::new(source).file_name())
            .filter(|name| place.join(name).exists())
            .count()
    } else {
        usize::from(place.exists())
    };
    if over == 0 {
        return if git.assumes {
            Err(Trouble::Absent("the target is not here".to_owned()))
        } else {
            Ok(nothing("nothing is overwritten"))
        };
    }
    Ok(state(Severity::Medium, format!("{} overwritten", counted(over, "file"))))
}

/// A merge or rebase in progress, with the conflicts that were resolved by hand.
pub(super) fn abort(git: &Git) -> Answer<State> {
    let output = git.ask(["ls-files", "--resolve-undo", "-z"])?;
    let mut paths: Vec<&[u8]> = fields(&output)
        .map(|line| line.as_bytes().splitn(2, |&byte| byte == b'\t').nth(1).unwrap_or_default())
        .collect();
    paths.dedup();
    if paths.is_empty() {
        return Ok(state(Severity::Low, "no conflict has been resolved yet"));
    }
    let mut state = state(Severity::Medium, format!("{} resolved by hand", counted(paths.len(), "conflict")));
    state.facts = vec![("files", paths.len() as u64)];
    Ok(state)
}
