//! The command line of `agentguard` itself. Never on a shim's path.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::actor::ActorKind;
use crate::command;
use crate::context::{Context, Door};
use crate::error::Error;
use crate::exit;
use crate::grammar::registry;

/// The last check before a command runs.
#[derive(Debug, Parser)]
#[command(name = "agentguard", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the shell code that puts the shims first on PATH and keeps them there
    Init {
        /// The shell to print for; without it the calling one
        #[arg(value_parser = ["bash", "zsh", "fish", "sh"])]
        shell: Option<String>,
    },
    /// Judge an invocation or a shell line; run nothing
    Check(CheckArgs),
    /// Show how an invocation was read, and what decided
    Explain {
        #[command(flatten)]
        world: World,
        /// The program and its arguments
        #[arg(last = true, required = true)]
        argv: Vec<OsString>,
    },
    /// Show what was recorded
    Log {
        /// Print the records as they are stored
        #[arg(long)]
        json: bool,
        /// Show only the last N records
        #[arg(short = 'n', long, value_name = "N")]
        last: Option<usize>,
    },
    /// Prove that the guard is live
    Doctor {
        /// Print the findings as JSON
        #[arg(long)]
        json: bool,
    },
    /// Make, remove or list the shims
    Shims {
        #[arg(value_enum, default_value = "list")]
        what: ShimsWhat,
    },
    /// Print the completion script of a shell
    Completions {
        /// bash, zsh, fish, elvish or powershell
        shell: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ShimsWhat {
    Install,
    Remove,
    List,
}

/// Whose invocation it is, and where.
#[derive(Debug, Args)]
pub struct World {
    /// Who is assumed to call; without it the real caller
    #[arg(long, value_enum)]
    pub actor: Option<ActorWord>,
    /// The working folder to judge in
    #[arg(long, value_name = "DIR")]
    pub cwd: Option<PathBuf>,
}

/// An actor on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ActorWord {
    Human,
    Agent,
    Unattended,
}

impl ActorWord {
    /// The kind it names.
    pub const fn kind(self) -> ActorKind {
        match self {
            Self::Human => ActorKind::Human,
            Self::Agent => ActorKind::Agent,
            Self::Unattended => ActorKind::Unattended,
        }
    }
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub world: World,
    /// Print the verdict as JSON
    #[arg(long)]
    pub json: bool,
    /// Judge a whole command line
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["batch", "argv"])]
    pub shell: Option<OsString>,
    /// Judge JSON Lines from standard input
    #[arg(long, conflicts_with = "argv")]
    pub batch: bool,
    /// The program and its arguments
    #[arg(last = true, required_unless_present_any = ["shell", "batch"])]
    pub argv: Vec<OsString>,
}

/// Runs the command line; the result is the exit status.
#[must_use]
pub fn run(args: Vec<OsString>) -> i32 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { exit::USAGE } else { exit::DONE };
        }
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let outcome = dispatch(cli.command, &mut out).and_then(|status| {
        out.flush().map_err(|error| Error::output(&error))?;
        Ok(status)
    });
    match outcome {
        Ok(status) => status,
        Err(error) => {
            let status = i32::from(error.status());
            if status != exit::DONE {
                let _ = writeln!(std::io::stderr(), "agentguard: {error}");
            }
            status
        }
    }
}

fn dispatch(command: Command, out: &mut dyn Write) -> Result<i32, Error> {
    let context = Context::new(Door::Check);
    let programs: Vec<&str> = registry::shimmed().collect();
    let status = |good: bool| if good { exit::DONE } else { exit::STOPPED };
    match command {
        Command::Init { shell } => {
            command::init::run(shell.as_deref(), &programs, &context, out, &mut std::io::stderr())?;
            Ok(exit::DONE)
        }
        Command::Check(arguments) => command::check::run(arguments, out),
        Command::Explain { world, argv } => command::explain::run(&world, argv, out),
        Command::Log { json, last } => command::log::run(json, last, &context, out),
        Command::Doctor { json } => command::doctor::run(json, &programs, &context, out).map(status),
        Command::Shims { what } => {
            let verb = match what {
                ShimsWhat::Install => command::shims::Verb::Install,
                ShimsWhat::Remove => command::shims::Verb::Remove,
                ShimsWhat::List => command::shims::Verb::List,
            };
            command::shims::run(verb, &programs, &context, out).map(status)
        }
        Command::Completions { shell } => {
            command::completions::run(&shell, Cli::command(), out)?;
            Ok(exit::DONE)
        }
    }
}
