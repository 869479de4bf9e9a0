//! `agentguard shims`: the folder of links that carry the names of guarded programs.
//!
//! In: the names, the folder, our own executable. Out: links made, repaired, removed or left alone.
//! It refuses to touch what is not a link to an agentguard.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::error::Error;

/// What stands at the place of one shim.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A link to our executable.
    Ours,
    /// A link to an agentguard that is gone or is another file.
    Stale,
    Missing,
    /// Something that we did not make.
    Foreign,
}

impl State {
    /// The word shown in `shims list`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ours => "ok",
            Self::Stale => "points elsewhere",
            Self::Missing => "missing",
            Self::Foreign => "not ours",
        }
    }
}

/// What `install` or `remove` did, by program name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub made: Vec<String>,
    pub repaired: Vec<String>,
    pub removed: Vec<String>,
    /// Left alone because something else has the name.
    pub foreign: Vec<String>,
}

/// What to do with the folder.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Install,
    Remove,
    List,
}

/// The shim folder of the caller: below `XDG_DATA_HOME` when that is an absolute path, else below
/// HOME where the platform keeps data.
///
/// # Errors
/// HOME is unset, empty or relative, or the folder's name cannot stand on PATH.
pub fn folder(context: &Context) -> Result<PathBuf, Error> {
    let data = context.env("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = data.map_or_else(|| below_home(context), |data| Ok(data.join("agentguard/shims")))?;
    if folder.as_os_str().as_encoded_bytes().contains(&b':') {
        return Err(Error::failed(
            format!("the shim folder {} has a colon in it and cannot stand on PATH", folder.display()),
            "set XDG_DATA_HOME to a folder without one",
        ));
    }
    Ok(folder)
}

/// Where the platform keeps data, below HOME.
fn below_home(context: &Context) -> Result<PathBuf, Error> {
    // The crate would fall back to the password database; links put there in silence, while HOME
    // says something else, would be found by nobody.
    let home = context.env("HOME").map(PathBuf::from).unwrap_or_default();
    if !home.is_absolute() {
        return Err(Error::failed(
            "HOME is not set to an absolute path, so there is no place for the shims",
            "set HOME, or XDG_DATA_HOME to a folder of your own",
        ));
    }
    directories::ProjectDirs::from("", "", "agentguard")
        .map(|project| project.data_dir().join("shims"))
        .ok_or_else(|| Error::failed("no data folder for this user", "set XDG_DATA_HOME"))
}

/// The absolute path of the running agentguard.
///
/// # Errors
/// The system does not tell, or the file was replaced under us.
pub fn executable() -> Result<PathBuf, Error> {
    let path = std::env::current_exe().map_err(|error| {
        Error::failed(format!("cannot find my own file: {error}"), "call me by a full path")
    })?;
    // Linux appends " (deleted)" once the file was replaced; a link to that name would be dead.
    if path.exists() {
        Ok(path)
    } else {
        Err(Error::failed(format!("my own file {} is gone", path.display()), "install agentguard again"))
    }
}

/// What stands at `path`, seen from `executable`.
pub fn state(path: &Path, executable: &Path) -> State {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return State::Missing;
    };
    if !metadata.is_symlink() {
        return State::Foreign;
    }
    let Ok(target) = fs::read_link(path) else {
        return State::Foreign;
    };
    if target == executable || same_file(path, executable) {
        State::Ours
    } else if target.file_name() == Some(OsStr::new("agentguard")) {
        State::Stale
    } else {
        State::Foreign
    }
}

/// True when both names lead to one file.
#[must_use]
pub fn same_file(left: &Path, right: &Path) -> bool {
    match (fs::metadata(left), fs::metadata(right)) {
        (Ok(left), Ok(right)) => (left.dev(), left.ino()) == (right.dev(), right.ino()),
        _ => false,
    }
}

