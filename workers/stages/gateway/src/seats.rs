//! The places of connections: when all are taken, the one that has been idle longest makes room.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// How often is looked for a connection that can make room, while none can.
const AGAIN: Duration = Duration::from_millis(50);
/// How long a connection is left alone after it was opened or answered: its request may be on its way.
const FRESH: Duration = Duration::from_secs(1);

/// How many connections there are, for metrics.
#[derive(Debug, Default)]
pub struct Connections {
    /// Connections that are open.
    pub open: AtomicU64,
    /// Idle connections that were closed because all places were taken; it only grows.
    pub crowded_out: AtomicU64,
}

/// All places.
pub(crate) struct Seats {
    places: Arc<Semaphore>,
    /// Those on which no request is answered, the longest idle first.
    idle: Mutex<BTreeMap<u64, Idle>>,
    went_idle: Notify,
    /// Counts up: the key of the next that goes idle.
    order: AtomicU64,
    connections: Arc<Connections>,
}

/// A connection on which no request is answered.
struct Idle {
    seat: Arc<Seat>,
    since: Instant,
}

/// The place of one connection.
pub(crate) struct Seat {
    place: Mutex<Option<OwnedSemaphorePermit>>,
    /// Its key among the idle ones.
    key: AtomicU64,
    /// Requests that are answered on it: one, but for the moment in which an answer ends and the next request is there.
    busy: AtomicU32,
    /// The client has not taken all of the last answer: it is out, and not there yet.
    owed: Arc<AtomicBool>,
    /// Told when it must go.
    leave: Notify,
}

impl Seats {
    pub(crate) fn new(most: u32, connections: Arc<Connections>) -> Arc<Seats> {
        Arc::new(Seats {
            places: Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS))),
            idle: Mutex::default(),
            went_idle: Notify::new(),
            order: AtomicU64::new(0),
            connections,
        })
    }

    /// A place for a new connection; while an answer goes out on each, it waits.
    pub(crate) async fn take(self: &Arc<Self>) -> Held {
        let place = loop {
            if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                break Some(place);
            }
            if let Some(place) = self.crowd_out() {
                break Some(place);
            }
            tokio::select! {
                place = Arc::clone(&self.places).acquire_owned() => break place.ok(),
                () = self.went_idle.notified() => {}
                // For one that was owed something, or was fresh.
                () = tokio::time::sleep(AGAIN) => {}
            }
        };
        let seat = Arc::new(Seat {
            place: Mutex::new(place),
            key: AtomicU64::new(0),
            busy: AtomicU32::new(0),
            owed: Arc::default(),
            leave: Notify::new(),
        });
        self.connections.open.fetch_add(1, Ordering::Relaxed);
        self.rest(&seat);
        Held {
            seats: Arc::clone(self),
            seat,
        }
    }

    fn crowd_out(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            let seat = {
                let mut idle = self.idle();
                let may_go = |idle: &Idle| idle.since.elapsed() >= FRESH && !idle.seat.owed.load(Ordering::Acquire);
                let (key, _) = idle.iter().find(|(_, idle)| may_go(idle))?;
                let key = *key;
                idle.remove(&key)?.seat
            };
            // One that has given its place away, and is still saying goodbye, has none.
            if let Some(place) = seat.place.lock().unwrap_or_else(PoisonError::into_inner).take() {
                seat.leave.notify_one();
                self.connections.crowded_out.fetch_add(1, Ordering::Relaxed);
                return Some(place);
            }
        }
    }

    fn rest(&self, seat: &Arc<Seat>) {
        let key = self.order.fetch_add(1, Ordering::Relaxed);
        seat.key.store(key, Ordering::Relaxed);
        let idle = Idle {
            seat: Arc::clone(seat),
            since: Instant::now(),
        };
        self.idle().insert(key, idle);
        self.went_idle.notify_one();
    }

    fn idle(&self) -> MutexGuard<'_, BTreeMap<u64, Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place that is taken, for as long as the connection lives.
pub(crate) struct Held {
    seats: Arc<Seats>,
    seat: Arc<Seat>,
}

impl Held {
    /// A request came: until its answer is out the place is kept.
    pub(crate) fn work(&self) -> Work {
        self.seat.busy.fetch_add(1, Ordering::AcqRel);
        self.seats.idle().remove(&self.seat.key.load(Ordering::Relaxed));
        Work {
            seats: Arc::clone(&self.seats),
            seat: Arc::clone(&self.seat),
        }
    }

    /// Whether the client has not taken all of the last answer; whoever writes to it says so.
    pub(crate) fn owed(&self) -> &Arc<AtomicBool> {
        &self.seat.owed
    }

    /// Whether something is still to be answered, or to be taken by the client.
    pub(crate) fn has_more(&self) -> bool {
        self.seat.busy.load(Ordering::Acquire) > 0 || self.seat.owed.load(Ordering::Acquire)
    }

    /// Ends when another connection needs the place.
    pub(crate) async fn must_leave(&self) {
        self.seat.leave.notified().await;
    }
}

/// The connection is closed, or its task came to grief.
impl Drop for Held {
    fn drop(&mut self) {
        self.seats.idle().remove(&self.seat.key.load(Ordering::Relaxed));
        self.seat.place.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.seats.connections.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request that is answered.
pub(crate) struct Work {
    seats: Arc<Seats>,
    seat: Arc<Seat>,
}

impl Drop for Work {
    fn drop(&mut self) {
        if self.seat.busy.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.seats.rest(&self.seat);
        }
    }
}

/// A body that keeps the place until it is out.
pub(crate) struct Kept {
    body: Body,
    _work: Work,
}

impl Kept {
    pub(crate) fn new(body: Body, work: Work) -> Self {
        Kept { body, _work: work }
    }
}

impl HttpBody for Kept {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
