//! Commits that only one branch, tag or stash holds.
//!
//! In: names of references. Out: whether they are there and how many commits go with them.

use std::ffi::{OsStr, OsString};

use super::{Answer, Git, Trouble, counted, nothing, state};
use crate::assess::Severity;
use crate::measure::State;

/// How many stashes there are.
fn stash_count(git: &Git) -> Answer<usize> {
    let output = git.ask(["stash", "list", "--format=%H"])?;
    Ok(output.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count())
}

/// One stash: `stash@{1}` or `1`.
pub(super) fn stash(git: &Git, name: Option<&OsStr>) -> Answer<State> {
    let count = stash_count(git)?;
    let index = name.map_or(Some(0), |name| {
        let text = name.to_string_lossy();
        let digits = text.trim_start_matches("stash@{").trim_end_matches('}');
        digits.parse::<usize>().ok()
    });
    if index.map_or(count == 0, |index| index >= count) {
        return Err(Trouble::Absent("there is no such stash".to_owned()));
    }
    let mut found = state(Severity::Medium, format!("one of {}", counted(count, "stash")));
    found.facts = vec![("stashes", 1)];
    "git fsck --unreachable finds it until gc".clone_into(&mut found.undo);
    Ok(found)
}

/// All stashes.
pub(super) fn stashes(git: &Git) -> Answer<State> {
    let count = stash_count(git)?;
    let severity = match count {
        0 => return Ok(nothing("there is no stash")),
        1 => Severity::Medium,
        _ => Severity::High,
    };
    let mut found = state(severity, counted(count, "stash"));
    found.facts = vec![("stashes", count as u64)];
    Ok(found)
}

/// Which of the full names exist.
fn existing(git: &Git, names: &[String]) -> Answer<Vec<String>> {
    let mut args = vec!["for-each-ref".to_owned(), "--format=%(refname)".to_owned()];
    args.extend_from_slice(names);
    let output = git.ask(args)?;
    let text = String::from_utf8_lossy(&output);
    // A pattern also matches what lies below it: only the whole name counts.
    Ok(text.lines().filter(|line| names.iter().any(|name| name == line)).map(str::to_owned).collect())
}

/// Commits that no other branch, tag or remote-tracking branch holds.
fn only_there(git: &Git, refs: &[String], instead: Option<&str>) -> Answer<u64> {
    let mut args = vec!["rev-list".to_owned(), "--count".to_owned()];
    args.extend_from_slice(refs);
    args.push("--not".to_owned());
    args.extend(instead.map(str::to_owned));
    for (option, prefix) in
        [("--branches", "refs/heads/"), ("--tags", "refs/tags/"), ("--remotes", "refs/remotes/")]
    {
        args.extend(refs.iter().filter_map(|name| Some(format!("--exclude={}", name.strip_prefix(prefix)?))));
        args.push(option.to_owned());
    }
    git.count(args)
}

fn left_behind(count: u64, unmerged: Severity) -> State {
    if count == 0 {
        return state(Severity::Low, "its commits are also elsewhere");
    }
    let mut found = state(
        unmerged,
        format!(
            "{} that nothing else holds",
            counted(usize::try_from(count).unwrap_or(usize::MAX), "commit")
        ),
    );
    found.facts = vec![("commits", count)];
    "git fsck finds them until gc".clone_into(&mut found.undo);
    found
}

/// Local branches, deleted whether merged or not.
pub(super) fn branches(git: &Git, operands: &[OsString]) -> Answer<State> {
    let names: Vec<String> =
        operands.iter().map(|name| format!("refs/heads/{}", name.to_string_lossy())).collect();
    gone(git, &names, "there is no such branch")
}

/// References by full name.
pub(super) fn delete(git: &Git, operands: &[OsString]) -> Answer<State> {
    // The second operand of `update-ref -d` is the value expected.
    let names: Vec<String> =
        operands.iter().take(1).map(|name| name.to_string_lossy().into_owned()).collect();
    if names.iter().all(|name| name.starts_with("refs/remotes/")) && !names.is_empty() {
        return Ok(state(Severity::Low, "a fetch brings it back"));
    }
    gone(git, &names, "there is no such reference")
}

fn gone(git: &Git, names: &[String], absent: &str) -> Answer<State> {
    let here = existing(git, names)?;
    if here.is_empty() || (git.assumes && here.len() < names.len()) {
        return Err(Trouble::Absent(absent.to_owned()));
    }
    Ok(left_behind(only_there(git, &here, None)?, Severity::Medium))
}

/// Tags: whether they are there.
pub(super) fn tags(git: &Git, operands: &[OsString]) -> Answer<State> {
    let names: Vec<String> =
        operands.iter().map(|name| format!("refs/tags/{}", name.to_string_lossy())).collect();
    if existing(git, &names)?.is_empty() {
        return Err(Trouble::Absent("there is no such tag".to_owned()));
    }
    Ok(state(Severity::Medium, "a tag of that name is there"))
}

/// A reference that gets another value.
pub(super) fn moved(git: &Git, operands: &[OsString]) -> Answer<State> {
    let Some(name) = operands.first().map(|name| name.to_string_lossy().into_owned()) else {
        return Err(Trouble::Refused);
    };
    let name = if name == "HEAD" {
        let target = git.ask(["symbolic-ref", "-q", "HEAD"])?;
        String::from_utf8_lossy(&target).trim().to_owned()
    } else {
        name
    };
    let names = [name];
    if existing(git, &names)?.is_empty() {
        return if git.assumes {
            Err(Trouble::Absent("there is no such reference".to_owned()))
        } else {
            Ok(state(Severity::Low, "it is new"))
        };
    }
    if names[0].starts_with("refs/remotes/") {
        return Ok(state(Severity::Low, "a fetch brings it back"));
    }
    let instead =
        operands.get(1).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty());
    let count = match only_there(git, &names, instead.as_deref()) {
        Err(Trouble::Refused) => only_there(git, &names, None)?,
        answer => answer?,
    };
    Ok(left_behind(count, Severity::Medium))
}
