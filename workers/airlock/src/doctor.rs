//! `airlock doctor`: tries every wall of the jail and what the line stands on, and says what works here.

mod line;

use airlock_jail::Bench;
use serde::Serialize;

use crate::Outcome;
use crate::cli::{DoctorArgs, Global};
use crate::exit::Status;
use crate::paint::{self, GREEN, OFF, RED, YELLOW};
use crate::{config, pack, scan};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Reduced,
    Broken,
}

#[derive(Debug, Serialize)]
struct Check {
    check: String,
    state: State,
    text: String,
}

/// Runs the command.
pub fn run(global: &Global, args: &DoctorArgs) -> Outcome<Status> {
    let checks = checks(global);
    for check in &checks {
        if args.json {
            paint::line(format_args!("{}", serde_json::to_string(check)?))?;
        } else {
            let (colour, word) = match check.state {
                State::Ok => (GREEN, "ok     "),
                State::Reduced => (YELLOW, "reduced"),
                State::Broken => (RED, "broken "),
            };
            paint::line(format_args!("{colour}{word}{OFF} {:<28} {}", check.check, check.text))?;
        }
    }
    let has = |state| checks.iter().any(|c| c.state == state);
    Ok(if has(State::Broken) {
        Status::Failed
    } else if has(State::Reduced) {
        Status::Gap
    } else {
        Status::Clean
    })
}

fn say(check: &str, state: State, text: String) -> Check {
    Check {
        check: check.to_owned(),
        state,
        text,
    }
}

fn checks(global: &Global) -> Vec<Check> {
    let config = match config::load(global) {
        Ok(config) => config,
        Err(error) => return vec![say("configuration", State::Broken, error.to_string())],
    };
    let mut checks = vec![say("configuration", State::Ok, "read and consistent".to_owned())];
    checks.extend(line::checks(&config));
    let jail = match scan::jail_config(&config) {
        Ok(jail) => jail,
        Err(error) => {
            checks.push(say("jail", State::Broken, error.to_string()));
            return checks;
        }
    };
    let pack = match pack::load(&config.rules.dirs) {
        Ok(pack) => pack,
        Err(error) => {
            checks.push(say("rules", State::Broken, error.to_string()));
            return checks;
        }
    };
    let level = jail.level;
    let id = pack.id.clone();
    match Bench::start(jail, &pack.sources) {
        Ok(bench) => {
            checks.push(landlock(bench.landlock_abi(), level));
            for wall in bench.walls() {
                let state = if wall.refused { State::Ok } else { State::Broken };
                checks.push(say(&format!("wall: {}", wall.name), state, format!("{}: {}", wall.what, wall.how)));
            }
            let ready = bench.ready();
            let state = if ready.broken.is_empty() { State::Ok } else { State::Reduced };
            checks.push(say(
                "rules",
                state,
                format!("{} rules, bundle {id}, {} broken files", ready.rules, ready.broken.len()),
            ));
            for broken in &ready.broken {
                checks.push(say(
                    "rule file",
                    State::Reduced,
                    format!("{}:{}: {}", broken.path, broken.line, broken.message),
                ));
            }
        }
        Err(error) => checks.push(say("jail", State::Broken, error.to_string())),
    }
    checks
}

/// Without Landlock the bench starts only when the level `seccomp` was chosen: a reduced guarantee, said as such.
fn landlock(abi: u32, level: airlock_jail::Level) -> Check {
    let (state, text) = match abi {
        0 => (
            State::Reduced,
            format!("this kernel has none; the level {level} was chosen, so seccomp stands alone"),
        ),
        abi => (State::Ok, format!("ABI {abi}; the level {level} is required")),
    };
    Check {
        check: "kernel: landlock".to_owned(),
        state,
        text,
    }
}
