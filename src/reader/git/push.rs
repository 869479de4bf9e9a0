//! What push and fetch change by their refspecs, `[+][SRC][:[DST]]`.
//!
//! | arguments | becomes |
//! |---|---|
//! | `--mirror` | every branch there: high |
//! | `--force`, `+SRC:DST` | the commits of that branch that are not here |
//! | `--force-with-lease` | the same, if nobody else has pushed |
//! | `--delete NAME`, `:NAME` | that branch or tag |
//! | `--prune` | branches that do not exist here |
//! | nothing of these | a change; without refspecs the configuration may force it |
//! | `fetch -f SRC:DST`, `fetch +SRC:DST` | a local branch moves |
//! | `fetch --prune-tags` | tags that exist only here |

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use crate::action::{Action, Effect, GitLoss, Impact, Question};
use crate::assess::Severity;
use crate::grammar::bind::Binding;
use crate::invocation::Word;
use crate::reader::{Call, plain};
use crate::target::repository;

const ADVICE: &str =
    "git push --force-with-lease refuses to lose what others pushed; or push to a new branch";

/// One refspec, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Refspec {
    forced: bool,
    source: String,
    /// What it changes at the other end, without `refs/heads/`.
    name: String,
    deletes: bool,
    unknown: bool,
}

/// Takes a refspec apart; `None` for a negative one, which only leaves things alone.
fn refspec(word: &Word, delete: bool) -> Option<Refspec> {
    let text = word.visible().to_string_lossy().into_owned();
    if text.starts_with('^') {
        return None;
    }
    let (forced, rest) = text.strip_prefix('+').map_or((false, text.as_str()), |rest| (true, rest));
    let (source, target) =
        rest.split_once(':').map_or((rest, None), |(source, target)| (source, Some(target)));
    let deletes = delete || (source.is_empty() && target.is_some_and(|target| !target.is_empty()));
    let name = short(target.unwrap_or(source));
    Some(Refspec { forced, source: source.to_owned(), name, deletes, unknown: word.is_dynamic() })
}

fn short(name: &str) -> String {
    name.strip_prefix("refs/heads/").unwrap_or(name).to_owned()
}

/// The refspecs of the operands after the remote; `tag NAME` is one.
fn refspecs(binding: &Binding) -> Vec<Refspec> {
    let from = usize::from(binding.value("--repo").is_none() || binding.operands.len() > 1);
    let words = binding.operands.get(from..).unwrap_or_default();
    let delete = binding.has("--delete");
    let mut specs = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        if word.known().is_some_and(|word| word == "tag") && words.len() > at {
            let mut spec = refspec(&words[at], delete);
            at += 1;
            if let Some(spec) = &mut spec {
                spec.name = format!("refs/tags/{}", spec.name);
            }
            specs.extend(spec);
            continue;
        }
        specs.extend(refspec(word, delete));
    }
    specs
}

/// The remote's name or address; empty when git takes the configured one.
fn remote(binding: &Binding) -> String {
    binding.operands.first().or_else(|| binding.value("--repo")).map(Word::shown).unwrap_or_default()
}

/// What a push does.
pub(super) fn push(binding: &Binding, call: &Call) -> Vec<Action> {
    let specs = refspecs(binding);
    let remote = remote(binding);
    let force = binding.has("--force");
    let lease = binding.has("--force-with-lease") && !force;
    let wide = binding.has("--all") || binding.has("--branches");
    let mut actions = Vec::new();
    let mut add = |id: &'static str,
                   severity: Severity,
                   verb: &'static str,
                   mode: &str,
                   names: Vec<String>,
                   unknown: bool| {
        actions.push(lossy(Loss { id, severity, verb, mode, names, unknown }, &remote, binding, call));
    };
    if binding.has("--mirror") {
        add("push-mirror", Severity::High, "push --mirror", "all", vec!["every branch".to_owned()], false);
    }
    if binding.has("--prune") {
        add(
            "push-prune",
            Severity::High,
            "push --prune",
            "all",
            vec!["branches that are not here".to_owned()],
            false,
        );
    }
    let deleted: Vec<&Refspec> = specs.iter().filter(|spec| spec.deletes).collect();
    if !deleted.is_empty() {
        let names = deleted.iter().map(|spec| spec.name.clone()).collect();
        let unknown = deleted.iter().any(|spec| spec.unknown);
        add("push-delete", Severity::Medium, "push --delete", "delete", names, unknown);
    }
    let mut forced: Vec<&Refspec> =
        specs.iter().filter(|spec| !spec.deletes && (spec.forced || force || lease)).collect();
    let plus = forced.iter().any(|spec| spec.forced);
    let mode = if force || plus { "force" } else { "lease" };
    let verb = if mode == "force" { "push --force" } else { "push --force-with-lease" };
    if !forced.is_empty() {
        // A lease protects only the refspecs without a plus.
        if plus && !force {
            forced.retain(|spec| spec.forced);
        }
        let names = forced.iter().map(|spec| format!("{}:{}", spec.source, spec.name)).collect();
        let unknown = forced.iter().any(|spec| spec.unknown);
        add("push-force", Severity::Medium, verb, mode, names, unknown);
    } else if (force || lease) && deleted.is_empty() && !binding.has("--mirror") {
        let names = match (wide, binding.has("--tags")) {
            (true, _) => vec!["*:*".to_owned()],
            (false, true) => vec!["refs/tags/*:refs/tags/*".to_owned()],
            (false, false) => Vec::new(),
        };
        add("push-force", Severity::Medium, verb, mode, names, false);
    }
    if actions.is_empty() {
        actions.push(plain_push(&specs, &remote, wide || binding.has("--tags"), binding, call));
    }
    actions
}

