//! `make bench-line`: jobs a second, time to the verdict and memory of the line, beside what its servers and a plain scan cost alone.

mod bare;
mod load;
mod memory;
mod stages;

use std::sync::Arc;
use std::time::Duration;

use super::clicks::{Clicks, click};
use super::origin::Origin;
use super::site::Site;
use crate::bench::Goal;
use crate::{Outcome, table};

type Try<T> = Result<T, Box<dyn std::error::Error>>;

/// Messages that one job is on its way: request, accepted, fetched, inspected, verdict.
const HOPS: usize = 5;
/// Sizes of the files: name, bytes, jobs of a measurement, most jobs under way.
const SIZES: [Size; 3] = [
    Size {
        name: "4 KB",
        bytes: 4_000,
        jobs: 1_000,
        window: 200,
    },
    Size {
        name: "100 KB",
        bytes: 100_000,
        jobs: 600,
        window: 200,
    },
    Size {
        name: "5 MB",
        bytes: 5_000_000,
        jobs: 60,
        window: 24,
    },
];

/// A kind of job.
#[derive(Debug, Clone, Copy)]
struct Size {
    name: &'static str,
    bytes: usize,
    jobs: usize,
    window: usize,
}

/// Runs the parts that are named, or all; prints which goals are met. A goal that is missed is told, it fails nothing.
pub fn run(words: &[String]) -> Outcome {
    let mut requests = 20_000;
    let mut parts = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--requests" => requests = words.next().ok_or("--requests takes a number")?.parse()?,
            "load" | "memory" => parts.push(word.as_str()),
            _ => return Err(format!("no part is called {word}; they are load, memory").into()),
        }
    }
    let wanted = |part: &str| parts.is_empty() || parts.contains(&part);
    let mut goals = Vec::new();
    if wanted("load") {
        goals.extend(load::run()?);
    }
    if wanted("memory") {
        goals.extend(memory::run(requests)?);
    }
    println!("\n== goals");
    let row = |g: &Goal| {
        let met = if g.met { "met" } else { "FALLS SHORT" };
        vec![g.what.clone(), g.got.clone(), g.goal.to_owned(), met.to_owned()]
    };
    table::print(&["what", "got", "goal", ""], &[1], &goals.iter().map(row).collect::<Vec<_>>());
    Ok(true)
}

/// A site, an origin that answers at once, and a service that asks for its files.
struct Stand {
    site: Site,
    origin: Origin,
    clicks: Clicks,
}

impl Stand {
    fn on(site: Site) -> Try<Stand> {
        let bodies: Vec<(String, Vec<u8>)> = SIZES
            .iter()
            .map(|size| (size.bytes.to_string(), crate::bench::stuff::mixed(7, size.bytes)))
            .collect();
        let give = move |path: &str| {
            let (size, _) = path.split_once('/')?;
            bodies.iter().find(|(name, _)| name == size).map(|(_, body)| body.clone())
        };
        let origin = Origin::start(Arc::new(give), Duration::ZERO)?;
        let clicks = Clicks::connect(&site, "clicks")?;
        Ok(Stand { site, origin, clicks })
    }

    fn url(&self, size: &Size, id: &str) -> String {
        self.origin.url(&format!("{}/{id}.dat", size.bytes))
    }

    fn ask(&self, size: &Size, id: &str, number: usize) {
        let tenant = format!("tenant-{}", number % 16);
        self.clicks.ask(&click(id, &tenant, self.url(size, id), 0));
    }
}
