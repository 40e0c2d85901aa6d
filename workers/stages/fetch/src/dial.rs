//! Connects to a checked address, with TLS where the URL says https.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

use crate::config::Config;
use crate::error::FetchError;
use crate::guard::Checked;

/// Addresses of one host that are tried; all of them were checked before the first.
const MAX_TRIED: usize = 6;

/// A connection that HTTP can be spoken over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Opens connections; holds the trusted certificate authorities.
pub(crate) struct Dialer {
    tls: TlsConnector,
    limit_ms: u64,
}

impl Dialer {
    pub(crate) fn new(config: &Config) -> Result<Dialer, FetchError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| FetchError::Config(e.to_string()))?
            .with_root_certificates(roots(config)?)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A session kept from one fetch would tell the server that the same client comes again.
        tls.resumption = rustls::client::Resumption::disabled();
        Ok(Dialer {
            tls: TlsConnector::from(Arc::new(tls)),
            limit_ms: config.connect_timeout_ms,
        })
    }

    /// Connects to the first address that answers. `host` is the name for SNI and the certificate; TCP and TLS share the
    /// connect timeout.
    pub(crate) async fn connect(&self, addrs: &[Checked], host: &str, https: bool) -> Result<Box<dyn Stream>, FetchError> {
        let deadline = Instant::now() + Duration::from_millis(self.limit_ms);
        let tcp = self.tcp(addrs, host, deadline).await?;
        if !https {
            return Ok(Box::new(tcp));
        }
        let failed = |why: String| FetchError::Tls {
            host: host.to_owned(),
            why,
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(|e| failed(e.to_string()))?;
        match timeout_at(deadline, self.tls.connect(name, tcp)).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(e)) => Err(failed(e.to_string())),
            Err(_) => Err(FetchError::Timeout {
                what: "the TLS handshake",
                limit_ms: self.limit_ms,
            }),
        }
    }

    /// Each address gets an equal share of what is left, so that a silent one does not use up the others' time.
    async fn tcp(&self, addrs: &[Checked], host: &str, deadline: Instant) -> Result<TcpStream, FetchError> {
        let mut error = FetchError::Resolve {
            host: host.to_owned(),
            why: "no address".to_owned(),
        };
        let mut left = u32::try_from(addrs.len().min(MAX_TRIED)).unwrap_or(1);
        for checked in addrs.iter().take(MAX_TRIED) {
            let addr = checked.addr();
            if !checked.is_lifted() && is_ours(addr) {
                return Err(FetchError::Address {
                    host: host.to_owned(),
                    addr: addr.ip(),
                    why: "an address of this host",
                });
            }
            let share = deadline.saturating_duration_since(Instant::now()) / left.max(1);
            left = left.saturating_sub(1);
            error = match timeout(share, TcpStream::connect(addr)).await {
                Ok(Ok(tcp)) => return Ok(tcp),
                Ok(Err(e)) => FetchError::Connect {
                    addr: addr.ip(),
                    why: e.to_string(),
                },
                Err(_) => FetchError::Timeout {
                    what: "the connection",
                    limit_ms: self.limit_ms,
                },
            };
        }
        Err(error)
    }
}

/// True where the system would answer from the very address that it is asked for: our own public address. Connecting a
/// UDP socket only asks the routing table; no packet is sent.
fn is_ours(addr: SocketAddr) -> bool {
    let any = match addr.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let local = || -> io::Result<IpAddr> {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect(addr)?;
        Ok(socket.local_addr()?.ip())
    };
    local().is_ok_and(|ip| ip == addr.ip())
}

/// The system's authorities and those of the configuration. A system without any still fetches over http.
fn roots(config: &Config) -> Result<RootCertStore, FetchError> {
    let mut store = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::debug!(%error, "a certificate of the system was skipped");
    }
    store.add_parsable_certificates(native.certs);
    for path in &config.extra_ca_files {
        let failed = |why: String| FetchError::Config(format!("extra_ca_files: {}: {why}", path.display()));
        let mut added = 0_usize;
        for cert in CertificateDer::pem_file_iter(path).map_err(|e| failed(e.to_string()))? {
            store
                .add(cert.map_err(|e| failed(e.to_string()))?)
                .map_err(|e| failed(e.to_string()))?;
            added = added.saturating_add(1);
        }
        if added == 0 {
            return Err(failed("holds no certificate".to_owned()));
        }
    }
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_address_is_known_without_a_packet() {
        assert!(is_ours(SocketAddr::from(([127, 0, 0, 1], 9))));
        assert!(!is_ours(SocketAddr::from(([192, 0, 2, 1], 9))));
    }
}
