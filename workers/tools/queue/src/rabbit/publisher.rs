//! Publishing with confirm: a message is out when the broker says so, and not before.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation};
use tokio::sync::Semaphore;

use super::envelope;
use super::link::{Link, trouble, within};
use crate::broker::QueueError;
use crate::message::Outgoing;

/// Publishes over a pool of channels, one message in flight on each.
///
/// One in flight, because on a shared channel a return is not tied to its message (the confirm of another may come between), and
/// a refusal closes the channel under everybody. With a channel each, both can only be about the message that is on it.
pub(super) struct Publisher {
    link: Arc<Link>,
    user: String,
    app: String,
    limit: Duration,
    window: Semaphore,
    idle: Mutex<Vec<Channel>>,
}

impl Publisher {
    pub(super) fn new(link: Arc<Link>, user: String, app: String, limit: Duration, window: u16) -> Self {
        Publisher {
            link,
            user,
            app,
            limit,
            window: Semaphore::new(usize::from(window)),
            idle: Mutex::new(Vec::new()),
        }
    }

    /// A message that timed out may be delivered all the same, once the broker goes on: receivers know it by its id.
    pub(super) async fn publish(&self, message: Outgoing) -> Result<(), QueueError> {
        within(self.limit, "no confirm", async {
            let _permit = self.window.acquire().await.map_err(|e| QueueError::Away(e.to_string()))?;
            self.until_unblocked().await?;
            let channel = self.channel().await?;
            let result = self.on_channel(&channel, &message).await;
            // A channel that is not given back closes: after an error, and when this future is dropped half-way.
            if matches!(result, Ok(()) | Err(QueueError::Unroutable { .. } | QueueError::Full(_))) {
                self.give_back(channel);
            }
            result
        })
        .await
    }

    /// A broker in a memory or disk alarm reads nothing more from us; what we send meanwhile would only pile up here.
    async fn until_unblocked(&self) -> Result<(), QueueError> {
        while self.link.connection().await?.status().blocked() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    async fn on_channel(&self, channel: &Channel, message: &Outgoing) -> Result<(), QueueError> {
        let exchange = message.exchange.name();
        let options = BasicPublishOptions {
            mandatory: message.mandatory,
            immediate: false,
        };
        let confirm = channel
            .basic_publish(
                envelope::short(&exchange)?,
                envelope::short(&message.key)?,
                options,
                &message.body,
                envelope::properties(message, &self.user, &self.app)?,
            )
            .await
            .map_err(|e| trouble(&e))?;
        match confirm.await.map_err(|e| trouble(&e))? {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => Err(QueueError::Unroutable {
                exchange,
                key: message.key.clone(),
            }),
            Confirmation::Nack(None) => Err(QueueError::Full(message.key.clone())),
            Confirmation::NotRequested => Err(QueueError::Away("the channel does not confirm".to_owned())),
        }
    }

    pub(super) async fn close(&self) {
        self.link.close().await;
    }

    async fn channel(&self) -> Result<Channel, QueueError> {
        while let Some(channel) = self.idle().pop() {
            if channel.status().connected() {
                return Ok(channel);
            }
        }
        let channel = self.link.channel().await?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await
            .map_err(|e| trouble(&e))?;
        Ok(channel)
    }

    fn give_back(&self, channel: Channel) {
        self.idle().push(channel);
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Channel>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
