//! `agentguard doctor`: is the guard in place, and does it hold?
//!
//! In: the guarded programs, the shim folder, PATH and the shells of this machine. Out: which file
//! wins where, and a live proof. It refuses to repair anything.
//!
//! The proof calls a real shim as an agent would, with a PATH on which the "real" program is a
//! stand-in that only leaves a mark: nothing can be lost even when the guard fails.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::command::probe::{self, Scratch};
use crate::command::shims::{self, State};
use crate::context::Context;
use crate::error::Error;

/// The whole answer; the shape of `--json`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub v: u8,
    pub shims: String,
    pub programs: Vec<Program>,
    pub proof: Proof,
    /// Every shim wins under the current PATH and the proof is live.
    pub ok: bool,
}

/// One guarded program.
#[derive(Clone, Debug, Serialize)]
pub struct Program {
    pub name: String,
    /// What stands in the shim folder: `ok`, `missing`, `points elsewhere`, `not ours`.
    pub shim: &'static str,
    /// The first file of that name on PATH behind the shims.
    pub real: Option<String>,
    /// What the current PATH finds first.
    pub current: Winner,
    /// What each shell finds, by its call (`bash -lc`).
    pub shells: Vec<Winner>,
}

/// What one way of looking a program up finds.
#[derive(Clone, Debug, Serialize)]
pub struct Winner {
    pub by: String,
    /// A path, or an alias's or function's own description; `None`: nothing.
    pub found: Option<String>,
    pub is_shim: bool,
}

/// What the canary showed.
#[derive(Clone, Debug, Serialize)]
pub struct Proof {
    /// `live`, `open` (the canary ran) or `failed` (nothing could be shown).
    pub state: &'static str,
    pub canary: String,
    pub detail: String,
}

/// Each shell with the calls that differ in the files they read first.
const CALLS: [(&str, &[&str]); 4] =
    [("sh", &["-c"]), ("bash", &["-c", "-lc", "-ic"]), ("zsh", &["-c", "-lc", "-ic"]), ("fish", &["-c"])];

/// The command. True when every shim that is present wins and the proof is live.
///
/// # Errors
/// No shim folder, or an output that cannot be written.
pub fn run(json: bool, programs: &[&str], context: &Context, out: &mut dyn Write) -> Result<bool, Error> {
    let report = examine(programs, context)?;
    if json {
        let text = serde_json::to_string(&report)
            .map_err(|error| Error::failed(format!("cannot write the report: {error}"), "report this"))?;
        writeln!(out, "{text}")?;
    } else {
        show(&report, out)?;
    }
    Ok(report.ok)
}

/// Gathers everything.
///
/// # Errors
/// No shim folder.
pub fn examine(programs: &[&str], context: &Context) -> Result<Report, Error> {
    let folder = shims::folder(context)?;
    let executable = shims::executable()?;
    let path = context.env("PATH").unwrap_or_default();
    let mut rows: Vec<Program> = programs
        .iter()
        .map(|name| {
            let found = files(name, &path);
            let current = found.first().map(|file| file.to_string_lossy().into_owned());
            let real = found.into_iter().find(|file| !shims::same_file(file, &executable));
            Program {
                name: (*name).to_owned(),
                shim: shims::state(&folder.join(name), &executable).word(),
                real: real.map(|file| file.to_string_lossy().into_owned()),
                current: winner("PATH", current, &folder),
                shells: Vec::new(),
            }
        })
        .collect();
    for (shell, calls) in CALLS {
        let Some(file) = files(shell, &path).into_iter().find(|file| !shims::same_file(file, &executable))
        else {
            continue;
        };
        for call in calls {
            ask(&file, shell, call, &folder, &mut rows);
        }
    }
    let proof = prove(programs, &folder, &executable, &path);
    let present = |row: &&Program| row.shim == State::Ours.word();
    let ok = proof.state == "live"
        && rows.iter().any(|row| present(&row))
        && rows.iter().filter(present).all(|row| row.current.is_shim);
    Ok(Report { v: 1, shims: folder.to_string_lossy().into_owned(), programs: rows, proof, ok })
}

/// Every executable file called `name` on `path`, in order.
fn files(name: &str, path: &OsStr) -> Vec<PathBuf> {
    std::env::split_paths(path)
        .map(|folder| if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder })
        .map(|folder| folder.join(name))
        .filter(|file| {
            fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        })
        .collect()
}

fn winner(by: &str, found: Option<String>, shims: &Path) -> Winner {
    let is_shim = found.as_ref().is_some_and(|found| {
        let folder = Path::new(found).parent();
        folder == Some(shims) || folder.is_some_and(|folder| shims::same_file(folder, shims))
    });
    Winner { by: by.to_owned(), found, is_shim }
}

