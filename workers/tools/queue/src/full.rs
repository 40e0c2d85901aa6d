//! Receivers that take no events: one that is full for a moment is waited for, one that stays so is not.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an event waits for its receiver the first time.
const MOMENT: Duration = Duration::from_secs(3);
/// How long a receiver that was full for that long is not waited for again.
const KNOWN: Duration = Duration::from_secs(60);

/// Receivers that were found full. They are as many as there are calling services.
#[derive(Debug, Default)]
pub(crate) struct Full(Mutex<HashMap<String, Instant>>);

impl Full {
    /// Whether an event that has waited since `begun` waits on; whoever hears no has found its receiver full for good.
    pub(crate) fn waits(&self, receiver: &str, begun: Instant, now: Instant) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.get(receiver).is_some_and(|until| *until > now) {
            return false;
        }
        if now.saturating_duration_since(begun) < MOMENT {
            return true;
        }
        known.insert(receiver.to_owned(), now + KNOWN);
        false
    }

    /// It took one.
    pub(crate) fn took(&self, receiver: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(receiver);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_is_waited_for_once_in_a_while() {
        let (full, begun) = (Full::default(), Instant::now());
        let after = |ms| begun + Duration::from_millis(ms);
        assert!(full.waits("a", begun, begun) && full.waits("a", begun, after(2_900)));
        assert!(!full.waits("a", begun, after(3_000)));
        // Others do not wait for it again, and nobody waits for another because of it.
        assert!(!full.waits("a", after(3_000), after(3_000)) && full.waits("b", after(3_000), after(3_000)));
        assert!(full.waits("a", after(70_000), after(70_000)));
        assert!(!full.waits("a", after(70_000), after(73_000)));
        full.took("a");
        assert!(full.waits("a", after(74_000), after(74_000)));
    }
}
