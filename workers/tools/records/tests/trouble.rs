//! The database goes away and comes back: errors say so, the same handle works afterwards, and nothing that was promised is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use airlock_peers::Postgres;
use airlock_records::{Accept, Config, Fairness, Mail, NewRequest, NewVerdict, OutboxRow, Records, RecordsError};
use sqlx::Connection as _;

const WIDE: Fairness = Fairness {
    first: 8,
    in_flight: 64,
    queued: 100,
};

fn request(id: &str) -> NewRequest {
    let text = String::new;
    NewRequest {
        request_id: id.to_owned(),
        service: "mailguard".to_owned(),
        body_sha256: text(),
        tenant: "acme".to_owned(),
        url: text(),
        recipient: text(),
        route: text(),
        secrets_sha256: text(),
        definition_digest: text(),
        lane: text(),
        form: text(),
        received_ms: 0,
        notify_ms: 0,
        deadline_ms: 0,
    }
}

fn verdict(id: &str) -> NewVerdict {
    NewVerdict {
        request_id: id.to_owned(),
        body: vec![1],
        decision: "block".to_owned(),
        outcome: "scanned".to_owned(),
        sha256: None,
        size: 0,
        chunks_sha256: vec![],
        decided_ms: 0,
        token: None,
        blob_key: None,
        blob_delete_after_ms: 0,
    }
}

fn config(server: &Postgres) -> Config {
    Config {
        url: server.url(),
        password_file: Some(server.password_file()),
        max_connections: 4,
    }
}

async fn accept(records: &Records, id: &str) -> Result<Accept, RecordsError> {
    records
        .accept(
            request(id),
            "",
            Mail {
                first: vec![row(id)],
                ..Mail::default()
            },
            WIDE,
        )
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_stops_and_starts() {
    let server = Postgres::start();
    let records = Records::connect(&config(&server)).await.unwrap();
    assert_eq!(records.check().await.unwrap().found, 0);
    let bare = accept(&records, "r0").await.unwrap_err();
    assert!(matches!(bare, RecordsError::Refused(_)), "no tables: {bare:?}");
    records.migrate().await.unwrap();
    accept(&records, "r1").await.unwrap();

    server.stop();
    let begin = Instant::now();
    let decided = verdict("r1");
    let (a, b, c, d) = tokio::join!(
        accept(&records, "r2"),
        records.request("r1"),
        records.relay("tests", 1, async |_| true),
        records.finish(&decided, &[], WIDE)
    );
    for error in [a.unwrap_err(), b.unwrap_err(), c.unwrap_err(), d.unwrap_err()] {
        assert!(error.is_temporary(), "{error:?}");
    }
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
    let begin = Instant::now();
    let new = Records::connect(&config(&server)).await.unwrap_err();
    assert!(new.is_temporary() && begin.elapsed() < Duration::from_secs(2), "{new:?}");

    server.start_again();
    assert_eq!(accept(&records, "r2").await.unwrap(), Accept::New);
    assert!(records.request("r1").await.unwrap().is_some());
}

/// A network that swallows everything: no answer, no refusal. Calls give up in time, and go on when it is well again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn network_swallows() {
    let server = Postgres::start();
    let (closed, open) = tokio::sync::watch::channel(true);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let to = server.url().rsplit_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = tokio::net::TcpStream::connect(&to).await.unwrap();
            let (near, far) = (near.into_split(), far.into_split());
            tokio::spawn(pump(near.0, far.1, open.clone()));
            tokio::spawn(pump(far.0, near.1, open.clone()));
        }
    });
    let config = Config {
        url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
        ..config(&server)
    };
    let records = Records::connect(&config).await.unwrap();
    records.migrate().await.unwrap();
    // One relay is cut off in the middle: its message is not lost.
    accept(&records, "r1").await.unwrap();
    let begin = Instant::now();
    let cut = records.relay("tests", 1, async |_| {
        closed.send_replace(false);
        true
    });
    let (relay, read) = tokio::join!(cut, async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        records.request("r1").await
    });
    assert!(relay.unwrap_err().is_temporary() && read.unwrap_err().is_temporary());
    assert!(begin.elapsed() < Duration::from_secs(17), "{:?}", begin.elapsed());
    assert!(Records::connect(&config).await.unwrap_err().is_temporary());

    closed.send_replace(true);
    assert_eq!(accept(&records, "r2").await.unwrap(), Accept::New);
    let mut left = 2;
    let begin = Instant::now();
    while left > 0 && begin.elapsed() < Duration::from_secs(20) {
        left -= records.relay("tests", 9, async |_| true).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(left <= 1, "r2 must go out; r1 again, unless its removal arrived late");
    assert_eq!(records.status().await.unwrap().outbox, 0);
}

/// Carries bytes while the way is open.
async fn pump(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut open: tokio::sync::watch::Receiver<bool>,
) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        if open.wait_for(|open| *open).await.is_err() || to.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
}

