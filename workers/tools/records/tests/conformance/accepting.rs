//! The front of the line: once, and fair.

use airlock_records::{Accept, Fairness, Mail, NewRequest};

use crate::site::{Site, WIDE, accept, accept_within, drain, mail, places, request, sends, verdict};

pub async fn known_and_conflict(site: &Site) {
    let db = site.open().await;
    assert_eq!(accept(&db, &request("r1")).await, Accept::New);
    assert_eq!(drain(&db).await, ["event r1", "job r1"]);
    assert_eq!(db.definition("default@d1").await.unwrap().as_deref(), Some("text"));
    assert_eq!(db.definition("other").await.unwrap(), None);

    let Accept::Known(row) = accept(&db, &request("r1")).await else {
        panic!("not known")
    };
    assert_eq!((row.state.as_str(), &row.request, &row.verdict), ("running", &request("r1"), &None));
    let conflict = async |r: NewRequest| matches!(accept(&db, &r).await, Accept::Conflict);
    assert!(
        conflict(NewRequest {
            body_sha256: "b1".to_owned(),
            ..request("r1")
        })
        .await
    );
    assert!(
        conflict(NewRequest {
            service: "other".to_owned(),
            ..request("r1")
        })
        .await
    );
    assert!(
        conflict(NewRequest {
            service: "other".to_owned(),
            tenant: "else".to_owned(),
            ..request("r1")
        })
        .await
    );

    db.finish(&verdict("r1"), &[], WIDE).await.unwrap();
    let Accept::Known(row) = accept(&db, &request("r1")).await else {
        panic!("not known")
    };
    assert_eq!(row.verdict.as_ref().unwrap().body, [7, 0, 255]);
    assert_eq!(row.tenant, "acme");
    assert!(drain(&db).await.is_empty(), "a repetition wrote messages");
}

