//! The front of the line: a request is recorded once, with what is to be sent for it, and tenants are kept fair.

use sha2::{Digest, Sha256};
use sqlx::{Any, AssertSqlSafe, Transaction};

use crate::database::within;
use crate::read::{REQUEST_COLUMNS, request_row};
use crate::{Accept, Fairness, NewRequest, OutboxRow, Records, Result};

/// More than are ever recorded at the same moment, by all processes together.
const AT_ONCE: u32 = 1024;

impl Records {
    /// Records a request, its definition and its messages in one transaction. May be repeated: what was recorded stays.
    ///
    /// `outbox` goes out at once, or when the request is promoted; `always` at once even when it waits.
    pub async fn accept(
        &self,
        request: &NewRequest,
        definition_text: &str,
        outbox: &[OutboxRow],
        always: &[OutboxRow],
        fairness: Fairness,
    ) -> Result<Accept> {
        self.accept_or_keep(request, definition_text, [outbox, outbox], always, fairness)
            .await
    }

    /// The same with messages of two kinds: what goes out at once, and what goes out instead when the request has waited.
    pub async fn accept_or_keep(
        &self,
        request: &NewRequest,
        definition_text: &str,
        [at_once, promoted_later]: [&[OutboxRow]; 2],
        always: &[OutboxRow],
        fairness: Fairness,
    ) -> Result<Accept> {
        within(async {
            let mut tx = self.begin().await?;
            let mut waiting = count(&mut tx, &request.tenant, "waiting", fairness.queued).await?;
            // Who waits behind others needs no number of its own: the flood of one tenant would be recorded one commit after the other,
            // and hold up everybody's requests behind it. Near the limit the number is held, so that it is kept to one.
            let alone = fairness.in_flight < 2 || waiting == 0 || waiting.saturating_add(AT_ONCE) > fairness.queued;
            let mut running = fairness.in_flight;
            if alone {
                self.lock(&mut tx, tenant_lock(&request.tenant)).await?;
                running = count(&mut tx, &request.tenant, "running", fairness.in_flight).await?;
                waiting = count(&mut tx, &request.tenant, "waiting", fairness.queued).await?;
            }
            // Nobody overtakes those who wait.
            let runs = running < fairness.in_flight && waiting == 0;
            if !insert(&mut tx, request, if runs { "running" } else { "waiting" }).await? {
                tx.rollback().await?;
                let known = self.known(request).await?;
                // Whoever recorded it may have died before it looked for a place.
                if matches!(&known, Accept::Known(row) if row.state == "waiting") {
                    self.look_for_place(&request.tenant, fairness).await?;
                }
                return Ok(known);
            }
            if !runs && waiting >= fairness.queued {
                tx.rollback().await?;
                return Ok(Accept::Full);
            }

            sqlx::query("INSERT INTO definition (digest, definition) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING")
                .bind(&request.definition_digest)
                .bind(definition_text)
                .execute(&mut *tx)
                .await?;
            put(&mut tx, always, None).await?;
            match runs {
                true => put(&mut tx, at_once, None).await?,
                false => put(&mut tx, promoted_later, Some(&request.request_id)).await?,
            }
            // Places may have been added to the setting since the last verdict.
            let mut promoted = if runs || !alone {
                vec![]
            } else {
                promote(&mut tx, &request.tenant, fairness).await?
            };
            tx.commit().await?;
            if !alone {
                promoted = self.look_for_place(&request.tenant, fairness).await?;
            }
            self.wake();
            Ok(if runs || promoted.contains(&request.request_id) {
                Accept::New
            } else {
                Accept::Waiting
            })
        })
        .await
    }

    /// Those before a request that was recorded without the tenant's number may all have got their places before it was there to be seen.
    /// As long as two have a place or more, one of them gives it away later and sees it; else it is seen to here.
    async fn look_for_place(&self, tenant: &str, fairness: Fairness) -> Result<Vec<String>> {
        let mut tx = self.begin().await?;
        let mut promoted = vec![];
        if count(&mut tx, tenant, "running", fairness.in_flight).await? < fairness.in_flight {
            self.lock(&mut tx, tenant_lock(tenant)).await?;
            promoted = promote(&mut tx, tenant, fairness).await?;
        }
        tx.commit().await?;
        Ok(promoted)
    }

