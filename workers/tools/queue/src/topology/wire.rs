//! A connection to the management interface: plain, or TLS with the certificate checked.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::management::ManagementError;

/// What bytes go over.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Bytes as they are.
pub(super) async fn plain(host: &str, port: u16) -> Result<TcpStream, ManagementError> {
    TcpStream::connect((bare(host), port))
        .await
        .map_err(|e| ManagementError::Away(e.to_string()))
}

/// TLS; trusted are the system's certificates and those in `ca_file`.
pub(super) async fn tls(host: &str, port: u16, ca_file: Option<PathBuf>) -> Result<TlsStream<TcpStream>, ManagementError> {
    let name = ServerName::try_from(bare(host).to_owned()).map_err(|e| ManagementError::Address(e.to_string()))?;
    // It reads files.
    let roots = tokio::task::spawn_blocking(move || roots(ca_file))
        .await
        .map_err(|e| ManagementError::Away(e.to_string()))??;
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| ManagementError::Address(e.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = plain(host, port).await?;
    let shaken = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    shaken.map_err(|e| ManagementError::Away(e.to_string()))
}

fn roots(ca_file: Option<PathBuf>) -> Result<RootCertStore, ManagementError> {
    let mut roots = RootCertStore::empty();
    // A certificate of the system that cannot be read is one less that is trusted, which is safe.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let Some(path) = ca_file else {
        return Ok(roots);
    };
    let wrong = |e: &dyn std::fmt::Display| ManagementError::Address(format!("{}: {e}", path.display()));
    for certificate in CertificateDer::pem_file_iter(&path).map_err(|e| wrong(&e))? {
        let certificate = certificate.map_err(|e| wrong(&e))?;
        roots.add(certificate).map_err(|e| wrong(&e))?;
    }
    Ok(roots)
}

/// A literal IPv6 address without the brackets that it has in a URL.
fn bare(host: &str) -> &str {
    host.trim_matches(['[', ']'])
}
