//! `airlock-proof drain`: each process is asked to end while it works; it does so in time, and what was finished does not come again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::clicks::{Clicks, click};
use super::origin::Origin;
use super::site::{PROCESSES, Site, tail};
use crate::{Outcome, table};

/// The longest grace period (DECISIONS.md 2), and a little for the machine.
const GRACE: Duration = Duration::from_secs(92);
/// Requests a process that is asked to end.
const EACH: usize = 20;

/// Runs it; true when all is as it must be.
pub fn run() -> Outcome {
    let files = airlock_forge::demo::files();
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let serve = files.clone();
    let give = move |path: &str| {
        let name = path.rsplit('/').next()?;
        serve.iter().find(|(n, _)| *n == name).map(|(_, bytes)| bytes.clone())
    };
    let origin = Origin::start(Arc::new(give), Duration::from_millis(500))?;
    let mut site = Site::cluster()?;
    let clicks = Clicks::connect(&site, "clicks")?;
    let (mut rows, mut good, mut asked) = (Vec::new(), true, 0);
    for process in PROCESSES {
        for i in 0..EACH {
            let name = names[i % names.len()];
            clicks.ask(&click(&format!("drain-{asked}"), "acme", origin.url(&format!("{asked}/{name}")), 0));
            asked += 1;
        }
        // In the midst of it: some are fetched, some scanned, none is told.
        std::thread::sleep(Duration::from_millis(1500));
        let begin = Instant::now();
        let status = site.terminate(process);
        let took = begin.elapsed();
        let fits = status == Some(0) && took < GRACE;
        good &= fits;
        rows.push(vec![
            process.to_owned(),
            status.map_or_else(|| "killed".to_owned(), |s| s.to_string()),
            format!("{:.1}", took.as_secs_f64()),
            if fits {
                String::new()
            } else {
                format!("✗ {}", tail(&site.log(process)))
            },
        ]);
        site.start(process)?;
    }
    let there = clicks.wait_for(asked, Duration::from_secs(120));
    std::thread::sleep(Duration::from_secs(3));
    table::print(&["SIGTERM", "status", "seconds", ""], &[1, 2], &rows);
    let mut told: BTreeMap<(String, String), usize> = BTreeMap::new();
    for heard in clicks.heard() {
        // Said once at the beginning of a fetch and once at its end, once at the beginning of a scan.
        if heard.message.kind != "Progress" || heard.message.sender == "scan" {
            *told.entry((heard.message.kind, heard.message.id)).or_default() += 1;
        }
    }
    let again: Vec<_> = told.iter().filter(|(_, n)| **n > 1).collect();
    for ((kind, id), n) in &again {
        println!("✗ {kind} {id}: {n} times");
    }
    let completed = origin.counts().values().filter(|c| c.completed > 1).count();
    println!(
        "{asked} requests, {there} verdicts; {} messages came again, {completed} files were fetched twice",
        again.len()
    );
    good &= there == asked && again.is_empty() && completed == 0;
    println!("drain: {}", if good { "as it must be" } else { "NOT AS IT MUST BE" });
    Ok(good)
}
