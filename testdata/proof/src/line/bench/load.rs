//! Jobs a second at full load, and the time from a request to its verdict at half of it.

use std::time::{Duration, Instant};

use super::bare::{chain, per_second, put_and_get, s3};
use super::{SIZES, Size, Stand, Try, stages};
use crate::bench::Goal;
use crate::line::site::Site;
use crate::{measure, scan, table};

/// Requests whose times are taken.
const TIMED: usize = 200;
/// Links of the plain scan that the line is held against.
const PLAIN: usize = 100;

/// Runs the part.
pub fn run() -> Try<Vec<Goal>> {
    println!("== load");
    let embedded = Stand::on(Site::folder()?)?;
    let (mut jobs, mut times) = (Vec::new(), Vec::new());
    let mut goals = Vec::new();
    let mut embedded_speeds = Vec::new();
    for size in &SIZES {
        let speed = full(&embedded, size, "e")?;
        embedded_speeds.push(speed);
        times.push(timed(&embedded, size, "embedded", speed, plain(&embedded, size)?)?.0);
    }
    drop(embedded);
    let cluster = Stand::on(Site::cluster()?)?;
    let servers = cluster.site.servers.as_ref().ok_or("a cluster has servers")?;
    for (size, embedded) in SIZES.iter().zip(embedded_speeds) {
        let chain = chain(servers, size)?;
        let blobs = put_and_get(&s3(servers), size)?;
        let speed = full(&cluster, size, "c")?;
        let (row, added) = timed(&cluster, size, "six processes", speed, plain(&cluster, size)?)?;
        times.push(row);
        let figure = |n: f64| format!("{n:.1}");
        let share = format!("{:.2}", speed / chain);
        jobs.push(
            [
                vec![size.name.to_owned()],
                [speed, embedded, chain, blobs].map(figure).to_vec(),
                vec![share.clone()],
            ]
            .concat(),
        );
        if size.bytes == SIZES[0].bytes {
            goals.push(Goal {
                what: format!("jobs/s of six processes for {} files against the bare chain", size.name),
                got: share,
                goal: "at least 0.33",
                met: speed * 3.0 >= chain,
            });
            goals.push(Goal {
                what: format!("what the line adds to a plain scan of {} files, median at half load", size.name),
                got: format!("{added:.1} ms"),
                goal: "under 40 ms",
                met: added < 40.0,
            });
        }
    }
    println!();
    let heads = [
        "file",
        "six processes",
        "embedded",
        "bare chain of 5 hops",
        "bare put + get",
        "share of the chain",
    ];
    println!("jobs a second");
    table::print(&heads, &[1, 2, 3, 4, 5], &jobs);
    println!("\nmilliseconds from the request to its verdict, at half of these jobs a second");
    let heads = ["file", "line", "p50", "p95", "p99", "a plain scan of the link", "added to it, p50"];
    table::print(&heads, &[2, 3, 4, 5, 6], &times);
    Ok(goals)
}

/// Jobs a second with as many under way as the size allows.
fn full(stand: &Stand, size: &Size, word: &str) -> Try<f64> {
    // The first ones warm everything up, and do not count.
    stand.flow(size, &format!("warm-{word}"), size.window.min(32))?;
    let time = stand.flow(size, &format!("full-{word}"), size.jobs)?;
    Ok(per_second(size.jobs, time))
}

impl Stand {
    /// Asks for so many files, at most a window of them under way; the time until the last verdict.
    pub fn flow(&self, size: &Size, word: &str, jobs: usize) -> Try<Duration> {
        let before = self.clicks.count("Verdict");
        let begin = Instant::now();
        let mut moved = begin;
        let (mut asked, mut last) = (0, 0);
        loop {
            let done = self.clicks.count("Verdict") - before;
            if done > last {
                (last, moved) = (done, Instant::now());
            }
            if done >= jobs {
                return Ok(begin.elapsed());
            }
            while asked < jobs && asked < done + size.window {
                self.ask(size, &format!("{word}-{}-{asked}", size.bytes), asked);
                asked += 1;
            }
            if moved.elapsed() > Duration::from_secs(60) {
                return Err(format!("{word}: {done} of {jobs} verdicts, and none for a minute").into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The table's row at half load, and what the median is above a plain scan, in milliseconds.
fn timed(stand: &Stand, size: &Size, line: &str, speed: f64, plain: f64) -> Try<(Vec<String>, f64)> {
    let jobs = TIMED.min(size.jobs);
    let before = stages::spent(stand)?;
    let every = Duration::from_secs_f64(2.0 / speed.max(0.1));
    let begin = Instant::now();
    let mut asked = Vec::new();
    for n in 0..jobs {
        let due = every * u32::try_from(n)?;
        std::thread::sleep(due.saturating_sub(begin.elapsed()));
        let id = format!("half-{}-{n}", size.bytes);
        asked.push((id.clone(), Instant::now()));
        stand.ask(size, &id, n);
    }
    let mut times = Vec::new();
    for (id, at) in &asked {
        let heard = stand
            .clicks
            .wait(id, "Verdict", Duration::from_secs(60))
            .ok_or("a verdict is missing")?;
        times.push(heard.at.saturating_duration_since(*at).as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "{line}, {}: mean ms in the hands of {}",
        size.name,
        stages::between(&before, &stages::spent(stand)?)
    );
    let at = |percent: usize| {
        times
            .get((times.len() * percent / 100).min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0.0)
    };
    let added = at(50) - plain;
    let figures = [at(50), at(95), at(99), plain, added].map(|n| format!("{n:.1}"));
    Ok(([vec![size.name.to_owned(), line.to_owned()], figures.to_vec()].concat(), added))
}

/// Milliseconds that `airlock scan` needs for a link to such a file, without its own start.
fn plain(stand: &Stand, size: &Size) -> Try<f64> {
    let scan = |many: usize| {
        let mut command = std::process::Command::new(scan::beside("airlock")?);
        command.args(["scan", "--json", "--jobs", "1", "--allow-address", "127.0.0.0/8"]);
        command.args((0..many).map(|n| stand.url(size, &format!("plain-{n}"))));
        measure::run(&mut command)
    };
    let (one, all) = (scan(1)?, scan(PLAIN + 1)?);
    #[allow(clippy::cast_precision_loss, reason = "a small count")]
    Ok((all.wall - one.wall) * 1000.0 / PLAIN as f64)
}
