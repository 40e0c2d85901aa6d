//! A verdict as a person or a script reads it; the fields of the JSON are fixed by the contract.

use airlock_proto::text::escape;
use airlock_proto::v1::{Decision, Kind, Outcome, Reason, Remedy, Verdict};
use airlock_proto::{Classification, Coverage};
use serde_json::{Value, json};

use crate::exit::Status;

/// One line of JSON.
pub fn json(v: &Verdict) -> String {
    let some = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
    let mut object = json!({
        "request_id": v.request_id,
        "kind": word(v.kind().as_str_name(), "KIND_"),
        "decision": word(v.decision().as_str_name(), "DECISION_"),
        "classification": some(&v.classification),
        "coverage": some(&v.coverage),
        "outcome": word(v.outcome().as_str_name(), "OUTCOME_"),
        "reasons": v.reasons.iter().map(|r| json!({"id": r.id, "text": r.text})).collect::<Vec<_>>(),
        "remedy": match v.remedy() {
            Remedy::Password => Value::from("password"),
            Remedy::Retry => Value::from("retry"),
            Remedy::Unspecified => Value::Null,
        },
        "file_name": some(&v.file_name),
        "sha256": some(&v.sha256),
        "size": v.size,
        "needs_ack": v.needs_ack,
        "bundle": some(&v.bundle),
        "engine": some(&v.engine),
        "policy": v.policy,
        "notes": v.notes,
    });
    if handed_out(v)
        && let Some(object) = object.as_object_mut()
    {
        object.insert("token".to_owned(), Value::from(v.token.clone()));
        object.insert("download_url".to_owned(), Value::from(v.download_url.clone()));
        object.insert("expires".to_owned(), Value::from(time(v.expires_ms)));
    }
    object.to_string()
}

/// Some lines for a person.
pub fn plain(v: &Verdict) -> String {
    use std::fmt::Write as _;
    let mut text = word(v.decision().as_str_name(), "DECISION_");
    let judged = [v.classification.as_str(), v.coverage.as_str()];
    let judged: Vec<&str> = judged.into_iter().filter(|w| !w.is_empty()).collect();
    let outcome = word(v.outcome().as_str_name(), "OUTCOME_");
    let _ = write!(text, "  {}", if judged.is_empty() { outcome } else { judged.join(", ") });
    if !v.file_name.is_empty() {
        let _ = write!(text, "  {}, {} bytes", escape(&v.file_name), v.size);
    }
    for Reason { id, text: sentence } in &v.reasons {
        let _ = write!(text, "\n  - {} {id}", escape(sentence));
    }
    for note in &v.notes {
        let _ = write!(text, "\n  note: {}", escape(note));
    }
    if handed_out(v) {
        let _ = write!(text, "\n  until {}: {}", time(v.expires_ms), v.download_url);
    }
    text
}

/// The exit status: what was found, never what the policy decided.
pub fn status(v: &Verdict) -> Status {
    let parse = |word: &str| Value::from(word);
    match v.outcome() {
        Outcome::Refused | Outcome::Unreachable | Outcome::TimedOut => Status::NotFetched,
        Outcome::Scanned | Outcome::NotScanned => {
            let classification: Option<Classification> = serde_json::from_value(parse(&v.classification)).ok();
            let coverage: Option<Coverage> = serde_json::from_value(parse(&v.coverage)).ok();
            match (classification, coverage) {
                (Some(classification), Some(coverage)) => Status::of(classification, coverage),
                _ => Status::Failed,
            }
        }
        Outcome::Failed | Outcome::Unspecified => Status::Failed,
    }
}

fn handed_out(v: &Verdict) -> bool {
    v.kind() == Kind::Download && matches!(v.decision(), Decision::Release | Decision::Warn) && !v.token.is_empty()
}

fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_ascii_lowercase()
}

/// RFC 3339, in UTC, to the second.
fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| String::new(), |t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}
