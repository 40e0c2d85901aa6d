//! A message with what the broker keeps beside its body.

use airlock_proto::secrets::without_secrets;
use airlock_proto::v1::ScanRequest;
use airlock_proto::wire::{Form, Undecodable, Wire, decode, encode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::topology::{EVENT_WORDS, Lane, Rung, StageName};

/// Longest idempotency key in bytes: a short string of AMQP.
const MAX_ID_BYTES: usize = 255;

/// Where a message is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exchange {
    /// `airlock.requests`: services to intake.
    Requests,
    /// `airlock.jobs`: between stages.
    Jobs,
    /// `airlock.events`: to services.
    Events,
    /// `airlock.dlx`: what cannot be worked on.
    Dead,
    /// `airlock.retry.<stage>.<lane>`: the ladder of one stage; the key is the rung.
    Retry(StageName, Lane),
}

impl Exchange {
    /// Its name at the broker.
    pub fn name(self) -> String {
        match self {
            Exchange::Requests => "airlock.requests".to_owned(),
            Exchange::Jobs => "airlock.jobs".to_owned(),
            Exchange::Events => "airlock.events".to_owned(),
            Exchange::Dead => "airlock.dlx".to_owned(),
            Exchange::Retry(stage, lane) => format!("airlock.retry.{stage}.{lane}"),
        }
    }
}

/// A message on its way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Where to.
    pub exchange: Exchange,
    /// Routing key.
    pub key: String,
    /// Name of the message, `Accepted`.
    pub kind: String,
    /// Form of the body.
    pub form: Form,
    /// Idempotency key: the same for a message that is published again.
    pub id: String,
    /// The request that it belongs to; it stands beside the body too, so that an undecodable body still has its request.
    pub request_id: String,
    /// The body, at most 64 KiB.
    #[serde(with = "crate::body")]
    pub body: Vec<u8>,
    /// That nobody takes it is an error.
    pub mandatory: bool,
    /// How often its stage has tried it.
    pub attempt: u32,
    /// W3C `traceparent`.
    pub trace: Option<String>,
    /// Why the last attempt failed.
    pub why: Option<String>,
}

impl Outgoing {
    /// A message for the next stage.
    pub fn job<M: Wire>(stage: StageName, lane: Lane, request_id: &str, message: &M) -> Self {
        Outgoing {
            exchange: Exchange::Jobs,
            key: format!("{stage}.{lane}.v1"),
            kind: M::NAME.to_owned(),
            form: Form::Protobuf,
            id: id(request_id, M::NAME),
            request_id: request_id.to_owned(),
            body: encode(message, Form::Protobuf),
            mandatory: true,
            attempt: 0,
            trace: crate::trace::current(),
            why: None,
        }
    }

    /// A request of a calling service to intake.
    pub fn request(lane: Lane, request: &ScanRequest) -> Self {
        Outgoing {
            exchange: Exchange::Requests,
            key: format!("request.{lane}.v1"),
            id: request.request_id.clone(),
            ..Outgoing::job(StageName::Intake, lane, &request.request_id, request)
        }
    }

    /// An event for a calling service: `word` is `accepted`, `rejected`, `progress`, `verdict.final` or `verdict.changed`.
    pub fn event<M: Wire>(word: &str, service: &str, request_id: &str, message: &M, form: Form) -> Self {
        Outgoing {
            exchange: Exchange::Events,
            key: format!("{word}.{service}"),
            form,
            body: encode(message, form),
            mandatory: word != "progress",
            ..Outgoing::job(StageName::Verdict, Lane::Click, request_id, message)
        }
    }
}

impl Outgoing {
    /// Whose queue it goes to: the calling service of an event, the stage and lane of a job.
    pub fn receiver(&self) -> &str {
        let service = |word: &&str| self.key.strip_prefix(word)?.strip_prefix('.');
        match self.exchange {
            Exchange::Events => EVENT_WORDS.iter().find_map(service).unwrap_or(&self.key),
            _ => &self.key,
        }
    }
}

