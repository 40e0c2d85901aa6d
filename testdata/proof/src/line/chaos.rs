//! `airlock-proof chaos`: many requests while everything is broken in turn; the verdicts must be those of a quiet day.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use airlock_proto::v1::Accepted;
use airlock_proto::wire::Form;
use airlock_queue::Outgoing;
use airlock_queue::topology::{Lane, StageName};

use super::causes;
use super::clicks::{Clicks, click};
use super::faults::{self, Dice};
use super::ledger::{self, Asked, Found, essence};
use super::origin::Origin;
use super::site::{Site, UP};
use crate::{Outcome, table};

type Try<T> = Result<T, Box<dyn std::error::Error>>;

/// Poisoned requests are called so.
const POISON: &str = "poison-";
/// What the origin takes to begin with the file of a poisoned request, so that the poison is there before it.
const SLOW: Duration = Duration::from_secs(8);

struct Options {
    requests: usize,
    seed: u64,
    up: bool,
    instances: usize,
}

/// Runs it; true when all is as it must be.
pub fn run(words: &[String]) -> Outcome {
    let options = options(words)?;
    let files = Arc::new(airlock_forge::demo::files());
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let serve = Arc::clone(&files);
    let give = move |path: &str| {
        let (folder, name) = path.rsplit_once('/')?;
        if folder.starts_with(POISON) {
            std::thread::sleep(SLOW);
        }
        serve.iter().find(|(n, _)| *n == name).map(|(_, bytes)| bytes.clone())
    };
    let origin = Origin::start(Arc::new(give), Duration::from_millis(300))?;
    let mut site = if options.up { Site::folder()? } else { Site::cluster()? };
    let all = faults::names(&site, options.instances);
    for name in all.iter().filter(|name| name.contains('#')) {
        site.start(name)?;
    }
    let clicks = Clicks::connect(&site, "clicks")?;
    let wanted = undisturbed(&clicks, &origin, &names)?;
    println!(
        "{} processes ({}); {} files undisturbed",
        all.len(),
        if options.up { UP } else { "six" },
        wanted.len()
    );

    let span = Duration::from_millis(90 * u64::try_from(options.requests)?).clamp(Duration::from_secs(45), Duration::from_secs(120));
    let mut dice = Dice(options.seed);
    let plan = faults::plan(!options.up, span, &mut dice);
    let asked: Vec<Asked> = (0..options.requests)
        .map(|i| {
            let name = names[i % names.len()];
            Asked {
                id: format!("chaos-{i}"),
                path: format!("{i}/{name}"),
                wanted: wanted.get(name).cloned().unwrap_or_default(),
                due: due(span, i, options.requests),
            }
        })
        .collect();
    let begin = Instant::now();
    feed(&site, &clicks, &origin)?;
    let events = std::thread::scope(|scope| {
        scope.spawn(|| publish(&clicks, &asked, &origin, begin));
        let events = faults::wreak(&mut site, &plan, &all, &mut dice, begin);
        events.map_err(|e| e.to_string())
    })?;
    println!("{:7.1} s  everything runs again", begin.elapsed().as_secs_f64());
    clicks.wait_for(asked.len() + wanted.len() + 2, Duration::from_secs(200));
    println!("{:7.1} s  verdicts are in", begin.elapsed().as_secs_f64());
    let found = ledger::check(&site, &clicks, &asked, &origin, &causes::Day { begin, events: &events })?;
    let left = ledger::leftovers(&site, POISON).unwrap_or_else(|e| vec![e.to_string()]);
    let poisoned = poisoned(&clicks)?;
    Ok(report(&options, &events, &found, &left, &poisoned))
}

/// What each file comes to on a quiet day.
fn undisturbed(clicks: &Clicks, origin: &Origin, names: &[&str]) -> Try<BTreeMap<String, String>> {
    for name in names {
        clicks.ask(&click(
            &format!("quiet-{name}"),
            "quiet",
            origin.url(&format!("quiet/{name}")),
            180_000,
        ));
    }
    let mut wanted = BTreeMap::new();
    for name in names {
        let verdict = clicks.verdict(&format!("quiet-{name}"), Duration::from_secs(180))?;
        let is = essence(&verdict);
        if !is.contains("OUTCOME_SCANNED") {
            return Err(format!("{name} is {is} on a quiet day").into());
        }
        wanted.insert((*name).to_owned(), is);
    }
    Ok(wanted)
}

