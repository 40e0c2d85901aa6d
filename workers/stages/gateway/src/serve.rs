//! The accept loop: a cap on connections that idle ones give way to, a limit on slow heads and slow readers, and an end that lets downloads finish.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::patience::Patience;
use crate::seats::{Connections, Held, Kept, Seats};
use crate::{Config, Gateway};

/// Most bytes of a request's head: a token is shorter by far.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// How long a connection that must make room may take to say goodbye.
const GOODBYE: Duration = Duration::from_millis(50);

/// Serves until `stop` turns true, then takes no more connections and waits for downloads until the grace period ends.
pub async fn serve(listener: TcpListener, gateway: Gateway, stop: watch::Receiver<bool>) {
    let config = gateway.inner.config.clone();
    let connections = Arc::clone(&gateway.counters().connections);
    serve_router(listener, gateway.router(), config, connections, stop).await;
}

/// The same for any router: of the settings only the limits of connections are used.
pub async fn serve_router(
    listener: TcpListener,
    router: Router,
    config: Config,
    counted: Arc<Connections>,
    mut stop: watch::Receiver<bool>,
) {
    let seats = Seats::new(config.max_connections, counted);
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                // Whoever comes while an answer goes out on every connection waits, and all behind it in the queue of the listener.
                let seat = tokio::select! {
                    biased;
                    () = stopped(&mut stop) => break,
                    seat = seats.take() => seat,
                };
                let (router, config, stop) = (router.clone(), config.clone(), stop.clone());
                connections.spawn(async move { connection(stream, router, &config, &seat, stop).await });
            }
            Err(error) => {
                // Out of files, most likely; it passes when a connection ends.
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
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

async fn connection(stream: TcpStream, router: Router, config: &Config, seat: &Held, mut stop: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(Patience::new(
        stream,
        Duration::from_millis(config.send_timeout_ms),
        Arc::clone(seat.owed()),
    ));
    let router = TowerToHyperService::new(router);
    let service = service_fn(|request: Request<Incoming>| {
        let work = seat.work();
        let answer = router.call(request);
        async move { answer.await.map(|answer| answer.map(|body| Kept::new(body, work))) }
    });
    let serving = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(config.header_timeout_ms))
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(io, service);
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stopped(&mut stop) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
        () = seat.must_leave() => {
            serving.as_mut().graceful_shutdown();
            // What was asked for in the same moment is still answered, as long as the client takes it.
            loop {
                match tokio::time::timeout(GOODBYE, serving.as_mut()).await {
                    Ok(ended) => break ended,
                    Err(_) if seat.has_more() => {}
                    Err(_) => return,
                }
            }
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
