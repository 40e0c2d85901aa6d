//! One transfer of a request at a time: its message may come twice at once, and the second finds what the first has finished.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Requests that are being fetched by this process.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

impl Turns {
    /// Waits until nobody fetches for this request, and holds its place until the guard is dropped.
    pub(crate) async fn take(&self, request_id: &str) -> tokio::sync::OwnedMutexGuard<()> {
        self.place(request_id).lock_owned().await
    }

    fn place(&self, request_id: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get(request_id).and_then(Weak::upgrade) {
            return place;
        }
        // As many as there are jobs, so that looking through all is nothing.
        places.retain(|_, place| place.strong_count() > 0);
        let place = Arc::new(tokio::sync::Mutex::new(()));
        places.insert(request_id.to_owned(), Arc::downgrade(&place));
        place
    }
}
