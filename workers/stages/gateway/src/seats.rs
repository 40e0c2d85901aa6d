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

/// How often is looked for a connection that can make room, while none can.
const AGAIN: Duration = Duration::from_millis(50);

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
    /// Those on which no request is answered, by the time since when.
    idle: Mutex<BTreeMap<u64, Arc<Seat>>>,
    went_idle: Notify,
    clock: AtomicU64,
    connections: Arc<Connections>,
}

/// The place of one connection.
pub(crate) struct Seat {
    place: Mutex<Option<OwnedSemaphorePermit>>,
    /// Its key among the idle ones.
    since: AtomicU64,
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
            clock: AtomicU64::new(0),
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
                // For one that was owed something.
                () = tokio::time::sleep(AGAIN) => {}
            }
        };
        let seat = Arc::new(Seat {
            place: Mutex::new(place),
            since: AtomicU64::new(0),
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
                let (since, _) = idle.iter().find(|(_, seat)| !seat.owed.load(Ordering::Acquire))?;
                let since = *since;
                idle.remove(&since)?
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
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        seat.since.store(now, Ordering::Relaxed);
        self.idle().insert(now, Arc::clone(seat));
        self.went_idle.notify_one();
    }

    fn idle(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Seat>>> {
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
        self.seats.idle().remove(&self.seat.since.load(Ordering::Relaxed));
        Work(Held {
            seats: Arc::clone(&self.seats),
            seat: Arc::clone(&self.seat),
        })
    }

    /// Whether the client has not taken all of the last answer; whoever writes to it says so.
    pub(crate) fn owed(&self) -> &Arc<AtomicBool> {
        &self.seat.owed
    }

    /// Ends when another connection needs the place.
    pub(crate) async fn must_leave(&self) {
        self.seat.leave.notified().await;
    }

    /// The connection is closed.
    pub(crate) fn leave(&self) {
        self.seats.idle().remove(&self.seat.since.load(Ordering::Relaxed));
        self.seat.place.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.seats.connections.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request that is answered.
pub(crate) struct Work(Held);

impl Drop for Work {
    fn drop(&mut self) {
        if self.0.seat.busy.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.seats.rest(&self.0.seat);
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
