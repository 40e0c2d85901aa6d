//! What comes of each kind of message that ends a request.

use airlock_policy::Sandbox;
use airlock_proto::secrets::without_userinfo;
use airlock_proto::v1::{Accepted, Detonated, Fetched, Inspected, Verdict};
use airlock_proto::wire::{Form, decode};
use airlock_queue::topology::{Lane, StageName};
use airlock_queue::{Failure, Incoming, Outgoing, Stage};
use airlock_records::{NewToken, NewVerdict, RequestRow, VerdictRow};
use airlock_store::blob_key;
use airlock_token::Warrant;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use prost::Message as _;

use crate::facts;
use crate::judge::{Judge, Subject, downloaded, ours};
use crate::outbox::Event;

/// Ends requests.
pub struct Verdicts(pub Judge);

impl Stage for Verdicts {
    fn name(&self) -> StageName {
        StageName::Verdict
    }

    fn handle<'a>(&'a self, message: &'a Incoming) -> BoxFuture<'a, Result<Vec<Outgoing>, Failure>> {
        async move {
            let _place = match message.lane {
                Lane::Click => None,
                Lane::Bulk => self.0.bulk.acquire().await.ok(),
            };
            match message.kind.as_str() {
                "Inspected" => self.scanned(message, message.decode()?, Sandbox::NotAsked).await,
                "Detonated" => {
                    let detonated: Detonated = message.decode()?;
                    let sandbox = facts::sandbox(&detonated);
                    self.scanned(message, detonated.inspected.unwrap_or_default(), sandbox).await
                }
                "Fetched" => self.not_fetched(message, message.decode()?).await,
                "Accepted" => self.again(message, message.decode()?).await,
                other => Err(Failure::Never(format!(
                    "{} is no message of this stage",
                    airlock_proto::text::escape(other)
                ))),
            }
        }
        .boxed()
    }
}

impl Verdicts {
    async fn scanned(&self, message: &Incoming, inspected: Inspected, sandbox: Sandbox) -> Result<Vec<Outgoing>, Failure> {
        let row = self.0.row(&message.request_id).await?;
        same(&row, inspected.fetched.as_ref().and_then(|f| f.accepted.as_ref()))?;
        // A token names the place of the file: that of this request, and no other's.
        if downloaded(&inspected).is_some_and(|d| d.key != blob_key(&row.request.tenant, &row.request.request_id)) {
            return Err(Failure::Never("the file does not lie where that of this request does".to_owned()));
        }
        let late = (self.0.clock)() > row.request.deadline_ms;
        let facts = facts::scanned(&inspected, sandbox, facts::route(&row.request.route), late);
        let subject = Subject {
            inspected: Some(&inspected),
            ..Subject::of(message.lane)
        };
        self.0.judge(&row, facts, subject).await?;
        Ok(Vec::new())
    }

    /// The word of fetch counts for what was not fetched, and never for a file: what is clean only scan can say.
    async fn not_fetched(&self, message: &Incoming, fetched: Fetched) -> Result<Vec<Outgoing>, Failure> {
        if fetched.downloaded.is_some() {
            return Err(Failure::Never("a file that was not scanned gets no verdict".to_owned()));
        }
        let row = self.0.row(&message.request_id).await?;
        same(&row, fetched.accepted.as_ref())?;
        let facts = facts::not_fetched(fetched.not_fetched(), facts::route(&row.request.route));
        let subject = Subject {
            why: Some(airlock_proto::text::cut(&fetched.why, 200)).filter(|w| !w.is_empty()),
            ..Subject::of(message.lane)
        };
        self.0.judge(&row, facts, subject).await?;
        Ok(Vec::new())
    }

