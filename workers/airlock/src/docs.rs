//! Completions and the manual page, made from the command line's own definition.

use std::io::Write as _;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::Outcome;
use crate::cli::Cli;
use crate::exit::Status;

/// Prints the completions of one shell.
pub fn completions(shell: Shell) -> Outcome<Status> {
    let mut command = Cli::command();
    // Into memory first: the generator panics where it cannot write.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "airlock", &mut text);
    let mut out = std::io::stdout();
    out.write_all(&text)?;
    out.flush()?;
    Ok(Status::Clean)
}

/// Prints the manual: the main page, then one for each command.
pub fn man() -> Outcome<Status> {
    let mut command = Cli::command().flatten_help(true);
    command.build();
    let mut out = std::io::stdout();
    clap_mangen::Man::new(command.clone()).render(&mut out)?;
    // Subcommands carry their full names (`airlock-scan`) once the command is built.
    for sub in command.get_subcommands().filter(|c| c.get_name() != "help") {
        clap_mangen::Man::new(sub.clone()).render(&mut out)?;
    }
    out.flush()?;
    Ok(Status::Clean)
}
