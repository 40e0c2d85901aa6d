//! What every store must do: the same checks over a directory and over a real S3 server.

use std::time::{Duration, Instant};

use airlock_peers::s3::{ACCESS_KEY, BUCKET, S3};
use airlock_store::{Config, PART_BYTES, Store, StoreError, blob_key};
use bytes::Bytes;
use futures_util::TryStreamExt as _;

fn s3_config(server: &S3) -> Config {
    Config {
        url: format!("s3://{BUCKET}/site/one"),
        endpoint: server.endpoint(),
        access_key_id: ACCESS_KEY.to_owned(),
        secret_key_file: Some(server.secret_file()),
        allow_http: true,
        timeout_ms: 20_000,
        ..Config::default()
    }
}

fn directory_config(folder: &std::path::Path) -> Config {
    Config {
        url: format!("file://{}/blobs/deep", folder.display()),
        ..Config::default()
    }
}

/// Bytes that differ everywhere, so that a part in the wrong place is seen.
fn noise(len: usize) -> Vec<u8> {
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

async fn keys(store: &Store, prefix: &str) -> Vec<(String, u64)> {
    let listed: Vec<_> = store.list(prefix).unwrap().try_collect().await.unwrap();
    let mut keys: Vec<_> = listed.into_iter().map(|l| (l.key, l.size)).collect();
    keys.sort();
    keys
}

async fn conforms(store: &Store) {
    small_blobs(store).await;
    created_blobs(store).await;
    large_blobs(store).await;
    unfinished_blobs(store).await;
    listings(store).await;
    wrong_keys(store).await;
    store.check().await.unwrap();
    assert_eq!(keys(store, "airlock-check").await, []);
}

async fn created_blobs(store: &Store) {
    let key = "acme/r-claim/claim";
    assert!(store.create(key, Bytes::from_static(b"one")).await.unwrap());
    assert!(!store.create(key, Bytes::from_static(b"two")).await.unwrap());
    assert_eq!(store.get(key, 10).await.unwrap().as_deref(), Some(&b"one"[..]));
    store.put(key, Bytes::from_static(b"three")).await.unwrap();
    assert_eq!(store.get(key, 10).await.unwrap().as_deref(), Some(&b"three"[..]));
    store.delete(key).await.unwrap();
    assert!(store.create(key, Bytes::from_static(b"four")).await.unwrap());
    store.delete(key).await.unwrap();
}

async fn small_blobs(store: &Store) {
    let key = blob_key("acme", "r-1");
    assert_eq!(store.size(&key).await.unwrap(), None);
    assert_eq!(store.get(&key, 100).await.unwrap(), None);
    assert_eq!(store.read(&key, 0, 1).await, Err(StoreError::Missing(key.clone())));
    let mut writer = store.writer(&key).await.unwrap();
    writer.write(b"hello ").await.unwrap();
    assert_eq!(store.size(&key).await.unwrap(), None, "nothing is seen before the end");
    writer.write(b"world").await.unwrap();
    assert_eq!(writer.finish().await.unwrap(), 11);
    assert_eq!(store.size(&key).await.unwrap(), Some(11));
    assert_eq!(store.get(&key, 11).await.unwrap().unwrap(), "hello world");
    assert!(matches!(store.get(&key, 10).await, Err(StoreError::Size { .. })));
    assert_eq!(store.read(&key, 0, 11).await.unwrap(), "hello world");
    assert_eq!(store.read(&key, 6, 9).await.unwrap(), "wor");
    assert_eq!(store.read(&key, 4, 4).await.unwrap(), "");
    for (from, to) in [(6, 12), (11, 12), (50, 60)] {
        let error = store.read(&key, from, to).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Size { .. }) && !error.is_temporary(),
            "{from}..{to}: {error}"
        );
    }
    assert!(matches!(store.read(&key, 3, 2).await, Err(StoreError::Misuse(_))));

    store.put(&key, Bytes::from_static(b"anew")).await.unwrap();
    assert_eq!(store.get(&key, 100).await.unwrap().unwrap(), "anew");
    assert_eq!(store.size(&key).await.unwrap(), Some(4));
    store.put(&key, Bytes::new()).await.unwrap();
    assert_eq!(store.get(&key, 0).await.unwrap().unwrap(), "");
    store.delete(&key).await.unwrap();
    store.delete(&key).await.unwrap();
    assert_eq!(store.size(&key).await.unwrap(), None);

    let empty = store.writer(&key).await.unwrap();
    assert_eq!(empty.finish().await.unwrap(), 0);
    assert_eq!(store.size(&key).await.unwrap(), Some(0));
    store.delete(&key).await.unwrap();
}

