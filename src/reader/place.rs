//! What becomes of actions that happen in another machine, or with another place's credentials.
//!
//! In: an action as read for this machine. Out: the same action, placed. It refuses to look at the
//! world here: what stands at `/data` on this disk says nothing about a container's.
//!
//! | the action | with credentials | in the other machine |
//! |---|---|---|
//! | asks about files or a repository | stays | judged by the names in its path alone |
//! | has no target | gets the place | gets the place |
//! | has an unknown environment | gets the place's | gets the place's |
//! | lands on this machine | stays | gets the place's: the other machine is meant |

use std::path::Path;

use crate::action::{Action, Impact, Question};
use crate::assess::Severity;
use crate::measure::names;
use crate::target::{Environment, Target};

/// Whether the nested command runs there or only works there.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It runs here with the place's credentials in its environment.
    Credentials,
    /// It runs there.
    Inside,
}

/// Where nested commands work.
#[derive(Clone, Debug)]
pub struct Place {
    pub target: Target,
    pub way: Way,
}

/// Folders whose content nobody expects to last.
const TEMPORARY: &[&str] = &["/tmp", "/var/tmp", "/dev/shm", "/var/cache", "/root/.cache"];

impl Place {
    /// Moves an action there.
    pub fn settle(&self, action: &mut Action) {
        match (self.way, action.question.take()) {
            (Way::Credentials, Some(question)) => {
                action.question = Some(question);
                return;
            }
            (Way::Inside, Some(Question::Remove { path, recursive, .. })) => {
                action.impact = by_names(&path, recursive);
            }
            (Way::Inside, Some(Question::Softened { path, .. })) => {
                action.impact = by_names(&path, false);
            }
            (_, Some(Question::Git { .. }) | None) => {}
        }
        let target = &mut action.target;
        let here = target.environment == Environment::Local && self.way == Way::Inside;
        if target.kind.is_empty() || target.kind == "files" {
            *target = self.target.clone();
        } else if target.environment == Environment::Unknown || here {
            if target.facets.host.is_none() {
                target.name = format!("a {} of {}", target.kind, self.target.name);
            }
            target.environment = self.target.environment;
            target.by_name = self.target.by_name;
            target.evidence.push(format!("it runs for {}", self.target.name));
            target.evidence.extend(self.target.evidence.iter().cloned());
        }
    }
}

/// The removal of a path that cannot be looked at.
fn by_names(path: &Path, recursive: bool) -> Impact {
    let name = path.file_name().unwrap_or_default();
    let temporary = TEMPORARY.iter().any(|folder| path.starts_with(folder) && path != Path::new(folder));
    if temporary || names::regenerable(name).is_some() {
        return Impact::Fixed(Severity::Low);
    }
    if recursive || names::is_precious(name) { Impact::Resource } else { Impact::Part }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_removals_go_by_their_names() {
        for (path, recursive, expected) in [
            ("/tmp/cache", true, Impact::Fixed(Severity::Low)),
            ("/tmp", true, Impact::Resource),
            ("/app/node_modules", true, Impact::Fixed(Severity::Low)),
            ("/data", true, Impact::Resource),
            ("/data/app.sqlite3", false, Impact::Resource),
            ("/app/notes.txt", false, Impact::Part),
        ] {
            assert_eq!(by_names(Path::new(path), recursive), expected, "{path}");
        }
    }
}
