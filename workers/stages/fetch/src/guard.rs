//! The address guard: which names are looked up and which addresses are connected to.
//!
//! Every resolved address is checked in its canonical form, and again as the IPv4 address that is embedded in it. The
//! ranges are those of the IANA special-purpose address registries (RFC 6890) with the metadata services of the clouds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::config::Config;
use crate::error::FetchError;

/// An address that passed the guard; only [`Guard::address`] makes one, and only it can be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checked {
    addr: SocketAddr,
    lifted: bool,
}

impl Checked {
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// True where the operator allowed the range by name.
    pub(crate) fn is_lifted(&self) -> bool {
        self.lifted
    }
}

/// What the operator and the registries say.
#[derive(Debug)]
pub(crate) struct Guard {
    ports: Vec<u16>,
    allow: Vec<IpNet>,
    deny: Vec<IpNet>,
    deny_hosts: Vec<String>,
}

impl Guard {
    pub(crate) fn new(config: &Config) -> Guard {
        let clean = |host: &String| host.trim_matches('.').to_ascii_lowercase();
        Guard {
            ports: config.ports.clone(),
            allow: config.allow_addresses.clone(),
            deny: config.deny_addresses.clone(),
            deny_hosts: config.deny_hosts.iter().map(clean).filter(|h| !h.is_empty()).collect(),
        }
    }

    /// Checks a host name before it is looked up.
    pub(crate) fn name(&self, host: &str, port: u16) -> Result<(), FetchError> {
        let refused = |why| {
            Err(FetchError::Host {
                host: host.to_owned(),
                why,
            })
        };
        if self.deny_hosts.iter().any(|denied| is_at_or_below(host, denied)) {
            return refused("denied by the configuration");
        }
        // With a range allowed, its addresses decide: see `names`.
        if !self.allow.is_empty() {
            return Ok(());
        }
        if let Some(why) = reserved_name(host) {
            return refused(why);
        }
        self.port(port)
    }

    /// Checks all addresses of a host: one that is refused refuses the host, for an answer that mixes them is a trick.
    pub(crate) fn addresses(&self, host: &str, addrs: &[IpAddr], port: u16) -> Result<Vec<Checked>, FetchError> {
        let checked = addrs
            .iter()
            .map(|ip| self.address(host, *ip, port))
            .collect::<Result<Vec<_>, _>>()?;
        match reserved_name(host) {
            Some(why) if !checked.iter().all(Checked::is_lifted) => Err(FetchError::Host {
                host: host.to_owned(),
                why,
            }),
            _ => Ok(checked),
        }
    }

    /// Checks one address and port; `host` only names it in the error.
    pub(crate) fn address(&self, host: &str, ip: IpAddr, port: u16) -> Result<Checked, FetchError> {
        let ip = ip.to_canonical();
        let lifted = self.lifted(ip).map_err(|why| FetchError::Address {
            host: host.to_owned(),
            addr: ip,
            why,
        })?;
        if !lifted {
            self.port(port)?;
        }
        Ok(Checked {
            addr: SocketAddr::new(ip, port),
            lifted,
        })
    }

    /// Ok(true) where the operator allowed the address, Ok(false) where nothing forbids it. An address within an address
    /// needs to pass by itself, whatever was allowed of the outer one.
    fn lifted(&self, ip: IpAddr) -> Result<bool, &'static str> {
        if self.deny.iter().any(|net| net.contains(&ip)) {
            return Err("denied by the configuration");
        }
        let mut lifted = self.allow.iter().any(|net| net.contains(&ip));
        if !lifted && let Some(why) = reserved_address(ip) {
            return Err(why);
        }
        for inner in embedded(ip) {
            lifted &= self.lifted(IpAddr::V4(inner))?;
        }
        Ok(lifted)
    }

    fn port(&self, port: u16) -> Result<(), FetchError> {
        if self.ports.contains(&port) {
            return Ok(());
        }
        Err(FetchError::Port(port))
    }
}

/// Why a name is never looked up (RFC 6761, RFC 6762, RFC 7686, RFC 8375, and names of clusters and clouds).
fn reserved_name(host: &str) -> Option<&'static str> {
    if host.parse::<IpAddr>().is_ok() || host.starts_with('[') {
        return None;
    }
    if host.starts_with("localhost") || is_at_or_below(host, "localhost") || host.ends_with(".localdomain") {
        return Some("a name of this host");
    }
    if !host.contains('.') {
        return Some("a name without a domain");
    }
    const PRIVATE: &[&str] = &["local", "internal", "svc", "cluster.local", "home.arpa", "onion"];
    PRIVATE
        .iter()
        .any(|zone| is_at_or_below(host, zone))
        .then_some("a name of a private zone")
}