async fn large_blobs(store: &Store) {
    let key = blob_key("acme", "large");
    let bytes = noise((40 << 20) + 7);
    let mut writer = store.writer(&key).await.unwrap();
    for piece in bytes.chunks(1_000_003) {
        writer.write(piece).await.unwrap();
    }
    assert_eq!(store.size(&key).await.unwrap(), None, "nothing is seen before the end");
    assert_eq!(writer.finish().await.unwrap(), bytes.len() as u64);
    assert_eq!(store.size(&key).await.unwrap(), Some(bytes.len() as u64));
    let part = PART_BYTES as u64;
    for (from, to) in [(0, 1 << 20), (part - 5, part + 5), (40 << 20, (40 << 20) + 7)] {
        let read = store.read(&key, from, to).await.unwrap();
        assert!(read == bytes[from as usize..to as usize], "{from}..{to}");
    }
    let whole = store.get(&key, 64 << 20).await.unwrap().unwrap();
    assert!(whole == bytes, "40 MiB come back as they went");
    store.delete(&key).await.unwrap();
}

async fn unfinished_blobs(store: &Store) {
    let key = blob_key("acme", "half");
    let bytes = noise(PART_BYTES + 1000);
    let mut writer = store.writer(&key).await.unwrap();
    writer.write(&bytes).await.unwrap();
    writer.abort().await.unwrap();
    assert_eq!(store.size(&key).await.unwrap(), None);
    let mut dropped = store.writer(&key).await.unwrap();
    dropped.write(&bytes).await.unwrap();
    drop(dropped);
    let small = store.writer(&key).await.unwrap();
    small.abort().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(store.size(&key).await.unwrap(), None);
    assert_eq!(keys(store, "").await, []);
    // An older blob stands until the newer one is finished.
    store.put(&key, Bytes::from_static(b"old")).await.unwrap();
    let mut writer = store.writer(&key).await.unwrap();
    writer.write(&bytes).await.unwrap();
    assert_eq!(store.get(&key, 100).await.unwrap().unwrap(), "old");
    writer.finish().await.unwrap();
    assert_eq!(store.size(&key).await.unwrap(), Some(bytes.len() as u64));
    store.delete(&key).await.unwrap();
}

async fn listings(store: &Store) {
    for key in ["a/r1/blob", "a/r1/report", "a/r2/blob", "a2/r1/blob"] {
        store.put(key, Bytes::from_static(b"x")).await.unwrap();
    }
    let names = |keys: Vec<(String, u64)>| keys.into_iter().map(|(k, _)| k).collect::<Vec<_>>();
    assert_eq!(names(keys(store, "a").await), ["a/r1/blob", "a/r1/report", "a/r2/blob"]);
    assert_eq!(names(keys(store, "a/r1/").await), ["a/r1/blob", "a/r1/report"]);
    assert_eq!(keys(store, "").await.len(), 4);
    assert_eq!(keys(store, "none").await, []);
    for (key, _) in keys(store, "").await {
        store.delete(&key).await.unwrap();
    }
    assert_eq!(keys(store, "").await, []);
}