/// Makes the missing links and repairs the stale ones; changes nothing else.
///
/// # Errors
/// The folder or a link cannot be made.
pub fn install(folder: &Path, executable: &Path, programs: &[&str]) -> Result<Changes, Error> {
    fs::create_dir_all(folder).map_err(|error| cannot("make the folder", folder, &error))?;
    let mut changes = Changes::default();
    for program in programs {
        let path = folder.join(program);
        match state(&path, executable) {
            State::Ours => {}
            State::Missing => {
                link(folder, &path, executable)?;
                changes.made.push((*program).to_owned());
            }
            State::Stale => {
                link(folder, &path, executable)?;
                changes.repaired.push((*program).to_owned());
            }
            State::Foreign => changes.foreign.push((*program).to_owned()),
        }
    }
    Ok(changes)
}

/// Puts the link in place in one step: a shell that looks up the name meanwhile finds one or the other.
fn link(folder: &Path, path: &Path, executable: &Path) -> Result<(), Error> {
    let fresh = folder.join(format!(".agentguard-{}", std::process::id()));
    let made = symlink(executable, &fresh).and_then(|()| fs::rename(&fresh, path));
    made.map_err(|error| {
        let _ = fs::remove_file(&fresh);
        cannot("make the link", path, &error)
    })
}

/// Removes every link to an agentguard, also of programs that are no longer guarded, and the
/// folder when that leaves it empty.
///
/// # Errors
/// The folder cannot be read or a link cannot be removed.
pub fn remove(folder: &Path, executable: &Path) -> Result<Changes, Error> {
    let mut changes = Changes::default();
    for name in names(folder)? {
        let path = folder.join(&name);
        match state(&path, executable) {
            State::Ours | State::Stale => {
                fs::remove_file(&path).map_err(|error| cannot("remove", &path, &error))?;
                changes.removed.push(name);
            }
            State::Foreign => changes.foreign.push(name),
            State::Missing => {}
        }
    }
    if changes.foreign.is_empty() {
        // Absent already is as good as removed.
        let _ = fs::remove_dir(folder);
    }
    Ok(changes)
}

/// Each program and whatever else has a name in the folder, with its state, sorted by name.
///
/// # Errors
/// The folder cannot be read.
pub fn list(folder: &Path, executable: &Path, programs: &[&str]) -> Result<Vec<(String, State)>, Error> {
    let mut all = names(folder)?;
    all.extend(programs.iter().map(|program| (*program).to_owned()));
    all.sort();
    all.dedup();
    Ok(all
        .into_iter()
        .map(|name| {
            let found = state(&folder.join(&name), executable);
            (name, found)
        })
        .collect())
}

/// The names in the folder; none when there is no folder.
fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(cannot("read the folder", folder, &error)),
    };
    let mut names: Vec<String> =
        entries.filter_map(Result::ok).filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Error {
    Error::failed(
        format!("cannot {what} {}: {error}", path.display()),
        "check who owns it, or set XDG_DATA_HOME to a folder of your own",
    )
}

