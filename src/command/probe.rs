//! The one place where `doctor` starts processes: bounded in time, without a terminal.
//!
//! In: a program, its words and environment. Out: its status and what it wrote. It refuses to know
//! what the answer means.

#![expect(unsafe_code, reason = "talks to the kernel: setsid before exec, a signal to a whole group")]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// How long one probe may take.
pub const LIMIT: Duration = Duration::from_secs(5);

/// Output above this is cut off: 1 MiB.
const OUTPUT_BOUND: u64 = 1 << 20;

/// What one process did.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// `None`: it was still running at the limit and was killed.
    pub status: Option<ExitStatus>,
    pub stdout: Vec<u8>,
}

/// Runs `program` with no standard input, no terminal and its errors thrown away.
///
/// # Errors
/// It cannot be started.
#[expect(clippy::disallowed_methods, reason = "doctor asks the real shells, and only here")]
pub fn run(program: &OsStr, args: &[OsString], env: &[(&str, OsString)]) -> io::Result<Outcome> {
    let mut command = Command::new(program);
    command.args(args).envs(env.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    // An interactive shell takes the terminal's foreground group, and stops itself when it is not in
    // it; in a session of its own it finds no terminal at all.
    // SAFETY: setsid is async-signal-safe and touches no memory of ours.
    unsafe {
        command.pre_exec(|| {
            libc::setsid();
            Ok(())
        });
    }
    let mut child = command.spawn()?;
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut content = Vec::new();
            let _ = stdout.take(OUTPUT_BOUND).read_to_end(&mut content);
            let _ = sender.send(content);
        });
    }
    let stdout = receiver.recv_timeout(LIMIT);
    let status = if stdout.is_ok() { wait(&mut child) } else { None };
    if status.is_none() {
        kill_group(&child);
        let _ = child.wait();
    }
    Ok(Outcome { status, stdout: stdout.unwrap_or_default() })
}

/// The status of a child that has closed its output; it may take a moment to end.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    for _ in 0..200 {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
            Err(_) => return None,
        }
    }
    None
}

fn kill_group(child: &Child) {
    if let Ok(group) = libc::pid_t::try_from(child.id()) {
        // SAFETY: a plain system call; the child leads its own session, so the group is its own, and it
        // has not been waited for, so the number is still its.
        unsafe {
            libc::kill(-group, libc::SIGKILL);
        }
    }
}

/// A folder that only we can enter, removed with all in it when it goes out of scope.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// A new, empty folder below the system's temporary folder.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(name: &str) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("agentguard-{name}-{}-{count}", std::process::id()));
        // Fails when the name is taken, whoever took it.
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Outcome {
        run(OsStr::new("/bin/sh"), &["-c".into(), script.into()], &[("PROBE", "x y".into())]).unwrap()
    }

    #[test]
    fn output_status_and_environment_arrive() {
        let outcome = sh("printf '%s' \"$PROBE\"; echo noise >&2; exit 7");
        assert_eq!(outcome.stdout, b"x y");
        assert_eq!(outcome.status.and_then(|status| status.code()), Some(7));
    }

    #[test]
    fn a_probe_has_no_terminal() {
        assert_eq!(sh("(: </dev/tty) 2>/dev/null && echo tty").stdout, b"");
    }

    #[test]
    fn a_probe_that_hangs_is_killed() {
        let outcome = sh("echo early; sleep 60");
        assert!(outcome.status.is_none());
    }

    #[test]
    fn scratch_is_removed() {
        let scratch = Scratch::new("scratch").unwrap();
        let path = scratch.path().to_owned();
        fs::write(path.join("file"), "x").unwrap();
        drop(scratch);
        assert!(!path.exists());
    }
}
