//! What RabbitMQ refuses, and what a stage that lies gets: every user against a real server.

use airlock_proto::v1::{ScanRequest, Verdict};
use airlock_proto::wire::{Form, encode};
use airlock_queue::rabbit::{Config, Rabbit};
use airlock_queue::topology::{Lane, Queue, StageName};
use airlock_queue::{Exchange, Outgoing, QueueError};
use lapin::BasicProperties;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};

use crate::rabbit::{RabbitWorld, Trap};
use crate::stages::Running;
use crate::world::{FETCH, World, job, next, until};

/// All of them.
pub const ALL: &[Trap] = &[
    ("a wrong password is refused", |w| Box::pin(a_wrong_password_is_refused(w))),
    ("nobody speaks for another", |w| Box::pin(nobody_speaks_for_another(w))),
    ("what a stage may not write is refused", |w| {
        Box::pin(what_a_stage_may_not_write_is_refused(w))
    }),
    ("innocent publishes outlive a refusal", |w| {
        Box::pin(innocent_publishes_outlive_a_refusal(w))
    }),
    ("a forged ladder counts for nothing", |w| {
        Box::pin(a_forged_ladder_counts_for_nothing(w))
    }),
    ("a request needs no more than the contract says", |w| {
        Box::pin(a_request_needs_no_more_than_the_contract_says(w))
    }),
    ("copies to other keys count for nothing", |w| {
        Box::pin(copies_to_other_keys_count_for_nothing(w))
    }),
];

async fn a_wrong_password_is_refused(world: &'static RabbitWorld) {
    let wrong = Config {
        password_file: world.config("scan").password_file,
        ..world.config("fetch")
    };
    assert!(matches!(Rabbit::connect(wrong).await.err(), Some(QueueError::Refused(_))));
    let nowhere = Config {
        url: "amqp://127.0.0.1:1/airlock".to_owned(),
        ..world.config("fetch")
    };
    assert!(matches!(Rabbit::connect(nowhere).await.err(), Some(QueueError::Away(_))));
}

async fn nobody_speaks_for_another(world: &'static RabbitWorld) {
    let connection = world.bare("fetch").await;
    for (exchange, key, as_user) in [("airlock.jobs", "verdict.click.v1", "scan"), ("", "airlock.scan.click", "fetch")] {
        let channel = connection.create_channel().await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        let properties = BasicProperties::default().with_user_id(as_user.into());
        let options = BasicPublishOptions::default();
        let sent = channel
            .basic_publish(exchange.into(), key.into(), options, b"x", properties)
            .await
            .unwrap();
        let error = sent.await.unwrap_err().to_string();
        assert!(error.contains("PRECONDITION") || error.contains("ACCESS_REFUSED"), "{error}");
    }
    // And nobody declares, binds or deletes.
    let channel = connection.create_channel().await.unwrap();
    let declared = channel
        .queue_declare("mine".into(), QueueDeclareOptions::default(), FieldTable::default())
        .await;
    assert!(declared.unwrap_err().to_string().contains("ACCESS_REFUSED"));
    let channel = connection.create_channel().await.unwrap();
    let spying = channel
        .queue_bind(
            "airlock.fetch.click".into(),
            "airlock.jobs".into(),
            "#".into(),
            Default::default(),
            FieldTable::default(),
        )
        .await;
    assert!(spying.unwrap_err().to_string().contains("ACCESS_REFUSED"));
}

async fn what_a_stage_may_not_write_is_refused(world: &'static RabbitWorld) {
    let fetch = world.user("fetch").await;
    let event = Outgoing::event("verdict.final", "clicks", "r", &Verdict::default(), Form::Protobuf);
    let at = |exchange: Exchange, key: &str| Outgoing {
        exchange,
        key: key.to_owned(),
        ..job(StageName::Scan, Lane::Click, "r")
    };
    for message in [
        event,
        at(Exchange::Requests, "request.click.v1"),
        at(Exchange::Jobs, "intake.click.v1"),
        at(Exchange::Jobs, "fetch.click.v1"),
        at(Exchange::Jobs, "sandbox.click.v1"),
        at(Exchange::Retry(StageName::Scan, Lane::Click), "1s"),
        at(Exchange::Retry(StageName::Intake, Lane::Click), "1s"),
        at(Exchange::Dead, "dead.scan"),
    ] {
        let name = format!("{} {}", message.exchange.name(), message.key);
        let refused = fetch.publish(message).await.expect_err(&name);
        assert!(matches!(refused, QueueError::Refused(_)), "{name}: {refused}");
    }
    let clicks = world.user("clicks").await;
    for (exchange, key) in [
        (Exchange::Jobs, "fetch.click.v1"),
        (Exchange::Events, "verdict.final.mails"),
        (Exchange::Dead, "dead.intake"),
    ] {
        let refused = clicks.publish(at(exchange, key)).await.unwrap_err();
        assert!(matches!(refused, QueueError::Refused(_)), "{key}: {refused}");
    }
    // The very next one that is allowed goes through.
    fetch.publish(job(StageName::Scan, Lane::Click, "r")).await.unwrap();
}

