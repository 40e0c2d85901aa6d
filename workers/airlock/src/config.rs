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
    /// Jailed children that run side by side; 0: the number of cores. On the line bulk has as many, and clicks find half as many more.
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
    load_checked(global, check)
}

fn load_checked(global: &Global, check: Check) -> Outcome<Config> {
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
    Ok(config_text::read(&name, &text, &variables, check)?)
}

/// Says what is wrong with a configuration: the setting, and why.
pub type Check = fn(&Config) -> Vec<(&'static str, String)>;

/// Contradictions and values out of range: the setting and what is wrong with it.
pub fn check(config: &Config) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    if config.jail.level.parse::<airlock_jail::Level>().is_err() {
        let message = format!("jail.level = {:?}: choose \"landlock+seccomp\" or \"seccomp\"", config.jail.level);
        faults.push(("jail.level", message));
    }
    let (s, f, l) = (&config.scan, &config.fetch, &config.line);
    let whole = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let g = &config.gateway;
    let ranges: [(&str, u64, u64, u64); 27] = [
        ("records.keep_days", u64::from(config.records.keep_days), 1, 3_650),
        ("records.max_connections", u64::from(config.records.max_connections), 1, 1_000),
        (
            "scan.max_report_bytes",
            s.max_report_bytes,
            whole(airlock_proto::limits::MAX_FRAME_BYTES),
            1 << 30,
        ),
        ("scan.max_unpacked_bytes", s.max_unpacked_bytes, 1, 4 << 30),
        ("scan.max_depth", u64::from(s.max_depth), 1, 32),
        ("scan.max_members", s.max_members, 1, 1_000_000),
        ("scan.max_nodes", u64::from(s.max_nodes), 1, 1_000_000),
        ("scan.deadline_ms", s.deadline_ms, 100, 300_000),
        (
            "scan.max_alive_bytes",
            s.max_alive_bytes,
            1,
            airlock_proto::limits::CHILD_DATA_BYTES,
        ),
        ("fetch.max_body_bytes", f.max_body_bytes, 1 << 20, 2 << 30),
        ("fetch.max_header_bytes", whole(f.max_header_bytes), 1_024, 1 << 20),
        ("fetch.max_url_bytes", whole(f.max_url_bytes), 64, 1 << 16),
        ("fetch.connect_timeout_ms", f.connect_timeout_ms, 100, 600_000),
        ("fetch.first_byte_timeout_ms", f.first_byte_timeout_ms, 100, 600_000),
        ("fetch.total_timeout_ms", f.total_timeout_ms, 100, 3_600_000),
        ("fetch.slow_window_ms", f.slow_window_ms, 1, 3_600_000),
        ("line.fetch_jobs", u64::from(l.fetch_jobs), 1, 10_000),
        ("line.intake_jobs", u64::from(l.intake_jobs), 1, 10_000),
        ("line.other_jobs", u64::from(l.other_jobs), 1, 10_000),
        ("line.tenant_first", u64::from(l.tenant_first), 1, 1_000_000),
        ("line.tenant_in_flight", u64::from(l.tenant_in_flight), 1, 1_000_000),
        ("line.policies_every_ms", l.policies_every_ms, 100, 60_000),
        ("line.grace_ms", l.grace_ms, 100, 3_600_000),
        ("gateway.max_connections", u64::from(g.max_connections), 1, 100_000),
        ("gateway.header_timeout_ms", g.header_timeout_ms, 100, 3_600_000),
        ("gateway.send_timeout_ms", g.send_timeout_ms, 100, 3_600_000),
        ("token.life_ms", config.token.life_ms, 1_000, 43_200_000),
    ];
    for (name, value, low, high) in ranges {
        if !(low..=high).contains(&value) {
            faults.push((name, format!("{name} = {value}: must lie between {low} and {high}")));
        }
    }
    if f.ports.contains(&0) {
        faults.push(("fetch.ports", "fetch.ports: 0 is no port; name ports from 1 to 65535".to_owned()));
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
    faults.extend(store(config));
    let addresses: [(&str, &String, &[&str], &str); 2] = [
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
    ];
    for (name, url, schemes, form) in addresses {
        let fits = url::Url::parse(url).is_ok_and(|url| schemes.contains(&url.scheme()));
        if !url.is_empty() && !fits {
            faults.push((name, format!("{name} = {url:?}: use {form}")));
        }
    }
    faults.extend(doors(config));
    faults.extend(config.telemetry.check());
    faults
}

/// What the store itself has against its settings; without an address it is that of `airlock up`.
fn store(config: &Config) -> Option<(&'static str, String)> {
    const NAMES: [&str; 5] = [
        "store.url",
        "store.endpoint",
        "store.timeout_ms",
        "store.access_key_id",
        "store.secret_key_file",
    ];
    if config.store.url.is_empty() {
        return None;
    }
    let (key, why) = config.store.check().err()?;
    let name = NAMES
        .into_iter()
        .find(|name| name.ends_with(&format!(".{key}")))
        .unwrap_or("store.url");
    let shown = match key {
        "url" => format!(" = {:?}", config.store.url),
        "timeout_ms" => format!(" = {}", config.store.timeout_ms),
        _ => String::new(),
    };
    Some((name, format!("{name}{shown}: {why}")))
}

/// Addresses to listen on and to be reached at, and what is said to origins.
fn doors(config: &Config) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    let listen = [
        ("gateway.listen", &config.gateway.listen),
        ("line.admin_listen", &config.line.admin_listen),
    ];
    for (name, address) in listen {
        if !is_listen(address) {
            faults.push((name, format!("{name} = {address:?}: use address:port; port 0 picks a free one")));
        }
    }
    let base = &config.gateway.base_url;
    let fits = url::Url::parse(base).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none());
    if !base.is_empty() && !fits {
        let message = format!("gateway.base_url = {base:?}: use http://host or https://host, a path may follow, a query may not");
        faults.push(("gateway.base_url", message));
    }
    let headers = [
        ("fetch.user_agent", &config.fetch.user_agent),
        ("fetch.accept_language", &config.fetch.accept_language),
    ];
    for (name, text) in headers {
        if text.len() > 512 || !text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            faults.push((name, format!("{name} = {text:?}: must be one line of at most 512 bytes of ASCII")));
        }
    }
    faults
}

