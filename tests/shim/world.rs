//! A throw-away world: a home, a shim folder first on PATH, a working folder.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use agentguard::context::{Context, Door};
use agentguard::grammar::registry;

/// Who calls the shim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Marked, without a terminal.
    Agent,
    /// No mark, no terminal.
    Unattended,
}

/// What came of a call.
#[derive(Debug)]
pub struct Outcome {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Fails unless the call was refused, with a text that says so.
    #[track_caller]
    pub fn refused(&self) -> &Self {
        assert_eq!(self.status, 126, "{self:?}");
        assert!(self.stderr.contains("agentguard: refused"), "{self:?}");
        assert!(self.stdout.is_empty(), "{self:?}");
        self
    }

    /// Fails unless the real program ran and said that all is well.
    #[track_caller]
    pub fn ran(&self) -> &Self {
        assert_eq!(self.status, 0, "{self:?}");
        assert!(!self.stderr.contains("agentguard"), "{self:?}");
        self
    }
}

pub struct World {
    pub root: PathBuf,
}

/// Where worlds stand: not below a temporary folder, because what lies there may go.
fn base() -> PathBuf {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let temporary =
        [PathBuf::from("/tmp"), PathBuf::from("/var/tmp"), PathBuf::from("/dev/shm"), std::env::temp_dir()];
    if !temporary.iter().any(|folder| target.starts_with(folder)) {
        return target;
    }
    let account =
        Context::new(Door::Check).account().expect("an entry in the password database").home.clone();
    account.join("agentguard-tests")
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl World {
    /// A new world with an empty working folder below its own home.
    pub fn new() -> Self {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let base = base();
        let root = base.join(format!("world-{}-{count}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        for folder in ["home/work", "shims"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for program in registry::shimmed() {
            symlink(env!("CARGO_BIN_EXE_agentguard"), root.join("shims").join(program)).unwrap();
        }
        Self { root: fs::canonicalize(root).unwrap() }
    }

    pub fn work(&self) -> PathBuf {
        self.root.join("home/work")
    }

    pub fn path(&self) -> String {
        format!("{}:{}", self.root.join("shims").display(), std::env::var("PATH").unwrap())
    }

    /// Writes a file below the working folder.
    pub fn file(&self, name: &str, content: &str) -> &Self {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub fn exists(&self, name: &str) -> bool {
        fs::symlink_metadata(self.work().join(name)).is_ok()
    }

    /// A command in this world, without a terminal, without any agent's mark.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.work()).env("HOME", self.root.join("home")).env("PATH", self.path());
        for name in
            ["CLAUDECODE", "CLAUDE_CODE_CHILD_SESSION", "AI_AGENT", "XDG_CONFIG_HOME", "TMPDIR", "PGHOST"]
        {
            command.env_remove(name);
        }
        command.env("XDG_STATE_HOME", self.root.join("state"));
        command.env("GIT_CONFIG_GLOBAL", self.root.join("gitconfig")).env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    /// Runs a shell line through the shims.
    pub fn line(&self, line: &str, caller: Caller) -> Outcome {
        self.shell("sh", line, caller)
    }

    /// The same in the named shell.
    pub fn shell(&self, shell: &str, line: &str, caller: Caller) -> Outcome {
        let mut command = self.command(shell);
        command.args(["-c", line]);
        finish(command, caller, b"")
    }

    /// The real program without us, for comparison.
    pub fn real(&self, line: &str) -> Outcome {
        let mut command = self.command("sh");
        command.env("PATH", std::env::var("PATH").unwrap()).args(["-c", line]);
        finish(command, Caller::Unattended, b"")
    }

    /// The real git, to build the world with.
    pub fn git(&self, words: &[&str]) -> &Self {
        let mut command = self.command("git");
        command.env("PATH", std::env::var("PATH").unwrap());
        command.args(["-c", "user.name=t", "-c", "user.email=t@example.com"]).args(words);
        let outcome = finish(command, Caller::Unattended, b"");
        assert_eq!(outcome.status, 0, "git {words:?}: {outcome:?}");
        self
    }

    /// Every record of the log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.root.join("state/agentguard/audit.jsonl")).unwrap_or_default()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
        // The last one to go takes the folder along.
        let _ = self.root.parent().map(fs::remove_dir);
    }
}

#[expect(unsafe_code, reason = "setsid between fork and exec")]
/// Runs a command in a session of its own, so that no terminal is in reach.
pub fn finish(mut command: Command, caller: Caller, input: &[u8]) -> Outcome {
    if caller == Caller::Agent {
        command.env("CLAUDECODE", "1");
    }
    command.stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    // SAFETY: setsid is async-signal-safe.
    unsafe {
        command.pre_exec(|| {
            libc::setsid();
            Ok(())
        });
    }
    let mut child = command.spawn().unwrap();
    if let Some(mut pipe) = child.stdin.take() {
        let _ = pipe.write_all(input);
    }
    let mut stdout = Vec::new();
    let mut stderr = Vec::new();
    let mut errors = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let _ = errors.read_to_end(&mut stderr);
        stderr
    });
    child.stdout.take().unwrap().read_to_end(&mut stdout).unwrap();
    let stderr = reader.join().unwrap();
    let status = child.wait().unwrap();
    Outcome {
        status: status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// All files below a folder with their content, to see that nothing changed.
pub fn snapshot(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else {
                found.push((entry.path(), fs::read(entry.path()).unwrap_or_default()));
            }
        }
    }
    found.sort();
    found
}
