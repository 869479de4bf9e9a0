//! The command line of `agentguard` itself. Never on a shim's path.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::actor::ActorKind;
use crate::command;
use crate::context::{Context, Door};
use crate::error::Error;
use crate::exit;

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
        /// bash, zsh, fish or elvish
        shell: clap_complete::Shell,
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
pub fn run(args: Vec<OsString>) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { exit::USAGE } else { exit::OK };
        }
    };
    match dispatch(cli.command) {
        Ok(status) => status,
        Err(error) => {
            crate::term::complain(&error.to_string());
            exit::USAGE
        }
    }
}

fn dispatch(command: Command) -> Result<u8, Error> {
    let context = Context::new(Door::Check);
    let mut out = crate::term::stdout();
    match command {
        Command::Init { shell } => command::init::run(shell.as_deref(), &context, &mut out).map(|()| exit::OK),
        Command::Check(arguments) => command::check::run(arguments, &mut out),
        Command::Explain { world, argv } => command::explain::run(&world, argv, &mut out),
        Command::Log { json, last } => command::log::run(json, last, &context, &mut out),
        Command::Doctor { json } => command::doctor::run(json, &context, &mut out),
        Command::Shims { what } => {
            let programs: Vec<&str> = crate::grammar::registry::shimmed().collect();
            match what {
                ShimsWhat::Install => command::shims::install(&programs, &context, &mut out),
                ShimsWhat::Remove => command::shims::remove(&programs, &context, &mut out),
                ShimsWhat::List => command::shims::list(&programs, &context, &mut out),
            }
            .map(|()| exit::OK)
        }
        Command::Completions { shell } => {
            command::completions::run(shell, Cli::command(), &mut out).map(|()| exit::OK)
        }
    }
}