/// `127.0.0.1:80`, `[::1]:80` or `localhost:80`.
fn is_listen(address: &str) -> bool {
    let named = address.rsplit_once(':').is_some_and(|(host, port)| {
        let host_fits = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        host_fits && port.parse::<u16>().is_ok()
    });
    named || address.parse::<std::net::SocketAddr>().is_ok()
}

/// With folders and files that must be there. A start does not ask for them all: each process of a cluster has only its own.
fn check_with_files(config: &Config) -> Vec<(&'static str, String)> {
    let mut faults = check(config);
    let folder = &config.line.policies_dir;
    if !folder.as_os_str().is_empty() && !folder.is_dir() {
        let message = format!("line.policies_dir = {folder:?}: there is no such folder; make it, or leave the setting out");
        faults.push(("line.policies_dir", message));
    }
    let keys = &config.gateway.service_keys_dir;
    if !keys.as_os_str().is_empty() && !keys.is_dir() {
        let message = format!("gateway.service_keys_dir = {keys:?}: there is no such folder; make it, or leave the setting out");
        faults.push(("gateway.service_keys_dir", message));
    }
    let glass = &config.jail.glass;
    if !glass.as_os_str().is_empty() && !glass.is_file() {
        let message = format!("jail.glass = {glass:?}: there is no such file; without the setting the one beside this binary is used");
        faults.push(("jail.glass", message));
    }
    for rules in config.rules.dirs.iter().filter(|path| !path.exists()) {
        faults.push((
            "rules.dirs",
            format!("rules.dirs: {rules:?}: there is no such folder; without any the built-in pack is used"),
        ));
    }
    for file in config.fetch.extra_ca_files.iter().filter(|path| !path.is_file()) {
        faults.push((
            "fetch.extra_ca_files",
            format!("fetch.extra_ca_files: {file:?}: there is no such file; name PEM files"),
        ));
    }
    faults
}

