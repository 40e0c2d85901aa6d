//! What goes on for a while is said once, and then seldom: a full disk must not be filled with lines about it.

use std::time::{Duration, Instant};

/// Between two lines about the same trouble.
const PAUSE: Duration = Duration::from_secs(30);

/// When the same trouble may be said again; a new one is due at once.
#[derive(Debug, Default)]
pub struct Seldom(Option<Instant>);

impl Seldom {
    /// True at the first call, and then at most every 30 seconds.
    pub fn is_due(&mut self) -> bool {
        let due = self.0.is_none_or(|said| said.elapsed() >= PAUSE);
        if due {
            self.0 = Some(Instant::now());
        }
        due
    }
}
