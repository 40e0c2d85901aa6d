//! What is recorded, as plain data: kept in one place, for a person reads it as one list.

use sha2::{Digest, Sha256};
/// A request as intake has accepted it. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRequest {
    /// The idempotency key.
    pub request_id: String,
    /// The calling service, as the broker validated it.
    pub service: String,
    /// Digest of what the service said: tells a repetition from another request under the same id.
    pub body_sha256: String,
    /// Whose click it is; fairness counts by it.
    pub tenant: String,
    /// The link.
    pub url: String,
    /// Who clicked.
    pub recipient: String,
    /// `inbound`, `outbound` or `journal`.
    pub route: String,
    /// Digest of the passwords offered; the passwords themselves are never recorded.
    pub secrets_sha256: String,
    /// The definition in force.
    pub definition_digest: String,
    /// `click` or `bulk`.
    pub lane: String,
    /// In which form the service asked, and is answered.
    pub form: String,
    /// When it was accepted.
    pub received_ms: i64,
    /// When the person is told that it takes long.
    pub notify_ms: i64,
    /// When a verdict must be there.
    pub deadline_ms: i64,
}

impl NewRequest {
    /// One digest over all that must be equal for a verdict to be given again. The fields are too long for an index.
    pub(crate) fn click(&self) -> String {
        let mut hash = Sha256::new();
        for part in [
            &self.service,
            &self.tenant,
            &self.recipient,
            &self.url,
            &self.route,
            &self.secrets_sha256,
            &self.definition_digest,
        ] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        data_encoding::HEXLOWER.encode(&hash.finalize())
    }
}

/// A message that goes out exactly when the transaction that wrote it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// For the relay; the records do not read it.
    pub topic: String,
    /// For the relay; the records do not read it.
    pub body: Vec<u8>,
}

/// The messages of a request: what goes out depends on how many of its tenant are under way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mail {
    /// When it is one of the first.
    pub first: Vec<OutboxRow>,
    /// When it has a place behind those.
    pub placed: Vec<OutboxRow>,
    /// When it has none, in the meantime.
    pub waits: Vec<OutboxRow>,
    /// When it has waited and gets one.
    pub waited: Vec<OutboxRow>,
}

/// How much one tenant may have on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fairness {
    /// Requests that are the first: a burst of them is all that another tenant's click can be behind.
    pub first: u32,
    /// Requests without a verdict that are worked on at once, the first ones included.
    pub in_flight: u32,
    /// Requests that wait beyond those; one more is refused.
    pub queued: u32,
}

impl Default for Fairness {
    fn default() -> Self {
        Fairness {
            first: 2,
            in_flight: 64,
            queued: 10_000,
        }
    }
}

/// What became of a request at the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accept {
    /// Recorded with a place.
    New,
    /// Recorded; it waits until a place of the tenant is free.
    Waiting,
    /// The same request (id, service and body) was recorded before; nothing was written.
    Known(Box<RequestRow>),
    /// The id belongs to another request; nothing was written.
    Conflict,
    /// The tenant's waiting room is full; nothing was written.
    Full,
}

/// A recorded request and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// As it was accepted.
    pub request: NewRequest,
    /// `waiting`, `running` or `done`.
    pub state: String,
    /// There exactly when the state is `done`.
    pub verdict: Option<VerdictRow>,
}

impl std::ops::Deref for RequestRow {
    type Target = NewRequest;
    fn deref(&self) -> &NewRequest {
        &self.request
    }
}

/// The one terminal verdict of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerdictRow {
    /// Whose verdict it is.
    pub request_id: String,
    /// As it is sent; the records do not read it.
    pub body: Vec<u8>,
    /// `release`, `warn` or `block`.
    pub decision: String,
    /// `scanned`, `failed`, …
    pub outcome: String,
    /// Digest of the file, where there was one.
    pub sha256: Option<String>,
    /// When it was decided.
    pub decided_ms: i64,
    /// The right to download, revoked or expired ones included.
    pub token: Option<TokenRow>,
}

/// A token that a verdict brings into the world. The token itself is not recorded, only what it claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// The primary key. A second verdict may name a token that is there, if digest and blob are the same (a click again).
    pub token_id: String,
    /// Digest of the file.
    pub sha256: String,
    /// Where the file lies.
    pub blob_key: String,
    /// When it ends.
    pub expires_ms: i64,
    /// What is signed; the records do not read it.
    pub claims: Vec<u8>,
}

/// A token and all that the gateway must know to honour it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// The primary key.
    pub token_id: String,
    /// The request that first brought it.
    pub request_id: String,
    /// Digest of the file.
    pub sha256: String,
    /// Where the file lies.
    pub blob_key: String,
    /// When it ends.
    pub expires_ms: i64,
    /// What is signed.
    pub claims: Vec<u8>,
    /// When it was revoked, if it was.
    pub revoked_ms: Option<i64>,
    /// Why.
    pub revoked_why: Option<String>,
    /// Digest of every chunk of 1 MiB, in order.
    pub chunks_sha256: Vec<String>,
    /// Length of the file in bytes.
    pub size: u64,
    /// Whose it is.
    pub tenant: String,
    /// The link.
    pub url: String,
    /// Who clicked.
    pub recipient: String,
    /// Who asked.
    pub service: String,
}

/// A verdict to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVerdict {
    /// The primary key: the first verdict wins.
    pub request_id: String,
    /// As it is sent.
    pub body: Vec<u8>,
    /// `release`, `warn` or `block`.
    pub decision: String,
    /// `scanned`, `failed`, …
    pub outcome: String,
    /// Digest of the file, where there was one.
    pub sha256: Option<String>,
    /// Its length in bytes.
    pub size: u64,
    /// Digest of every chunk of 1 MiB, in order.
    pub chunks_sha256: Vec<String>,
    /// When it was decided.
    pub decided_ms: i64,
    /// There exactly when the file may be downloaded.
    pub token: Option<NewToken>,
    /// The file's place in the store, where there is one.
    pub blob_key: Option<String>,
    /// When that place may be cleared; never before a token that speaks of it has expired.
    pub blob_delete_after_ms: i64,
}

/// Whether this verdict is the one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// It is recorded.
    First,
    /// Another was there; nothing was written.
    Already,
}

/// How many of what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status {
    /// Requests that are worked on.
    pub running: u64,
    /// Requests that wait for a place of their tenant.
    pub waiting: u64,
    /// Requests with a verdict.
    pub done: u64,
    /// Messages that are to go out, those kept back not counted.
    pub outbox: u64,
}
