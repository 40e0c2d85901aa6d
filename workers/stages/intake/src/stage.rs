//! Check, resolve, record: new, known, a re-click, or refused with a clear answer.

use std::sync::Arc;
use std::time::Duration;

use airlock_policy::{Action, InForce, Person, Route};
use airlock_proto::request::{DEADLINE_MS, DEADLINE_SANDBOX_MS, check};
use airlock_proto::secrets::{has_userinfo, without_userinfo};
use airlock_proto::v1::{Accepted, Rejected, ScanRequest};
use airlock_proto::wire::Form;
use airlock_queue::topology::{Lane, StageName};
use airlock_queue::{Failure, Incoming, Outgoing, Seldom, Stage};
use airlock_records::{Accept, Fairness, Mail, NewRequest, OutboxRow, Records, RecordsError};
use data_encoding::HEXLOWER;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use crate::events::{BEHIND, PlainRow, TOPIC, WAITS};
use crate::policies::Policies;

/// How long a request waits for the records; RabbitMQ takes a delivery back after half an hour.
const PATIENCE: Duration = Duration::from_secs(1200);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(500);
/// How long what can wait does so at most.
const LULL: Duration = Duration::from_secs(1);
/// So many requests in hand are no crowd.
const FEW: usize = 16;

/// Limits of intake.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// What a tenant may have under way and waiting.
    pub fairness: Fairness,
}

/// Lets requests in.
pub struct Intake {
    records: Records,
    policies: Policies,
    settings: Settings,
    clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    in_hand: watch::Sender<usize>,
}

impl Intake {
    /// The stage; `clock` gives milliseconds since 1970.
    pub fn new(records: Records, policies: Policies, settings: Settings, clock: Arc<dyn Fn() -> i64 + Send + Sync>) -> Self {
        Intake {
            records,
            policies,
            settings,
            clock,
            in_hand: watch::Sender::new(0),
        }
    }

    /// Ends when hardly any request is in hand, or after a second: what can wait does not take the broker from those that come.
    pub async fn lull(&self) {
        let mut in_hand = self.in_hand.subscribe();
        let _ = tokio::time::timeout(LULL, in_hand.wait_for(|many| *many <= FEW)).await;
    }

    /// While the records are away the delivery stays ours. Down the ladder it would come back as a message of intake: whose
    /// request it is stands nowhere but in the name of its sender, which the broker has checked.
    async fn accept_in_time(&self, message: &Incoming) -> Result<Vec<Outgoing>, Failure> {
        if message.sender.parse::<StageName>().is_ok() {
            return Err(Failure::Never("the service that asked is not known any more".to_owned()));
        }
        let until = tokio::time::Instant::now() + PATIENCE;
        let mut said = Seldom::default();
        loop {
            match self.accept(message).await {
                Err(Failure::Later(why)) if tokio::time::Instant::now() < until => {
                    if said.is_due() {
                        tracing::warn!(request = %airlock_proto::text::escape(&message.request_id), %why, "not recorded yet");
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                Err(Failure::Later(why)) => return Err(Failure::Never(why)),
                // What the records can never keep is the fault of the request: it is answered, and holds up nobody.
                Err(Failure::Never(why)) => {
                    tracing::error!(request = %airlock_proto::text::escape(&message.request_id), %why, "cannot be recorded");
                    let form = message.form.unwrap_or_default();
                    return Ok(vec![reject(message, "invalid", "the request holds what cannot be recorded", form)]);
                }
                done => return done,
            }
        }
    }

    async fn accept(&self, message: &Incoming) -> Result<Vec<Outgoing>, Failure> {
        // Who says no form that we know is answered in the one that the body looks like.
        let form = message.form.unwrap_or(if message.body.trim_ascii_start().starts_with(b"{") {
            Form::Json
        } else {
            Form::Protobuf
        });
        let request = match message.decode::<ScanRequest>() {
            Ok(request) => request,
            Err(why) => return Ok(vec![reject(message, "invalid", &why.to_string(), form)]),
        };
        let request = match check(request) {
            Ok(request) => request,
            Err(faults) => return Ok(vec![reject(message, "invalid", &faults.join("; "), form)]),
        };
        if request.request_id != message.request_id {
            let text = "message-id must be the request_id of the body";
            let named = Some(&message.request_id).filter(|id| !id.is_empty()).unwrap_or(&request.request_id);
            return Ok(vec![rejection(&message.sender, named, "invalid", text, form)]);
        }
        let now = (self.clock)();
        let definition = self.policies.now().resolve(Person {
            tenant: &request.tenant,
            recipient: &request.recipient,
            route: request.route().into(),
        });
        let row = row(&request, message, &definition, now);
        // A re-click is a request of its own in the records, answered by the verdict stage with the verdict that is live.
        // A link with a name and password is refused each time: what is known of the one without says nothing about it.
        let live = if has_userinfo(&request.url) {
            None
        } else {
            self.records.live(&row, now).await.map_err(ours)?
        };
        let stage = if live.is_some() { StageName::Verdict } else { StageName::Fetch };
        let accepted = accepted(&row, &request, &definition, live.unwrap_or_default());
        let job = Outgoing::job(stage, message.lane, &row.request_id, &accepted);
        self.write(&row, &definition, &job, &accepted, message.lane, form).await
    }

    async fn write(
        &self,
        row: &NewRequest,
        definition: &InForce,
        job: &Outgoing,
        accepted: &Accepted,
        lane: Lane,
        form: Form,
    ) -> Result<Vec<Outgoing>, Failure> {
        let event = Outgoing::event("accepted", &row.service, &row.request_id, &public(accepted), form);
        // A tenant that floods goes on in the lane of those who wait: its backlog at a stage is never before another's click.
        let beside = Outgoing {
            key: job.key.replace(".click.", ".bulk."),
            ..job.clone()
        };
        let beside = PlainRow::of(&beside, BEHIND);
        let event_row = PlainRow::of(&event, TOPIC);
        let said = |topic: &str| OutboxRow {
            topic: topic.to_owned(),
            ..event_row.clone()
        };
        let mail = Mail {
            waits: vec![said(WAITS)],
            placed: vec![said(BEHIND), beside.clone()],
            waited: vec![beside],
            first: vec![event_row, PlainRow::of(job, TOPIC)],
        };
        let fairness = self.settings.fairness;
        match self
            .records
            .accept(row.clone(), &definition.text, mail, fairness)
            .await
            .map_err(ours)?
        {
            Accept::New | Accept::Waiting => Ok(Vec::new()),
            Accept::Known(known) if known.verdict.is_some() => {
                // The same request again: the verdict stage has the key, and sends its answer again.
                let again = Accepted {
                    reuse_of: row.request_id.clone(),
                    ..accepted.clone()
                };
                Ok(vec![event, Outgoing::job(StageName::Verdict, lane, &row.request_id, &again)])
            }
            Accept::Known(_) => Ok(vec![event]),
            Accept::Conflict => Ok(vec![rejection(
                &row.service,
                &row.request_id,
                "conflict",
                "this request_id was used for another request; choose a new one",
                form,
            )]),
            Accept::Full => Ok(vec![rejection(
                &row.service,
                &row.request_id,
                "too_many",
                "too many requests of this tenant are waiting; try again later",
                form,
            )]),
        }
    }
}

impl Stage for Intake {
    fn name(&self) -> StageName {
        StageName::Intake
    }

    fn handle<'a>(&'a self, message: &'a Incoming) -> BoxFuture<'a, Result<Vec<Outgoing>, Failure>> {
        async move {
            let _in_hand = InHand::one_more(&self.in_hand);
            self.accept_in_time(message).await
        }
        .boxed()
    }
}

/// A request that is worked on; dropped when it is done.
struct InHand<'a>(&'a watch::Sender<usize>);

impl<'a> InHand<'a> {
    fn one_more(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|many| *many = many.saturating_add(1));
        InHand(count)
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|many| *many = many.saturating_sub(1));
    }
}

