//! A consumer that outlives its channel: a task that rebuilds it after every end, and hands deliveries over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use lapin::Channel;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::acks::Acks;
use super::envelope;
use super::link::{Backoff, Link, trouble, within};
use super::receipt::Tag;
use crate::broker::{Consumer, QueueError, Receipt};
use crate::message::Incoming;
use crate::topology::Queue;

const OPEN: Duration = Duration::from_secs(10);
const CANCEL: Duration = Duration::from_secs(5);

type Handed = (Incoming, Tag);

/// The side of the stage; the work is done by a task, since the stage drops and repeats its calls of `next`.
pub(super) struct Supervised {
    deliveries: mpsc::Receiver<Handed>,
    stop: watch::Sender<bool>,
    alive: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Supervised {
    pub(super) async fn start(link: Arc<Link>, queue: Queue, prefetch: u16) -> Result<Self, QueueError> {
        let alive = Arc::new(AtomicBool::new(false));
        let first = match open(&link, &queue, prefetch).await {
            Ok(open) => Some(open),
            Err(QueueError::Away(why)) => {
                tracing::warn!(%queue, %why, "no consumer yet");
                None
            }
            Err(error) => return Err(error),
        };
        alive.store(first.is_some(), Ordering::Release);
        let (stop, stopped) = watch::channel(false);
        // The broker sends no more than `prefetch` unsettled ones, so this never holds up the task.
        let (hand_over, deliveries) = mpsc::channel(usize::from(prefetch));
        let task = Task {
            link,
            queue,
            prefetch,
            hand_over,
            stopped,
            alive: Arc::clone(&alive),
        };
        Ok(Supervised {
            deliveries,
            stop,
            alive,
            task: tokio::spawn(task.run(first)),
        })
    }
}

impl Consumer for Supervised {
    fn next(&mut self) -> BoxFuture<'_, Option<(Incoming, Box<dyn Receipt>)>> {
        Box::pin(async move {
            let (message, mut tag) = self.deliveries.recv().await?;
            tag.hand_over();
            Some((message, Box::new(tag) as Box<dyn Receipt>))
        })
    }

    fn stop(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.stop.send_replace(true);
        })
    }

    fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Open {
    channel: Channel,
    stream: lapin::Consumer,
}

struct Task {
    link: Arc<Link>,
    queue: Queue,
    prefetch: u16,
    hand_over: mpsc::Sender<Handed>,
    stopped: watch::Receiver<bool>,
    alive: Arc<AtomicBool>,
}

impl Task {
    async fn run(mut self, first: Option<Open>) {
        let mut next = first;
        let mut pause = Backoff::default();
        loop {
            if let Some(open) = next.take() {
                pause = Backoff::default();
                self.alive.store(true, Ordering::Release);
                self.take(open).await;
                self.alive.store(false, Ordering::Release);
            }
            if *self.stopped.borrow() {
                return;
            }
            let mut stopped = self.stopped.clone();
            next = tokio::select! {
                () = told(&mut stopped) => return,
                open = self.again(&mut pause) => open,
            };
        }
    }

    async fn again(&self, pause: &mut Backoff) -> Option<Open> {
        pause.wait().await;
        match open(&self.link, &self.queue, self.prefetch).await {
            Ok(open) => Some(open),
            Err(error) => {
                tracing::warn!(queue = %self.queue, %error, "no consumer");
                None
            }
        }
    }

    /// Hands deliveries over until the stream ends: by our stop, or by whatever befell the channel.
    async fn take(&mut self, mut open: Open) {
        let mut stopped = self.stopped.clone();
        let mut cancelled = false;
        let acks = Acks::new(open.channel.clone());
        loop {
            tokio::select! {
                biased;
                () = told(&mut stopped), if !cancelled => {
                    cancelled = true;
                    // The stream yields what has already arrived, and then ends.
                    let tag = open.stream.tag();
                    let cancel = open.channel.basic_cancel(tag, BasicCancelOptions::default());
                    let done = within(CANCEL, "no answer", async { cancel.await.map_err(|e| trouble(&e)) }).await;
                    if done.is_err() {
                        return;
                    }
                }
                delivery = open.stream.next() => match delivery {
                    Some(Ok(mut delivery)) => {
                        let message = envelope::incoming(&self.queue, &mut delivery);
                        let tag = Tag::new(&delivery, &acks);
                        if self.hand_over.send((message, tag)).await.is_err() {
                            return;
                        }
                    }
                    Some(Err(error)) => {
                        tracing::warn!(queue = %self.queue, %error, "the consumer ended");
                        return;
                    }
                    None => return,
                },
            }
        }
    }
}

/// Returns once the stop was told, or nobody is left to tell it; it keeps no guard of the value.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn open(link: &Link, queue: &Queue, prefetch: u16) -> Result<Open, QueueError> {
    within(OPEN, "no consumer", async {
        let channel = link.channel().await?;
        let said = |e: lapin::Error| trouble(&e);
        channel.basic_qos(prefetch, BasicQosOptions::default()).await.map_err(said)?;
        let name = envelope::short(&queue.to_string())?;
        let stream = channel
            .basic_consume(name, ShortString::from(""), BasicConsumeOptions::default(), FieldTable::default())
            .await
            .map_err(said)?;
        Ok(Open { channel, stream })
    })
    .await
}
