//! The real program behind a shim, and becoming it.
//!
//! In: a program's name and PATH. Out: the first file on PATH that is not ourselves, or `execve`. It
//! refuses to run a shell to find out, to change the words or the environment of what it runs (one
//! variable apart, below), and to leave a child behind.
//!
//! **Ourselves** is decided by device and inode of the file behind the name, never by the name: a link to
//! us in any folder is skipped. `/proc/self/exe` is what we are compared with, not argv[0].
//!
//! **No loop.** A wrapper script that looks for "the next one on PATH" finds our shim again, and the shim
//! would find the wrapper again, for ever. So a script, or a link to a file of another name (another
//! shim manager, a second agentguard), is run with `AGENTGUARD_VIA=count:pid:name:path`. When we are
//! called under that name in that very process, the wrapper has made way for "the next one": we go on
//! after `path`. In another process it may as well be a program that calls its own kind (npm does, and
//! must get the same npm), so the first [`PATIENCE`] rounds start over. Nothing left behind `path` starts
//! over too. After [`ROUNDS`] rounds it is a loop and we stop. The variable only chooses among the
//! candidates of PATH, which the caller owns anyway; the judgement never looks at it.
//! A plain binary is run without it, its environment as it came.
//! Known gap: a compiled wrapper under the program's own name that searches PATH gets no such mark.
//!
//! Costs on the plain path: one `stat` for ourselves, one per folder of PATH, `access`, `readlink`, and
//! `open`/`read`/`close` of the file found; two allocations.
#![allow(unsafe_code, reason = "execve with the caller's own vectors; plain system calls without copies")]

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::ptr;

/// How often a wrapper may come back to us before it counts as a loop.
pub const ROUNDS: u32 = 16;

/// How often another process under a wrapper may call the wrapper's name and get the wrapper.
const PATIENCE: u32 = 3;

/// The variable that a wrapper is run with.
pub const VIA: &str = "AGENTGUARD_VIA";

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// As PATH spells it; `./name` for an empty element.
    pub path: CString,
    /// `AGENTGUARD_VIA=…` to run it with, where it may call its own name.
    via: Option<CString>,
}

/// Why nothing was found.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// PATH holds no such program but us.
    NotFound,
    /// PATH holds such files, and none of them may be executed.
    NotExecutable,
    /// A wrapper calls itself through us again and again.
    Loop,
    /// It cannot be told which file we are (no `/proc`), so we might run ourselves.
    Unidentified,
}

/// Device and inode.
type Identity = (libc::dev_t, libc::ino_t);

/// Finds `name` on `path` (the value of PATH, if it is set). `via` is the value of [`VIA`], if it is set.
///
/// # Errors
/// Says why there is nothing to run.
pub fn find(name: &OsStr, path: Option<&OsStr>, via: Option<&OsStr>) -> Result<Program, Missing> {
    let ourselves = ourselves().ok_or(Missing::Unidentified)?;
    let standard;
    let path = if let Some(path) = path {
        path.as_bytes()
    } else {
        standard = standard_path();
        standard.as_slice()
    };
    let round = Round::read(via, name);
    if round.as_ref().is_some_and(|round| round.count >= ROUNDS) {
        return Err(Missing::Loop);
    }
    let search = Search { name: name.as_bytes(), path, ourselves };
    let skips = |round: &&Round| round.count >= PATIENCE || round.pid == std::process::id();
    let after = round.as_ref().filter(skips).map(|round| round.path);
    let found = match search.first(after) {
        Err(_) if after.is_some() => search.first(None)?,
        found => found?,
    };
    let via = may_call_itself(&found, name).then(|| {
        let count = round.as_ref().map_or(1, |round| round.count + 1);
        let start = format!("{VIA}={count}:{}:", std::process::id());
        let value = [start.as_bytes(), name.as_bytes(), b":", found.to_bytes()].concat();
        CString::new(value).ok()
    });
    Ok(Program { path: found, via: via.flatten() })
}

/// One earlier round of the same name, as [`VIA`] tells it.
struct Round<'a> {
    count: u32,
    /// Of the process that became the wrapper.
    pid: u32,
    path: &'a [u8],
}

impl<'a> Round<'a> {
    fn read(via: Option<&'a OsStr>, name: &OsStr) -> Option<Self> {
        let mut parts = via?.as_bytes().splitn(4, |&byte| byte == b':');
        let mut number = || std::str::from_utf8(parts.next()?).ok()?.parse().ok();
        let (count, pid) = (number()?, number()?);
        let same = parts.next()? == name.as_bytes();
        let path = parts.next()?;
        same.then_some(Self { count, pid, path })
    }
}

