//! Load, inspect behind the wall, classify, keep the report, and say what a decision needs.

use std::sync::Arc;

use airlock_jail::{Bench, Turn};
use airlock_policy::{Definition, Facts, Route, classify, delivery, detonate, shown_format};
use airlock_proto::frame::JobHeader;
use airlock_proto::v1::{self, Accepted, Downloaded, Fetched, Inspected, Progress};
use airlock_proto::{HeaderFacts, Limits, Report};
use airlock_queue::topology::{Lane, StageName};
use airlock_queue::{Broker, Failure, Incoming, Outgoing, Stage};
use airlock_store::{Store, blob_key, report_key};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sha2::{Digest as _, Sha256};

use crate::{blob, summary};

/// Most bytes of chunk digests within a message (640 MiB of file); longer lists are an object of their own.
const MAX_INLINE_CHUNKS: usize = 640 * 32;

/// What every result of this process says of its engine.
#[derive(Debug, Clone)]
pub struct Ids {
    /// Id of the rule pack.
    pub bundle: String,
    /// Versions of our code and the rule engine.
    pub engine: String,
}

/// Scans for the line.
pub struct Scan {
    bench: Arc<Bench>,
    store: Store,
    broker: Arc<dyn Broker>,
    limits: Limits,
    ids: Ids,
    notes: Vec<String>,
    clock: fn() -> i64,
}

impl Scan {
    /// The stage. `notes` go into every result (rule files that were skipped).
    pub fn new(
        bench: Arc<Bench>,
        store: Store,
        broker: Arc<dyn Broker>,
        limits: Limits,
        ids: Ids,
        notes: Vec<String>,
        clock: fn() -> i64,
    ) -> Self {
        Scan {
            bench,
            store,
            broker,
            limits,
            ids,
            notes,
            clock,
        }
    }

    async fn scan(&self, message: &Incoming) -> Result<Vec<Outgoing>, Failure> {
        let mut fetched: Fetched = message.decode()?;
        let mut accepted = fetched.accepted.take().unwrap_or_default();
        let mut record = fetched.downloaded.take().unwrap_or_default();
        // A body of another request or of none, or a file of another request: no attempt later makes it fit.
        let fits = |r: &v1::ScanRequest| r.request_id == message.request_id && record.key == blob_key(&r.tenant, &r.request_id);
        if !accepted.request.as_ref().is_some_and(fits) {
            return Err(Failure::Never("the message does not fit its request".to_owned()));
        }
        if accepted.deadline_at_ms <= (self.clock)() {
            // The sweeper of the verdict stage answers for it: the word of scan counts only with a report.
            tracing::warn!(request = %message.request_id, "past its deadline");
            return Ok(Vec::new());
        }
        // Nobody waits for what only shows how far it is.
        let ((), loaded) = tokio::join!(self.progress(&accepted, record.size), blob::load(&self.store, &record));
        let loaded = loaded?;
        let headers = headers(&record);
        let header = self.header(&accepted, &headers, &record);
        let bench = Arc::clone(&self.bench);
        let turn = match message.lane {
            Lane::Click => Turn::First,
            Lane::Bulk => Turn::Behind,
        };
        let looked = tokio::task::spawn_blocking(move || bench.inspect_in(turn, header, &loaded.file));
        let outcome = looked.await.map_err(|e| Failure::Later(e.to_string()))?;
        let mut report = outcome.map_err(|e| Failure::Later(e.to_string()))?.report;
        report.notes.extend(self.notes.iter().cloned());
        let tenant = accepted.request.as_ref().map(|r| r.tenant.clone()).unwrap_or_default();
        let key = report_key(&tenant, &message.request_id);
        let (kept, (chunks, chunks_key, chunks_sha256)) = tokio::try_join!(self.keep(&key, &report), self.chunks(&key, loaded.chunks))?;
        let assessment = classify(&report);
        let delivery = delivery(&headers, shown_format(&report, &headers));
        let route = accepted.request.as_ref().map_or(Route::Inbound, |r| r.route().into());
        let facts = Facts::scanned(&report, &assessment, delivery, route);
        let definition = Definition::from_toml(&accepted.definition).unwrap_or_default();
        let ask = detonate(&facts, &definition);
        strip(&mut accepted);
        // What was said of the hops is in the log; the verdict needs it no more.
        record.hops.clear();
        let inspected = Inspected {
            summary: Some(summary::of(&facts, &report, assessment.score)),
            fetched: Some(Fetched {
                accepted: Some(accepted),
                downloaded: Some(record),
                ..Fetched::default()
            }),
            delivery: summary::word(&delivery),
            report_key: key,
            report_sha256: kept,
            bundle: self.ids.bundle.clone(),
            engine: self.ids.engine.clone(),
            chunks,
            chunks_key,
            chunks_sha256,
        };
        let next = if ask { StageName::Sandbox } else { StageName::Verdict };
        Ok(vec![Outgoing::job(next, message.lane, &message.request_id, &inspected)])
    }

