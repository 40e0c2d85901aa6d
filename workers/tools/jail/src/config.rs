//! The settings of the jail.

use std::path::PathBuf;

use airlock_proto::control::Level;
use airlock_proto::limits::CHILD_CPU_SECONDS;
use serde::{Deserialize, Serialize};

/// Settings of the jail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The program `airlock-glass` (default: that name in the working directory; the front door sets the one beside itself).
    pub glass: PathBuf,
    /// Walls that must stand: `landlock+seccomp` (default), or `seccomp` for kernels and gVisor without Landlock.
    pub level: Level,
    /// Files looked at at once (1 to 256; default 1). Each may cost 512 MiB and the length of its file.
    pub jobs: usize,
    /// Children kept ready, forked and locked (1 to 64; default 2).
    pub idle: usize,
    /// CPU seconds of a child (default 75). Raise it with the deadline of a scan.
    pub cpu_seconds: u64,
    /// How long a start may take, rules and canary included, in milliseconds (default 60,000).
    pub start_timeout_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            glass: PathBuf::from("airlock-glass"),
            level: Level::default(),
            jobs: 1,
            idle: 2,
            cpu_seconds: CHILD_CPU_SECONDS,
            start_timeout_ms: 60_000,
        }
    }
}