async fn innocent_publishes_outlive_a_refusal(world: &'static RabbitWorld) {
    let fetch = world.user("fetch").await;
    let all = (0..60).map(|n| {
        let stage = if n % 3 == 0 { StageName::Sandbox } else { StageName::Scan };
        let mut message = job(stage, Lane::Click, &format!("r{n}"));
        if n % 5 == 1 {
            (message.exchange, message.key) = (Exchange::Events, "progress.nobody".to_owned());
        }
        let fetch = fetch.clone();
        async move { (n, fetch.publish(message).await) }
    });
    for (n, result) in futures_util::future::join_all(all).await {
        match (n % 5 == 1, n % 3 == 0) {
            (true, _) => assert!(matches!(result, Err(QueueError::Unroutable { .. })), "{n}: {result:?}"),
            (_, true) => assert!(matches!(result, Err(QueueError::Refused(_))), "{n}: {result:?}"),
            _ => result.unwrap(),
        }
    }
}

/// A service writes the header of a ladder on its request: it is no stage, so nothing comes of it.
async fn a_forged_ladder_counts_for_nothing(world: &'static RabbitWorld) {
    let fetch = world.user("fetch").await;
    let connection = world.bare("fetch").await;
    let channel = connection.create_channel().await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let mut death = FieldTable::default();
    death.insert("queue".into(), AMQPValue::LongString("airlock.retry.scan.click.1s".into()));
    let mut headers = FieldTable::default();
    headers.insert("x-death".into(), AMQPValue::FieldArray(vec![AMQPValue::FieldTable(death)].into()));
    let properties = BasicProperties::default()
        .with_headers(headers)
        .with_user_id("fetch".into())
        .with_type("Inspected".into());
    let sent = channel.basic_publish(
        "airlock.jobs".into(),
        "scan.click.v1".into(),
        BasicPublishOptions::default(),
        b"",
        properties,
    );
    sent.await.unwrap().await.unwrap();
    let running = Running::start(StageName::Scan, world.user("scan").await, 1);
    let verdict = world.user("verdict").await;
    let mut dead = verdict.consume(Queue::VerdictDead, 1).await.unwrap();
    let (buried, receipt) = next(&mut dead).await;
    assert!(buried.why.unwrap_or_default().contains("may not send") && receipt.ack().await && running.handled() == 0);
    running.end().await;
    drop(fetch);
}

/// `type` is not among what it names, and what a service correlates by is its own affair.
async fn a_request_needs_no_more_than_the_contract_says(world: &'static RabbitWorld) {
    let clicks = world.bare("clicks").await;
    let channel = clicks.create_channel().await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let request = ScanRequest {
        request_id: "bare".to_owned(),
        ..ScanRequest::default()
    };
    let body = encode(&request, Form::Protobuf);
    let properties = BasicProperties::default()
        .with_content_type("application/x-protobuf; message=airlock.v1.ScanRequest".into())
        .with_user_id("clicks".into())
        .with_message_id("bare".into())
        .with_correlation_id("of its own".into());
    let sent = channel.basic_publish(
        "airlock.requests".into(),
        "request.click.v1".into(),
        BasicPublishOptions::default(),
        &body,
        properties,
    );
    sent.await.unwrap().await.unwrap();
    let mut work = world
        .user("intake")
        .await
        .consume(Queue::Work(StageName::Intake, Lane::Click), 1)
        .await
        .unwrap();
    let (message, receipt) = next(&mut work).await;
    let allowed = StageName::Intake.senders(&message.kind).allow(&message.sender);
    assert!(allowed && !message.stray, "{message:?}");
    assert_eq!(
        (message.decode::<ScanRequest>().unwrap(), message.request_id.as_str()),
        (request, "bare")
    );
    assert!(receipt.ack().await);
}

/// The broker asks for the right to the first key alone, and takes `BCC` out of what it delivers.
async fn copies_to_other_keys_count_for_nothing(world: &'static RabbitWorld) {
    let intake = world.bare("intake").await;
    for header in ["CC", "BCC"] {
        let channel = intake.create_channel().await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        let copies = AMQPValue::FieldArray(vec![AMQPValue::LongString("fetch.click.v1".into())].into());
        let mut headers = FieldTable::default();
        headers.insert(header.into(), copies);
        // A sender and a type that fetch listens to.
        let properties = BasicProperties::default()
            .with_headers(headers)
            .with_user_id("intake".into())
            .with_type("Accepted".into())
            .with_message_id(header.into());
        let options = BasicPublishOptions::default();
        let sent = channel.basic_publish("airlock.jobs".into(), "verdict.click.v1".into(), options, b"", properties);
        sent.await.unwrap().await.unwrap();
    }
    let honest = job(StageName::Fetch, Lane::Click, "honest");
    world.user("intake").await.publish(honest).await.unwrap();
    let fetch = world.user("fetch").await;
    let mut work = fetch.consume(FETCH, 4).await.unwrap();
    for _ in 0..3 {
        let (message, receipt) = next(&mut work).await;
        assert_eq!(message.stray, message.request_id != "honest", "{message:?}");
        receipt.requeue().await;
    }
    drop(work);
    let running = Running::start(StageName::Fetch, fetch, 1);
    let mut dead = world.user("fetch").await.consume(Queue::Dead(StageName::Fetch), 4).await.unwrap();
    for _ in 0..2 {
        let (buried, receipt) = next(&mut dead).await;
        assert!(buried.why.unwrap_or_default().contains("not by this key") && receipt.ack().await && !buried.stray);
    }
    until(20, || running.handled() == 1).await;
    running.end().await;
}
