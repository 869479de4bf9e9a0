//! What the removal of a path would lose: the class of the place, and what stands there.
//!
//! | the path is | severity |
//! |---|---|
//! | absent (at a shim), empty, or not removable this way | none |
//! | regenerable, a cache, temporary | low |
//! | inside the project: a file; tracked and clean | low; a folder medium |
//! | inside the project: a folder with untracked or changed files; data, keys, `.env` | high |
//! | outside the project | high, a single file medium |
//! | the checkout, its `.git`, an ancestor of the working folder | critical |
//! | home, `/`, system folders, mount points | critical |
//!
//! lstat only; symlinks are never followed except where the program would (`link/`).

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use crate::assess::Severity;
use crate::context::Context;
use crate::measure::State;
use crate::measure::names;
use crate::measure::tree;

/// System folders: they and what is inside them are never a project's.
const SYSTEM: &[&str] = &[
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/usr",
    "/etc",
    "/boot",
    "/var",
    "/opt",
    "/srv",
    "/dev",
    "/proc",
    "/sys",
    "/run",
    "/root",
    "/home",
    "/Users",
    "/System",
    "/Library",
    "/Applications",
    "/private",
    "/nix",
    "/snap",
    "/mnt",
    "/media",
];

/// Where temporary files live; themselves not to be removed.
const TEMPORARY: &[&str] = &["/tmp", "/var/tmp", "/dev/shm", "/private/tmp"];

/// Caches that their owner fills again, by absolute path.
const SYSTEM_CACHES: &[&str] = &["/var/lib/apt/lists", "/var/cache", "/root/.cache"];

/// Caches below a home folder.
const HOME_CACHES: &[&str] = &[
    ".cache",
    ".npm",
    "Library/Developer/Xcode/DerivedData",
    ".npm/_npx",
    ".cargo/registry",
    ".cargo/git",
    ".gradle/caches",
    ".m2/repository",
    "go/pkg/mod",
    ".local/share/pnpm/store",
    ".pnpm-store",
    ".yarn/cache",
    "Library/Caches",
    ".nuget/packages",
    ".bun/install/cache",
    ".cargo/.package-cache",
    ".rustup/downloads",
    ".rustup/tmp",
    ".deno",
    ".node-gyp",
    ".ccache",
    ".terraform.d/plugin-cache",
];

/// A path and everything about its place that does not need a look inside.
struct Place<'a> {
    context: &'a Context,
    /// Absolute, parent resolved, last component as given.
    path: PathBuf,
    /// `None` when nothing is there.
    metadata: Option<fs::Metadata>,
    recursive: bool,
    cwd: PathBuf,
    project: tree::Project,
}

/// Looks at one operand of a removal. `raw` is absolute but otherwise as given.
#[must_use]
pub fn look(context: &Context, raw: &Path, recursive: bool, cwd: &Path) -> State {
    // A pattern that reached us unexpanded stands for what is inside its folder.
    let unexpanded =
        raw.as_os_str().as_bytes().strip_suffix(b"/*").filter(|_| fs::symlink_metadata(raw).is_err());
    let (raw, contents) = match unexpanded {
        Some(folder) => (Path::new(OsStr::from_bytes(if folder.is_empty() { b"/" } else { folder })), true),
        None => (raw, false),
    };
    let path = resolve(raw);
    let metadata = fs::symlink_metadata(&path).ok();
    if metadata.is_none() && !context.assumes_existence() {
        return state(Severity::None, "nothing is there");
    }
    let is_folder = metadata.as_ref().is_some_and(fs::Metadata::is_dir);
    if is_folder && !recursive && !contents {
        return state(Severity::None, "a folder is not removed without --recursive");
    }
    let cwd = fs::canonicalize(cwd).unwrap_or_else(|_| cwd.to_owned());
    let project = project_of(context, &cwd);
    let place = Place { context, path, metadata, recursive, cwd, project };
    place.judge()
}

