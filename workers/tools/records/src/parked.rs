//! Sandbox jobs that wait for a back-end: no delivery is held meanwhile, so they must be written down.

use sqlx::{AssertSqlSafe, Row};

use crate::database::within;
use crate::{Records, Result};

/// A job that is polled for. Who polls holds it by a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The job's own key: request and back-end, say.
    pub id: String,
    /// Which back-end.
    pub back_end: String,
    /// Its name for the job; empty before it was submitted.
    pub external_id: String,
    /// What is needed to go on; the records do not read it.
    pub body: Vec<u8>,
    /// When to ask, or to ask again.
    pub next_poll_ms: i64,
}

impl Records {
    /// Writes a job down, or changes it; its lease ends.
    pub async fn park(&self, job: &Parked) -> Result<()> {
        within(async {
            let mut tx = self.begin().await?;
            sqlx::query(
                "INSERT INTO parked (id, back_end, external_id, body, next_poll_ms) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (id) DO UPDATE SET back_end = excluded.back_end, external_id = excluded.external_id, \
                 body = excluded.body, next_poll_ms = excluded.next_poll_ms, lease_until_ms = 0",
            )
            .bind(&job.id)
            .bind(&job.back_end)
            .bind(&job.external_id)
            .bind(&job.body)
            .bind(job.next_poll_ms)
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Takes jobs that are to be asked about, for `lease_ms`: nobody else gets them meanwhile. The longest due come first.
    pub async fn due_parked(&self, now_ms: i64, lease_ms: i64, limit: u32) -> Result<Vec<Parked>> {
        within(async {
            let skip = if self.is_postgres() { "FOR UPDATE SKIP LOCKED" } else { "" };
            let sql = format!(
                "UPDATE parked SET lease_until_ms = $1 WHERE id IN (SELECT id FROM parked WHERE next_poll_ms <= $2 \
                 AND lease_until_ms <= $2 ORDER BY next_poll_ms LIMIT $3 {skip}) \
                 RETURNING id, back_end, external_id, body, next_poll_ms"
            );
            let mut tx = self.begin().await?;
            let rows = sqlx::query(AssertSqlSafe(sql))
                .bind(now_ms.saturating_add(lease_ms))
                .bind(now_ms)
                .bind(i64::from(limit))
                .fetch_all(&mut *tx)
                .await?;
            tx.commit().await?;
            let mut jobs = Vec::with_capacity(rows.len());
            for row in rows {
                jobs.push(Parked {
                    id: row.try_get("id")?,
                    back_end: row.try_get("back_end")?,
                    external_id: row.try_get("external_id")?,
                    body: row.try_get("body")?,
                    next_poll_ms: row.try_get("next_poll_ms")?,
                });
            }
            jobs.sort_by(|a, b| (a.next_poll_ms, &a.id).cmp(&(b.next_poll_ms, &b.id)));
            Ok(jobs)
        })
        .await
    }

    /// The job is done with. One that is not there is fine.
    pub async fn unpark(&self, id: &str) -> Result<()> {
        within(async {
            let mut tx = self.begin().await?;
            sqlx::query("DELETE FROM parked WHERE id = $1").bind(id).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }
}