pub async fn race(site: &Site) {
    let mut tasks = vec![];
    for n in 0..16 {
        let db = site.open().await;
        // Two tenants, so that not only the tenant's own order decides.
        let r = NewRequest {
            tenant: format!("t{}", n % 2),
            ..request("same")
        };
        tasks.push(tokio::spawn(async move { accept(&db, &r).await }));
    }
    let mut new = 0;
    for task in tasks {
        match task.await.unwrap() {
            Accept::New => new += 1,
            Accept::Known(row) => assert_eq!(row.request_id, "same"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(new, 1);
    assert_eq!(drain(&site.open().await).await, ["event same", "job same"]);
}

pub async fn fairness(site: &Site) {
    let db = site.open().await;
    let tight = places(2, 2);
    let go = async |id: &str, received_ms: i64| {
        let r = NewRequest {
            received_ms,
            ..request(id)
        };
        accept_within(&db, &r, tight).await
    };
    assert_eq!(go("r1", 1).await, Accept::New);
    assert_eq!(go("r2", 2).await, Accept::New);
    assert_eq!(go("r3", 3).await, Accept::Waiting);
    assert_eq!(go("r4", 4).await, Accept::Waiting);
    assert_eq!(go("r5", 5).await, Accept::Full);
    assert!(
        matches!(go("r3", 3).await, Accept::Known(row) if row.state == "waiting"),
        "full, but this one is known"
    );
    assert!(matches!(go("r1", 1).await, Accept::Known(row) if row.state == "running"));
    let reused = NewRequest {
        body_sha256: "b1".to_owned(),
        ..request("r1")
    };
    assert_eq!(db.accept(reused, "text", Mail::default(), tight).await.unwrap(), Accept::Conflict);
    let other = NewRequest {
        tenant: "other".to_owned(),
        ..request("o1")
    };
    assert_eq!(
        db.accept(other.clone(), "text", Mail::default(), tight).await.unwrap(),
        Accept::New,
        "another tenant is not touched"
    );
    assert_eq!(db.request("r5").await.unwrap(), None);
    assert_eq!(
        drain(&db).await,
        ["event r1", "job r1", "event r2", "job r2", "event r3", "event r4"]
    );

    db.finish(&verdict("r2"), &[], tight).await.unwrap();
    assert_eq!(drain(&db).await, ["job r3"], "the one that waited longest");
    assert_eq!(db.request("r3").await.unwrap().unwrap().state, "running");
    assert_eq!(go("r6", 6).await, Accept::Waiting, "nobody overtakes");
    assert_eq!(site.waiting().await, (2, 2));
    db.finish(&verdict("r1"), &[], tight).await.unwrap();
    db.finish(&verdict("r3"), &[], tight).await.unwrap();
    db.finish(&verdict("r3"), &[], tight).await.unwrap();
    let mut rest = drain(&db).await;
    rest.sort();
    assert_eq!(rest, ["event r6", "job r4", "job r6"]);
    assert_eq!(site.waiting().await, (0, 0));
    assert_eq!(db.status().await.unwrap().waiting, 0);
}

/// Who gets a verdict while it waits makes room for the next one.
pub async fn left(site: &Site) {
    let db = site.open().await;
    let tight = places(1, 1);
    let go = async |id: &str| accept_within(&db, &request(id), tight).await;
    assert_eq!(go("r1").await, Accept::New);
    for (waits, full) in [("r2", "r3"), ("r3", "r4"), ("r4", "r5")] {
        assert_eq!(go(waits).await, Accept::Waiting);
        assert_eq!(go(full).await, Accept::Full);
        assert_eq!(site.waiting().await, (1, 1));
        db.finish(&verdict(waits), &[], tight).await.unwrap();
        assert_eq!(site.waiting().await, (0, 0));
    }
}

pub async fn fairness_race(site: &Site) {
    let tight = places(3, 5);
    let mut tasks = vec![];
    for n in 0..16 {
        let db = site.open().await;
        tasks.push(tokio::spawn(async move {
            db.accept(request(&format!("r{n}")), "text", sends(&[mail("job")], &[]), tight)
                .await
                .unwrap()
        }));
    }
    let mut counts = [0; 3];
    for task in tasks {
        match task.await.unwrap() {
            Accept::New => counts[0] += 1,
            Accept::Waiting => counts[1] += 1,
            Accept::Full => counts[2] += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(counts, [3, 5, 8]);
    assert_eq!(site.waiting().await, (5, 5));
    assert_eq!(drain(&site.open().await).await.len(), 3);
}

/// Free places go to those who wait as soon as anybody looks.
pub async fn forgotten(site: &Site) {
    let db = site.open().await;
    let two = places(2, 9);
    let go = async |id: &str| {
        let job = [mail(&format!("job {id}"))];
        db.accept(request(id), "text", sends(&job, &[]), two).await.unwrap()
    };
    let no_places = Fairness { in_flight: 0, ..two };
    assert_eq!(
        (go("r1").await, go("r2").await, go("r3").await),
        (Accept::New, Accept::New, Accept::Waiting)
    );
    for id in ["r1", "r2"] {
        db.finish(&verdict(id), &[], no_places).await.unwrap();
    }
    assert_eq!(drain(&db).await, ["job r1", "job r2"]);
    assert_eq!(go("r4").await, Accept::New, "nobody is under way");
    assert_eq!(drain(&db).await, ["job r3", "job r4"]);
}

/// What comes at once is recorded together, and each has its own answer: new ones and known ones, the same twice, those of several
/// tenants, those that are too many, one that the database can never keep. Two processes do it at the same time.
pub async fn together(site: &Site) {
    let some = places(3, 40);
    let handles = [site.open().await, site.open().await];
    accept(&handles[0], &request("known")).await;
    let ids = (0..400)
        .map(|n| format!("r{}", n % 300))
        .chain(["known".to_owned(), "unfit\0".to_owned()]);
    let calls = ids.enumerate().map(|(n, id)| {
        let r = NewRequest {
            tenant: match id.as_str() {
                "known" => "acme".to_owned(),
                _ => format!("t{}", id.len()),
            },
            definition_digest: format!("d{}", n % 7),
            ..request(&id)
        };
        let mail = sends(&[mail(&format!("job {id}"))], &[mail(&format!("event {id}"))]);
        handles[n % 2].accept(r, "text", mail, some)
    });
    let answers = futures_util::future::join_all(calls).await;
    let mut counts = [0_u64; 4];
    for (n, answer) in answers.into_iter().enumerate() {
        match answer {
            // PostgreSQL keeps no NUL.
            Err(airlock_records::RecordsError::Unfit(_)) => assert_eq!(n, 401),
            Ok(Accept::New) => counts[0] += 1,
            Ok(Accept::Waiting) => counts[1] += 1,
            Ok(Accept::Full) => counts[2] += 1,
            Ok(Accept::Known(_)) => counts[3] += 1,
            Err(error) if n == 401 => panic!("{error:?}"),
            // The same twice at once, and there was no room for it.
            Err(error) if error.is_temporary() => counts[2] += 1,
            other => panic!("{other:?}"),
        }
    }
    let db = &handles[0];
    let status = db.status().await.unwrap();
    // 10 of t2, 90 of t3, 200 of t4; what PostgreSQL cannot keep, SQLite can.
    let odd = u64::from(matches!(db.request("unfit\0").await, Ok(Some(_))));
    assert_eq!((status.running, status.waiting), (1 + 9 + odd, 7 + 40 + 40));
    assert_eq!((counts[0], counts[1]), (9 + odd, 87));
    assert!(counts[3] > 1, "known and repeated ones");
    let out = drain(db).await;
    let jobs = out.iter().filter(|word| word.starts_with("job")).count() as u64;
    assert_eq!((jobs, out.len() as u64 - jobs), (1 + 9 + odd, 1 + 9 + odd + 87));
}

pub async fn more_places(site: &Site) {
    let db = site.open().await;
    let one = places(1, 9);
    for id in ["r1", "r2", "r3"] {
        db.accept(request(id), "text", sends(&[mail(id)], &[]), one).await.unwrap();
    }
    assert_eq!(drain(&db).await, ["r1"]);
    let three = places(3, 9);
    let r = NewRequest {
        received_ms: 2_000,
        ..request("r4")
    };
    assert_eq!(db.accept(r, "text", kinds("r4"), three).await.unwrap(), Accept::Waiting);
    assert_eq!(
        drain(&db).await,
        ["r2", "r3", "r4 waits"],
        "places that were added are filled, and in turn"
    );
    db.finish(&verdict("r1"), &[], three).await.unwrap();
    assert_eq!(drain(&db).await, ["r4 waited"]);
}

fn kinds(id: &str) -> Mail {
    Mail {
        first: vec![mail(&format!("{id} first"))],
        placed: vec![mail(&format!("{id} placed"))],
        waits: vec![mail(&format!("{id} waits"))],
        waited: vec![mail(&format!("{id} waited"))],
    }
}

/// A burst of a tenant: its first ones go before others, the rest beside them.
pub async fn burst(site: &Site) {
    let db = site.open().await;
    let one_first = Fairness { first: 1, ..places(2, 9) };
    for id in ["r1", "r2", "r3"] {
        db.accept(request(id), "text", kinds(id), one_first).await.unwrap();
    }
    assert_eq!(drain(&db).await, ["r1 first", "r2 placed", "r3 waits"]);
    db.finish(&verdict("r1"), &[], one_first).await.unwrap();
    assert_eq!(drain(&db).await, ["r3 waited"]);
    db.finish(&verdict("r2"), &[], one_first).await.unwrap();
    db.finish(&verdict("r3"), &[], one_first).await.unwrap();
    db.accept(request("r4"), "text", kinds("r4"), one_first).await.unwrap();
    assert_eq!(drain(&db).await, ["r4 first"]);
}

/// Calls that are dropped at any moment leave nothing half done, and no connection in the middle of a transaction.
pub async fn dropped(site: &Site) {
    let db = site.open().await;
    for n in 0..120u64 {
        let id = format!("r{n}");
        let (r, job) = (
            NewRequest {
                tenant: format!("t{n}"),
                ..request(&id)
            },
            [mail(&id)],
        );
        let call = db.accept(r.clone(), "text", sends(&job, &job), WIDE);
        let _ = tokio::time::timeout(std::time::Duration::from_micros(n * 50), call).await;
    }
    // A commit that was on its way when its call was dropped may still arrive.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let mut there = vec![];
    for n in 0..120 {
        let id = format!("r{n}");
        let is_there = db.request(&id).await.unwrap().is_some();
        there.extend(is_there.then(|| [id.clone(), id]));
    }
    let mut there = there.concat();
    there.sort();
    let mut out = drain(&db).await;
    out.sort();
    assert_eq!(out, there, "a request and its messages are there together or not at all");
    assert_eq!(accept(&db, &request("last")).await, Accept::New);
    assert_eq!(
        db.finish(&verdict("last"), &[], WIDE).await.unwrap(),
        airlock_records::Finish::First
    );
}
