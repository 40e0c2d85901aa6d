//! Who of a tenant is worked on, and who waits.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};

use crate::accept::Wanted;
use crate::many::{padded, places};
use crate::{Fairness, Records, Result};

/// What a request is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    /// It is worked on, as one of the first.
    First,
    /// It is worked on, behind those.
    Place,
    /// It waits.
    Wait,
    /// Too many wait.
    Nothing,
}

/// How full it is at the tenants of some requests. Their numbers are held: nobody else counts meanwhile.
pub(crate) struct Rooms<'a>(BTreeMap<&'a str, Room>);

struct Room {
    running: u32,
    waiting: u32,
    /// What is written of those who wait.
    written: u32,
    fairness: Fairness,
}

/// Those who work are few, and counted. Those who wait may be thousands: their count is kept beside them, and says nothing when none waits.
const LOOK: &str = "SELECT tenant, state, CAST(count(*) AS BIGINT) AS n FROM request \
    WHERE tenant IN (?) AND state = 'running' AND state <> 'done' GROUP BY tenant, state \
    UNION ALL SELECT tenant, CASE WHEN EXISTS \
    (SELECT 1 FROM request r WHERE r.tenant = room.tenant AND r.state = 'waiting' AND r.state <> 'done') \
    THEN 'waiting' ELSE 'nobody' END, waiting FROM room WHERE tenant IN (?)";

impl<'a> Rooms<'a> {
    pub(crate) async fn enter(records: &Records, tx: &mut Transaction<'static, Any>, all: &'a [Wanted]) -> Result<Self> {
        let mut rooms: BTreeMap<&str, (Room, u32)> = BTreeMap::new();
        for one in all {
            let room = Room {
                running: 0,
                waiting: 0,
                written: 0,
                fairness: one.fairness,
            };
            let (_, come) = rooms.entry(&one.request.tenant).or_insert((room, 0));
            *come = come.saturating_add(1);
        }
        let numbers: Vec<i64> = rooms.keys().map(|tenant| tenant_lock(tenant)).collect();
        records.lock_all(tx, numbers).await?;
        let tenants = padded(rooms.keys().copied().collect());
        let mut query = sqlx::query(AssertSqlSafe(LOOK.replace('?', &places(1, tenants.len()))));
        for tenant in tenants {
            query = query.bind(tenant);
        }
        for row in query.fetch_all(&mut **tx).await? {
            let n = u32::try_from(row.try_get::<i64, _>("n")?.max(0)).unwrap_or(u32::MAX);
            if let Some((room, _)) = rooms.get_mut(row.try_get::<String, _>("tenant")?.as_str()) {
                match row.try_get::<String, _>("state")?.as_str() {
                    "running" => room.running = n,
                    "waiting" => (room.waiting, room.written) = (n.max(1), n),
                    _ => room.written = n,
                }
            }
        }
        for (tenant, (room, come)) in &mut rooms {
            // Nobody is refused by a count that may be wrong: a program from before does not keep it. Where that makes it too low, more may
            // wait until they have left.
            if room.waiting > 0 && room.waiting.saturating_add(*come) > room.fairness.queued {
                room.waiting = count_waiting(tx, tenant).await?;
            }
        }
        Ok(Rooms(rooms.into_iter().map(|(tenant, (room, _))| (tenant, room)).collect()))
    }

    /// Writes how many wait now.
    pub(crate) async fn write(&self, tx: &mut Transaction<'static, Any>) -> Result<()> {
        for (tenant, room) in self.0.iter().filter(|(_, room)| room.waiting != room.written) {
            sqlx::query("INSERT INTO room (tenant, waiting) VALUES ($1, $2) ON CONFLICT (tenant) DO UPDATE SET waiting = excluded.waiting")
                .bind(*tenant)
                .bind(i64::from(room.waiting))
                .execute(&mut **tx)
                .await?;
        }
        Ok(())
    }

