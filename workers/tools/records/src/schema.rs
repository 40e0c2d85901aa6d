//! The tables, in steps that are never changed once released; a new step may only add what older programs can live with.

use sqlx::AssertSqlSafe;

use crate::config::Dialect;
use crate::database::within;
use crate::{Records, Result};

/// One step after the other; its number is its place, from 1. PostgreSQL's types; [`translate`] makes SQLite's of them.
const STEPS: &[&str] = &[FIRST, ASIDE, TOPIC, ROOM];

/// The number that whoever migrates holds.
const MIGRATION_LOCK: i64 = 0x4149_524c_4f43_4b31;

const FIRST: &str = "
CREATE TABLE request (
    request_id TEXT NOT NULL PRIMARY KEY,
    service TEXT NOT NULL, body_sha256 TEXT NOT NULL, tenant TEXT NOT NULL, url TEXT NOT NULL, recipient TEXT NOT NULL,
    route TEXT NOT NULL, secrets_sha256 TEXT NOT NULL, definition_digest TEXT NOT NULL, lane TEXT NOT NULL, form TEXT NOT NULL,
    received_ms BIGINT NOT NULL, notify_ms BIGINT NOT NULL, deadline_ms BIGINT NOT NULL,
    click TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done'))
);
CREATE INDEX request_of_tenant ON request (tenant, state, received_ms) WHERE state <> 'done';
CREATE INDEX request_overdue ON request (deadline_ms) WHERE state <> 'done';
CREATE INDEX request_click ON request (click);
CREATE INDEX request_old ON request (received_ms) WHERE state = 'done';
CREATE TABLE verdict (
    request_id TEXT NOT NULL PRIMARY KEY REFERENCES request (request_id),
    body BYTEA NOT NULL, decision TEXT NOT NULL, outcome TEXT NOT NULL, sha256 TEXT, size BIGINT NOT NULL,
    chunks_sha256 TEXT NOT NULL, decided_ms BIGINT NOT NULL, token_id TEXT
);
CREATE TABLE token (
    token_id TEXT NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL REFERENCES verdict (request_id),
    sha256 TEXT NOT NULL, blob_key TEXT NOT NULL, expires_ms BIGINT NOT NULL, claims BYTEA NOT NULL,
    revoked_ms BIGINT, revoked_why TEXT
);
CREATE INDEX token_of_request ON token (request_id);
CREATE INDEX token_of_file ON token (sha256);
CREATE INDEX token_of_blob ON token (blob_key);
CREATE TABLE download (
    download_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_id TEXT NOT NULL, at_ms BIGINT NOT NULL, bytes BIGINT NOT NULL
);
CREATE INDEX download_of_token ON download (token_id);
CREATE TABLE outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic TEXT NOT NULL, body BYTEA NOT NULL,
    held_for TEXT,
    lease_owner TEXT NOT NULL DEFAULT '', lease_until_ms BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX outbox_ready ON outbox (id) WHERE held_for IS NULL;
CREATE INDEX outbox_held ON outbox (held_for) WHERE held_for IS NOT NULL;
CREATE TABLE blob (
    blob_key TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL, size BIGINT, sha256 TEXT, delete_after_ms BIGINT NOT NULL
);
CREATE INDEX blob_garbage ON blob (delete_after_ms);
CREATE TABLE parked (
    id TEXT NOT NULL PRIMARY KEY,
    back_end TEXT NOT NULL, external_id TEXT NOT NULL, body BYTEA NOT NULL,
    next_poll_ms BIGINT NOT NULL, lease_until_ms BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX parked_due ON parked (next_poll_ms);
CREATE TABLE definition (digest TEXT NOT NULL PRIMARY KEY, definition TEXT NOT NULL);
";

/// What lies aside is read in its order, however much it is.
const ASIDE: &str = "
CREATE INDEX outbox_aside ON outbox (held_for, id) WHERE held_for IS NOT NULL;
DROP INDEX outbox_held;
";

/// A relay finds the rows of its topic, however many there are of others.
const TOPIC: &str = "
CREATE INDEX outbox_line ON outbox (topic, id) WHERE held_for IS NULL;
DROP INDEX outbox_ready;
";

/// How many of a tenant wait, so that thousands are not counted for every few that come behind them, nor sorted to find the first.
const ROOM: &str = "
CREATE TABLE room (tenant TEXT NOT NULL PRIMARY KEY, waiting BIGINT NOT NULL);
INSERT INTO room SELECT tenant, count(*) FROM request WHERE state = 'waiting' AND state <> 'done' GROUP BY tenant;
CREATE INDEX request_in_turn ON request (tenant, state, received_ms, request_id) WHERE state <> 'done';
DROP INDEX request_of_tenant;
";

/// Which version of the tables is there, and which this program wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// 0: no tables.
    pub found: u32,
    /// What [`Records::migrate`] makes.
    pub wanted: u32,
}

