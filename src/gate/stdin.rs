//! Standard input of a program that takes its commands from it: read for judgement, handed on whole.
//!
//! In: descriptor 0. Out: what stands on it, and a descriptor 0 from which the program reads the very
//! same bytes. It refuses to know what they mean.
//!
//! | descriptor 0 is | read | afterwards |
//! |---|---|---|
//! | a regular file | from its offset up to the bound, with `pread` | the same file at the same offset |
//! | a pipe or a socket that ends within the bound | all of it, into memory that has a descriptor | that memory, at its start |
//! | one that goes on beyond the bound | the bound | see [`Overflow`]: nothing more, until it is handed on |
//! | a terminal | nothing | untouched |
//! | `/dev/null`, closed | nothing | untouched |
//!
//! A pipe that stays open is waited for, however long it is silent: its writer has not said all that
//! the program would be told, and a verdict on half of it would be wrong. The relay comes later.
#![allow(unsafe_code, reason = "replaces descriptor 0; maps the spool to judge it without a copy")]

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;

/// What stands on standard input.
#[must_use]
#[derive(Debug)]
pub enum Captured {
    /// A terminal: its words come later, from a person.
    Terminal,
    /// `/dev/null`, closed, or an end at once.
    Empty,
    /// All of it.
    Whole(Content),
    /// More than the bound.
    TooLarge(Overflow),
    /// A folder, a device, a descriptor that cannot be read; why.
    Unreadable(String),
}

/// Bytes from standard input.
#[derive(Debug)]
pub enum Content {
    /// Out of a file.
    Read(Vec<u8>),
    /// In the spool that is now descriptor 0.
    Spooled(Spool),
}

impl std::ops::Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            Self::Spooled(spool) => spool.bytes(),
        }
    }
}

/// Standard input beyond the bound. Until it is handed on, a pipe has lost its first bytes to us: the
/// program must not be run before [`Overflow::hand_on`], while a refusal needs nothing.
#[derive(Debug)]
pub struct Overflow {
    start: Content,
}

impl Overflow {
    /// The first bytes, as many as the bound.
    #[must_use]
    pub fn start(&self) -> &[u8] {
        &self.start
    }

    /// Makes descriptor 0 whole again. For a pipe the rest goes to a file without a name in `/var/tmp`
    /// or `/tmp` (memory would have no bound), so the program starts only when the pipe has ended.
    ///
    /// # Errors
    /// When there is no room for it; then the program must not be run.
    pub fn hand_on(self) -> io::Result<()> {
        let Content::Spooled(spool) = self.start else { return Ok(()) };
        let mut file = nameless_file()?;
        io::Write::write_all(&mut file, spool.bytes())?;
        drop(spool);
        let mut rest = Input;
        io::copy(&mut rest, &mut file)?;
        replace_input(&file.into())
    }
}

/// Reads standard input up to `bound` bytes and leaves it whole for the program.
pub fn capture(bound: usize) -> Captured {
    let mut stat = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: a buffer of the right size, read only when the call filled it.
    let stat = unsafe {
        if libc::fstat(0, stat.as_mut_ptr()) != 0 {
            return Captured::Empty; // closed
        }
        stat.assume_init()
    };
    let result = match stat.st_mode & libc::S_IFMT {
        libc::S_IFREG => from_file(bound),
        libc::S_IFIFO | libc::S_IFSOCK => from_pipe(bound),
        // SAFETY: no pointers.
        libc::S_IFCHR if unsafe { libc::isatty(0) } == 1 => return Captured::Terminal,
        libc::S_IFCHR if is_null(stat.st_rdev) => return Captured::Empty,
        libc::S_IFDIR => return Captured::Unreadable("standard input is a folder".to_owned()),
        _ => return Captured::Unreadable("standard input is a device".to_owned()),
    };
    result.unwrap_or_else(|error| Captured::Unreadable(format!("standard input: {error}")))
}

#[allow(clippy::unnecessary_cast, clippy::cast_sign_loss, reason = "dev_t is 32 bits wide on macOS")]
fn is_null(device: libc::dev_t) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == device as u64)
}

fn from_file(bound: usize) -> io::Result<Captured> {
    // SAFETY: no pointers.
    let offset = unsafe { libc::lseek(0, 0, libc::SEEK_CUR) };
    if offset < 0 {
        return Err(io::Error::last_os_error());
    }
    let mut bytes: Vec<u8> = Vec::new();
    loop {
        // One byte more than the bound tells "exactly" from "more".
        let room = bound + 1 - bytes.len();
        let step = room.min(1 << 20);
        bytes.reserve(step);
        let position = offset + libc::off_t::try_from(bytes.len()).map_err(io::Error::other)?;
        // SAFETY: `reserve` made room for `step` bytes behind the vector's end.
        let count = unsafe { libc::pread(0, bytes.as_mut_ptr().add(bytes.len()).cast(), step, position) };
        match usize::try_from(count) {
            Err(_) if interrupted() => {}
            Err(_) => return Err(io::Error::last_os_error()),
            Ok(0) if bytes.is_empty() => return Ok(Captured::Empty),
            Ok(0) => return Ok(Captured::Whole(Content::Read(bytes))),
            Ok(count) => {
                // SAFETY: the kernel wrote that many bytes behind the vector's end.
                unsafe { bytes.set_len(bytes.len() + count) };
                if bytes.len() > bound {
                    bytes.truncate(bound);
                    return Ok(Captured::TooLarge(Overflow { start: Content::Read(bytes) }));
                }
            }
        }
    }
}