/// The project of a folder; one that nothing marks is the folder where the whole line started.
fn project_of(context: &Context, cwd: &Path) -> tree::Project {
    let mut project = tree::Project::around(cwd);
    let start = fs::canonicalize(context.cwd()).unwrap_or_else(|_| context.cwd().to_owned());
    if !project.marked && cwd.starts_with(&start) {
        project.root = start;
    }
    project
}

fn state(severity: Severity, reason: impl Into<String>) -> State {
    State { severity: Some(severity), reason: reason.into(), ..State::default() }
}

/// The parent resolved, the last component kept, unless a trailing slash follows a symlink.
fn resolve(raw: &Path) -> PathBuf {
    let bytes = raw.as_os_str().as_bytes();
    let trailing = bytes.len() > 1 && (bytes.ends_with(b"/") || bytes.ends_with(b"/."));
    let ends_in_dots =
        matches!(raw.components().next_back(), Some(Component::ParentDir | Component::RootDir));
    if (trailing || ends_in_dots || bytes.ends_with(b"/."))
        && let Ok(real) = fs::canonicalize(raw)
    {
        return real;
    }
    let plain = lexical(raw);
    match (plain.parent(), plain.file_name()) {
        (Some(parent), Some(name)) => {
            fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned()).join(name)
        }
        _ => plain,
    }
}

