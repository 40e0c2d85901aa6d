//! The front of the line: a request is recorded once, with what is to be sent for it, and tenants are kept fair.
//!
//! Requests that come at the same time are recorded in one transaction. The flood of one tenant stands in the same queue as everybody's
//! clicks: as fast as it is recorded, those behind it get through.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, stream};
use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};

use crate::database::within;
use crate::many::{padded, places, rows_for, rows_of};
use crate::read::REQUEST_COLUMNS;
use crate::rooms::{Given, Rooms, promote};
use crate::{Accept, Fairness, Mail, NewRequest, OutboxRow, Records, RecordsError, Result};

/// Known requests that are looked up at once.
const LOOKS: usize = 4;

/// What one call of [`Records::accept`] wants.
pub(crate) struct Wanted {
    pub(crate) request: NewRequest,
    definition_text: String,
    mail: Mail,
    pub(crate) fairness: Fairness,
}

impl Records {
    /// Records a request, its definition and its messages in one transaction. May be repeated: what was recorded stays.
    ///
    /// Dropped in the middle it may be recorded all the same.
    pub async fn accept(&self, request: NewRequest, definition_text: &str, mail: Mail, fairness: Fairness) -> Result<Accept> {
        let tenant = request.tenant.clone();
        let entered = self.inner.crowds.enter(&tenant);
        let wanted = Wanted {
            request,
            definition_text: definition_text.to_owned(),
            mail,
            fairness,
        };
        let records = self.clone();
        let work = async move |all: Vec<Wanted>| records.accept_all(&all).await;
        within(entered.of(&self.inner.accepts).ask(wanted, work)).await
    }

    async fn accept_all(&self, all: &[Wanted]) -> Vec<Result<Accept>> {
        let error = match within(self.record(all)).await {
            Ok(answers) => return answers,
            Err(error) => error,
        };
        if all.len() == 1 || error.is_temporary() {
            return all.iter().map(|_| Err(error.clone())).collect();
        }
        // One of them cannot be recorded; the others can.
        let mut answers = Vec::with_capacity(all.len());
        for one in all {
            match within(self.record(std::slice::from_ref(one))).await {
                Ok(answer) => answers.extend(answer),
                Err(error) if error.is_temporary() => {
                    answers.resize_with(all.len(), || Err(error.clone()));
                    break;
                }
                Err(error) => answers.push(Err(error)),
            }
        }
        answers
    }

    async fn record(&self, all: &[Wanted]) -> Result<Vec<Result<Accept>>> {
        // That none is known is nearly always true, and not asked first.
        let mut known = None;
        let given = loop {
            if let Some(given) = self.try_to_record(all, known.as_ref()).await? {
                break given;
            }
            known = Some(self.known_ids(all).await?);
        };
        let answers: Vec<_> = all.iter().zip(given).map(|(one, given)| self.answer(one, given)).collect();
        // After a crash all that were in hand come again, and all are known.
        Ok(stream::iter(answers).buffered(LOOKS).collect().await)
    }

    async fn answer(&self, one: &Wanted, given: Option<Given>) -> Result<Accept> {
        match given {
            Some(Given::First | Given::Place) => Ok(Accept::New),
            Some(Given::Wait) => Ok(Accept::Waiting),
            Some(Given::Nothing) => Ok(Accept::Full),
            None => self.known(&one.request).await,
        }
    }

    /// What each is given; `None` for one that is known. `None` for all: more of them are, or may be, and nothing is done.
    async fn try_to_record(&self, all: &[Wanted], known: Option<&BTreeSet<String>>) -> Result<Option<Vec<Option<Given>>>> {
        let mut tx = self.begin().await?;
        let defined = self.define(&mut tx, all).await?;
        // From here on others wait for these tenants.
        let mut rooms = Rooms::enter(self, &mut tx, all).await?;
        let mut given = Vec::with_capacity(all.len());
        let mut new = Vec::with_capacity(all.len());
        let mut seen = known.cloned().unwrap_or_default();
        for one in all {
            // The same id twice at once: the second one finds the first.
            let given_now = seen.insert(one.request.request_id.clone()).then(|| rooms.give(one));
            given.push(given_now);
            new.extend(given_now.filter(|given| *given != Given::Nothing).map(|given| (one, given)));
        }
        // One that is there already is not refused because there is no room.
        let maybe_known = known.is_none() && given.contains(&Some(Given::Nothing));
        if maybe_known || insert(&mut tx, &new, self.rows_at_once()).await? != new.len() {
            tx.rollback().await?;
            return Ok(None);
        }
        let mut mail = vec![];
        for (one, given) in &new {
            let (now, later) = match given {
                Given::First => (&one.mail.first, &[][..]),
                Given::Place => (&one.mail.placed, &[][..]),
                Given::Wait | Given::Nothing => (&one.mail.waits, &one.mail.waited[..]),
            };
            mail.extend(now.iter().map(|row| (row, None)));
            mail.extend(later.iter().map(|row| (row, Some(one.request.request_id.as_str()))));
        }
        put(&mut tx, &mail, self.rows_at_once()).await?;
        rooms.write(&mut tx).await?;
        // Places may have been added to the setting since the last verdict.
        let mut promoted: Vec<String> = vec![];
        for (tenant, fairness) in rooms.with_free_places() {
            promoted.extend(promote(&mut tx, tenant, fairness).await?);
        }
        tx.commit().await?;
        self.inner.defined().extend(defined);
        if promoted.is_empty() {
            let written = mail.iter().filter(|(_, held_for)| held_for.is_none());
            self.inner.wakes.wake(&written.map(|(row, _)| row.topic.as_str()).collect());
        } else {
            self.inner.wakes.wake_all();
        }
        for (one, given) in all.iter().zip(&mut given) {
            if *given == Some(Given::Wait) && promoted.contains(&one.request.request_id) {
                *given = Some(Given::Place);
            }
        }
        Ok(Some(given))
    }