fn from_pipe(bound: usize) -> io::Result<Captured> {
    let mut spool = Spool::new(bound)?;
    loop {
        if spool.length == bound {
            // The spool is full: is this the end, or is there more?
            let mut more = [0_u8; 1];
            if io::Read::read(&mut Input, &mut more)? == 0 {
                break;
            }
            spool.push_last(more[0])?;
            return Ok(Captured::TooLarge(Overflow { start: Content::Spooled(spool) }));
        }
        if spool.fill()? == 0 {
            break;
        }
    }
    let empty = spool.length == 0;
    spool.hand_on()?;
    Ok(if empty { Captured::Empty } else { Captured::Whole(Content::Spooled(spool)) })
}

/// Memory that has a descriptor: read by us through its mapping, by the program through descriptor 0.
#[derive(Debug)]
pub struct Spool {
    file: OwnedFd,
    map: NonNull<u8>,
    /// Of the mapping: the bound and one byte, in whole pages; address space, not memory.
    reserved: usize,
    /// Of the file; only this much of the mapping may be touched.
    grown: usize,
    length: usize,
    bound: usize,
}

impl Spool {
    fn new(bound: usize) -> io::Result<Self> {
        let file = memory_file()?;
        let reserved = (bound + 1).next_multiple_of(1 << 16);
        // SAFETY: a fresh mapping at an address of the kernel's choice.
        let map = unsafe {
            let access = libc::PROT_READ | libc::PROT_WRITE;
            libc::mmap(std::ptr::null_mut(), reserved, access, libc::MAP_SHARED, file.as_raw_fd(), 0)
        };
        if map == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let map = NonNull::new(map.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { file, map, reserved, grown: 0, length: 0, bound })
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the first `length` bytes lie within the file and were written; the mapping lives as
        // long as this value, and nobody else has the descriptor before `execve`.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr(), self.length) }
    }

    /// Reads once from standard input into the mapping, never beyond the bound.
    fn fill(&mut self) -> io::Result<usize> {
        if self.length == self.grown {
            self.resize((self.grown * 2).max(1 << 16).min(self.reserved))?;
        }
        let room = self.grown.min(self.bound) - self.length;
        // SAFETY: `room` bytes behind `length` lie within the file and the mapping.
        let free = unsafe { std::slice::from_raw_parts_mut(self.map.as_ptr().add(self.length), room) };
        let count = io::Read::read(&mut Input, free)?;
        self.length += count;
        Ok(count)
    }

    /// One byte beyond the bound.
    fn push_last(&mut self, byte: u8) -> io::Result<()> {
        self.resize(self.reserved)?;
        // SAFETY: the mapping is one byte longer than the bound at least, and so is the file now.
        unsafe { self.map.as_ptr().add(self.length).write(byte) };
        self.length += 1;
        Ok(())
    }

    fn resize(&mut self, length: usize) -> io::Result<()> {
        let size = libc::off_t::try_from(length).map_err(io::Error::other)?;
        // SAFETY: no pointers.
        if unsafe { libc::ftruncate(self.file.as_raw_fd(), size) } != 0 {
            return Err(io::Error::last_os_error());
        }
        self.grown = length;
        Ok(())
    }

    /// Cuts the file to what was read and makes it descriptor 0.
    fn hand_on(&mut self) -> io::Result<()> {
        self.resize(self.length)?;
        replace_input(&self.file)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and nothing borrows from it any more.
        unsafe { libc::munmap(self.map.as_ptr().cast(), self.reserved) };
    }
}

/// Descriptor 0 as a reader without a buffer; waits where the descriptor itself would not.
struct Input;

impl io::Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            // SAFETY: the kernel writes at most the buffer's length to a buffer that outlives the call.
            let count = unsafe { libc::read(0, buffer.as_mut_ptr().cast(), buffer.len()) };
            if let Ok(count) = usize::try_from(count) {
                return Ok(count);
            }
            let error = io::Error::last_os_error();
            match error.kind() {
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::WouldBlock => {
                    let mut poll = libc::pollfd { fd: 0, events: libc::POLLIN, revents: 0 };
                    // SAFETY: one valid pollfd that outlives the call.
                    unsafe { libc::poll(&raw mut poll, 1, -1) };
                }
                _ => return Err(error),
            }
        }
    }
}

fn interrupted() -> bool {
    io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
}

/// Makes `file`, at its start, descriptor 0, and lets the program inherit it.
fn replace_input(file: &OwnedFd) -> io::Result<()> {
    // SAFETY: no pointers. dup2 leaves the new descriptor open across execve.
    unsafe {
        if libc::lseek(file.as_raw_fd(), 0, libc::SEEK_SET) < 0 || libc::dup2(file.as_raw_fd(), 0) < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

fn memory_file() -> io::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: a C string; the descriptor that comes back is ours.
        unsafe {
            let fd = libc::memfd_create(c"stdin".as_ptr(), libc::MFD_CLOEXEC);
            if fd >= 0 {
                return Ok(OwnedFd::from_raw_fd(fd));
            }
        }
    }
    nameless_file().map(OwnedFd::from)
}

/// A file that is gone when it is closed; only the caller can read it.
fn nameless_file() -> io::Result<File> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for template in [c"/var/tmp/agentguard-XXXXXX", c"/tmp/agentguard-XXXXXX"] {
        let mut path = template.to_bytes_with_nul().to_vec();
        // SAFETY: a writable C string that outlives the calls; the descriptor that comes back is ours.
        unsafe {
            let fd = libc::mkstemp(path.as_mut_ptr().cast());
            if fd >= 0 {
                libc::unlink(path.as_ptr().cast());
                libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
                return Ok(File::from_raw_fd(fd));
            }
        }
        last = io::Error::last_os_error();
    }
    Err(last)
}