struct Search<'a> {
    name: &'a [u8],
    path: &'a [u8],
    ourselves: Identity,
}

impl Search<'_> {
    /// The first candidate; with `after`, the first one behind that path.
    fn first(&self, after: Option<&[u8]>) -> Result<CString, Missing> {
        let mut refused = false;
        let mut skipping = after.is_some();
        let mut candidate = Vec::with_capacity(256);
        for folder in self.path.split(|&byte| byte == b':') {
            candidate.clear();
            candidate.extend_from_slice(if folder.is_empty() { b"." } else { folder });
            candidate.push(b'/');
            candidate.extend_from_slice(self.name);
            if skipping {
                // Not only a candidate: `after` may be ourselves, where a second agentguard ran us.
                skipping = after != Some(&candidate);
                continue;
            }
            candidate.push(0);
            // PATH and the name come from C strings; a NUL in the middle is nobody's file.
            let Ok(file) = CStr::from_bytes_with_nul(&candidate) else { continue };
            match self.look(file) {
                Look::Nothing => {}
                Look::NotExecutable => refused = true,
                Look::Program => return Ok(file.to_owned()),
            }
        }
        Err(if refused { Missing::NotExecutable } else { Missing::NotFound })
    }

    fn look(&self, file: &CStr) -> Look {
        let Some(stat) = stat(file) else { return Look::Nothing };
        if stat.st_mode & libc::S_IFMT != libc::S_IFREG || (stat.st_dev, stat.st_ino) == self.ourselves {
            return Look::Nothing;
        }
        // SAFETY: a valid C string that outlives the call.
        match unsafe { libc::access(file.as_ptr(), libc::X_OK) } {
            0 => Look::Program,
            _ => Look::NotExecutable,
        }
    }
}

enum Look {
    Nothing,
    NotExecutable,
    Program,
}

/// The file that this process runs.
fn ourselves() -> Option<Identity> {
    #[cfg(target_os = "linux")]
    if let Some(stat) = stat(c"/proc/self/exe") {
        return Some((stat.st_dev, stat.st_ino));
    }
    // Without /proc: the path that the kernel was given to execute.
    let path = std::env::current_exe().ok()?;
    let stat = stat(&CString::new(path.as_os_str().as_bytes()).ok()?)?;
    Some((stat.st_dev, stat.st_ino))
}

fn stat(file: &CStr) -> Option<libc::stat> {
    let mut stat = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: a valid C string and a buffer of the right size; it is read only when the call filled it.
    unsafe { (libc::stat(file.as_ptr(), stat.as_mut_ptr()) == 0).then(|| stat.assume_init()) }
}

/// The system's own PATH, for when none is set.
fn standard_path() -> Vec<u8> {
    let mut buffer = vec![0_u8; 256];
    // SAFETY: the buffer has the length that is said and outlives the call.
    let length = unsafe { libc::confstr(libc::_CS_PATH, buffer.as_mut_ptr().cast(), buffer.len()) };
    match length {
        // The length counts the NUL byte at the end.
        1..=256 => buffer.truncate(length - 1),
        _ => buffer = b"/bin:/usr/bin".to_vec(),
    }
    buffer
}

/// True for a script, and for a link to a file of another name.
fn may_call_itself(file: &CStr, name: &OsStr) -> bool {
    let mut target = [0_u8; 1024];
    // SAFETY: a valid C string; the kernel writes at most the buffer's length; both outlive the call.
    let length = unsafe { libc::readlink(file.as_ptr(), target.as_mut_ptr().cast(), target.len()) };
    if let Ok(length) = usize::try_from(length) {
        let last = target[..length].rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        // `git` -> `git-2.45`, `psql` -> `../share/wrapper`; the alternatives' chain keeps the name.
        if last != name.as_bytes() {
            return true;
        }
    }
    let mut start = [0_u8; 2];
    // Closed before anything can be executed: on musl O_CLOEXEC would cost another call.
    // SAFETY: a valid C string; at most two bytes are written to a buffer of two; the descriptor is ours.
    unsafe {
        let fd = libc::open(file.as_ptr(), libc::O_RDONLY | libc::O_NONBLOCK);
        if fd < 0 {
            return false;
        }
        let count = libc::read(fd, start.as_mut_ptr().cast(), start.len());
        libc::close(fd);
        // Without `#!` and without a binary's mark a shell runs it: it may call anything as well.
        count > 0 && !matches!(&start, b"\x7fE" | b"\xcf\xfa" | b"\xca\xfe" | b"\xfe\xed")
    }
}

