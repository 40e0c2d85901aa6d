//! The end of the line: one verdict, and tokens.

use airlock_records::{Accept, Finish, NewRequest, RecordsError, RevokeBy};

use crate::site::{Site, WIDE, accept, drain, mail, places, request, sends, verdict, with_token};

pub async fn finish(site: &Site) {
    let db = site.open().await;
    accept(&db, &request("r1")).await;
    drain(&db).await;
    let v = with_token("r1", "t1", 50_000);
    assert_eq!(db.finish(&v, &[mail("final r1")], WIDE).await.unwrap(), Finish::First);
    let other = verdict("r1");
    assert_eq!(db.finish(&other, &[mail("second")], WIDE).await.unwrap(), Finish::Already);
    assert_eq!(drain(&db).await, ["final r1"]);

    let row = db.request("r1").await.unwrap().unwrap();
    assert_eq!(row.state, "done");
    let found = row.verdict.unwrap();
    assert_eq!(
        (found.body, found.decision.as_str(), found.outcome.as_str()),
        (v.body, "release", "scanned")
    );
    assert_eq!((found.sha256.as_deref(), found.decided_ms), (Some("aa"), 5_000));
    let token = db.token("t1").await.unwrap().unwrap();
    assert_eq!(found.token.as_ref(), Some(&token));
    assert_eq!(
        (token.size, token.chunks_sha256.as_slice()),
        (5_000_000_000, ["c1".to_owned(), "c2".to_owned()].as_slice())
    );
    assert_eq!(
        (token.tenant.as_str(), token.recipient.as_str(), token.service.as_str()),
        ("acme", "ann@acme.test", "mailguard")
    );
    assert_eq!((token.claims, token.revoked_ms, token.revoked_why), (vec![9, 0], None, None));
    assert_eq!(db.token("none").await.unwrap(), None);
    db.downloaded("t1", 6_000, 77).await.unwrap();

    let error = db.finish(&verdict("nobody"), &[mail("x")], WIDE).await.unwrap_err();
    assert!(matches!(&error, RecordsError::NoSuchRequest(id) if id == "nobody"));
    assert!(!error.is_temporary());
    assert!(drain(&db).await.is_empty());
}

pub async fn race(site: &Site) {
    let db = site.open().await;
    accept(&db, &request("r1")).await;
    drain(&db).await;
    let mut tasks = vec![];
    for n in 0..16 {
        let db = site.open().await;
        tasks.push(tokio::spawn(async move {
            let v = with_token("r1", &format!("t{n}"), 50_000);
            db.finish(&v, &[mail(&format!("final {n}"))], WIDE).await.unwrap()
        }));
    }
    let mut first = vec![];
    for (n, task) in tasks.into_iter().enumerate() {
        if task.await.unwrap() == Finish::First {
            first.push(n);
        }
    }
    assert_eq!(first.len(), 1);
    let n = first[0];
    assert_eq!(drain(&db).await, [format!("final {n}")]);
    let found = db.request("r1").await.unwrap().unwrap().verdict.unwrap().token.unwrap();
    assert_eq!(found.token_id, format!("t{n}"));
    for other in (0..16).filter(|o| *o != n) {
        assert_eq!(db.token(&format!("t{other}")).await.unwrap(), None);
    }
}

/// Neither waits for what the other holds: both would be told of trouble.
pub async fn asked_again(site: &Site) {
    let (ends, asks) = (site.open().await, site.open().await);
    for round in 0..30 {
        let id = format!("r{round}");
        accept(&ends, &request(&id)).await;
        let (ends, of) = (ends.clone(), id.clone());
        let end = tokio::spawn(async move { ends.finish(&verdict(&of), &[mail("final")], WIDE).await.unwrap() });
        for _ in 0..4 {
            assert!(matches!(accept(&asks, &request(&id)).await, Accept::Known(_)));
        }
        assert_eq!(end.await.unwrap(), Finish::First);
    }
}

pub async fn waiting(site: &Site) {
    let db = site.open().await;
    let one = places(1, 9);
    for id in ["r1", "r2", "r3"] {
        db.accept(request(id), "text", sends(&[mail(&format!("job {id}"))], &[]), one)
            .await
            .unwrap();
    }
    // Its deadline passed while it waited: it gets its verdict, and its job never goes out.
    db.finish(&verdict("r2"), &[mail("final r2")], one).await.unwrap();
    assert_eq!(drain(&db).await, ["job r1", "final r2"]);
    db.finish(&verdict("r1"), &[], one).await.unwrap();
    assert_eq!(drain(&db).await, ["job r3"]);
}

