//! The admin port: is the process alive, is it ready, and its metrics. It listens apart from the gateway.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::metrics::Metrics;

/// Serves until `stop`.
pub async fn serve(listener: TcpListener, metrics: Arc<Metrics>, ready: watch::Receiver<bool>, mut stop: watch::Receiver<bool>) {
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
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
        tracing::error!(%error, "the admin port broke");
    }
}
