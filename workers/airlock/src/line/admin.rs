//! The admin port: is the process alive, is it ready, and its metrics. It listens apart from the gateway.

use std::sync::Arc;
use std::time::{Duration, Instant};

use airlock_records::Records;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};

use super::metrics::Metrics;

/// Most connections at once: probes and a collector of metrics need few.
const MAX_CONNECTIONS: u32 = 256;

/// How long an answer of the records is good for.
const ASKED: Duration = Duration::from_secs(3);
/// How long the records may take to answer: less than a probe waits.
const ANSWER: Duration = Duration::from_millis(800);

/// The records of a gateway, asked now and then: without them it hands out nothing.
struct Asked {
    records: Records,
    last: Mutex<Option<(Instant, bool)>>,
}

impl Asked {
    /// Whether they answer. Who asks meanwhile waits for the same answer.
    async fn answer(&self) -> bool {
        let mut last = self.last.lock().await;
        if let Some((at, answered)) = *last
            && at.elapsed() < ASKED
        {
            return answered;
        }
        let answered = matches!(tokio::time::timeout(ANSWER, self.records.ping()).await, Ok(Ok(())));
        *last = Some((Instant::now(), answered));
        answered
    }
}

/// Serves until `stop`; `records` are those of a gateway in this process. A connection that sends no whole head in time is closed.
pub async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    records: Option<Records>,
    ready: watch::Receiver<bool>,
    stop: watch::Receiver<bool>,
) {
    let asked = records.map(|records| {
        Arc::new(Asked {
            records,
            last: Mutex::default(),
        })
    });
    let readyz = {
        let metrics = Arc::clone(&metrics);
        move || {
            let cut_off = metrics.cut_off();
            let ready = *ready.borrow();
            let asked = asked.clone();
            async move {
                let not = |why: String| (StatusCode::SERVICE_UNAVAILABLE, why);
                if !ready {
                    return not("starting or stopping\n".to_owned());
                }
                if !cut_off.is_empty() {
                    return not(format!("cut off from the broker: {}\n", cut_off.join(", ")));
                }
                match asked {
                    Some(asked) if !asked.answer().await => not("cut off from the records\n".to_owned()),
                    _ => (StatusCode::OK, "ready\n".to_owned()),
                }
            }
        }
    };
    let router = Router::new()
        // The event loop turns, nothing else: a broker that is away is no reason to be restarted.
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(move || async move { metrics.text() }));
    let limits = airlock_gateway::Config {
        max_connections: MAX_CONNECTIONS,
        grace_ms: 1_000,
        ..airlock_gateway::Config::default()
    };
    airlock_gateway::serve_router(listener, router, limits, Arc::default(), stop).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn records_that_are_gone_are_told_and_not_asked_at_once_again() {
        let dir = tempfile::tempdir().unwrap();
        let records = Records::connect(&airlock_records::Config {
            url: format!("sqlite:{}", dir.path().join("r.sqlite").display()),
            ..airlock_records::Config::default()
        })
        .await
        .unwrap();
        let asked = Asked {
            records: records.clone(),
            last: Mutex::default(),
        };
        assert!(asked.answer().await);
        records.close().await;
        assert!(asked.answer().await, "an answer is good for a while");
        *asked.last.lock().await = None;
        assert!(!asked.answer().await);
    }
}