/// Asks one shell about all programs in one call, so that slow start-up files are paid for once.
fn ask(file: &Path, shell: &str, call: &str, folder: &Path, rows: &mut [Program]) {
    // A start-up file may write to the output, hence the mark at the start of each line.
    let lookup: String = rows
        .iter()
        .map(|row| {
            let name = shell_words::quote(&row.name);
            if shell == "fish" {
                format!("printf 'agentguard-probe:%s\\n' \"{name}=\"(command -s {name}; or echo)\n")
            } else {
                format!("printf 'agentguard-probe:%s\\n' {name}=\"$(command -v {name})\"\n")
            }
        })
        .collect();
    let by = format!("{shell} {call}");
    let outcome = probe::run(file.as_os_str(), &[call.into(), lookup.into()], &[]);
    let answer = outcome.ok().filter(|outcome| outcome.status.is_some());
    let text = answer.as_ref().map(|outcome| String::from_utf8_lossy(&outcome.stdout).into_owned());
    for row in rows {
        let found = match &text {
            None => Some("no answer within the time limit".to_owned()),
            Some(text) => text
                .lines()
                .filter_map(|line| line.split_once("agentguard-probe:").map(|(_, rest)| rest))
                .find_map(|rest| rest.strip_prefix(row.name.as_str())?.strip_prefix('='))
                .map(clean)
                .filter(|found| !found.is_empty()),
        };
        row.shells.push(winner(&by, found, folder));
    }
}

/// Programs that a canary is known for, the best first.
const CANARIES: [&str; 2] = ["psql", "rm"];

/// A call that must be refused to an agent whatever the policy says. Should both the guard and the
/// stand-in fail, it still destroys nothing: psql finds no server, rm a folder of ours.
fn destructive(program: &str, scratch: &Path) -> Vec<OsString> {
    if program == "rm" {
        return vec!["-rf".into(), scratch.join("project").into_os_string()];
    }
    vec!["-c".into(), "DROP TABLE agentguard_canary".into()]
}

/// Calls a shim as an agent, by its absolute path.
fn prove(programs: &[&str], folder: &Path, executable: &Path, path: &OsStr) -> Proof {
    let usable = |program: &str| {
        programs.contains(&program) && shims::state(&folder.join(program), executable) == State::Ours
    };
    let Some(program) = CANARIES.into_iter().find(|program| usable(program)) else {
        return failed("", "no shim that a canary is known for; run `agentguard shims install`");
    };
    let Ok(stage) = Stage::new(program, folder, path) else {
        return failed(program, "no temporary folder for the stand-in; set TMPDIR to a writable one");
    };
    let args = destructive(program, stage.scratch.path());
    let words = args.iter().map(|word| word.to_string_lossy().into_owned());
    let shown = shell_words::join(std::iter::once(program.to_owned()).chain(words));
    let (refused, ran) = stage.call(program, &args, folder);
    if ran {
        return Proof { state: "open", canary: shown, detail: "the program was started".to_owned() };
    }
    if refused != Some(126) {
        return failed(&shown, &format!("status {refused:?} in place of 126"));
    }
    match stage.call(program, &["--version".into()], folder) {
        (Some(0), true) => {
            Proof { state: "live", canary: shown, detail: "refused with 126; a harmless call ran".to_owned() }
        }
        // A temporary folder that nothing can be executed from refuses the stand-in with 126 as well.
        (status, _) => failed(&shown, &format!("a harmless call did not run either (status {status:?})")),
    }
}

fn failed(canary: &str, detail: &str) -> Proof {
    Proof { state: "failed", canary: canary.to_owned(), detail: detail.to_owned() }
}

/// A folder with a stand-in for the guarded program, which leaves a mark when it is started.
struct Stage {
    scratch: Scratch,
    path: OsString,
}

impl Stage {
    fn new(program: &str, shims: &Path, path: &OsStr) -> std::io::Result<Self> {
        let scratch = Scratch::new("doctor")?;
        let stand_in = scratch.path().join(program);
        fs::write(&stand_in, "#!/bin/sh\n: >\"$AGENTGUARD_CANARY_MARK\"\n")?;
        fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755))?;
        // What the canary for rm names: a project with history and secrets.
        let project = scratch.path().join("project");
        fs::create_dir_all(project.join(".git/objects"))?;
        fs::write(project.join(".git/HEAD"), "ref: refs/heads/main\n")?;
        fs::write(project.join(".env"), "CANARY=1\n")?;
        let mut front = shims.as_os_str().to_owned();
        for part in [scratch.path().as_os_str(), path] {
            front.push(":");
            front.push(part);
        }
        Ok(Self { scratch, path: front })
    }

    /// The status, and whether the stand-in was started.
    fn call(&self, program: &str, args: &[OsString], shims: &Path) -> (Option<i32>, bool) {
        let mark = self.scratch.path().join("mark");
        // A home of its own: the canary stands in nobody's records, and no rule of the user's lets it pass.
        let nowhere = || OsString::new();
        let env = [
            ("HOME", self.scratch.path().as_os_str().to_owned()),
            ("XDG_CONFIG_HOME", nowhere()),
            ("XDG_DATA_HOME", nowhere()),
            ("XDG_STATE_HOME", nowhere()),
            ("XDG_CACHE_HOME", nowhere()),
            ("CLAUDE_CODE_CHILD_SESSION", OsString::from("1")),
            ("AGENTGUARD_CANARY_MARK", mark.clone().into_os_string()),
            ("PGHOST", self.scratch.path().as_os_str().to_owned()),
            ("PGCONNECT_TIMEOUT", OsString::from("1")),
            ("PATH", self.path.clone()),
        ];
        let outcome = probe::run(shims.join(program).as_os_str(), args, &env);
        let status = outcome.ok().and_then(|outcome| outcome.status).and_then(|status| status.code());
        (status, mark.exists())
    }
}

