//! The outbox: nothing lost, nothing twice while both live.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use airlock_records::{OutboxRow, Records, Sent};

use crate::site::{Site, TOPIC, WIDE, drain, mail, request, sends, word};

async fn fill(db: &Records, count: usize) {
    let rows: Vec<OutboxRow> = (0..count).map(|n| mail(&format!("{n:04}"))).collect();
    db.accept(request("r1"), "text", sends(&rows, &[]), WIDE).await.unwrap();
}

pub async fn relay(site: &Site) {
    let db = site.open().await;
    assert_eq!(db.relay(TOPIC, 10, async |_| true).await.unwrap(), 0);
    fill(&db, 50).await;
    let tried = Mutex::new(vec![]);
    let sent = db
        .relay(TOPIC, 40, async |row: OutboxRow| {
            tried.lock().unwrap().push(word(&row));
            !word(&row).ends_with('3')
        })
        .await
        .unwrap();
    assert_eq!(sent, 36);
    let wanted: Vec<String> = (0..40).map(|n| format!("{n:04}")).collect();
    assert_eq!(*tried.lock().unwrap(), wanted, "in order");
    let rest = drain(&db).await;
    assert_eq!(rest.len(), 14);
    assert_eq!(
        rest[..5],
        ["0003", "0013", "0023", "0033", "0040"],
        "what was refused comes first the next time"
    );
    assert_eq!(db.status().await.unwrap().outbox, 0);
}

pub async fn aside(site: &Site) {
    let db = site.open().await;
    fill(&db, 20).await;
    let full = async |row: OutboxRow| match word(&row) {
        word if *word < *"0015" => Sent::Aside("clicks".to_owned()),
        word if word == "0015" => Sent::Aside("a/b's".to_owned()),
        _ => Sent::Gone,
    };
    assert_eq!(db.relay(TOPIC, 15, full).await.unwrap(), 15);
    assert_eq!(db.relay(TOPIC, 15, full).await.unwrap(), 5, "what comes behind passes");
    assert_eq!(db.relay(TOPIC, 15, full).await.unwrap(), 0);
    assert_eq!(db.status().await.unwrap().outbox, 16, "they still wait to go out");
    let mut receivers = db.aside(TOPIC).await.unwrap();
    receivers.sort();
    assert_eq!(receivers, ["a/b's", "clicks"]);
    assert!(db.aside("test").await.unwrap().is_empty());
    let none = db.relay_aside(TOPIC, "clicks", 10, full).await.unwrap();
    assert_eq!((none.found, none.moved), (10, 0), "still full");
    let tried = Mutex::new(vec![]);
    let hears = async |row: OutboxRow| {
        tried.lock().unwrap().push(word(&row));
        true
    };
    let some = db.relay_aside(TOPIC, "clicks", 10, hears).await.unwrap();
    assert_eq!((some.found, some.moved), (10, 10));
    let wanted: Vec<String> = (0..10).map(|n| format!("{n:04}")).collect();
    assert_eq!(*tried.lock().unwrap(), wanted, "the oldest first");
    assert_eq!(db.relay_aside(TOPIC, "clicks", 10, hears).await.unwrap().moved, 5);
    assert_eq!(db.relay_aside(TOPIC, "clicks", 10, hears).await.unwrap().found, 0);
    assert_eq!(db.relay_aside(TOPIC, "a/b's", 10, hears).await.unwrap().moved, 1);
    assert!(db.aside(TOPIC).await.unwrap().is_empty());
    assert_eq!(db.status().await.unwrap().outbox, 0);
}

pub async fn two_relays(site: &Site) {
    let seen: Mutex<HashMap<String, u32>> = Mutex::default();
    let at_once = (AtomicUsize::new(0), AtomicUsize::new(0));
    let running = async |db: Records, me: usize| {
        let mut idle = 0;
        while idle < 3 {
            let sent = db
                .relay(TOPIC, 7, async |row: OutboxRow| {
                    *seen.lock().unwrap().entry(word(&row)).or_default() += 1;
                    let count = if me == 0 { &at_once.0 } else { &at_once.1 };
                    count.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(3)).await;
                    true
                })
                .await
                .unwrap();
            idle = if sent == 0 { idle + 1 } else { 0 };
        }
    };
    fill(&site.open().await, 300).await;
    let (a, b) = (site.open().await, site.open().await);
    tokio::join!(running(a, 0), running(b, 1));
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 300);
    assert!(seen.values().all(|n| *n == 1), "published twice");
    assert!(
        at_once.0.into_inner() > 0 && at_once.1.into_inner() > 0,
        "one relay did all the work"
    );
}

pub async fn dropped(site: &Site) {
    let db = site.open().await;
    fill(&db, 20).await;
    let begun = AtomicUsize::new(0);
    let never = db.relay(TOPIC, 20, async |_| {
        // The first three get through, the others hang.
        let mine = begun.fetch_add(1, Ordering::Relaxed);
        if mine >= 3 {
            std::future::pending::<()>().await;
        }
        true
    });
    assert!(tokio::time::timeout(Duration::from_millis(300), never).await.is_err());
    let mut seen = vec![];
    for _ in 0..50 {
        seen.extend(drain(&site.open().await).await);
        if db.status().await.unwrap().outbox == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(
        (17..=20).contains(&seen.len()),
        "{} of the 17 that hung and the 3 that may come again",
        seen.len()
    );
    for n in 3..20 {
        assert!(seen.contains(&format!("{n:04}")), "{n} is lost");
    }
}

pub async fn spawned(site: &Site) {
    let db = site.open().await;
    fill(&db, 5).await;
    let count = Arc::new(AtomicUsize::new(0));
    let mine = count.clone();
    let task = tokio::spawn(async move {
        db.relay(TOPIC, 10, async |_row: OutboxRow| {
            tokio::task::yield_now().await;
            mine.fetch_add(1, Ordering::Relaxed);
            true
        })
        .await
        .unwrap()
    });
    assert_eq!(task.await.unwrap(), 5);
    assert_eq!(count.load(Ordering::Relaxed), 5);
}

pub async fn woken(site: &Site) {
    let db = site.open().await;
    let soon = Duration::from_millis(200);
    assert!(tokio::time::timeout(soon, db.woken(TOPIC)).await.is_err());
    let ((), told) = tokio::join!(fill(&db, 1), tokio::time::timeout(Duration::from_secs(5), db.woken(TOPIC)));
    told.unwrap();
    let others = tokio::time::timeout(soon, db.woken("others"));
    let ((), told) = tokio::join!(
        async {
            db.accept(request("r2"), "text", sends(&[mail("y")], &[]), WIDE).await.unwrap();
        },
        others
    );
    assert!(told.is_err(), "nothing is there for them");
    // Written while nobody waited: all who have asked before are told.
    let relays = [db.woken(TOPIC), db.woken(TOPIC)];
    db.finish(&crate::site::verdict("r1"), &[mail("x")], WIDE).await.unwrap();
    for woken in relays {
        tokio::time::timeout(soon, woken).await.unwrap();
    }
}