/// The command: does `verb` and says what changed. True when nothing foreign stood in the way.
///
/// # Errors
/// No folder, or it cannot be worked on.
pub fn run(verb: Verb, programs: &[&str], context: &Context, out: &mut dyn Write) -> Result<bool, Error> {
    let folder = folder(context)?;
    let executable = executable()?;
    let changes = match verb {
        Verb::Install => install(&folder, &executable, programs)?,
        Verb::Remove => remove(&folder, &executable)?,
        Verb::List => {
            let mut clean = true;
            writeln!(out, "{} -> {}", folder.display(), executable.display())?;
            for (name, state) in list(&folder, &executable, programs)? {
                clean &= state == State::Ours;
                let extra = state == State::Ours && !programs.contains(&name.as_str());
                writeln!(
                    out,
                    "  {name:<14} {}{}",
                    state.word(),
                    if extra { ", no longer guarded" } else { "" }
                )?;
            }
            return Ok(clean);
        }
    };
    for (word, programs) in
        [("made", &changes.made), ("repaired", &changes.repaired), ("removed", &changes.removed)]
    {
        if !programs.is_empty() {
            writeln!(out, "{word}: {}", programs.join(" "))?;
        }
    }
    for program in &changes.foreign {
        let path = folder.join(program);
        writeln!(
            out,
            "left alone, not a link to agentguard: {}; move it away to have it guarded",
            path.display()
        )?;
    }
    if changes == Changes::default() {
        writeln!(out, "nothing to do: {}", folder.display())?;
    }
    Ok(changes.foreign.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::probe::Scratch;

    fn place(name: &str) -> (Scratch, PathBuf, PathBuf) {
        let scratch = Scratch::new(name).unwrap();
        let executable = scratch.path().join("bin/agentguard");
        fs::create_dir_all(executable.parent().unwrap()).unwrap();
        fs::write(&executable, "").unwrap();
        let folder = scratch.path().join("a b/shims");
        (scratch, folder, executable)
    }

    #[test]
    fn install_is_idempotent_and_repairs() {
        let (scratch, folder, executable) = place("install");
        let first = install(&folder, &executable, &["rm", "git"]).unwrap();
        assert_eq!(first.made, ["rm", "git"]);
        assert_eq!(install(&folder, &executable, &["rm", "git"]).unwrap(), Changes::default());
        fs::remove_file(folder.join("rm")).unwrap();
        fs::remove_file(folder.join("git")).unwrap();
        symlink(scratch.path().join("gone/agentguard"), folder.join("git")).unwrap();
        let again = install(&folder, &executable, &["rm", "git"]).unwrap();
        assert_eq!((again.made, again.repaired), (vec!["rm".to_owned()], vec!["git".to_owned()]));
        assert_eq!(fs::read_link(folder.join("git")).unwrap(), executable);
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let (_scratch, folder, executable) = place("foreign");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("rm"), "mine").unwrap();
        symlink("/usr/bin/env", folder.join("git")).unwrap();
        let changes = install(&folder, &executable, &["rm", "git", "psql"]).unwrap();
        assert_eq!(changes.foreign, ["rm", "git"]);
        assert_eq!(changes.made, ["psql"]);
        let changes = remove(&folder, &executable).unwrap();
        assert_eq!(changes.removed, ["psql"]);
        assert_eq!(fs::read_to_string(folder.join("rm")).unwrap(), "mine");
        assert_eq!(fs::read_link(folder.join("git")).unwrap(), Path::new("/usr/bin/env"));
    }

    #[test]
    fn remove_takes_back_everything_it_made() {
        let (_scratch, folder, executable) = place("remove");
        let _ = install(&folder, &executable, &["rm", "dropped-later"]).unwrap();
        assert_eq!(remove(&folder, &executable).unwrap().removed.len(), 2);
        assert!(!folder.exists());
        assert_eq!(remove(&folder, &executable).unwrap(), Changes::default());
    }

    #[test]
    fn a_link_to_another_agentguard_is_stale() {
        let (scratch, folder, executable) = place("stale");
        fs::create_dir_all(&folder).unwrap();
        let old = scratch.path().join("agentguard");
        fs::write(&old, "old").unwrap();
        symlink(&old, folder.join("rm")).unwrap();
        assert_eq!(state(&folder.join("rm"), &executable), State::Stale);
        assert_eq!(list(&folder, &executable, &["git"]).unwrap().len(), 2);
    }

    #[test]
    fn a_folder_needs_a_home_that_can_stand_on_path() {
        use crate::context::Door;
        let with = |data: &str, home: &str| {
            let env = vec![("XDG_DATA_HOME".into(), data.into()), ("HOME".into(), home.into())];
            folder(&Context::new(Door::Check).with_env(env))
        };
        assert_eq!(with("/x y", "").unwrap(), Path::new("/x y/agentguard/shims"));
        assert!(with("relative", "").unwrap_err().to_string().contains("HOME"));
        assert!(with("", "relative").unwrap_err().to_string().contains("HOME"));
        assert!(with("/a:b", "/root").unwrap_err().to_string().contains("colon"));
    }
}
