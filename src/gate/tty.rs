//! The controlling terminal: is it ours to talk on, one answer from it, and its mode put back.
//!
//! In: text to show and a deadline. Out: what was typed. It refuses to touch standard input: that is
//! the program's, and it may be another terminal or a pipe full of data.
//!
//! crossterm is not used here, although it reads keys with a time limit: where standard input is a
//! terminal it reads *that* one, whichever it is (`file_descriptor.rs`, `tty_fd`), it keeps what was
//! typed after the answer in a global buffer that is lost with `execve`, and it leaves a SIGWINCH
//! handler behind. The kernel's own line editing needs none of that.
#![expect(clippy::disallowed_methods, reason = "a person's answer has a time limit")]
#![allow(unsafe_code, reason = "talks to the terminal driver")]

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

/// What came from the terminal.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A line that was ended by Enter, without it.
    Line(String),
    /// Ctrl-C, Ctrl-D, Ctrl-\, a signal, or an end of the terminal.
    Broken,
    /// Nothing complete before the deadline.
    TimedOut,
}

/// The controlling terminal while this process's group is in its foreground.
#[derive(Debug)]
pub struct Terminal {
    file: File,
}

/// True when there is a controlling terminal and this process's group is in its foreground.
#[must_use]
pub fn has_foreground() -> bool {
    Terminal::open().is_some()
}