/// Becomes the program. Returns only when that failed, and then nothing has changed.
///
/// argv[0] stays as the caller gave it, unless it is a path (ours): then it is the program's.
///
/// # Safety
/// `argv` is a NULL-ended vector of C strings as `main` gets it.
#[must_use]
pub unsafe fn exec(program: &Program, argv: *const *const libc::c_char) -> io::Error {
    // SAFETY: by this function's contract; read before anything is changed.
    let words = unsafe { vector(argv) };
    // SAFETY: the environment as libc keeps it; this process has no other thread that changes it.
    let mut environment = unsafe { vector(environ.cast_const()) };
    // SAFETY: every pointer of both vectors is a C string.
    let ours = |entry: &*const libc::c_char| {
        unsafe { CStr::from_ptr(*entry) }.to_bytes().starts_with(b"AGENTGUARD_VIA=")
    };
    environment.retain(|entry| !ours(entry));
    environment.extend(program.via.as_ref().map(|via| via.as_ptr()));
    environment.push(ptr::null());

    let mut argv = Vec::with_capacity(words.len() + 2);
    // SAFETY: as above.
    let is_path =
        words.first().is_none_or(|first| unsafe { CStr::from_ptr(*first) }.to_bytes().contains(&b'/'));
    argv.push(if is_path { program.path.as_ptr() } else { words[0] });
    argv.extend(words.iter().skip(1));
    argv.push(ptr::null());
    // SAFETY: a C string and two NULL-ended vectors of C strings that outlive the call.
    unsafe { libc::execve(program.path.as_ptr(), argv.as_ptr(), environment.as_ptr()) };
    let error = io::Error::last_os_error();
    if error.raw_os_error() != Some(libc::ENOEXEC) {
        return error;
    }
    // A script without `#!`: POSIX has execvp run it by a shell.
    let shell = c"/bin/sh";
    argv.insert(0, shell.as_ptr());
    argv[1] = program.path.as_ptr();
    // SAFETY: as above.
    unsafe { libc::execve(shell.as_ptr(), argv.as_ptr(), environment.as_ptr()) };
    io::Error::last_os_error()
}

unsafe extern "C" {
    static mut environ: *mut *const libc::c_char;
}

