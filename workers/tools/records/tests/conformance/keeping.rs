//! Tables, blobs, parked jobs, deadlines, counts.

use airlock_records::{Accept, NewRequest, Parked, Schema, Status};

use crate::site::{Site, WIDE, accept, mail, request, verdict, with_token};

pub async fn tables(site: &Site) {
    let mut tasks = vec![];
    for _ in 0..4 {
        let db = site.open().await;
        tasks.push(tokio::spawn(async move { db.migrate().await.unwrap() }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let schema = site.open().await.check().await.unwrap();
    assert_eq!(schema, Schema { found: 4, wanted: 4 });
    assert!(schema.is_ready());
    site.open().await.ping().await.unwrap();
}

pub async fn garbage(site: &Site) {
    let db = site.open().await;
    db.reserve_blob("acme/r1/file", "acme", 9_000).await.unwrap();
    db.reserve_blob("acme/r1/file", "acme", 4_000).await.unwrap();
    db.reserve_blob("acme/lost/file", "acme", 8_000).await.unwrap();
    assert!(db.garbage(8_000, 10).await.unwrap().is_empty());
    assert_eq!(db.garbage(8_001, 10).await.unwrap(), ["acme/lost/file"], "a later end counts");
    assert_eq!(db.garbage(99_000, 10).await.unwrap(), ["acme/lost/file", "acme/r1/file"]);
    assert_eq!(db.garbage(99_000, 1).await.unwrap(), ["acme/lost/file"]);
    db.forget_blob("acme/lost/file").await.unwrap();
    db.forget_blob("acme/lost/file").await.unwrap();

    accept(&db, &request("r1")).await;
    // It asks for an end at 10,000; the token says more.
    db.finish(&with_token("r1", "t1", 50_000), &[], WIDE).await.unwrap();
    assert!(db.garbage(50_000, 10).await.unwrap().is_empty());
    assert_eq!(db.garbage(50_001, 10).await.unwrap(), ["acme/r1/file"]);
    // A verdict can also end it sooner than it was reserved for, and note what was never reserved.
    accept(&db, &request("r2")).await;
    db.reserve_blob("acme/r2/file", "acme", 90_000).await.unwrap();
    db.finish(&verdict("r2"), &[], WIDE).await.unwrap();
    assert_eq!(db.garbage(10_001, 10).await.unwrap(), ["acme/r2/file"]);
}

pub async fn purge(site: &Site) {
    let db = site.open().await;
    for id in ["old", "open", "young"] {
        let received_ms = if id == "young" { 9_000 } else { 1_000 };
        accept(
            &db,
            &NewRequest {
                received_ms,
                ..request(id)
            },
        )
        .await;
    }
    db.finish(&with_token("old", "t1", 50_000), &[], WIDE).await.unwrap();
    db.finish(&with_token("young", "t2", 50_000), &[], WIDE).await.unwrap();
    db.downloaded("t1", 2_000, 7).await.unwrap();
    assert_eq!(db.purge(1_000, 10).await.unwrap(), 0, "not older than that");
    assert_eq!(db.purge(8_000, 10).await.unwrap(), 1);
    assert!(db.request("old").await.unwrap().is_none() && db.token("t1").await.unwrap().is_none());
    assert!(db.request("open").await.unwrap().is_some(), "it has no verdict yet");
    assert!(db.request("young").await.unwrap().unwrap().verdict.is_some());
    assert_eq!(db.purge(99_000, 1).await.unwrap(), 1);
    assert_eq!(db.garbage(99_000, 10).await.unwrap().len(), 2, "blobs go by their own time");
}

pub async fn parked(site: &Site) {
    let db = site.open().await;
    let job = |id: &str, next_poll_ms| Parked {
        id: id.to_owned(),
        back_end: "cape".to_owned(),
        external_id: String::new(),
        body: vec![0, 255],
        next_poll_ms,
    };
    for (id, next) in [("b", 100), ("a", 200), ("c", 900)] {
        db.park(&job(id, next)).await.unwrap();
    }
    assert_eq!(db.due_parked(200, 50, 10).await.unwrap(), [job("b", 100), job("a", 200)]);
    assert!(site.open().await.due_parked(249, 50, 10).await.unwrap().is_empty(), "leased");
    assert_eq!(db.due_parked(250, 50, 1).await.unwrap(), [job("b", 100)], "whoever held it died");
    let again = Parked {
        external_id: "17".to_owned(),
        next_poll_ms: 260,
        ..job("b", 0)
    };
    db.park(&again).await.unwrap();
    assert_eq!(db.due_parked(260, 50, 10).await.unwrap(), [job("a", 200), again]);
    db.unpark("a").await.unwrap();
    db.unpark("a").await.unwrap();
    let mut tasks = vec![];
    for _ in 0..8 {
        let db = site.open().await;
        tasks.push(tokio::spawn(async move { db.due_parked(10_000, 50, 10).await.unwrap().len() }));
    }
    let mut got = 0;
    for task in tasks {
        got += task.await.unwrap();
    }
    assert_eq!(got, 2, "nobody gets what another has");
}

pub async fn overdue_and_status(site: &Site) {
    let db = site.open().await;
    for (id, deadline_ms) in [("r1", 500), ("r2", 400), ("r3", 600), ("r4", 300)] {
        accept(
            &db,
            &NewRequest {
                deadline_ms,
                ..request(id)
            },
        )
        .await;
    }
    db.finish(&verdict("r4"), &[mail("final")], WIDE).await.unwrap();
    let ids = async |now: i64, limit: u32| -> Vec<String> {
        db.overdue(now, limit)
            .await
            .unwrap()
            .into_iter()
            .map(|r| r.request.request_id)
            .collect()
    };
    assert_eq!(ids(600, 10).await, ["r2", "r1"]);
    assert_eq!(ids(601, 10).await, ["r2", "r1", "r3"]);
    assert_eq!(ids(601, 1).await, ["r2"]);
    assert_eq!(
        db.status().await.unwrap(),
        Status {
            running: 3,
            waiting: 0,
            done: 1,
            outbox: 9
        }
    );
}

pub async fn hostile_text(site: &Site) {
    let db = site.open().await;
    let url = format!(
        "https://x.test/?q='; DROP TABLE request; --$1\u{202e}\u{1f600}{}",
        "x".repeat(8_000)
    );
    let r = NewRequest {
        url: url.clone(),
        recipient: "\"'\\%_".to_owned(),
        ..request("r1")
    };
    assert_eq!(accept(&db, &r).await, Accept::New);
    assert_eq!(db.request("r1").await.unwrap().unwrap().request, r);
    let mut v = with_token("r1", "t1", 50_000);
    v.chunks_sha256 = (0..2_048).map(|n| format!("{n:064x}")).collect();
    db.finish(&v, &[], WIDE).await.unwrap();
    assert_eq!(db.live(&r, 1).await.unwrap().as_deref(), Some("r1"));
    let found = db.token("t1").await.unwrap().unwrap();
    assert_eq!((found.url, found.chunks_sha256), (url, v.chunks_sha256));
}
