//! What RabbitMQ does to a line that is not careful: each trap sprung on a real server.

use std::time::{Duration, Instant};

use airlock_peers::rabbit::ADMIN;
use airlock_proto::v1::Verdict;
use airlock_proto::wire::Form;
use airlock_queue::rabbit::{Config, Rabbit};
use airlock_queue::topology::{Lane, Queue, StageName, apply, check};
use airlock_queue::{Broker, Exchange, Outgoing, QueueError};
use lapin::options::QueueDeleteOptions;

use crate::rabbit::{RabbitWorld, Trap};
use crate::stages::Running;
use crate::world::{FETCH, SCAN, World, alive, job, next, silence, within};

/// All of them.
pub const ALL: &[Trap] = &[
    ("what kills its stage is buried", |w| Box::pin(what_kills_its_stage_is_buried(w))),
    ("a closed channel is rebuilt", |w| Box::pin(a_closed_channel_is_rebuilt(w))),
    ("a full queue is no broker that is away", |w| {
        Box::pin(a_full_queue_is_no_broker_that_is_away(w))
    }),
    ("a deleted queue is waited for", |w| Box::pin(a_deleted_queue_is_waited_for(w))),
    ("a dead letter waits for its queue", |w| {
        Box::pin(a_dead_letter_waits_for_its_queue(w))
    }),
    ("a delivery held too long closes the channel", |w| {
        Box::pin(a_delivery_held_too_long_closes_the_channel(w))
    }),
    ("a burst wider than the window goes through", |w| {
        Box::pin(a_burst_wider_than_the_window_goes_through(w))
    }),
    ("nothing is left open", |w| Box::pin(nothing_is_left_open(w))),
    ("an alarm blocks and passes", |w| Box::pin(an_alarm_blocks_and_passes(w))),
    ("a broker that hangs is given up", |w| Box::pin(a_broker_that_hangs_is_given_up(w))),
    ("a restart is survived", |w| Box::pin(a_restart_is_survived(w))),
    ("a killed broker is survived", |w| Box::pin(a_killed_broker_is_survived(w))),
];

async fn what_kills_its_stage_is_buried(world: &'static RabbitWorld) {
    world
        .user("intake")
        .await
        .publish(job(StageName::Fetch, Lane::Click, "killer"))
        .await
        .unwrap();
    let fetch = world.user("fetch").await;
    let mut consumer = fetch.consume(FETCH, 1).await.unwrap();
    for _ in 0..6 {
        let (message, receipt) = next(&mut consumer).await;
        assert_eq!(message.request_id, "killer");
        drop(receipt);
    }
    silence(&mut consumer).await;
    for (user, queue) in [("verdict", Queue::VerdictDead), ("operator", Queue::Dead(StageName::Fetch))] {
        let mut dead = world.user(user).await.consume(queue, 1).await.unwrap();
        let (buried, receipt) = next(&mut dead).await;
        assert_eq!(
            (buried.request_id.as_str(), buried.why.as_deref()),
            ("killer", Some("delivery_limit"))
        );
        assert!(receipt.ack().await);
    }
}

async fn a_closed_channel_is_rebuilt(world: &'static RabbitWorld) {
    let (intake, fetch) = (world.user("intake").await, world.user("fetch").await);
    let mut consumer = fetch.consume(FETCH, 2).await.unwrap();
    intake.publish(job(StageName::Fetch, Lane::Click, "r1")).await.unwrap();
    let (_, held) = next(&mut consumer).await;
    // Every connection of the user is closed from outside.
    let closed = world.server(|s| s.ctl(&["close_all_user_connections", "fetch", "test"])).await;
    closed.unwrap();
    assert!(!held.ack().await, "the broker no longer knows the delivery");
    let (message, receipt) = next(&mut consumer).await;
    assert!(message.redelivered && receipt.ack().await);
    alive(&mut consumer, true).await;
    within(20, async {
        while fetch.publish(job(StageName::Scan, Lane::Click, "r2")).await.is_err() {}
    })
    .await;
}

