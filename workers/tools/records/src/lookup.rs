//! What is asked of the records without changing them.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, Row};

use crate::database::within;
use crate::many::{padded, places};
use crate::read::{REQUEST_COLUMNS, TOKEN_SELECT, VERDICT_COLUMNS, request_row, token_row, verdict_row};
use crate::{NewRequest, Records, RequestRow, Result, Status, TokenRow, VerdictRow};

/// A click, and when it is.
pub(crate) struct Click {
    digest: String,
    now_ms: i64,
}

impl Records {
    /// A request and, once it is there, its verdict.
    pub async fn request(&self, request_id: &str) -> Result<Option<RequestRow>> {
        within(self.request_now(request_id)).await
    }

    /// The text of a definition that was in force for some request.
    pub async fn definition(&self, digest: &str) -> Result<Option<String>> {
        within(async {
            Ok(sqlx::query_scalar("SELECT definition FROM definition WHERE digest = $1")
                .bind(digest)
                .fetch_optional(self.readers())
                .await?)
        })
        .await
    }

    /// A click again: the request with the newest verdict for the same service, tenant, recipient, link, route, passwords and definition
    /// whose token has neither expired nor been revoked.
    pub async fn live(&self, of: &NewRequest, now_ms: i64) -> Result<Option<String>> {
        let entered = self.inner.crowds.enter(&of.tenant);
        let records = self.clone();
        let call = Click {
            digest: of.click(),
            now_ms,
        };
        let work = async move |clicks: Vec<Click>| match within(records.live_of(&clicks)).await {
            Ok(live) => clicks.iter().map(|click| Ok(live.get(&click.digest).cloned())).collect(),
            Err(error) => clicks.iter().map(|_| Err(error.clone())).collect(),
        };
        within(entered.of(&self.inner.lives).ask(call, work)).await
    }

    /// By click. They are asked for within a moment: the latest time stands for all.
    async fn live_of(&self, clicks: &[Click]) -> Result<HashMap<String, String>> {
        let now_ms = clicks.iter().map(|click| click.now_ms).max().unwrap_or_default();
        let clicks = padded(clicks.iter().map(|click| click.digest.as_str()).collect());
        let sql = format!(
            "SELECT click, request_id FROM (SELECT r.click, v.request_id, \
             row_number() OVER (PARTITION BY r.click ORDER BY v.decided_ms DESC) AS nth \
             FROM request r JOIN verdict v ON v.request_id = r.request_id JOIN token t ON t.token_id = v.token_id \
             WHERE t.expires_ms > $1 AND t.revoked_ms IS NULL AND r.click IN ({})) AS live WHERE nth = 1",
            places(2, clicks.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(now_ms);
        for click in clicks {
            query = query.bind(click);
        }
        let rows = query.fetch_all(self.readers()).await?;
        rows.iter()
            .map(|row| Ok((row.try_get("click")?, row.try_get("request_id")?)))
            .collect()
    }

    /// Requests without a verdict whose deadline has passed, the oldest first, those that wait included.
    pub async fn overdue(&self, now_ms: i64, limit: u32) -> Result<Vec<RequestRow>> {
        within(async {
            let sql =
                format!("SELECT {REQUEST_COLUMNS} FROM request WHERE state <> 'done' AND deadline_ms < $1 ORDER BY deadline_ms LIMIT $2");
            let rows = sqlx::query(AssertSqlSafe(sql))
                .bind(now_ms)
                .bind(i64::from(limit))
                .fetch_all(self.readers())
                .await?;
            rows.iter().map(request_row).collect()
        })
        .await
    }

    /// A token, whether it still holds or not.
    pub async fn token(&self, token_id: &str) -> Result<Option<TokenRow>> {
        within(self.token_now(token_id)).await
    }

    /// How many of what there is. It counts all rows: for people and metrics, not for every message.
    pub async fn status(&self) -> Result<Status> {
        within(async {
            let mut status = Status::default();
            let rows = sqlx::query("SELECT state, CAST(count(*) AS BIGINT) AS n FROM request GROUP BY state")
                .fetch_all(self.readers())
                .await?;
            for row in rows {
                let n = row.try_get::<i64, _>("n")?.max(0) as u64;
                match row.try_get::<String, _>("state")?.as_str() {
                    "running" => status.running = n,
                    "waiting" => status.waiting = n,
                    _ => status.done = n,
                }
            }
            let outbox = sqlx::query_scalar::<_, i64>(
                "SELECT CAST(count(*) AS BIGINT) FROM outbox WHERE held_for IS NULL OR held_for LIKE 'full/%'",
            )
            .fetch_one(self.readers())
            .await?;
            status.outbox = outbox.max(0) as u64;
            Ok(status)
        })
        .await
    }

    pub(crate) async fn request_now(&self, request_id: &str) -> Result<Option<RequestRow>> {
        let sql = format!("SELECT {REQUEST_COLUMNS} FROM request WHERE request_id = $1");
        let Some(row) = sqlx::query(AssertSqlSafe(sql))
            .bind(request_id)
            .fetch_optional(self.readers())
            .await?
        else {
            return Ok(None);
        };
        let mut request = request_row(&row)?;
        // Both are written at once: where one is not there, the other was not.
        if request.state != "done" {
            return Ok(Some(request));
        }
        let sql = format!("SELECT {VERDICT_COLUMNS} FROM verdict v WHERE v.request_id = $1");
        if let Some(row) = sqlx::query(AssertSqlSafe(sql))
            .bind(request_id)
            .fetch_optional(self.readers())
            .await?
        {
            request.verdict = Some(self.with_token(verdict_row(&row)?).await?);
        }
        Ok(Some(request))
    }

    async fn with_token(&self, (mut verdict, token_id): (VerdictRow, Option<String>)) -> Result<VerdictRow> {
        if let Some(id) = token_id {
            verdict.token = self.token_now(&id).await?;
        }
        Ok(verdict)
    }

    async fn token_now(&self, token_id: &str) -> Result<Option<TokenRow>> {
        let sql = format!("{TOKEN_SELECT} WHERE t.token_id = $1");
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(token_id)
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(token_row).transpose()
    }
}