/// When the request of that number is made.
fn due(span: Duration, number: usize, many: usize) -> Duration {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    span * count(number) / count(many).max(1)
}

fn publish(clicks: &Clicks, asked: &[Asked], origin: &Origin, begin: Instant) {
    for (i, request) in asked.iter().enumerate() {
        std::thread::sleep(request.due.saturating_sub(begin.elapsed()));
        clicks.ask(&click(
            &request.id,
            &format!("tenant-{}", i % 8),
            origin.url(&request.path),
            180_000,
        ));
    }
}

/// Feeds one message that its stage can never work on and one that it cannot even read, with the ids of accepted requests.
fn feed(site: &Site, clicks: &Clicks, origin: &Origin) -> Try<()> {
    for kind in ["never", "unreadable"] {
        let id = format!("{POISON}{kind}");
        clicks.ask(&click(&id, "tenant-0", origin.url(&format!("{id}/notes.txt")), 180_000));
        clicks
            .wait(&id, "Accepted", Duration::from_secs(60))
            .ok_or("a request to poison was not accepted")?;
        let mut poison = Outgoing::job(StageName::Fetch, Lane::Click, &id, &Accepted::default());
        poison.form = Form::Protobuf;
        if kind == "unreadable" {
            poison.body = vec![0xff; 40];
        }
        clicks.say_as(site, "intake", poison)?;
    }
    Ok(())
}

fn poisoned(clicks: &Clicks) -> Try<Vec<(String, String)>> {
    let mut out = Vec::new();
    for kind in ["never", "unreadable"] {
        let id = format!("{POISON}{kind}");
        let verdict = clicks.verdict(&id, Duration::from_secs(1)).map(|v| essence(&v));
        out.push((id, verdict.unwrap_or_else(|e| e.to_string())));
    }
    Ok(out)
}

fn report(options: &Options, events: &[faults::Event], found: &Found, left: &[String], poisoned: &[(String, String)]) -> bool {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events {
        *counts.entry(&event.what).or_default() += 1;
    }
    println!();
    let rows: Vec<Vec<String>> = counts.iter().map(|(what, n)| vec![(*what).to_owned(), n.to_string()]).collect();
    table::print(&["fault", "times"], &[1], &rows);
    println!();
    let n = options.requests;
    let mut rows = vec![
        vec!["requests".to_owned(), n.to_string()],
        vec!["requests with a verdict".to_owned(), found.verdicts.to_string()],
        vec!["verdicts delivered again, byte for byte".to_owned(), found.again.to_string()],
        vec![
            "scanned, with the decision of the undisturbed run".to_owned(),
            found.as_undisturbed.to_string(),
        ],
        vec!["with the note refetched".to_owned(), found.refetched.to_string()],
        vec!["tokens that verify".to_owned(), found.tokens.to_string()],
    ];
    rows.extend(found.others.iter().map(|(what, n)| vec![what.clone(), n.to_string()]));
    rows.extend(poisoned.iter().map(|(id, is)| vec![format!("fed {id}: {is}"), "1".to_owned()]));
    table::print(&["outcome", "requests"], &[1], &rows);
    for wrong in found.wrong.iter().chain(left) {
        println!("✗ {wrong}");
    }
    let poison_ended = poisoned.iter().all(|(_, is)| is.contains("OUTCOME_FAILED"));
    let good = found.verdicts == n && found.as_undisturbed * 100 >= n * 99 && found.wrong.is_empty() && left.is_empty() && poison_ended;
    println!(
        "chaos (seed {}): {}",
        options.seed,
        if good { "as it must be" } else { "NOT AS IT MUST BE" }
    );
    good
}

fn options(words: &[String]) -> Try<Options> {
    let mut out = Options {
        requests: 1000,
        seed: 1,
        up: false,
        instances: 1,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} takes a value"))?;
        match (word.as_str(), value.as_str()) {
            ("--requests", n) => out.requests = n.parse()?,
            ("--seed", n) => out.seed = n.parse()?,
            ("--kind", "six") => out.up = false,
            ("--kind", "up") => out.up = true,
            ("--instances", n @ ("1" | "2")) => out.instances = n.parse()?,
            _ => return Err(format!("{word} {value} is no option; see airlock-proof help").into()),
        }
    }
    Ok(out)
}
