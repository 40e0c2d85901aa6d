//! What is old enough is forgotten: requests with their verdicts, tokens and downloads.

use crate::database::within;
use crate::{Records, Result};

impl Records {
    /// Forgets up to `limit` requests that have their verdict and were received before that time, with all that hangs on them;
    /// how many. Who is the owner of their blobs is not asked: a blob goes by its own time.
    pub async fn purge(&self, received_before_ms: i64, limit: u32) -> Result<u64> {
        within(async {
            let mut tx = self.begin().await?;
            let old: Vec<String> = sqlx::query_scalar(
                "SELECT request_id FROM request WHERE state = 'done' AND received_ms < $1 ORDER BY received_ms LIMIT $2",
            )
            .bind(received_before_ms)
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await?;
            for id in &old {
                for sql in [
                    "DELETE FROM download WHERE token_id IN (SELECT token_id FROM token WHERE request_id = $1)",
                    "DELETE FROM token WHERE request_id = $1",
                    "DELETE FROM verdict WHERE request_id = $1",
                    "DELETE FROM request WHERE request_id = $1",
                ] {
                    sqlx::query(sql).bind(id).execute(&mut *tx).await?;
                }
            }
            tx.commit().await?;
            Ok(old.len() as u64)
        })
        .await
    }
}
