//! A remote and the names that a push changes there, to a target.
//!
//! In: the words of a push, or where git runs. Out: a [`Target`] whose branch facet policy can name. It refuses to
//! know what is lost.

use std::path::PathBuf;

use crate::action::Repository;
use crate::target::{Facets, Target};

/// Branches that many people build on, by name alone.
const PROTECTED: &[&str] =
    &["main", "master", "trunk", "develop", "development", "production", "prod", "stable", "release"];

/// True for names of branches that other people build on.
#[must_use]
pub fn is_protected(branch: &str) -> bool {
    let name = branch.strip_prefix("refs/heads/").unwrap_or(branch).to_lowercase();
    PROTECTED.contains(&name.as_str()) || name.starts_with("release/") || name.starts_with("releases/")
}

/// Where a push goes. `remote` may be empty: the configured one.
pub fn pushed(remote: &str, names: &[&str]) -> Target {
    let remote = if remote.is_empty() { "the configured remote" } else { remote };
    let branch = names.first().map(|name| (*name).to_owned());
    Target {
        kind: "git",
        name: branch.as_ref().map_or_else(|| remote.to_owned(), |branch| format!("{remote}/{branch}")),
        facets: Facets { branch, host: host(remote), ..Facets::default() },
        ..Target::default()
    }
}

/// The repository here, by its folder's name.
pub fn local(repository: &Repository) -> Target {
    let mut place = repository.cwd.clone();
    let mut words = repository.globals.iter();
    while let Some(word) = words.next() {
        if word == "-C" {
            place.extend(words.next());
        }
    }
    let named = repository
        .globals
        .iter()
        .find_map(|word| word.to_str()?.strip_prefix("--work-tree=").map(PathBuf::from));
    let assigned = repository
        .env
        .iter()
        .find(|(name, _)| name == "GIT_WORK_TREE")
        .map(|(_, value)| PathBuf::from(value));
    let place = named.or(assigned).map_or_else(|| place.clone(), |tree| place.join(tree));
    let name = place.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Target { kind: "git", name, ..Target::default() }
}

/// The host in a remote's address: `https://host/…`, `ssh://user@host:port/…`, `user@host:path`.
fn host(remote: &str) -> Option<String> {
    let after_scheme = remote.split_once("://").map(|(_, rest)| rest);
    let place = match after_scheme {
        Some(rest) => rest.split('/').next()?,
        None => remote.split_once(':').map(|(place, _)| place).filter(|place| !place.contains('/'))?,
    };
    let host = place.rsplit('@').next()?.split(':').next()?;
    (!host.is_empty()).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_that_others_build_on_are_protected() {
        for name in ["main", "refs/heads/master", "release/1.2", "Production"] {
            assert!(is_protected(name), "{name}");
        }
        for name in ["feat/main", "fix-master", "gh-pages", "topic"] {
            assert!(!is_protected(name), "{name}");
        }
    }

    #[test]
    fn a_remote_is_a_name_or_an_address() {
        assert_eq!(pushed("origin", &["main"]).name, "origin/main");
        assert_eq!(host("git@example.com:a/b.git").as_deref(), Some("example.com"));
        assert_eq!(host("ssh://git@example.com:2222/a").as_deref(), Some("example.com"));
        assert_eq!(host("origin"), None);
    }
}
