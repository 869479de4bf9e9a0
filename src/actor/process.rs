//! The processes above this one: names, scripts and environments, as `/proc` tells them.
//!
//! In: nothing but the kernel's answers. Out: [`Ancestor`]s, nearest first. It refuses to know what
//! any of the names mean. Where there is no `/proc` (macOS) there are no ancestors.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;

/// Deeper trees than this are loops of our own making, not somebody's work.
const DEPTH: usize = 64;

/// Environments and command lines are read up to this size; the kernel's own limit for one string is
/// 128 KiB, and a longer environment loses only its tail.
const BOUND: u64 = 1 << 20;

/// One process above this one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ancestor {
    pub pid: u32,
    /// The kernel's short name, at most 15 bytes.
    pub comm: String,
    /// The executable's path; empty when it belongs to somebody else.
    pub executable: String,
    /// The path of the script (or the module) that an interpreter runs; empty when there is none.
    pub script: String,
    pub environ: Environ,
}

impl Ancestor {
    /// The names that it goes by.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [self.comm.as_str(), basename(&self.executable), basename(&self.script)]
            .into_iter()
            .filter(|name| !name.is_empty())
    }

    /// True when the executable or the script lies somewhere below a folder of that name.
    #[must_use]
    pub fn comes_from(&self, folder: &str) -> bool {
        [&self.executable, &self.script].into_iter().any(|path| {
            path.match_indices(folder)
                .any(|(at, _)| path[..at].ends_with('/') && path[at + folder.len()..].starts_with('/'))
        })
    }
}

/// A process's environment as it was when the process started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environ(Vec<u8>);

impl Environ {
    /// From `NAME=value` strings, each ended by a NUL byte.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Names and values in order.
    pub fn variables(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.split(|&byte| byte == 0).filter_map(|entry| {
            let at = entry.iter().position(|&byte| byte == b'=')?;
            Some((&entry[..at], &entry[at + 1..]))
        })
    }

    /// The first variable of that name, which is the one that `getenv` gives.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables().find(|(key, _)| *key == name.as_bytes()).map(|(_, value)| OsStr::from_bytes(value))
    }
}

/// The processes above this one up to the first of the namespace, nearest first.
#[must_use]
pub fn ancestors() -> Vec<Ancestor> {
    let mut found = Vec::new();
    let mut next = stat("self").map(|(_, parent)| parent);
    while let Some(pid) = next.filter(|&pid| pid > 0) {
        if found.len() == DEPTH {
            break;
        }
        let Some((comm, parent)) = stat(&pid.to_string()) else { break };
        found.push(read(pid, comm));
        next = Some(parent);
    }
    found
}

/// Short name and parent of a process.
fn stat(pid: &str) -> Option<(String, u32)> {
    let text = slurp(&format!("/proc/{pid}/stat"));
    // The name stands in parentheses and may hold any byte, parentheses included: the last one counts.
    let start = text.iter().position(|&byte| byte == b'(')?;
    let end = text.iter().rposition(|&byte| byte == b')')?;
    let comm = String::from_utf8_lossy(text.get(start + 1..end)?).into_owned();
    let rest = String::from_utf8_lossy(text.get(end + 1..)?).into_owned();
    let parent = rest.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some((comm, parent))
}

fn read(pid: u32, comm: String) -> Ancestor {
    let executable = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    let executable = executable.to_string_lossy().into_owned();
    // The kernel appends this once the file was replaced, as self-updating agents do.
    let executable = executable.strip_suffix(" (deleted)").unwrap_or(&executable).to_owned();
    let line = slurp(&format!("/proc/{pid}/cmdline"));
    let words: Vec<String> = line
        .split(|&byte| byte == 0)
        .take(SCRIPT_WORDS)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect();
    let interpreter = [basename(&executable), words.first().map_or("", |word| basename(word)), &comm]
        .into_iter()
        .any(is_interpreter);
    let script = if interpreter { script(&words).to_owned() } else { String::new() };
    Ancestor { pid, comm, executable, script, environ: Environ(slurp(&format!("/proc/{pid}/environ"))) }
}

/// A script's name stands among the first words.
const SCRIPT_WORDS: usize = 12;

fn is_interpreter(name: &str) -> bool {
    const NAMES: [&str; 13] = [
        "node", "nodejs", "bun", "deno", "python", "ruby", "perl", "sh", "bash", "dash", "zsh", "fish", "tsx",
    ];
    let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    NAMES.contains(&stem)
}

/// The script among an interpreter's words: the first operand; `-m` names a module; `-c` and `-e` end it.
fn script(words: &[String]) -> &str {
    let mut rest = words.iter().skip(1).map(String::as_str);
    while let Some(word) = rest.next() {
        match word {
            "-m" => return rest.next().map_or("", |module| module.split('.').next().unwrap_or(module)),
            "-c" | "-e" | "-p" | "--eval" | "--print" => return "",
            // node, bun: options that take the next word
            "-r" | "--require" | "--import" | "--loader" => {
                rest.next();
            }
            "run" => {} // deno run, bun run
            _ if word.starts_with('-') => {}
            _ => return word,
        }
    }
    ""
}

fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The start of a file; nothing when it cannot be read.
fn slurp(path: &str) -> Vec<u8> {
    let mut content = Vec::new();
    if let Ok(file) = fs::File::open(path) {
        // A partial read is still evidence.
        let _ = file.take(BOUND).read_to_end(&mut content);
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_of_an_interpreter() {
        let table: [(&[&str], &str); 10] = [
            (&["node", "/usr/bin/claude"], "/usr/bin/claude"),
            (&["node", "--no-warnings", "/opt/cli.js", "-c"], "/opt/cli.js"),
            (&["node", "-r", "dotenv", "/opt/cli.js"], "/opt/cli.js"),
            (&["python3", "-m", "aider.main"], "aider"),
            (&["python3", "-u", "/venv/bin/aider"], "/venv/bin/aider"),
            (&["bash", "-c", "claude"], ""),
            (&["bash"], ""),
            (&["-bash"], ""),
            (&["deno", "run", "-A", "/x/codex"], "/x/codex"),
            (&[], ""),
        ];
        for (words, expected) in table {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            assert_eq!(script(&words), expected, "{words:?}");
        }
    }

    #[test]
    fn interpreters_by_exact_name_with_version() {
        for name in ["node", "python3", "python3.12", "bash", "bun"] {
            assert!(is_interpreter(name), "{name}");
        }
        for name in ["claude", "nodemon", "pythonic", "", "2.1.0"] {
            assert!(!is_interpreter(name), "{name}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn own_ancestors_end_at_the_first_process() {
        let ancestors = ancestors();
        assert!(!ancestors.is_empty());
        assert_eq!(ancestors[0].pid, std::os::unix::process::parent_id());
    }
}
