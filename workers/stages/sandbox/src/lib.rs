//! The stage sandbox: Inspected in, Detonated out.
//!
//! A room of its own because back-ends take minutes and hold credentials of their own. None is configured yet, and it says so: an
//! answer that is missing is *inconclusive*, never *clean*.

use airlock_proto::v1::{Detonated, Inspected};
use airlock_queue::topology::StageName;
use airlock_queue::{Failure, Incoming, Outgoing, Stage};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

/// Asks the back-ends.
#[derive(Debug, Default)]
pub struct Sandbox;

impl Stage for Sandbox {
    fn name(&self) -> StageName {
        StageName::Sandbox
    }

    fn handle<'a>(&'a self, message: &'a Incoming) -> BoxFuture<'a, Result<Vec<Outgoing>, Failure>> {
        async move {
            let inspected: Inspected = message.decode()?;
            let detonated = Detonated {
                inspected: Some(inspected),
                result: "inconclusive".to_owned(),
                why: "no back-end is configured".to_owned(),
            };
            Ok(vec![Outgoing::job(
                StageName::Verdict,
                message.lane,
                &message.request_id,
                &detonated,
            )])
        }
        .boxed()
    }
}
