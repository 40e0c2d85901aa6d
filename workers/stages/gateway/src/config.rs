//! How long the gateway waits, for how many, and which services may ask.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Settings of the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Most connections at once, 1 to 100,000; for one more the longest idle is closed.
    pub max_connections: u32,
    /// Longest time until the head of a request is there, in milliseconds; also how long an idle connection is kept.
    pub header_timeout_ms: u64,
    /// Longest time in which a client takes not one byte, in milliseconds.
    pub send_timeout_ms: u64,
    /// How long downloads may go on after the stop, in milliseconds.
    pub grace_ms: u64,
    /// The services that may ask about their requests.
    pub services: Vec<ServiceKey>,
}

/// The key of a calling service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceKey {
    /// Its name, as the broker knows it.
    pub service: String,
    /// File with its bearer key, at least 16 characters; blanks around it do not count.
    pub key_file: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            max_connections: 2_000,
            header_timeout_ms: 10_000,
            send_timeout_ms: 30_000,
            grace_ms: 60_000,
            services: Vec::new(),
        }
    }
}

/// Settings that cannot be used; somebody has to mend them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("[gateway] {0}")]
pub struct ConfigError(pub String);

impl Config {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let times = [
            ("header_timeout_ms", self.header_timeout_ms),
            ("send_timeout_ms", self.send_timeout_ms),
            ("grace_ms", self.grace_ms),
        ];
        for (name, ms) in times {
            if !(100..=3_600_000).contains(&ms) {
                return Err(ConfigError(format!("{name} must lie between 100 and 3600000")));
            }
        }
        if !(1..=100_000).contains(&self.max_connections) {
            return Err(ConfigError("max_connections must lie between 1 and 100000".to_owned()));
        }
        Ok(())
    }
}
