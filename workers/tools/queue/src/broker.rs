//! What a broker must do for a stage; two of them exist, RabbitMQ and SQLite, and stages cannot tell which.

use futures_util::future::BoxFuture;

use crate::message::{Incoming, Outgoing};
use crate::topology::Queue;

/// A connection to a broker as one user.
pub trait Broker: Send + Sync {
    /// Publishes and waits until the broker has taken it for good; bounded in time.
    fn publish(&self, message: Outgoing) -> BoxFuture<'_, Result<(), QueueError>>;
    /// Takes deliveries of one queue, at most `prefetch` unsettled at once. The consumer reconnects by itself.
    fn consume(&self, queue: Queue, prefetch: u16) -> BoxFuture<'_, Result<Box<dyn Consumer>, QueueError>>;
    /// Messages in a queue, ready and unsettled.
    fn depth(&self, queue: Queue) -> BoxFuture<'_, Result<u64, QueueError>>;
    /// Says goodbye, and waits until the broker has heard all that was said before: an acknowledgement has no answer of its own,
    /// and a process that ends right after it may take it with it. Bounded in time; nothing works afterwards.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Deliveries of one queue.
pub trait Consumer: Send {
    /// The next delivery; `None` after [`Consumer::stop`] when nothing is left. It survives a broker that is away.
    fn next(&mut self) -> BoxFuture<'_, Option<(Incoming, Box<dyn Receipt>)>>;
    /// Takes no more; what was handed over may still be settled. What was fetched and not handed over goes back.
    fn stop(&mut self) -> BoxFuture<'_, ()>;
    /// Whether the broker has confirmed this consumer, and it is not cut off right now.
    fn is_alive(&self) -> bool;
}

/// The right to settle one delivery; dropped unsettled it is delivered again.
pub trait Receipt: Send {
    /// It is done with. `false`: the broker no longer knows it, and will deliver it again.
    fn ack(self: Box<Self>) -> BoxFuture<'static, bool>;
    /// It was not attempted: back into the queue.
    fn requeue(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// Our own trouble with the broker.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// It did not answer, is away, or blocks publishers. Worth a retry.
    #[error("the queue is away: {0}")]
    Away(String),
    /// A queue that the message goes to has no room.
    #[error("the queue for {0} is full, or lost")]
    Full(String),
    /// No queue takes the message.
    #[error("no queue takes {key} on {exchange}")]
    Unroutable {
        /// The exchange.
        exchange: String,
        /// The routing key.
        key: String,
    },
    /// The broker refuses it: a permission, or a definition that is missing.
    #[error("the broker refuses: {0}")]
    Refused(String),
}
