//! The outbox goes out: every message at least once, and never by two relays at the same time while both live.
//!
//! PostgreSQL: the rows stay locked in a transaction while they are published; a relay that dies lets go of them with its
//! connection. SQLite has one lock for all writers, which nobody may hold while publishing: there rows are leased.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use futures_util::stream;
use sqlx::{AssertSqlSafe, Row};

use crate::aside::{Sent, put_aside};
use crate::database::within;
use crate::{OutboxRow, Records, Result};

/// Messages on their way at once.
const AT_ONCE: usize = 64;
/// How long a leased row is left to a relay that says nothing. Real time between processes: not a decision that is replayed.
const LEASE: Duration = Duration::from_secs(30);
/// A message that is begun has this long at least before its lease ends; publishing is bounded well below it.
const MARGIN: Duration = Duration::from_secs(15);

static RELAYS: AtomicU64 = AtomicU64::new(0);

impl Records {
    /// Publishes up to `limit` messages of a topic in the order of their writing, at most 64 on their way at once, removes exactly those
    /// that `publish` calls gone (or `true`), and puts aside those whose receiver takes nothing; says how many both are. The others stay
    /// for the next round.
    ///
    /// `publish` is an async closure that borrows what it needs (`async |row| broker.send(row).await`); `AsyncFn` would say the same, but
    /// its future cannot be spawned. It must be bounded to 15 s in time. Dropped in the middle, what was not removed is published again.
    pub async fn relay<F, P>(&self, topic: &str, limit: u32, publish: F) -> Result<usize>
    where
        F: Fn(OutboxRow) -> P,
        P: Future<Output: Into<Sent>>,
    {
        let line = Place {
            topic: topic.to_owned(),
            holds: "held_for IS NULL AND topic = $1",
            key: topic.to_owned(),
        };
        Ok(self.round(&line, limit, publish).await?.moved)
    }

    /// One round over a place.
    pub(crate) async fn round<F, P>(&self, place: &Place, limit: u32, publish: F) -> Result<Round>
    where
        F: Fn(OutboxRow) -> P,
        P: Future<Output: Into<Sent>>,
    {
        if self.is_postgres() {
            self.relay_locked(place, limit, publish).await
        } else {
            self.relay_leased(place, limit, publish).await
        }
    }