    /// A place for one of them. Nobody overtakes those who wait.
    pub(crate) fn give(&mut self, one: &Wanted) -> Given {
        let Some(room) = self.0.get_mut(one.request.tenant.as_str()) else {
            return Given::Nothing;
        };
        room.fairness = one.fairness;
        if room.waiting == 0 && room.running < room.fairness.in_flight {
            room.running = room.running.saturating_add(1);
            if room.running <= room.fairness.first {
                Given::First
            } else {
                Given::Place
            }
        } else if room.waiting < room.fairness.queued {
            room.waiting = room.waiting.saturating_add(1);
            Given::Wait
        } else {
            Given::Nothing
        }
    }

    /// Tenants of whom some wait though there are places.
    pub(crate) fn with_free_places(&self) -> impl Iterator<Item = (&'a str, Fairness)> {
        let free = |room: &Room| room.waiting > 0 && room.running < room.fairness.in_flight;
        self.0
            .iter()
            .filter(move |(_, room)| free(room))
            .map(|(tenant, room)| (*tenant, room.fairness))
    }
}

async fn count_waiting(tx: &mut Transaction<'static, Any>, tenant: &str) -> Result<u32> {
    let n = sqlx::query_scalar::<_, i64>(
        "SELECT CAST(count(*) AS BIGINT) FROM request WHERE tenant = $1 AND state = 'waiting' AND state <> 'done'",
    )
    .bind(tenant)
    .fetch_one(&mut **tx)
    .await?;
    Ok(u32::try_from(n).unwrap_or(u32::MAX))
}

/// So many of a tenant wait no longer. The caller holds the tenant's number.
pub(crate) async fn leave(tx: &mut Transaction<'static, Any>, tenant: &str, many: usize) -> Result<()> {
    sqlx::query("UPDATE room SET waiting = CASE WHEN waiting > $2 THEN waiting - $2 ELSE 0 END WHERE tenant = $1")
        .bind(tenant)
        .bind(i64::try_from(many).unwrap_or(i64::MAX))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The number that stands for a tenant: whoever counts its requests holds it.
pub(crate) fn tenant_lock(tenant: &str) -> i64 {
    let digest = Sha256::new().chain_update(b"airlock tenant\0").chain_update(tenant).finalize();
    i64::from_le_bytes(std::array::from_fn(|i| digest[i]))
}

/// Most places that are given at once: there are more only when the settings have changed, and then the next verdict gives on.
const AT_ONCE: u32 = 64;

/// Gives free places of a tenant to those who have waited longest; gives their ids. The caller holds the tenant's number.
pub(crate) async fn promote(tx: &mut Transaction<'static, Any>, tenant: &str, fairness: Fairness) -> Result<Vec<String>> {
    let mut promoted = sqlx::query_scalar::<_, String>(
        "SELECT request_id FROM request WHERE tenant = $1 AND state = 'waiting' AND state <> 'done' \
         ORDER BY received_ms, request_id LIMIT $2",
    )
    .bind(tenant)
    .bind(i64::from(fairness.in_flight.min(AT_ONCE)))
    .fetch_all(&mut **tx)
    .await?;
    // Mostly nobody waits.
    if promoted.is_empty() {
        return Ok(promoted);
    }
    let running = sqlx::query_scalar::<_, i64>(
        "SELECT CAST(count(*) AS BIGINT) FROM \
         (SELECT 1 FROM request WHERE tenant = $1 AND state = 'running' AND state <> 'done' LIMIT $2) AS few",
    )
    .bind(tenant)
    .bind(i64::from(fairness.in_flight))
    .fetch_one(&mut **tx)
    .await?;
    let free = i64::from(fairness.in_flight).saturating_sub(running);
    promoted.truncate(usize::try_from(free).unwrap_or_default());
    for id in &promoted {
        sqlx::query("UPDATE request SET state = 'running' WHERE request_id = $1")
            .bind(id)
            .execute(&mut **tx)
            .await?;
        sqlx::query("UPDATE outbox SET held_for = NULL WHERE held_for = $1")
            .bind(id)
            .execute(&mut **tx)
            .await?;
    }
    if !promoted.is_empty() {
        leave(tx, tenant, promoted.len()).await?;
    }
    Ok(promoted)
}
