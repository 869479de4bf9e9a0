//! The one door to what the operating system says: environment, folders, files, terminal,
//! processes. Read once, and only when it is asked for.
//!
//! In: the door the invocation came through. Out: answers. It refuses to judge them.

use std::cell::OnceCell;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::invocation::Stdin;

/// How the invocation reached us.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// As the program itself, by its name on PATH. Only the real world counts.
    Shim,
    /// Asked for a judgement; what does not exist is assumed to exist and to matter.
    Check,
}

/// Why a file's content could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    Missing,
    /// Not a regular file: a pipe, a device, a folder.
    Irregular,
    /// Over the bound, in bytes.
    TooLarge(u64),
    /// Anything else, as the system says it.
    Failed(String),
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => write!(out, "does not exist"),
            Self::Irregular => write!(out, "is not a regular file"),
            Self::TooLarge(bytes) => write!(out, "is larger than {bytes} bytes"),
            Self::Failed(why) => write!(out, "{why}"),
        }
    }
}

/// Content above this is not read: 64 MiB.
pub const CONTENT_BOUND: u64 = 64 << 20;

/// What is known of the surroundings of one judgement.
#[derive(Debug)]
pub struct Context {
    pub door: Door,
    cwd: OnceCell<PathBuf>,
    /// Variables given with a check, over the process's own.
    overlay: Vec<(OsString, OsString)>,
    account: OnceCell<Option<Account>>,
    stdin: OnceCell<Stdin>,
    /// How the door gets at standard input without taking it from the program.
    capture: fn() -> Stdin,
}

/// The caller's entry in the password database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub name: String,
    pub home: PathBuf,
}

impl Context {
    /// The real surroundings, nothing read yet.
    pub const fn new(door: Door) -> Self {
        Self {
            door,
            cwd: OnceCell::new(),
            overlay: Vec::new(),
            account: OnceCell::new(),
            stdin: OnceCell::new(),
            capture: || Stdin::Inherited,
        }
    }

    /// Another working folder than the process's.
    #[must_use]
    pub fn with_cwd(self, cwd: PathBuf) -> Self {
        Self { cwd: OnceCell::from(cwd), ..self }
    }

    /// The same caller, asked about a place that this machine cannot look at: what is absent here
    /// is assumed to exist there.
    pub fn elsewhere(&self) -> Self {
        Self::new(Door::Check).with_cwd(self.cwd().to_owned()).with_env(self.overlay.clone())
    }

    /// Variables that override the process's environment.
    #[must_use]
    pub fn with_env(self, overlay: Vec<(OsString, OsString)>) -> Self {
        Self { overlay, ..self }
    }

    /// Standard input as given with a check.
    #[must_use]
    pub fn with_stdin(self, stdin: Stdin) -> Self {
        Self { stdin: OnceCell::from(stdin), ..self }
    }

    /// The way the door reads standard input; called at most once, and only when it matters.
    #[must_use]
    pub fn with_capture(self, capture: fn() -> Stdin) -> Self {
        Self { capture, ..self }
    }

    /// What stands on standard input; [`Stdin::Inherited`] where this door cannot look.
    #[must_use]
    pub fn stdin(&self) -> Stdin {
        self.stdin.get_or_init(self.capture).clone()
    }

    /// True where the absent is assumed to exist and to matter.
    #[must_use]
    pub const fn assumes_existence(&self) -> bool {
        matches!(self.door, Door::Check)
    }

    /// One environment variable.
    #[must_use]
    pub fn env(&self, name: &str) -> Option<OsString> {
        if let Some((_, value)) = self.overlay.iter().rev().find(|(key, _)| key == name) {
            return Some(value.clone());
        }
        variable(name)
    }

    /// One environment variable as text.
    #[must_use]
    pub fn env_text(&self, name: &str) -> Option<String> {
        self.env(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// The working folder, as the kernel names it; `/` when it is gone.
    #[expect(clippy::disallowed_methods, reason = "the context is where the folder is read")]
    pub fn cwd(&self) -> &Path {
        self.cwd.get_or_init(|| std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")))
    }

    /// The caller's account.
    pub fn account(&self) -> Option<&Account> {
        self.account.get_or_init(account_of_caller).as_ref()
    }

    /// HOME, else the password database's folder.
    #[must_use]
    pub fn home(&self) -> Option<PathBuf> {
        match self.env("HOME") {
            Some(home) if !home.is_empty() => Some(PathBuf::from(home)),
            _ => self.account().map(|account| account.home.clone()),
        }
    }

    /// The whole content of a regular file of at most `bound` bytes.
    ///
    /// # Errors
    /// Says why it could not be read.
    pub fn read(&self, path: &Path, bound: u64) -> Result<Vec<u8>, Unreadable> {
        let metadata = fs::metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Unreadable::Missing,
            _ => Unreadable::Failed(error.to_string()),
        })?;
        if !metadata.is_file() {
            return Err(Unreadable::Irregular);
        }
        if metadata.len() > bound {
            return Err(Unreadable::TooLarge(bound));
        }
        let file = fs::File::open(path).map_err(|error| Unreadable::Failed(error.to_string()))?;
        let mut content = Vec::new();
        file.take(bound + 1)
            .read_to_end(&mut content)
            .map_err(|error| Unreadable::Failed(error.to_string()))?;
        if content.len() as u64 > bound {
            return Err(Unreadable::TooLarge(bound));
        }
        Ok(content)
    }

    /// `path` against the working folder.
    #[must_use]
    pub fn resolve(&self, cwd: &Path, path: &OsStr) -> PathBuf {
        if cwd.is_absolute() { cwd.join(path) } else { self.cwd().join(cwd).join(path) }
    }

    /// True when the caller owns the file.
    #[must_use]
    pub fn owns(&self, metadata: &fs::Metadata) -> bool {
        self.account().is_some_and(|account| account.uid == metadata.uid())
    }
}

/// One variable of the process. libc's own look-up: std's takes a lock and an allocation, which on
/// the way of every call is two page faults for nothing; this process has one thread.
#[expect(unsafe_code, reason = "getenv")]
fn variable(name: &str) -> Option<OsString> {
    let mut buffer = [0_u8; 64];
    let key = buffer.get_mut(..name.len()).filter(|_| name.len() < 64 && !name.contains('\0'))?;
    key.copy_from_slice(name.as_bytes());
    // SAFETY: the buffer ends in NUL and outlives the call; nothing here changes the environment, so
    // the value stays where it is while it is copied.
    unsafe {
        let value = libc::getenv(buffer.as_ptr().cast());
        (!value.is_null())
            .then(|| std::os::unix::ffi::OsStrExt::from_bytes(std::ffi::CStr::from_ptr(value).to_bytes()))
            .map(|value: &OsStr| value.to_owned())
    }
}

/// Reads the password database without libc's name services: they would load shared objects.
fn account_of_caller() -> Option<Account> {
    let uid = fs::metadata("/proc/self").ok()?.uid();
    let table = fs::read_to_string("/etc/passwd").ok()?;
    table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        (fields.len() >= 6 && fields[2].parse() == Ok(uid)).then(|| Account {
            uid,
            name: fields[0].to_owned(),
            home: PathBuf::from(fields[5]),
        })
    })
}
