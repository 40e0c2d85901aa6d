//! What happens to a token after it was given: it is used, or it is revoked.

use crate::database::within;
use crate::{Records, Result};

/// Which tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevokeBy {
    /// The token of this id.
    Token(String),
    /// Every token for a file of this digest (lowercase hexadecimal).
    Sha256(String),
    /// The token in the verdict of this request.
    Request(String),
}

impl Records {
    /// Revokes tokens that are not revoked yet, and says how many; expired ones count.
    pub async fn revoke(&self, by: RevokeBy, why: &str, now_ms: i64) -> Result<u64> {
        let (sql, which) = match &by {
            RevokeBy::Token(id) => (
                "UPDATE token SET revoked_ms = $1, revoked_why = $2 WHERE revoked_ms IS NULL AND token_id = $3",
                id,
            ),
            RevokeBy::Sha256(hex) => (
                "UPDATE token SET revoked_ms = $1, revoked_why = $2 WHERE revoked_ms IS NULL AND sha256 = $3",
                hex,
            ),
            RevokeBy::Request(id) => (
                "UPDATE token SET revoked_ms = $1, revoked_why = $2 WHERE revoked_ms IS NULL \
                 AND token_id IN (SELECT token_id FROM verdict WHERE request_id = $3 AND token_id IS NOT NULL)",
                id,
            ),
        };
        within(async {
            let mut tx = self.begin().await?;
            let done = sqlx::query(sql).bind(now_ms).bind(why).bind(which).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(done.rows_affected())
        })
        .await
    }

    /// Notes a download, whole or part.
    pub async fn downloaded(&self, token_id: &str, now_ms: i64, bytes: u64) -> Result<()> {
        within(async {
            let mut tx = self.begin().await?;
            sqlx::query("INSERT INTO download (token_id, at_ms, bytes) VALUES ($1, $2, $3)")
                .bind(token_id)
                .bind(now_ms)
                .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }
}
