//! What is written down about every request, so that "exactly one verdict" has a list to be checked against.
//!
//! A room of its own because exactly-once is decided here, by primary keys and transactions, and nowhere else. PostgreSQL for
//! clusters, SQLite for one machine; both speak the same SQL and pass the same tests. It must never look into a body, a claim or
//! an outbox row: they are bytes. It must never read the environment (see [`Config`] for what the PostgreSQL driver reads).

mod accept;
mod aside;
mod blob;
mod config;
mod crowd;
mod database;
mod error;
mod finish;
mod lookup;
mod many;
mod parked;
mod purge;
mod read;
mod relay;
mod roles;
mod rooms;
mod rows;
mod schema;
mod together;
mod token;
mod wakes;

pub use aside::Sent;
pub use config::Config;
pub use database::Records;
pub use error::RecordsError;
pub use parked::Parked;
pub use relay::Round;
pub use roles::roles_sql;
pub use rows::{Accept, Fairness, Finish, Mail, NewRequest, NewToken, NewVerdict, OutboxRow, RequestRow, Status, TokenRow, VerdictRow};
pub use schema::Schema;
pub use token::RevokeBy;

/// What every call gives.
pub type Result<T, E = RecordsError> = std::result::Result<T, E>;
