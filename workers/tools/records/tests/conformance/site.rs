//! A place with fresh tables, and short ways to say what is recorded.

use std::path::Path;

use airlock_peers::Postgres;
use airlock_records::{Accept, Config, Fairness, Mail, NewRequest, NewToken, NewVerdict, OutboxRow, Records};
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

pub struct Site {
    config: Config,
    /// For a look at the tables beside the records.
    tables: Tables,
}

enum Tables {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
}

impl Site {
    pub async fn sqlite(folder: &Path) -> Site {
        // A name with what means something in an address.
        let file = folder.join("a b%20?#c.db");
        let config = Config {
            url: format!("sqlite:{}", file.display()),
            password_file: None,
            max_connections: 4,
        };
        Site::with(config, Tables::Sqlite(SqliteConnectOptions::new().filename(file))).await
    }

    pub async fn postgres(server: &Postgres, database: &str) -> Site {
        server.create_database(database);
        let config = Config {
            url: server.url_as("postgres", database),
            password_file: Some(server.password_file()),
            max_connections: 4,
        };
        let admin = server.url_as(&format!("postgres:{}", Postgres::PASSWORD), database);
        Site::with(config, Tables::Postgres(admin.parse().unwrap())).await
    }

    async fn with(config: Config, tables: Tables) -> Site {
        let site = Site { config, tables };
        let records = site.open().await;
        records.migrate().await.unwrap();
        records.close().await;
        site
    }

    /// How many wait, as it is written and as they are.
    pub async fn waiting(&self) -> (i64, i64) {
        let sql = "SELECT CAST((SELECT COALESCE(SUM(waiting), 0) FROM room) AS BIGINT), \
            CAST((SELECT count(*) FROM request WHERE state = 'waiting') AS BIGINT)";
        match &self.tables {
            Tables::Sqlite(options) => sqlx::query_as(sql).fetch_one(&mut options.connect().await.unwrap()).await,
            Tables::Postgres(options) => sqlx::query_as(sql).fetch_one(&mut options.connect().await.unwrap()).await,
        }
        .unwrap()
    }

    /// A handle of its own, as another process would have.
    pub async fn open(&self) -> Records {
        Records::connect(&self.config).await.unwrap()
    }
}

pub const WIDE: Fairness = Fairness {
    first: 64,
    in_flight: 64,
    queued: 10_000,
};

pub fn places(in_flight: u32, queued: u32) -> Fairness {
    Fairness {
        first: in_flight,
        in_flight,
        queued,
    }
}

pub fn request(id: &str) -> NewRequest {
    NewRequest {
        request_id: id.to_owned(),
        service: "mailguard".to_owned(),
        body_sha256: "b0".to_owned(),
        tenant: "acme".to_owned(),
        url: "https://files.test/invoice.zip".to_owned(),
        recipient: "ann@acme.test".to_owned(),
        route: "inbound".to_owned(),
        secrets_sha256: "5e".to_owned(),
        definition_digest: "default@d1".to_owned(),
        lane: "click".to_owned(),
        form: "protobuf".to_owned(),
        received_ms: 1_000,
        notify_ms: 11_000,
        deadline_ms: 301_000,
    }
}

/// Topic of the rows of these tests.
pub const TOPIC: &str = "tests";

/// A row whose body is a word and bytes that are no text.
pub fn mail(word: &str) -> OutboxRow {
    OutboxRow {
        topic: TOPIC.to_owned(),
        body: [word.as_bytes(), &[0, 255]].concat(),
    }
}

/// The word of such a row.
pub fn word(row: &OutboxRow) -> String {
    let word = row.body.strip_suffix(&[0, 255]).expect("the body came whole");
    String::from_utf8(word.to_vec()).unwrap()
}

/// What goes out with a place, now or later, and what goes out in any case.
pub fn sends(job: &[OutboxRow], event: &[OutboxRow]) -> Mail {
    Mail {
        first: [event, job].concat(),
        placed: [event, job].concat(),
        waits: event.to_vec(),
        waited: job.to_vec(),
    }
}

pub async fn accept(records: &Records, request: &NewRequest) -> Accept {
    accept_within(records, request, WIDE).await
}

pub async fn accept_within(records: &Records, request: &NewRequest, fairness: Fairness) -> Accept {
    let id = &request.request_id;
    records
        .accept(
            request.clone(),
            "text",
            sends(&[mail(&format!("job {id}"))], &[mail(&format!("event {id}"))]),
            fairness,
        )
        .await
        .unwrap()
}

pub fn verdict(id: &str) -> NewVerdict {
    NewVerdict {
        request_id: id.to_owned(),
        body: vec![7, 0, 255],
        decision: "release".to_owned(),
        outcome: "scanned".to_owned(),
        sha256: Some("aa".to_owned()),
        size: 5_000_000_000,
        chunks_sha256: vec!["c1".to_owned(), "c2".to_owned()],
        decided_ms: 5_000,
        token: None,
        blob_key: Some(format!("acme/{id}/file")),
        blob_delete_after_ms: 10_000,
    }
}

pub fn with_token(id: &str, token_id: &str, expires_ms: i64) -> NewVerdict {
    let token = NewToken {
        token_id: token_id.to_owned(),
        sha256: "aa".to_owned(),
        blob_key: format!("acme/{id}/file"),
        expires_ms,
        claims: vec![9, 0],
    };
    NewVerdict {
        token: Some(token),
        ..verdict(id)
    }
}

/// Empties the outbox; gives the words in the order they came.
pub async fn drain(records: &Records) -> Vec<String> {
    let seen = std::sync::Mutex::new(vec![]);
    loop {
        let publish = async |row: OutboxRow| {
            seen.lock().unwrap().push(word(&row));
            true
        };
        if records.relay(TOPIC, 3, publish).await.unwrap() == 0 {
            return seen.into_inner().unwrap();
        }
    }
}