async fn a_full_queue_is_no_broker_that_is_away(world: &'static RabbitWorld) {
    let small = [
        "set_policy",
        "-p",
        "airlock",
        "small",
        "^airlock.events.clicks$",
        r#"{"overflow": "reject-publish", "max-length": 2}"#,
        "--priority",
        "9",
        "--apply-to",
        "queues",
    ];
    world.server(move |s| s.ctl(&small)).await.unwrap();
    let verdict = world.user("verdict").await;
    let event = |service: &str| Outgoing::event("verdict.final", service, "r", &Verdict::default(), Form::Protobuf);
    // The bound is soft, and the policy takes its time.
    let full = within(30, async {
        loop {
            if let Err(error) = verdict.publish(event("clicks")).await {
                return error;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    assert!(matches!(full, QueueError::Full(_)), "{full}");
    verdict.publish(event("mails")).await.unwrap();
    let clear = ["clear_policy", "-p", "airlock", "small"];
    world.server(move |s| s.ctl(&clear)).await.unwrap();
    within(30, async {
        while verdict.publish(event("clicks")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
}

/// On the ladder while there is nothing at its end: dead lettering is at least once, so it waits there.
async fn a_dead_letter_waits_for_its_queue(world: &'static RabbitWorld) {
    let fetch = world.user("fetch").await;
    let connection = world.bare(ADMIN).await;
    let channel = connection.create_channel().await.unwrap();
    channel
        .queue_delete("airlock.fetch.click".into(), QueueDeleteOptions::default())
        .await
        .unwrap();
    let mut waiting = job(StageName::Fetch, Lane::Click, "waits");
    (waiting.exchange, waiting.key) = (Exchange::Retry(StageName::Fetch, Lane::Click), "1s".to_owned());
    fetch.publish(waiting).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    apply(&world.management, &world.definitions).await.unwrap();
    let mut consumer = fetch.consume(FETCH, 1).await.unwrap();
    let (message, receipt) = next(&mut consumer).await;
    assert!(message.request_id == "waits" && message.retried && receipt.ack().await);
}

/// The broker closes the channel with PRECONDITION_FAILED, and the connection stays: what silenced lapin's own recovery.
async fn a_delivery_held_too_long_closes_the_channel(world: &'static RabbitWorld) {
    let set = |timeout: &str, tick: &str| {
        format!("application:set_env(rabbit, consumer_timeout, {timeout}), application:set_env(rabbit, channel_tick_interval, {tick}).")
    };
    let (short, long) = (set("1000", "500"), set("1800000", "60000"));
    world.server(move |s| s.ctl(&["eval", &short])).await.unwrap();
    let (intake, fetch) = (world.user("intake").await, world.user("fetch").await);
    let mut consumer = fetch.consume(FETCH, 2).await.unwrap();
    intake.publish(job(StageName::Fetch, Lane::Click, "r1")).await.unwrap();
    let (_, held) = next(&mut consumer).await;
    let (message, receipt) = next(&mut consumer).await;
    assert!(message.redelivered && receipt.ack().await);
    assert!(!held.ack().await);
    alive(&mut consumer, true).await;
    world.server(move |s| s.ctl(&["eval", &long])).await.unwrap();
    let log = world.server(|s| s.log()).await;
    assert!(log.contains("delivery acknowledgement on channel"), "{log}");
}

async fn a_burst_wider_than_the_window_goes_through(world: &'static RabbitWorld) {
    let intake = Rabbit::connect(Config {
        publish_window: 3,
        ..world.config("intake")
    })
    .await
    .unwrap();
    let sent = (0..300).map(|n| intake.publish(job(StageName::Fetch, Lane::Click, &format!("r{n}"))));
    for result in futures_util::future::join_all(sent).await {
        result.unwrap();
    }
    // Calls that are given up half-way leave nothing behind that hinders the next.
    for _ in 0..50 {
        let given_up = intake.publish(job(StageName::Fetch, Lane::Click, "r"));
        let _ = tokio::time::timeout(Duration::from_micros(300), given_up).await;
    }
    intake.publish(job(StageName::Fetch, Lane::Click, "r")).await.unwrap();
}

async fn nothing_is_left_open(world: &'static RabbitWorld) {
    let sandbox = world.user("sandbox").await;
    let mut consumer = sandbox.consume(Queue::Work(StageName::Sandbox, Lane::Click), 2).await.unwrap();
    world
        .user("scan")
        .await
        .publish(job(StageName::Sandbox, Lane::Click, "r"))
        .await
        .unwrap();
    let (_, receipt) = next(&mut consumer).await;
    sandbox.publish(job(StageName::Verdict, Lane::Click, "r")).await.unwrap();
    assert_eq!(connections(world, "sandbox").await, 2);
    drop(sandbox);
    drop(consumer);
    // What is in hand may still be settled.
    assert!(receipt.ack().await);
    for _ in 0..20 {
        if connections(world, "sandbox").await == 0 {
            return;
        }
    }
    panic!("a connection was left open");
}

async fn connections(world: &'static RabbitWorld, user: &str) -> usize {
    let all = world.server(|s| s.ctl(&["-q", "list_connections", "user"])).await.unwrap();
    all.lines().filter(|line| line.trim() == user).count()
}

/// It takes no more, and closes nothing: only the heartbeat tells.
async fn a_broker_that_hangs_is_given_up(world: &'static RabbitWorld) {
    let quick = |user: &str| Config {
        heartbeat_s: 2,
        publish_timeout_ms: 1_000,
        ..world.config(user)
    };
    let (intake, fetch) = (
        Rabbit::connect(quick("intake")).await.unwrap(),
        Rabbit::connect(quick("fetch")).await.unwrap(),
    );
    let mut consumer = fetch.consume(FETCH, 2).await.unwrap();
    world.server(|s| s.freeze()).await;
    let away = intake.publish(job(StageName::Fetch, Lane::Click, "r1")).await.unwrap_err();
    assert!(matches!(away, QueueError::Away(_)), "{away}");
    alive(&mut consumer, false).await;
    world.server(|s| s.thaw()).await;
    within(30, async {
        while intake.publish(job(StageName::Fetch, Lane::Click, "r2")).await.is_err() {}
    })
    .await;
    loop {
        let (message, receipt) = next(&mut consumer).await;
        assert!(receipt.ack().await);
        if message.request_id == "r2" {
            break;
        }
    }
    assert!(consumer.is_alive());
}

async fn a_deleted_queue_is_waited_for(world: &'static RabbitWorld) {
    let (intake, fetch) = (world.user("intake").await, world.user("fetch").await);
    let mut consumer = fetch.consume(FETCH, 2).await.unwrap();
    let connection = world.bare(ADMIN).await;
    let channel = connection.create_channel().await.unwrap();
    channel
        .queue_delete("airlock.fetch.click".into(), QueueDeleteOptions::default())
        .await
        .unwrap();
    alive(&mut consumer, false).await;
    let lost = intake.publish(job(StageName::Fetch, Lane::Click, "r1")).await.unwrap_err();
    assert!(matches!(lost, QueueError::Unroutable { .. }), "{lost}");
    let said = check(&world.management, &world.definitions).await.unwrap();
    assert!(said.iter().any(|s| s.contains("queue airlock.fetch.click is missing")), "{said:?}");
    apply(&world.management, &world.definitions).await.unwrap();
    alive(&mut consumer, true).await;
    intake.publish(job(StageName::Fetch, Lane::Click, "r2")).await.unwrap();
    let (message, receipt) = next(&mut consumer).await;
    assert!(message.request_id == "r2" && receipt.ack().await);
}

async fn an_alarm_blocks_and_passes(world: &'static RabbitWorld) {
    let intake = Rabbit::connect(Config {
        publish_timeout_ms: 2_000,
        ..world.config("intake")
    })
    .await
    .unwrap();
    let fetch = world.user("fetch").await;
    let mut consumer = fetch.consume(FETCH, 100).await.unwrap();
    intake.publish(job(StageName::Fetch, Lane::Click, "before")).await.unwrap();
    world
        .server(|s| s.ctl(&["set_vm_memory_high_watermark", "0.0000001"]))
        .await
        .unwrap();
    for _ in 0..3 {
        let started = Instant::now();
        let blocked = intake.publish(job(StageName::Fetch, Lane::Click, "during")).await.unwrap_err();
        assert!(matches!(blocked, QueueError::Away(_)), "{blocked}");
        assert!(started.elapsed() < Duration::from_secs(4));
    }
    // Consuming and settling go on.
    let (_, receipt) = next(&mut consumer).await;
    assert!(receipt.ack().await && consumer.is_alive());
    world.server(|s| s.ctl(&["set_vm_memory_high_watermark", "0.4"])).await.unwrap();
    within(20, async {
        while intake.publish(job(StageName::Fetch, Lane::Click, "after")).await.is_err() {}
    })
    .await;
    loop {
        let (message, receipt) = next(&mut consumer).await;
        assert!(receipt.ack().await);
        if message.request_id == "after" {
            break;
        }
    }
}

async fn a_restart_is_survived(world: &'static RabbitWorld) {
    outage(world, false).await;
}

async fn a_killed_broker_is_survived(world: &'static RabbitWorld) {
    outage(world, true).await;
}

async fn outage(world: &'static RabbitWorld, killed: bool) {
    let (intake, scan) = (world.user("intake").await, world.user("scan").await);
    let running = Running::start(StageName::Fetch, world.user("fetch").await, 4);
    let mut arrived = scan.consume(SCAN, 10).await.unwrap();
    intake.publish(job(StageName::Fetch, Lane::Click, "before")).await.unwrap();
    let (_, held) = next(&mut arrived).await;
    world.server(move |s| if killed { s.kill() } else { s.stop() }).await;
    alive(&mut arrived, false).await;
    assert!(!within(10, held.ack()).await);
    let publisher = intake.clone();
    let sending = tokio::spawn(async move {
        for n in 0..20 {
            while publisher
                .publish(job(StageName::Fetch, Lane::Click, &format!("r{n}")))
                .await
                .is_err()
            {}
        }
    });
    world.server(|s| s.start_again()).await.unwrap();
    let back = Instant::now();
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 21 {
        let (message, receipt) = within(30, arrived.next()).await.unwrap();
        assert!(receipt.ack().await);
        seen.insert(message.request_id);
    }
    eprintln!("       all there {:?} after the broker was back", back.elapsed());
    sending.await.unwrap();
    assert!(arrived.is_alive());
    running.end().await;
}
