//! The end of the line: the first terminal verdict wins, and its messages go out exactly if it is there.

use sqlx::{Any, Row as _, Transaction};

use crate::accept::put;
use crate::database::within;
use crate::rooms::{leave, promote, tenant_lock};
use crate::{Fairness, Finish, NewToken, NewVerdict, OutboxRow, Records, RecordsError, Result};

impl Records {
    /// Records a verdict with its token, blob and messages in one transaction, then gives the free place to who waits.
    ///
    /// May be repeated. When another verdict is there, nothing is written. [`RecordsError::NoSuchRequest`] when the request is not.
    pub async fn finish(&self, verdict: &NewVerdict, outbox: &[OutboxRow], fairness: Fairness) -> Result<Finish> {
        within(async {
            let mut tx = self.begin().await?;
            let id = &verdict.request_id;
            let (tenant, mut state) = tenant_and_state(&mut tx, id).await?;
            // One that waits may be given a place at this moment: only who holds the number may touch it. For all others the number is
            // held as short as can be, for everybody who comes for this tenant waits for it.
            if state == "waiting" {
                self.lock_all(&mut tx, vec![tenant_lock(&tenant)]).await?;
                state = tenant_and_state(&mut tx, id).await?.1;
                if state == "waiting" {
                    leave(&mut tx, &tenant, 1).await?;
                    // Its deadline passed in the waiting room: it must not be worked on after its verdict.
                    sqlx::query("DELETE FROM outbox WHERE held_for = $1")
                        .bind(id)
                        .execute(&mut *tx)
                        .await?;
                } else {
                    // It got its place meanwhile, and another verdict may be on its way to the number.
                    tx.rollback().await?;
                    tx = self.begin().await?;
                }
            }
            if state == "done" {
                tx.rollback().await?;
                return Ok(Finish::Already);
            }
            if !insert(&mut tx, verdict).await? {
                tx.rollback().await?;
                return Ok(Finish::Already);
            }
            if let Some(token) = &verdict.token {
                insert_token(&mut tx, id, token).await?;
            }
            if let Some(key) = &verdict.blob_key {
                keep_blob(&mut tx, verdict, key, &tenant).await?;
            }
            let mail: Vec<_> = outbox.iter().map(|row| (row, None)).collect();
            put(&mut tx, &mail, self.rows_at_once()).await?;
            self.lock_all(&mut tx, vec![tenant_lock(&tenant)]).await?;
            // Not before: whoever records the same request again holds the number, and would wait for this row.
            sqlx::query("UPDATE request SET state = 'done' WHERE request_id = $1")
                .bind(id)
                .execute(&mut *tx)
                .await?;
            promote(&mut tx, &tenant, fairness).await?;
            tx.commit().await?;
            self.inner.wakes.wake_all();
            Ok(Finish::First)
        })
        .await
    }
}

async fn tenant_and_state(tx: &mut Transaction<'static, Any>, id: &str) -> Result<(String, String)> {
    let row = sqlx::query("SELECT tenant, state FROM request WHERE request_id = $1")
        .bind(id)
        .fetch_optional(&mut **tx)
        .await?
        .ok_or_else(|| RecordsError::NoSuchRequest(id.to_owned()))?;
    Ok((row.try_get("tenant")?, row.try_get("state")?))
}

/// False when the request has a verdict.
async fn insert(tx: &mut Transaction<'static, Any>, v: &NewVerdict) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO verdict (request_id, body, decision, outcome, sha256, size, chunks_sha256, decided_ms, token_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (request_id) DO NOTHING",
    )
    .bind(&v.request_id)
    .bind(&v.body)
    .bind(&v.decision)
    .bind(&v.outcome)
    .bind(v.sha256.as_ref())
    .bind(length(v.size)?)
    .bind(v.chunks_sha256.join(","))
    .bind(v.decided_ms)
    .bind(v.token.as_ref().map(|t| &t.token_id))
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A token that is there already is taken again for a click again; it keeps its expiry and its revocation.
async fn insert_token(tx: &mut Transaction<'static, Any>, request_id: &str, t: &NewToken) -> Result<()> {
    let done = sqlx::query(
        "INSERT INTO token (token_id, request_id, sha256, blob_key, expires_ms, claims) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (token_id) DO NOTHING",
    )
    .bind(&t.token_id)
    .bind(request_id)
    .bind(&t.sha256)
    .bind(&t.blob_key)
    .bind(t.expires_ms)
    .bind(&t.claims)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 {
        return Ok(());
    }
    let same = sqlx::query_scalar::<_, i64>(
        "SELECT CAST(count(*) AS BIGINT) FROM token WHERE token_id = $1 AND sha256 = $2 AND blob_key = $3 AND expires_ms = $4",
    )
    .bind(&t.token_id)
    .bind(&t.sha256)
    .bind(&t.blob_key)
    .bind(t.expires_ms)
    .fetch_one(&mut **tx)
    .await?;
    match same {
        1 => Ok(()),
        _ => Err(RecordsError::Broken(format!("token id {} is that of another file", t.token_id))),
    }
}

/// Says when the blob may go: never before the last token that speaks of it has expired.
async fn keep_blob(tx: &mut Transaction<'static, Any>, v: &NewVerdict, key: &str, tenant: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO blob (blob_key, tenant, size, sha256, delete_after_ms) SELECT $1, $2, $3, $4, COALESCE(MAX(later), $5) \
         FROM (SELECT MAX(expires_ms) AS later FROM token WHERE blob_key = $1) AS last WHERE later > $5 \
         ON CONFLICT (blob_key) DO UPDATE SET size = excluded.size, sha256 = excluded.sha256, delete_after_ms = excluded.delete_after_ms",
    )
    .bind(key)
    .bind(tenant)
    .bind(length(v.size)?)
    .bind(v.sha256.as_ref())
    .bind(v.blob_delete_after_ms)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn length(size: u64) -> Result<i64> {
    i64::try_from(size).map_err(|_| RecordsError::Broken(format!("a size of {size} bytes")))
}
