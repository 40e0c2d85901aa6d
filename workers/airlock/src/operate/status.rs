//! `airlock status`: how much is under way, waiting, dead.

use airlock_queue::topology::{Lane, Queue, StageName};

use super::{place, say};
use crate::Outcome;
use crate::cli::{Global, StatusArgs};
use crate::config;
use crate::exit::Status;
use crate::line::run::runtime;
use crate::line::up;

/// Runs the command.
pub fn run(global: &Global, args: &StatusArgs) -> Outcome<Status> {
    let config = config::load(global)?;
    if let Some(dir) = args.data_dir.as_ref().filter(|dir| dir.is_dir() && !up::is_served(dir)) {
        anstream::eprintln!(
            "nobody serves {} now: what waits goes on when `airlock up --data-dir {0}` runs",
            dir.display()
        );
    }
    runtime()?.block_on(async move {
        let place = place(&config, args.data_dir.as_ref()).await?;
        // The role that may count the outbox.
        let records = place.records(&config, "verdict").await?;
        let state = records.status().await?;
        let mut queues = serde_json::Map::new();
        let mut unseen: Vec<String> = Vec::new();
        for stage in StageName::ALL {
            // Each queue may be read by its own stage alone.
            let broker = match place.broker(&config, stage.word()).await {
                Ok(broker) => broker,
                Err(error) => {
                    // What is away for one is away for all.
                    unseen.push(format!("{stage}: {error}"));
                    break;
                }
            };
            let mut all: Vec<Queue> = Lane::ALL.into_iter().map(|lane| Queue::Work(stage, lane)).collect();
            all.push(Queue::Dead(stage));
            if stage == StageName::Verdict {
                all.push(Queue::VerdictDead);
            }
            for queue in all {
                match broker.depth(queue.clone()).await {
                    Ok(depth) => drop(queues.insert(queue.to_string(), depth.into())),
                    Err(error) => unseen.push(format!("{queue}: {error}")),
                }
            }
        }
        if args.json {
            let object = serde_json::json!({
                "running": state.running, "waiting": state.waiting, "done": state.done, "outbox": state.outbox, "queues": queues,
            });
            say(&object.to_string())?;
        } else {
            say(&format!(
                "requests: {} under way, {} waiting, {} done; outbox: {}",
                state.running, state.waiting, state.done, state.outbox
            ))?;
            for (queue, depth) in queues.iter().filter(|(_, depth)| depth.as_u64() != Some(0)) {
                say(&format!("{queue}: {depth}"))?;
            }
        }
        if unseen.is_empty() {
            return Ok(Status::Clean);
        }
        Err(format!(
            "not all queues could be asked; `airlock doctor` says what is wrong: {}",
            unseen.join("; ")
        )
        .into())
    })
}
