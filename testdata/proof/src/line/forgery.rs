//! `airlock-proof forgery`: the broker user of fetch tries to end a request in every way that the topology leaves it, and one
//! calling service reaches for what is another's.

use std::sync::Arc;
use std::time::Duration;

use airlock_proto::v1::{Accepted, Decision, Detonated, Downloaded, Fetched, Inspected, Rejected, ScanRequest, Summary, Verdict};
use airlock_proto::wire::Form;
use airlock_queue::topology::{Lane, Queue, StageName};
use airlock_queue::{Exchange, Outgoing, QueueError};

use super::clicks::{Clicks, click};
use super::copied;
use super::ledger::essence;
use super::origin::Origin;
use super::site::Site;
use crate::{Outcome, table};

type Try<T> = Result<T, Box<dyn std::error::Error>>;

/// A file that honest runs block.
pub(super) const NAME: &str = "eicar.tar.xz";
pub(super) const PATIENCE: Duration = Duration::from_secs(90);

/// What may come of a way to forge.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The broker refuses it, and the request ends as the honest run says.
    RefusedByBroker,
    /// It arrives, and the request ends as the honest run says.
    Honest,
    /// It arrives and is buried: fetch may always fail what it is given to fetch, and no more.
    HonestOrFailed,
}

/// Runs it; true when all is as it must be.
pub fn run() -> Outcome {
    let files = airlock_forge::demo::files();
    let give = move |path: &str| {
        if path.starts_with("slow") {
            // Time enough for a forged word to be there first.
            std::thread::sleep(Duration::from_secs(6));
        }
        let name = path.rsplit('/').next()?;
        files.iter().find(|(n, _)| *n == name).map(|(_, bytes)| bytes.clone())
    };
    let origin = Origin::start(Arc::new(give), Duration::ZERO)?;
    let site = Site::cluster()?;
    let clicks = Clicks::connect(&site, "clicks")?;
    clicks.ask(&click("honest", "acme", origin.url(NAME), 0));
    let honest = essence(&clicks.verdict("honest", PATIENCE)?);
    println!("an honest run: {honest}");
    let (mut rows, mut good) = (Vec::new(), true);
    for (n, (what, end)) in ways().into_iter().enumerate() {
        let id = format!("forged-{n}");
        clicks.ask(&click(&id, "acme", origin.url(&format!("slow-{n}/{NAME}")), 0));
        let heard = clicks.wait(&id, "Accepted", PATIENCE).ok_or("not accepted")?;
        let said = clicks.say_as(&site, "fetch", forged(n, &id, &heard.message.decode()?));
        let refused = matches!(said, Err(QueueError::Refused(_)));
        let verdict = clicks.verdict(&id, PATIENCE)?;
        let is = essence(&verdict);
        let failed = is.contains("OUTCOME_FAILED") && verdict.decision() == Decision::Block && verdict.token.is_empty();
        let fits = match end {
            End::RefusedByBroker => refused && is == honest,
            End::Honest => said.is_ok() && is == honest,
            End::HonestOrFailed => said.is_ok() && (is == honest || failed),
        };
        good &= fits;
        let broker = if refused {
            "refused".to_owned()
        } else {
            said.map_or_else(|e| e.to_string(), |()| "taken".to_owned())
        };
        rows.push(vec![what.to_owned(), broker, is, if fits { String::new() } else { "✗".to_owned() }]);
    }
    table::print(&["as fetch", "broker", "the request ends", ""], &[], &rows);
    good &= copied::run(&site, &clicks, &origin, &honest)?;
    good &= fooled(&site, &clicks, &origin)?;
    good &= others(&site, &clicks, &origin)?;
    println!("forgery: {}", if good { "as it must be" } else { "NOT AS IT MUST BE" });
    Ok(good)
}

fn ways() -> Vec<(&'static str, End)> {
    use End::{Honest, HonestOrFailed, RefusedByBroker};
    vec![
        ("Inspected (clean) to verdict.click.v1", Honest),
        ("Detonated (clean) to verdict.click.v1", Honest),
        ("Accepted that reuses another request, to verdict.click.v1", Honest),
        ("Inspected down the ladder of verdict", RefusedByBroker),
        ("Inspected down the ladder of scan", RefusedByBroker),
        ("Inspected down its own ladder", HonestOrFailed),
        ("Inspected to sandbox.click.v1", RefusedByBroker),
        ("Inspected to scan.click.v1", HonestOrFailed),
        ("Inspected to fetch.click.v1", RefusedByBroker),
        ("Fetched with a file to verdict.click.v1", HonestOrFailed),
        ("Verdict as the event verdict.final.clicks", RefusedByBroker),
        ("Verdict as the event verdict.changed.clicks", RefusedByBroker),
        ("Verdict as the event progress.clicks", Honest),
        ("Inspected to dead.verdict", RefusedByBroker),
        ("Inspected to dead.fetch", HonestOrFailed),
        ("ScanRequest to request.click.v1", RefusedByBroker),
    ]
}

