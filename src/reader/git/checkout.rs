//! `git checkout`, which changes branches and overwrites files.
//!
//! | arguments | becomes |
//! |---|---|
//! | `-b NEW`, `--orphan NEW`, `--detach`, none | a change; git refuses to lose work |
//! | `-B NAME` | a branch's tip moves |
//! | `-f` | all uncommitted changes |
//! | `-- PATHS`, `--pathspec-from-file` | the unstaged changes of these files |
//! | `TREE -- PATHS` | staged and unstaged changes of these files |
//! | `--ours`, `--theirs`, `--merge`, `-p` with paths | resolutions, chosen parts |
//! | one word | a branch or a path: the world decides |
//! | several words | the first is a tree or a path: the world decides |

use std::ffi::OsString;

use crate::action::{Action, Effect, GitLoss, Impact, Question};
use crate::assess::Severity;
use crate::grammar::bind::Binding;
use crate::invocation::Word;
use crate::reader::Call;

const ADVICE: &str = "git stash push -- PATH keeps the changes";

/// What a checkout does.
pub(super) fn read(binding: &Binding, call: &Call) -> Vec<Action> {
    let mut actions = Vec::new();
    let words: Vec<OsString> = binding.operands.iter().map(Word::visible).collect();
    let listed = binding.has("--pathspec-from-file");
    let before = binding.terminator.unwrap_or(words.len());
    let (head, paths) = words.split_at(before.min(words.len()));
    let creates = ["-b", "-B", "--orphan"].iter().any(|name| binding.has(name));
    if let Some(name) = binding.value("-B") {
        let start = head.first().cloned().unwrap_or_else(|| "HEAD".into());
        let action = Action::new(
            Effect::Destroy,
            Impact::Fixed(Severity::Medium),
            "git.checkout-reset",
            "checkout -B",
        )
        .object(name.shown())
        .scope("branch tip")
        .undo("reflog of the branch");
        actions.push(question(
            action,
            GitLoss::RefMove,
            vec![super::heads(&name.visible()), start],
            binding,
            call,
        ));
    }
    if let Some(action) = chosen(binding, if paths.is_empty() { head } else { paths }) {
        actions.push(action);
    } else if let Some((action, operands)) = files(binding, head, paths, listed) {
        actions.push(question(action, GitLoss::Restore, operands, binding, call));
    } else if binding.has("--force") {
        let action =
            Action::new(Effect::Destroy, Impact::Fixed(Severity::High), "git.checkout-force", "checkout -f")
                .object(shown(binding))
                .scope("uncommitted changes")
                .undo("none")
                .advice("git stash, then check out");
        actions.push(question(action, GitLoss::ForceCheckout, head.to_vec(), binding, call));
    } else if !creates
        && binding.terminator.is_none()
        && !binding.has("--detach")
        && !binding.has("--track")
        && !words.is_empty()
    {
        let kind = if words.len() == 1 { GitLoss::CheckoutWord } else { GitLoss::CheckoutWords };
        let (effect, severity) =
            if words.len() == 1 { (Effect::Write, Severity::Low) } else { (Effect::Destroy, Severity::High) };
        let action = Action::new(effect, Impact::Fixed(severity), "git.checkout", "checkout")
            .object(shown(binding))
            .scope("uncommitted changes of these files, if they are files")
            .undo("none for changes")
            .advice(ADVICE);
        actions.push(question(action, kind, words, binding, call));
    }
    if actions.is_empty() {
        actions.push(
            Action::new(Effect::Write, Impact::Change, "git.checkout-branch", "checkout")
                .object(shown(binding)),
        );
    }
    actions
}

/// The checkout of files that is plain from the arguments alone.
fn files(
    binding: &Binding,
    head: &[OsString],
    paths: &[OsString],
    listed: bool,
) -> Option<(Action, Vec<OsString>)> {
    if paths.is_empty() && !listed {
        return None;
    }
    let everything = [OsString::from(":/")];
    let paths = if listed { &everything } else { paths };
    let mode = if head.is_empty() { "worktree" } else { "both" };
    let tree = head.first().cloned().unwrap_or_default();
    let operands = [OsString::from(mode), tree].into_iter().chain(paths.iter().cloned()).collect();
    let action =
        Action::new(Effect::Destroy, Impact::Fixed(Severity::High), "git.checkout-paths", "checkout --")
            .object(shown(binding))
            .scope("uncommitted changes")
            .undo("none")
            .advice(ADVICE);
    Some((action, operands))
}

/// Parts of files, chosen: one side of a conflict, or hunks.
fn chosen(binding: &Binding, paths: &[OsString]) -> Option<Action> {
    let sides = ["--ours", "--theirs"].iter().any(|name| binding.has(name));
    let merges = binding.has("--merge") && (binding.terminator.is_some() || paths.len() > 1);
    let hunks = binding.has("--patch");
    (sides || merges || hunks).then(|| {
        // git refuses a side that the path does not have; both sides stay commits, and
        // `checkout --merge` brings the conflict back: only a resolution by hand is lost.
        let severity = if sides { Severity::Low } else { Severity::Medium };
        Action::new(Effect::Destroy, Impact::Fixed(severity), "git.checkout-parts", "checkout")
            .object(shown(binding))
            .scope(if hunks { "chosen changes" } else { "the resolution of a conflict" })
            .undo("none")
            .advice("copy the file first")
    })
}

fn shown(binding: &Binding) -> String {
    let words: Vec<String> = binding.operands.iter().map(Word::shown).collect();
    words.join(" ")
}

fn question(
    action: Action,
    kind: GitLoss,
    operands: Vec<OsString>,
    binding: &Binding,
    call: &Call,
) -> Action {
    let repository = super::repository(binding, call);
    action.question(Question::Git { kind, repository, operands })
}