/// A push that can lose something there.
struct Loss<'a> {
    id: &'static str,
    severity: Severity,
    verb: &'static str,
    mode: &'a str,
    /// `SRC:DST` or `DST`; none: the current branch's.
    names: Vec<String>,
    unknown: bool,
}

fn lossy(loss: Loss, remote: &str, binding: &Binding, call: &Call) -> Action {
    let mut place = super::repository(binding, call);
    place.unknown |= loss.unknown;
    let mut operands: Vec<OsString> = vec![loss.mode.into(), remote.into()];
    operands.extend(loss.names.iter().map(OsString::from));
    let shown: Vec<&str> = loss
        .names
        .iter()
        .map(|name| name.rsplit(':').next().filter(|name| !name.is_empty()).unwrap_or(name))
        .collect();
    let object = if shown.is_empty() { "the current branch".to_owned() } else { shown.join(" ") };
    let mut action =
        Action::new(Effect::Destroy, Impact::Fixed(loss.severity), format!("git.{}", loss.id), loss.verb)
            .object(object)
            .scope("commits there that are not in what is pushed")
            .undo("another clone that holds them")
            .advice(ADVICE)
            .question(Question::Git { kind: GitLoss::PushForce, repository: place, operands });
    action.target = repository::pushed(remote, &shown);
    action
}

/// A push that git lets through only when nothing is lost there.
fn plain_push(specs: &[Refspec], remote: &str, wide: bool, binding: &Binding, call: &Call) -> Action {
    let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    let mut action = Action::new(Effect::Write, Impact::Fixed(Severity::Low), "git.push", "push")
        .object(plain::object(crate::grammar::schema::Object::Operands, binding));
    if names.is_empty() && !wide {
        let place = super::repository(binding, call);
        action = action.question(Question::Git {
            kind: GitLoss::Push,
            repository: place,
            operands: vec![remote.into()],
        });
    }
    action.target = repository::pushed(remote, &names);
    action
}

/// What a fetch or pull moves here besides remote-tracking branches.
pub(super) fn fetch(binding: &Binding, call: &Call) -> Vec<Action> {
    let mut actions = plain::read(binding, call);
    let force = binding.has("--force");
    for word in binding.operands.iter().skip(1) {
        let Some(spec) = refspec(word, false) else { continue };
        let local = word.visible().as_bytes().contains(&b':')
            && !spec.name.is_empty()
            && !spec.name.starts_with("refs/remotes/");
        if !local || !(force || spec.forced) {
            continue;
        }
        let full = if spec.name.starts_with("refs/") {
            spec.name.clone()
        } else {
            format!("refs/heads/{}", spec.name)
        };
        let mut place = super::repository(binding, call);
        place.unknown |= spec.unknown;
        let operands = vec![full.into(), OsString::new()];
        actions.push(
            Action::new(Effect::Destroy, Impact::Fixed(Severity::Medium), "git.fetch-force", "fetch --force")
                .object(spec.name)
                .scope("branch tip")
                .undo("reflog of the branch")
                .question(Question::Git { kind: GitLoss::RefMove, repository: place, operands }),
        );
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Refspec> {
        refspec(&Word::literal(text), false)
    }

    #[test]
    fn refspecs_are_taken_apart() {
        let spec = read("+HEAD:refs/heads/main").unwrap();
        assert!(spec.forced && !spec.deletes);
        assert_eq!((spec.source.as_str(), spec.name.as_str()), ("HEAD", "main"));
        let spec = read(":old").unwrap();
        assert!(spec.deletes && spec.name == "old");
        let spec = read("main").unwrap();
        assert!(!spec.forced && !spec.deletes && spec.name == "main");
        let spec = read("+:").unwrap();
        assert!(spec.forced && !spec.deletes && spec.name.is_empty());
        assert_eq!(read("^refs/heads/wip"), None);
    }
}
