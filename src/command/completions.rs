//! `agentguard completions SHELL`: completion code for the user's shell.
//!
//! In: the clap command tree. Out: the code. It refuses to know where shells keep such files.

use std::io::Write;

use clap_complete::Shell;

use crate::error::Error;

/// Writes the completion code for `shell` (`bash`, `zsh`, `fish`, `elvish`, `powershell`).
///
/// # Errors
/// An unknown shell, or an output that cannot be written.
pub fn run(shell: &str, mut command: clap::Command, out: &mut dyn Write) -> Result<(), Error> {
    let shell: Shell = shell.parse().map_err(|_| {
        Error::usage(format!("no completions for {shell:?}"), "name bash, zsh, fish, elvish or powershell")
    })?;
    // clap_complete panics when a write fails, so it never sees the real output.
    let mut code = Vec::new();
    clap_complete::generate(shell, &mut command, "agentguard", &mut code);
    out.write_all(&code)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> clap::Command {
        clap::Command::new("agentguard").subcommand(clap::Command::new("doctor"))
    }

    #[test]
    fn code_for_each_shell_names_the_subcommands() {
        for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
            let mut out = Vec::new();
            run(shell, sample(), &mut out).unwrap();
            assert!(String::from_utf8(out).unwrap().contains("doctor"), "{shell}");
        }
    }

    #[test]
    fn an_unknown_shell_is_a_usage_error() {
        let error = run("tcsh", sample(), &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("bash, zsh, fish"));
    }
}
