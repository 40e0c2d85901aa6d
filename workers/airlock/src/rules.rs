//! `airlock rules`: rules are compiled in a jailed process, never here.

use std::path::PathBuf;

use crate::Outcome;
use crate::cli::{Global, RulesCommand};
use crate::exit::Status;
use crate::paint::{GREEN, OFF, RED, line};
use crate::{config, pack, scan};

/// Runs the command.
pub fn run(global: &Global, command: &RulesCommand) -> Outcome<Status> {
    match command {
        RulesCommand::Check { paths, json } => check(global, paths, *json),
    }
}

fn check(global: &Global, paths: &[PathBuf], json: bool) -> Outcome<Status> {
    let config = config::load(global)?;
    let pack = pack::load(paths)?;
    let files = pack.sources.len();
    let ready = airlock_jail::check_rules(&scan::jail_config(&config)?, &pack.sources)?;
    for broken in &ready.broken {
        if json {
            line(format_args!("{}", serde_json::to_string(broken)?))?;
        } else {
            line(format_args!("{RED}broken{OFF} {}:{}: {}", broken.path, broken.line, broken.message))?;
        }
    }
    if json {
        let summary = serde_json::json!({ "files": files, "rules": ready.rules, "broken": ready.broken.len(), "bundle": pack.id });
        line(format_args!("{summary}"))?;
    } else {
        let colour = if ready.broken.is_empty() { GREEN } else { RED };
        line(format_args!(
            "{colour}{} rules in {files} files, {} broken{OFF}, bundle {}",
            ready.rules,
            ready.broken.len(),
            pack.id
        ))?;
    }
    Ok(if ready.broken.is_empty() { Status::Clean } else { Status::Failed })
}
