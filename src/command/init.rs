//! `agentguard init [SHELL]`: the shell code that puts the shims first on PATH and keeps them there.
//!
//! In: the shell's name, or the calling process. Out: code for `eval`, and shims where they were
//! missing. It refuses to edit a profile: that is the installer's, and only on request.

use std::io::Write;
use std::path::Path;

use crate::command::shims;
use crate::context::Context;
use crate::error::Error;

/// The shells that code is written for.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    /// Any POSIX shell: no prompt hook.
    Sh,
}

impl Shell {
    /// The shell of an argument.
    ///
    /// # Errors
    /// No such shell.
    pub fn from_argument(name: &str) -> Result<Self, Error> {
        match name {
            "bash" => Ok(Self::Bash),
            "zsh" => Ok(Self::Zsh),
            "fish" => Ok(Self::Fish),
            "sh" => Ok(Self::Sh),
            _ => Err(Error::usage(format!("no code for the shell {name:?}"), "name bash, zsh, fish or sh")),
        }
    }

    /// The shell of a process's or a file's name: `-zsh`, `/usr/bin/bash`, `zsh-5.9`, `dash`.
    #[must_use]
    pub fn from_program(name: &str) -> Option<Self> {
        let name = name.rsplit('/').next().unwrap_or(name).trim_start_matches('-');
        let stem = name.split(['-', '.']).next().unwrap_or(name);
        match stem {
            "bash" | "rbash" => Some(Self::Bash),
            "zsh" | "rzsh" => Some(Self::Zsh),
            "fish" => Some(Self::Fish),
            "sh" | "dash" | "ash" | "busybox" | "ksh" | "ksh93" | "mksh" | "yash" => Some(Self::Sh),
            _ => None,
        }
    }

    const fn template(self) -> &'static str {
        match self {
            Self::Bash => include_str!("../../shims/init.bash"),
            Self::Zsh => include_str!("../../shims/init.zsh"),
            Self::Fish => include_str!("../../shims/init.fish"),
            Self::Sh => include_str!("../../shims/init.sh"),
        }
    }

    /// `text` as one word of this shell.
    #[must_use]
    pub fn quote(self, text: &str) -> String {
        match self {
            Self::Bash | Self::Zsh | Self::Sh => shell_words::quote(text).into_owned(),
            // Inside fish's single quotes only the quote and the backslash are special.
            Self::Fish => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        }
    }
}

/// The shell that called: the parent process, else `SHELL`, else any POSIX shell.
pub fn calling_shell(context: &Context) -> Shell {
    let parent = std::os::unix::process::parent_id();
    let named = std::fs::read_to_string(format!("/proc/{parent}/comm")).ok();
    let linked = std::fs::read_link(format!("/proc/{parent}/exe")).ok();
    named
        .and_then(|name| Shell::from_program(name.trim_end()))
        .or_else(|| linked.and_then(|path| Shell::from_program(&path.to_string_lossy())))
        .or_else(|| context.env_text("SHELL").and_then(|path| Shell::from_program(&path)))
        .unwrap_or(Shell::Sh)
}

/// The code for `shell` and the folder `shims`.
///
/// # Errors
/// The folder's name is not UTF-8.
pub fn code(shell: Shell, shims: &Path) -> Result<String, Error> {
    let folder = shims.to_str().ok_or_else(|| {
        Error::failed(
            "the shim folder's name is not UTF-8",
            "set XDG_DATA_HOME to a folder with a plain name",
        )
    })?;
    Ok(shell.template().replace("@SHIMS@", &shell.quote(folder)))
}

/// The command: makes missing shims, then writes the code. Trouble with the shims goes to `notes`;
/// the code is written all the same, because a shell that starts without PATH set up has no guard.
///
/// # Errors
/// An unknown shell, no shim folder, or an output that cannot be written.
pub fn run(
    shell: Option<&str>,
    programs: &[&str],
    context: &Context,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> Result<(), Error> {
    let shell = match shell {
        Some(name) => Shell::from_argument(name)?,
        None => calling_shell(context),
    };
    let folder = shims::folder(context)?;
    match shims::executable().and_then(|executable| shims::install(&folder, &executable, programs)) {
        Ok(changes) => {
            for program in &changes.foreign {
                let path = folder.join(program);
                writeln!(notes, "agentguard: {} is not a link to agentguard; move it away", path.display())?;
            }
        }
        Err(error) => writeln!(notes, "agentguard: {error}")?,
    }
    out.write_all(code(shell, &folder)?.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_are_known_by_process_name() {
        for (name, shell) in [
            ("bash", Some(Shell::Bash)),
            ("-bash", Some(Shell::Bash)),
            ("/usr/bin/zsh-5.9", Some(Shell::Zsh)),
            ("fish", Some(Shell::Fish)),
            ("dash", Some(Shell::Sh)),
            ("cargo", None),
            ("bashful", None),
        ] {
            assert_eq!(Shell::from_program(name), shell, "{name}");
        }
    }

    #[test]
    fn the_folder_is_one_word_in_each_shell() {
        let folder = Path::new("/a b/it's $HOME\\*");
        assert!(code(Shell::Fish, folder).unwrap().contains(r"'/a b/it\'s $HOME\\*'"));
        for shell in [Shell::Bash, Shell::Zsh, Shell::Sh] {
            let code = code(shell, folder).unwrap();
            let line = code.lines().find(|line| line.starts_with("AGENTGUARD_SHIM_DIR=")).unwrap();
            assert_eq!(shell_words::split(line).unwrap(), [r"AGENTGUARD_SHIM_DIR=/a b/it's $HOME\*"]);
            assert!(!code.contains("@SHIMS@"));
        }
    }

    #[test]
    fn an_unknown_shell_is_a_usage_error() {
        assert!(Shell::from_argument("tcsh").unwrap_err().to_string().contains("bash, zsh, fish or sh"));
    }
}
