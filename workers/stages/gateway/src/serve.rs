//! The accept loop: a cap on connections, a limit on slow heads and slow readers, and an end that lets downloads finish.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::patience::Patience;
use crate::{Config, Gateway};

/// Most bytes of a request's head: a token is shorter by far.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// Serves until `stop` turns true, then takes no more connections and waits for downloads until the grace period ends.
pub async fn serve(listener: TcpListener, gateway: Gateway, stop: watch::Receiver<bool>) {
    let config = gateway.inner.config.clone();
    serve_router(listener, gateway.router(), config, stop).await;
}

/// The same for any router: of the settings only the limits of connections are used.
pub async fn serve_router(listener: TcpListener, router: Router, config: Config, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(config.max_connections as usize));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        // The place comes first: whoever is too many waits in the queue of the listener, and costs nothing.
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            accepted = next => accepted,
        };
        match accepted {
            (Ok(place), Ok((stream, _))) => {
                let (router, config, stop) = (router.clone(), config.clone(), stop.clone());
                connections.spawn(async move {
                    let _place = place;
                    connection(stream, router, &config, stop).await;
                });
            }
            (_, Err(error)) => {
                // Out of files, most likely; it passes when a connection ends.
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            (Err(_), _) => break,
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(Duration::from_millis(config.grace_ms), all).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "connections are cut off at the end of the grace period"
        );
    }
}

async fn connection(stream: TcpStream, router: Router, config: &Config, mut stop: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(Patience::new(stream, Duration::from_millis(config.send_timeout_ms)));
    let serving = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(config.header_timeout_ms))
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(io, TowerToHyperService::new(router));
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stopped(&mut stop) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        // Clients go away all the time. The error names no address and no path.
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Waits for the stop; that nobody is left who could say it is one too.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