fn reject(message: &Incoming, code: &str, text: &str, form: Form) -> Outgoing {
    rejection(&message.sender, &message.request_id, code, text, form)
}

fn rejection(service: &str, request_id: &str, code: &str, text: &str, form: Form) -> Outgoing {
    let rejected = Rejected {
        request_id: request_id.to_owned(),
        code: code.to_owned(),
        text: airlock_proto::text::cut(text, 1000),
    };
    let said = airlock_proto::text::cut(&airlock_proto::text::escape(request_id), 200);
    tracing::info!(%service, request = %said, %code, "rejected");
    let event = Outgoing::event("rejected", service, request_id, &rejected, form);
    // One id may be rejected for several things, and only the same one is a duplicate.
    let digest = Sha256::digest([code, text].join(": "));
    let digest = HEXLOWER.encode(digest.get(..6).unwrap_or_default());
    Outgoing {
        id: format!("{}-{digest}", event.id),
        ..event
    }
}

fn row(request: &ScanRequest, message: &Incoming, definition: &InForce, now: i64) -> NewRequest {
    let may_detonate = definition.action == Action::Sandbox || Route::from(request.route()) != Route::Inbound;
    let deadline = match request.deadline_ms {
        0 if may_detonate => DEADLINE_SANDBOX_MS,
        0 => DEADLINE_MS,
        ms => ms,
    };
    NewRequest {
        request_id: request.request_id.clone(),
        service: message.sender.clone(),
        // Over the message, not its bytes: JSON and protobuf of the same request are one.
        body_sha256: hex(&request.encode_to_vec()),
        tenant: request.tenant.clone(),
        url: without_userinfo(&request.url),
        recipient: request.recipient.to_ascii_lowercase(),
        route: request.route().as_str_name().to_owned(),
        secrets_sha256: hex(request.passwords.join("\0").as_bytes()),
        definition_digest: definition.digest.clone(),
        lane: message.lane.to_string(),
        form: message.form.unwrap_or_default().content_type("Verdict"),
        received_ms: now,
        notify_ms: now.saturating_add(i64::from(request.notify_after_ms)),
        deadline_ms: now.saturating_add(i64::from(deadline)),
    }
}

fn accepted(row: &NewRequest, request: &ScanRequest, definition: &InForce, reuse_of: String) -> Accepted {
    Accepted {
        request: Some(request.clone()),
        service: row.service.clone(),
        definition_digest: row.definition_digest.clone(),
        definition: definition.settings.clone(),
        received_at_ms: row.received_ms,
        notify_at_ms: row.notify_ms,
        deadline_at_ms: row.deadline_ms,
        lane: row.lane.clone(),
        reuse_of,
        form: match Form::of(&row.form, "Verdict") {
            Some(Form::Json) => "json".to_owned(),
            _ => String::new(),
        },
    }
}

/// What the calling service hears: no passwords, no definition.
fn public(accepted: &Accepted) -> Accepted {
    let mut public = Accepted {
        definition: String::new(),
        reuse_of: String::new(),
        form: String::new(),
        ..accepted.clone()
    };
    if let Some(request) = public.request.as_mut() {
        request.passwords.clear();
    }
    public
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

fn ours(error: RecordsError) -> Failure {
    match error {
        RecordsError::Unfit(why) => Failure::Never(why),
        error => Failure::Later(error.to_string()),
    }
}
