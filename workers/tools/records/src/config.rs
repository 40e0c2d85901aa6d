//! Which database, and as whom.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::{RecordsError, Result};

/// Where the records are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `sqlite:PATH`, or `postgres://USER@HOST:PORT/DATABASE`, optionally with `?sslmode=disable|require|verify-ca|verify-full` and
    /// `&sslrootcert=PATH`. Without `sslmode` it is `verify-full`, on a loopback address `disable`. All five parts must be said and a
    /// password must not: nothing is taken from the environment. (The driver does read `PGSSLROOTCERT`, `PGSSLCERT` and `PGSSLKEY`
    /// under TLS, and puts `PGOPTIONS` before our own options, which win.)
    pub url: String,
    /// The file with the password, PostgreSQL only; a line end after it is cut off. None: no password is sent.
    pub password_file: Option<PathBuf>,
    /// Connections at once, 1 to 1,000; a relay holds one while it publishes, and intake has three. For SQLite those that read; one more writes.
    pub max_connections: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            url: "sqlite:airlock-records.db".to_owned(),
            password_file: None,
            max_connections: 8,
        }
    }
}

/// What the driver is given: every part said.
pub(crate) struct Target {
    /// The complete address. It holds the password: never shown.
    pub(crate) url: String,
    pub(crate) dialect: Dialect,
    /// The address without the password, for messages.
    pub(crate) shown: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Postgres,
    Sqlite,
}

impl Config {
    pub(crate) fn target(&self) -> Result<Target> {
        if !(1..=1000).contains(&self.max_connections) {
            return Err(RecordsError::Config("max_connections is 1 to 1,000".to_owned()));
        }
        if let Some(path) = self.url.strip_prefix("sqlite:") {
            return sqlite(path);
        }
        if self.url.starts_with("postgres:") || self.url.starts_with("postgresql:") {
            return postgres(&self.url, self.password_file.as_deref());
        }
        Err(RecordsError::Config("url must begin with sqlite: or postgres:".to_owned()))
    }
}

fn sqlite(path: &str) -> Result<Target> {
    if path.is_empty() || path.starts_with(":memory:") {
        return Err(RecordsError::Config("url must name a file: sqlite:PATH".to_owned()));
    }
    let path = std::path::absolute(path).map_err(|e| RecordsError::Config(e.to_string()))?;
    let path = path
        .to_str()
        .ok_or_else(|| RecordsError::Config("the path is not UTF-8".to_owned()))?;
    // What would mean something in an address is part of a file's name here.
    let escaped = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    Ok(Target {
        url: format!("sqlite://{escaped}?mode=rwc"),
        dialect: Dialect::Sqlite,
        shown: path.to_owned(),
    })
}

fn postgres(given: &str, password_file: Option<&Path>) -> Result<Target> {
    let wrong = |what: &str| RecordsError::Config(format!("url: {what}"));
    let mut url = Url::parse(given).map_err(|e| wrong(&e.to_string()))?;
    if url.password().is_some() {
        return Err(wrong("the password belongs into password_file"));
    }
    if url.username().is_empty() || url.host_str().is_none_or(str::is_empty) || url.path().trim_matches('/').is_empty() {
        return Err(wrong("must be postgres://USER@HOST:PORT/DATABASE"));
    }
    let shown = url.to_string();
    let mut sslmode = if is_loopback(&url) { "disable" } else { "verify-full" }.to_owned();
    let mut sslrootcert = None;
    for (key, value) in url.query_pairs() {
        match &*key {
            "sslmode" => sslmode = value.into_owned(),
            "sslrootcert" => sslrootcert = Some(value.into_owned()),
            other => return Err(wrong(&format!("{other} is not known here; sslmode and sslrootcert are"))),
        }
    }
    if url.port().is_none() {
        url.set_port(Some(5432)).map_err(|()| wrong("the port"))?;
    }
    // An empty password is said too, or the driver would look into the environment and ~/.pgpass.
    let password = password(password_file)?;
    url.set_query(None);
    url.query_pairs_mut()
        .append_pair("password", &password)
        .append_pair("sslmode", &sslmode)
        .append_pair("application_name", "airlock")
        .append_pair("options[statement_timeout]", "10s")
        .append_pair("options[lock_timeout]", "8s")
        // A client whose machine died must not keep its tenant's number: the server cuts it off.
        .append_pair("options[idle_in_transaction_session_timeout]", "20s")
        .append_pair("options[tcp_keepalives_idle]", "20")
        .append_pair("options[tcp_keepalives_interval]", "10")
        .append_pair("options[tcp_keepalives_count]", "3")
        .append_pair("options[default_transaction_isolation]", "read committed")
        .append_pair("options[synchronous_commit]", "on");
    if let Some(path) = sslrootcert {
        url.query_pairs_mut().append_pair("sslrootcert", &path);
    }
    Ok(Target {
        url: url.into(),
        dialect: Dialect::Postgres,
        shown,
    })
}

fn is_loopback(url: &Url) -> bool {
    // Not one of the web's schemes: the host is a name even where it looks like an address.
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback()),
        None => false,
    }
}

fn password(file: Option<&Path>) -> Result<String> {
    let Some(path) = file else { return Ok(String::new()) };
    let text = std::fs::read_to_string(path).map_err(|e| RecordsError::Config(format!("{}: {e}", path.display())))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}
