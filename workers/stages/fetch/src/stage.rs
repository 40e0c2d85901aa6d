//! The stage: Accepted in, Fetched out. The body goes to the store under the request's own key, and the record of it last.

use std::sync::Arc;
use std::time::Duration;

use airlock_proto::FetchOutcome;
use airlock_proto::request::is_name;
use airlock_proto::v1::{self, Accepted, Downloaded, NotFetched, Progress, ScanRequest};
use airlock_queue::topology::StageName;
use airlock_queue::{Broker, Failure, Incoming, Outgoing, Stage};
use airlock_store::{Store, StoreError, Writer, blob_key, fetched_key};
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::claim::Claim;
use crate::turn::Turns;
use crate::{BlobSink, Fetched, Fetcher, Hints};

/// Longest record of a fetch in bytes.
const MAX_RECORD_BYTES: usize = 64 * 1024;
/// How long a message waits for the process that has its double, in milliseconds.
const OTHERS_MS: i64 = 60_000;

/// Fetches for the line.
pub struct Fetch {
    fetcher: Fetcher,
    store: Store,
    broker: Arc<dyn Broker>,
    clock: fn() -> i64,
    turns: Turns,
}

impl Fetch {
    /// The stage; `broker` is for progress, `clock` gives milliseconds since 1970.
    pub fn new(fetcher: Fetcher, store: Store, broker: Arc<dyn Broker>, clock: fn() -> i64) -> Self {
        Fetch {
            fetcher,
            store,
            broker,
            clock,
            turns: Turns::default(),
        }
    }

    async fn fetch(&self, message: &Incoming) -> Result<Vec<Outgoing>, Failure> {
        let mut accepted: Accepted = message.decode()?;
        let request = accepted.request.clone().unwrap_or_default();
        // A body of another request, or of none: no attempt later makes it fit.
        if request.request_id != message.request_id || !is_name(&request.tenant) {
            return Err(Failure::Never("the message does not fit its request".to_owned()));
        }
        let _turn = self.turns.take(&request.request_id).await;
        let key = fetched_key(&request.tenant, &request.request_id);
        // Somebody noted an attempt before: one that died or failed, or another process that has the same message now.
        let claim = Claim::new(&request.tenant, &request.request_id);
        let first = claim.take(&self.store).await?;
        let left = || accepted.deadline_at_ms.saturating_sub((self.clock)());
        if !first {
            // A finished transfer of an earlier attempt is used again: one completed GET. Where none is, another may be at work.
            let at_work = !message.redelivered && message.attempt == 0;
            let patience = if at_work { left().clamp(0, OTHERS_MS) } else { 0 };
            if let Some(record) = self.finished(&key, patience).await? {
                return Ok(vec![downloaded(accepted, record, message)]);
            }
        }
        // Asked again: waiting for another takes its time.
        let left = left();
        if left <= 0 {
            return Ok(vec![not_fetched(
                &mut accepted,
                NotFetched::TimedOut,
                "the deadline has passed",
                message,
            )]);
        }
        if !first {
            claim.overrule(&self.store).await?;
        }
        // Nobody waits for what only shows how far it is.
        let ((), transferred) = tokio::join!(self.progress(&accepted, 0), self.transfer(&request, left));
        match transferred? {
            Ok((fetched, blob)) => {
                let refetched = !first || !claim.stands(&self.store).await?;
                let record = record(fetched, blob, refetched);
                let bytes = Bytes::from(prost::Message::encode_to_vec(&record));
                let ((), put) = tokio::join!(self.progress(&accepted, record.size), self.store.put(&key, bytes));
                put.map_err(ours)?;
                Ok(vec![downloaded(accepted, record, message)])
            }
            Err((how, why)) => Ok(vec![not_fetched(&mut accepted, how, why, message)]),
        }
    }