/// Killed again and again while requests come in and verdicts are given: what was answered is there, and there once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_crashes_under_load() {
    let server = Postgres::start();
    let records = Records::connect(&config(&server)).await.unwrap();
    records.migrate().await.unwrap();
    let troubles = Arc::new(AtomicU32::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let worker = |from: usize| {
        let (records, troubles, over) = (records.clone(), Arc::clone(&troubles), Arc::clone(&over));
        tokio::spawn(async move {
            let mut made = 0;
            // As long as there are crashes, so that none can miss them all by having been quick.
            while made < 60 || !over.load(Ordering::SeqCst) {
                let n = from + made;
                made += 1;
                let id = format!("r{n}");
                // As a stage would: again until it is done. Whether a call that broke off took effect, nobody knows.
                while let Err(error) = accept(&records, &id).await {
                    assert!(error.is_temporary(), "{error:?}");
                    troubles.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                let event = [OutboxRow {
                    topic: "tests".to_owned(),
                    body: format!("final {id}").into_bytes(),
                }];
                while let Err(error) = records.finish(&verdict(&id), &event, WIDE).await {
                    assert!(error.is_temporary(), "{error:?}");
                    troubles.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            made
        })
    };
    let workers = [worker(0), worker(100_000), worker(200_000)];
    // A crash between two calls hits nobody: three of them, and more until one has.
    let mut crashes = 0;
    while crashes < 3 || (troubles.load(Ordering::SeqCst) == 0 && crashes < 30) {
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.crash();
        server.start_again();
        crashes += 1;
    }
    over.store(true, Ordering::SeqCst);
    let mut made = 0;
    for worker in workers {
        made += worker.await.unwrap();
    }
    assert!(troubles.load(Ordering::SeqCst) > 0, "{crashes} crashes hit nobody");

    let seen = std::sync::Mutex::new(vec![]);
    while records
        .relay("tests", 100, async |row: OutboxRow| {
            seen.lock().unwrap().push(String::from_utf8(row.body).unwrap());
            true
        })
        .await
        .unwrap()
        > 0
    {}
    let mut seen = seen.into_inner().unwrap();
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((all, seen.len()), (2 * made, 2 * made), "each job and each verdict exactly once");
    assert_eq!(records.status().await.unwrap().done, made as u64);
}

#[tokio::test]
async fn refused_at_the_door() {
    let server = Postgres::start();
    let wrong = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(wrong.path(), "wrong\n").unwrap();
    let good = config(&server);
    let refused = [
        Config {
            password_file: Some(wrong.path().to_owned()),
            ..good.clone()
        },
        Config {
            password_file: None,
            ..good.clone()
        },
        Config {
            url: server.url_as("postgres", "nowhere"),
            ..good.clone()
        },
        Config {
            url: server.url_as("nobody", "postgres"),
            ..good.clone()
        },
        Config {
            url: good.url.clone() + "?sslmode=verify-full",
            ..good.clone()
        },
    ];
    for config in refused {
        let begin = Instant::now();
        let error = Records::connect(&config).await.unwrap_err();
        assert!(matches!(error, RecordsError::Refused(_)), "{config:?}: {error:?}");
        assert!(begin.elapsed() < Duration::from_secs(3));
        assert!(!error.to_string().contains(Postgres::PASSWORD));
    }
    let senseless = [
        Config {
            url: server.admin_url(),
            ..good.clone()
        },
        Config {
            url: good.url.clone() + "?host=elsewhere",
            ..good.clone()
        },
        Config {
            url: "postgres://127.0.0.1/postgres".to_owned(),
            ..good.clone()
        },
        Config {
            url: "postgres:///postgres".to_owned(),
            ..good.clone()
        },
        Config {
            url: "mysql://a@b/c".to_owned(),
            ..good.clone()
        },
        Config {
            url: "sqlite:".to_owned(),
            ..good.clone()
        },
        Config {
            max_connections: 0,
            ..good.clone()
        },
        Config {
            password_file: Some("/nowhere".into()),
            ..good
        },
    ];
    for config in senseless {
        let error = Records::connect(&config).await.unwrap_err();
        assert!(matches!(error, RecordsError::Config(_)), "{config:?}: {error:?}");
    }
}

/// Another process holds the write lock of the file longer than anybody waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file_is_busy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.db");
    let config = Config {
        url: format!("sqlite:{}", path.display()),
        password_file: None,
        max_connections: 2,
    };
    let records = Records::connect(&config).await.unwrap();
    let bare = accept(&records, "r0").await.unwrap_err();
    assert!(matches!(bare, RecordsError::Refused(_)), "no tables: {bare:?}");
    records.migrate().await.unwrap();
    let mut other = <sqlx::SqliteConnection as sqlx::Connection>::connect(&format!("sqlite:{}", path.display()))
        .await
        .unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let begin = Instant::now();
    let error = accept(&records, "r1").await.unwrap_err();
    assert!(error.is_temporary(), "{error:?}");
    assert!(begin.elapsed() > Duration::from_secs(4), "it did not wait");
    assert!(records.request("r1").await.unwrap().is_none(), "reading goes on meanwhile");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(accept(&records, "r1").await.unwrap(), Accept::New);

    let modes: (String, i64) = (
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut other).await.unwrap(),
        sqlx::query_scalar("SELECT count(*) FROM request")
            .fetch_one(&mut other)
            .await
            .unwrap(),
    );
    assert_eq!(modes, ("wal".to_owned(), 1));
    let error = Records::connect(&Config {
        url: "sqlite:/nowhere/at/all.db".to_owned(),
        ..config
    })
    .await
    .unwrap_err();
    assert!(error.to_string().contains("/nowhere/at/all.db"), "{error}");
}

/// The variables of PostgreSQL's own clients lead elsewhere; the same tests pass all the same.
#[test]
fn environment_is_not_trusted() {
    let out = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "server_stops_and_starts", "refused_at_the_door"])
        .envs([
            ("PGHOST", "203.0.113.1"),
            ("PGHOSTADDR", "203.0.113.1"),
            ("PGPORT", "1"),
            ("PGUSER", "evil"),
        ])
        .envs([
            ("PGDATABASE", "evil"),
            ("PGPASSWORD", Postgres::PASSWORD),
            ("PGSSLMODE", "verify-full"),
        ])
        .envs([
            ("PGOPTIONS", "-c statement_timeout=1 -c default_transaction_read_only=off"),
            ("PGAPPNAME", "evil"),
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success() && text.contains("2 passed"), "{text}");
}

