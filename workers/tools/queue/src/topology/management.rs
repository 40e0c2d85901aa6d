//! The management interface of a broker: definitions in, definitions out, over HTTP.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::compare::differences;
use super::wire;

/// How long an import may take, and how long any other answer.
const PATIENCE_IMPORT: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(15);
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Where the management interface is, and an administrator of it.
#[derive(Clone)]
pub struct Management {
    /// `https://host:port`, or `http://` within a network that is trusted: the password and the hashes of all users go over it.
    pub url: String,
    /// Name of the administrator.
    pub user: String,
    /// Its password.
    pub password: String,
    /// Certificates in PEM that are trusted beside those of the system, for `https://`.
    pub ca_file: Option<PathBuf>,
}

/// Why definitions could not be applied or read.
#[derive(Debug, thiserror::Error)]
pub enum ManagementError {
    /// The address is none that can be used.
    #[error("the management address is wrong: {0}")]
    Address(String),
    /// No answer, or not all of it. Worth a retry.
    #[error("the management interface does not answer: {0}")]
    Away(String),
    /// It answered, and refuses.
    #[error("the management interface refuses with status {0}: {1}")]
    Refused(u16, String),
    /// The definitions would change the very user that applies them.
    #[error("a service is named like the administrator {0:?}, who would lose the password and the rights")]
    Yourself(String),
}

/// Imports definitions. What is there and not among them stays as it is; what is there with other arguments is refused.
///
/// # Errors
/// See [`ManagementError`].
pub async fn apply(management: &Management, definitions: &Value) -> Result<(), ManagementError> {
    let users = definitions["users"].as_array().map(Vec::as_slice).unwrap_or_default();
    if users.iter().any(|user| user["name"] == management.user.as_str()) {
        return Err(ManagementError::Yourself(management.user.clone()));
    }
    ask(management, "POST", "/api/definitions", Bytes::from(definitions.to_string()))
        .await
        .map(drop)
}

/// Compares what is there with what should be: a plain sentence for every difference, none when all is as it should be.
///
/// # Errors
/// See [`ManagementError`].
pub async fn check(management: &Management, definitions: &Value) -> Result<Vec<String>, ManagementError> {
    let answer = ask(management, "GET", "/api/definitions", Bytes::new()).await?;
    let there = serde_json::from_slice(&answer).map_err(|e| ManagementError::Away(format!("no definitions: {e}")))?;
    Ok(differences(definitions, &there))
}

async fn ask(management: &Management, method: &str, path: &str, body: Bytes) -> Result<Bytes, ManagementError> {
    let patience = if method == "POST" { PATIENCE_IMPORT } else { PATIENCE };
    match tokio::time::timeout(patience, exchange(management, method, path, body)).await {
        Ok(result) => result,
        Err(_) => Err(ManagementError::Away(format!("nothing within {} s", patience.as_secs()))),
    }
}

async fn exchange(management: &Management, method: &str, path: &str, body: Bytes) -> Result<Bytes, ManagementError> {
    let away = |e: &dyn std::fmt::Display| ManagementError::Away(e.to_string());
    let wrong = |e: &dyn std::fmt::Display| ManagementError::Address(e.to_string());
    let url = url::Url::parse(&management.url).map_err(|e| wrong(&e))?;
    let Some(host) = url.host_str() else {
        return Err(ManagementError::Address("it must be https://host:port".to_owned()));
    };
    let port = url.port_or_known_default().unwrap_or(15671);
    let stream: Box<dyn wire::Wire> = match url.scheme() {
        "http" => Box::new(wire::plain(host, port).await?),
        "https" => Box::new(wire::tls(host, port, management.ca_file.clone()).await?),
        other => return Err(ManagementError::Address(format!("{other} is neither http nor https"))),
    };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|e| away(&e))?;
    // It ends by itself when the sender is dropped.
    tokio::spawn(connection);
    let secret = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", management.user, management.password));
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, format!("{host}:{port}"))
        .header(AUTHORIZATION, format!("Basic {secret}"))
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(body))
        .map_err(|e| wrong(&e))?;
    let response = sender.send_request(request).await.map_err(|e| away(&e))?;
    let status = response.status();
    let answer = Limited::new(response.into_body(), MAX_ANSWER_BYTES)
        .collect()
        .await
        .map_err(|e| away(&e))?
        .to_bytes();
    if !status.is_success() {
        let text = airlock_proto::text::escape(&String::from_utf8_lossy(&answer));
        return Err(ManagementError::Refused(status.as_u16(), airlock_proto::text::cut(&text, 500)));
    }
    Ok(answer)
}
