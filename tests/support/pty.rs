//! A program on a pseudo-terminal of its own, driven as a person would.

#![expect(unsafe_code, reason = "a terminal is made with the kernel's own calls")]
#![allow(dead_code, reason = "each test binary uses its part of it")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Nothing here takes longer; a test that gets here hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the program's standard input is.
pub enum Input {
    Terminal,
    /// A pipe that holds this and ends.
    Pipe(&'static [u8]),
}

/// A terminal and the session on it.
pub struct Session {
    child: Child,
    master: File,
    /// Kept open, so that the mode can be looked at after the program's end.
    slave: OwnedFd,
    before: Mode,
    shown: String,
}

/// The terminal's settings that a program must leave as they were.
#[derive(Debug, PartialEq, Eq)]
pub struct Mode {
    flags: [libc::tcflag_t; 4],
    keys: Vec<libc::cc_t>,
}

impl Session {
    /// Starts `command` as the leader of a session on a new terminal. Standard output is a pipe, so
    /// that what the program writes and what the terminal shows are not mixed; standard error is the
    /// terminal.
    pub fn start(command: &mut Command, input: &Input) -> Self {
        let (master, slave) = open();
        let before = mode(&slave);
        let slave_fd = slave.as_raw_fd();
        command.stdout(Stdio::piped()).stderr(Stdio::from(slave.try_clone().unwrap()));
        command.stdin(match input {
            Input::Terminal => Stdio::from(slave.try_clone().unwrap()),
            Input::Pipe(_) => Stdio::piped(),
        });
        // SAFETY: only async-signal-safe calls between fork and exec.
        unsafe {
            command.pre_exec(move || {
                if libc::setsid() < 0 || libc::ioctl(slave_fd, libc::TIOCSCTTY, 0) != 0 {
                    return Err(io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let mut child = command.spawn().unwrap();
        if let Input::Pipe(bytes) = input {
            child.stdin.take().unwrap().write_all(bytes).unwrap();
        }
        Self { child, master, slave, before, shown: String::new() }
    }

    /// Waits until the terminal shows `text`.
    pub fn expect(&mut self, text: &str) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        while !self.shown.contains(text) {
            assert!(Instant::now() < deadline, "{text:?} never came: {:?}", self.shown);
            self.read(Duration::from_millis(100));
        }
        self
    }

    /// Types, as a person would: the terminal turns control characters into what they mean.
    pub fn type_in(&mut self, keys: &str) -> &mut Self {
        self.master.write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Sends a signal to the session's leader.
    pub fn signal(&mut self, signal: libc::c_int) -> &mut Self {
        let pid = libc::pid_t::try_from(self.child.id()).unwrap();
        // SAFETY: no pointers; the child was not waited for yet.
        unsafe { libc::kill(pid, signal) };
        self
    }

    /// Waits for the end: the status, what the program wrote, what the terminal showed. The terminal's
    /// mode must be the one from before.
    pub fn end(mut self) -> (ExitStatus, String, String) {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            self.read(Duration::from_millis(20));
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > deadline => {
                    let _ = self.child.kill();
                    panic!("it hangs: {:?}", self.shown);
                }
                None => {}
            }
        };
        self.read(Duration::from_millis(20));
        let mut written = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut written).unwrap();
        assert_eq!(mode(&self.slave), self.before, "the terminal's mode was not put back");
        (status, written, self.shown)
    }

    fn read(&mut self, patience: Duration) {
        let mut poll = libc::pollfd { fd: self.master.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let millis = libc::c_int::try_from(patience.as_millis()).unwrap();
        // SAFETY: one valid pollfd that outlives the call.
        if unsafe { libc::poll(&raw mut poll, 1, millis) } > 0 {
            let mut buffer = [0; 4096];
            let count = self.master.read(&mut buffer).unwrap_or(0);
            self.shown.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    }
}

fn open() -> (File, OwnedFd) {
    let (mut master, mut slave) = (0, 0);
    // SAFETY: two valid out-pointers; the descriptors that come back are ours.
    unsafe {
        let status = libc::openpty(
            &raw mut master,
            &raw mut slave,
            std::ptr::null_mut(),
            std::ptr::null(),
            std::ptr::null(),
        );
        assert_eq!(status, 0);
        libc::fcntl(master, libc::F_SETFD, libc::FD_CLOEXEC);
        libc::fcntl(slave, libc::F_SETFD, libc::FD_CLOEXEC);
        (File::from_raw_fd(master), OwnedFd::from_raw_fd(slave))
    }
}

fn mode(terminal: &OwnedFd) -> Mode {
    // SAFETY: zeroed bytes are a valid termios to be filled.
    let mode = unsafe {
        let mut mode: libc::termios = std::mem::zeroed();
        assert_eq!(libc::tcgetattr(terminal.as_raw_fd(), &raw mut mode), 0);
        mode
    };
    Mode { flags: [mode.c_iflag, mode.c_oflag, mode.c_cflag, mode.c_lflag], keys: mode.c_cc.to_vec() }
}
