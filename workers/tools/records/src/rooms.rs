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
    fairness: Fairness,
}

impl<'a> Rooms<'a> {
    pub(crate) async fn enter(records: &Records, tx: &mut Transaction<'static, Any>, all: &'a [Wanted]) -> Result<Self> {
        let mut rooms: BTreeMap<&str, Room> = BTreeMap::new();
        for one in all {
            rooms.entry(&one.request.tenant).or_insert(Room {
                running: 0,
                waiting: 0,
                fairness: one.fairness,
            });
        }
        let numbers: Vec<i64> = rooms.keys().map(|tenant| tenant_lock(tenant)).collect();
        records.lock_all(tx, numbers).await?;
        let tenants = padded(rooms.keys().copied().collect());
        let sql = format!(
            "SELECT tenant, state, CAST(count(*) AS BIGINT) AS n FROM request WHERE tenant IN ({}) AND state <> 'done' GROUP BY tenant, state",
            places(1, tenants.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for tenant in tenants {
            query = query.bind(tenant);
        }
        for row in query.fetch_all(&mut **tx).await? {
            let n = u32::try_from(row.try_get::<i64, _>("n")?).unwrap_or(u32::MAX);
            if let Some(room) = rooms.get_mut(row.try_get::<String, _>("tenant")?.as_str()) {
                match row.try_get::<String, _>("state")?.as_str() {
                    "running" => room.running = n,
                    _ => room.waiting = n,
                }
            }
        }
        Ok(Rooms(rooms))
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

/// The number that stands for a tenant: whoever counts its requests holds it.
pub(crate) fn tenant_lock(tenant: &str) -> i64 {
    let digest = Sha256::new().chain_update(b"airlock tenant\0").chain_update(tenant).finalize();
    i64::from_le_bytes(std::array::from_fn(|i| digest[i]))
}

/// Gives free places of a tenant to those who have waited longest; gives their ids. The caller holds the tenant's number.
pub(crate) async fn promote(tx: &mut Transaction<'static, Any>, tenant: &str, fairness: Fairness) -> Result<Vec<String>> {
    let running = sqlx::query_scalar::<_, i64>(
        "SELECT CAST(count(*) AS BIGINT) FROM \
         (SELECT 1 FROM request WHERE tenant = $1 AND state = 'running' AND state <> 'done' LIMIT $2) AS few",
    )
    .bind(tenant)
    .bind(i64::from(fairness.in_flight))
    .fetch_one(&mut **tx)
    .await?;
    let free = i64::from(fairness.in_flight).saturating_sub(running);
    if free <= 0 {
        return Ok(vec![]);
    }
    let promoted = sqlx::query_scalar::<_, String>(
        "SELECT request_id FROM request WHERE tenant = $1 AND state = 'waiting' AND state <> 'done' \
         ORDER BY received_ms, request_id LIMIT $2",
    )
    .bind(tenant)
    .bind(free)
    .fetch_all(&mut **tx)
    .await?;
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
    Ok(promoted)
}
