//! Decide, record, put the event into the outbox: one transaction, and the first verdict wins.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use airlock_policy::{Decision, DecisionKind, DecisionWord, Definition, Facts, Outcome, Remedy, decide};
use airlock_proto::Claims;
use airlock_proto::v1::{self, Downloaded, Inspected, Verdict};
use airlock_proto::wire::Form;
use airlock_queue::Failure;
use airlock_queue::topology::Lane;
use airlock_records::{Fairness, Finish, NewToken, NewVerdict, Records, RecordsError, RequestRow};
use airlock_store::{Store, blob_key};
use airlock_token::{SigningKey, Warrant};
use data_encoding::HEXLOWER;
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::facts;
use crate::outbox::Event;

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// Settings of the verdict.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Life of a token in milliseconds, from the verdict; at most 12 hours.
    pub token_life_ms: i64,
    /// Address of the gateway, as people reach it.
    pub base_url: String,
    /// What a tenant may have under way; a finished request makes room for one that waits.
    pub fairness: Fairness,
    /// Requests that are ended at once in the lane of bulk, by a dead letter or past their deadline, 1 or more. Those of one tenant wait for
    /// each other, each with a connection to the records: a click must find one all the same.
    pub bulk: usize,
}

/// Decides and records.
#[derive(Clone)]
pub struct Judge {
    pub(crate) records: Records,
    pub(crate) store: Store,
    pub(crate) key: Arc<SigningKey>,
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    definitions: Arc<Definitions>,
    pub(crate) bulk: Arc<Semaphore>,
}

/// What a verdict speaks of beside the facts.
pub(crate) struct Subject<'a> {
    /// The lane in which its event goes out: bulk for what nobody waits for any more, since thousands may end so at once.
    pub lane: Lane,
    pub inspected: Option<&'a Inspected>,
    /// Why there is no scan, for the person.
    pub why: Option<String>,
    /// Our own trouble: the outcome is `failed`.
    pub failed: bool,
}

impl Subject<'_> {
    /// Nothing but facts.
    pub(crate) fn of(lane: Lane) -> Self {
        Subject {
            lane,
            inspected: None,
            why: None,
            failed: false,
        }
    }
}

/// Definitions that requests were accepted under, by digest: one never changes. As many as there are policies in a process's life.
type Definitions = Mutex<HashMap<String, Arc<Definition>>>;

impl Judge {
    /// A judge; `clock` gives milliseconds since 1970.
    pub fn new(
        records: Records,
        store: Store,
        key: Arc<SigningKey>,
        settings: Settings,
        clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    ) -> Self {
        Judge {
            bulk: Arc::new(Semaphore::new(settings.bulk.max(1))),
            records,
            store,
            key,
            settings,
            clock,
            definitions: Arc::default(),
        }
    }

    /// The record of a request; what has none was never accepted, and gets no verdict.
    pub(crate) async fn row(&self, request_id: &str) -> Result<RequestRow, Failure> {
        let row = self.records.request(request_id).await.map_err(ours)?;
        row.ok_or_else(|| Failure::Never(format!("no request {} was accepted", airlock_proto::text::escape(request_id))))
    }

    /// Decides about a request and records it. The first verdict stands; a better one that comes later is told as a change.
    pub(crate) async fn judge(&self, row: &RequestRow, facts: Facts, subject: Subject<'_>) -> Result<(), Failure> {
        let definition = self.definition(row).await?;
        let mut decision = decide(&facts, &definition);
        let cleared = decision.cleared.take();
        let verdict = self.verdict(row, &facts, &decision, &subject);
        let record = subject.inspected.and_then(downloaded);
        let warrant = match (cleared, record) {
            (Some(cleared), Some(record)) => Some(Warrant::new(cleared, self.claims(row, record, &verdict))),
            _ => None,
        };
        let chunks = match (&warrant, subject.inspected) {
            (Some(_), Some(inspected)) => self.chunks(inspected).await?,
            _ => Vec::new(),
        };
        let form = Form::of(&row.request.form, "Verdict").unwrap_or_default();
        let event = Event::new("verdict.final", &row.request.service, form, &verdict, warrant.clone());
        let new = self.new_verdict(row, &verdict, warrant.as_ref(), chunks);
        let first = self
            .records
            .finish(&new, &[event.row(subject.lane)], self.settings.fairness)
            .await
            .map_err(ours)?;
        match first {
            Finish::First => tracing::info!(
                request = %row.request.request_id, decision = %new.decision, outcome = %new.outcome, "verdict"
            ),
            Finish::Already => tracing::info!(request = %row.request.request_id, "has its verdict"),
        }
        Ok(())
    }

