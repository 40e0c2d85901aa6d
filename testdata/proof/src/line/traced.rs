//! One click with a trace of its caller: every stage's span is in it, each the child of the one before, and so is the verdict.

use std::collections::BTreeSet;
use std::time::Duration;

use airlock_queue::Outgoing;
use airlock_queue::topology::Lane;

use super::clicks::{Clicks, click};
use super::collector::Collector;
use super::origin::Origin;
use super::site::Site;
use crate::Outcome;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
/// The spans of a click, in their order.
const SPANS: [&str; 4] = ["intake ScanRequest", "fetch Accepted", "scan Fetched", "verdict Inspected"];

/// Runs it over a site that sends its spans to the collector; true when all is as it must be.
pub fn run(site: &Site, collector: &Collector, origin: &Origin) -> Outcome {
    let clicks = Clicks::connect(site, "clicks")?;
    let request = click("traced", "acme", origin.url("clean.docx"), 0);
    let message = Outgoing {
        trace: Some(format!("00-{TRACE}-{CALLER}-01")),
        ..Outgoing::request(Lane::Click, &request)
    };
    clicks.say_as(site, "clicks", message)?;
    let heard = clicks.wait("traced", "Verdict", Duration::from_secs(60)).ok_or("no verdict")?;
    let trace = data_encoding::HEXLOWER.decode(TRACE.as_bytes())?;
    let spans = collector.spans(&trace, SPANS.len(), Duration::from_secs(20));
    let names: BTreeSet<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    let caller = data_encoding::HEXLOWER.decode(CALLER.as_bytes())?;
    let known = |parent: &[u8]| parent == caller || spans.iter().any(|span| span.span_id == parent);
    let linked = spans.iter().all(|span| known(&span.parent_span_id));
    let answered = heard.message.trace.as_deref().is_some_and(|t| t.split('-').nth(1) == Some(TRACE));
    println!(
        "the collector has of the caller's trace: {}; the verdict carries {}",
        names.iter().copied().collect::<Vec<_>>().join(", "),
        heard.message.trace.as_deref().unwrap_or("none")
    );
    Ok(SPANS.iter().all(|name| names.contains(name)) && linked && answered)
}
