//! The one writer: what has gathered is committed in one transaction, and confirmed after it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot, watch};

use super::store;
use crate::message::{Incoming, Outgoing};
use crate::seldom::Seldom;
use crate::topology::Queue;

/// Most operations of one transaction.
const BATCH: usize = 256;

/// A handle to the writer.
#[derive(Clone)]
pub struct Writer {
    work: mpsc::Sender<Work>,
    well: Arc<AtomicBool>,
}

type Answer<T> = oneshot::Sender<Result<T, String>>;

enum Op {
    Publish(Box<(Outgoing, Vec<Queue>, String, i64, i64)>),
    Claim(Queue, Option<String>, i64, i64),
    Remove(i64),
    Release(i64, bool),
    Renew(Vec<i64>, i64),
    Depth(String),
    /// What was written goes into the file itself, and nothing of it stays in the log beside it.
    Tidy,
}

#[derive(Debug)]
enum Done {
    Nothing,
    Claimed(Vec<(i64, Incoming)>),
    Flag(bool),
    Count(i64),
}

struct Work {
    op: Op,
    answer: Answer<Done>,
}

impl Writer {
    /// Starts the task; it ends when the last handle is gone. `path` is the file of `connection`.
    pub fn start(path: &Path, connection: SqliteConnection, tell: Arc<watch::Sender<u64>>) -> Writer {
        let (work, inbox) = mpsc::channel(1024);
        let well = Arc::new(AtomicBool::new(true));
        let desk = Desk {
            path: path.to_owned(),
            connection: Some(connection),
            well: Arc::clone(&well),
            said: Seldom::default(),
        };
        tokio::spawn(run(desk, inbox, tell));
        Writer { work, well }
    }

    /// Whether the last transaction was written.
    pub fn is_well(&self) -> bool {
        self.well.load(Ordering::Acquire)
    }

    async fn ask(&self, op: Op) -> Result<Done, String> {
        let (answer, reply) = oneshot::channel();
        let gone = "the queue is closed";
        self.work.send(Work { op, answer }).await.map_err(|_| gone.to_owned())?;
        reply.await.map_err(|_| gone.to_owned())?
    }

    /// Writes a message; back when it is on the disk.
    pub async fn publish(&self, message: Outgoing, queues: Vec<Queue>, sender: String, now: i64, visible: i64) -> Result<(), String> {
        self.ask(Op::Publish(Box::new((message, queues, sender, now, visible))))
            .await
            .map(drop)
    }

    /// Takes messages of a queue.
    pub async fn claim(&self, queue: &Queue, of: Option<String>, limit: usize, now: i64) -> Result<Vec<(i64, Incoming)>, String> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        match self.ask(Op::Claim(queue.clone(), of, limit, now)).await? {
            Done::Claimed(messages) => Ok(messages),
            other => Err(format!("{other:?}")),
        }
    }

    /// Done with; `false` when it was gone before.
    pub async fn remove(&self, id: i64) -> bool {
        matches!(self.ask(Op::Remove(id)).await, Ok(Done::Flag(true)))
    }

    /// Back into the queue.
    pub async fn release(&self, id: i64, attempted: bool) {
        let _ = self.ask(Op::Release(id, attempted)).await;
    }

    /// The same where nothing can be awaited.
    pub fn release_soon(&self, id: i64, attempted: bool) {
        let (answer, _) = oneshot::channel();
        // Where the channel is full or closed the lease ends by itself.
        let _ = self.work.try_send(Work {
            op: Op::Release(id, attempted),
            answer,
        });
    }

    /// Longer leases.
    pub async fn renew(&self, ids: Vec<i64>, now: i64) {
        let _ = self.ask(Op::Renew(ids, now)).await;
    }

    /// Empties the log beside the file.
    pub async fn tidy(&self) {
        let _ = self.ask(Op::Tidy).await;
    }

    /// Messages in a queue.
    pub async fn depth(&self, queue: String) -> Result<u64, String> {
        match self.ask(Op::Depth(queue)).await? {
            Done::Count(n) => Ok(u64::try_from(n).unwrap_or_default()),
            other => Err(format!("{other:?}")),
        }
    }
}

