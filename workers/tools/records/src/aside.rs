//! Rows of the outbox that their receiver does not take now: they lie aside, so that those of everybody else pass.
//!
//! They are held back as the rows of a waiting request are, under a name that no request has: it has a slash.

use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};

use crate::database::within;
use crate::relay::{Place, Round};
use crate::{OutboxRow, Records, Result};

/// What became of a row that a relay tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// It is out, or nobody needs it: the row is removed.
    Gone,
    /// Nothing can go out now: the row stays where it is.
    Stays,
    /// This receiver takes nothing now: the row lies aside until it is brought back.
    Aside(String),
}

impl From<bool> for Sent {
    fn from(gone: bool) -> Self {
        if gone { Sent::Gone } else { Sent::Stays }
    }
}

impl Records {
    /// The receivers for whom rows of a topic lie aside.
    pub async fn aside(&self, topic: &str) -> Result<Vec<String>> {
        within(async {
            let prefix = name(topic, "");
            let rows = sqlx::query("SELECT DISTINCT held_for FROM outbox WHERE held_for IS NOT NULL AND substr(held_for, 1, $1) = $2")
                .bind(i32::try_from(prefix.chars().count()).unwrap_or(i32::MAX))
                .bind(&prefix)
                .fetch_all(self.readers())
                .await?;
            let mut receivers = vec![];
            for row in rows {
                let held_for: String = row.try_get("held_for")?;
                receivers.extend(held_for.strip_prefix(&prefix).map(str::to_owned));
            }
            Ok(receivers)
        })
        .await
    }

    /// Publishes the oldest rows that lie aside for a receiver, as [`Records::relay`] does those in the line; what `publish` puts aside
    /// again stays where it is.
    pub async fn relay_aside<F, P>(&self, topic: &str, receiver: &str, limit: u32, publish: F) -> Result<Round>
    where
        F: Fn(OutboxRow) -> P,
        P: Future<Output: Into<Sent>>,
    {
        let aside = Place {
            topic: topic.to_owned(),
            holds: "held_for = $1",
            key: name(topic, receiver),
        };
        let publish = |row| {
            let sent = publish(row);
            async {
                match sent.await.into() {
                    Sent::Aside(_) => Sent::Stays,
                    sent => sent,
                }
            }
        };
        self.round(&aside, limit, publish).await
    }
}

/// Puts rows aside; with an owner, only those that it still holds. The ids are numbers of our own: they stand in the text, for
/// lists have no common form.
pub(crate) async fn put_aside(tx: &mut Transaction<'static, Any>, topic: &str, rows: &[(i64, String)], owner: Option<&str>) -> Result<()> {
    let mut of: std::collections::BTreeMap<&str, Vec<String>> = std::collections::BTreeMap::new();
    for (id, receiver) in rows {
        of.entry(receiver).or_default().push(id.to_string());
    }
    for (receiver, ids) in of {
        let sql = format!(
            "UPDATE outbox SET held_for = $1 WHERE id IN ({}) AND (lease_owner = $2 OR $3 = 0)",
            ids.join(",")
        );
        sqlx::query(AssertSqlSafe(sql))
            .persistent(false)
            .bind(name(topic, receiver))
            .bind(owner.unwrap_or_default())
            .bind(i64::from(owner.is_some()))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

fn name(topic: &str, receiver: &str) -> String {
    format!("full/{topic}/{receiver}")
}
