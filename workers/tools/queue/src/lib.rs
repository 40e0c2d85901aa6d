//! Messages in, messages out: what every stage of the line shares.
//!
//! A room of its own because delivery is the promise that is easiest to break: a message is acknowledged after what came of it is
//! confirmed, retried on a ladder, and buried where the verdict stage finds it. It must never look into a body.

mod body;
mod broker;
mod full;
pub mod lite;
mod message;
pub mod rabbit;
mod seldom;
mod serve;
pub mod topology;
mod trace;

pub use broker::{Broker, Consumer, QueueError, Receipt};
pub use message::{Exchange, Incoming, Outgoing};
pub use seldom::Seldom;
pub use serve::{Failure, MAX_ATTEMPTS, Observer, Served, Stage, serve};
pub use trace::current as current_trace;