    /// Records the definitions that this process has not seen recorded; they are never forgotten. In the order of the digests, so that
    /// two who record the same new ones do not wait for one another.
    async fn define(&self, tx: &mut Transaction<'static, Any>, all: &[Wanted]) -> Result<Vec<String>> {
        let mut texts: BTreeMap<_, _> = all
            .iter()
            .map(|one| (&one.request.definition_digest, &one.definition_text))
            .collect();
        texts.retain(|digest, _| !self.inner.defined().contains(*digest));
        for (digest, text) in &texts {
            sqlx::query("INSERT INTO definition (digest, definition) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING")
                .bind(*digest)
                .bind(*text)
                .execute(&mut **tx)
                .await?;
        }
        Ok(texts.into_keys().cloned().collect())
    }

    async fn known_ids(&self, all: &[Wanted]) -> Result<BTreeSet<String>> {
        let ids = padded(all.iter().map(|one| one.request.request_id.as_str()).collect());
        let sql = format!("SELECT request_id FROM request WHERE request_id IN ({})", places(1, ids.len()));
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for id in ids {
            query = query.bind(id);
        }
        let rows = query.fetch_all(self.readers()).await?;
        rows.iter().map(|row| Ok(row.try_get("request_id")?)).collect()
    }

    async fn known(&self, request: &NewRequest) -> Result<Accept> {
        let Some(known) = self.request_now(&request.request_id).await? else {
            // It was there a moment ago; rows of requests are cleared after months.
            return Err(RecordsError::Away("the request went away meanwhile".to_owned()));
        };
        let same = known.service == request.service && known.body_sha256 == request.body_sha256;
        Ok(if same { Accept::Known(Box::new(known)) } else { Accept::Conflict })
    }
}

/// How many were not there. The primary key decides, whoever asks at the same time; in the order of the ids, so that nobody waits for
/// somebody who waits for them.
async fn insert(tx: &mut Transaction<'static, Any>, new: &[(&Wanted, Given)], at_once: usize) -> Result<usize> {
    let mut new = new.to_vec();
    new.sort_by_key(|(one, _)| &one.request.request_id);
    let mut inserted = 0_usize;
    for some in new.chunks(at_once) {
        let rows = rows_for(some.len());
        let sql = format!(
            "INSERT INTO request ({REQUEST_COLUMNS}, click) SELECT * FROM (VALUES {}) AS new WHERE column1 IS NOT NULL \
             ON CONFLICT (request_id) DO NOTHING",
            rows_of(16, rows)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (one, given) in some {
            let r = &one.request;
            query = query
                .bind(&r.request_id)
                .bind(&r.service)
                .bind(&r.body_sha256)
                .bind(&r.tenant)
                .bind(&r.url)
                .bind(&r.recipient)
                .bind(&r.route)
                .bind(&r.secrets_sha256)
                .bind(&r.definition_digest)
                .bind(&r.lane)
                .bind(&r.form)
                .bind(r.received_ms)
                .bind(r.notify_ms)
                .bind(r.deadline_ms)
                .bind(if matches!(given, Given::First | Given::Place) {
                    "running"
                } else {
                    "waiting"
                })
                .bind(r.click());
        }
        for _ in some.len()..rows {
            query = (0..11).fold(query, |query, _| query.bind(None::<&str>));
            query = query.bind(0_i64).bind(0_i64).bind(0_i64).bind("").bind("");
        }
        let done = query.execute(&mut **tx).await?;
        inserted = inserted.saturating_add(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX));
    }
    Ok(inserted)
}

/// Writes messages into the outbox, each kept back for a request or not.
pub(crate) async fn put(tx: &mut Transaction<'static, Any>, mail: &[(&OutboxRow, Option<&str>)], at_once: usize) -> Result<()> {
    for some in mail.chunks(at_once) {
        let rows = rows_for(some.len());
        let sql = format!(
            "INSERT INTO outbox (topic, body, held_for) SELECT * FROM (VALUES {}) AS new WHERE column1 IS NOT NULL",
            rows_of(3, rows)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (row, held_for) in some {
            query = query.bind(&row.topic).bind(&row.body).bind(*held_for);
        }
        for _ in some.len()..rows {
            query = query.bind(None::<&str>).bind(&[][..]).bind(None::<&str>);
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}
