//! The cases that hold for every broker.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use airlock_proto::v1::{Accepted, Verdict};
use airlock_proto::wire::Form;
use airlock_queue::topology::{Lane, Queue, StageName};
use airlock_queue::{Exchange, Outgoing, QueueError};

use crate::stages;
use crate::world::{Case, FETCH, SCAN, World, alive, job, next, silence, within};

/// All of them.
pub const ALL: &[Case] = &[
    ("what is published arrives whole", |w| Box::pin(whole(w))),
    ("what nobody takes is an error", |w| Box::pin(unroutable(w))),
    ("what is not settled comes again", |w| Box::pin(again(w))),
    ("requeue does not lose", |w| Box::pin(requeue(w))),
    ("a rung leads back to its stage and lane", |w| Box::pin(ladder(w))),
    ("events reach their service alone", |w| Box::pin(events(w))),
    ("what is dead reaches verdict and operator", |w| Box::pin(dead(w))),
    ("prefetch bounds what is unsettled", |w| Box::pin(prefetch(w))),
    ("a stop hands over what is there and ends", |w| Box::pin(stop(w))),
    ("depth counts what waits", |w| Box::pin(depth(w))),
    ("nothing of 500 is lost", |w| Box::pin(no_loss(w))),
    ("late and reordered is still each once", |w| Box::pin(reordered(w))),
    ("a stage is served, retried and buried", |w| Box::pin(stages::served(w))),
    ("a sender that may not is buried", |w| Box::pin(stages::wrong_sender(w))),
    ("a stage drains", |w| Box::pin(stages::drains(w))),
];

async fn whole(world: &'static dyn World) {
    let (intake, fetch) = (world.user("intake").await, world.user("fetch").await);
    for (lane, form) in [(Lane::Click, Form::Protobuf), (Lane::Bulk, Form::Json)] {
        let mut sent = job(StageName::Fetch, lane, "r-1");
        if form == Form::Json {
            sent.body = airlock_proto::wire::encode(&sent_body("r-1"), form);
        }
        sent.form = form;
        sent.attempt = 3;
        sent.trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
        sent.why = Some("for a test: ä".to_owned());
        intake.publish(sent.clone()).await.unwrap();
        let mut consumer = fetch.consume(Queue::Work(StageName::Fetch, lane), 1).await.unwrap();
        assert!(consumer.is_alive());
        let (got, receipt) = next(&mut consumer).await;
        assert_eq!((got.lane, got.kind.as_str(), got.form), (lane, "Accepted", Some(form)));
        assert_eq!((&got.id, &got.request_id, &got.body), (&sent.id, &sent.request_id, &sent.body));
        assert_eq!((got.attempt, &got.trace, &got.why), (3, &sent.trace, &sent.why));
        assert_eq!((got.sender.as_str(), got.retried, got.redelivered), ("intake", false, false));
        assert!(got.sent_ms > 1_700_000_000_000, "{}", got.sent_ms);
        let message: Accepted = got.decode().unwrap();
        assert_eq!(message.request.unwrap().request_id, "r-1");
        assert!(receipt.ack().await);
        silence(&mut consumer).await;
    }
}

fn sent_body(id: &str) -> Accepted {
    let sent = job(StageName::Fetch, Lane::Click, id);
    airlock_proto::wire::decode(&sent.body, Form::Protobuf).unwrap()
}

async fn unroutable(world: &'static dyn World) {
    let verdict = world.user("verdict").await;
    let event = |service: &str, word: &str| Outgoing::event(word, service, "r", &Verdict::default(), Form::Protobuf);
    let mut nowhere = event("nobody", "verdict.final");
    if !world.declares_services() {
        nowhere.key = "nowhere".to_owned();
    }
    let error = verdict.publish(nowhere).await.unwrap_err();
    assert!(matches!(error, QueueError::Unroutable { .. }), "{error}");
    // Nobody listens to progress, and that is no error.
    verdict.publish(event("nobody", "progress")).await.unwrap();
    verdict.publish(event("clicks", "verdict.final")).await.unwrap();
}

async fn again(world: &'static dyn World) {
    let (intake, fetch) = (world.user("intake").await, world.user("fetch").await);
    intake.publish(job(StageName::Fetch, Lane::Click, "r")).await.unwrap();
    let mut consumer = fetch.consume(FETCH, 1).await.unwrap();
    let (first, receipt) = next(&mut consumer).await;
    assert!(!first.redelivered);
    drop(receipt);
    let (second, receipt) = next(&mut consumer).await;
    assert!(second.redelivered && second.id == first.id);
    drop(consumer);
    drop(receipt);
    let mut other = fetch.consume(FETCH, 1).await.unwrap();
    let (third, receipt) = next(&mut other).await;
    assert!(third.redelivered && third.id == first.id);
    assert!(receipt.ack().await);
    silence(&mut other).await;
}