/// The idempotency key of a message of a request. What a service calls a request may leave no room for the rest: then a digest
/// stands for it, and the whole name beside the body.
fn id(request_id: &str, name: &str) -> String {
    if request_id.len().saturating_add(name.len()) < MAX_ID_BYTES {
        return format!("{request_id}/{name}");
    }
    format!("{}/{name}", URL_SAFE_NO_PAD.encode(Sha256::digest(request_id)))
}

/// A message that was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The lane of the queue that it came from.
    pub lane: Lane,
    /// Name of the message.
    pub kind: String,
    /// Form of the body; `None` when the content type is none of ours.
    pub form: Option<Form>,
    /// Idempotency key.
    pub id: String,
    /// The request that it says it belongs to.
    pub request_id: String,
    /// The broker-validated user that published it; empty when it said none.
    pub sender: String,
    /// It came down the stage's own ladder.
    pub retried: bool,
    /// It came by a key that is not its queue's, or with copies to other keys: the broker checks the first key of a message alone.
    pub stray: bool,
    /// The body.
    pub body: Vec<u8>,
    /// How often the stage has tried it before.
    pub attempt: u32,
    /// The broker delivered it before, or may have.
    pub redelivered: bool,
    /// W3C `traceparent`.
    pub trace: Option<String>,
    /// Why the last attempt failed, or why it was buried.
    pub why: Option<String>,
    /// When it was published, in milliseconds since 1970; 0 when not said.
    pub sent_ms: i64,
}

impl Incoming {
    /// Reads the body as a message.
    ///
    /// # Errors
    /// Another message, another form, or undecodable.
    pub fn decode<M: Wire>(&self) -> Result<M, Undecodable> {
        if self.kind != M::NAME {
            return Err(Undecodable(format!("a {} where a {} is expected", self.kind, M::NAME)));
        }
        let form = self.form.ok_or_else(|| {
            Undecodable(format!(
                "content-type must be application/json or {}",
                Form::Protobuf.content_type(M::NAME)
            ))
        })?;
        decode(&self.body, form)
    }

    /// The same message on its way to a rung of a ladder, or to its grave, where it lies without passwords.
    pub fn again(&self, exchange: Exchange, key: String, why: &str) -> Outgoing {
        let buried = exchange == Exchange::Dead;
        let form = self.form.unwrap_or_default();
        let bare = buried.then(|| without_secrets(&self.kind, &self.body, form)).flatten();
        Outgoing {
            exchange,
            key,
            kind: self.kind.clone(),
            form: self.form.unwrap_or_default(),
            id: self.id.clone(),
            request_id: self.request_id.clone(),
            body: bare.unwrap_or_else(|| self.body.clone()),
            mandatory: true,
            attempt: self.attempt.saturating_add(1),
            trace: self.trace.clone(),
            why: Some(airlock_proto::text::cut(&airlock_proto::text::escape(why), 500)),
        }
    }

    /// One rung further on the ladder of its stage.
    pub fn later(&self, stage: StageName, why: &str) -> Outgoing {
        let rung = Rung::after(self.attempt);
        self.again(Exchange::Retry(stage, self.lane), rung.to_string(), why)
    }
}

#[cfg(test)]
mod tests {
    use airlock_proto::v1::Rejected;

    use super::*;

    #[test]
    fn an_answer_to_a_long_name_has_a_short_id() {
        let of = |length: usize| {
            let request_id = "r".repeat(length);
            Outgoing::event("rejected", "clicks", &request_id, &Rejected::default(), Form::Json)
        };
        assert_eq!(of(3).id, "rrr/Rejected");
        for length in 240..260 {
            assert!(of(length).id.len() <= MAX_ID_BYTES && of(length).request_id.len() == length);
        }
        assert_ne!(of(254).id, of(255).id);
        assert_eq!(of(255).id, of(255).id);
    }

    #[test]
    fn all_events_of_a_service_have_one_receiver() {
        let of = |exchange, key: &str| {
            let message = Outgoing {
                exchange,
                key: key.to_owned(),
                ..Outgoing::request(Lane::Click, &ScanRequest::default())
            };
            message.receiver().to_owned()
        };
        for word in EVENT_WORDS {
            assert_eq!(of(Exchange::Events, &format!("{word}.a.final.b")), "a.final.b");
        }
        assert_eq!(of(Exchange::Jobs, "fetch.bulk.v1"), "fetch.bulk.v1");
    }
}