async fn wrong_keys(store: &Store) {
    for key in ["", "../x", "a/../../x", "a//b", "/etc/passwd", "a/"] {
        assert!(matches!(store.put(key, Bytes::new()).await, Err(StoreError::Misuse(_))), "{key}");
        assert!(matches!(store.get(key, 1).await, Err(StoreError::Misuse(_))), "{key}");
        assert!(store.writer(key).await.is_err(), "{key}");
    }
    assert!(store.list("..").is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&directory_config(folder.path())).unwrap();
    conforms(&store).await;
    let left: Vec<_> = std::fs::read_dir(folder.path().join("blobs/deep")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_conforms() {
    let server = S3::start();
    conforms(&Store::open(&s3_config(&server)).unwrap()).await;
    // Nothing that was asked was refused, and what is small is one request.
    let log = server.log();
    assert!(log.iter().all(|seen| seen.status < 500), "{log:?}");
    let puts: Vec<_> = log
        .iter()
        .filter(|seen| seen.path.contains("a2/r1/blob") && seen.method != "DELETE")
        .collect();
    assert_eq!(puts.len(), 1, "{puts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_writer_left_is_swept_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&directory_config(folder.path())).unwrap();
    store.put("acme/r1/blob", Bytes::from_static(b"x")).await.unwrap();
    // As if its process had been killed: neither finished, nor aborted, nor dropped.
    let mut killed = store.writer("acme/r2/blob").await.unwrap();
    killed.write(&noise(PART_BYTES + 1)).await.unwrap();
    std::mem::forget(killed);
    let mut alive = store.writer("acme/r3/blob").await.unwrap();
    alive.write(&noise(PART_BYTES + 1)).await.unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis() as i64;
    assert_eq!(store.sweep_unfinished(now, 3_600_000).await.unwrap(), 0);
    alive.finish().await.unwrap();
    assert_eq!(store.sweep_unfinished(now + 3_700_000, 3_600_000).await.unwrap(), 1);
    assert_eq!(store.sweep_unfinished(now + 3_700_000, 3_600_000).await.unwrap(), 0);
    assert_eq!(keys(&store, "").await.len(), 2);
    assert!(!folder.path().join("blobs/deep/acme/r2/blob#1").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_may_not_be_written_is_refused_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&directory_config(folder.path())).unwrap();
    // A file where a folder should be: permissions do not bind root.
    std::fs::write(folder.path().join("blobs/deep/acme"), b"x").unwrap();
    let error = store.put(&blob_key("acme", "r"), Bytes::new()).await.unwrap_err();
    assert!(!error.is_temporary(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_or_bucket_is_refused_for_good() {
    let server = S3::start();
    let wrong = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(wrong.path(), "another secret\n").unwrap();
    let (mut secret, mut key, mut bucket) = (s3_config(&server), s3_config(&server), s3_config(&server));
    secret.secret_key_file = Some(wrong.path().to_owned());
    key.access_key_id = "NOBODY".to_owned();
    for config in [secret, key] {
        let store = Store::open(&config).unwrap();
        let error = store.check().await.unwrap_err();
        assert!(
            matches!(error, StoreError::Refused(_)) && !error.is_temporary(),
            "{config:?}: {error}"
        );
        assert!(matches!(store.size("a/b").await, Err(StoreError::Refused(_))));
        assert!(
            error.to_string().contains("credentials") && !error.to_string().contains("another secret"),
            "{error}"
        );
    }
    // This server makes a missing bucket at the first put; it does not list one.
    bucket.url = "s3://elsewhere".to_owned();
    let error = Store::open(&bucket).unwrap().list("").unwrap().try_next().await.unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_the_server_are_temporary() {
    let server = S3::start();
    let store = Store::open(&s3_config(&server)).unwrap();
    store.put("a/b", Bytes::from_static(b"x")).await.unwrap();
    server.fail_for(Duration::from_secs(600));
    let errors = [
        store.put("a/b", Bytes::new()).await.unwrap_err(),
        store.read("a/b", 0, 1).await.unwrap_err(),
        store.size("a/b").await.unwrap_err(),
        store.delete("a/b").await.unwrap_err(),
        store.list("").unwrap().try_next().await.unwrap_err(),
    ];
    for error in errors {
        assert!(error.is_temporary(), "{error}");
    }
    server.heal();
    assert_eq!(store.get("a/b", 1).await.unwrap().unwrap(), "x");
    // A short failure is not noticed at all.
    server.fail_for(Duration::from_millis(50));
    assert_eq!(store.get("a/b", 1).await.unwrap().unwrap(), "x");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_conditions_is_written_all_the_same() {
    let server = S3::start();
    let store = Store::open(&s3_config(&server)).unwrap();
    server.forget_conditions();
    for _ in 0..2 {
        assert!(store.create("a/b", Bytes::from_static(b"x")).await.unwrap());
    }
    let refused = server.log().iter().filter(|seen| seen.status == 501).count();
    assert!((1..=3).contains(&refused), "it is asked once, with its retries: {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_or_is_gone_does_not_hang_us() {
    let server = S3::start();
    let config = Config {
        timeout_ms: 500,
        ..s3_config(&server)
    };
    let store = Store::open(&config).unwrap();
    store.put("a/b", Bytes::from_static(b"x")).await.unwrap();
    let mut writer = store.writer("a/large").await.unwrap();
    writer.write(&noise(PART_BYTES)).await.unwrap();
    server.hang_for(Duration::from_secs(600));
    let begun = Instant::now();
    let errors = [
        store.put("a/b", Bytes::new()).await.unwrap_err(),
        store.get("a/b", 1).await.unwrap_err(),
        store.size("a/b").await.unwrap_err(),
        store.delete("a/b").await.unwrap_err(),
        store.list("").unwrap().try_next().await.unwrap_err(),
        writer.write(b"more").await.unwrap_err(),
    ];
    assert!(errors.iter().all(StoreError::is_temporary), "{errors:?}");
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    assert!(
        matches!(writer.write(&noise(PART_BYTES)).await, Err(StoreError::Misuse(_))),
        "a broken blob takes no more"
    );
    server.heal();
    drop(writer);
    drop(server);
    assert!(store.size("a/b").await.unwrap_err().is_temporary());
}
