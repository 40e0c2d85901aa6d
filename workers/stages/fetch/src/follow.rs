//! The fetch of a link: hop after hop, each checked anew, then the body of the last.

use airlock_proto::HeaderFacts;
use airlock_proto::text::escape;
use http::header::LOCATION;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::body::{BlobSink, receive};
use crate::config::Config;
use crate::dial::Dialer;
use crate::error::FetchError;
use crate::facts;
use crate::get::{Answer, get};
use crate::guard::Guard;
use crate::resolve::Names;
use crate::target::{Place, Target};

/// Fetches links. It is to be used on the one tokio runtime (with time and I/O) that its first fetch ran on.
pub struct Fetcher {
    config: Config,
    guard: Guard,
    names: Names,
    dialer: Dialer,
}

/// How the person's browser presents itself, and how much time is left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hints {
    /// `User-Agent`; empty: the configured one.
    pub user_agent: String,
    /// `Accept-Language`; empty: the configured one.
    pub accept_language: String,
    /// Milliseconds until the request's deadline.
    pub time_left_ms: u64,
}

/// A file that arrived whole; its bytes are in the sink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    /// The URL that answered, without fragment.
    pub final_url: String,
    /// Its status: 200 or 203.
    pub status: u16,
    /// Bytes of the body, as received.
    pub len: u64,
    /// SHA-256 of the body, lowercase hex.
    pub sha256: String,
    /// SHA-256 of each chunk of 1 MiB, in order; the last may be shorter, an empty body has none.
    pub chunks_sha256: Vec<String>,
    /// What the headers say.
    pub headers: HeaderFacts,
    /// Every answer on the way, the last included.
    pub hops: Vec<Hop>,
}

/// One answer on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// `http` or `https`.
    pub scheme: String,
    /// Host of the URL, at most 253 bytes; IPv6 in brackets.
    pub host: String,
    /// HTTP status.
    pub status: u16,
}

impl Fetcher {
    /// Loads the trusted authorities and the name servers. An error is a setting that cannot be used.
    pub fn new(config: Config) -> Result<Fetcher, FetchError> {
        Ok(Fetcher {
            guard: Guard::new(&config),
            names: Names::new(&config),
            dialer: Dialer::new(&config)?,
            config,
        })
    }

    /// One GET for each hop; the body of the last goes to the sink as it arrives. Nothing is tried twice.
    pub async fn fetch(&self, url: &str, sink: &mut dyn BlobSink) -> Result<Fetched, FetchError> {
        let slow = |_| FetchError::Timeout {
            what: "the whole transfer",
            limit_ms: self.config.total_timeout_ms,
        };
        timeout(self.config.total_timeout(), self.follow(url, &self.config, sink))
            .await
            .map_err(slow)?
    }

    /// The same as the person's own browser would ask: `User-Agent` and `Accept-Language`, where they are not empty; and in less time
    /// where less is left.
    pub async fn fetch_as(&self, url: &str, hints: &Hints, sink: &mut dyn BlobSink) -> Result<Fetched, FetchError> {
        let own = &self.config;
        let or = |hint: &str, own: &str| if hint.is_empty() { own.to_owned() } else { hint.to_owned() };
        let config = Config {
            user_agent: or(&hints.user_agent, &own.user_agent),
            accept_language: or(&hints.accept_language, &own.accept_language),
            total_timeout_ms: own.total_timeout_ms.min(hints.time_left_ms.max(1)),
            ..own.clone()
        };
        let slow = |_| FetchError::Timeout {
            what: "the whole transfer",
            limit_ms: config.total_timeout_ms,
        };
        timeout(config.total_timeout(), self.follow(url, &config, sink))
            .await
            .map_err(slow)?
    }

    async fn follow(&self, url: &str, config: &Config, sink: &mut dyn BlobSink) -> Result<Fetched, FetchError> {
        let mut target = Target::parse(url, config.max_url_bytes)?;
        let mut hops = Vec::new();
        let mut redirects = 0_u32;
        loop {
            let answer = self.hop(&target, config).await?;
            let status = answer.status.as_u16();
            let scheme = target.url().scheme().to_owned();
            tracing::debug!(host = %escape(target.host()), status, "answer");
            hops.push(Hop {
                scheme,
                host: target.host().to_owned(),
                status,
            });
            if let Some(location) = location(&answer)? {
                redirects = redirects.saturating_add(1);
                if redirects > config.max_redirects {
                    return Err(FetchError::TooManyRedirects(config.max_redirects));
                }
                target = target.redirect(&location, config.max_url_bytes)?;
                continue;
            }
            if !matches!(status, 200 | 203) {
                return Err(FetchError::Status(status));
            }
            let headers = facts::read(&answer.headers, target.url());
            let body = receive(answer.body, config, sink).await?;
            drop(answer.connection);
            return Ok(Fetched {
                final_url: target.url().to_string(),
                status,
                len: body.len,
                sha256: body.sha256,
                chunks_sha256: body.chunks_sha256,
                headers,
                hops,
            });
        }
    }

    /// Resolves once, checks every address, connects to one of exactly these, asks once.
    async fn hop(&self, target: &Target, config: &Config) -> Result<Answer, FetchError> {
        let addrs = match target.place() {
            Place::Address(ip) => vec![*ip],
            Place::Name(name) => {
                self.guard.name(name, target.port())?;
                self.names.lookup(name).await?
            }
        };
        let checked = self.guard.addresses(target.host(), &addrs, target.port())?;
        let stream = self.dialer.connect(&checked, target.host(), target.is_https()).await?;
        get(stream, target, config).await
    }
}

/// Where a redirect leads (RFC 9110 section 15.4); None for any other answer. Two different targets are a trick.
fn location(answer: &Answer) -> Result<Option<String>, FetchError> {
    if !matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let mut lines = answer.headers.get_all(LOCATION).iter();
    let Some(first) = lines.next() else { return Ok(None) };
    if lines.any(|other| other != first) {
        return Err(FetchError::Http("several different Location headers".to_owned()));
    }
    Ok(Some(String::from_utf8_lossy(first.as_bytes()).into_owned()))
}
