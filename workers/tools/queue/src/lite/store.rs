//! The table, and the statements on it.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Row as _, SqliteConnection};

use crate::message::{Exchange, Incoming, Outgoing};
use crate::topology::{Queue, StageName};

use super::route;

/// How long a delivery may stay unsettled when its process is gone, in milliseconds; living consumers renew it.
pub const LEASE_MS: i64 = 30_000;
/// Deliveries after which a message that kills its stage is buried.
pub const DELIVERY_LIMIT: i64 = 5;

/// A connection with the settings that the promise needs.
pub async fn connect(path: &Path) -> sqlx::Result<SqliteConnection> {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(10))
        // Messages carry links and passwords of archives: what is settled is overwritten, not only forgotten.
        .pragma("secure_delete", "ON")
        .connect()
        .await
}

/// Makes the table. `alone`: nobody else holds deliveries.
pub async fn prepare(connection: &mut SqliteConnection, alone: bool) -> sqlx::Result<()> {
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS message (
            id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, kind TEXT NOT NULL, form TEXT NOT NULL, message_id TEXT NOT NULL,
            request_id TEXT NOT NULL, sender TEXT NOT NULL, retried INTEGER NOT NULL, body BLOB NOT NULL, attempt INTEGER NOT NULL,
            trace TEXT, why TEXT, sent_ms INTEGER NOT NULL, visible_ms INTEGER NOT NULL, deliveries INTEGER NOT NULL DEFAULT 0,
            given_back INTEGER NOT NULL DEFAULT 0)",
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query("CREATE INDEX IF NOT EXISTS message_ready ON message (queue, visible_ms, id)")
        .execute(&mut *connection)
        .await?;
    if alone {
        // A lease is a time in the future; only rungs of a ladder are that too, and they begin with no delivery.
        sqlx::query("UPDATE message SET visible_ms = sent_ms WHERE deliveries > 0 AND visible_ms > sent_ms")
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Writes a message into its queues.
pub async fn publish(c: &mut SqliteConnection, m: &Outgoing, queues: &[Queue], sender: &str, now: i64, visible: i64) -> sqlx::Result<()> {
    let form = m.form.content_type(&m.kind);
    let retried = matches!(m.exchange, Exchange::Retry(..));
    for queue in queues {
        sqlx::query(
            "INSERT INTO message (queue, kind, form, message_id, request_id, sender, retried, body, attempt, trace, why, sent_ms, visible_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(queue.to_string())
        .bind(&m.kind)
        .bind(&form)
        .bind(&m.id)
        .bind(&m.request_id)
        .bind(sender)
        .bind(retried)
        .bind(&m.body)
        .bind(i64::from(m.attempt))
        .bind(&m.trace)
        .bind(&m.why)
        .bind(now)
        .bind(visible)
        .execute(&mut *c)
        .await?;
    }
    Ok(())
}

/// Takes up to `limit` messages that are visible (`of` one request where it is given), and hides them for the time of a lease. What was delivered too often is buried.
pub async fn claim(c: &mut SqliteConnection, queue: &Queue, of: Option<&str>, limit: i64, now: i64) -> sqlx::Result<Vec<(i64, Incoming)>> {
    let rows = sqlx::query(
        "UPDATE message SET visible_ms = $1, deliveries = deliveries + 1
         WHERE id IN (SELECT id FROM message WHERE queue = $2 AND visible_ms <= $3 AND (request_id = $4 OR $4 IS NULL)
            ORDER BY visible_ms, id LIMIT $5) RETURNING *",
    )
    .bind(now.saturating_add(LEASE_MS))
    .bind(queue.to_string())
    .bind(now)
    .bind(of)
    .bind(limit)
    .fetch_all(&mut *c)
    .await?;
    let mut out = Vec::new();
    for row in rows {
        let (id, deliveries, message) = read(&row, queue)?;
        match queue {
            Queue::Work(stage, _) if deliveries > DELIVERY_LIMIT => bury(c, id, *stage, &message, now).await?,
            _ => out.push((id, message)),
        }
    }
    out.sort_by_key(|(id, _)| *id);
    Ok(out)
}

async fn bury(c: &mut SqliteConnection, id: i64, stage: StageName, message: &Incoming, now: i64) -> sqlx::Result<()> {
    let dead = message.again(Exchange::Dead, format!("dead.{stage}"), "delivered too often: it kills its stage");
    if let Some((queues, visible)) = route::route(&dead, now) {
        publish(c, &dead, &queues, stage.word(), now, visible).await?;
    }
    remove(c, id).await.map(drop)
}

fn read(row: &SqliteRow, queue: &Queue) -> sqlx::Result<(i64, i64, Incoming)> {
    let kind: String = row.try_get("kind")?;
    let form: String = row.try_get("form")?;
    let deliveries: i64 = row.try_get("deliveries")?;
    let message = Incoming {
        lane: route::lane_of(queue),
        form: airlock_proto::wire::Form::of(&form, &kind),
        kind,
        id: row.try_get("message_id")?,
        request_id: row.try_get("request_id")?,
        sender: row.try_get("sender")?,
        retried: row.try_get("retried")?,
        stray: false,
        body: row.try_get("body")?,
        attempt: u32::try_from(row.try_get::<i64, _>("attempt")?).unwrap_or(u32::MAX),
        redelivered: deliveries > 1 || row.try_get::<bool, _>("given_back")?,
        trace: row.try_get("trace")?,
        why: row.try_get("why")?,
        sent_ms: row.try_get("sent_ms")?,
    };
    Ok((row.try_get("id")?, deliveries, message))
}

/// Done with: gone. `false` when it was gone before.
pub async fn remove(c: &mut SqliteConnection, id: i64) -> sqlx::Result<bool> {
    let gone = sqlx::query("DELETE FROM message WHERE id = $1").bind(id).execute(&mut *c).await?;
    Ok(gone.rows_affected() > 0)
}

/// Back into the queue; `attempted` says whether the delivery counts.
pub async fn release(c: &mut SqliteConnection, id: i64, attempted: bool) -> sqlx::Result<()> {
    let count = i64::from(!attempted);
    sqlx::query("UPDATE message SET visible_ms = sent_ms, deliveries = deliveries - $1, given_back = 1 WHERE id = $2")
        .bind(count)
        .bind(id)
        .execute(&mut *c)
        .await
        .map(drop)
}

/// A longer lease for what is in work.
pub async fn renew(c: &mut SqliteConnection, id: i64, now: i64) -> sqlx::Result<()> {
    sqlx::query("UPDATE message SET visible_ms = $1 WHERE id = $2")
        .bind(now.saturating_add(LEASE_MS))
        .bind(id)
        .execute(&mut *c)
        .await
        .map(drop)
}

/// Messages of a queue, whatever their state.
pub async fn depth(c: &mut SqliteConnection, queue: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT count(*) FROM message WHERE queue = $1")
        .bind(queue)
        .fetch_one(&mut *c)
        .await
}

/// Writes one page and changes nothing.
pub async fn touch(c: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::query("PRAGMA user_version = 0").execute(&mut *c).await.map(drop)
}

/// Moves the log into the file and cuts it to nothing; while another process reads, some of it stays.
pub async fn tidy(c: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *c).await.map(drop)
}