fn forged(way: usize, id: &str, accepted: &Accepted) -> Outgoing {
    let inspected = clean(accepted);
    let job = |stage, lane| Outgoing::job(stage, lane, id, &inspected);
    let (verdict, click) = (StageName::Verdict, Lane::Click);
    let on = |exchange, key: &str| Outgoing {
        exchange,
        key: key.to_owned(),
        ..job(verdict, click)
    };
    let event = |word| Outgoing::event(word, "clicks", id, &release(id), Form::Protobuf);
    match way {
        0 => job(verdict, click),
        1 => {
            let detonated = Detonated {
                inspected: Some(inspected.clone()),
                result: "clean".to_owned(),
                ..Detonated::default()
            };
            Outgoing::job(verdict, click, id, &detonated)
        }
        2 => {
            let reuse = Accepted {
                reuse_of: "honest".to_owned(),
                ..accepted.clone()
            };
            Outgoing::job(verdict, click, id, &reuse)
        }
        3 => on(Exchange::Retry(verdict, click), "1s"),
        4 => on(Exchange::Retry(StageName::Scan, click), "1s"),
        5 => on(Exchange::Retry(StageName::Fetch, click), "1s"),
        6 => job(StageName::Sandbox, click),
        7 => job(StageName::Scan, click),
        8 => job(StageName::Fetch, click),
        9 => Outgoing::job(verdict, click, id, &inspected.fetched.clone().unwrap_or_default()),
        10 => event("verdict.final"),
        11 => event("verdict.changed"),
        // It must be heard to be refused.
        12 => Outgoing {
            mandatory: true,
            ..event("progress")
        },
        13 => on(Exchange::Dead, "dead.verdict"),
        14 => on(Exchange::Dead, "dead.fetch"),
        _ => Outgoing::request(
            Lane::Click,
            &ScanRequest {
                request_id: id.to_owned(),
                ..accepted.request.clone().unwrap_or_default()
            },
        ),
    }
}

/// The best that could be said of a file.
pub(super) fn clean(accepted: &Accepted) -> Inspected {
    let sha256 = "ab".repeat(32);
    Inspected {
        fetched: Some(Fetched {
            accepted: Some(accepted.clone()),
            downloaded: Some(Downloaded {
                key: "acme/forged/blob".to_owned(),
                sha256: sha256.clone(),
                size: 10,
                file_name: "invoice.pdf".to_owned(),
                attachment: true,
                ..Downloaded::default()
            }),
            ..Fetched::default()
        }),
        delivery: "download".to_owned(),
        summary: Some(Summary {
            classification: "clean".to_owned(),
            coverage: "complete".to_owned(),
            format: "pdf".to_owned(),
            listed: true,
            ..Summary::default()
        }),
        chunks: vec![0xab; 32],
        ..Inspected::default()
    }
}

pub(super) fn release(id: &str) -> Verdict {
    Verdict {
        request_id: id.to_owned(),
        kind: airlock_proto::v1::Kind::Redirect.into(),
        decision: Decision::Release.into(),
        outcome: airlock_proto::v1::Outcome::Scanned.into(),
        classification: "clean".to_owned(),
        coverage: "complete".to_owned(),
        ..Verdict::default()
    }
}

/// `airlock request` is not fooled by a verdict that is none of the verdict stage's.
fn fooled(site: &Site, clicks: &Clicks, origin: &Origin) -> Outcome {
    let mut ask = site.airlock(&["request", "--json", "--wait", "60", "--request-id", "fooled"])?;
    ask.arg("--config").arg(other_service(site)?);
    let words: Vec<_> = ask.get_args().map(ToOwned::to_owned).collect();
    // The configuration is named once only: that of the service `others`.
    let at = words.iter().position(|w| w == "--config").ok_or("no configuration")?;
    let mut command = std::process::Command::new(ask.get_program());
    command
        .args(&words[..at])
        .args(&words[at + 2..])
        .arg(origin.url(&format!("slow-fooled/{NAME}")));
    let child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()?;
    std::thread::sleep(Duration::from_secs(3));
    let event = Outgoing::event("progress", "others", "fooled", &release("fooled"), Form::Protobuf);
    clicks.say_as(site, "fetch", event)?;
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let good = said.contains("\"block\"");
    println!(
        "`airlock request` beside a forged verdict event says: {}",
        if good { "block" } else { &said }
    );
    Ok(good)
}

fn other_service(site: &Site) -> Try<std::path::PathBuf> {
    let text = std::fs::read_to_string(site.path().join("airlock.toml"))?;
    let path = site.path().join("others.toml");
    std::fs::write(&path, text.replace("service = \"clicks\"", "service = \"others\""))?;
    Ok(path)
}

/// What is another service's: its events, and its request ids.
fn others(site: &Site, clicks: &Clicks, origin: &Origin) -> Outcome {
    let reads = clicks.may_read(site, "others", Queue::Events("clicks".to_owned()))?;
    println!("others reads the events of clicks: {}", if reads { "IT MAY" } else { "refused" });
    let others = Clicks::connect(site, "others")?;
    let before = clicks.heard().len();
    others.ask(&click("honest", "acme", origin.url(NAME), 0));
    let heard = others.wait("honest", "Rejected", PATIENCE).ok_or("a reused id is not rejected")?;
    let rejected: Rejected = heard.message.decode()?;
    std::thread::sleep(Duration::from_secs(2));
    let leaked = others.verdicts().contains_key("honest");
    let told = clicks.heard().len() - before;
    println!("others asks with an id of clicks: {} ({} events for clicks)", rejected.code, told);
    Ok(!reads && rejected.code == "conflict" && !leaked && told == 0)
}
