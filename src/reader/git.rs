//! git: where it runs, aliases, refspecs, branch-or-path words, and everything it runs in turn.
//!
//! | in the invocation | becomes |
//! |---|---|
//! | a case of the grammar | its action; the question's operands in the form `measure::git` wants |
//! | `push`, `send-pack`, `fetch`, `pull` | `push.rs`: what the refspecs change |
//! | `checkout` | `checkout.rs`: a branch, a new branch, or files |
//! | `config`, `-c NAME=VALUE`, `GIT_SSH_COMMAND` and its kin | `config.rs`: settings that run programs |
//! | an option with the role `shell`, `submodule foreach`, `bisect run` | what it runs |
//! | a word that is no command | an alias, read again; else by its verb |
//!
//! It refuses to know what would be lost.

mod checkout;
mod config;
mod push;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::action::{Action, Effect, GitLoss, Impact, Question, Repository};
use crate::assess::Severity;
use crate::grammar::bind::{self, Binding};
use crate::grammar::schema::Nested;
use crate::invocation::{Invocation, Word};
use crate::reader::{Call, Nest, Reading, Shell, plain, verb};

/// Aliases of aliases beyond this are not followed.
const ALIAS_DEPTH: usize = 8;

/// What a git invocation does.
pub fn read(binding: &Binding, call: &Call) -> Reading {
    read_below(binding, call, &mut Vec::new())
}

/// `read`, below the aliases in `seen`.
fn read_below(binding: &Binding, call: &Call, seen: &mut Vec<String>) -> Reading {
    if plain::is_safe(binding) {
        return Reading::default();
    }
    if binding.command.path.is_empty() {
        return match binding.operands.first() {
            Some(word) => named(word, binding, call, seen),
            None => Reading::default(),
        };
    }
    let actions = match binding.command.path {
        ["push" | "send-pack"] => push::push(binding, call),
        ["fetch" | "pull"] => push::fetch(binding, call),
        ["checkout"] => checkout::read(binding, call),
        ["config", ..] => config::read(binding, call),
        ["gc" | "maintenance", ..] => gc(binding, call),
        _ => plain::read(binding, call),
    };
    let mut reading = Reading::of(actions.into_iter().map(|action| asked(action, binding)).collect());
    config::programs(binding, call, &mut reading);
    nested(binding, call, &mut reading);
    reading
}

/// The repository that the global options and the environment name.
pub fn repository(binding: &Binding, call: &Call) -> Repository {
    let mut repository = Repository { cwd: call.path(OsStr::new("")), ..Repository::default() };
    for bound in binding.options.iter().filter(|bound| is_global(binding, bound)) {
        if matches!(bound.name, "-p" | "--paginate" | "-P" | "--no-pager" | "--list-cmds") {
            continue;
        }
        let value = bound.value.as_ref();
        if bound.name == "--config-env" {
            let pair = value.map(Word::visible).unwrap_or_default();
            carry(pair.to_string_lossy().rsplit('=').next().unwrap_or_default(), call, &mut repository);
        }
        repository.unknown |= value.is_some_and(Word::is_dynamic);
        let mut word = OsString::from(bound.name);
        match value {
            Some(value) if bound.name.starts_with("--") => {
                word.push("=");
                word.push(value.visible());
                repository.globals.push(word);
            }
            Some(value) => repository.globals.extend([word, value.visible()]),
            None => repository.globals.push(word),
        }
    }
    for name in LOCATING {
        carry(name, call, &mut repository);
    }
    if let Some(count) = call.env_known("GIT_CONFIG_COUNT") {
        let count: usize = count.to_str().and_then(|count| count.parse().ok()).unwrap_or(0);
        carry("GIT_CONFIG_COUNT", call, &mut repository);
        for index in 0..count.min(64) {
            carry(&format!("GIT_CONFIG_KEY_{index}"), call, &mut repository);
            carry(&format!("GIT_CONFIG_VALUE_{index}"), call, &mut repository);
        }
    }
    repository
}

