//! One hop: one GET on a fresh connection, up to the end of the answer's head.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONNECTION, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::config::Config;
use crate::dial::Stream;
use crate::error::FetchError;
use crate::target::Target;

/// Interim answers (1xx, RFC 9110 section 15.2) before the real one; more are a flood.
const MAX_INTERIM: u32 = 16;
/// Header lines of an answer; their bytes have a limit of their own.
const MAX_HEADER_LINES: usize = 1_024;

/// The head of an answer, with the body still on the wire.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Incoming,
    /// Keeps the connection alive as long as the body is wanted.
    pub(crate) connection: Connection,
}

/// The task that drives a connection; it ends with this value.
pub(crate) struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Sends the one request of a hop.
pub(crate) async fn get(stream: Box<dyn Stream>, target: &Target, config: &Config) -> Result<Answer, FetchError> {
    let slow = |_| FetchError::Timeout {
        what: "the head of the answer",
        limit_ms: config.first_byte_timeout_ms,
    };
    timeout(config.first_byte_timeout(), ask(stream, target, config))
        .await
        .map_err(slow)?
}

async fn ask(stream: Box<dyn Stream>, target: &Target, config: &Config) -> Result<Answer, FetchError> {
    let (mut sender, connection) = http1::Builder::new()
        .max_header_size(config.max_header_bytes)
        .max_headers(MAX_HEADER_LINES)
        .handshake::<_, Empty<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(|e| broken(&e, config))?;
    // Errors of the connection come out of the request or of the body, too.
    let connection = Connection(tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection ended");
        }
    }));
    let mut request = request(target, config)?;
    let flood = Arc::new(Notify::new());
    count_interim(&mut request, Arc::clone(&flood));
    tokio::select! {
        biased;
        () = flood.notified() => Err(FetchError::HeadTooLong(config.max_header_bytes)),
        answer = sender.send_request(request) => {
            let (head, body) = answer.map_err(|e| broken(&e, config))?.into_parts();
            Ok(Answer { status: head.status, headers: head.headers, body, connection })
        }
    }
}

fn request(target: &Target, config: &Config) -> Result<Request<Empty<Bytes>>, FetchError> {
    let text = |what: &str, value: &str| HeaderValue::from_str(value).map_err(|e| FetchError::Config(format!("{what}: {e}")));
    let mut request = Request::get(target.request_target())
        .body(Empty::new())
        .map_err(|e| FetchError::Url(e.to_string()))?;
    let headers = request.headers_mut();
    headers.insert(
        HOST,
        HeaderValue::from_str(&target.host_header()).map_err(|e| FetchError::Url(e.to_string()))?,
    );
    headers.insert(USER_AGENT, text("user_agent", &config.user_agent)?);
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    if !config.accept_language.is_empty() {
        headers.insert(ACCEPT_LANGUAGE, text("accept_language", &config.accept_language)?);
    }
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(request)
}

/// Each interim answer has a head of its own, so that the limit of header bytes alone would not end a flood of them.
fn count_interim(request: &mut Request<Empty<Bytes>>, flood: Arc<Notify>) {
    let seen = AtomicU32::new(0);
    hyper::ext::on_informational(request, move |_| {
        if seen.fetch_add(1, Ordering::Relaxed) >= MAX_INTERIM {
            flood.notify_one();
        }
    });
}

fn broken(error: &hyper::Error, config: &Config) -> FetchError {
    // The predicate for this case is compiled for servers only; a test holds this text.
    if error.is_parse() && error.to_string().contains("too large") {
        return FetchError::HeadTooLong(config.max_header_bytes);
    }
    if error.is_incomplete_message() {
        return FetchError::ClosedEarly { got: 0, expected: None };
    }
    FetchError::Http(crate::error::chain(error))
}
