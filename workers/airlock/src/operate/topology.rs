//! `airlock topology`: the definitions of the broker, printed, applied, compared.

use std::path::Path;

use airlock_queue::topology::{Management, ServiceUser, StageName, StagePasswords, apply, check, definitions};
use serde_json::Value;

use super::say;
use crate::Outcome;
use crate::cli::{Global, TopologyArgs, TopologyCommand};
use crate::config::{self, Config};
use crate::exit::Status;
use crate::line::run::runtime;

/// Runs the command.
pub fn run(global: &Global, args: &TopologyArgs) -> Outcome<Status> {
    let config = config::load(global)?;
    let wanted = wanted(&config, &args.services)?;
    if let TopologyCommand::Show = args.command {
        say(&serde_json::to_string_pretty(&wanted)?)?;
        return Ok(Status::Clean);
    }
    let management = Management {
        url: args
            .management
            .clone()
            .ok_or("name the management address of the broker: --management http://host:15672")?,
        user: args.user.clone(),
        password: secret(
            args.password_file
                .as_deref()
                .ok_or("name the file with the password of --user: --password-file FILE")?,
        )?,
        ca_file: Some(config.queue.ca_file.clone()).filter(|p| !p.as_os_str().is_empty()),
    };
    runtime()?.block_on(async move {
        if let TopologyCommand::Apply = args.command {
            apply(&management, &wanted).await?;
        }
        let differences = check(&management, &wanted).await?;
        for line in &differences {
            say(line)?;
        }
        if differences.is_empty() {
            say("the broker is as it should be")?;
            return Ok(Status::Clean);
        }
        Ok(Status::Gap)
    })
}

fn wanted(config: &Config, services: &[String]) -> Outcome<Value> {
    let dir = &config.queue.passwords_dir;
    if dir.as_os_str().is_empty() {
        return Err("queue.passwords_dir is empty: the definitions need the password of every user, one file each".into());
    }
    let mut stages = StagePasswords::default();
    for stage in StageName::ALL {
        stages.insert(stage, password(dir, stage.word())?);
    }
    let mut users = Vec::new();
    for name in services {
        users.push(ServiceUser {
            name: name.clone(),
            password: password(dir, name)?,
        });
    }
    let mut salt = [0_u8; 4];
    getrandom::fill(&mut salt).map_err(|e| format!("no randomness: {e}"))?;
    Ok(definitions(&users, &stages, salt)?)
}

fn password(dir: &Path, user: &str) -> Outcome<String> {
    secret(&dir.join(user)).map_err(|e| format!("{e}; it holds the password of the broker user {user}").into())
}

fn secret(path: &Path) -> Outcome<String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
