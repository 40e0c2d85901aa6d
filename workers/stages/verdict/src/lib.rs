//! The stage verdict: whatever came of a request in, its one verdict out.
//!
//! A room of its own because it holds the key that signs tokens. It decides by `policy` alone, writes verdict and event in one
//! transaction, and publishes from the outbox; it reads every dead letter and sweeps every deadline, so that nobody waits for ever.
//! It must never look into a file or a report.

mod chores;
mod dead;
mod facts;
mod judge;
mod outbox;
mod relay;
mod stage;

pub use chores::{Chores, forget};
pub use dead::DeadLetters;
pub use judge::{Judge, Settings};
pub use relay::{Read, Source, relay};
pub use stage::Verdicts;

/// Records without a request, for tests.
#[cfg(test)]
async fn empty_records(folder: &std::path::Path) -> airlock_records::Records {
    let records = airlock_records::Records::connect(&airlock_records::Config {
        url: format!("sqlite:{}", folder.join("r.sqlite").display()),
        ..airlock_records::Config::default()
    })
    .await
    .unwrap();
    records.migrate().await.unwrap();
    records
}
