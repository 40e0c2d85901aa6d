//! How plain data is read from the rows of a database; the columns and their readers stand together.

use sqlx::Row;
use sqlx::any::AnyRow;

use crate::{NewRequest, RequestRow, Result, TokenRow, VerdictRow};

pub(crate) const REQUEST_COLUMNS: &str = "request_id, service, body_sha256, tenant, url, recipient, route, secrets_sha256, \
     definition_digest, lane, form, received_ms, notify_ms, deadline_ms, state";

/// Reads [`REQUEST_COLUMNS`]; the verdict is added by the caller.
pub(crate) fn request_row(row: &AnyRow) -> Result<RequestRow> {
    Ok(RequestRow {
        request: NewRequest {
            request_id: row.try_get("request_id")?,
            service: row.try_get("service")?,
            body_sha256: row.try_get("body_sha256")?,
            tenant: row.try_get("tenant")?,
            url: row.try_get("url")?,
            recipient: row.try_get("recipient")?,
            route: row.try_get("route")?,
            secrets_sha256: row.try_get("secrets_sha256")?,
            definition_digest: row.try_get("definition_digest")?,
            lane: row.try_get("lane")?,
            form: row.try_get("form")?,
            received_ms: row.try_get("received_ms")?,
            notify_ms: row.try_get("notify_ms")?,
            deadline_ms: row.try_get("deadline_ms")?,
        },
        state: row.try_get("state")?,
        verdict: None,
    })
}

pub(crate) const VERDICT_COLUMNS: &str = "v.request_id, v.body, v.decision, v.outcome, v.sha256, v.decided_ms, v.token_id";

/// Reads [`VERDICT_COLUMNS`]; gives the id of the token beside it, which the caller looks up.
pub(crate) fn verdict_row(row: &AnyRow) -> Result<(VerdictRow, Option<String>)> {
    let verdict = VerdictRow {
        request_id: row.try_get("request_id")?,
        body: row.try_get("body")?,
        decision: row.try_get("decision")?,
        outcome: row.try_get("outcome")?,
        sha256: row.try_get("sha256")?,
        decided_ms: row.try_get("decided_ms")?,
        token: None,
    };
    Ok((verdict, row.try_get("token_id")?))
}

pub(crate) const TOKEN_SELECT: &str = "SELECT t.token_id, t.request_id, t.sha256, t.blob_key, t.expires_ms, t.claims, t.revoked_ms, \
     t.revoked_why, v.chunks_sha256, v.size, r.tenant, r.url, r.recipient, r.service \
     FROM token t JOIN verdict v ON v.request_id = t.request_id JOIN request r ON r.request_id = t.request_id";

/// Reads [`TOKEN_SELECT`].
pub(crate) fn token_row(row: &AnyRow) -> Result<TokenRow> {
    let chunks: String = row.try_get("chunks_sha256")?;
    let size: i64 = row.try_get("size")?;
    Ok(TokenRow {
        token_id: row.try_get("token_id")?,
        request_id: row.try_get("request_id")?,
        sha256: row.try_get("sha256")?,
        blob_key: row.try_get("blob_key")?,
        expires_ms: row.try_get("expires_ms")?,
        claims: row.try_get("claims")?,
        revoked_ms: row.try_get("revoked_ms")?,
        revoked_why: row.try_get("revoked_why")?,
        chunks_sha256: chunks.split(',').filter(|c| !c.is_empty()).map(str::to_owned).collect(),
        size: size.max(0) as u64,
        tenant: row.try_get("tenant")?,
        url: row.try_get("url")?,
        recipient: row.try_get("recipient")?,
        service: row.try_get("service")?,
    })
}
