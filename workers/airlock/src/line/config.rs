//! Sections of the configuration that only the line needs.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `[queue]`: the broker.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueueSection {
    /// `amqp://host:port/vhost` or `amqps://…`; empty: the SQLite file of `airlock up`.
    pub url: String,
    /// Folder with one file a broker user, named as the user, that holds its password.
    pub passwords_dir: PathBuf,
    /// Certificate authority of the broker (PEM); empty: those of the system.
    pub ca_file: PathBuf,
    /// The calling service that `airlock request` speaks as (default `local`).
    pub service: String,
}

/// `[records]`: the database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordsSection {
    /// `postgres://host:port/database`; empty: the SQLite file of `airlock up`.
    pub url: String,
    /// Folder with one file a role, named as the role (`intake`, `verdict`, `gateway`, `sandbox`, `owner`), that holds its password.
    pub passwords_dir: PathBuf,
    /// Connections a stage (default 8; 1 to 1,000); the three relays of intake hold one each while the broker takes nothing.
    pub max_connections: u32,
    /// Days that requests and their verdicts are kept (default 90; 1 to 3,650).
    pub keep_days: u32,
}

impl Default for RecordsSection {
    fn default() -> Self {
        RecordsSection {
            url: String::new(),
            passwords_dir: PathBuf::new(),
            max_connections: 8,
            keep_days: 90,
        }
    }
}

/// `[token]`: the keys of download tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenSection {
    /// The key that signs; the verdict stage alone needs it.
    pub signing_key_file: PathBuf,
    /// Folder with the public keys that are trusted; the gateway needs it.
    pub public_keys_dir: PathBuf,
    /// Life of a token in milliseconds (default and most 43,200,000: 12 hours; at least 1,000).
    pub life_ms: u64,
}

impl Default for TokenSection {
    fn default() -> Self {
        TokenSection {
            signing_key_file: PathBuf::new(),
            public_keys_dir: PathBuf::new(),
            life_ms: 43_200_000,
        }
    }
}

/// `[line]`: how many jobs run at once, and for whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LineSection {
    /// Links fetched at once, a lane (default 32; 1 to 10,000).
    pub fetch_jobs: u16,
    /// Requests recorded at once, a lane (default 1024; 1 to 10,000). Those that come together cost one commit.
    pub intake_jobs: u16,
    /// Messages in work at once in each other stage, a lane (default 16; 1 to 10,000); the scan has children (`jail.jobs`).
    pub other_jobs: u16,
    /// Requests of a tenant under way at once (default 64; at least 1); with `airlock up` half of `fetch_jobs` at most.
    pub tenant_in_flight: u32,
    /// Those of them that stay in the lane of clicks (default 2; at least 1); the others go on in that of bulk, whose backlog is never
    /// before another tenant's click. Where one tenant is all there is, as many as `tenant_in_flight`.
    pub tenant_first: u32,
    /// Requests of a tenant that may wait (default 10,000).
    pub tenant_queued: u32,
    /// Folder of policy definitions, one TOML file each; empty: the default definition.
    pub policies_dir: PathBuf,
    /// How often that folder is read, in milliseconds (default 5,000; 100 to 60,000).
    pub policies_every_ms: u64,
    /// Address of the admin port, `127.0.0.1:9090`; port 0 picks a free one.
    pub admin_listen: String,
    /// How long a stop may take, in milliseconds (default 75,000; 100 to 3,600,000).
    pub grace_ms: u64,
}

impl Default for LineSection {
    fn default() -> Self {
        LineSection {
            fetch_jobs: 32,
            intake_jobs: 1024,
            other_jobs: 16,
            tenant_in_flight: 64,
            tenant_first: 2,
            tenant_queued: 10_000,
            policies_dir: PathBuf::new(),
            policies_every_ms: 5_000,
            admin_listen: "127.0.0.1:9090".to_owned(),
            grace_ms: 75_000,
        }
    }
}

/// `[gateway]`: where downloads are served.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatewaySection {
    /// Address to listen on, `127.0.0.1:8080`; port 0 picks a free one.
    pub listen: String,
    /// How people reach it, `https://files.example.org`; empty: the address that is listened on.
    pub base_url: String,
    /// Folder with one file a calling service, named as the service, that holds its bearer key for `/v1/requests`.
    pub service_keys_dir: PathBuf,
    /// Most connections at once (default 2,000; 1 to 100,000); for one more the longest idle is closed.
    pub max_connections: u32,
    /// Longest time until the head of a request is there, in milliseconds; an idle connection is kept as long (default 10,000; 100 to
    /// 3,600,000).
    pub header_timeout_ms: u64,
    /// Longest time in which a client takes not one byte, in milliseconds (default 30,000; 100 to 3,600,000).
    pub send_timeout_ms: u64,
}

impl Default for GatewaySection {
    fn default() -> Self {
        GatewaySection {
            listen: "127.0.0.1:8080".to_owned(),
            base_url: String::new(),
            service_keys_dir: PathBuf::new(),
            max_connections: 2_000,
            header_timeout_ms: 10_000,
            send_timeout_ms: 30_000,
        }
    }
}