/// Variables that say where git works and by which configuration.
const LOCATING: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_PARAMETERS",
    "GIT_LITERAL_PATHSPECS",
    "HOME",
    "XDG_CONFIG_HOME",
];

fn carry(name: &str, call: &Call, repository: &mut Repository) {
    match call.env(name) {
        Some(Word::Literal(value)) => repository.env.push((name.to_owned(), value)),
        Some(Word::Dynamic(_)) => repository.unknown = true,
        None => {}
    }
}

fn is_global(binding: &Binding, bound: &bind::Bound) -> bool {
    binding.grammar.root.options.iter().any(|opt| std::ptr::eq(opt, bound.opt))
}

/// A word that no command of the grammar bears: an alias, else a program `git-WORD`.
fn named(word: &Word, binding: &Binding, call: &Call, seen: &mut Vec<String>) -> Reading {
    let Some(name) = word.known().map(|name| name.to_string_lossy().into_owned()) else {
        return Reading::of(vec![Action::unread(
            "git.unread",
            format!("git {}: which command is only known by running it", word.shown()),
        )]);
    };
    // git itself refuses a loop.
    let looped = seen.iter().any(|known| known.eq_ignore_ascii_case(&name));
    let value = if looped { None } else { config::alias(&name, binding, call) };
    let Some(value) = value else {
        let words: Vec<String> =
            binding.operands.iter().map(Word::shown).filter(|word| !word.starts_with('-')).take(3).collect();
        return Reading::of(verb::action("git", &words).into_iter().collect());
    };
    if seen.len() >= ALIAS_DEPTH {
        return Reading::of(vec![Action::unread(
            "git.unread",
            format!("alias {name} is more aliases deep than are followed"),
        )]);
    }
    seen.push(name.clone());
    expand(&name, &value, binding, call, seen)
}

/// Reads an alias: `!` is shell text, everything else git's own words.
fn expand(name: &str, value: &OsStr, binding: &Binding, call: &Call, seen: &mut Vec<String>) -> Reading {
    let args = &call.invocation.args;
    let at = binding.places.first().copied().unwrap_or_default();
    let rest = args.get(at + 1..).unwrap_or_default();
    if let Some(text) = value.as_bytes().strip_prefix(b"!") {
        // git runs it as `sh -c 'TEXT "$@"' TEXT ARGUMENTS` from the top of the working tree.
        let mut script = OsStr::from_bytes(text).to_owned();
        if !rest.is_empty() {
            script.push(" \"$@\"");
        }
        let mut words = vec![Word::literal(OsStr::from_bytes(text))];
        words.extend_from_slice(rest);
        let place = repository(binding, call);
        let mut invocation = call.invocation.clone();
        if let Some(top) = crate::measure::git::top(&place) {
            invocation.cwd = top;
        }
        let call = Call { context: call.context, invocation: &invocation };
        return Reading { actions: Vec::new(), nested: vec![shell(Word::Literal(script), words, &call)] };
    }
    let Ok(words) = shell_words::split(&value.to_string_lossy()) else {
        return Reading::of(vec![Action::unread("git.unread", format!("alias {name} has an open quote"))]);
    };
    let mut invocation = call.invocation.clone();
    invocation.args = args.get(..at).unwrap_or_default().to_vec();
    invocation.args.extend(words.into_iter().map(Word::literal));
    invocation.args.extend_from_slice(rest);
    let inner = bind::bind(binding.grammar, &invocation.args, false);
    read_below(&inner, &Call { context: call.context, invocation: &invocation }, seen)
}

/// Shell text that git runs where it stands.
fn shell(text: Word, args: Vec<Word>, call: &Call) -> Nest {
    Nest::Shell(Shell {
        text,
        args,
        cwd: call.invocation.cwd.clone(),
        stdin: call.invocation.stdin.clone(),
        env: call.invocation.env.clone(),
    })
}

