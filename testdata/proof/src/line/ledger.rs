//! What must be true when the dust has settled: one verdict a request, the right one, and nothing left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use airlock_proto::v1::Verdict;
use airlock_token::Keyring;
use serde_json::Value;

use super::causes::Day;
use super::clicks::{Clicks, now_ms};
use super::origin::Origin;
use super::site::{Site, run};

type Try<T> = Result<T, Box<dyn std::error::Error>>;

/// A request that was made: its id, the path of its link, and what an undisturbed run said of that file.
pub struct Asked {
    /// Id of the request.
    pub id: String,
    /// Path at the origin.
    pub path: String,
    /// [`essence`] of the undisturbed verdict; empty for fed poison.
    pub wanted: String,
    /// When it is made, after the beginning.
    pub due: Duration,
}

/// What was found, in numbers and in faults.
#[derive(Default)]
pub struct Found {
    /// Requests with a verdict.
    pub verdicts: usize,
    /// Deliveries of a verdict beyond the first, all alike to the byte.
    pub again: usize,
    /// `scanned` with the decision of the undisturbed run.
    pub as_undisturbed: usize,
    /// Verdicts with the note `refetched`.
    pub refetched: usize,
    /// Tokens, all of which verify.
    pub tokens: usize,
    /// The others, by outcome and the fault that caused it.
    pub others: BTreeMap<String, usize>,
    /// What must not be.
    pub wrong: Vec<String>,
}

/// What a verdict comes to, without its ids and times.
pub fn essence(verdict: &Verdict) -> String {
    format!(
        "{} {} {} {}",
        verdict.outcome().as_str_name(),
        verdict.decision().as_str_name(),
        verdict.classification,
        verdict.coverage
    )
}

/// Holds what was heard against what was asked.
pub fn check(site: &Site, clicks: &Clicks, asked: &[Asked], origin: &Origin, day: &Day<'_>) -> Try<Found> {
    let keys = match site.servers {
        Some(_) => site.path().join("keys/public"),
        None => site.data_dir().join("keys/public"),
    };
    let keyring = Keyring::from_dir(&keys)?;
    let verdicts = clicks.verdicts();
    let counts = origin.counts();
    let logs = site.logs();
    let mut found = Found::default();
    for request in asked {
        let Some(deliveries) = verdicts.get(&request.id) else {
            found.wrong.push(format!("{} has no verdict", request.id));
            continue;
        };
        let Some(first) = deliveries.first() else { continue };
        found.verdicts += 1;
        found.again += deliveries.len() - 1;
        let ids: BTreeSet<&str> = deliveries.iter().map(|d| d.message.id.as_str()).collect();
        let bodies: BTreeSet<&[u8]> = deliveries.iter().map(|d| d.message.body.as_slice()).collect();
        if ids.len() != 1 || bodies.len() != 1 {
            found
                .wrong
                .push(format!("{} has {} ids and {} bodies", request.id, ids.len(), bodies.len()));
        }
        let verdict: Verdict = first.message.decode()?;
        let refetched = verdict.notes.iter().any(|n| n == "refetched");
        found.refetched += usize::from(refetched);
        let completed = counts.get(&request.path).map_or(0, |c| c.completed);
        if completed > 1 && !refetched && verdict.outcome().as_str_name() == "OUTCOME_SCANNED" {
            found.wrong.push(format!("{}: {completed} completed GETs and no note", request.id));
        }
        if !verdict.token.is_empty() {
            match keyring.verify(&verdict.token, now_ms()) {
                Ok(_) => found.tokens += 1,
                Err(error) => found.wrong.push(format!("{}: {error}", request.id)),
            }
        }
        let is = essence(&verdict);
        if is == request.wanted {
            found.as_undisturbed += 1;
        } else {
            let cause = day.cause(request, first.at, &logs);
            if cause.is_none() {
                found
                    .wrong
                    .push(format!("{} ({}): {is}, and no fault explains it", request.id, request.path));
            }
            let cause = cause.unwrap_or_default();
            *found.others.entry(format!("{is}: {cause}")).or_default() += 1;
            if is.contains("OUTCOME_SCANNED") {
                found
                    .wrong
                    .push(format!("{} ({}): {is} instead of {}", request.id, request.path, request.wanted));
            } else {
                println!("{} ({}): {is}: {cause}", request.id, request.path);
            }
        }
    }
    Ok(found)
}

/// Waits up to a minute until nothing is under way; what is left then.
pub fn leftovers(site: &Site, ours: &str) -> Try<Vec<String>> {
    let mut left = Vec::new();
    for _ in 0..30 {
        left = once(site, ours)?;
        if left.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_secs(2));
    }
    Ok(left)
}

fn once(site: &Site, ours: &str) -> Try<Vec<String>> {
    let status: Value = serde_json::from_str(&run(&mut site.airlock(&["status", "--json"])?)?)?;
    let mut left = Vec::new();
    for name in ["running", "waiting", "outbox"] {
        if status.get(name).and_then(Value::as_u64) != Some(0) {
            left.push(format!("{name}: {}", status.get(name).unwrap_or(&Value::Null)));
        }
    }
    let queues = status.get("queues").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut depths: Vec<(String, u64)> = queues.iter().map(|(k, v)| (k.clone(), v.as_u64().unwrap_or(u64::MAX))).collect();
    if let Some(servers) = &site.servers {
        // The broker's own word counts what a consumer holds, too.
        let list = servers.rabbit.ctl(&["-q", "-p", "airlock", "list_queues", "name", "messages"])?;
        depths = list
            .lines()
            .filter_map(|l| l.split_once('\t'))
            .filter_map(|(n, d)| Some((n.to_owned(), d.trim().parse().ok()?)))
            .collect();
    }
    let mut dead = 0;
    for (name, depth) in depths {
        if name.starts_with("airlock.dead.") {
            dead += depth;
        } else if depth > 0 && !name.starts_with("airlock.events.") {
            left.push(format!("{name}: {depth}"));
        }
    }
    if dead > 0 {
        let letters = run(&mut site.airlock(&["dead", "list"])?)?;
        left.extend(
            letters
                .lines()
                .filter(|l| !l.split("  ").nth(1).is_some_and(|id| id.starts_with(ours)))
                .map(|l| format!("dead: {l}")),
        );
    }
    Ok(left)
}
