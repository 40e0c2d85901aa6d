//! `/d/<token>`: from a token to bytes, a page that tells the risk, or a page that says how to go on.

use airlock_proto::Claims;
use airlock_records::TokenRow;
use airlock_token::TokenError;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_RANGE, RANGE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};

use crate::body::{Broken, Sending, alert_changed};
use crate::gateway::{Counters, Inner};
use crate::range::{Wanted, wanted};
use crate::{CHUNK_BYTES, Gateway, name, pages};

/// GET, HEAD and POST. HEAD is answered as GET, and consumes nothing.
pub(crate) async fn answer(
    State(gateway): State<Gateway>,
    method: Method,
    token: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response<Body> {
    let inner = &gateway.inner;
    // What is no text is a broken token like any other.
    let token = token.map(|Path(token)| token).unwrap_or_default();
    let (response, token_id) = match cleared(inner, &token).await {
        Ok(held) => {
            let token_id = held.claims.token_id.clone();
            (hand_out(&gateway, &method, held, &headers).await, token_id)
        }
        Err(refusal) => *refusal,
    };
    match response.status() {
        StatusCode::FORBIDDEN => Counters::add(&inner.counters.forged, 1),
        StatusCode::GONE => Counters::add(&inner.counters.gone, 1),
        StatusCode::SERVICE_UNAVAILABLE => Counters::add(&inner.counters.trouble, 1),
        _ => {}
    }
    tracing::info!(%method, status = response.status().as_u16(), %token_id, "download");
    response
}

/// A token that holds, and what the records say about its file.
struct Held {
    claims: Claims,
    row: TokenRow,
}

/// The refusal, and the id for the log: that of the token where one of our keys signed it.
type Refusal = Box<(Response<Body>, String)>;

async fn cleared(inner: &Inner, token: &str) -> Result<Held, Refusal> {
    let now = (inner.clock)();
    let claims = match inner.keyring.verify(token, now) {
        Ok(claims) => claims,
        Err(TokenError::Expired(claims)) => return Err(expired(inner, &claims).await),
        Err(TokenError::Broken | TokenError::UnknownKey | TokenError::Forged) => return Err(Box::new((pages::forged(), "-".to_owned()))),
    };
    let refuse = |response| Err(Box::new((response, claims.token_id.clone())));
    // Asked at every request, so that a revocation acts at once.
    let row = match inner.records.token(&claims.token_id).await {
        Ok(Some(row)) => row,
        Ok(None) => return refuse(pages::gone()),
        Err(error) => {
            tracing::warn!(%error, "the records cannot be asked");
            return refuse(pages::trouble());
        }
    };
    if row.revoked_ms.is_some() {
        return refuse(pages::revoked());
    }
    if now >= row.expires_ms {
        return refuse(pages::expired(Some(&row.url)));
    }
    if let Some(why) = contradiction(&claims, &row) {
        tracing::error!(alert = "records_mismatch", token_id = %claims.token_id, %why, "the records contradict a token that we signed");
        return refuse(pages::gone());
    }
    match inner.store.size(&claims.blob_key).await {
        Ok(Some(size)) if size == claims.size => Ok(Held { claims, row }),
        Ok(Some(size)) => {
            alert_changed(
                inner,
                &claims.token_id,
                &claims.blob_key,
                &format!("{size} bytes instead of {}", claims.size),
            );
            refuse(pages::gone())
        }
        Ok(None) => refuse(pages::gone()),
        Err(error) => {
            tracing::warn!(%error, "the store cannot be asked");
            refuse(pages::trouble())
        }
    }
}

/// The page names the link, so that the person can start the check again; without the records it goes without.
async fn expired(inner: &Inner, claims: &Claims) -> Refusal {
    let row = inner.records.token(&claims.token_id).await.ok().flatten();
    let response = match &row {
        Some(row) if row.revoked_ms.is_some() => pages::revoked(),
        Some(row) => pages::expired(Some(&row.url)),
        None => pages::expired(None),
    };
    Box::new((response, claims.token_id.clone()))
}

fn contradiction(claims: &Claims, row: &TokenRow) -> Option<&'static str> {
    let chunks = u64::try_from(row.chunks_sha256.len()).unwrap_or(u64::MAX);
    let checks = [
        (claims.sha256 == row.sha256, "digest"),
        (claims.blob_key == row.blob_key, "key"),
        (claims.size == row.size, "size"),
        (
            claims.size.div_ceil(CHUNK_BYTES) == chunks || (claims.size == 0 && chunks <= 1),
            "chunks",
        ),
    ];
    checks.into_iter().find(|(holds, _)| !holds).map(|(_, what)| what)
}

