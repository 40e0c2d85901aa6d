//! Real servers for tests, each private to its test: started on a free loopback port in a temporary folder, and stopped again.
//!
//! RabbitMQ and PostgreSQL are Debian's; they refuse root, so under root they run as their own users by `runuser`.

mod postgres;
pub mod rabbit;
pub mod s3;

pub use postgres::Postgres;