    /// The same request again, or a click by the same person on the same link: the verdict that is live answers.
    async fn again(&self, message: &Incoming, accepted: Accepted) -> Result<Vec<Outgoing>, Failure> {
        let row = self.0.row(&message.request_id).await?;
        same(&row, Some(&accepted))?;
        if let Some(verdict) = &row.verdict {
            return Ok(self.event(&row, verdict).into_iter().collect());
        }
        let old = self.0.row(&accepted.reuse_of).await?;
        let now = (self.0.clock)();
        let live = old.verdict.as_ref().and_then(|v| v.token.as_ref().map(|t| (v, t)));
        let live = live.filter(|(_, token)| token.revoked_ms.is_none() && token.expires_ms > now);
        let kept = match live {
            Some((_, token)) => self
                .0
                .store
                .size(&token.blob_key)
                .await
                .map_err(|e| Failure::Later(e.to_string()))?
                .is_some(),
            None => false,
        };
        let Some((verdict, token)) = live.filter(|_| kept) else {
            // Revoked or expired a moment ago, or no longer kept: the check runs as for a first click.
            let accepted = Accepted {
                reuse_of: String::new(),
                ..accepted
            };
            return Ok(vec![Outgoing::job(StageName::Fetch, message.lane, &message.request_id, &accepted)]);
        };
        let warrant: Option<Warrant> = serde_json::from_slice(&token.claims).ok();
        let mut body: Verdict = decode(&verdict.body, Form::Protobuf)?;
        body.request_id.clone_from(&row.request.request_id);
        let form = Form::of(&row.request.form, "Verdict").unwrap_or_default();
        let event = Event::new("verdict.final", &row.request.service, form, &body, warrant);
        let new = NewVerdict {
            request_id: row.request.request_id.clone(),
            body: body.encode_to_vec(),
            decision: verdict.decision.clone(),
            outcome: verdict.outcome.clone(),
            sha256: verdict.sha256.clone(),
            size: body.size,
            chunks_sha256: Vec::new(),
            decided_ms: now,
            // The same right to download: asked again, this request has it too, and loses it with the first.
            token: Some(NewToken {
                token_id: token.token_id.clone(),
                sha256: token.sha256.clone(),
                blob_key: token.blob_key.clone(),
                expires_ms: token.expires_ms,
                claims: token.claims.clone(),
            }),
            blob_key: None,
            blob_delete_after_ms: now,
        };
        self.0
            .records
            .finish(&new, &[event.row(message.lane)], self.0.settings.fairness)
            .await
            .map_err(ours)?;
        Ok(Vec::new())
    }

    fn event(&self, row: &RequestRow, verdict: &VerdictRow) -> Option<Outgoing> {
        let body: Verdict = decode(&verdict.body, Form::Protobuf).ok()?;
        let form = Form::of(&row.request.form, "Verdict").unwrap_or_default();
        let event = |warrant| Event::new("verdict.final", &row.request.service, form, &body, warrant);
        let (key, base_url) = (&self.0.key, &self.0.settings.base_url);
        match &verdict.token {
            Some(token) if token.revoked_ms.is_some() => event(None).revoked(key, base_url),
            Some(token) => event(serde_json::from_slice(&token.claims).ok()).message(key, base_url),
            None => event(None).message(key, base_url),
        }
    }
}

/// A message speaks of the request that its record knows; whoever swaps one for another gets nothing.
fn same(row: &RequestRow, accepted: Option<&Accepted>) -> Result<(), Failure> {
    let fits = accepted.is_some_and(|a| {
        a.service == row.request.service
            && a.request.as_ref().is_some_and(|r| {
                r.request_id == row.request.request_id && r.tenant == row.request.tenant && without_userinfo(&r.url) == row.request.url
            })
    });
    if fits {
        return Ok(());
    }
    Err(Failure::Never("the message does not fit the request that is recorded".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use airlock_records::Fairness;
    use airlock_store::Store;
    use airlock_token::SigningKey;

    use super::*;
    use crate::Settings;

    fn of_nobody(lane: Lane) -> Incoming {
        Incoming {
            lane,
            kind: "Fetched".to_owned(),
            form: Some(Form::Protobuf),
            id: String::new(),
            request_id: "nobody".to_owned(),
            sender: "fetch".to_owned(),
            retried: false,
            stray: false,
            body: Fetched::default().encode_to_vec(),
            attempt: 0,
            redelivered: false,
            trace: None,
            why: None,
            sent_ms: 0,
        }
    }

    #[tokio::test]
    async fn a_click_does_not_wait_for_bulk_that_is_being_ended() {
        let folder = tempfile::tempdir().unwrap();
        let records = crate::empty_records(folder.path()).await;
        let store = Store::open(&airlock_store::Config {
            url: format!("file://{}", folder.path().display()),
            ..airlock_store::Config::default()
        })
        .unwrap();
        let settings = Settings {
            token_life_ms: 1_000,
            base_url: String::new(),
            fairness: Fairness::default(),
            bulk: 1,
        };
        let key = Arc::new(SigningKey::generate([7; 32]));
        let verdicts = Verdicts(Judge::new(records, store, key, settings, Arc::new(|| 0)));
        let place = Arc::clone(&verdicts.0.bulk).acquire_owned().await.unwrap();
        let (click, bulk) = (of_nobody(Lane::Click), of_nobody(Lane::Bulk));
        let mut waits = verdicts.handle(&bulk);
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut waits).await.is_err());
        let answered = |answer| matches!(answer, Err(Failure::Never(why)) if why.contains("no request nobody"));
        assert!(answered(verdicts.handle(&click).await));
        drop(place);
        assert!(answered(waits.await));
    }
}
