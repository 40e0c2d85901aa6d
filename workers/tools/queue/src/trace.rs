//! The W3C trace context of the delivery in work: whatever its stage makes carries it, wherever that waits before it is published.

use std::future::Future;

tokio::task_local! {
    static CURRENT: Option<String>;
}

/// Does work under a `traceparent`.
pub(crate) async fn within<F: Future>(trace: Option<String>, work: F) -> F::Output {
    CURRENT.scope(trace, work).await
}

/// The `traceparent` of the delivery that is being worked on; `None` outside of one, and where nobody traces.
pub fn current() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}