fn is_at_or_below(host: &str, zone: &str) -> bool {
    host == zone || host.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'))
}

fn reserved_address(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(v4) => V4.iter().find(|(net, _)| net.contains(&v4)).map(|(_, why)| *why),
        IpAddr::V6(v6) => V6.iter().find(|(net, _)| net.contains(&v6)).map(|(_, why)| *why),
    }
}

/// The IPv4 addresses that an IPv6 address stands for, by the transition mechanisms that put one there.
fn embedded(ip: IpAddr) -> Vec<Ipv4Addr> {
    let IpAddr::V6(v6) = ip else { return Vec::new() };
    let [a, b, c, d, e, f, g, h] = v6.segments();
    match [a, b, c, d, e, f] {
        // Unspecified and loopback are addresses of their own.
        [0, 0, 0, 0, 0, 0] if g == 0 => Vec::new(),
        // IPv4-compatible (RFC 4291 section 2.5.5.1), translated (RFC 2765), NAT64 (RFC 6052, RFC 8215).
        [0, 0, 0, 0, 0, 0] | [0, 0, 0, 0, 0xffff, 0] | [0x64, 0xff9b, 0, 0, 0, 0] | [0x64, 0xff9b, 1, ..] => vec![v4(g, h)],
        // 6to4 (RFC 3056 section 2).
        [0x2002, ..] => vec![v4(b, c)],
        // Teredo (RFC 4380 section 4): server, and client with its bits turned.
        [0x2001, 0, ..] => vec![v4(c, d), v4(!g, !h)],
        // ISATAP (RFC 5214 section 6.1), under any prefix.
        [_, _, _, _, 0 | 0x200, 0x5efe] => vec![v4(g, h)],
        _ => Vec::new(),
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}

const fn n4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn n6(s: [u16; 8], prefix: u8) -> Ipv6Net {
    let [a, b, c, d, e, f, g, h] = s;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}

const V4: &[(Ipv4Net, &str)] = &[
    (n4(0, 0, 0, 0, 8), "this network"),
    (n4(10, 0, 0, 0, 8), "private"),
    (n4(100, 64, 0, 0, 10), "carrier"),
    (n4(127, 0, 0, 0, 8), "loopback"),
    (n4(169, 254, 0, 0, 16), "link-local"),
    (n4(172, 16, 0, 0, 12), "private"),
    (n4(192, 0, 0, 0, 24), "protocol assignments"),
    (n4(192, 0, 2, 0, 24), "documentation"),
    (n4(192, 31, 196, 0, 24), "AS112"),
    (n4(192, 52, 193, 0, 24), "AMT"),
    (n4(192, 88, 99, 0, 24), "6to4 relay"),
    (n4(192, 168, 0, 0, 16), "private"),
    (n4(192, 175, 48, 0, 24), "AS112"),
    (n4(198, 18, 0, 0, 15), "benchmarking"),
    (n4(198, 51, 100, 0, 24), "documentation"),
    (n4(203, 0, 113, 0, 24), "documentation"),
    (n4(224, 0, 0, 0, 4), "multicast"),
    (n4(240, 0, 0, 0, 4), "reserved"),
    // A public address that answers inside one cloud as its metadata and DNS service.
    (n4(168, 63, 129, 16, 32), "metadata"),
];

const V6: &[(Ipv6Net, &str)] = &[
    (n6([0, 0, 0, 0, 0, 0, 0, 1], 128), "loopback"),
    (n6([0, 0, 0, 0, 0, 0, 0, 0], 96), "unspecified or IPv4-compatible"),
    (n6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), "IPv4-mapped"),
    (n6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96), "IPv4-translated"),
    (n6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96), "NAT64"),
    (n6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), "local NAT64"),
    (n6([0x100, 0, 0, 0, 0, 0, 0, 0], 64), "discard"),
    (n6([0x100, 0, 0, 1, 0, 0, 0, 0], 64), "dummy prefix"),
    (n6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), "protocol assignments"),
    (n6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), "documentation"),
    (n6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), "6to4"),
    (n6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), "AS112"),
    (n6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), "documentation"),
    (n6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), "segment routing"),
    (n6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), "unique local"),
    (n6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), "link-local"),
    (n6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), "site-local"),
    (n6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), "multicast"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(allow: &[&str], deny: &[&str]) -> Guard {
        let nets = |list: &[&str]| list.iter().map(|n| n.parse().expect("a range")).collect();
        Guard::new(&Config {
            allow_addresses: nets(allow),
            deny_addresses: nets(deny),
            deny_hosts: vec!["Own.example.".into()],
            ..Config::default()
        })
    }

    fn passes(guard: &Guard, ip: &str, port: u16) -> bool {
        guard.address("h", ip.parse().expect("an address"), port).is_ok()
    }

    #[test]
    fn every_range_is_refused_at_both_ends_and_its_neighbours_are_judged_alone() {
        let g = guard(&[], &[]);
        for (net, why) in V4 {
            assert!(!passes(&g, &net.network().to_string(), 443), "{net} {why}");
            assert!(!passes(&g, &net.broadcast().to_string(), 443), "{net} {why}");
            assert!(!passes(&g, &net.network().to_ipv6_mapped().to_string(), 443), "{net} {why}");
        }
        for (net, why) in V6 {
            assert!(!passes(&g, &net.network().to_string(), 443), "{net} {why}");
            assert!(!passes(&g, &net.broadcast().to_string(), 443), "{net} {why}");
        }
    }

    #[test]
    fn public_addresses_pass_on_listed_ports() {
        let g = guard(&[], &[]);
        for ip in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "168.63.129.17",
            "2606:4700::1",
            "2001:200::1",
            "::ffff:1.1.1.1",
            "2a00::1",
        ] {
            assert!(passes(&g, ip, 443), "{ip}");
            assert!(!passes(&g, ip, 22), "{ip} on port 22");
        }
    }

    #[test]
    fn an_embedded_address_is_judged_under_any_prefix() {
        let g = guard(&[], &[]);
        assert!(!passes(&g, "2a00:1::5efe:a00:1", 443));
        assert!(!passes(&g, "2a00:1::200:5efe:7f00:1", 443));
        assert!(passes(&g, "2a00:1::200:5efe:101:101", 443));
    }

    #[test]
    fn an_allowed_range_lifts_guard_and_ports_but_not_what_is_inside_an_address() {
        let g = guard(&["127.0.0.1/32", "64:ff9b::/96"], &["127.0.0.0/30"]);
        assert!(!passes(&g, "127.0.0.1", 80), "deny wins");
        let g = guard(&["127.0.0.1/32", "64:ff9b::/96"], &[]);
        assert!(passes(&g, "127.0.0.1", 5000) && passes(&g, "::ffff:127.0.0.1", 5000));
        assert!(!passes(&g, "127.0.0.2", 80));
        assert!(passes(&g, "64:ff9b::101:101", 443));
        assert!(!passes(&g, "64:ff9b::101:101", 22), "the port list holds for the address within");
        assert!(!passes(&g, "64:ff9b::a00:1", 443), "the address within is private");
    }

    #[test]
    fn reserved_and_denied_names() {
        let g = guard(&[], &[]);
        for host in [
            "localhost",
            "localhost.localdomain",
            "a.localhost",
            "printer.local",
            "metadata.google.internal",
            "x.svc",
            "k.default.svc.cluster.local",
            "nas.home.arpa",
            "x.onion",
            "intranet",
            "own.example",
            "a.own.example",
        ] {
            assert!(g.name(host, 80).is_err(), "{host}");
        }
        for host in [
            "example.com",
            "notown.example",
            "local.example",
            "internal.example.org",
            "svc.example",
        ] {
            assert!(g.name(host, 80).is_ok(), "{host}");
        }
    }

    #[test]
    fn a_reserved_name_passes_only_when_all_its_addresses_are_allowed() {
        let g = guard(&["127.0.0.1/32", "10.0.0.0/8"], &[]);
        let ips = |list: &[&str]| list.iter().map(|ip| ip.parse().expect("an address")).collect::<Vec<IpAddr>>();
        assert!(g.name("nas.local", 9000).is_ok());
        assert!(g.addresses("nas.local", &ips(&["10.1.2.3"]), 9000).is_ok());
        assert!(g.addresses("nas.local", &ips(&["1.1.1.1"]), 443).is_err());
        assert!(g.addresses("nas.example", &ips(&["1.1.1.1", "192.168.0.1"]), 443).is_err());
    }
}
