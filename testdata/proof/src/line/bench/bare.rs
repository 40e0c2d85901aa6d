//! What the servers alone cost: a chain of quorum queues that only hands messages on, and a store that only takes and gives.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use airlock_store::{Config, Store};
use futures_util::StreamExt as _;
use futures_util::stream;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};

use super::{HOPS, Size, Try};
use crate::line::site::Servers;
use airlock_peers::rabbit::ADMIN;
use airlock_peers::s3::{ACCESS_KEY, BUCKET};

/// Bytes of a message, about what ours have.
const BODY: usize = 600;
/// Messages that a consumer of the chain has in hand, as ours have.
const PREFETCH: u16 = 16;

/// Jobs a second of a chain of [`HOPS`] queues: each link consumes, publishes, waits for the confirm, and then acknowledges.
pub fn chain(servers: &Servers, size: &Size) -> Try<f64> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let url = format!("amqp://{ADMIN}:{ADMIN}@127.0.0.1:{}/airlock", servers.rabbit.port());
    runtime.block_on(async {
        let connection = Connection::connect(&url, ConnectionProperties::default()).await?;
        let done = Arc::new(AtomicUsize::new(0));
        for hop in 0..HOPS {
            let channel = opened(&connection).await?;
            let mut kind = FieldTable::default();
            kind.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
            let durable = QueueDeclareOptions {
                durable: true,
                ..QueueDeclareOptions::default()
            };
            channel.queue_declare(name(hop), durable, kind).await?;
            let options = BasicConsumeOptions::default();
            let mut messages = channel
                .basic_consume(name(hop), ShortString::from(""), options, FieldTable::default())
                .await?;
            let done = Arc::clone(&done);
            tokio::spawn(async move {
                while let Some(Ok(message)) = messages.next().await {
                    let (channel, done) = (channel.clone(), Arc::clone(&done));
                    tokio::spawn(async move {
                        if hop + 1 == HOPS || publish(&channel, hop + 1, &message.data).await {
                            let _ = message.acker.ack(BasicAckOptions::default()).await;
                            done.fetch_add(usize::from(hop + 1 == HOPS), Ordering::Relaxed);
                        }
                    });
                }
            });
        }
        let channel = opened(&connection).await?;
        let begin = Instant::now();
        let asked = stream::iter(0..size.jobs).for_each_concurrent(size.window, |_| async {
            publish(&channel, 0, &[b'x'; BODY]).await;
        });
        asked.await;
        while done.load(Ordering::Relaxed) < size.jobs {
            if begin.elapsed() > Duration::from_secs(120) {
                return Err("the bare chain does not end".into());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let speed = per_second(size.jobs, begin.elapsed());
        for hop in 0..HOPS {
            channel
                .queue_delete(name(hop), lapin::options::QueueDeleteOptions::default())
                .await?;
        }
        Ok(speed)
    })
}

async fn opened(connection: &Connection) -> lapin::Result<Channel> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    Ok(channel)
}

async fn publish(channel: &Channel, hop: usize, body: &[u8]) -> bool {
    let options = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let properties = BasicProperties::default().with_delivery_mode(2);
    match channel
        .basic_publish(ShortString::from(""), name(hop), options, body, properties)
        .await
    {
        Ok(confirm) => confirm.await.is_ok_and(|c| c.is_ack()),
        Err(_) => false,
    }
}

fn name(hop: usize) -> ShortString {
    ShortString::from(format!("bench.bare.{hop}"))
}

/// Files a second that are put into the store and read back.
pub fn put_and_get(config: &Config, size: &Size) -> Try<f64> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let body = bytes::Bytes::from(crate::bench::stuff::mixed(7, size.bytes));
    runtime.block_on(async {
        let store = Store::open(config)?;
        let begin = Instant::now();
        let failed = AtomicUsize::new(0);
        let all = stream::iter(0..size.jobs).for_each_concurrent(usize::from(PREFETCH), |n| {
            let (store, body, failed) = (&store, body.clone(), &failed);
            async move {
                let key = format!("bench/{}-{n}", size.bytes);
                let put = store.put(&key, body).await.is_ok();
                let got = store
                    .get(&key, usize::MAX)
                    .await
                    .is_ok_and(|b| b.is_some_and(|b| b.len() == size.bytes));
                failed.fetch_add(usize::from(!put || !got), Ordering::Relaxed);
                let _ = store.delete(&key).await;
            }
        });
        all.await;
        match failed.into_inner() {
            0 => Ok(per_second(size.jobs, begin.elapsed())),
            n => Err(format!("{n} files did not come back from the store").into()),
        }
    })
}

/// How the line's stages reach the S3 server.
pub fn s3(servers: &Servers) -> Config {
    Config {
        url: format!("s3://{BUCKET}"),
        endpoint: servers.s3.endpoint(),
        access_key_id: ACCESS_KEY.to_owned(),
        secret_key_file: Some(servers.s3.secret_file().to_owned()),
        allow_http: true,
        ..Config::default()
    }
}

/// So many in that time.
#[allow(clippy::cast_precision_loss, reason = "counts are small")]
pub fn per_second(many: usize, time: Duration) -> f64 {
    many as f64 / time.as_secs_f64().max(1e-9)
}
