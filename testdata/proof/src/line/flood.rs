//! `airlock-proof flood`: one tenant asks for thousands of links at once; another tenant's click does not wait for them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::clicks::{Clicks, click};
use super::origin::Origin;
use super::site::Site;
use crate::Outcome;

const NAME: &str = "clean.docx";
/// Clicks of the other tenant, at rest and in the flood.
const CLICKS: usize = 5;

/// Runs it; true when all is as it must be.
pub fn run(words: &[String]) -> Outcome {
    let many: usize = match words {
        [] => 10_000,
        [option, value] if option == "--requests" => value.parse()?,
        _ => return Err("flood takes --requests N".into()),
    };
    let files = airlock_forge::demo::files();
    let body = files.into_iter().find(|(n, _)| *n == NAME).map(|(_, b)| b);
    // A web server of the internet answers in tenths of a second, not in none.
    let origin = Origin::start(Arc::new(move |_: &str| body.clone()), Duration::from_millis(300))?;
    let site = Site::cluster()?;
    // A service each: what waits within the client of the one is not the line's.
    let (floods, clicks) = (Clicks::elsewhere(&site, "clicks")?, Clicks::connect(&site, "others")?);
    // The first one warms the line up.
    times(&clicks, &origin, "warm", &|n| n < 1)?;
    let rest = times(&clicks, &origin, "rest", &|n| n < CLICKS)?;
    let begin = Instant::now();
    for i in 0..many {
        floods.ask(&click(
            &format!("flood-{i}"),
            "flooder",
            origin.url(&format!("flood/{i}/{NAME}")),
            3_600_000,
        ));
    }
    let coming = || floods.taken() < many && begin.elapsed() < Duration::from_secs(120);
    let (during, whole, behind) = std::thread::scope(|scope| {
        let during = scope.spawn(|| times(&clicks, &origin, "during", &|_| coming()).map_err(|e| e.to_string()));
        while coming() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let whole = begin.elapsed();
        let behind = times(&clicks, &origin, "behind", &|n| n < CLICKS);
        (during.join(), whole, behind)
    });
    let (during, behind) = (during.map_err(|_| "the clicks broke off")??, behind?);
    let done = floods.verdicts().keys().filter(|id| id.starts_with("flood-")).count();
    println!(
        "at rest {rest}; right behind another tenant's {many} requests {behind}; {done} of them done {:.1} s after the first",
        begin.elapsed().as_secs_f64()
    );
    println!(
        "the broker took them in {:.1} s, {:.0} a second, from a sender that has what the others leave it of the cores: meanwhile {during}",
        whole.as_secs_f64(),
        many as f64 / whole.as_secs_f64().max(0.001)
    );
    if floods.taken() < many {
        println!("the broker took {} of the flood alone", floods.taken());
    }
    println!("the slowest of those:{}; and of those behind:{}", during.steps, behind.steps);
    // It must come far faster than it is worked off.
    let busy = floods.taken() == many && done < many / 10;
    if done >= many / 10 {
        println!("that many of the flood were done before the clicks were: it shows nothing");
    }
    // Each of them is a person who waits, also while the flood is still coming.
    let good = busy && behind.slowest.max(during.slowest) <= rest.median * 2;
    println!("flood: {}", if good { "as it must be" } else { "NOT AS IT MUST BE" });
    Ok(good)
}

/// How long it took from a click to its verdict, and to its acceptance.
struct Times {
    clicks: usize,
    median: Duration,
    slowest: Duration,
    accepted: Duration,
    /// What was heard of the slowest, and when.
    steps: String,
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [median, slowest, accepted] = [self.median, self.slowest, self.accepted].map(|time| time.as_millis());
        write!(
            f,
            "{median} ms (the slowest of {} {slowest} ms, accepted after {accepted} ms)",
            self.clicks
        )
    }
}

/// One click after the other, as long as one more is wanted after so many.
fn times(clicks: &Clicks, origin: &Origin, word: &str, more: &dyn Fn(usize) -> bool) -> Result<Times, Box<dyn std::error::Error>> {
    let (mut verdicts, mut accepted, mut steps) = (Vec::new(), Vec::new(), String::new());
    while more(verdicts.len()) {
        let id = format!("b-{word}-{}", verdicts.len());
        let begin = Instant::now();
        clicks.ask(&click(&id, "quiet", origin.url(&format!("{word}/{}/{NAME}", verdicts.len())), 0));
        for (kind, times) in [("Accepted", &mut accepted), ("Verdict", &mut verdicts)] {
            let heard = clicks.wait(&id, kind, Duration::from_secs(120)).ok_or("no answer to a click")?;
            times.push(heard.at.saturating_duration_since(begin));
        }
        if verdicts.iter().max() == verdicts.last() {
            steps = clicks
                .heard()
                .iter()
                .filter(|heard| heard.message.request_id == id)
                .fold(String::new(), |steps, heard| {
                    let (kind, sender, at) = (
                        &heard.message.kind,
                        &heard.message.sender,
                        heard.at.saturating_duration_since(begin),
                    );
                    format!("{steps} {kind} of {sender} {}", at.as_millis())
                });
        }
    }
    Ok(Times {
        clicks: verdicts.len(),
        slowest: verdicts.iter().max().copied().unwrap_or_default(),
        median: median(verdicts),
        accepted: median(accepted),
        steps,
    })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
