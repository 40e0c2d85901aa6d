//! The front door: command line, configuration, telemetry. The one place that reads the environment and ends the process.
//!
//! It holds credentials and parses nothing hostile: files go to the jail as sealed memory, and come back as a report.

mod cli;
mod clock;
mod config;
mod config_text;
mod docs;
mod doctor;
mod exit;
mod inputs;
mod json;
mod line;
mod operate;
mod pack;
mod paint;
mod request;
mod rules;
mod scan;
mod subject;
mod telemetry;
mod tree;
mod verdict;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    // A running line speaks as its configuration says.
    if !matches!(cli.command, cli::Command::Up(_) | cli::Command::Run(_)) {
        telemetry::plain();
    }
    let outcome = match cli.command {
        cli::Command::Scan(args) => scan::run(&cli.global, &args),
        cli::Command::Up(args) => line::up::run(&cli.global, &args),
        cli::Command::Run(args) => line::run::run(&cli.global, &args),
        cli::Command::Request(args) => request::run(&cli.global, &args),
        cli::Command::Token(args) => operate::token::run(&cli.global, &args),
        cli::Command::Dead(args) => operate::dead::run(&cli.global, &args),
        cli::Command::Status(args) => operate::status::run(&cli.global, &args),
        cli::Command::Policy { command } => operate::policy::run(&command),
        cli::Command::Topology(args) => operate::topology::run(&cli.global, &args),
        cli::Command::Db { command } => operate::db::run(&cli.global, &command),
        cli::Command::Doctor(args) => doctor::run(&cli.global, &args),
        cli::Command::Config { command } => config::run(&cli.global, &command),
        cli::Command::Rules { command } => rules::run(&cli.global, &command),
        cli::Command::Completions { shell } => docs::completions(shell),
        cli::Command::Man => docs::man(),
    };
    match outcome {
        Ok(status) => status.into(),
        // The reader of our output went away: nothing is wrong, and nobody is left to tell.
        Err(error)
            if error
                .downcast_ref::<std::io::Error>()
                .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe) =>
        {
            exit::Status::Failed.into()
        }
        Err(error) => {
            // Nobody is left to tell when that cannot be written either.
            let _ = writeln!(anstream::stderr(), "airlock: {error}");
            exit::Status::Failed.into()
        }
    }
}

/// A boxed error is enough for a front door: it is printed and the process ends.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
