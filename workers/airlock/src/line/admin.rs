//! The admin port: is the process alive, is it ready, and its metrics. It listens apart from the gateway.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::metrics::Metrics;

/// Most connections at once: probes and a collector of metrics need few.
const MAX_CONNECTIONS: u32 = 256;

/// Serves until `stop`; a connection that sends no whole head in time is closed.
pub async fn serve(listener: TcpListener, metrics: Arc<Metrics>, ready: watch::Receiver<bool>, stop: watch::Receiver<bool>) {
    let readyz = {
        let metrics = Arc::clone(&metrics);
        move || {
            let cut_off = metrics.cut_off();
            let ready = *ready.borrow();
            async move {
                if !ready {
                    (StatusCode::SERVICE_UNAVAILABLE, "starting or stopping\n".to_owned())
                } else if cut_off.is_empty() {
                    (StatusCode::OK, "ready\n".to_owned())
                } else {
                    (
                        StatusCode::SERVICE_UNAVAILABLE,
                        format!("cut off from the broker: {}\n", cut_off.join(", ")),
                    )
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
