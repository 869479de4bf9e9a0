//! Programs whose operands are removed: `rm` and its kin.
//!
//! | argument | becomes |
//! |---|---|
//! | an operand | one removal, measured by its place and content |
//! | every visible entry of a folder | also the removal of all that is in it |
//! | an empty operand | nothing: the program refuses it |
//! | an operand known only when the line runs | what it could be: its known pieces decide |

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::action::{Action, Effect, Impact, Loss, Question};
use crate::assess::Severity;
use crate::grammar::bind::Binding;
use crate::invocation::{Piece, Word};
use crate::measure::names;
use crate::reader::{Call, Reading, plain};

/// Removal of every operand.
#[must_use]
pub fn read(binding: &Binding, call: &Call) -> Reading {
    if plain::is_safe(binding) {
        return Reading::default();
    }
    let mut kept = binding.clone();
    kept.operands.retain(|word| !matches!(word, Word::Literal(text) if text.is_empty()));
    let (dynamic, known): (Vec<Word>, Vec<Word>) = kept.operands.iter().cloned().partition(Word::is_dynamic);
    kept.operands = known;
    let mut actions = if kept.operands.is_empty() { Vec::new() } else { plain::read(&kept, call) };
    for word in &dynamic {
        actions.push(unresolved(word, binding));
    }
    actions.extend(whole_folders(&kept, call));
    Reading::of(actions)
}

/// A removal whose operand is known only when the line runs.
fn unresolved(word: &Word, binding: &Binding) -> Action {
    let recursive = binding.has_role("recursive");
    let severity = match (recursive, may_be_broad(word)) {
        (true, true) => Severity::Critical,
        (true, false) if is_below_temporary(word) || is_regenerable(word) => Severity::Low,
        (true, false) => Severity::High,
        (false, _) if is_several(word) => Severity::Medium,
        (false, _) => Severity::Low,
    };
    let mut action = Action::new(
        Effect::Destroy,
        Impact::Fixed(severity),
        plain::rule(binding, "remove-unresolved"),
        "remove",
    )
    .object(word.shown())
    .scope("known only when the line runs")
    .undo("none")
    .advice("write the path out, or guard it: ${NAME:?}");
    action.certainty = crate::action::Certainty::Possible;
    action
}

/// True when an empty value would leave `/`, `/*` or the like.
fn may_be_broad(word: &Word) -> bool {
    let Word::Dynamic(pieces) = word else { return false };
    if !matches!(pieces.first(), Some(Piece::Unknown(_))) {
        return false;
    }
    let rest = word.visible();
    matches!(rest.as_bytes(), b"/" | b"/*" | b"/." | b"//")
}

/// `$TMPDIR/x`: a name inside a folder that by its variable is for temporary files.
fn is_below_temporary(word: &Word) -> bool {
    const TEMPORARY: &[&str] =
        &["TMPDIR", "TMP", "TEMP", "TEMPDIR", "RUNNER_TEMP", "BATS_TMPDIR", "PYTEST_TMPDIR"];
    let Word::Dynamic(pieces) = word else { return false };
    let source = match pieces.first() {
        Some(Piece::Unknown(source)) => source,
        // `/tmp/work-$$`: whatever it is called, its name begins as no other folder's does.
        Some(Piece::Text(start)) => {
            let rest =
                start.as_bytes().strip_prefix(b"/tmp/").or(start.as_bytes().strip_prefix(b"/var/tmp/"));
            return rest
                .is_some_and(|name| name.iter().any(u8::is_ascii_alphanumeric) && !name.contains(&b'.'));
        }
        None => return false,
    };
    let name = source.trim_start_matches(['$', '{']).trim_end_matches('}');
    let rest = word.visible();
    let inside = rest.as_bytes().starts_with(b"/") && rest.as_bytes().iter().any(u8::is_ascii_alphanumeric);
    TEMPORARY.contains(&name) && inside && !rest.as_bytes().windows(2).any(|pair| pair == b"..")
}

/// `$ROOT/dist`, `packages/$name/build`: a folder that builds make again, wherever it stands.
fn is_regenerable(word: &Word) -> bool {
    let Word::Dynamic(pieces) = word else { return false };
    let Some(Piece::Text(end)) = pieces.last() else { return false };
    let bytes = end.as_bytes().strip_suffix(b"/").unwrap_or(end.as_bytes());
    let Some(slash) = bytes.iter().rposition(|&byte| byte == b'/') else { return false };
    let name = std::ffi::OsStr::from_bytes(&bytes[slash + 1..]);
    !bytes.windows(2).any(|pair| pair == b"..") && names::regenerable(name).is_some()
}

/// Names that a command prints, or that stand on standard input: any number of any files.
fn is_several(word: &Word) -> bool {
    let Word::Dynamic(pieces) = word else { return false };
    let [Piece::Unknown(source)] = pieces.as_slice() else { return false };
    let single = ["mktemp", "readlink", "realpath", "basename", "dirname", "which", "head -n 1", "head -1"];
    let is_list = !source.starts_with('$') || source.starts_with("$(");
    is_list && !single.iter().any(|program| source.contains(program))
}

/// The folders whose every visible entry is named, which is what the shell makes of `folder/*`.
fn whole_folders(binding: &Binding, call: &Call) -> Vec<Action> {
    let mut named: BTreeMap<PathBuf, BTreeSet<OsString>> = BTreeMap::new();
    for path in binding.operands.iter().filter_map(Word::known).map(|path| call.path(path)) {
        if let (Some(folder), Some(name)) = (path.parent(), path.file_name()) {
            named.entry(folder.to_owned()).or_default().insert(name.to_owned());
        }
    }
    // Two files may well be meant one by one; what builds make again is judged by its name.
    named.retain(|_, names| names.len() > 2 && names.iter().any(|name| names::regenerable(name).is_none()));
    named.into_iter().filter_map(|(folder, names)| whole_folder(folder, &names, binding, call)).collect()
}

fn whole_folder(
    folder: PathBuf,
    names: &BTreeSet<OsString>,
    binding: &Binding,
    call: &Call,
) -> Option<Action> {
    let recursive = binding.has_role("recursive");
    let mut keeps_folders = false;
    let mut some = false;
    for entry in std::fs::read_dir(&folder).ok()?.flatten() {
        let name = entry.file_name();
        if name.as_bytes().starts_with(b".") {
            continue;
        }
        if !recursive && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            keeps_folders = true;
        } else if names.contains(&name) {
            some = true;
        } else {
            return None;
        }
    }
    let cwd = call.path(std::ffi::OsStr::new(""));
    let action = Action::new(
        Effect::Destroy,
        Impact::Fixed(Severity::High),
        plain::rule(binding, "remove-all"),
        "remove",
    )
    .object(format!("{}/*", folder.display()))
    .scope("everything in the folder")
    .undo("none")
    .advice("name only what is meant");
    let question = if keeps_folders {
        Question::Softened { path: folder, cwd, loss: Loss::SelectedHere }
    } else {
        Question::Remove { path: folder.join("*"), recursive: true, cwd }
    };
    some.then(|| action.question(question))
}