    async fn definition(&self, row: &RequestRow) -> Result<Arc<Definition>, Failure> {
        let digest = &row.request.definition_digest;
        let known = self.definitions.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned();
        if let Some(definition) = known {
            return Ok(definition);
        }
        let text = self.records.definition(digest).await.map_err(ours)?;
        let text = text.ok_or_else(|| Failure::Later(format!("definition {digest} is not recorded")))?;
        let definition = Arc::new(Definition::from_toml(&text).map_err(|e| Failure::Never(e.to_string()))?);
        let mut definitions = self.definitions.lock().unwrap_or_else(PoisonError::into_inner);
        definitions.insert(digest.clone(), Arc::clone(&definition));
        Ok(definition)
    }

    fn verdict(&self, row: &RequestRow, facts: &Facts, decision: &Decision, subject: &Subject<'_>) -> Verdict {
        let record = subject.inspected.and_then(downloaded);
        let (classification, coverage) = facts::words(facts);
        let summary = subject.inspected.and_then(|i| i.summary.as_ref());
        let mut reasons: Vec<v1::Reason> = decision
            .reasons
            .iter()
            .map(|r| v1::Reason {
                id: r.id.clone(),
                text: r.text.clone(),
            })
            .collect();
        if let Some(why) = &subject.why {
            let id = if subject.failed { "line.failed" } else { "fetch.why" };
            reasons.push(v1::Reason {
                id: id.to_owned(),
                text: why.clone(),
            });
        }
        let mut notes = summary.map(|s| s.notes.clone()).unwrap_or_default();
        if record.is_some_and(|r| r.refetched) {
            notes.push("refetched".to_owned());
        }
        Verdict {
            request_id: row.request.request_id.clone(),
            kind: kind(decision.kind).into(),
            decision: word(decision.decision).into(),
            classification,
            coverage,
            outcome: if subject.failed {
                v1::Outcome::Failed
            } else {
                outcome(decision.outcome)
            }
            .into(),
            reasons,
            remedy: remedy(decision.remedy).into(),
            file_name: record.map(|r| r.file_name.clone()).unwrap_or_default(),
            sha256: record.map(|r| r.sha256.clone()).unwrap_or_default(),
            size: record.map(|r| r.size).unwrap_or_default(),
            needs_ack: decision.needs_ack,
            bundle: subject.inspected.map(|i| i.bundle.clone()).unwrap_or_default(),
            engine: subject.inspected.map(|i| i.engine.clone()).unwrap_or_default(),
            policy: row.request.definition_digest.clone(),
            notes,
            ..Verdict::default()
        }
    }

    fn claims(&self, row: &RequestRow, record: &Downloaded, verdict: &Verdict) -> Claims {
        let now = (self.clock)();
        let life = self.settings.token_life_ms.clamp(1_000, 12 * HOUR_MS);
        // Of the request alone: a redelivery before the commit makes the same token id.
        let id = Sha256::digest(format!("token/{}/{}", row.request.service, row.request.request_id).as_bytes());
        Claims {
            token_id: HEXLOWER.encode(id.get(..16).unwrap_or_default()),
            tenant: row.request.tenant.clone(),
            recipient: row.request.recipient.clone(),
            service: row.request.service.clone(),
            request_id: row.request.request_id.clone(),
            blob_key: record.key.clone(),
            sha256: record.sha256.clone(),
            size: record.size,
            file_name: record.file_name.clone(),
            needs_ack: false,
            policy: verdict.policy.clone(),
            bundle: verdict.bundle.clone(),
            expires_ms: now.saturating_add(life),
        }
    }

