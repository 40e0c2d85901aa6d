//! `airlock-glass`: the one program that parses hostile bytes. `airlock` starts it; by hand it says so and ends.

use std::process::ExitCode;

use airlock_cell::alloc::CappedAlloc;
use airlock_cell::zygote::Settings;
use airlock_cell::{rulecheck, stdio, zygote};
use airlock_proto::control::REFUSED_STATUS;
use airlock_proto::limits::CHILD_CPU_SECONDS;

#[global_allocator]
static ALLOCATOR: CappedAlloc = CappedAlloc;

const USAGE: &str = "airlock-glass is started by airlock, never by hand.
usage: airlock-glass inspect|rules [--level landlock+seccomp|seccomp] [--cpu-seconds N]";

#[allow(clippy::disallowed_methods, reason = "the one place of the glass that reads arguments")]
fn main() -> ExitCode {
    stdio::close_leaks();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((role, rest)) => settings(rest).and_then(|settings| match role.as_str() {
            "inspect" => zygote::run(settings),
            "rules" => rulecheck::run(settings),
            other => Err(format!("unknown role {other:?}\n{USAGE}")),
        }),
        None => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("airlock-glass: {why}");
            ExitCode::from(u8::try_from(REFUSED_STATUS).unwrap_or(1))
        }
    }
}

fn settings(arguments: &[String]) -> Result<Settings, String> {
    let mut settings = Settings {
        level: airlock_proto::control::Level::default(),
        cpu_seconds: CHILD_CPU_SECONDS,
    };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value\n{USAGE}"))?;
        match word.as_str() {
            "--level" => settings.level = value.parse()?,
            "--cpu-seconds" => settings.cpu_seconds = value.parse().map_err(|e| format!("--cpu-seconds {value}: {e}"))?,
            other => return Err(format!("unknown option {other:?}\n{USAGE}")),
        }
    }
    Ok(settings)
}
