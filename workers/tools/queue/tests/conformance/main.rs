//! What every broker must do: one list of cases, run against each broker; and the traps of RabbitMQ beside it.

mod cases;
mod lite;
mod rabbit;
mod refusals;
mod stages;
mod tls;
mod traps;
mod world;

use std::time::Duration;

use futures_util::future::BoxFuture;
use world::World;

/// Every broker that the cases run against.
fn brokers() -> Vec<BoxFuture<'static, Box<dyn World>>> {
    vec![Box::pin(lite::start()), Box::pin(rabbit::start())]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_broker_keeps_the_promise() {
    for broker in brokers() {
        let world: &'static dyn World = Box::leak(broker.await);
        let failed = world::run(world, cases::ALL).await;
        world.end().await;
        assert!(failed.is_empty(), "{}: {failed:#?}", world.name());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbit_keeps_it_in_trouble_too() {
    let world: &'static rabbit::RabbitWorld = Box::leak(Box::new(rabbit::begin().await));
    let mut failed = Vec::new();
    for (name, trap) in refusals::ALL.iter().chain(traps::ALL) {
        if !world::one(name, trap(world)).await {
            failed.push(*name);
        }
        world.clear().await;
    }
    world.end().await;
    assert!(failed.is_empty(), "{failed:#?}");
}

/// Longest a case may take.
const PATIENCE: Duration = Duration::from_secs(90);