fn show(report: &Report, out: &mut dyn Write) -> Result<(), Error> {
    writeln!(out, "shims: {}", report.shims)?;
    let mut unguarded = false;
    for row in &report.programs {
        let mark = if row.current.is_shim { "guarded" } else { "NOT guarded" };
        let real = row.real.as_deref().unwrap_or("not installed");
        writeln!(out, "  {:<12} {mark}: shim {}, real program {real}", row.name, row.shim)?;
        for (found, calls) in elsewhere(row) {
            unguarded = true;
            writeln!(out, "  {:<12} {found} wins in: {}", "", calls.join(", "))?;
        }
    }
    let Proof { state, canary, detail } = &report.proof;
    let canary = if canary.is_empty() { String::new() } else { format!(" ({canary})") };
    writeln!(out, "proof: {state}: {detail}{canary}")?;
    if unguarded {
        writeln!(out, "to guard these: eval \"$(agentguard init)\" at the end of what they read")?;
    }
    writeln!(out, "{}", if report.ok { "ok" } else { "NOT ok" })?;
    Ok(())
}

/// What wins in place of the shim, with the ways of looking up that find it.
fn elsewhere(row: &Program) -> Vec<(&str, Vec<&str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for winner in std::iter::once(&row.current).chain(&row.shells).filter(|winner| !winner.is_shim) {
        let found = winner.found.as_deref().unwrap_or("nothing");
        match groups.iter_mut().find(|(other, _)| *other == found) {
            Some((_, calls)) => calls.push(&winner.by),
            None => groups.push((found, vec![&winner.by])),
        }
    }
    groups
}

/// A shell's answer, fit for a terminal: an alias may hold anything.
fn clean(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shim_folder_counts_as_a_shim() {
        let folder = Path::new("/x/shims");
        assert!(winner("PATH", Some("/x/shims/rm".into()), folder).is_shim);
        assert!(!winner("PATH", Some("/bin/rm".into()), folder).is_shim);
        assert!(!winner("PATH", Some("alias rm='rm -i'".into()), folder).is_shim);
        assert!(!winner("PATH", None, folder).is_shim);
    }

    #[test]
    fn files_are_found_in_the_order_of_path() {
        let found = files("sh", OsStr::new("/nonexistent:/bin:/usr/bin"));
        assert_eq!(found.first().map(PathBuf::as_path), Some(Path::new("/bin/sh")));
    }

    #[test]
    fn a_shell_is_asked_and_noise_is_skipped() {
        let folder = Path::new("/nonexistent/shims");
        let mut rows = vec![Program {
            name: "cat".into(),
            shim: "ok",
            real: None,
            current: winner("PATH", None, folder),
            shells: Vec::new(),
        }];
        ask(Path::new("/bin/sh"), "sh", "-c", folder, &mut rows);
        let found = rows[0].shells[0].found.as_deref().unwrap_or_default();
        assert!(found.ends_with("/cat"), "{found}");
    }

    /// A stand-in for a shim: refuses what `when` says and runs the rest.
    fn proof_with(script: &str) -> Proof {
        let scratch = Scratch::new("proof").unwrap();
        let executable = scratch.path().join("agentguard");
        fs::write(&executable, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&executable, fs::Permissions::from_mode(0o755)).unwrap();
        let folder = scratch.path().join("shims");
        let _ = shims::install(&folder, &executable, &["psql"]).unwrap();
        prove(&["psql"], &folder, &executable, OsStr::new("/usr/bin:/bin"))
    }

    #[test]
    fn the_proof_tells_live_open_and_broken_apart() {
        let run = "PATH=${PATH#*:}; exec psql \"$@\"";
        assert_eq!(proof_with(&format!("case $* in *DROP*) exit 126;; esac\n{run}")).state, "live");
        assert_eq!(proof_with(run).state, "open");
        assert_eq!(proof_with("exit 126").state, "failed");
        assert_eq!(proof_with("exit 125").state, "failed");
    }
}