async fn hand_out(gateway: &Gateway, method: &Method, held: Held, headers: &HeaderMap) -> Response<Body> {
    let Held { claims, row } = held;
    // A page elsewhere that sends the form by itself accepts nothing for the person (Fetch Metadata, section 2.3).
    let elsewhere = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    if claims.needs_ack && (method != Method::POST || elsewhere) {
        return pages::risk(&claims);
    }
    let etag = format!("\"{}\"", claims.sha256);
    // A form is no range request, and a range of another version is answered with the whole of this one.
    let same = headers.get(IF_RANGE).is_none_or(|wanted| wanted.as_bytes() == etag.as_bytes());
    let asked = headers
        .get(RANGE)
        .and_then(|range| range.to_str().ok())
        .filter(|_| same && method != Method::POST);
    let (status, from, to) = match wanted(asked, claims.size) {
        Wanted::Whole => (StatusCode::OK, 0, claims.size),
        Wanted::Part { from, to } => (StatusCode::PARTIAL_CONTENT, from, to),
        Wanted::Nothing => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            fill(
                &mut response,
                &[
                    (CONTENT_RANGE, &format!("bytes */{}", claims.size)),
                    (ACCEPT_RANGES, "bytes"),
                    (ETAG, &etag),
                ],
            );
            fill(&mut response, &GUARDS);
            return response;
        }
    };
    let length = to.saturating_sub(from);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    fill(
        &mut response,
        &[
            (CONTENT_TYPE, "application/octet-stream"),
            (CONTENT_LENGTH, &length.to_string()),
            (CONTENT_DISPOSITION, &name::attachment(&claims.file_name)),
            (ETAG, &etag),
            (ACCEPT_RANGES, "bytes"),
        ],
    );
    fill(&mut response, &GUARDS);
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {from}-{}/{}", to.saturating_sub(1), claims.size);
        fill(&mut response, &[(CONTENT_RANGE, &range)]);
    }
    let inner = &gateway.inner;
    let mut sending = Sending {
        gateway: std::sync::Arc::clone(inner),
        token_id: claims.token_id.clone(),
        blob_key: claims.blob_key,
        size: claims.size,
        chunks_sha256: row.chunks_sha256,
        at: from,
        end: to,
        asked_ms: (inner.clock)(),
    };
    // The first chunk comes before the head, so that trouble with it is said by a page and not by a broken connection.
    let first = match sending.next().await {
        Ok(first) => first,
        Err(Broken::Changed) => return pages::gone(),
        Err(Broken::Revoked) => return pages::revoked(),
        Err(Broken::Away) => return pages::trouble(),
    };
    if method == Method::HEAD {
        return response;
    }
    // Written down before the first byte leaves: no download without a record.
    if let Err(error) = inner.records.downloaded(&claims.token_id, (inner.clock)(), length).await {
        tracing::warn!(%error, "the download cannot be recorded");
        return pages::trouble();
    }
    Counters::add(&inner.counters.started, 1);
    *response.body_mut() = sending.into_body(first);
    response
}

/// Headers that stand on every answer with bytes.
const GUARDS: [(HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "private, no-store"),
    (CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
    (REFERRER_POLICY, "no-referrer"),
];

fn fill(response: &mut Response<Body>, headers: &[(HeaderName, &str)]) {
    for (name, value) in headers {
        // None of our values has a character that a header cannot have.
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name.clone(), value);
        }
    }
}
