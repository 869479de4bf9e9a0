//! The one way measuring starts a process: read-only helpers, bounded in time, nothing inherited
//! but the environment.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a helper printed.
#[derive(Debug)]
pub struct Answer {
    pub status: Option<i32>,
    pub stdout: Vec<u8>,
    /// It was stopped at the bound; `stdout` is what it had printed by then.
    pub cut: bool,
}

/// Output above this is not kept: 16 MiB.
const OUTPUT_BOUND: u64 = 16 << 20;

/// Runs `program` and takes what it prints; `None` when it cannot be started.
#[expect(clippy::disallowed_methods, reason = "measuring is one of the places that start processes")]
#[must_use]
pub fn ask(
    program: &Path,
    args: &[OsString],
    cwd: &Path,
    env: &[(&str, &OsStr)],
    budget: Duration,
) -> Option<Answer> {
    let started = Instant::now();
    let mut child = Command::new(program)
        .args(args)
        .current_dir(cwd)
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let pipe = child.stdout.take()?;
    let (stdout, cut) = drain(pipe, started, budget);
    if cut {
        let _ = child.kill();
    }
    let status = child.wait().ok().and_then(|status| status.code());
    Some(Answer { status, stdout, cut })
}

/// Reads until the end, the bound or the time is up.
#[expect(unsafe_code, reason = "poll(2) on the helper's pipe")]
fn drain(mut pipe: impl Read + std::os::fd::AsRawFd, started: Instant, budget: Duration) -> (Vec<u8>, bool) {
    let mut stdout = Vec::new();
    let mut buffer = [0; 16 << 10];
    loop {
        let left = budget.saturating_sub(started.elapsed());
        let mut wait = libc::pollfd { fd: pipe.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let milliseconds = i32::try_from(left.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: one valid pollfd that outlives the call.
        let ready = unsafe { libc::poll(&raw mut wait, 1, milliseconds) };
        if ready == 0 || stdout.len() as u64 > OUTPUT_BOUND {
            return (stdout, true);
        }
        match pipe.read(&mut buffer) {
            Ok(0) | Err(_) => return (stdout, false),
            Ok(count) => stdout.extend_from_slice(&buffer[..count]),
        }
    }
}
