//! The connection to the database: one SQL text, two drivers, and what differs between them.

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions, Connection, Transaction};

use crate::accept::Wanted;
use crate::config::{Dialect, Target};
use crate::crowd::Crowds;
use crate::lookup::Click;
use crate::many::padded;
use crate::together::Together;
use crate::wakes::Wakes;
use crate::{Accept, Config, RecordsError, Result};

/// How long a call waits for a connection, the first one included.
const ACQUIRE: Duration = Duration::from_secs(5);
/// So long after its last use a connection is taken to be there: too short for a database to go and be there again.
const FRESH: Duration = Duration::from_millis(100);
/// How long a call may take in all, so that a server that says nothing is an error; above the server's own statement timeout.
const CALL: Duration = Duration::from_secs(15);
/// How often SQLite is asked again for its journal mode while another process sets it.
const PRAGMA_TRIES: u32 = 40;
/// Numbers taken by one statement.
const LOCKS: usize = 256;

/// A handle to the records; cheap to clone. It outlives restarts of the database: calls fail meanwhile with temporary errors.
#[derive(Clone)]
pub struct Records {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) dialect: Dialect,
    readers: AnyPool,
    /// For SQLite one connection: writers of one process queue here and not at the lock of the file.
    writer: AnyPool,
    shown: String,
    pub(crate) wakes: Wakes,
    /// Those of a tenant with few and of one with many, as what is looked up for them.
    pub(crate) accepts: [Arc<Together<Wanted, Accept>>; 2],
    /// Digests of definitions that are recorded; as many as there are policies in a process's life.
    defined: Mutex<HashSet<String>>,
    pub(crate) lives: [Arc<Together<Click, Option<String>>>; 2],
    pub(crate) crowds: Crowds,
}

impl Inner {
    pub(crate) fn defined(&self) -> MutexGuard<'_, HashSet<String>> {
        self.defined.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Records").field(&self.inner.shown).finish()
    }
}

impl Records {
    /// Connects once by hand, so that a refused password or a server that is not there is told at once and clearly.
    ///
    /// It does not look at the tables: [`Records::check`] and [`Records::migrate`] do.
    pub async fn connect(config: &Config) -> Result<Records> {
        let target = config.target()?;
        // The list of drivers belongs to the process; to install it again is harmless.
        sqlx::any::install_default_drivers();
        let options = AnyConnectOptions::from_str(&target.url)
            .map_err(|_| RecordsError::Config(format!("{} cannot be read as an address", target.shown)))?
            .disable_statement_logging();
        try_once(&options, &target).await?;

        let dialect = target.dialect;
        let pool = |connections: u32| {
            AnyPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(ACQUIRE)
                .after_connect(move |connection, _| set_up(connection, dialect))
                .test_before_acquire(false)
                .before_acquire(|connection, used| fit(connection, used.idle_for).boxed())
                .connect_lazy_with(options.clone())
        };
        let readers = pool(config.max_connections);
        let writer = match dialect {
            Dialect::Postgres => readers.clone(),
            Dialect::Sqlite => pool(1),
        };
        Ok(Records {
            inner: Arc::new(Inner {
                dialect,
                readers,
                writer,
                shown: target.shown,
                wakes: Wakes::default(),
                accepts: [Arc::default(), Arc::new(Together::of_many())],
                defined: Mutex::default(),
                lives: [Arc::default(), Arc::new(Together::of_many())],
                crowds: Crowds::default(),
            }),
        })
    }

    /// One round to the database.
    pub async fn ping(&self) -> Result<()> {
        within(async {
            sqlx::query("SELECT 1").execute(&self.inner.readers).await?;
            Ok(())
        })
        .await
    }

    /// Ends when this handle or a clone of it has written something for this topic after this call, whether it was waited for by then or
    /// not. What others write must be polled for.
    pub fn woken(&self, topic: &str) -> impl Future<Output = ()> + Send + use<> {
        self.inner.wakes.woken(topic)
    }

