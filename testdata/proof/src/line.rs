//! The line from outside: the same inputs through `airlock up` and through six processes over RabbitMQ, PostgreSQL and S3.

pub mod ask;
pub mod bench;
pub mod causes;
pub mod chaos;
pub mod clicks;
pub mod client;
pub mod collector;
mod copied;
pub mod demo;
pub mod drain;
pub mod faults;
pub mod flood;
pub mod forgery;
pub mod ledger;
pub mod origin;
pub mod same;
pub mod site;
pub mod tamper;
pub mod traced;
