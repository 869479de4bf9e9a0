//! What a push would lose at the other end, as far as this clone can tell without asking it.
//!
//! In: a mode, a remote and the names that change there. Out: a state by the branch's standing and
//! by whose commits the last fetch saw that the push leaves out.

use std::ffi::OsString;

use super::{Answer, Git, Trouble, assume, counted, state};
use crate::assess::Severity;
use crate::measure::State;
use crate::target::repository::is_protected;

/// What this clone knows about its branches and the remote's.
#[derive(Debug, Default)]
struct Known {
    current: Option<String>,
    /// What `refs/remotes/REMOTE/HEAD` points to, and other branches' remotes.
    default: Option<String>,
    /// Where the current branch is pushed to by name.
    upstream: Option<String>,
    tracking: Vec<String>,
}

/// A forced push, a deletion, a pruning push.
pub(super) fn forced(git: &Git, operands: &[OsString]) -> Answer<State> {
    let text: Vec<String> = operands.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let [mode, remote, names @ ..] = text.as_slice() else { return Err(Trouble::Refused) };
    let worst = assume::push(operands);
    if mode == "all"
        || (!names.is_empty()
            && worst == Severity::High
            && !names.iter().any(|name| name.ends_with("HEAD") || name.ends_with('@')))
    {
        return Ok(state(Severity::High, "it changes branches that others build on"));
    }
    let remote = if remote.is_empty() { "origin" } else { remote.as_str() };
    let known = known(git, remote)?;
    let current = known.current.clone();
    let names: Vec<String> = if names.is_empty() {
        match (&known.upstream, &current) {
            (Some(upstream), _) => vec![format!("HEAD:{upstream}")],
            (None, Some(branch)) => vec![branch.clone()],
            // Detached: git refuses a push without a name.
            (None, None) => return Err(Trouble::Absent("no branch is checked out".to_owned())),
        }
    } else {
        names.to_vec()
    };
    let found =
        names.iter().map(|name| one(git, mode, remote, name, &known)).max_by_key(|state| state.severity);
    found.ok_or(Trouble::Refused)
}

/// One name of a forced push.
fn one(git: &Git, mode: &str, remote: &str, name: &str, known: &Known) -> State {
    let (source, target) = name.rsplit_once(':').unwrap_or((name, name));
    let current = known.current.as_deref();
    let target = if matches!(target, "HEAD" | "@") { current.unwrap_or("") } else { target };
    let target = target.strip_prefix("refs/heads/").unwrap_or(target);
    let severity = assume::push_name(mode, target, current);
    if severity == Severity::High || known.default.as_deref() == Some(target) || is_protected(target) {
        return state(Severity::High, format!("{target} is a branch that others build on"));
    }
    let tracking = format!("refs/remotes/{remote}/{target}");
    if !known.tracking.contains(&tracking) {
        return state(severity, "what is there now is not known here");
    }
    let left_out =
        if mode == "delete" { "--branches".to_owned() } else { source.trim_start_matches('+').to_owned() };
    let left_out = if left_out.is_empty() { target.to_owned() } else { left_out };
    let Ok(commits) = git.ask(["log", "--format=%ae", "--max-count=1000", &tracking, "--not", &left_out])
    else {
        return state(severity, "what it would leave out is not known here");
    };
    let commits = String::from_utf8_lossy(&commits).into_owned();
    let own = git.ask(["config", "--get", "user.email"]).unwrap_or_default();
    let own = String::from_utf8_lossy(&own).trim().to_owned();
    let others = commits.lines().filter(|author| !author.eq_ignore_ascii_case(&own)).count();
    let mut found = if others > 0 {
        state(Severity::High, format!("{} of other people left out there", counted(others, "commit")))
    } else {
        state(severity, format!("{} of your own left out there", counted(commits.lines().count(), "commit")))
    };
    found.facts = vec![("commits", commits.lines().count() as u64)];
    found
}

fn known(git: &Git, remote: &str) -> Answer<Known> {
    let remotes = format!("refs/remotes/{remote}/");
    let format = "--format=%(refname) %(HEAD) %(symref) %(upstream)";
    let output = git.ask(["for-each-ref", format, "refs/heads/", &remotes])?;
    let mut known = Known::default();
    for line in String::from_utf8_lossy(&output).lines() {
        let mut parts = line.split(' ');
        let name = parts.next().unwrap_or_default();
        let checked_out = parts.next() == Some("*");
        if let Some(branch) = name.strip_prefix("refs/heads/") {
            if checked_out {
                known.current = Some(branch.to_owned());
                let upstream = line.rsplit(' ').next().unwrap_or_default();
                known.upstream = upstream.strip_prefix(&remotes).map(str::to_owned);
            }
        } else if name == format!("{remotes}HEAD") {
            known.default = line
                .split(' ')
                .find_map(|part| part.strip_prefix(&remotes).filter(|part| *part != "HEAD"))
                .map(str::to_owned);
        } else {
            known.tracking.push(name.to_owned());
        }
    }
    Ok(known)
}

/// A push without refspecs: the configuration says what and whether by force.
pub(super) fn configured(git: &Git, operands: &[OsString]) -> Answer<State> {
    let pattern = r"^remote\..*\.(push|mirror)$";
    let (status, output) = git.ask_status(["config", "-z", "--get-regexp", pattern])?;
    let plain = || state(Severity::Low, "git refuses to lose commits there");
    if status != 0 {
        return Ok(plain());
    }
    let remote = operands.first().map(|remote| remote.to_string_lossy().into_owned()).unwrap_or_default();
    let mut forced: Vec<OsString> = Vec::new();
    for entry in String::from_utf8_lossy(&output).split('\0') {
        let Some((key, value)) = entry.split_once('\n') else { continue };
        let name =
            key.strip_prefix("remote.").and_then(|rest| rest.rsplit_once('.')).map_or("", |(name, _)| name);
        if !remote.is_empty() && name != remote {
            continue;
        }
        if key.ends_with(".mirror") && matches!(value, "true" | "1" | "yes" | "on") {
            return Ok(state(
                Severity::High,
                format!("remote {name} is configured as a mirror: every branch there is replaced"),
            ));
        }
        if let Some(spec) = value.strip_prefix('+') {
            forced.push(spec.into());
        }
    }
    if forced.is_empty() {
        return Ok(plain());
    }
    let mut words: Vec<OsString> = vec!["force".into(), remote.into()];
    words.extend(forced);
    let mut found = self::forced(git, &words)?;
    found.reason = format!("remote.*.push forces it; {}", found.reason);
    Ok(found)
}