/// A relay that was killed leaves its rows leased: they go out when the lease has ended, and not before.
#[tokio::test]
async fn lease_of_a_dead_relay() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("records.db").display());
    let records = Records::connect(&Config {
        url: url.clone(),
        password_file: None,
        max_connections: 2,
    })
    .await
    .unwrap();
    records.migrate().await.unwrap();
    accept(&records, "r1").await.unwrap();
    let mut other = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.unwrap();
    let mut lease = async |seconds: i64| {
        let until = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_millis() as i64
            + seconds * 1_000;
        sqlx::query("UPDATE outbox SET lease_owner = 'dead', lease_until_ms = $1")
            .bind(until)
            .execute(&mut other)
            .await
            .unwrap();
    };
    lease(20).await;
    assert_eq!(records.relay("tests", 9, async |_| true).await.unwrap(), 0);
    lease(-1).await;
    assert_eq!(records.relay("tests", 9, async |_| true).await.unwrap(), 1);
}

/// SQLite rolls a transaction back by itself when the disk is full, and the driver does not see it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_is_full_and_has_space_again() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", dir.path().join("records.sqlite").display());
    let config = Config {
        url: url.clone(),
        ..Config::default()
    };
    let records = Records::connect(&config).await.unwrap();
    records.migrate().await.unwrap();
    accept(&records, "r1").await.unwrap();
    let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
    // It ends the transaction as a full disk does.
    let full = "CREATE TRIGGER disk BEFORE INSERT ON outbox BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END";
    sqlx::query(full).execute(&mut other).await.unwrap();
    for _ in 0..3 {
        let error = accept(&records, "r2").await.unwrap_err().to_string();
        assert!(error.contains("disk is full"), "{error}");
        let error = records.finish(&verdict("r1"), &[row("r1")], WIDE).await.unwrap_err().to_string();
        assert!(error.contains("disk is full"), "{error}");
    }
    sqlx::query("DROP TRIGGER disk").execute(&mut other).await.unwrap();
    assert_eq!(accept(&records, "r2").await.unwrap(), Accept::New);
    records.finish(&verdict("r1"), &[row("r1")], WIDE).await.unwrap();
    assert_eq!(records.relay("tests", 9, async |_| true).await.unwrap(), 3);
}

fn row(id: &str) -> OutboxRow {
    OutboxRow {
        topic: "tests".to_owned(),
        body: id.as_bytes().to_vec(),
    }
}

/// The outbox holds messages with passwords of archives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_went_out_is_not_left_in_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config {
        url: format!("sqlite:{}", dir.path().join("records.sqlite").display()),
        ..Config::default()
    };
    let records = Records::connect(&config).await.unwrap();
    records.migrate().await.unwrap();
    let secret = [row("correct horse battery staple")];
    records
        .accept(
            request("r1"),
            "",
            Mail {
                first: secret.to_vec(),
                ..Mail::default()
            },
            WIDE,
        )
        .await
        .unwrap();
    assert_eq!(records.relay("tests", 9, async |_| true).await.unwrap(), 1);
    records.close().await;
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(13).any(|w| w == b"correct horse"));
    }
}
