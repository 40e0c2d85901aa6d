//! Which queues a message goes to, and when it is seen: what the bindings of the map say.

use crate::message::{Exchange, Outgoing};
use crate::topology::{Lane, Queue, Rung, StageName};

/// Queues and time; `None` when no queue takes it.
pub fn route(message: &Outgoing, now_ms: i64) -> Option<(Vec<Queue>, i64)> {
    let key = message.key.as_str();
    match message.exchange {
        Exchange::Requests => {
            let lane = key.strip_prefix("request.")?.strip_suffix(".v1")?;
            Some((vec![Queue::Work(StageName::Intake, lane.parse().ok()?)], now_ms))
        }
        Exchange::Jobs => {
            let (stage, lane) = key.strip_suffix(".v1")?.split_once('.')?;
            Some((vec![Queue::Work(stage.parse().ok()?, lane.parse().ok()?)], now_ms))
        }
        Exchange::Events => {
            let words = ["accepted.", "rejected.", "progress.", "verdict.final.", "verdict.changed."];
            let service = words.iter().find_map(|w| key.strip_prefix(w))?;
            Some((vec![Queue::Events(service.to_owned())], now_ms))
        }
        Exchange::Dead => {
            let stage = key.strip_prefix("dead.")?.parse().ok()?;
            Some((vec![Queue::Dead(stage), Queue::VerdictDead], now_ms))
        }
        Exchange::Retry(stage, lane) => {
            let rung: Rung = key.parse().ok()?;
            Some((vec![Queue::Work(stage, lane)], now_ms.saturating_add(i64::from(rung.delay_ms()))))
        }
    }
}

/// The lane that a queue stands for.
pub fn lane_of(queue: &Queue) -> Lane {
    match queue {
        Queue::Work(_, lane) => *lane,
        Queue::Events(_) | Queue::VerdictDead | Queue::Dead(_) => Lane::Click,
    }
}