    async fn known(&self, request: &NewRequest) -> Result<Accept> {
        let Some(known) = self.request_now(&request.request_id).await? else {
            // It was there a moment ago; rows of requests are cleared after months.
            return Err(crate::RecordsError::Away("the request went away meanwhile".to_owned()));
        };
        let same = known.service == request.service && known.body_sha256 == request.body_sha256;
        Ok(if same { Accept::Known(Box::new(known)) } else { Accept::Conflict })
    }
}

/// The number that stands for a tenant: whoever counts its requests holds it.
pub(crate) fn tenant_lock(tenant: &str) -> i64 {
    let digest = Sha256::new().chain_update(b"airlock tenant\0").chain_update(tenant).finalize();
    i64::from_le_bytes(std::array::from_fn(|i| digest[i]))
}

/// Counts no further than `enough`.
async fn count(tx: &mut Transaction<'static, Any>, tenant: &str, state: &str, enough: u32) -> Result<u32> {
    let n = sqlx::query_scalar::<_, i64>(
        "SELECT CAST(count(*) AS BIGINT) FROM \
         (SELECT 1 FROM request WHERE tenant = $1 AND state = $2 AND state <> 'done' LIMIT $3) AS few",
    )
    .bind(tenant)
    .bind(state)
    .bind(i64::from(enough))
    .fetch_one(&mut **tx)
    .await?;
    Ok(u32::try_from(n).unwrap_or(u32::MAX))
}

/// False when the id is there. The primary key decides, whoever asks at the same time.
async fn insert(tx: &mut Transaction<'static, Any>, r: &NewRequest, state: &str) -> Result<bool> {
    let sql = format!(
        "INSERT INTO request ({REQUEST_COLUMNS}, click) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT (request_id) DO NOTHING"
    );
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(&r.request_id)
        .bind(&r.service)
        .bind(&r.body_sha256)
        .bind(&r.tenant)
        .bind(&r.url)
        .bind(&r.recipient)
        .bind(&r.route)
        .bind(&r.secrets_sha256)
        .bind(&r.definition_digest)
        .bind(&r.lane)
        .bind(&r.form)
        .bind(r.received_ms)
        .bind(r.notify_ms)
        .bind(r.deadline_ms)
        .bind(state)
        .bind(r.click())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes messages into the outbox, kept back for a request or not.
pub(crate) async fn put(tx: &mut Transaction<'static, Any>, rows: &[OutboxRow], held_for: Option<&String>) -> Result<()> {
    for row in rows {
        sqlx::query("INSERT INTO outbox (topic, body, held_for) VALUES ($1, $2, $3)")
            .bind(&row.topic)
            .bind(&row.body)
            .bind(held_for)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Gives free places of a tenant to those who have waited longest; gives their ids. The caller holds the tenant's number.
pub(crate) async fn promote(tx: &mut Transaction<'static, Any>, tenant: &str, fairness: Fairness) -> Result<Vec<String>> {
    let running = count(tx, tenant, "running", fairness.in_flight).await?;
    let free = fairness.in_flight.saturating_sub(running);
    if free == 0 {
        return Ok(vec![]);
    }
    let sql = format!(
        "SELECT {REQUEST_COLUMNS} FROM request WHERE tenant = $1 AND state = 'waiting' AND state <> 'done' \
         ORDER BY received_ms, request_id LIMIT $2"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant)
        .bind(i64::from(free))
        .fetch_all(&mut **tx)
        .await?;
    let mut promoted = Vec::with_capacity(rows.len());
    for row in &rows {
        let id = request_row(row)?.request.request_id;
        sqlx::query("UPDATE request SET state = 'running' WHERE request_id = $1")
            .bind(&id)
            .execute(&mut **tx)
            .await?;
        sqlx::query("UPDATE outbox SET held_for = NULL WHERE held_for = $1")
            .bind(&id)
            .execute(&mut **tx)
            .await?;
        promoted.push(id);
    }
    Ok(promoted)
}
