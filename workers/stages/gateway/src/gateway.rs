//! What a request is answered with: store, records, keyring and clock, and which address leads where.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use airlock_records::Records;
use airlock_store::Store;
use airlock_token::Keyring;
use axum::Router;
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, StatusCode};
use axum::routing::get;
use sha2::{Digest as _, Sha256};

use crate::{Config, ConfigError, Connections, download, html, requests};

/// Milliseconds since 1970, asked at every request.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// What happened so far, for metrics; what is counted only grows.
#[derive(Debug, Default)]
pub struct Counters {
    /// Downloads that began.
    pub started: AtomicU64,
    /// Bytes that were handed to clients.
    pub bytes: AtomicU64,
    /// Tokens that were forged or broken (403).
    pub forged: AtomicU64,
    /// Tokens that were expired or revoked, or whose file is gone (410).
    pub gone: AtomicU64,
    /// Alert: the stored object is not what was scanned.
    pub changed: AtomicU64,
    /// Answers that failed by trouble of ours (503).
    pub trouble: AtomicU64,
    /// Connections.
    pub connections: Arc<Connections>,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, by: u64) {
        counter.fetch_add(by, Ordering::Relaxed);
    }
}

/// All that the gateway needs; cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub config: Config,
    pub store: Store,
    pub records: Records,
    pub keyring: Keyring,
    pub clock: Clock,
    pub counters: Counters,
    /// Digest of a bearer key, and whose it is: comparing digests tells nothing about the key by its time.
    pub services: Vec<([u8; 32], String)>,
}

impl Gateway {
    /// Puts a gateway together.
    ///
    /// # Errors
    /// Settings out of range, or a key file that cannot be read or is too short.
    pub fn new(config: Config, store: Store, records: Records, keyring: Keyring, clock: Clock) -> Result<Self, ConfigError> {
        config.check()?;
        let services = config.services.iter().map(service_key).collect::<Result<_, _>>()?;
        Ok(Gateway {
            inner: Arc::new(Inner {
                config,
                store,
                records,
                keyring,
                clock,
                counters: Counters::default(),
                services,
            }),
        })
    }

    /// What happened so far.
    pub fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/d/{token}", get(download::answer).post(download::answer))
            .route("/v1/requests/{request_id}", get(requests::answer).fallback(requests::other_method))
            .fallback(async || html::page(StatusCode::NOT_FOUND, "Nothing here", "<p>There is no page at this address.</p>"))
            .method_not_allowed_fallback(async || {
                let body = "<p>This address cannot be used in that way. Open it in a browser.</p>";
                let mut page = html::page(StatusCode::METHOD_NOT_ALLOWED, "Not possible here", body);
                page.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
                page
            })
            .with_state(self.clone())
    }
}

fn service_key(of: &crate::ServiceKey) -> Result<([u8; 32], String), ConfigError> {
    let wrong = |why: &str| ConfigError(format!("services: key_file {}: {why}", of.key_file.display()));
    let text = std::fs::read_to_string(&of.key_file).map_err(|e| wrong(&e.to_string()))?;
    if text.trim().len() < 16 {
        return Err(wrong("a key has at least 16 characters"));
    }
    Ok((Sha256::digest(text.trim().as_bytes()).into(), of.service.clone()))
}
