//! Paths of a command that runs in a container or on another machine.
//!
//! In: actions as if the command ran here, and what is known of the place. Out: the same actions
//! about the files that they would really touch.
//!
//! | a removed path | becomes |
//! |---|---|
//! | inside a folder of this machine that is mounted there | that folder of this machine |
//! | inside a named volume | the volume's content |
//! | anything else in a container that lasts, or on a machine | judged by its name and place alone |
//! | anything else in a container that is thrown away | nothing |
//!
//! It refuses to look at files of this machine in another one's name.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::action::{Action, Impact, Question};
use crate::assess::Severity;
use crate::context::Context;
use crate::grammar::bind::Binding;
use crate::grammar::schema::World;
use crate::invocation::Word;
use crate::measure::{State, names, paths};
use crate::reader::{Call, Nest, Setting};
use crate::target::Environment;

/// What is known of the other place.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    mounts: Vec<Mount>,
    /// It is still there afterwards.
    lasts: bool,
    /// It is another machine.
    remote: bool,
    /// Where the caller stands; relative paths without a known folder there are read against it.
    caller: PathBuf,
}

#[derive(Clone, Debug)]
struct Mount {
    inside: PathBuf,
    /// The folder of this machine; `None` for a named volume.
    host: Option<PathBuf>,
}

impl Elsewhere {
    /// The place where a wrapper's nested command runs: roles `volume` (`HOST:INSIDE`) and `mount`
    /// (`type=bind,source=HOST,target=INSIDE`).
    #[must_use]
    pub fn of(binding: &Binding, call: &Call) -> Self {
        let volumes = binding.with_role("volume").filter_map(|bound| volume(bound.value.as_ref()?, call));
        let mounts = binding.with_role("mount").filter_map(|bound| mount(bound.value.as_ref()?, call));
        let root = binding.operands.first().filter(|_| binding.command.world == World::Rooted);
        let root = root
            .and_then(Word::known)
            .map(|root| Mount { inside: PathBuf::from("/"), host: Some(call.path(root)) });
        Self {
            mounts: volumes.chain(mounts).chain(root).collect(),
            lasts: binding.command.world != World::Throwaway,
            remote: binding.command.world == World::Remote,
            caller: call.invocation.cwd.clone(),
        }
    }

    /// The nested command in this place.
    pub fn around(self, nest: Nest) -> Nest {
        Nest::Within { inner: Box::new(nest), setting: Setting::Elsewhere(self) }
    }

    /// Turns removals into what they would touch.
    pub fn apply(&self, actions: &mut [Action], context: &Context) {
        for action in actions {
            if self.remote && action.target.environment == Environment::Local {
                action.target.environment = Environment::Unknown;
            }
            let Some(Question::Remove { path, recursive, .. }) = action.question.clone() else { continue };
            if self.mounted(action, &path, recursive) {
                continue;
            }
            action.question = None;
            let relative = path.starts_with(&self.caller) && self.caller.parent().is_some();
            if self.lasts || (relative && !self.mounts.is_empty()) {
                action.state = Some(self.by_place(&path, recursive, context));
            } else {
                action.impact = Impact::Fixed(Severity::Low);
                action.scope = "inside a container that is thrown away".into();
            }
        }
    }

    /// True when the path lies in a mount, or a mount below it.
    fn mounted(&self, action: &mut Action, path: &Path, recursive: bool) -> bool {
        let around = self.mounts.iter().find(|mount| path.starts_with(&mount.inside));
        let below = self.mounts.iter().find(|mount| {
            let broad = path.file_name() == Some(OsStr::new("*"));
            let folder = if broad { path.parent().unwrap_or(path) } else { path };
            recursive && mount.inside.starts_with(folder)
        });
        let Some(mount) = around.or(below) else { return false };
        let Some(host) = &mount.host else {
            action.question = None;
            action.impact = Impact::Fixed(Severity::High);
            action.scope = "a volume's content".into();
            return true;
        };
        let rest = path.strip_prefix(&mount.inside).unwrap_or_else(|_| Path::new(""));
        let real = if rest.as_os_str().is_empty() { host.clone() } else { host.join(rest) };
        action.question = Some(Question::Remove { path: real, recursive, cwd: self.caller.clone() });
        true
    }

    /// What the path's name and place say.
    fn by_place(&self, path: &Path, recursive: bool, context: &Context) -> State {
        if path.file_name().is_some_and(|name| names::regenerable(name).is_some()) {
            return State {
                severity: Some(Severity::Low),
                reason: "made again by its tool".to_owned(),
                ..State::default()
            };
        }
        paths::look(&context.elsewhere(), path, recursive, &self.caller)
    }
}

/// `HOST:INSIDE[:OPTIONS]`; read-only mounts cannot be harmed.
fn volume(value: &Word, call: &Call) -> Option<Mount> {
    let text = value.visible().to_string_lossy().into_owned();
    let mut parts = text.split(':');
    let (source, inside) = (parts.next()?, parts.next()?);
    if parts.next().is_some_and(|options| options.split(',').any(|option| option == "ro")) {
        return None;
    }
    // `$PWD:/src` unexpanded: the unknown piece can only be a folder of this machine.
    let unknown = source.is_empty() && value.is_dynamic();
    let host = if source == "$PWD" || source == "${PWD}" || unknown {
        Some(call.invocation.cwd.clone())
    } else {
        source.starts_with(['/', '.', '~']).then(|| call.path(OsStr::new(source)))
    };
    Some(Mount { inside: PathBuf::from(inside), host })
}

/// `type=bind,source=HOST,target=INSIDE`.
fn mount(value: &Word, call: &Call) -> Option<Mount> {
    let text = value.visible().to_string_lossy().into_owned();
    let field = |names: &[&str]| {
        text.split(',').find_map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            names.contains(&name).then(|| value.to_owned())
        })
    };
    if field(&["readonly", "ro"]).is_some_and(|value| value != "false") || field(&["type"])? == "tmpfs" {
        return None;
    }
    let inside = PathBuf::from(field(&["target", "destination", "dst"])?);
    let source = field(&["source", "src"]);
    let bind = field(&["type"])? == "bind";
    Some(Mount { inside, host: source.filter(|_| bind).map(|source| call.path(OsStr::new(&source))) })
}
