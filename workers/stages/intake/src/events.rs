//! Rows of the outbox that intake writes: messages that stand as they are.

use airlock_queue::Outgoing;
use airlock_records::OutboxRow;

/// Topic of the rows of clicks: a relay of intake publishes them, as the broker's user of intake.
pub const TOPIC: &str = "intake";
/// Topic of those of requests that are not among the first of their tenant: of a burst there are many at once, and clicks are not behind them.
pub const BEHIND: &str = "intake.behind";
/// Topic of what is said of requests that wait. It is as much as tenants flood: what is said of all others is not behind it.
pub const WAITS: &str = "intake.waits";

/// A message in the outbox.
pub struct PlainRow;

impl PlainRow {
    /// The row of a message, in a topic.
    pub fn of(message: &Outgoing, topic: &str) -> OutboxRow {
        OutboxRow {
            topic: topic.to_owned(),
            // Plain data with text keys: it always serialises.
            body: serde_json::to_vec(message).unwrap_or_default(),
        }
    }

    /// The message of a row.
    pub fn message(row: &OutboxRow) -> Option<Outgoing> {
        serde_json::from_slice(&row.body).ok()
    }
}
