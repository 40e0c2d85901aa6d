//! From messages back to the facts of a decision. What a message does not say counts as the worse.

use airlock_policy::{Facts, GapClasses, Reason, Route, Sandbox};
use airlock_proto::v1::{self, Detonated, Inspected, NotFetched, Summary};
use airlock_proto::{Classification, Coverage, Delivery, FetchOutcome};
use serde::de::DeserializeOwned;

/// The route of a request's record.
pub fn route(word: &str) -> Route {
    v1::Route::from_str_name(word).unwrap_or_default().into()
}

/// Facts of a file that was scanned, and perhaps detonated.
pub fn scanned(inspected: &Inspected, sandbox: Sandbox, route: Route, deadline_passed: bool) -> Facts {
    let summary = inspected.summary.clone().unwrap_or_default();
    Facts {
        fetch: FetchOutcome::Downloaded,
        deadline_passed,
        delivery: if inspected.delivery == "page" {
            Delivery::Page
        } else {
            Delivery::Download
        },
        listed: summary.listed,
        classification: parse(&summary.classification).or(Some(Classification::Suspicious)),
        gaps: gaps(&summary),
        coverage: parse(&summary.coverage).unwrap_or(Coverage::None),
        sandbox,
        route,
        findings: reasons(&summary.findings),
        unseen: reasons(&summary.unseen),
    }
}

/// Facts of a link whose file we do not have.
pub fn not_fetched(how: NotFetched, route: Route) -> Facts {
    let outcome = match how {
        NotFetched::Refused => FetchOutcome::Refused,
        NotFetched::TimedOut => FetchOutcome::TimedOut,
        NotFetched::Unreachable | NotFetched::Unspecified => FetchOutcome::Unreachable,
    };
    Facts::not_fetched(outcome, route)
}

/// What the back-ends said; an answer that is none of ours is none.
pub fn sandbox(detonated: &Detonated) -> Sandbox {
    parse(&detonated.result).unwrap_or(Sandbox::Inconclusive)
}

/// The classification as a finished word, for the message.
pub fn words(facts: &Facts) -> (String, String) {
    let word = |value: serde_json::Result<serde_json::Value>| value.ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
    match facts.classification {
        Some(c) => (word(serde_json::to_value(c)), word(serde_json::to_value(facts.coverage))),
        None => (String::new(), String::new()),
    }
}

fn parse<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

fn gaps(summary: &Summary) -> GapClasses {
    GapClasses {
        password: summary.gap_password,
        limit: summary.gap_limit,
        damaged: summary.gap_damaged,
        unsupported: summary.gap_unsupported,
    }
}

fn reasons(all: &[v1::Reason]) -> Vec<Reason> {
    all.iter()
        .map(|r| Reason {
            id: r.id.clone(),
            text: r.text.clone(),
        })
        .collect()
}
