//! What a git command would lose here and now, by asking the real git, which writes nothing.
//!
//! | question | asked of git |
//! |---|---|
//! | `reset --hard`, restores, forced checkouts, `rm -f` | `status --porcelain=v2`, `rev-list --count` |
//! | `clean` | the same `clean` with `-n` |
//! | stashes | `stash list` |
//! | branches, references | `rev-list --count REF --not` everything else |
//! | pushes | remote-tracking branches of the last fetch, never the network |
//!
//! In: a question as the reader put it. Out: a [`State`]. Where there is no repository or no such
//! branch, a check assumes the worst that could exist; at a shim git itself fails. It refuses to
//! know how the words were written.

mod assume;
mod clean;
mod push;
mod refs;
mod tree;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::action::{GitLoss, Repository};
use crate::assess::Severity;
use crate::context::Context;
use crate::gate::find;
use crate::measure::{State, process};

/// All questions of one action together.
const BUDGET: Duration = Duration::from_millis(300);

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    /// git says no: not a repository, no such reference.
    Refused,
    /// There is no such branch, stash, file.
    Absent(String),
    /// The time was up.
    Cut,
}

type Answer<T> = Result<T, Trouble>;

/// How bad the loss is here.
pub fn look(kind: GitLoss, repository: &Repository, operands: &[OsString], context: &Context) -> State {
    if repository.unknown {
        return assume::worst(kind, operands, "what it meets is only known by running it");
    }
    let Some(git) = Git::new(repository, context) else {
        return assume::worst(kind, operands, "git was not found to ask");
    };
    let answer = match kind {
        _ if !git.has_repository() => Err(Trouble::Refused),
        GitLoss::ResetHard => tree::reset_hard(&git, operands),
        GitLoss::Restore => tree::restore(&git, operands),
        GitLoss::RemoveTracked => tree::restore(&git, operands),
        GitLoss::ForceCheckout => tree::everything(&git, operands),
        GitLoss::CheckoutWord => tree::word(&git, operands),
        GitLoss::CheckoutWords => tree::words(&git, operands),
        GitLoss::WorktreeRemove => tree::worktree(&git, operands),
        GitLoss::SubmoduleDiscard => tree::submodules(&git, operands),
        GitLoss::MoveOver => tree::move_over(&git, operands),
        GitLoss::Abort => tree::abort(&git),
        GitLoss::Clean => clean::clean(&git, operands),
        GitLoss::StashDrop => refs::stash(&git, operands.first().map(OsString::as_os_str)),
        GitLoss::StashClear => refs::stashes(&git),
        GitLoss::BranchDelete => refs::branches(&git, operands),
        GitLoss::RefDelete => refs::delete(&git, operands),
        GitLoss::TagDelete => refs::tags(&git, operands),
        GitLoss::RefMove => refs::moved(&git, operands),
        GitLoss::PushForce => push::forced(&git, operands),
        GitLoss::Push => push::configured(&git, operands),
    };
    let mut state = match answer {
        Ok(state) => state,
        Err(Trouble::Cut) => assume::worst(kind, operands, "at least: the time to look was up"),
        Err(Trouble::Refused) if context.assumes_existence() => {
            assume::worst(kind, operands, "no repository here to look at: the worst is assumed")
        }
        Err(Trouble::Absent(what)) if context.assumes_existence() => {
            assume::worst(kind, operands, &format!("{what}: assumed to exist and to matter"))
        }
        Err(Trouble::Absent(what)) => nothing(&what),
        // Pushes to an address need no remote-tracking branch: names alone decide.
        Err(Trouble::Refused) if matches!(kind, GitLoss::PushForce) => assume::worst(kind, operands, ""),
        Err(Trouble::Refused) => nothing("git itself refuses this here"),
    };
    state.inside_tree = !matches!(kind, GitLoss::PushForce | GitLoss::Push);
    state
}

/// The value of a setting, as git finds it from here.
#[must_use]
pub fn setting(repository: &Repository, key: &str) -> Option<OsString> {
    if repository.unknown {
        return None;
    }
    let git = Git::at(repository, BUDGET)?;
    let mut value = git.ask(["config", "--get", key]).or_else(|_| git.ask_file(key)).ok()?;
    if value.last() == Some(&b'\n') {
        value.pop();
    }
    Some(OsString::from_vec(value))
}

/// What the real git prints for read-only words in a folder; `None` when it refuses or takes too long.
#[must_use]
pub fn ask_in(folder: &Path, words: &[OsString]) -> Option<Vec<u8>> {
    let repository = Repository { cwd: folder.to_owned(), ..Repository::default() };
    Git::at(&repository, BUDGET)?.ask(words).ok()
}

/// The top of the working tree.
#[must_use]
pub fn top(repository: &Repository) -> Option<PathBuf> {
    if repository.unknown {
        return None;
    }
    let git = Git::at(repository, BUDGET)?;
    let mut path = git.ask(["rev-parse", "--show-toplevel"]).ok()?;
    if path.last() == Some(&b'\n') {
        path.pop();
    }
    (!path.is_empty()).then(|| PathBuf::from(OsString::from_vec(path)))
}

/// The real git, in the place and with the settings of the invocation that is judged.
struct Git<'a> {
    program: PathBuf,
    repository: &'a Repository,
    /// True where the absent is assumed to exist.
    assumes: bool,
    deadline: Instant,
}

