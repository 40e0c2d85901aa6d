//! The one clock: everything below gets it as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

/// What tells the time, in milliseconds since 1970: [`now_ms`] everywhere but in tests.
pub type Clock = std::sync::Arc<dyn Fn() -> i64 + Send + Sync>;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