/// `.` and `..` taken out by the letters; what is left when the file system cannot say.
#[must_use]
pub fn lexical(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

impl Place<'_> {
    fn judge(&self) -> State {
        if self.path.parent().is_none() {
            return state(Severity::Critical, "the root of the file system");
        }
        if self.is_home() {
            return state(Severity::Critical, format!("{} is a home folder", self.path.display()));
        }
        if let Some(found) = self.project_itself() {
            return found;
        }
        let project = &self.project;
        if self.path.starts_with(&project.root) && !is_broad(&project.root, self.context) {
            return self.inside_project();
        }
        if self.is_temporary() {
            return state(Severity::Low, "temporary");
        }
        self.outside()
    }

    /// Any user's home folder.
    fn is_home(&self) -> bool {
        let own = [self.context.home(), self.context.account().map(|account| account.home.clone())];
        own.into_iter().flatten().any(|home| home == self.path)
            || ["/home", "/Users"].iter().any(|homes| self.path.parent() == Some(Path::new(homes)))
            || self.path == Path::new("/root")
    }

    /// The checkout, its repository, or a folder around the working folder.
    fn project_itself(&self) -> Option<State> {
        let project = &self.project;
        if project.root.starts_with(&self.path) && self.recursive {
            if self.path == project.root && !project.marked {
                // Only the working folder itself; nothing says that it is a project.
                return self
                    .is_scratch()
                    .then(|| state(Severity::Low, "temporary"))
                    .or_else(|| Some(state(Severity::High, "the working folder")));
            }
            if !project.marked && self.is_scratch() {
                return Some(state(Severity::Low, "temporary"));
            }
            return Some(state(
                Severity::Critical,
                format!("it holds the project {}", project.root.display()),
            ));
        }
        if self.cwd.starts_with(&self.path) && self.cwd != self.path && self.recursive && !self.is_scratch() {
            let inside = self.inside_project();
            return Some(if inside.severity <= Some(Severity::Low) {
                inside
            } else {
                state(Severity::Critical, "the working folder lies inside it")
            });
        }
        None
    }

    /// Below a temporary folder and the caller's own, with no project in the way.
    fn is_scratch(&self) -> bool {
        self.is_temporary() && !self.context.assumes_existence()
    }

    fn is_temporary(&self) -> bool {
        let own = self.context.env("TMPDIR").map(PathBuf::from).filter(|path| path.is_absolute());
        let roots = TEMPORARY.iter().map(PathBuf::from).chain(own);
        roots.into_iter().any(|root| self.path != root && self.path.starts_with(&root))
            && self.metadata.as_ref().is_none_or(|metadata| self.context.owns(metadata))
    }

    fn outside(&self) -> State {
        if self.is_cache() {
            return state(Severity::Low, "a cache that is filled again");
        }
        let system = SYSTEM.iter().any(|folder| self.path == Path::new(folder));
        let top = self.path.parent() == Some(Path::new("/"));
        if system || top || TEMPORARY.iter().any(|root| self.path == Path::new(root)) {
            return state(Severity::Critical, format!("{} is a system folder", self.path.display()));
        }
        if self.recursive && self.is_mount_point() {
            return state(Severity::Critical, format!("{} is a mount point", self.path.display()));
        }
        if self.recursive && self.is_running_data() {
            return state(Severity::Critical, "a database's own folder");
        }
        let within_system = SYSTEM
            .iter()
            .filter(|folder| !matches!(**folder, "/home" | "/Users" | "/mnt" | "/media" | "/root"))
            .any(|folder| self.path.starts_with(folder));
        let is_file = self.metadata.as_ref().map_or(!self.recursive, |metadata| !metadata.is_dir());
        if within_system && self.recursive && !is_file {
            return state(Severity::Critical, "inside a system folder");
        }
        if is_file {
            let precious = self.path.file_name().is_some_and(names::is_precious);
            return if precious || within_system {
                state(Severity::High, "outside the project")
            } else {
                state(Severity::Medium, "a file outside the project")
            };
        }
        state(Severity::High, "a folder outside the project")
    }

    fn is_cache(&self) -> bool {
        let below = |folder: &Path| self.path.starts_with(folder);
        SYSTEM_CACHES.iter().any(|folder| below(Path::new(folder)))
            || self
                .context
                .home()
                .is_some_and(|home| HOME_CACHES.iter().any(|folder| below(&home.join(folder))))
    }

    fn is_mount_point(&self) -> bool {
        let device = self.metadata.as_ref().map(MetadataExt::dev);
        let parent =
            self.path.parent().and_then(|parent| fs::metadata(parent).ok()).map(|parent| parent.dev());
        if let (Some(device), Some(parent)) = (device, parent)
            && device != parent
        {
            return true;
        }
        // A bind mount has its parent's device: only the mount table knows it.
        let table = self.context.read(Path::new("/proc/self/mountinfo"), 4 << 20).unwrap_or_default();
        let wanted = self.path.as_os_str().as_bytes();
        table.split(|&byte| byte == b'\n').any(|line| line.split(|&byte| byte == b' ').nth(4) == Some(wanted))
    }

    /// `PG_VERSION` and its like: a server's data folder.
    fn is_running_data(&self) -> bool {
        ["PG_VERSION", "ibdata1", "WiredTiger", "dump.rdb"].iter().any(|name| self.path.join(name).exists())
    }

    fn inside_project(&self) -> State {
        let relative = self.path.strip_prefix(&self.project.root).unwrap_or(&self.path);
        if let Some(state) = inside_repository(relative) {
            return State { inside_tree: true, ..state };
        }
        let mut state = if self.metadata.as_ref().map_or(self.recursive, fs::Metadata::is_dir) {
            tree::folder(&self.project, &self.path, self.metadata.is_some())
        } else {
            tree::file(&self.project, &self.path, self.metadata.as_ref())
        };
        if self.recursive && self.metadata.is_some() && self.is_mount_point() {
            state = self::state(Severity::Critical, format!("{} is a mount point", self.path.display()));
        }
        State { inside_tree: true, ..state }
    }
}

/// Paths inside `.git`: the repository itself, its lock files, the rest.
fn inside_repository(relative: &Path) -> Option<State> {
    let mut components = relative.components().skip_while(|part| part.as_os_str() != ".git");
    components.next()?;
    let rest: PathBuf = components.collect();
    Some(if rest.as_os_str().is_empty() {
        state(Severity::Critical, "the repository with all its history")
    } else if rest.extension().is_some_and(|ending| ending == "lock") {
        state(Severity::Low, "a lock that git left behind")
    } else {
        state(Severity::High, "a part of the repository itself")
    })
}

/// Folders that are never a project, whatever stands in them.
fn is_broad(root: &Path, context: &Context) -> bool {
    root.parent().is_none()
        || SYSTEM.iter().any(|folder| root == Path::new(folder))
        || TEMPORARY.iter().any(|folder| root == Path::new(folder))
        || context.home().is_some_and(|home| home == root)
}
