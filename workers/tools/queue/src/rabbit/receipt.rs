//! Settling a delivery, in time and exactly once.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use lapin::Acker;
use lapin::message::Delivery;
use lapin::options::{BasicNackOptions, BasicRejectOptions};

use super::acks::{Acks, SETTLE};
use super::link::{trouble, within};
use crate::broker::Receipt;

/// The right to settle one delivery. It holds its channel, which stays open until the last delivery of it is settled.
pub(super) struct Tag {
    acker: Option<Acker>,
    tag: u64,
    acks: Arc<Acks>,
    handed_over: bool,
}

impl Tag {
    pub(super) fn new(delivery: &Delivery, acks: &Arc<Acks>) -> Self {
        acks.add(delivery.delivery_tag);
        Tag {
            acker: Some(delivery.acker.clone()),
            tag: delivery.delivery_tag,
            acks: Arc::clone(acks),
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
            match self.acker.take() {
                Some(acker) => self.acks.ack(self.tag, acker).await,
                None => false,
            }
        })
    }

    fn requeue(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if let Some(acker) = self.acker.take() {
                give_back(acker, false, &self.acks, self.tag).await;
            }
        })
    }
}

impl Drop for Tag {
    fn drop(&mut self) {
        let Some(acker) = self.acker.take() else { return };
        let (acks, tag, attempted) = (Arc::clone(&self.acks), self.tag, self.handed_over);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                give_back(acker, attempted, &acks, tag).await;
            });
        }
    }
}

/// An attempt that broke off is rejected, and counts for the delivery limit; what was not attempted is not (from RabbitMQ 4.3 on).
async fn give_back(acker: Acker, attempted: bool, acks: &Acks, tag: u64) {
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
    match within(SETTLE, "not given back", given).await {
        Ok(true) => acks.remove(tag),
        Ok(false) => {}
        Err(error) => tracing::debug!(%error, "the channel is gone, and the broker delivers again by itself"),
    }
}
