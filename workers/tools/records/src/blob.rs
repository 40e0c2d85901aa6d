//! Which objects lie in the store, and until when. An object that is not noted here would lie there for ever.

use crate::database::within;
use crate::{Records, Result};

impl Records {
    /// Notes a key before anything is written under it. May be repeated; the later end counts.
    pub async fn reserve_blob(&self, key: &str, tenant: &str, delete_after_ms: i64) -> Result<()> {
        within(async {
            let mut tx = self.begin().await?;
            sqlx::query(
                "INSERT INTO blob (blob_key, tenant, delete_after_ms) VALUES ($1, $2, $3) ON CONFLICT (blob_key) DO UPDATE SET \
                 delete_after_ms = CASE WHEN blob.delete_after_ms < excluded.delete_after_ms \
                 THEN excluded.delete_after_ms ELSE blob.delete_after_ms END",
            )
            .bind(key)
            .bind(tenant)
            .bind(delete_after_ms)
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Keys whose time is over, the oldest first. Delete the object, then [`Records::forget_blob`].
    pub async fn garbage(&self, now_ms: i64, limit: u32) -> Result<Vec<String>> {
        within(async {
            Ok(
                sqlx::query_scalar("SELECT blob_key FROM blob WHERE delete_after_ms < $1 ORDER BY delete_after_ms LIMIT $2")
                    .bind(now_ms)
                    .bind(i64::from(limit))
                    .fetch_all(self.readers())
                    .await?,
            )
        })
        .await
    }

    /// The object is deleted. A key that is not noted is fine.
    pub async fn forget_blob(&self, key: &str) -> Result<()> {
        within(async {
            let mut tx = self.begin().await?;
            sqlx::query("DELETE FROM blob WHERE blob_key = $1")
                .bind(key)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }
}