    /// Frees what a dead relay of this SQLite file still holds; for the one process that serves the file, at its start.
    pub async fn free_leases(&self) -> Result<()> {
        within(async {
            let mut tx = self.begin().await?;
            sqlx::query("UPDATE outbox SET lease_owner = '', lease_until_ms = 0 WHERE lease_until_ms > 0")
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }

    async fn relay_locked<F, P>(&self, place: &Place, limit: u32, publish: F) -> Result<Round>
    where
        F: Fn(OutboxRow) -> P,
        P: Future<Output: Into<Sent>>,
    {
        let sql = format!(
            "SELECT id, topic, body FROM outbox WHERE {} ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED",
            place.holds
        );
        let (mut tx, rows) = within(async {
            // It sits idle while messages go out; a broker that stalls longer ends the round, and the messages come again.
            let mut tx = self
                .begin_as("BEGIN; SET LOCAL idle_in_transaction_session_timeout = '2min'")
                .await?;
            let rows = sqlx::query(AssertSqlSafe(sql))
                .bind(&place.key)
                .bind(i64::from(limit))
                .fetch_all(&mut *tx)
                .await?;
            Ok((tx, rows))
        })
        .await?;
        let mut going = stream::iter(rows.iter().map(read)).map(|row| async {
            let (id, row) = row?;
            Ok::<_, crate::RecordsError>((id, publish(row).await.into()))
        });
        let mut left = Left::default();
        let mut on_the_way = (&mut going).buffered(AT_ONCE);
        while let Some(sent) = on_the_way.next().await {
            let (id, sent) = sent?;
            left.add(id, sent);
        }
        drop(on_the_way);
        within(async {
            delete(&mut tx, &left.gone, None).await?;
            put_aside(&mut tx, &place.topic, &left.aside, None).await?;
            tx.commit().await?;
            Ok(left.round(rows.len()))
        })
        .await
    }

    async fn relay_leased<F, P>(&self, place: &Place, limit: u32, publish: F) -> Result<Round>
    where
        F: Fn(OutboxRow) -> P,
        P: Future<Output: Into<Sent>>,
    {
        let owner = owner();
        let mut lease = Lease {
            records: self.clone(),
            owner: owner.clone(),
            topic: place.topic.clone(),
            left: Left::default(),
            settled: false,
        };
        let taken = Instant::now();
        let rows = within(self.take(&owner, place, limit)).await?;
        let found = rows.len();
        let mut going = stream::iter(rows).map(|(id, row)| {
            let publish = &publish;
            async move {
                // A slow broker may have used up the lease; the row is another relay's then.
                let in_time = taken.elapsed() + MARGIN < LEASE;
                let sent = if in_time { publish(row).await.into() } else { Sent::Stays };
                (id, sent)
            }
        });
        let mut on_the_way = (&mut going).buffered(AT_ONCE);
        while let Some((id, sent)) = on_the_way.next().await {
            lease.left.add(id, sent);
        }
        drop(on_the_way);
        lease.settled = true;
        self.settle(&owner, &place.topic, &lease.left).await?;
        Ok(lease.left.round(found))
    }

    async fn take(&self, owner: &str, place: &Place, limit: u32) -> Result<Vec<(i64, OutboxRow)>> {
        // An empty outbox is the common case, and costs no write.
        let now = now_ms();
        let any = sqlx::query_scalar::<_, i64>(AssertSqlSafe(format!(
            "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE {} AND lease_until_ms < $2 LIMIT 1) AS few",
            place.holds
        )))
        .bind(&place.key)
        .bind(now)
        .fetch_one(self.readers())
        .await?;
        if any == 0 {
            return Ok(vec![]);
        }
        let mut tx = self.begin().await?;
        let rows = sqlx::query(AssertSqlSafe(format!(
            "UPDATE outbox SET lease_owner = $2, lease_until_ms = $3 WHERE id IN (SELECT id FROM outbox \
             WHERE {} AND lease_until_ms < $4 ORDER BY id LIMIT $5) RETURNING id, topic, body",
            place.holds
        )))
        .bind(&place.key)
        .bind(owner)
        .bind(now + LEASE.as_millis() as i64)
        .bind(now)
        .bind(i64::from(limit))
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut rows = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        rows.sort_by_key(|(id, _)| *id);
        Ok(rows)
    }

    /// Removes what went out, puts aside what nobody took and gives the rest back at once.
    async fn settle(&self, owner: &str, topic: &str, left: &Left) -> Result<()> {
        within(async {
            let mut tx = self.begin().await?;
            delete(&mut tx, &left.gone, Some(owner)).await?;
            put_aside(&mut tx, topic, &left.aside, Some(owner)).await?;
            sqlx::query("UPDATE outbox SET lease_owner = '', lease_until_ms = 0 WHERE lease_owner = $1")
                .bind(owner)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            Ok(())
        })
        .await
    }
}

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// Rows that it found.
    pub found: usize,
    /// Those that are not any more where they were.
    pub moved: usize,
}

/// Where the rows of a round are.
pub(crate) struct Place {
    pub(crate) topic: String,
    /// The condition, with the key as `$1`.
    pub(crate) holds: &'static str,
    pub(crate) key: String,
}

/// Rows that are not any more where they were.
#[derive(Default)]
struct Left {
    gone: Vec<i64>,
    aside: Vec<(i64, String)>,
}

impl Left {
    fn add(&mut self, id: i64, sent: Sent) {
        match sent {
            Sent::Gone => self.gone.push(id),
            Sent::Aside(receiver) => self.aside.push((id, receiver)),
            Sent::Stays => {}
        }
    }

    fn round(&self, found: usize) -> Round {
        Round {
            found,
            moved: self.gone.len() + self.aside.len(),
        }
    }
}

/// Gives leased rows back when the relay is dropped in the middle; without it they would lie until the lease ends.
struct Lease {
    records: Records,
    owner: String,
    topic: String,
    left: Left,
    settled: bool,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if self.settled {
            return;
        }
        let (records, owner, topic, left) = (
            self.records.clone(),
            std::mem::take(&mut self.owner),
            std::mem::take(&mut self.topic),
            std::mem::take(&mut self.left),
        );
        runtime.spawn(async move {
            if let Err(error) = records.settle(&owner, &topic, &left).await {
                tracing::warn!(%error, "messages of a relay that was stopped lie until their lease ends");
            }
        });
    }
}

fn read(row: &sqlx::any::AnyRow) -> Result<(i64, OutboxRow)> {
    Ok((
        row.try_get("id")?,
        OutboxRow {
            topic: row.try_get("topic")?,
            body: row.try_get("body")?,
        },
    ))
}

/// The ids are numbers of our own: they stand in the text, for lists have no common form.
async fn delete(tx: &mut sqlx::Transaction<'static, sqlx::Any>, ids: &[i64], owner: Option<&str>) -> Result<()> {
    for some in ids.chunks(500) {
        let list = some.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        let delete = format!("DELETE FROM outbox WHERE id IN ({list}) AND (lease_owner = $1 OR $2 = 0)");
        sqlx::query(AssertSqlSafe(delete))
            .persistent(false)
            .bind(owner.unwrap_or_default())
            .bind(i64::from(owner.is_some()))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// A name that no other relay has, in any process.
fn owner() -> String {
    let mut random = [0; 16];
    // Without randomness the clock and the count still tell relays of one machine apart.
    let _ = getrandom::fill(&mut random);
    let count = RELAYS.fetch_add(1, Ordering::Relaxed);
    format!("{}-{}-{count}", data_encoding::HEXLOWER.encode(&random), now_ms())
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}
