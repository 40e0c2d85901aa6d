//! Rows of the outbox that the verdict stage writes: the verdict and the claims of its token, never the token.

use airlock_proto::v1::Verdict;
use airlock_proto::wire::{Form, decode};
use airlock_queue::Outgoing;
use airlock_queue::topology::Lane;
use airlock_records::OutboxRow;
use airlock_token::{SigningKey, Warrant};
use prost::Message as _;
use serde::{Deserialize, Serialize};

/// Topics of these rows, one for each lane: only the process with the key relays them.
pub fn topic(lane: Lane) -> &'static str {
    match lane {
        Lane::Click => "verdict",
        Lane::Bulk => "verdict.bulk",
    }
}

/// One event that waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// `verdict.final` or `verdict.changed`.
    pub word: String,
    /// The calling service.
    pub service: String,
    /// The form in which it asked.
    pub form: Form,
    /// The verdict in protobuf, without its token.
    pub verdict: Vec<u8>,
    /// What the token says.
    pub warrant: Option<Warrant>,
    /// The W3C `traceparent` of the work that came to it.
    #[serde(default)]
    pub trace: Option<String>,
}

impl Event {
    /// The row; it goes out beside those of the other lane, not behind them.
    pub fn row(&self, lane: Lane) -> OutboxRow {
        OutboxRow {
            topic: topic(lane).to_owned(),
            // Plain data with text keys: it always serialises.
            body: serde_json::to_vec(self).unwrap_or_default(),
        }
    }

    /// Reads a row.
    pub fn of(row: &OutboxRow) -> Option<Event> {
        serde_json::from_slice(&row.body).ok()
    }

    /// The message, with its token; signing is deterministic, so an event that is published again is the same to the byte.
    pub fn message(&self, key: &SigningKey, base_url: &str) -> Option<Outgoing> {
        let mut verdict: Verdict = decode(&self.verdict, Form::Protobuf).ok()?;
        if let Some(warrant) = &self.warrant {
            let claims = warrant.claims();
            verdict.token = key.sign(warrant);
            verdict.download_url = format!("{}/d/{}", base_url.trim_end_matches('/'), verdict.token);
            verdict.expires_ms = claims.expires_ms;
            verdict.needs_ack = claims.needs_ack;
        }
        Some(Outgoing {
            trace: self.trace.clone(),
            ..Outgoing::event(&self.word, &self.service, &verdict.request_id, &verdict, self.form)
        })
    }

    /// The message of a release that was taken back before it was sent, or since.
    pub fn revoked(&self, key: &SigningKey, base_url: &str) -> Option<Outgoing> {
        let verdict: Verdict = decode(&self.verdict, Form::Protobuf).ok()?;
        let event = Event {
            verdict: verdict.revoked().encode_to_vec(),
            warrant: None,
            ..self.clone()
        };
        let message = event.message(key, base_url)?;
        // Another answer than the one before, so no duplicate of it.
        Some(Outgoing {
            id: format!("{}/revoked", message.id),
            ..message
        })
    }

    /// An event of a verdict.
    pub fn new(word: &str, service: &str, form: Form, verdict: &Verdict, warrant: Option<Warrant>) -> Event {
        Event {
            word: word.to_owned(),
            service: service.to_owned(),
            form,
            verdict: verdict.encode_to_vec(),
            warrant,
            trace: airlock_queue::current_trace(),
        }
    }
}