/// `airlock config show|check`.
pub fn run(global: &Global, command: &ConfigCommand) -> Outcome<Status> {
    match command {
        ConfigCommand::Show => {
            let config = load(global)?;
            let text = toml::to_string(&config).map_err(|e| ConfigError(vec![e.to_string()]))?;
            paint::line(format_args!("{}", text.trim_end()))?;
        }
        ConfigCommand::Check => {
            load_checked(global, check_with_files)?;
            paint::line(format_args!("configuration ok"))?;
        }
    }
    Ok(Status::Clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_break_the_line_are_refused_all_at_once() {
        let text = "[line]\ntenant_in_flight = 0\nfetch_jobs = 0\nother_jobs = 0\npolicies_every_ms = 0\nadmin_listen = \"9090\"\n\
                    policies_dir = \"/nonexistent/p\"\n[fetch]\nuser_agent = \"a\\nb\"\nmax_header_bytes = 0\ntotal_timeout_ms = 0\n\
                    extra_ca_files = [\"/nonexistent/ca\"]\n[gateway]\nbase_url = \"files.example.org\"\nlisten = \"localhost:http\"\n\
                    [token]\nlife_ms = 43200001\n[scan]\nmax_nodes = 0\n[rules]\ndirs = [\"/nonexistent/r\"]\n";
        let faults = config_text::read("a.toml", text, &[], check_with_files).unwrap_err().0;
        let begins = [
            "a.toml:2: line.tenant_in_flight = 0: must lie between 1 and ",
            "a.toml:3: line.fetch_jobs = 0: must lie between 1 and ",
            "a.toml:4: line.other_jobs = 0: must lie between 1 and ",
            "a.toml:5: line.policies_every_ms = 0: must lie between 100 and 60000",
            "a.toml:6: line.admin_listen = \"9090\": use address:port",
            "a.toml:7: line.policies_dir = \"/nonexistent/p\": there is no such folder",
            "a.toml:9: fetch.user_agent = \"a\\nb\": must be one line",
            "a.toml:10: fetch.max_header_bytes = 0: must lie between 1024 and ",
            "a.toml:11: fetch.total_timeout_ms = 0: must lie between 100 and ",
            "a.toml:12: fetch.extra_ca_files: \"/nonexistent/ca\": there is no such file",
            "a.toml:14: gateway.base_url = \"files.example.org\": use http://host",
            "a.toml:15: gateway.listen = \"localhost:http\": use address:port",
            "a.toml:17: token.life_ms = 43200001: must lie between 1000 and 43200000",
            "a.toml:19: scan.max_nodes = 0: must lie between 1 and ",
            "a.toml:21: rules.dirs: \"/nonexistent/r\": there is no such folder",
        ];
        assert_eq!(faults.len(), begins.len(), "{faults:#?}");
        for (fault, begin) in faults.iter().zip(begins) {
            assert!(fault.starts_with(begin), "{fault} / {begin}");
        }
        assert!(check_with_files(&Config::default()).is_empty());
    }

    #[test]
    fn what_a_start_refuses_is_refused_here_too() {
        for (section, setting) in [
            ("line", "grace_ms = 5"),
            ("records", "max_connections = 0"),
            ("store", "timeout_ms = 1"),
            ("store", "url = \"s3://\""),
            ("store", "url = \"file://rel/x\""),
            ("store", "url = \"http://x/\""),
            ("gateway", "service_keys_dir = \"/nonexistent/k\""),
            ("gateway", "max_connections = 0"),
            ("jail", "glass = \"/nonexistent/g\""),
            ("scan", "max_report_bytes = 1"),
            ("fetch", "ports = [80, 0]"),
            ("token", "life_ms = 999"),
        ] {
            let text = format!("[{section}]\n{setting}\n");
            let faults = config_text::read("a.toml", &text, &[], check_with_files).unwrap_err().0;
            let key = setting.split(' ').next().unwrap();
            let begin = format!("a.toml:2: {section}.{key}");
            assert!(faults.len() == 1 && faults[0].starts_with(&begin), "{setting}: {faults:?}");
        }
    }

    #[test]
    fn addresses_to_listen_on() {
        for right in ["127.0.0.1:0", "[::]:8080", "localhost:80", "0.0.0.0:8080"] {
            assert!(is_listen(right), "{right}");
        }
        for wrong in [
            "",
            "8080",
            ":8080",
            "a b:80",
            "127.0.0.1",
            "localhost:99999",
            "http://a:80",
            "::1:80x",
        ] {
            assert!(!is_listen(wrong), "{wrong}");
        }
    }
}
