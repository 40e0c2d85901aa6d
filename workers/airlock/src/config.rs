//! The configuration: one TOML file, overridden by `AIRLOCK_<SECTION>_<KEY>`; every mistake is named at once, with its line.

use std::path::PathBuf;

use airlock_proto::Limits;
use serde::{Deserialize, Serialize};

use crate::Outcome;
use crate::cli::{self, ConfigCommand, Global};
use crate::exit::Status;
use crate::line::config as line;
use crate::telemetry::TelemetrySection;
use crate::{config_text, paint};

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The wall between us and the files.
    pub jail: JailSection,
    /// What one scan may cost.
    pub scan: Limits,
    /// The way to the internet.
    pub fetch: airlock_fetch::Config,
    /// The rules.
    pub rules: RulesSection,
    /// The line: how many jobs, which policies.
    pub line: line::LineSection,
    /// The broker.
    pub queue: line::QueueSection,
    /// The database.
    pub records: line::RecordsSection,
    /// The store of blobs.
    pub store: airlock_store::Config,
    /// The keys of download tokens.
    pub token: line::TokenSection,
    /// Where downloads are served.
    pub gateway: line::GatewaySection,
    /// Logs and traces of a running line.
    pub telemetry: TelemetrySection,
}

/// `[jail]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JailSection {
    /// Walls that must stand: `landlock+seccomp` (default), or `seccomp` for kernels without Landlock.
    pub level: String,
    /// Path of `airlock-glass`; empty: beside this binary.
    pub glass: PathBuf,
    /// Jailed children that run side by side; 0: the number of cores.
    pub jobs: u16,
}

impl Default for JailSection {
    fn default() -> Self {
        JailSection {
            level: "landlock+seccomp".to_owned(),
            glass: PathBuf::new(),
            jobs: 0,
        }
    }
}

/// `[rules]`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RulesSection {
    /// Folders with YARA rules in place of the built-in pack.
    pub dirs: Vec<PathBuf>,
}

/// Why the configuration cannot be used: all mistakes, one a line.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(pub Vec<String>);

/// The configuration in force.
pub fn load(global: &Global) -> Outcome<Config> {
    // An empty variable is an unset one, as elsewhere.
    let path = global.config.as_ref().filter(|path| !path.as_os_str().is_empty());
    let (name, text) = match path {
        Some(path) => (
            path.display().to_string(),
            std::fs::read_to_string(path).map_err(|e| {
                ConfigError(vec![format!(
                    "cannot read the configuration {}: {e}; name a readable file with --config or leave it out",
                    path.display()
                )])
            })?,
        ),
        None => (String::new(), String::new()),
    };
    let mut variables: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
        .filter(|(k, _)| k.starts_with("AIRLOCK_") && !matches!(k.as_str(), "AIRLOCK_CONFIG" | "AIRLOCK_LOG"))
        .collect();
    variables.sort();
    Ok(config_text::read(&name, &text, &variables)?)
}

/// Contradictions and values out of range: the setting and what is wrong with it.
pub fn check(config: &Config) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    if config.jail.level.parse::<airlock_jail::Level>().is_err() {
        let message = format!("jail.level = {:?}: choose \"landlock+seccomp\" or \"seccomp\"", config.jail.level);
        faults.push(("jail.level", message));
    }
    let s = &config.scan;
    let ranges: [(&str, u64, u64, u64); 7] = [
        ("records.keep_days", u64::from(config.records.keep_days), 1, 3_650),
        ("scan.max_unpacked_bytes", s.max_unpacked_bytes, 1, 4 << 30),
        ("scan.max_depth", u64::from(s.max_depth), 1, 32),
        ("scan.max_members", s.max_members, 1, 1_000_000),
        ("scan.deadline_ms", s.deadline_ms, 100, 300_000),
        (
            "scan.max_alive_bytes",
            s.max_alive_bytes,
            1,
            airlock_proto::limits::CHILD_DATA_BYTES,
        ),
        ("fetch.max_body_bytes", config.fetch.max_body_bytes, 1 << 20, 2 << 30),
    ];
    for (name, value, low, high) in ranges {
        if !(low..=high).contains(&value) {
            faults.push((name, format!("{name} = {value}: must lie between {low} and {high}")));
        }
    }
    if s.max_member_bytes > s.max_alive_bytes {
        let message = format!(
            "scan.max_member_bytes = {} is more than scan.max_alive_bytes = {}",
            s.max_member_bytes, s.max_alive_bytes
        );
        faults.push(("scan.max_member_bytes", message));
    }
    let ranges = [
        ("fetch.allow_addresses", &config.fetch.allow_addresses),
        ("fetch.deny_addresses", &config.fetch.deny_addresses),
    ];
    for (name, list) in ranges {
        let wrong = list.iter().filter_map(|range| cli::exact(*range).err());
        faults.extend(wrong.map(|why| (name, format!("{name}: {why}"))));
    }
    let addresses: [(&str, &String, &[&str], &str); 3] = [
        (
            "queue.url",
            &config.queue.url,
            &["amqp", "amqps"],
            "amqp://host:port/vhost or amqps://…",
        ),
        (
            "records.url",
            &config.records.url,
            &["postgres", "postgresql"],
            "postgres://host:port/database",
        ),
        ("store.url", &config.store.url, &["file", "s3"], "file:///dir or s3://bucket/prefix"),
    ];
    for (name, url, schemes, form) in addresses {
        let fits = url::Url::parse(url).is_ok_and(|url| schemes.contains(&url.scheme()));
        if !url.is_empty() && !fits {
            faults.push((name, format!("{name} = {url:?}: use {form}")));
        }
    }
    faults.extend(config.telemetry.check());
    faults
}

/// `airlock config show|check`.
pub fn run(global: &Global, command: &ConfigCommand) -> Outcome<Status> {
    let config = load(global)?;
    match command {
        ConfigCommand::Show => {
            let text = toml::to_string(&config).map_err(|e| ConfigError(vec![e.to_string()]))?;
            paint::line(format_args!("{}", text.trim_end()))?;
        }
        ConfigCommand::Check => paint::line(format_args!("configuration ok"))?,
    }
    Ok(Status::Clean)
}
