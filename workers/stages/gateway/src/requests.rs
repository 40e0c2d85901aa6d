//! `/v1/requests/<request_id>`: a calling service asks how far its request is.

use airlock_proto::v1::Verdict;
use airlock_proto::wire::{Form, decode};
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::gateway::Inner;
use crate::{Answer, Gateway};

#[derive(Serialize)]
struct View {
    request_id: String,
    /// `waiting`, `running` or `done`.
    state: String,
    verdict: Option<Answer>,
}

#[derive(Serialize)]
struct Fault {
    error: &'static str,
}

/// GET. A request of another service is as unknown as one that never was.
pub(crate) async fn answer(
    State(gateway): State<Gateway>,
    request_id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response<Body> {
    let Some(service) = service(&gateway.inner, &headers) else {
        let mut response = json(
            StatusCode::UNAUTHORIZED,
            &Fault {
                error: "a bearer key of a calling service is needed",
            },
        );
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return response;
    };
    let unknown = || json(StatusCode::NOT_FOUND, &Fault { error: "no such request" });
    let request_id = match request_id {
        Ok(Path(id)) if airlock_proto::request::is_name(&id) => id,
        _ => return unknown(),
    };
    let row = match gateway.inner.records.request(&request_id).await {
        Ok(Some(row)) if row.service == service => row,
        Ok(_) => return unknown(),
        Err(error) => {
            tracing::warn!(%error, "the records cannot be asked");
            return json(StatusCode::SERVICE_UNAVAILABLE, &Fault { error: "try again later" });
        }
    };
    let token = row.verdict.as_ref().and_then(|v| v.token.as_ref());
    let revoked = token.is_some_and(|t| t.revoked_ms.is_some());
    // The token itself only the verdict stage can make: who lost it asks again with the same id.
    let expires_ms = token.map_or(0, |t| t.expires_ms);
    let verdict = match row.verdict.as_ref().map(|verdict| read(&verdict.body)) {
        None => None,
        Some(Ok(verdict)) if revoked => Some(verdict.revoked().into()),
        Some(Ok(verdict)) => Some(Verdict { expires_ms, ..verdict }.into()),
        Some(Err(error)) => {
            tracing::error!(request = %request_id, %error, "a recorded verdict cannot be read");
            return json(
                StatusCode::INTERNAL_SERVER_ERROR,
                &Fault {
                    error: "the verdict cannot be read",
                },
            );
        }
    };
    let view = View {
        request_id,
        state: row.state,
        verdict,
    };
    json(StatusCode::OK, &view)
}

/// Any method but GET and HEAD.
pub(crate) async fn other_method() -> Response<Body> {
    let error = "this address answers GET and HEAD";
    let mut response = json(StatusCode::METHOD_NOT_ALLOWED, &Fault { error });
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// Verdicts are recorded in the form that the service asked with; no protobuf one begins with a brace.
fn read(body: &[u8]) -> Result<Verdict, airlock_proto::wire::Undecodable> {
    let form = if body.starts_with(b"{") { Form::Json } else { Form::Protobuf };
    decode(body, form)
}

fn service<'a>(inner: &'a Inner, headers: &HeaderMap) -> Option<&'a str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let digest: [u8; 32] = Sha256::digest(key.trim().as_bytes()).into();
    inner
        .services
        .iter()
        .find(|(known, _)| *known == digest)
        .map(|(_, service)| service.as_str())
}

fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let body = serde_json::to_vec(value).unwrap_or_default();
    let length = HeaderValue::from(body.len());
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, length);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
