//! The limits of one scan, with their defaults. Every number of the glass is said here and nowhere else.

use serde::{Deserialize, Serialize};

const MIB: u64 = 1024 * 1024;

/// What one job may cost. Budgets count work, not time, so that a report can be replayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Unpacked bytes a job, all members and layers together (default 1 GiB, at most 4 GiB).
    pub max_unpacked_bytes: u64,
    /// Bytes of one member that are kept and looked at (default 256 MiB).
    pub max_member_bytes: u64,
    /// Unpacked bytes alive at once (default 320 MiB).
    pub max_alive_bytes: u64,
    /// Members a job (default 10,000).
    pub max_members: u64,
    /// Nesting depth (default 16, at most 32).
    pub max_depth: u32,
    /// Nodes of a report (default 20,000; 1 to 1,000,000).
    pub max_nodes: u32,
    /// Findings of a report (default 2,000).
    pub max_findings: u32,
    /// Bytes of all frames of a report (default 8 MiB; 64 KiB to 1 GiB).
    pub max_report_bytes: u64,
    /// Passwords tried a container (default 64).
    pub max_passwords: u32,
    /// Expansion ratio above which, with `alarm_bytes` out, a finding is made (default 200).
    pub alarm_ratio: u64,
    /// See `alarm_ratio` (default 64 MiB).
    pub alarm_bytes: u64,
    /// Rule time a node: this plus one second each 10 MiB, in seconds (default 5).
    pub rule_timeout_s: u64,
    /// Soft end of a job's wall clock in milliseconds (default 60,000; at most 300,000). The host kills a quarter later.
    pub deadline_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_unpacked_bytes: 1024 * MIB,
            max_member_bytes: 256 * MIB,
            max_alive_bytes: 320 * MIB,
            max_members: 10_000,
            max_depth: 16,
            max_nodes: 20_000,
            max_findings: 2_000,
            max_report_bytes: 8 * MIB,
            max_passwords: 64,
            alarm_ratio: 200,
            alarm_bytes: 64 * MIB,
            rule_timeout_s: 5,
            deadline_ms: 60_000,
        }
    }
}

/// Longest input of a scan in bytes (2 GiB); what is longer is a gap.
pub const MAX_INPUT_BYTES: u64 = 2048 * MIB;
/// Data segment of a child in bytes (512 MiB).
pub const CHILD_DATA_BYTES: u64 = 512 * MIB;
/// CPU seconds of a child.
pub const CHILD_CPU_SECONDS: u64 = 75;
/// Longest frame in bytes.
pub const MAX_FRAME_BYTES: usize = 64 * 1024;
/// Longest name of a node in bytes.
pub const MAX_NAME_BYTES: usize = 1024;
/// Longest excerpt in bytes of the file.
pub const MAX_EXCERPT_BYTES: usize = 256;

/// Longest body of a message of the line in bytes.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;