impl Schema {
    /// Whether this program can work: newer tables still serve the version before.
    pub fn is_ready(self) -> bool {
        self.found >= self.wanted
    }
}

impl Records {
    /// Brings the tables to the wanted version in one transaction; several may try at once, and newer tables are left alone.
    ///
    /// It takes as long as it takes: an index over a full table is not made in the seconds that a call has.
    pub async fn migrate(&self) -> Result<()> {
        self.bring_up(STEPS).await
    }

    async fn bring_up(&self, steps: &[&str]) -> Result<()> {
        let (mut tx, found) = within(async {
            let mut tx = self.begin().await?;
            self.lock_all(&mut tx, vec![MIGRATION_LOCK]).await?;
            sqlx::raw_sql(AssertSqlSafe(
                "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL PRIMARY KEY, applied TEXT NOT NULL)",
            ))
            .execute(&mut *tx)
            .await?;
            if self.is_postgres() {
                sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
            }
            let found = sqlx::query_scalar::<_, i64>(FOUND).fetch_one(&mut *tx).await?;
            Ok((tx, found))
        })
        .await?;
        for (number, step) in (1i64..).zip(steps).skip_while(|(number, _)| *number <= found) {
            sqlx::raw_sql(AssertSqlSafe(translate(step, self.inner.dialect)))
                .execute(&mut *tx)
                .await?;
            sqlx::query("INSERT INTO schema_version (version, applied) VALUES ($1, $2)")
                .bind(number as i32)
                .bind(env!("CARGO_PKG_VERSION"))
                .execute(&mut *tx)
                .await?;
            tracing::info!(version = number, "tables brought up");
        }
        tx.commit().await?;
        Ok(())
    }

    /// Says which version of the tables is there; changes nothing.
    pub async fn check(&self) -> Result<Schema> {
        within(async {
            let there = match self.inner.dialect {
                Dialect::Postgres => "SELECT CAST(count(*) AS BIGINT) FROM pg_catalog.pg_class WHERE oid = to_regclass('schema_version')",
                Dialect::Sqlite => "SELECT count(*) FROM sqlite_master WHERE name = 'schema_version'",
            };
            let there = sqlx::query_scalar::<_, i64>(there).fetch_one(self.readers()).await?;
            let found = match there {
                0 => 0,
                _ => sqlx::query_scalar::<_, i64>(FOUND).fetch_one(self.readers()).await?,
            };
            Ok(Schema {
                found: u32::try_from(found).unwrap_or(0),
                wanted: STEPS.len() as u32,
            })
        })
        .await
    }
}

const FOUND: &str = "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) FROM schema_version";

/// SQLite has the same tables under other names of types (the driver reads no others), and its own way to number rows.
fn translate(step: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Postgres => step.to_owned(),
        Dialect::Sqlite => step
            .replace(
                "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                "INTEGER PRIMARY KEY AUTOINCREMENT",
            )
            .replace("BIGINT", "INTEGER")
            .replace("BYTEA", "BLOB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[tokio::test]
    async fn who_waits_when_the_tables_are_brought_up_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::connect(&Config {
            url: format!("sqlite:{}", folder.path().join("r.db").display()),
            ..Config::default()
        })
        .await
        .unwrap();
        records.bring_up(&STEPS[..3]).await.unwrap();
        for (id, tenant, state) in [
            ("1", "acme", "running"),
            ("2", "acme", "waiting"),
            ("3", "acme", "waiting"),
            ("4", "x", "done"),
        ] {
            let sql =
                format!("INSERT INTO request VALUES ('{id}', '', '', '{tenant}', '', '', '', '', '', '', '', 0, 0, 0, '', '{state}')");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(records.readers()).await.unwrap();
        }
        records.migrate().await.unwrap();
        let rooms = sqlx::query_as::<_, (String, i64)>("SELECT tenant, waiting FROM room")
            .fetch_all(records.readers())
            .await;
        assert_eq!(rooms.unwrap(), [("acme".to_owned(), 2)]);
    }
}