    /// Closes all connections; calls on any clone fail from then on. What was forgotten leaves the log beside an SQLite file, too.
    pub async fn close(&self) {
        if self.inner.dialect == Dialect::Sqlite {
            let tidy = sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.inner.writer);
            let _ = tokio::time::timeout(ACQUIRE, tidy).await;
        }
        self.inner.readers.close().await;
        self.inner.writer.close().await;
    }

    pub(crate) fn readers(&self) -> &AnyPool {
        &self.inner.readers
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.inner.dialect == Dialect::Postgres
    }

    /// A transaction that may write. SQLite takes the write lock at once: to take it in the middle could not wait.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Any>> {
        Ok(match self.inner.dialect {
            Dialect::Postgres => self.inner.writer.begin().await?,
            Dialect::Sqlite => self.inner.writer.begin_with("BEGIN IMMEDIATE").await?,
        })
    }

    /// The same, with what else is said at its begin.
    pub(crate) async fn begin_as(&self, words: &'static str) -> Result<Transaction<'static, Any>> {
        Ok(self.inner.writer.begin_with(words).await?)
    }

    /// Rows that one statement writes. PostgreSQL keeps such statements prepared for each connection; SQLite looks up
    /// each numbered value among all that it has seen.
    pub(crate) fn rows_at_once(&self) -> usize {
        if self.is_postgres() { 256 } else { 16 }
    }

    /// Until the end of the transaction nobody else holds these numbers. With SQLite a transaction that writes is alone anyway.
    pub(crate) async fn lock_all(&self, transaction: &mut Transaction<'static, Any>, mut numbers: Vec<i64>) -> Result<()> {
        if !self.is_postgres() {
            return Ok(());
        }
        // In one order, so that nobody waits for somebody who waits for them.
        numbers.sort_unstable();
        numbers.dedup();
        for some in numbers.chunks(LOCKS) {
            let some = padded(some.to_vec());
            let locks: Vec<String> = (1..=some.len()).map(|n| format!("pg_advisory_xact_lock(${n})")).collect();
            let sql = format!("SELECT {}", locks.join(", "));
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for number in some {
                query = query.bind(number);
            }
            query.execute(&mut **transaction).await?;
        }
        Ok(())
    }
}

/// Gives up after [`CALL`]. What the call has begun is rolled back.
pub(crate) async fn within<T>(call: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(CALL, call)
        .await
        .unwrap_or_else(|_| Err(RecordsError::Away("no answer in time".to_owned())))
}

async fn try_once(options: &AnyConnectOptions, target: &Target) -> Result<()> {
    let attempt = async {
        let mut connection = AnyConnection::connect_with(options).await?;
        set_up(&mut connection, target.dialect).await?;
        connection.close().await
    };
    let error = match tokio::time::timeout(ACQUIRE, attempt).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => RecordsError::from(error),
        Err(_) => RecordsError::Away("no answer in time".to_owned()),
    };
    let at = &target.shown;
    Err(match error {
        RecordsError::Away(why) => RecordsError::Away(format!("{at}: {why}")),
        RecordsError::Refused(why) => RecordsError::Refused(format!("{at}: {why}")),
        RecordsError::Config(why) => RecordsError::Config(format!("{at}: {why}")),
        other => other,
    })
}

/// Whether a connection can be used again. One that was used a moment ago is not asked whether it is there still: under load that would
/// be one round trip more for everything.
async fn fit(connection: &mut AnyConnection, idle_for: Duration) -> Result<bool, sqlx::Error> {
    // A full disk ends a transaction of SQLite under the driver, which goes on counting it: nothing could begin there again.
    if connection.is_in_transaction() {
        return Ok(false);
    }
    if idle_for > FRESH {
        connection.ping().await?;
    }
    Ok(true)
}

/// What every new connection is told. PostgreSQL has it all in its address.
fn set_up(connection: &mut AnyConnection, dialect: Dialect) -> BoxFuture<'_, Result<(), sqlx::Error>> {
    Box::pin(async move {
        if dialect == Dialect::Postgres {
            return Ok(());
        }
        run(connection, "PRAGMA busy_timeout = 5000").await?;
        // To change the journal mode needs the file alone, and does not wait for it.
        let mut tries = 0;
        while let Err(error) = run(connection, "PRAGMA journal_mode = WAL").await {
            tries += 1;
            if tries == PRAGMA_TRIES || !RecordsError::from(error).is_temporary() {
                return run(connection, "PRAGMA journal_mode = WAL").await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        run(connection, "PRAGMA synchronous = FULL").await?;
        // The outbox holds messages with passwords of archives: what went out is overwritten, not only forgotten.
        run(connection, "PRAGMA secure_delete = ON").await?;
        run(connection, "PRAGMA foreign_keys = ON").await
    })
}

async fn run(connection: &mut AnyConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(|_| ())
}
