//! A relay hears at once of what is written for it by the same handle, and of nothing else.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// Those who wait, by topic.
#[derive(Default)]
pub(crate) struct Wakes(Mutex<HashMap<String, Arc<Notify>>>);

impl Wakes {
    /// Ends at the next call that wakes this topic, whether it was waited for by then or not.
    pub(crate) fn woken(&self, topic: &str) -> OwnedNotified {
        Arc::clone(self.topics().entry(topic.to_owned()).or_default()).notified_owned()
    }

    /// Wakes those of some topics.
    pub(crate) fn wake(&self, topics: &BTreeSet<&str>) {
        for (_, relays) in self.topics().iter().filter(|(topic, _)| topics.contains(topic.as_str())) {
            relays.notify_waiters();
        }
    }

    /// Wakes everybody: what was held back may be of any topic.
    pub(crate) fn wake_all(&self) {
        for relays in self.topics().values() {
            relays.notify_waiters();
        }
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<String, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