/// The one connection that writes. After an error it is closed: a full disk ends a transaction under the driver, which goes on counting it.
struct Desk {
    path: PathBuf,
    connection: Option<SqliteConnection>,
    well: Arc<AtomicBool>,
    said: Seldom,
}

impl Desk {
    async fn write(&mut self, ops: &[Op]) -> Result<Vec<Done>, String> {
        match self.commit(ops).await {
            Ok(done) => {
                if !self.well.swap(true, Ordering::AcqRel) {
                    self.said = Seldom::default();
                    tracing::info!(file = %self.path.display(), "the queue writes again");
                }
                Ok(done)
            }
            Err(error) => {
                self.well.store(false, Ordering::Release);
                if let Some(connection) = self.connection.take() {
                    let _ = connection.close().await;
                }
                let why = error.to_string();
                if self.said.is_due() {
                    tracing::error!(file = %self.path.display(), %why, "the queue cannot write; nothing is delivered until it can");
                }
                Err(why)
            }
        }
    }

    async fn commit(&mut self, ops: &[Op]) -> sqlx::Result<Vec<Done>> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(store::connect(&self.path).await?),
        };
        let done = commit(connection, ops, !self.well.load(Ordering::Acquire)).await?;
        if ops.iter().any(|op| matches!(op, Op::Tidy)) {
            store::tidy(connection).await?;
        }
        Ok(done)
    }
}

async fn run(mut desk: Desk, mut inbox: mpsc::Receiver<Work>, tell: Arc<watch::Sender<u64>>) {
    let mut batch = Vec::new();
    while inbox.recv_many(&mut batch, BATCH).await > 0 {
        let (answers, ops): (Vec<_>, Vec<_>) = batch.drain(..).map(|w| (w.answer, w.op)).unzip();
        let outcome = desk.write(&ops).await;
        let wakes = ops.iter().any(|op| matches!(op, Op::Publish(_) | Op::Release(..)));
        match outcome {
            Ok(done) => {
                for (answer, done) in answers.into_iter().zip(done) {
                    let _ = answer.send(Ok(done));
                }
            }
            Err(why) => {
                for answer in answers {
                    let _ = answer.send(Err(why.clone()));
                }
            }
        }
        if wakes {
            tell.send_modify(|n| *n = n.wrapping_add(1));
        }
    }
}

/// `doubtful`: the one before failed, so even a transaction that has nothing to write must show that it can.
async fn commit(connection: &mut SqliteConnection, ops: &[Op], doubtful: bool) -> sqlx::Result<Vec<Done>> {
    // IMMEDIATE: a deferred transaction that turns into a writer fails at once when another process writes.
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    if doubtful {
        store::touch(&mut tx).await?;
    }
    let mut done = Vec::with_capacity(ops.len());
    for op in ops {
        done.push(match op {
            Op::Publish(p) => {
                let (message, queues, sender, now, visible) = p.as_ref();
                store::publish(&mut tx, message, queues, sender, *now, *visible).await?;
                Done::Nothing
            }
            Op::Claim(queue, of, limit, now) => Done::Claimed(store::claim(&mut tx, queue, of.as_deref(), *limit, *now).await?),
            Op::Remove(id) => Done::Flag(store::remove(&mut tx, *id).await?),
            Op::Release(id, attempted) => {
                store::release(&mut tx, *id, *attempted).await?;
                Done::Nothing
            }
            Op::Renew(ids, now) => {
                for id in ids {
                    store::renew(&mut tx, *id, *now).await?;
                }
                Done::Nothing
            }
            Op::Depth(queue) => Done::Count(store::depth(&mut tx, queue).await?),
            // Not within a transaction.
            Op::Tidy => Done::Nothing,
        });
    }
    tx.commit().await?;
    Ok(done)
}
