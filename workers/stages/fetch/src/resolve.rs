//! Name lookup: one question for each family a hop, for the absolute name, never from a cache.

use std::net::IpAddr;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::Name;
use tokio::time::timeout;

use crate::config::Config;
use crate::error::FetchError;

/// Asks the name servers of the configuration, or the system's.
pub(crate) struct Names {
    // A system without name servers can still fetch literal addresses, so that the error waits until it matters.
    resolver: Result<TokioResolver, String>,
    limit_ms: u64,
}

impl Names {
    pub(crate) fn new(config: &Config) -> Names {
        Names {
            resolver: build(config),
            limit_ms: config.connect_timeout_ms,
        }
    }

    /// All addresses of a name, IPv4 first; at least one.
    pub(crate) async fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, FetchError> {
        let failed = |why: String| FetchError::Resolve {
            host: host.to_owned(),
            why,
        };
        let resolver = self.resolver.as_ref().map_err(|why| failed(why.clone()))?;
        let mut name = Name::from_ascii(host).map_err(|e| failed(e.to_string()))?;
        // Absolute: no search list may turn a name of the internet into one of ours.
        name.set_fqdn(true);
        let limit = std::time::Duration::from_millis(self.limit_ms);
        let answer = timeout(limit, resolver.lookup_ip(name))
            .await
            .map_err(|_| FetchError::Timeout {
                what: "the name lookup",
                limit_ms: self.limit_ms,
            })?
            .map_err(|e| failed(reason(&e)))?;
        let mut addrs: Vec<IpAddr> = answer.iter().collect();
        addrs.sort_by_key(IpAddr::is_ipv6);
        addrs.dedup();
        if addrs.is_empty() {
            return Err(failed("no address".to_owned()));
        }
        Ok(addrs)
    }
}

/// In plain words where the name server did answer.
fn reason(error: &NetError) -> String {
    match error {
        e if e.is_nx_domain() => "no such name".to_owned(),
        e if e.is_no_records_found() => "no address".to_owned(),
        e => e.to_string(),
    }
}

fn build(config: &Config) -> Result<TokioResolver, String> {
    let mut builder = if config.nameservers.is_empty() {
        TokioResolver::builder_tokio().map_err(|e| e.to_string())?
    } else {
        let servers = config.nameservers.iter().map(|addr| {
            let mut server = NameServerConfig::udp_and_tcp(addr.ip());
            for connection in &mut server.connections {
                connection.port = addr.port();
            }
            server
        });
        let mut builder = TokioResolver::builder_with_config(
            ResolverConfig::from_name_servers(servers.collect()),
            TokioRuntimeProvider::default(),
        );
        builder.options_mut().use_hosts_file = ResolveHosts::Never;
        builder
    };
    builder.options_mut().cache_size = 0;
    builder.build().map_err(|e| e.to_string())
}
