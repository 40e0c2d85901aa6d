//! Every setting of the fetcher, with its default; the section `[fetch]` of the configuration.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Limits, guard and identity of the fetcher. Unknown fields are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Longest body in bytes, as received (default 200 MiB). A longer one is refused.
    pub max_body_bytes: u64,
    /// Time in milliseconds for a name lookup, and again for TCP and TLS together (default 5,000; 100 to 600,000).
    pub connect_timeout_ms: u64,
    /// Time in milliseconds from the request to the end of the answer's head, a hop (default 15,000; 100 to 600,000).
    pub first_byte_timeout_ms: u64,
    /// Time in milliseconds for the whole transfer, all hops together (default 60,000; 100 to 3,600,000).
    pub total_timeout_ms: u64,
    /// Slowest body in bytes a second, over each `slow_window_ms` (default 1,024).
    pub min_bytes_per_s: u64,
    /// Window in milliseconds over which `min_bytes_per_s` is measured (default 10,000; at least 1).
    pub slow_window_ms: u64,
    /// Redirects followed (default 10).
    pub max_redirects: u32,
    /// Longest head of one answer in bytes, status line included (default 65,536; 1,024 to 1 MiB).
    pub max_header_bytes: usize,
    /// Longest URL in bytes, those of redirects included (default 8,192; 64 to 65,536).
    pub max_url_bytes: usize,
    /// Ports that may be connected to (default 80, 443, 8080, 8443).
    pub ports: Vec<u16>,
    /// Ranges for which address guard and port list are lifted, for tests and closed networks (default none). A reserved
    /// name (`localhost`, `*.internal`, …) is then looked up, and passes when all its addresses lie in these ranges. Of a
    /// translation range (NAT64, 6to4) the address within is checked all the same.
    pub allow_addresses: Vec<IpNet>,
    /// Ranges that are refused whatever else is said: own endpoints, pods, services (default none).
    pub deny_addresses: Vec<IpNet>,
    /// Host names that are refused with everything below them (default none).
    pub deny_hosts: Vec<String>,
    /// Name servers to ask over UDP and TCP (default none: those of the system, and its hosts file).
    pub nameservers: Vec<SocketAddr>,
    /// PEM files of certificate authorities that are trusted beside those of the system (default none).
    pub extra_ca_files: Vec<PathBuf>,
    /// `User-Agent` of the request.
    pub user_agent: String,
    /// `Accept-Language` of the request (default `en`; empty: not sent).
    pub accept_language: String,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            max_body_bytes: 200 * 1024 * 1024,
            connect_timeout_ms: 5_000,
            first_byte_timeout_ms: 15_000,
            total_timeout_ms: 60_000,
            min_bytes_per_s: 1_024,
            slow_window_ms: 10_000,
            max_redirects: 10,
            max_header_bytes: 65_536,
            max_url_bytes: 8_192,
            ports: vec![80, 443, 8080, 8443],
            allow_addresses: Vec::new(),
            deny_addresses: Vec::new(),
            deny_hosts: Vec::new(),
            nameservers: Vec::new(),
            extra_ca_files: Vec::new(),
            user_agent: "Mozilla/5.0 (compatible; Airlock)".to_owned(),
            accept_language: "en".to_owned(),
        }
    }
}

impl Config {
    pub(crate) fn first_byte_timeout(&self) -> Duration {
        Duration::from_millis(self.first_byte_timeout_ms)
    }

    pub(crate) fn total_timeout(&self) -> Duration {
        Duration::from_millis(self.total_timeout_ms)
    }

    /// A window of zero would never let a body wait.
    pub(crate) fn slow_window(&self) -> Duration {
        Duration::from_millis(self.slow_window_ms.max(1))
    }

    /// Bytes that each window must bring.
    pub(crate) fn min_window_bytes(&self) -> u64 {
        self.min_bytes_per_s.saturating_mul(self.slow_window_ms.max(1)) / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_published_limits() {
        let c = Config::default();
        assert_eq!(
            (c.max_body_bytes, c.max_redirects, c.max_header_bytes, c.max_url_bytes),
            (209_715_200, 10, 65_536, 8_192)
        );
        assert_eq!(
            (c.connect_timeout_ms, c.first_byte_timeout_ms, c.total_timeout_ms),
            (5_000, 15_000, 60_000)
        );
        assert_eq!(c.min_window_bytes(), 10_240);
        assert_eq!(c.ports, [80, 443, 8080, 8443]);
    }
}