/// The pointers of a NULL-ended vector, without the end.
///
/// # Safety
/// `from` is NULL or such a vector.
unsafe fn vector(from: *const *const libc::c_char) -> Vec<*const libc::c_char> {
    let mut length = 0;
    // SAFETY: by this function's contract every element up to the first NULL may be read.
    unsafe {
        while !from.is_null() && !(*from.add(length)).is_null() {
            length += 1;
        }
        // Room for the variable and the end.
        let mut found = Vec::with_capacity(length + 2);
        if length > 0 {
            found.extend_from_slice(std::slice::from_raw_parts(from, length));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::{Path, PathBuf};

    use super::*;

    /// A throw-away folder with a few folders on PATH.
    struct World(PathBuf);

    impl World {
        fn new(name: &str) -> Self {
            let root = std::env::temp_dir().join(format!("agentguard-find-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&root);
            for folder in ["shims", "a", "b", "c"] {
                fs::create_dir_all(root.join(folder)).unwrap();
            }
            symlink("/proc/self/exe", root.join("shims/tool")).unwrap();
            Self(root)
        }

        fn file(&self, path: &str, content: &str, mode: u32) -> &Self {
            fs::write(self.0.join(path), content).unwrap();
            fs::set_permissions(self.0.join(path), fs::Permissions::from_mode(mode)).unwrap();
            self
        }

        /// `shims:a:b` as a PATH.
        fn path(&self, folders: &str) -> String {
            folders
                .split(':')
                .map(|folder| self.0.join(folder).display().to_string())
                .collect::<Vec<_>>()
                .join(":")
        }

        fn find(&self, folders: &str, via: Option<&str>) -> Result<Program, Missing> {
            find(OsStr::new("tool"), Some(OsStr::new(&self.path(folders))), via.map(OsStr::new))
        }

        /// What was found, against the folder.
        fn found(&self, folders: &str, via: Option<&str>) -> String {
            let program = self.find(folders, via).unwrap();
            let path = Path::new(OsStr::from_bytes(program.path.to_bytes())).to_owned();
            path.strip_prefix(&self.0).unwrap().display().to_string()
        }
    }

    impl Drop for World {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const BINARY: &str = "\u{7f}ELF";

    #[test]
    fn the_first_that_is_not_us() {
        let world = World::new("first");
        assert_eq!(world.find("shims:a:b", None), Err(Missing::NotFound));
        world.file("b/tool", BINARY, 0o755);
        assert_eq!(world.found("shims:a:b", None), "b/tool");
        assert_eq!(world.find("shims:a:b", None).unwrap().via, None);
        // A second link to us, before the real one.
        symlink(world.0.join("shims/tool"), world.0.join("a/tool")).unwrap();
        assert_eq!(world.found("shims:a:b", None), "b/tool");
        // Neither a folder nor a file that may not be executed.
        fs::remove_file(world.0.join("a/tool")).unwrap();
        fs::create_dir(world.0.join("a/tool")).unwrap();
        world.file("c/tool", BINARY, 0o644);
        assert_eq!(world.found("a:c:shims:b", None), "b/tool");
        assert_eq!(world.find("a:c", None), Err(Missing::NotExecutable));
        assert_eq!(world.find("a:nowhere", None), Err(Missing::NotFound));
    }

    #[test]
    fn a_wrapper_does_not_come_back_to_itself() {
        let world = World::new("wrapper");
        world.file("a/tool", "#!/bin/sh\n", 0o755).file("b/tool", BINARY, 0o755);
        let wrapper = world.find("shims:a:b", None).unwrap();
        let via = wrapper.via.clone().unwrap();
        let via = via.to_str().unwrap().strip_prefix("AGENTGUARD_VIA=").unwrap().to_owned();
        assert_eq!(via, format!("1:{}:tool:{}", std::process::id(), world.0.join("a/tool").display()));
        assert_eq!(world.found("shims:a:b", Some(&via)), "b/tool");
        assert_eq!(world.find("shims:a:b", Some(&via)).unwrap().via, None);
        // The wrapper took itself off PATH, or another program's round: nothing to skip.
        assert_eq!(world.found("shims:b", Some(&via)), "b/tool");
        assert_eq!(world.found("shims:a:b", Some(&via.replace(":tool:", ":other:"))), "a/tool");
        // Another process below the wrapper: the same program as it got, but not for ever.
        let own = format!("1:{}:", std::process::id());
        assert_eq!(world.found("shims:a:b", Some(&via.replace(&own, "1:1:"))), "a/tool");
        assert_eq!(world.found("shims:a:b", Some(&via.replace(&own, "3:1:"))), "b/tool");
        // Nothing behind it: again from the start, counted, and not for ever.
        let again = world.find("shims:a", Some(&via)).unwrap();
        assert!(again.via.unwrap().to_str().unwrap().starts_with("AGENTGUARD_VIA=2:"));
        let last = via.replace(&own, &format!("{ROUNDS}:1:"));
        assert_eq!(world.find("shims:a", Some(&last)), Err(Missing::Loop));
        // Nonsense in it changes nothing.
        for nonsense in ["", ":", "x:1:tool:/a", "1:1:tool", "-1:1:tool:/a", "1::tool:/a"] {
            assert_eq!(world.found("shims:a:b", Some(nonsense)), "a/tool", "{nonsense}");
        }
    }

    #[test]
    fn a_link_to_another_name_is_marked_too() {
        let world = World::new("link");
        world.file("b/manager", BINARY, 0o755).file("c/tool", BINARY, 0o755);
        symlink("../b/manager", world.0.join("a/tool")).unwrap();
        assert!(world.find("shims:a:c", None).unwrap().via.is_some());
        symlink("../c/tool", world.0.join("b/tool")).unwrap();
        assert!(world.find("shims:b:c", None).unwrap().via.is_none());
    }

    #[test]
    fn two_guards_do_not_play_ping_pong() {
        // The other guard found our shim, marked it as a link to another name, and became us.
        let world = World::new("guards");
        world.file("a/tool", BINARY, 0o755).file("b/tool", BINARY, 0o755);
        let via = format!("1:{}:tool:{}", std::process::id(), world.0.join("shims/tool").display());
        assert_eq!(world.found("a:shims:b", Some(&via)), "b/tool");
    }

    #[test]
    fn path_as_execvp_reads_it() {
        assert!(standard_path().starts_with(b"/"));
        let sh = find(OsStr::new("sh"), None, None).unwrap();
        assert!(sh.path.to_bytes().ends_with(b"/sh"));
        // An empty element is the working folder, which is the package's here.
        let here = find(OsStr::new("Cargo.toml"), Some(OsStr::new("/nowhere:")), None);
        assert_eq!(here, Err(Missing::NotExecutable));
    }
}