async fn requeue(world: &'static dyn World) {
    let (intake, fetch) = (world.user("intake").await, world.user("fetch").await);
    intake.publish(job(StageName::Fetch, Lane::Click, "r")).await.unwrap();
    let mut consumer = fetch.consume(FETCH, 1).await.unwrap();
    for _ in 0..3 {
        let (_, receipt) = next(&mut consumer).await;
        receipt.requeue().await;
    }
    let (message, receipt) = next(&mut consumer).await;
    assert!(message.redelivered && receipt.ack().await);
    silence(&mut consumer).await;
}

async fn ladder(world: &'static dyn World) {
    for (stage, before, lane) in [
        (StageName::Fetch, "intake", Lane::Click),
        (StageName::Fetch, "intake", Lane::Bulk),
        (StageName::Intake, "clicks", Lane::Click),
    ] {
        let (sender, me) = (world.user(before).await, world.user(stage.word()).await);
        let mut sent = job(stage, lane, "r");
        if stage == StageName::Intake {
            (sent.exchange, sent.key) = (Exchange::Requests, format!("request.{lane}.v1"));
        }
        sender.publish(sent).await.unwrap();
        let mut consumer = me.consume(Queue::Work(stage, lane), 1).await.unwrap();
        let (first, receipt) = next(&mut consumer).await;
        me.publish(first.later(stage, "the store is away")).await.unwrap();
        let started = Instant::now();
        assert!(receipt.ack().await);
        let (second, receipt) = next(&mut consumer).await;
        assert!(started.elapsed() >= Duration::from_millis(700), "{:?}", started.elapsed());
        assert_eq!((second.attempt, second.lane, second.retried), (1, lane, true));
        assert_eq!(
            (second.sender.as_str(), second.why.as_deref()),
            (stage.word(), Some("the store is away"))
        );
        assert_eq!((&second.id, &second.body, &second.kind), (&first.id, &first.body, &first.kind));
        assert!(receipt.ack().await);
        silence(&mut consumer).await;
    }
}

async fn events(world: &'static dyn World) {
    let (verdict, clicks, mails) = (world.user("verdict").await, world.user("clicks").await, world.user("mails").await);
    for word in ["accepted", "rejected", "progress", "verdict.final", "verdict.changed"] {
        let event = Outgoing::event(word, "clicks", "r", &Verdict::default(), Form::Json);
        verdict.publish(event).await.unwrap();
    }
    let mut own = mails.consume(Queue::Events("mails".into()), 10).await.unwrap();
    silence(&mut own).await;
    let mut theirs = clicks.consume(Queue::Events("clicks".into()), 10).await.unwrap();
    for _ in 0..5 {
        let (event, receipt) = next(&mut theirs).await;
        assert_eq!((event.sender.as_str(), event.form), ("verdict", Some(Form::Json)));
        assert!(receipt.ack().await);
    }
    silence(&mut theirs).await;
    for (user, queue) in [
        (&mails, Queue::Events("clicks".into())),
        (&mails, FETCH),
        (&clicks, Queue::VerdictDead),
    ] {
        let refused = user.consume(queue, 1).await.err().expect("refused");
        assert!(matches!(refused, QueueError::Refused(_)), "{refused}");
    }
    // Refusals leave the user's other work alone.
    mails.depth(Queue::Events("mails".into())).await.unwrap();
}

async fn dead(world: &'static dyn World) {
    let (intake, fetch) = (world.user("intake").await, world.user("fetch").await);
    let (verdict, operator) = (world.user("verdict").await, world.user("operator").await);
    intake.publish(job(StageName::Fetch, Lane::Click, "r")).await.unwrap();
    let mut consumer = fetch.consume(FETCH, 1).await.unwrap();
    let (message, receipt) = next(&mut consumer).await;
    let grave = message.again(Exchange::Dead, "dead.fetch".into(), "it is broken");
    fetch.publish(grave).await.unwrap();
    assert!(receipt.ack().await);
    for (user, queue) in [(verdict, Queue::VerdictDead), (operator, Queue::Dead(StageName::Fetch))] {
        let mut consumer = user.consume(queue, 1).await.unwrap();
        let (buried, receipt) = next(&mut consumer).await;
        assert_eq!((buried.why.as_deref(), buried.sender.as_str()), (Some("it is broken"), "fetch"));
        assert_eq!((&buried.body, &buried.request_id), (&message.body, &message.request_id));
        assert!(receipt.ack().await);
        silence(&mut consumer).await;
    }
}