impl<'a> Git<'a> {
    fn new(repository: &'a Repository, context: &Context) -> Option<Self> {
        let git = Self::at(repository, BUDGET)?;
        Some(Self { assumes: context.assumes_existence(), ..git })
    }

    #[expect(clippy::disallowed_methods, reason = "measuring is bounded in time")]
    fn at(repository: &'a Repository, budget: Duration) -> Option<Self> {
        Some(Self { program: real_git()?, repository, assumes: false, deadline: Instant::now() + budget })
    }

    /// Whether git could find a repository here: spares a process where there is none.
    fn has_repository(&self) -> bool {
        let told = self.repository.globals.iter().any(|word| word.as_bytes().starts_with(b"--git-dir"));
        if told || self.repository.env.iter().any(|(name, _)| name == "GIT_DIR") {
            return true;
        }
        let is_bare = |folder: &Path| folder.join("HEAD").is_file() && folder.join("objects").is_dir();
        std::fs::canonicalize(self.path(OsStr::new(""))).is_ok_and(|place| {
            place.ancestors().any(|folder| folder.join(".git").exists() || is_bare(folder))
        })
    }

    /// What git prints.
    fn ask<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Answer<Vec<u8>> {
        self.ask_status(args)
            .and_then(|(status, output)| if status == 0 { Ok(output) } else { Err(Trouble::Refused) })
    }

    /// Exit status and what git prints.
    #[expect(clippy::disallowed_methods, reason = "measuring is bounded in time")]
    fn ask_status<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Answer<(i32, Vec<u8>)> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Trouble::Cut);
        }
        let mut words: Vec<OsString> = self.repository.globals.clone();
        // A monitor and hooks are programs; refreshing the index is a write.
        words.extend(
            ["--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]
                .map(OsString::from),
        );
        words.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        let mut env: Vec<(&str, &OsStr)> =
            self.repository.env.iter().map(|(name, value)| (name.as_str(), value.as_os_str())).collect();
        env.extend([
            ("GIT_OPTIONAL_LOCKS", OsStr::new("0")),
            ("GIT_TERMINAL_PROMPT", OsStr::new("0")),
            ("GIT_NO_LAZY_FETCH", OsStr::new("1")),
            ("LC_ALL", OsStr::new("C")),
        ]);
        // A trace that the caller asked for is about their command, not about ours.
        env.extend(
            ["GIT_TRACE", "GIT_TRACE2", "GIT_TRACE2_EVENT", "GIT_TRACE2_PERF"]
                .map(|name| (name, OsStr::new("0"))),
        );
        let answer =
            process::ask(&self.program, &words, &self.repository.cwd, &env, left).ok_or(Trouble::Refused)?;
        if answer.cut {
            return Err(Trouble::Cut);
        }
        Ok((answer.status.unwrap_or(128), answer.stdout))
    }

    /// A setting out of the nearest `.git/config`, where git takes the folder for no repository (yet).
    fn ask_file(&self, key: &str) -> Answer<Vec<u8>> {
        let place = self.path(OsStr::new(""));
        let file = place.ancestors().map(|folder| folder.join(".git/config")).find(|file| file.is_file());
        let file = file.ok_or(Trouble::Refused)?;
        self.ask([
            OsStr::new("config"),
            OsStr::new("--file"),
            file.as_os_str(),
            OsStr::new("--get"),
            OsStr::new(key),
        ])
    }

    /// A count that git prints.
    fn count<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Answer<u64> {
        let output = self.ask(args)?;
        String::from_utf8_lossy(&output).trim().parse().map_err(|_| Trouble::Refused)
    }

    /// A path as the command sees it: below every `-C`.
    fn path(&self, path: &OsStr) -> PathBuf {
        let mut place = self.repository.cwd.clone();
        for pair in self.repository.globals.windows(2) {
            if pair[0] == "-C" {
                place.push(&pair[1]);
            }
        }
        place.join(path)
    }
}

/// The real git, as the gate finds it: past every link to this program, by device and inode.
#[expect(
    clippy::disallowed_methods,
    reason = "the search for the real program follows the process's own PATH"
)]
fn real_git() -> Option<PathBuf> {
    let path = std::env::var_os("PATH");
    let program = find::find(OsStr::new("git"), path.as_deref(), None).ok()?;
    Some(PathBuf::from(OsStr::from_bytes(program.path.to_bytes())))
}

/// Nothing would be lost.
fn nothing(reason: &str) -> State {
    State { severity: Some(Severity::None), reason: reason.to_owned(), ..State::default() }
}

/// A state with its severity and reason.
fn state(severity: Severity, reason: impl Into<String>) -> State {
    State { severity: Some(severity), reason: reason.into(), ..State::default() }
}

/// `1 file`, `3 files`.
fn counted(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ if one.ends_with("ch") || one.ends_with("sh") => format!("{count} {one}es"),
        _ => format!("{count} {one}s"),
    }
}

/// Fields that end in NUL.
fn fields(output: &[u8]) -> impl Iterator<Item = &OsStr> {
    output.split(|&byte| byte == 0).filter(|field| !field.is_empty()).map(OsStr::from_bytes)
}