/// What options and operands carry to be run.
fn nested(binding: &Binding, call: &Call, reading: &mut Reading) {
    for bound in binding.with_role("shell") {
        if let Some(value) = &bound.value {
            reading.nested.push(shell(value.clone(), Vec::new(), call));
        }
    }
    let words = &binding.operands;
    match (binding.command.path, words.as_slice()) {
        // One word is shell text; several are run as they are, unless the first needs a shell.
        (["submodule", "foreach"], [text]) => reading.nested.push(shell(text.clone(), Vec::new(), call)),
        (["submodule", "foreach"], [program, rest @ ..]) => reading.nested.push(run(program, rest, call)),
        (["for-each-repo"], [_, ..]) => reading.nested.push(run(&Word::literal("git"), words, call)),
        (_, words) => match binding.command.nested {
            Nested::Words(from) | Nested::Assigned(from) | Nested::Fed(from) | Nested::Trailing(from) => {
                if let Some((program, rest)) = words.get(from..).and_then(<[Word]>::split_first) {
                    reading.nested.push(run(program, rest, call));
                }
            }
            Nested::Shell(_)
            | Nested::Texts(_)
            | Nested::Each(_)
            | Nested::Script(_)
            | Nested::Named
            | Nested::None => {}
        },
    }
    for word in words.iter().chain(binding.options.iter().filter_map(|bound| bound.value.as_ref())) {
        // The `ext` transport runs its address (gitremote-helpers(7)).
        if word.visible().as_bytes().starts_with(b"ext::") {
            reading.nested.push(shell(word.skip(b"ext::".len()), Vec::new(), call));
        }
    }
}

fn run(program: &Word, rest: &[Word], call: &Call) -> Nest {
    let needs_shell =
        program.visible().as_bytes().iter().any(|byte| b" \t\n\"'\\$`;|&<>()*?[]#~=%".contains(byte));
    if needs_shell {
        let mut args = vec![program.clone()];
        args.extend_from_slice(rest);
        let text = match program {
            Word::Literal(text) => {
                let mut text = text.clone();
                text.push(" \"$@\"");
                Word::Literal(text)
            }
            Word::Dynamic(_) => program.clone(),
        };
        return shell(text, args, call);
    }
    Nest::Command(Invocation {
        program: program.clone(),
        args: rest.to_vec(),
        depth: call.invocation.depth + 1,
        ..call.invocation.clone()
    })
}

/// `gc` whose configuration on the command line shortens what it keeps.
fn gc(binding: &Binding, call: &Call) -> Vec<Action> {
    let mut actions = plain::read(binding, call);
    let keys = ["gc.pruneexpire", "gc.reflogexpire", "gc.reflogexpireunreachable", "gc.cruftexpire"];
    let soon = |value: &OsStr| {
        let value = value.to_string_lossy();
        !["never", "false", "day", "week", "month", "year"].iter().any(|age| value.contains(age))
    };
    for key in keys {
        if config::given(binding, key).is_some_and(|value| soon(&value.visible())) {
            let action =
                Action::new(Effect::Destroy, Impact::Fixed(Severity::High), "git.gc-prune", "gc --prune");
            actions.push(
                action
                    .object(key)
                    .scope("the way back to lost commits")
                    .undo("none")
                    .advice("git gc keeps them for two weeks"),
            );
        }
    }
    actions
}

/// Brings the operands of a question into the form in which it is answered.
fn asked(mut action: Action, binding: &Binding) -> Action {
    if let (Some(Question::Git { repository, .. }), "") = (&action.question, action.target.kind) {
        action.target = crate::target::repository::local(repository);
    }
    let Some(Question::Git { kind, repository, operands }) = &mut action.question else {
        return action;
    };
    repository.unknown |= binding.operands.iter().any(Word::is_dynamic) && names_matter(*kind);
    if let Some(canonical) = canonical(*kind, binding) {
        *operands = canonical;
    }
    action
}

