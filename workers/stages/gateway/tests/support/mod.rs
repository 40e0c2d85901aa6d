//! A gateway over a real store and real records on a loopback port, and a client that sees every byte.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use airlock_gateway::{CHUNK_BYTES, Config, Gateway, ServiceKey, serve};
use airlock_policy::{Cleared, Definition, Facts, GapClasses, Route, Sandbox, decide};
use airlock_proto::{Claims, Classification, Coverage, Delivery, FetchOutcome};
use airlock_records::{Fairness, Mail, NewRequest, NewToken, NewVerdict, Records};
use airlock_store::{Store, blob_key};
use airlock_token::{Keyring, SigningKey, mint};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub const NOW: i64 = 1_700_000_000_000;
pub const LIFE: i64 = 12 * 3_600_000;
pub const SERVICE_KEY: &str = "a-bearer-key-of-the-click-service";

pub struct Site {
    pub folder: tempfile::TempDir,
    pub store: Store,
    pub records: Records,
    pub key: SigningKey,
    pub clock: Arc<AtomicI64>,
    pub gateway: Gateway,
    pub address: SocketAddr,
    pub stop: watch::Sender<bool>,
    pub served: JoinHandle<()>,
}

impl Site {
    pub async fn start() -> Site {
        Site::with(Config::default(), None).await
    }

    pub async fn with(mut config: Config, store: Option<airlock_store::Config>) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let store = store.unwrap_or_else(|| airlock_store::Config {
            url: format!("file://{}/blobs", folder.path().display()),
            ..airlock_store::Config::default()
        });
        let store = Store::open(&store).unwrap();
        let records = Records::connect(&airlock_records::Config {
            url: format!("sqlite:{}/records.db", folder.path().display()),
            ..airlock_records::Config::default()
        })
        .await
        .unwrap();
        records.migrate().await.unwrap();
        let key_file = folder.path().join("click.key");
        std::fs::write(&key_file, format!("{SERVICE_KEY}\n")).unwrap();
        config.services.push(ServiceKey {
            service: "click".to_owned(),
            key_file,
        });
        let key = SigningKey::generate([7; 32]);
        let keyring = Keyring::new([key.public().clone()]);
        let clock = Arc::new(AtomicI64::new(NOW));
        let asked = Arc::clone(&clock);
        let now = Arc::new(move || asked.load(Ordering::Relaxed));
        let gateway = Gateway::new(config, store.clone(), records.clone(), keyring, now).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let served = tokio::spawn(serve(listener, gateway.clone(), stopped));
        Site {
            folder,
            store,
            records,
            key,
            clock,
            gateway,
            address,
            stop,
            served,
        }
    }

    /// Stores and records a scanned file, and gives its token.
    pub async fn offer(&self, id: &str, name: &str, bytes: &[u8], needs_ack: bool) -> String {
        let request = request(id);
        let blob = blob_key(&request.tenant, id);
        let mut writer = self.store.writer(&blob).await.unwrap();
        writer.write(bytes).await.unwrap();
        writer.finish().await.unwrap();
        let chunk = usize::try_from(CHUNK_BYTES).unwrap();
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(&Sha256::digest(bytes));
        self.records
            .accept(request.clone(), "", Mail::default(), Fairness::default())
            .await
            .unwrap();
        let claims = Claims {
            token_id: format!("token-{id}"),
            tenant: request.tenant.clone(),
            recipient: request.recipient.clone(),
            service: request.service.clone(),
            request_id: id.to_owned(),
            blob_key: blob.clone(),
            sha256: hex(bytes),
            size: bytes.len() as u64,
            file_name: name.to_owned(),
            expires_ms: NOW + LIFE,
            ..Claims::default()
        };
        let verdict = NewVerdict {
            request_id: id.to_owned(),
            body: verdict_body(id, &claims),
            decision: "release".to_owned(),
            outcome: "scanned".to_owned(),
            sha256: Some(claims.sha256.clone()),
            size: claims.size,
            chunks_sha256: bytes.chunks(chunk).map(hex).collect(),
            decided_ms: NOW,
            token: Some(NewToken {
                token_id: claims.token_id.clone(),
                sha256: claims.sha256.clone(),
                blob_key: blob.clone(),
                expires_ms: claims.expires_ms,
                claims: serde_json::to_vec(&claims).unwrap(),
            }),
            blob_key: Some(blob),
            blob_delete_after_ms: NOW + LIFE + 3_600_000,
        };
        self.records.finish(&verdict, &[], Fairness::default()).await.unwrap();
        mint(&self.key, cleared(needs_ack), claims)
    }

    /// The file of a blob in the directory store.
    pub fn blob(&self, id: &str) -> PathBuf {
        self.folder.path().join("blobs").join(blob_key("acme", id))
    }

    /// Rows in the list of downloads.
    pub async fn downloads(&self) -> i64 {
        sqlx::any::install_default_drivers();
        let url = format!("sqlite://{}/records.db", self.folder.path().display());
        let pool = sqlx::AnyPool::connect(&url).await.unwrap();
        sqlx::query_scalar("SELECT count(*) FROM download").fetch_one(&pool).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[]).await
    }

    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let extra: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nContent-Length: 0\r\n{extra}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        Reply::read(&mut stream).await
    }
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Bytes,
}