    fn new_verdict(&self, row: &RequestRow, verdict: &Verdict, warrant: Option<&Warrant>, chunks_sha256: Vec<String>) -> NewVerdict {
        let claims = warrant.map(Warrant::claims);
        let now = (self.clock)();
        let kept = claims.map_or(now, |c| c.expires_ms).saturating_add(HOUR_MS);
        NewVerdict {
            request_id: row.request.request_id.clone(),
            body: verdict.encode_to_vec(),
            decision: verdict.decision().as_str_name().to_owned(),
            outcome: verdict.outcome().as_str_name().to_owned(),
            sha256: Some(verdict.sha256.clone()).filter(|s| !s.is_empty()),
            size: verdict.size,
            chunks_sha256,
            decided_ms: now,
            token: claims.map(|claims| NewToken {
                token_id: claims.token_id.clone(),
                sha256: claims.sha256.clone(),
                blob_key: claims.blob_key.clone(),
                expires_ms: claims.expires_ms,
                claims: serde_json::to_vec(&warrant).unwrap_or_default(),
            }),
            blob_key: Some(blob_key(&row.request.tenant, &row.request.request_id)),
            blob_delete_after_ms: kept,
        }
    }

    /// Digests of the chunks that the gateway compares with.
    async fn chunks(&self, inspected: &Inspected) -> Result<Vec<String>, Failure> {
        let bytes = if inspected.chunks_key.is_empty() {
            inspected.chunks.clone()
        } else {
            let read = self.store.get(&inspected.chunks_key, 1 << 20).await;
            let bytes = read.map_err(|e| Failure::Later(e.to_string()))?.unwrap_or_default();
            if HEXLOWER.encode(&Sha256::digest(&bytes)) != inspected.chunks_sha256 {
                return Err(Failure::Never("the list of chunks is not the one that the scan wrote".to_owned()));
            }
            bytes.to_vec()
        };
        Ok(bytes.chunks(32).map(|digest| HEXLOWER.encode(digest)).collect())
    }
}

pub(crate) fn downloaded(inspected: &Inspected) -> Option<&Downloaded> {
    inspected.fetched.as_ref()?.downloaded.as_ref()
}

fn kind(kind: DecisionKind) -> v1::Kind {
    match kind {
        DecisionKind::Redirect => v1::Kind::Redirect,
        DecisionKind::Download => v1::Kind::Download,
        DecisionKind::None => v1::Kind::None,
    }
}

fn word(word: DecisionWord) -> v1::Decision {
    match word {
        DecisionWord::Release => v1::Decision::Release,
        DecisionWord::Warn => v1::Decision::Warn,
        DecisionWord::Block => v1::Decision::Block,
    }
}

fn outcome(outcome: Outcome) -> v1::Outcome {
    match outcome {
        Outcome::Scanned => v1::Outcome::Scanned,
        Outcome::NotScanned => v1::Outcome::NotScanned,
        Outcome::Refused => v1::Outcome::Refused,
        Outcome::Unreachable => v1::Outcome::Unreachable,
        Outcome::TimedOut => v1::Outcome::TimedOut,
    }
}

fn remedy(remedy: Option<Remedy>) -> v1::Remedy {
    match remedy {
        Some(Remedy::Password) => v1::Remedy::Password,
        Some(Remedy::Retry) => v1::Remedy::Retry,
        None => v1::Remedy::Unspecified,
    }
}

pub(crate) fn ours(error: RecordsError) -> Failure {
    match error {
        RecordsError::Unfit(why) => Failure::Never(why),
        error => Failure::Later(error.to_string()),
    }
}