impl Terminal {
    /// The terminal, when it is ours to read from: reading from the background stops the whole group
    /// (SIGTTIN), which under an agent that keeps its terminal is a hang.
    #[must_use]
    pub fn open() -> Option<Self> {
        // O_NONBLOCK: opening must not wait for a carrier; O_NOCTTY: it must not become ours by this.
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_CLOEXEC | libc::O_NOCTTY | libc::O_NONBLOCK)
            .open("/dev/tty")
            .ok()?;
        let terminal = Self { file };
        terminal.in_foreground().then_some(terminal)
    }

    fn in_foreground(&self) -> bool {
        // SAFETY: both calls take no pointers.
        let (front, own) = unsafe { (libc::tcgetpgrp(self.file.as_raw_fd()), libc::getpgrp()) };
        front > 0 && front == own
    }

    /// Shows `text` and reads one line until `deadline`. What was typed before the text was shown is
    /// thrown away; what is typed after the line stays for the program.
    ///
    /// # Errors
    /// When the terminal cannot be written to or its mode not be set.
    pub fn ask(&mut self, text: &str, deadline: Instant) -> io::Result<Typed> {
        let _signals = Signals::watch();
        let mode = Mode::set(&self.file)?;
        self.say(text, deadline)?;
        let typed = self.line(deadline);
        drop(mode);
        if !matches!(typed, Typed::Line(_)) {
            self.say("\n", Instant::now() + Duration::from_millis(100))?;
        }
        Ok(typed)
    }

    /// Writes all of `text`; a terminal that is held with Ctrl-S is waited for until the deadline.
    fn say(&mut self, text: &str, deadline: Instant) -> io::Result<()> {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !self.wait(libc::POLLOUT, deadline) {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn line(&mut self, deadline: Instant) -> Typed {
        loop {
            if !self.wait(libc::POLLIN, deadline) {
                return if Instant::now() >= deadline { Typed::TimedOut } else { Typed::Broken };
            }
            if !self.in_foreground() {
                return Typed::Broken;
            }
            // A terminal in line mode gives one line at a time, and at most this much.
            let mut buffer = [0_u8; 4096];
            // SAFETY: the kernel writes at most the buffer's length to a buffer that outlives the call.
            let count =
                unsafe { libc::read(self.file.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
            let Ok(count) = usize::try_from(count) else {
                let error = io::Error::last_os_error();
                if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) {
                    continue;
                }
                return Typed::Broken;
            };
            // Ctrl-D ends a line without Enter, as Ctrl-C and Ctrl-\ do in this mode.
            return match buffer[..count].strip_suffix(b"\n") {
                Some(line) => Typed::Line(String::from_utf8_lossy(line).into_owned()),
                None => Typed::Broken,
            };
        }
    }

    /// Waits for the terminal; false at the deadline, on a signal, and when the terminal is gone.
    fn wait(&self, events: libc::c_short, deadline: Instant) -> bool {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || Signals::seen() || !self.in_foreground() {
                return false;
            }
            // Slices, because a signal may come between the look and the wait.
            let slice = left.min(Duration::from_millis(200)).as_millis();
            let mut poll = libc::pollfd { fd: self.file.as_raw_fd(), events, revents: 0 };
            let slice = libc::c_int::try_from(slice).unwrap_or(200).max(1);
            // SAFETY: one valid pollfd that outlives the call.
            let ready = unsafe { libc::poll(&raw mut poll, 1, slice) };
            if ready > 0 {
                return poll.revents & events != 0;
            }
        }
    }
}

/// The terminal's mode for one question; the former one is back when this is dropped.
struct Mode {
    fd: libc::c_int,
    former: libc::termios,
}

impl Mode {
    /// Line mode with echo, in which Ctrl-C and Ctrl-\ end the line instead of killing the whole job:
    /// a refused command must end with our status, and the caller's script must see that.
    fn set(file: &File) -> io::Result<Self> {
        let fd = file.as_raw_fd();
        let mut former = MaybeUninit::<libc::termios>::uninit();
        // SAFETY: the kernel fills the structure when it returns 0; it is read only then.
        let former = unsafe {
            if libc::tcgetattr(fd, former.as_mut_ptr()) != 0 {
                return Err(io::Error::last_os_error());
            }
            former.assume_init()
        };
        let mut mode = former;
        mode.c_lflag |= libc::ICANON | libc::ECHO | libc::ECHOE | libc::ECHOK | libc::IEXTEN;
        mode.c_lflag &= !(libc::ISIG | libc::ECHONL | libc::NOFLSH);
        mode.c_iflag |= libc::ICRNL;
        mode.c_iflag &= !(libc::INLCR | libc::IGNCR | libc::ISTRIP);
        mode.c_oflag |= libc::OPOST | libc::ONLCR;
        mode.c_cc[libc::VEOF] = CTRL_D;
        mode.c_cc[libc::VEOL] = CTRL_C;
        mode.c_cc[libc::VEOL2] = CTRL_BACKSLASH;
        let mode_set = Self { fd, former };
        // SAFETY: a valid structure that outlives the call. TCSAFLUSH also throws away type-ahead.
        if unsafe { libc::tcsetattr(fd, libc::TCSAFLUSH, &raw const mode) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(mode_set)
    }
}

impl Drop for Mode {
    fn drop(&mut self) {
        // SAFETY: a valid structure that outlives the call; the file outlives this value. From the
        // background this would stop the process (SIGTTOU); `Signals` blocks that.
        unsafe { libc::tcsetattr(self.fd, libc::TCSANOW, &raw const self.former) };
    }
}

const CTRL_C: libc::cc_t = 3;
const CTRL_D: libc::cc_t = 4;
const CTRL_BACKSLASH: libc::cc_t = 28;

/// The first deadly signal that came during a question, or 0.
static SEEN: AtomicI32 = AtomicI32::new(0);

/// Signals that end a question instead of the process, so that the terminal's mode is put back.
struct Signals {
    former: Vec<(libc::c_int, libc::sigaction)>,
    mask: Option<libc::sigset_t>,
}

extern "C" fn note(signal: libc::c_int) {
    SEEN.store(signal, Ordering::SeqCst);
}

impl Signals {
    fn watch() -> Self {
        SEEN.store(0, Ordering::SeqCst);
        let mut former = Vec::new();
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
            // SAFETY: zeroed bytes are a valid sigaction; the handler only stores to an atomic; both
            // structures outlive the calls.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                let mut before: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = note as extern "C" fn(libc::c_int) as libc::sighandler_t;
                libc::sigemptyset(&raw mut action.sa_mask);
                if libc::sigaction(signal, std::ptr::null(), &raw mut before) != 0 {
                    continue;
                }
                // What the caller ignores (nohup) stays ignored.
                if before.sa_sigaction != libc::SIG_IGN
                    && libc::sigaction(signal, &raw const action, std::ptr::null_mut()) == 0
                {
                    former.push((signal, before));
                }
            }
        }
        Self { former, mask: Self::block() }
    }

    /// Job control must not stop us while the terminal is in our mode.
    fn block() -> Option<libc::sigset_t> {
        // SAFETY: zeroed bytes are a valid sigset_t to initialise; all sets outlive the calls.
        unsafe {
            let mut set: libc::sigset_t = std::mem::zeroed();
            let mut before: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut set);
            for signal in [libc::SIGTTIN, libc::SIGTTOU, libc::SIGTSTP] {
                libc::sigaddset(&raw mut set, signal);
            }
            (libc::sigprocmask(libc::SIG_BLOCK, &raw const set, &raw mut before) == 0).then_some(before)
        }
    }

    fn seen() -> bool {
        SEEN.load(Ordering::SeqCst) != 0
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for (signal, before) in &self.former {
            // SAFETY: a structure that the kernel gave and that outlives the call.
            unsafe { libc::sigaction(*signal, std::ptr::from_ref(before), std::ptr::null_mut()) };
        }
        if let Some(mask) = &self.mask {
            // SAFETY: a set that the kernel gave and that outlives the call.
            unsafe { libc::sigprocmask(libc::SIG_SETMASK, std::ptr::from_ref(mask), std::ptr::null_mut()) };
        }
    }
}