impl Reply {
    pub async fn read(stream: &mut TcpStream) -> Reply {
        let mut bytes = Vec::new();
        // A reset is an end too.
        let _ = stream.read_to_end(&mut bytes).await;
        let split = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(bytes[..split].to_vec()).unwrap();
        Reply {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            body: Bytes::copy_from_slice(&bytes[split + 4..]),
            head,
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines
            .into_iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

pub fn request(id: &str) -> NewRequest {
    NewRequest {
        request_id: id.to_owned(),
        service: "click".to_owned(),
        body_sha256: "00".to_owned(),
        tenant: "acme".to_owned(),
        url: format!("https://files.evil.example/{id}?q=<b>\"'&x=http://c.example"),
        recipient: "jo@acme.example".to_owned(),
        route: "inbound".to_owned(),
        secrets_sha256: String::new(),
        definition_digest: "default@0".to_owned(),
        lane: "click".to_owned(),
        form: "protobuf".to_owned(),
        received_ms: NOW,
        notify_ms: NOW + 10_000,
        deadline_ms: NOW + 300_000,
    }
}

fn verdict_body(id: &str, claims: &Claims) -> Vec<u8> {
    use airlock_proto::v1::{Decision, Kind, Outcome, Verdict};
    let verdict = Verdict {
        request_id: id.to_owned(),
        kind: Kind::Download.into(),
        decision: Decision::Release.into(),
        classification: "clean".to_owned(),
        coverage: "complete".to_owned(),
        outcome: Outcome::Scanned.into(),
        sha256: claims.sha256.clone(),
        size: claims.size,
        expires_ms: claims.expires_ms,
        ..Verdict::default()
    };
    airlock_proto::wire::encode(&verdict, airlock_proto::wire::Form::Protobuf)
}

/// The leave of a real decision: a damaged file is warned of.
pub fn cleared(needs_ack: bool) -> Cleared {
    let facts = Facts {
        fetch: FetchOutcome::Downloaded,
        deadline_passed: false,
        delivery: Delivery::Download,
        listed: true,
        classification: Some(Classification::Clean),
        gaps: GapClasses {
            damaged: needs_ack,
            ..GapClasses::default()
        },
        coverage: if needs_ack { Coverage::Partial } else { Coverage::Complete },
        sandbox: Sandbox::NotAsked,
        route: Route::Inbound,
        findings: vec![],
        unseen: vec![],
    };
    let cleared = decide(&facts, &Definition::default()).cleared.expect("it is handed out");
    assert_eq!(cleared.needs_ack(), needs_ack);
    cleared
}

/// Bytes that differ everywhere.
pub fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}