    fn header(&self, accepted: &Accepted, headers: &HeaderFacts, record: &Downloaded) -> JobHeader {
        let name = if record.file_name.is_empty() {
            "download"
        } else {
            &record.file_name
        };
        JobHeader {
            name: name.to_owned(),
            declared_type: headers.declared_type.clone(),
            content_encoding: headers.content_encoding.clone(),
            passwords: accepted.request.as_ref().map(|r| r.passwords.clone()).unwrap_or_default(),
            limits: self.limits.clone(),
            input_cut_bytes: 0,
            sha256: None,
        }
    }

    /// Puts the report into the store; its digest.
    async fn keep(&self, key: &str, report: &Report) -> Result<String, Failure> {
        let bytes = serde_json::to_vec(report).map_err(|e| Failure::Never(e.to_string()))?;
        let digest = HEXLOWER.encode(&Sha256::digest(&bytes));
        self.store
            .put(key, Bytes::from(bytes))
            .await
            .map_err(|e| Failure::Later(e.to_string()))?;
        Ok(digest)
    }

    async fn chunks(&self, report_key: &str, chunks: Vec<u8>) -> Result<(Vec<u8>, String, String), Failure> {
        if chunks.len() <= MAX_INLINE_CHUNKS {
            return Ok((chunks, String::new(), String::new()));
        }
        let key = format!("{report_key}-chunks");
        let digest = HEXLOWER.encode(&Sha256::digest(&chunks));
        self.store
            .put(&key, Bytes::from(chunks))
            .await
            .map_err(|e| Failure::Later(e.to_string()))?;
        Ok((Vec::new(), key, digest))
    }

    async fn progress(&self, accepted: &Accepted, bytes: u64) {
        let id = accepted.request.as_ref().map(|r| r.request_id.clone()).unwrap_or_default();
        let progress = Progress {
            request_id: id.clone(),
            stage: "scan".to_owned(),
            bytes,
            total: bytes,
        };
        let _ = self
            .broker
            .publish(Outgoing::event("progress", &accepted.service, &id, &progress, accepted.asked_in()))
            .await;
    }
}

impl Stage for Scan {
    fn name(&self) -> StageName {
        StageName::Scan
    }

    fn handle<'a>(&'a self, message: &'a Incoming) -> BoxFuture<'a, Result<Vec<Outgoing>, Failure>> {
        self.scan(message).boxed()
    }
}

/// Passwords and the text of the definition end here.
fn strip(accepted: &mut Accepted) {
    if let Some(request) = accepted.request.as_mut() {
        request.passwords.clear();
    }
    accepted.definition.clear();
}

fn headers(record: &Downloaded) -> HeaderFacts {
    let some = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
    HeaderFacts {
        attachment: record.attachment,
        file_name: some(&record.file_name),
        declared_type: some(&record.declared_type),
        content_encoding: record.content_encoding.clone(),
    }
}
