//! TLS: an authority of the configuration is trusted for the name that was asked for; all else is not.

mod support;

use std::sync::{Arc, Mutex};

use airlock_fetch::{Config, FetchError};
use airlock_proto::FetchOutcome;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use support::{Dns, Server, config, dns, fetch, read_head, serve_bytes, serve_raw};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: tempfile::NamedTempFile,
}

fn authority() -> Authority {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), params.self_signed(&key).expect("signed").pem()).expect("written");
    Authority {
        issuer: Issuer::new(params, key),
        file,
    }
}

fn leaf(authority: Option<&Authority>, name: &str, expired: bool) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    if expired {
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2001, 1, 1);
    }
    let cert = match authority {
        Some(a) => params.signed_by(&key, &a.issuer),
        None => params.self_signed(&key),
    };
    (
        cert.expect("signed").der().clone(),
        PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
    )
}

type Seen = Arc<Mutex<Vec<(Option<String>, Option<Vec<u8>>, String)>>>;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Serves one answer, and notes SNI, ALPN and the request of every connection that came through the handshake.
async fn serve_tls((cert, key): (CertificateDer<'static>, PrivateKeyDer<'static>), answer: &str) -> (Server, Seen) {
    let mut tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert], key)
        .expect("a certificate");
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let answer = answer.to_owned();
    let seen: Seen = Arc::default();
    let log = Arc::clone(&seen);
    let server = serve_raw("127.0.0.1:0", move |stream, _| {
        let (acceptor, log, answer) = (acceptor.clone(), Arc::clone(&log), answer.clone());
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let head = read_head(&mut stream).await;
            let session = stream.get_ref().1;
            let entry = (
                session.server_name().map(str::to_owned),
                session.alpn_protocol().map(<[u8]>::to_vec),
                head,
            );
            log.lock().expect("no test panicked here").push(entry);
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    (server, seen)
}

async fn loopback_names() -> Dns {
    dns(|_, _, _| vec![[127, 0, 0, 1].into()]).await
}

fn trusting(authority: &Authority, names: &Dns) -> Config {
    Config {
        extra_ca_files: vec![authority.file.path().to_owned()],
        nameservers: vec![names.addr],
        ..config(&["127.0.0.1/32"])
    }
}

#[tokio::test]
async fn an_authority_of_the_configuration_is_trusted() {
    let (ca, names) = (authority(), loopback_names().await);
    let (server, seen) = serve_tls(leaf(Some(&ca), "files.example", false), OK).await;
    let port = server.addr.port();
    let (result, bytes) = fetch(trusting(&ca, &names), &format!("https://Files.Example.:{port}/a.pdf")).await;
    let fetched = result.expect("trusted");
    assert_eq!(
        (fetched.hops[0].scheme.as_str(), fetched.hops[0].host.as_str(), bytes.as_slice()),
        ("https", "files.example", b"ok".as_slice())
    );
    let seen = seen.lock().expect("no test panicked here").clone();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (seen[0].0.as_deref(), seen[0].1.as_deref()),
        (Some("files.example"), Some(b"http/1.1".as_slice()))
    );
    assert!(
        seen[0].2.to_lowercase().contains(&format!("host: files.example:{port}\r\n")),
        "{}",
        seen[0].2
    );
}

#[tokio::test]
async fn an_address_in_the_link_needs_a_certificate_for_that_address() {
    let (ca, names) = (authority(), loopback_names().await);
    let (server, seen) = serve_tls(leaf(Some(&ca), "127.0.0.1", false), OK).await;
    let (result, _) = fetch(trusting(&ca, &names), &format!("https://{}/", server.addr)).await;
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(seen.lock().expect("no test panicked here")[0].0, None, "no SNI for an address");
}

#[tokio::test]
async fn self_signed_foreign_expired_and_misnamed_certificates_are_unreachable() {
    let (ca, other, names) = (authority(), authority(), loopback_names().await);
    let cases = [
        ("self-signed", leaf(None, "files.example", false)),
        ("of another authority", leaf(Some(&other), "files.example", false)),
        ("expired", leaf(Some(&ca), "files.example", true)),
        ("of another name", leaf(Some(&ca), "other.example", false)),
    ];
    for (what, certificate) in cases {
        let (server, seen) = serve_tls(certificate, OK).await;
        let (result, bytes) = fetch(trusting(&ca, &names), &format!("https://files.example:{}/", server.addr.port())).await;
        let error = result.expect_err(what);
        assert!(matches!(error, FetchError::Tls { .. }), "{what}: {error}");
        assert_eq!((error.kind(), bytes.len()), (FetchOutcome::Unreachable, 0), "{what}");
        assert!(
            seen.lock().expect("no test panicked here").is_empty(),
            "{what}: no request was sent"
        );
    }
}

#[tokio::test]
async fn https_may_lead_to_http_and_that_hop_is_checked_too() {
    let (ca, names) = (authority(), loopback_names().await);
    let plain = serve_bytes("127.0.0.1:0", OK).await;
    let inside = serve_bytes("127.0.0.9:0", OK).await;
    for (target, allowed) in [(&plain, true), (&inside, false)] {
        let go = format!("HTTP/1.1 302 Go\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", target.url("/x"));
        let (server, _) = serve_tls(leaf(Some(&ca), "files.example", false), &go).await;
        let (result, _) = fetch(trusting(&ca, &names), &format!("https://files.example:{}/", server.addr.port())).await;
        match result {
            Ok(fetched) => assert!(allowed && fetched.hops[1].scheme == "http", "{fetched:?}"),
            Err(error) => assert!(!allowed && error.kind() == FetchOutcome::Refused, "{error}"),
        }
        assert_eq!(target.connections().await, usize::from(allowed));
    }
}

#[tokio::test]
async fn plain_http_behind_https_is_unreachable() {
    let plain = serve_raw("127.0.0.1:0", |mut stream, _| async move {
        support::finish(&mut stream, OK.as_bytes()).await
    })
    .await;
    let (result, _) = fetch(config(&["127.0.0.1/32"]), &format!("https://{}/", plain.addr)).await;
    assert!(matches!(result, Err(FetchError::Tls { .. })), "{result:?}");
}

#[tokio::test]
async fn a_body_cut_short_over_tls_is_an_early_close() {
    let (ca, names) = (authority(), loopback_names().await);
    let (server, _) = serve_tls(
        leaf(Some(&ca), "files.example", false),
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.",
    )
    .await;
    let (result, _) = fetch(trusting(&ca, &names), &format!("https://files.example:{}/", server.addr.port())).await;
    assert!(
        matches!(
            result,
            Err(FetchError::ClosedEarly {
                got: 10,
                expected: Some(100)
            })
        ),
        "{result:?}"
    );
}