    /// The record of a finished transfer, once it is there; `None` when it is not within the patience.
    async fn finished(&self, key: &str, patience_ms: i64) -> Result<Option<Downloaded>, Failure> {
        let patience = Duration::from_millis(u64::try_from(patience_ms).unwrap_or_default());
        let until = tokio::time::Instant::now() + patience;
        loop {
            let bytes = self.store.get(key, MAX_RECORD_BYTES).await.map_err(ours)?;
            if let Some(record) = bytes.and_then(|bytes| <Downloaded as prost::Message>::decode(bytes).ok()) {
                return Ok(Some(record));
            }
            if tokio::time::Instant::now() >= until {
                return Ok(None);
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// One GET into the store. The outer error is ours, the inner one a fact about the link.
    async fn transfer(
        &self,
        request: &ScanRequest,
        left_ms: i64,
    ) -> Result<Result<(Fetched, String), (NotFetched, &'static str)>, Failure> {
        let blob = blob_key(&request.tenant, &request.request_id);
        let hints = Hints {
            user_agent: request.user_agent.clone(),
            accept_language: request.accept_language.clone(),
            time_left_ms: u64::try_from(left_ms).unwrap_or_default(),
        };
        let mut sink = Blob(self.store.writer(&blob).await.map_err(ours)?);
        match self.fetcher.fetch_as(&request.url, &hints, &mut sink).await {
            Ok(fetched) => {
                sink.0.finish().await.map_err(ours)?;
                Ok(Ok((fetched, blob)))
            }
            Err(error) => {
                // What cannot be taken away now the collector of blobs takes.
                let _ = sink.0.abort().await;
                if error.is_ours() {
                    return Err(Failure::Later(error.to_string()));
                }
                // The exact reason is for the log alone: it may tell of our network.
                tracing::info!(request = %request.request_id, %error, "not fetched");
                let how = match error.kind() {
                    FetchOutcome::Refused => NotFetched::Refused,
                    FetchOutcome::TimedOut => NotFetched::TimedOut,
                    FetchOutcome::Unreachable | FetchOutcome::Downloaded => NotFetched::Unreachable,
                };
                Ok(Err((how, error.coarse())))
            }
        }
    }

    /// Nobody may be listening, and nothing depends on it.
    async fn progress(&self, accepted: &Accepted, bytes: u64) {
        let id = accepted.request.as_ref().map(|r| r.request_id.clone()).unwrap_or_default();
        let progress = Progress {
            request_id: id.clone(),
            stage: "fetch".to_owned(),
            bytes,
            total: 0,
        };
        let event = Outgoing::event("progress", &accepted.service, &id, &progress, accepted.asked_in());
        let _ = self.broker.publish(event).await;
    }
}

impl Stage for Fetch {
    fn name(&self) -> StageName {
        StageName::Fetch
    }

    fn handle<'a>(&'a self, message: &'a Incoming) -> BoxFuture<'a, Result<Vec<Outgoing>, Failure>> {
        self.fetch(message).boxed()
    }
}

struct Blob(Writer);

impl BlobSink for Blob {
    fn write<'a>(&'a mut self, chunk: &'a [u8]) -> BoxFuture<'a, std::io::Result<()>> {
        async move { self.0.write(chunk).await.map_err(std::io::Error::other) }.boxed()
    }
}

fn record(fetched: Fetched, key: String, refetched: bool) -> Downloaded {
    Downloaded {
        key,
        sha256: fetched.sha256,
        size: fetched.len,
        file_name: fetched.headers.file_name.unwrap_or_default(),
        attachment: fetched.headers.attachment,
        declared_type: fetched.headers.declared_type.unwrap_or_default(),
        content_encoding: fetched.headers.content_encoding,
        hops: fetched
            .hops
            .into_iter()
            .map(|hop| v1::Hop {
                scheme: hop.scheme,
                host: hop.host,
                status: u32::from(hop.status),
            })
            .collect(),
        refetched,
    }
}

fn downloaded(accepted: Accepted, record: Downloaded, message: &Incoming) -> Outgoing {
    let fetched = v1::Fetched {
        accepted: Some(accepted),
        downloaded: Some(record),
        ..v1::Fetched::default()
    };
    Outgoing::job(StageName::Scan, message.lane, &message.request_id, &fetched)
}

fn not_fetched(accepted: &mut Accepted, how: NotFetched, why: &str, message: &Incoming) -> Outgoing {
    if let Some(request) = accepted.request.as_mut() {
        request.passwords.clear();
    }
    let fetched = v1::Fetched {
        accepted: Some(accepted.clone()),
        not_fetched: how.into(),
        why: why.to_owned(),
        ..v1::Fetched::default()
    };
    Outgoing::job(StageName::Verdict, message.lane, &message.request_id, &fetched)
}

pub(crate) fn ours(error: StoreError) -> Failure {
    Failure::Later(error.to_string())
}
