//! RabbitMQ as a broker: two connections that are rebuilt for ever, confirmed publishing, supervised consumers.
//!
//! lapin's own recovery stays off: it restores connections but not channels, and a consumer whose channel the broker closed
//! falls silent for ever. Here every end of a stream rebuilds its channel and its consumer.

mod acks;
mod consumer;
mod envelope;
mod link;
mod publisher;
mod receipt;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use lapin::options::QueueDeclareOptions;
use lapin::types::{FieldTable, ShortString};
use serde::{Deserialize, Serialize};

use crate::broker::{Broker, Consumer, QueueError};
use crate::message::Outgoing;
use crate::topology::Queue;
use link::Link;
use publisher::Publisher;

/// How to reach a RabbitMQ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `amqp://host:port/vhost`, or `amqps://` for TLS; without name and password.
    pub url: String,
    /// The broker user. Every message says it, and the broker checks that it is true.
    pub user: String,
    /// The file with the user's password; a line end at its end is cut.
    pub password_file: PathBuf,
    /// Certificates in PEM that are trusted beside those of the system, for `amqps://`.
    pub ca_file: Option<PathBuf>,
    /// Heartbeat in seconds: a peer that is silent for twice as long is gone. 1 to 600.
    pub heartbeat_s: u16,
    /// Longest wait for the confirm of one publish, a broker that is away included, in milliseconds.
    pub publish_timeout_ms: u64,
    /// Most publishes that wait for their confirm at a time, 1 to 1,000; each has a channel of its own.
    pub publish_window: u16,
    /// Name of the connections in the broker's lists, such as the name of the pod.
    pub name: String,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            url: "amqp://127.0.0.1:5672/airlock".to_owned(),
            user: String::new(),
            password_file: PathBuf::new(),
            ca_file: None,
            heartbeat_s: 15,
            publish_timeout_ms: 10_000,
            publish_window: 64,
            name: "airlock".to_owned(),
        }
    }
}

/// A connection to RabbitMQ as one user; dropped, it closes once what it delivered is settled.
pub struct Rabbit {
    // A publisher that the broker blocks must not stop acknowledgements: they have a connection of their own.
    consuming: Arc<Link>,
    publisher: Publisher,
}

impl Rabbit {
    /// Connects, and keeps the connection up from then on. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The address is wrong or a file cannot be read, or the broker refuses the user (`Refused`: no retry helps); it is away
    /// (`Away`: worth a retry).
    pub async fn connect(config: Config) -> Result<Arc<Rabbit>, QueueError> {
        let target = link::Target::new(&config).await?;
        let (consuming, publishing) = tokio::try_join!(Link::start(target.clone(), "consume"), Link::start(target, "publish"))?;
        Ok(Arc::new(Rabbit {
            consuming,
            publisher: Publisher::new(
                publishing,
                config.user.clone(),
                config.name.clone(),
                Duration::from_millis(config.publish_timeout_ms),
                config.publish_window.clamp(1, 1000),
            ),
        }))
    }
}

impl Broker for Rabbit {
    fn publish(&self, message: Outgoing) -> BoxFuture<'_, Result<(), QueueError>> {
        Box::pin(self.publisher.publish(message))
    }

    /// Refused: the queue is not there, or not ours to read. While the broker is away the consumer is had all the same, not alive.
    fn consume(&self, queue: Queue, prefetch: u16) -> BoxFuture<'_, Result<Box<dyn Consumer>, QueueError>> {
        Box::pin(async move {
            let consumer = consumer::Supervised::start(Arc::clone(&self.consuming), queue, prefetch.max(1)).await?;
            Ok(Box::new(consumer) as Box<dyn Consumer>)
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.consuming.close().await;
            self.publisher.close().await;
        })
    }

    /// Over AMQP the broker tells the ready messages only, not those that a consumer holds.
    fn depth(&self, queue: Queue) -> BoxFuture<'_, Result<u64, QueueError>> {
        Box::pin(async move {
            let ask = async {
                // A channel of its own: a queue that is missing closes it.
                let channel = self.consuming.channel().await?;
                let passive = QueueDeclareOptions {
                    passive: true,
                    ..QueueDeclareOptions::default()
                };
                let declared = channel
                    .queue_declare(ShortString::from(queue.to_string()), passive, FieldTable::default())
                    .await;
                Ok(u64::from(declared.map_err(|e| link::trouble(&e))?.message_count()))
            };
            link::within(Duration::from_secs(10), "no answer about a queue", ask).await
        })
    }
}