async fn prefetch(world: &'static dyn World) {
    let (intake, fetch) = (world.user("intake").await, world.user("fetch").await);
    for n in 0..6 {
        intake.publish(job(StageName::Fetch, Lane::Click, &format!("r{n}"))).await.unwrap();
    }
    let mut consumer = fetch.consume(FETCH, 2).await.unwrap();
    let first = next(&mut consumer).await;
    let _second = next(&mut consumer).await;
    silence(&mut consumer).await;
    let mut other = fetch.consume(FETCH, 2).await.unwrap();
    let _elsewhere = next(&mut other).await;
    assert!(first.1.ack().await);
    let _third = next(&mut consumer).await;
    silence(&mut consumer).await;
}

async fn stop(world: &'static dyn World) {
    let (intake, fetch) = (world.user("intake").await, world.user("fetch").await);
    for n in 0..6 {
        intake.publish(job(StageName::Fetch, Lane::Click, &format!("r{n}"))).await.unwrap();
    }
    let mut consumer = fetch.consume(FETCH, 4).await.unwrap();
    let (first, receipt) = next(&mut consumer).await;
    within(5, consumer.stop()).await;
    let mut seen = BTreeSet::new();
    while let Some((message, receipt)) = within(5, consumer.next()).await {
        seen.insert(message.id.clone());
        receipt.requeue().await;
    }
    assert!(seen.len() <= 3, "{seen:?}");
    // In hand at the stop, and still ours to settle.
    assert!(receipt.ack().await);
    drop(consumer);
    let mut other = fetch.consume(FETCH, 10).await.unwrap();
    let mut left = BTreeSet::new();
    for _ in 0..5 {
        let (message, receipt) = next(&mut other).await;
        left.insert(message.id);
        assert!(receipt.ack().await);
    }
    assert!(left.len() == 5 && !left.contains(&first.id));
    silence(&mut other).await;
}

async fn depth(world: &'static dyn World) {
    let (intake, fetch) = (world.user("intake").await, world.user("fetch").await);
    for n in 0..3 {
        intake.publish(job(StageName::Fetch, Lane::Click, &format!("r{n}"))).await.unwrap();
    }
    within(10, async {
        while fetch.depth(FETCH).await.unwrap() != 3 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

async fn no_loss(world: &'static dyn World) {
    let (intake, fetch) = (world.user("intake").await, world.user("fetch").await);
    const COUNT: usize = 500;
    let publishing = tokio::spawn(async move {
        let sent = (0..COUNT).map(|n| intake.publish(job(StageName::Fetch, Lane::Click, &format!("r{n}"))));
        for result in futures_util::future::join_all(sent).await {
            result.unwrap();
        }
    });
    let mut seen = BTreeSet::new();
    let mut chance = 12345_u32;
    let mut taken = 0;
    within(60, async {
        while seen.len() < COUNT {
            let mut consumer = fetch.consume(FETCH, 16).await.unwrap();
            chance = chance.wrapping_mul(1_103_515_245).wrapping_add(12345);
            // The broker buries what it delivered six times: few enough drops that this cannot happen to one message.
            let now = if taken < 4 { 40 + (chance >> 16) % 60 } else { u32::MAX };
            taken += 1;
            for _ in 0..now {
                if seen.len() == COUNT {
                    break;
                }
                let (message, receipt) = next(&mut consumer).await;
                if receipt.ack().await {
                    seen.insert(message.request_id);
                }
            }
        }
    })
    .await;
    publishing.await.unwrap();
}

/// What a receiver makes of doubled, late and reordered deliveries: each request once, by its id.
async fn reordered(world: &'static dyn World) {
    let (fetch, scan) = (world.user("fetch").await, world.user("scan").await);
    let mut ids: Vec<String> = (0..20).map(|n| format!("r{n}")).collect();
    ids.extend(ids.clone());
    ids.reverse();
    for id in &ids {
        fetch.publish(job(StageName::Scan, Lane::Click, id)).await.unwrap();
    }
    let mut consumer = scan.consume(SCAN, 8).await.unwrap();
    let (mut held, mut done) = (Vec::new(), BTreeSet::new());
    let (mut doubled, mut holds) = (0, true);
    while done.len() < 20 || doubled < 20 {
        let (message, receipt) = next(&mut consumer).await;
        if holds {
            held.push(receipt);
            holds = held.len() < 4;
            continue;
        }
        if !done.insert(message.id) {
            doubled += 1;
        }
        assert!(receipt.ack().await);
        if done.len() == 10 {
            held.clear();
        }
    }
    silence(&mut consumer).await;
    alive(&mut consumer, true).await;
}