/// Verdicts and requests at the same time: at the end everybody was let in exactly once.
pub async fn promotion_race(site: &Site) {
    let tight = places(2, 100);
    let worker = async |db: airlock_records::Records, from: u32| {
        for n in from..from + 8 {
            let id = format!("r{n}");
            db.accept(request(&id), "text", sends(&[mail(&id)], &[]), tight).await.unwrap();
        }
        let mut worked = vec![];
        for _ in 0..60 {
            let jobs = drain(&db).await;
            for id in &jobs {
                assert_eq!(db.finish(&verdict(id), &[], tight).await.unwrap(), Finish::First);
            }
            worked.extend(jobs);
        }
        worked
    };
    let (a, b, c) = (site.open().await, site.open().await, site.open().await);
    let (a, b, c) = tokio::join!(worker(a, 0), worker(b, 8), worker(c, 16));
    let db = site.open().await;
    let mut all = [a, b, c].concat();
    while db.status().await.unwrap().done < 24 {
        let jobs = drain(&db).await;
        assert!(!jobs.is_empty(), "somebody waits for ever");
        for id in &jobs {
            db.finish(&verdict(id), &[], tight).await.unwrap();
        }
        all.extend(jobs);
    }
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 24);
}

pub async fn live(site: &Site) {
    let db = site.open().await;
    for (id, token, expires) in [("r1", "t1", 50_000), ("r2", "t2", 60_000)] {
        accept(&db, &request(id)).await;
        let mut v = with_token(id, token, expires);
        v.decided_ms = expires - 40_000;
        db.finish(&v, &[], WIDE).await.unwrap();
    }
    let again = request("new");
    let newest = async |r: &NewRequest, now: i64| {
        let id = db.live(r, now).await.unwrap()?;
        let verdict = db.request(&id).await.unwrap()?.verdict?;
        Some((id, verdict.token?.expires_ms))
    };
    assert_eq!(newest(&again, 40_000).await, Some(("r2".to_owned(), 60_000)));
    assert_eq!(newest(&again, 59_999).await, Some(("r2".to_owned(), 60_000)));
    assert_eq!(newest(&again, 60_000).await, None, "expired");
    let change: [fn(&mut NewRequest); 7] = [
        |r| r.service = "other".to_owned(),
        |r| r.tenant = "other".to_owned(),
        |r| r.recipient = "bob@acme.test".to_owned(),
        |r| r.url.push('x'),
        |r| r.route = "outbound".to_owned(),
        |r| r.secrets_sha256 = "00".to_owned(),
        |r| r.definition_digest = "default@d2".to_owned(),
    ];
    for (n, change) in change.iter().enumerate() {
        let mut r = request("new");
        change(&mut r);
        assert_eq!(newest(&r, 40_000).await, None, "change {n}");
    }
    assert_eq!(db.revoke(RevokeBy::Token("t2".to_owned()), "why", 1).await.unwrap(), 1);
    assert_eq!(newest(&again, 40_000).await, Some(("r1".to_owned(), 50_000)), "t2 is revoked");

    // The click again is answered with the same token; both verdicts lead to it.
    accept(&db, &again).await;
    let mut v = with_token("r1", "t1", 50_000);
    v.request_id = "new".to_owned();
    v.decided_ms = 45_000;
    assert_eq!(db.finish(&v, &[], WIDE).await.unwrap(), Finish::First);
    assert_eq!(newest(&again, 46_000).await, Some(("new".to_owned(), 50_000)));
    assert_eq!(db.revoke(RevokeBy::Request("new".to_owned()), "why", 2).await.unwrap(), 1);
    assert_eq!(newest(&again, 46_000).await, None);
}

pub async fn revoke(site: &Site) {
    let db = site.open().await;
    for n in 1..=4 {
        accept(&db, &request(&format!("r{n}"))).await;
        let mut v = with_token(&format!("r{n}"), &format!("t{n}"), 50_000);
        if n == 4 {
            v.token.as_mut().unwrap().sha256 = "bb".to_owned();
        }
        db.finish(&v, &[], WIDE).await.unwrap();
    }
    assert_eq!(db.revoke(RevokeBy::Request("r1".to_owned()), "asked", 7).await.unwrap(), 1);
    assert_eq!(db.revoke(RevokeBy::Request("nobody".to_owned()), "asked", 7).await.unwrap(), 0);
    assert_eq!(db.revoke(RevokeBy::Sha256("aa".to_owned()), "bad file", 8).await.unwrap(), 2);
    assert_eq!(db.revoke(RevokeBy::Sha256("aa".to_owned()), "bad file", 9).await.unwrap(), 0);
    let why = async |id: &str| {
        let t = db.token(id).await.unwrap().unwrap();
        t.revoked_ms.zip(t.revoked_why)
    };
    assert_eq!(why("t1").await, Some((7, "asked".to_owned())), "the first reason stays");
    assert_eq!(why("t3").await, Some((8, "bad file".to_owned())));
    assert_eq!(why("t4").await, None);
}

pub async fn token_of_another_file(site: &Site) {
    let db = site.open().await;
    assert_eq!(accept(&db, &request("r1")).await, Accept::New);
    accept(&db, &request("r2")).await;
    drain(&db).await;
    db.finish(&with_token("r1", "t1", 50_000), &[], WIDE).await.unwrap();
    let error = db.finish(&with_token("r2", "t1", 50_000), &[mail("x")], WIDE).await.unwrap_err();
    assert!(matches!(error, RecordsError::Broken(_)));
    assert_eq!(
        db.request("r2").await.unwrap().unwrap().state,
        "running",
        "nothing of it was written"
    );
    assert!(drain(&db).await.is_empty());
}
