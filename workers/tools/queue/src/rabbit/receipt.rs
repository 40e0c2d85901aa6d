//! Settling a delivery, in time and exactly once.

use std::time::Duration;

use futures_util::future::BoxFuture;
use lapin::options::{BasicAckOptions, BasicNackOptions, BasicRejectOptions};
use lapin::{Acker, Channel};

use super::link::{trouble, within};
use crate::broker::Receipt;

/// Longest wait until a settlement is on its way; a connection that hangs is found dead by its heartbeat.
const SETTLE: Duration = Duration::from_secs(10);

/// The right to settle one delivery. It holds its channel, which stays open until the last delivery of it is settled.
pub(super) struct Tag {
    acker: Option<Acker>,
    channel: Channel,
    handed_over: bool,
}

impl Tag {
    pub(super) fn new(acker: Acker, channel: Channel) -> Self {
        Tag {
            acker: Some(acker),
            channel,
            handed_over: false,
        }
    }

    /// From now on it counts as attempted.
    pub(super) fn hand_over(&mut self) {
        self.handed_over = true;
    }
}

impl Receipt for Tag {
    fn ack(mut self: Box<Self>) -> BoxFuture<'static, bool> {
        Box::pin(async move {
            // lapin answers `Ok(false)` when the channel is gone: the broker delivers it again.
            match self.acker.take() {
                Some(acker) => {
                    let ack = async { acker.ack(BasicAckOptions::default()).await.map_err(|e| trouble(&e)) };
                    within(SETTLE, "not acknowledged", ack).await.unwrap_or(false)
                }
                None => false,
            }
        })
    }

    fn requeue(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if let Some(acker) = self.acker.take() {
                give_back(acker, false).await;
            }
        })
    }
}

impl Drop for Tag {
    fn drop(&mut self) {
        let Some(acker) = self.acker.take() else { return };
        let (channel, attempted) = (self.channel.clone(), self.handed_over);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                give_back(acker, attempted).await;
                drop(channel);
            });
        }
    }
}

/// An attempt that broke off is rejected, and counts for the delivery limit; what was not attempted is not (from RabbitMQ 4.3 on).
async fn give_back(acker: Acker, attempted: bool) {
    let given = async {
        let options = BasicNackOptions {
            requeue: true,
            multiple: false,
        };
        let done = match attempted {
            true => acker.reject(BasicRejectOptions { requeue: true }).await,
            false => acker.nack(options).await,
        };
        done.map_err(|e| trouble(&e))
    };
    if let Err(error) = within(SETTLE, "not given back", given).await {
        tracing::debug!(%error, "the channel is gone, and the broker delivers again by itself");
    }
}
