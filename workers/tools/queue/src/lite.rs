//! The queue of one machine: an SQLite file that several processes may share.
//!
//! All writes go through one writer, which commits what has gathered in one transaction: a confirm means synced to disk. The map of
//! the line routes here as the bindings do at RabbitMQ; a rung of a ladder is a time before which a message is not seen.

mod consumer;
mod route;
mod store;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use crate::broker::{Broker, Consumer, QueueError};
use crate::message::Outgoing;
use crate::topology::{Queue, StageName};

use consumer::LiteConsumer;
use writer::Writer;

/// Milliseconds since 1970; an argument, so that tests can turn it.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The file, opened; clones share the writer.
#[derive(Clone)]
pub struct Lite {
    writer: Writer,
    changed: watch::Receiver<u64>,
    clock: Clock,
    user: String,
    alone: bool,
}

impl Lite {
    /// Opens the file, and makes it where it is missing. `alone`: this process serves the queues, so what an earlier one held is free.
    ///
    /// # Errors
    /// The file cannot be opened, or is none of ours.
    pub async fn open(path: &Path, alone: bool, clock: Clock) -> Result<Lite, QueueError> {
        let mut connection = store::connect(path).await.map_err(away)?;
        store::prepare(&mut connection, alone).await.map_err(away)?;
        let poll = store::connect(path).await.map_err(away)?;
        let (tell, changed) = watch::channel(0);
        let tell = Arc::new(tell);
        tokio::spawn(watch_file(poll, Arc::clone(&tell)));
        Ok(Lite {
            writer: Writer::start(path, connection, tell),
            changed,
            clock,
            user: String::new(),
            alone,
        })
    }

    /// Deliveries of one request alone: several askers share the events of their service and take nothing from one another.
    pub fn consume_of(&self, queue: Queue, request_id: &str) -> Box<dyn Consumer> {
        self.consumer(queue, Some(request_id.to_owned()), 16)
    }

    /// As at a broker: a service reads its own events, a stage its own queues. A handle without a user is the operator's.
    fn may_read(&self, queue: &Queue) -> Result<(), QueueError> {
        let owner = match queue {
            Queue::Work(stage, _) => stage.word(),
            // For the operator, whoever that is on one machine.
            Queue::Dead(_) => return Ok(()),
            Queue::VerdictDead => StageName::Verdict.word(),
            Queue::Events(service) => service,
        };
        if self.user.is_empty() || self.user == owner {
            return Ok(());
        }
        Err(QueueError::Refused(format!("{} may not read {queue}", self.user)))
    }

    fn consumer(&self, queue: Queue, of: Option<String>, prefetch: u16) -> Box<dyn Consumer> {
        let (writer, changed, clock) = (self.writer.clone(), self.changed.clone(), Arc::clone(&self.clock));
        Box::new(LiteConsumer::new(writer, changed, clock, queue, of, prefetch))
    }

    /// The same file as another user: what it publishes carries that name, as a broker would have validated it.
    #[must_use]
    pub fn user(&self, name: &str) -> Lite {
        Lite {
            user: name.to_owned(),
            ..self.clone()
        }
    }
}

impl Broker for Lite {
    fn publish(&self, message: Outgoing) -> BoxFuture<'_, Result<(), QueueError>> {
        async move {
            let now = (self.clock)();
            let Some((queues, visible_ms)) = route::route(&message, now) else {
                if !message.mandatory {
                    return Ok(());
                }
                return Err(QueueError::Unroutable {
                    exchange: message.exchange.name(),
                    key: message.key,
                });
            };
            self.writer
                .publish(message, queues, self.user.clone(), now, visible_ms)
                .await
                .map_err(away)
        }
        .boxed()
    }

    fn consume(&self, queue: Queue, prefetch: u16) -> BoxFuture<'_, Result<Box<dyn Consumer>, QueueError>> {
        async move {
            self.may_read(&queue)?;
            Ok(self.consumer(queue, None, prefetch))
        }
        .boxed()
    }

    fn depth(&self, queue: Queue) -> BoxFuture<'_, Result<u64, QueueError>> {
        async move { self.writer.depth(queue.to_string()).await.map_err(away) }.boxed()
    }

    /// What was settled leaves the log beside the file, too. That waits for all others, and is for the process that serves.
    fn close(&self) -> BoxFuture<'_, ()> {
        async move {
            if !self.alone {
                return;
            }
            let _ = tokio::time::timeout(Duration::from_secs(5), self.writer.tidy()).await;
        }
        .boxed()
    }
}

fn away(error: impl std::fmt::Display) -> QueueError {
    QueueError::Away(error.to_string())
}

/// Tells when another process has written: SQLite counts that up without touching a table.
async fn watch_file(mut connection: sqlx::SqliteConnection, tell: Arc<watch::Sender<u64>>) {
    let mut seen = 0_i64;
    loop {
        tokio::select! {
            () = tell.closed() => return,
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
        }
        let version: i64 = sqlx::query_scalar("PRAGMA data_version")
            .fetch_one(&mut connection)
            .await
            .unwrap_or(seen);
        if version != seen {
            seen = version;
            tell.send_modify(|n| *n = n.wrapping_add(1));
        }
    }
}

#[cfg(test)]
mod tests;
