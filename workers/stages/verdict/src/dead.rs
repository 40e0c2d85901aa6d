//! Dead letters: what no stage could work on still ends in a verdict.

use airlock_policy::Facts;
use airlock_proto::FetchOutcome;
use airlock_queue::topology::{Lane, StageName};
use airlock_queue::{Failure, Incoming, Outgoing, Stage};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::facts;
use crate::judge::{Judge, Subject};

/// Reads `airlock.verdict.dead`.
pub struct DeadLetters(pub Judge);

impl Stage for DeadLetters {
    fn name(&self) -> StageName {
        StageName::Verdict
    }

    /// Any stage may bury, and all that follows is a verdict that says "could not be checked".
    fn allows(&self, _: &Incoming) -> bool {
        true
    }

    fn handle<'a>(&'a self, message: &'a Incoming) -> BoxFuture<'a, Result<Vec<Outgoing>, Failure>> {
        async move {
            let _place = self.0.bulk.acquire().await.ok();
            // A body that cannot be decoded still has its request beside it.
            let known = self.0.records.request(&message.request_id).await;
            let Some(row) = known.map_err(crate::judge::ours)? else {
                tracing::warn!(request = %airlock_proto::text::escape(&message.request_id), "a dead letter of no request");
                return Ok(Vec::new());
            };
            let facts = Facts::not_fetched(FetchOutcome::Unreachable, facts::route(&row.request.route));
            let subject = Subject {
                why: Some("It could not be checked because of trouble on our side.".to_owned()),
                failed: true,
                ..Subject::of(Lane::Bulk)
            };
            self.0.judge(&row, facts, subject).await?;
            Ok(Vec::new())
        }
        .boxed()
    }
}
