//! A verdict as JSON for people and scripts (CONTRACT section 4), in one order of keys.

use airlock_proto::v1::{Decision, Kind, Outcome, Remedy, Verdict};
use serde::Serialize;

/// What `airlock request --json` and `GET /v1/requests/<id>` show of a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    request_id: String,
    kind: &'static str,
    decision: &'static str,
    classification: Option<String>,
    coverage: Option<String>,
    outcome: &'static str,
    reasons: Vec<Reason>,
    remedy: Option<&'static str>,
    file_name: String,
    sha256: String,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    needs_ack: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    download_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    bundle: String,
    engine: String,
    policy: String,
    notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Reason {
    id: String,
    text: String,
}

impl From<Verdict> for Answer {
    fn from(verdict: Verdict) -> Self {
        let said = |text: String| (!text.is_empty()).then_some(text);
        let kind = match verdict.kind() {
            Kind::Redirect => "redirect",
            Kind::Download => "download",
            Kind::None | Kind::Unspecified => "none",
        };
        // What we do not know is never a release.
        let decision = match verdict.decision() {
            Decision::Release => "release",
            Decision::Warn => "warn",
            Decision::Block | Decision::Unspecified => "block",
        };
        let outcome = match verdict.outcome() {
            Outcome::Scanned => "scanned",
            Outcome::NotScanned => "not_scanned",
            Outcome::Refused => "refused",
            Outcome::Unreachable => "unreachable",
            Outcome::TimedOut => "timed_out",
            Outcome::Failed | Outcome::Unspecified => "failed",
        };
        let remedy = match verdict.remedy() {
            Remedy::Password => Some("password"),
            Remedy::Retry => Some("retry"),
            Remedy::Unspecified => None,
        };
        let expires = (verdict.expires_ms > 0)
            .then(|| {
                jiff::Timestamp::from_millisecond(verdict.expires_ms)
                    .ok()
                    .map(|time| time.to_string())
            })
            .flatten();
        let reasons = verdict.reasons.into_iter().map(|r| Reason { id: r.id, text: r.text }).collect();
        Answer {
            request_id: verdict.request_id,
            kind,
            decision,
            classification: said(verdict.classification),
            coverage: said(verdict.coverage),
            outcome,
            reasons,
            remedy,
            file_name: verdict.file_name,
            sha256: verdict.sha256,
            size: verdict.size,
            token: said(verdict.token),
            needs_ack: verdict.needs_ack,
            download_url: said(verdict.download_url),
            expires,
            bundle: verdict.bundle,
            engine: verdict.engine,
            policy: verdict.policy,
            notes: verdict.notes,
        }
    }
}