/// True where an operand that is not known could be anything. Paths stand for themselves: as many
/// as can be.
const fn names_matter(kind: GitLoss) -> bool {
    !matches!(kind, GitLoss::StashClear | GitLoss::ForceCheckout | GitLoss::Abort | GitLoss::PushForce)
}

fn canonical(kind: GitLoss, binding: &Binding) -> Option<Vec<OsString>> {
    let visible = || binding.operands.iter().map(Word::visible);
    let operand = |index: usize| binding.operands.get(index).map(Word::visible);
    let head = || OsString::from("HEAD");
    Some(match (kind, binding.command.path) {
        (GitLoss::Restore, ["restore"]) => {
            let tree = binding.value("--source").map(Word::visible).unwrap_or_default();
            restore(
                if binding.has("--staged") { "both" } else { "worktree" },
                tree,
                visible().collect(),
                binding,
            )
        }
        (GitLoss::Restore, ["checkout-index"]) => {
            let paths = if binding.has("--all") { vec![":/".into()] } else { visible().collect() };
            restore("worktree", OsString::new(), paths, binding)
        }
        (GitLoss::RemoveTracked, _) => restore("both", OsString::new(), visible().collect(), binding),
        (GitLoss::ForceCheckout, ["read-tree"]) => visible().next_back().into_iter().collect(),
        (GitLoss::Clean, _) => clean(binding),
        (GitLoss::TagDelete, _) if !binding.has("--delete") => vec![operand(0)?],
        (GitLoss::RefMove, ["branch"]) => {
            let plain = binding.operands.len();
            let copies =
                binding.has("-C") || binding.has("--copy") || binding.has("-M") || binding.has("--move");
            let (name, start) = match (copies, plain) {
                (true, 0 | 1) | (false, _) => {
                    (operand(0)?, operand(1).filter(|_| !copies).unwrap_or_else(head))
                }
                (true, _) => (operand(1)?, operand(0)?),
            };
            vec![heads(&name), start]
        }
        (GitLoss::RefMove, ["switch"]) => {
            vec![heads(&binding.value("-C")?.visible()), operand(0).unwrap_or_else(head)]
        }
        (GitLoss::RefMove, ["worktree", "add"]) => {
            vec![heads(&binding.value("-B")?.visible()), operand(1).unwrap_or_else(head)]
        }
        _ => return None,
    })
}

/// `refs/heads/NAME`.
fn heads(name: &OsStr) -> OsString {
    let mut full = OsString::from("refs/heads/");
    full.push(name);
    full
}

/// How much is restored, from which tree (or none), then what. Paths from a file stand for everything.
fn restore(mode: &str, tree: OsString, paths: Vec<OsString>, binding: &Binding) -> Vec<OsString> {
    let mut operands = vec![OsString::from(mode), tree];
    operands.extend(paths);
    let listed = |name: &str| binding.options.iter().any(|bound| bound.name == name);
    if listed("--pathspec-from-file") || (listed("--stdin") && binding.command.path == ["checkout-index"]) {
        operands.push(":/".into());
    }
    operands
}

/// clean's own arguments without those that keep it from listing: `-i` beats `-n`.
fn clean(binding: &Binding) -> Vec<OsString> {
    let mut args: Vec<OsString> = Vec::new();
    for bound in binding.options.iter().filter(|bound| !is_global(binding, bound) && !bound.negated) {
        match (bound.name, &bound.value) {
            ("-f" | "--force", _) if binding.has("--force") => args.push("-f".into()),
            ("-d" | "-x" | "-X", _) => args.push(bound.name.into()),
            ("-e" | "--exclude", Some(value)) => {
                args.extend(["-e".into(), value.visible()]);
            }
            _ => {}
        }
    }
    args.push("--".into());
    args.extend(binding.operands.iter().map(Word::visible));
    args
}
