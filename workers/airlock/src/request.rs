//! `airlock request`: acts as a click service. One request out, progress on standard error, the verdict on standard output.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use airlock_proto::v1::{Progress, Rejected, Route, ScanRequest, Verdict};
use airlock_queue::topology::{Lane, Queue};
use airlock_queue::{Broker, Consumer, Incoming, Outgoing};

use crate::Outcome;
use crate::cli::{Global, RequestArgs, RouteArg};
use crate::config::{self, Config};
use crate::exit::Status;
use crate::line::parts::Place;
use crate::line::run::runtime;
use crate::line::up;
use crate::verdict;

/// Runs the command.
pub fn run(global: &Global, args: &RequestArgs) -> Outcome<Status> {
    let config = config::load(global)?;
    runtime()?.block_on(ask(&config, args))
}

async fn ask(config: &Config, args: &RequestArgs) -> Outcome<Status> {
    let service = if config.queue.service.is_empty() {
        "local"
    } else {
        &config.queue.service
    };
    let request = request(args)?;
    let queue = Queue::Events(service.to_owned());
    let (broker, mut events): (Arc<dyn Broker>, Box<dyn Consumer>) = match &args.data_dir {
        Some(dir) => {
            if !dir.join("queue.sqlite").is_file() {
                return Err(format!("{} holds no queue; start `airlock up --data-dir {0}` first", dir.display()).into());
            }
            let Place::Folder(_, lite) = Place::folder(dir, false).await? else {
                return Err("no folder".into());
            };
            (Arc::new(lite.user(service)), lite.consume_of(queue, &request.request_id))
        }
        None if config.queue.url.is_empty() => {
            return Err("name the data directory of a running `airlock up` with --data-dir, or a broker with queue.url (--config)".into());
        }
        None => {
            let broker = Place::Cluster.broker(config, service).await?;
            let events = broker.consume(queue, 64).await?;
            (broker, events)
        }
    };
    if let Some(dir) = args.data_dir.as_ref().filter(|dir| !up::is_served(dir)) {
        anstream::eprintln!(
            "nobody serves {} now: the request waits in its queue until `airlock up --data-dir {0}` runs",
            dir.display()
        );
    }
    broker.publish(Outgoing::request(Lane::Click, &request)).await?;
    let patience = Instant::now() + Duration::from_secs(args.wait);
    let verdict = wait(events.as_mut(), &request.request_id, patience).await;
    events.stop().await;
    broker.close().await;
    let verdict = verdict?;
    let mut out = anstream::stdout().lock();
    let text = if args.json {
        verdict::json(&verdict)
    } else {
        verdict::plain(&verdict)
    };
    writeln!(out, "{text}")?;
    Ok(verdict::status(&verdict))
}

fn request(args: &RequestArgs) -> Outcome<ScanRequest> {
    let request = ScanRequest {
        request_id: args.request_id.clone().unwrap_or_else(|| uuid::Uuid::now_v7().to_string()),
        tenant: args.tenant.clone(),
        url: args.url.clone(),
        route: match args.route {
            RouteArg::Inbound => Route::Inbound,
            RouteArg::Outbound => Route::Outbound,
            RouteArg::Journal => Route::Journal,
        }
        .into(),
        recipient: args.recipient.clone().unwrap_or_default(),
        passwords: args.passwords.clone(),
        ..ScanRequest::default()
    };
    airlock_proto::request::check(request).map_err(|faults| faults.join("; ").into())
}

/// Listens until the verdict of this request is there. What belongs to others of the same service goes back to them.
async fn wait(events: &mut dyn Consumer, id: &str, patience: Instant) -> Outcome<Verdict> {
    let show = std::io::stderr().is_terminal();
    loop {
        let left = patience.saturating_duration_since(Instant::now());
        let next = tokio::time::timeout(left, events.next()).await;
        let Ok(Some((message, receipt))) = next else {
            return Err(format!("no verdict within the time of --wait; ask again with --request-id {id}").into());
        };
        if message.request_id != id {
            // Requeued at once it would come back at once.
            tokio::time::sleep(Duration::from_millis(50)).await;
            receipt.requeue().await;
            continue;
        }
        let found = heard(&message, show);
        receipt.ack().await;
        if let Some(verdict) = found? {
            return Ok(verdict);
        }
    }
}

fn heard(message: &Incoming, show: bool) -> Outcome<Option<Verdict>> {
    // What it is called proves nothing: other stages may speak to this service too, and the broker says who spoke.
    match message.kind.as_str() {
        "Verdict" if message.sender != "verdict" => Ok(None),
        "Rejected" if !matches!(message.sender.as_str(), "intake" | "verdict") => Ok(None),
        "Verdict" => Ok(Some(message.decode()?)),
        "Rejected" => {
            let rejected: Rejected = message.decode()?;
            Err(format!("the request was rejected ({}): {}", rejected.code, rejected.text).into())
        }
        "Progress" => {
            let progress: Progress = message.decode()?;
            let bytes = if progress.bytes > 0 {
                format!(", {} bytes", progress.bytes)
            } else {
                String::new()
            };
            anstream::eprintln!("{}{bytes}", progress.stage);
            Ok(None)
        }
        "Accepted" => {
            if show {
                anstream::eprintln!("accepted");
            }
            Ok(None)
        }
        _ => Ok(None),
    }
}
