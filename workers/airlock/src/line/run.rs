//! `airlock run` and what it shares with `airlock up`: start, say that it is ready, wait for a signal, drain.

use std::sync::Arc;
use std::time::Duration;

use airlock_queue::topology::StageName;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::admin;
use super::metrics::Metrics;
use super::parts::Place;
use super::stages::Line;
use super::up::bind;
use crate::Outcome;
use crate::cli::{Global, RunArgs};
use crate::clock::now_ms;
use crate::config::{self, Config};
use crate::exit::Status;
use crate::telemetry;

/// Where this process listens.
pub struct Doors {
    /// Downloads, where the gateway runs here.
    pub gateway: Option<TcpListener>,
    /// Health and metrics.
    pub admin: TcpListener,
    /// Address of the gateway, as people reach it.
    pub base: String,
}

/// The runtime of the line; scans run in children, hashing and fetching on it.
pub fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Runs the command.
pub fn run(global: &Global, args: &RunArgs) -> Outcome<Status> {
    let config = config::load(global)?;
    if config.queue.url.is_empty() {
        return Err("queue.url is empty: `airlock run` needs a broker, `airlock up` needs none".into());
    }
    let _telemetry = telemetry::line(&config.telemetry, &format!("airlock-{}", args.stages.join("-")))?;
    let mut stages = Vec::new();
    let mut gateway = false;
    for word in &args.stages {
        match word.parse() {
            Ok(stage) => stages.push(stage),
            Err(()) if word == "gateway" => gateway = true,
            Err(()) => return Err(format!("{word:?} is no stage; choose of intake, fetch, scan, sandbox, verdict, gateway").into()),
        }
    }
    if stages.contains(&StageName::Verdict) && config.gateway.base_url.is_empty() {
        return Err("gateway.base_url is empty: verdicts carry links to it; set it to the address that people reach".into());
    }
    runtime()?.block_on(async move {
        let listener = match gateway {
            true => Some(bind(&config.gateway.listen, "gateway.listen").await?),
            false => None,
        };
        let admin = bind(&config.line.admin_listen, "line.admin_listen").await?;
        let ready = format!("ready stages={} admin=http://{}", args.stages.join(","), admin.local_addr()?);
        let doors = Doors {
            gateway: listener,
            admin,
            base: config.gateway.base_url.clone(),
        };
        line(config, Place::Cluster, &stages, doors, Some(ready)).await
    })
}

/// Runs stages until a signal, then drains within the grace period.
pub async fn line(config: Config, place: Place, stages: &[StageName], doors: Doors, say: Option<String>) -> Outcome<Status> {
    let (stop, stopped) = watch::channel(false);
    let (ready, is_ready) = watch::channel(false);
    let grace = Duration::from_millis(config.line.grace_ms);
    let mut metrics = Metrics::new();
    let gateway = match doors.gateway {
        Some(listener) => Some(super::gateway::start(&config, &place, listener, metrics.registry(), stopped.clone()).await?),
        None => None,
    };
    let (asked, gateway) = gateway.unzip();
    let metrics = Arc::new(metrics);
    let mut line = Line {
        config,
        place,
        clock: Arc::new(now_ms),
        metrics: Arc::clone(&metrics),
        stop: stopped.clone(),
        brokers: Vec::new(),
        tasks: JoinSet::new(),
    };
    let (end, ended) = watch::channel(false);
    let admin = tokio::spawn(admin::serve(doors.admin, metrics, asked, is_ready, ended));
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    for stage in stages {
        line.start(*stage, &doors.base).await?;
    }
    if let Some(gateway) = gateway {
        line.tasks.spawn(gateway);
    }
    ready.send_replace(true);
    if let Some(text) = say {
        use std::io::Write as _;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{text}")?;
        out.flush()?;
    }
    let broke = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        ended = line.tasks.join_next() => ended,
    };
    ready.send_replace(false);
    stop.send_replace(true);
    tracing::info!("draining");
    let drained = tokio::time::timeout(grace, async { while line.tasks.join_next().await.is_some() {} }).await;
    for broker in &line.brokers {
        broker.close().await;
    }
    end.send_replace(true);
    let _ = tokio::time::timeout(Duration::from_secs(1), admin).await;
    if let Some(why) = broke {
        let why = match why {
            Ok(Ok(())) => "a stage ended by itself".to_owned(),
            Ok(Err(why)) => why,
            Err(error) => error.to_string(),
        };
        return Err(why.into());
    }
    if drained.is_err() {
        return Err(format!(
            "not drained within {} ms; what was in hand will be delivered again",
            grace.as_millis()
        )
        .into());
    }
    Ok(Status::Clean)
}
