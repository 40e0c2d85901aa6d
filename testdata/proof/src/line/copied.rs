//! The broker user of fetch goes round the broker's check of routing keys: `CC` and `BCC` name more of them than it looks at.

use std::time::Duration;

use airlock_proto::v1::{Accepted, Decision};
use airlock_proto::wire::{Form, Wire, encode};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Confirmation, Connection, ConnectionProperties};

use super::clicks::{Clicks, click};
use super::forgery::{NAME, PATIENCE, clean, release};
use super::ledger::essence;
use super::origin::Origin;
use super::site::Site;
use crate::{Outcome, table};

/// An exchange, a key that fetch may use, and one that it may not.
const WAYS: [(&str, &str, &str); 4] = [
    ("airlock.jobs", "scan.click.v1", "sandbox.click.v1"),
    ("airlock.jobs", "verdict.click.v1", "fetch.click.v1"),
    ("airlock.events", "progress.clicks", "verdict.final.clicks"),
    ("airlock.dlx", "dead.fetch", "dead.verdict"),
];

/// Tries each way; true when every request ends as the honest one, or failed.
pub fn run(site: &Site, clicks: &Clicks, origin: &Origin, honest: &str) -> Outcome {
    let (mut rows, mut good) = (Vec::new(), true);
    for (n, (exchange, key, copy)) in WAYS.into_iter().enumerate() {
        for header in ["CC", "BCC"] {
            let id = format!("copied-{n}-{header}");
            clicks.ask(&click(&id, "acme", origin.url(&format!("slow-{id}/{NAME}")), 0));
            let heard = clicks.wait(&id, "Accepted", PATIENCE).ok_or("not accepted")?;
            let accepted: Accepted = heard.message.decode()?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let letter = Letter {
                exchange,
                key,
                copy: (header, copy),
                id: &id,
            };
            let taken = if exchange == "airlock.events" {
                runtime.block_on(letter.publish(site, &release(&id)))?
            } else {
                runtime.block_on(letter.publish(site, &clean(&accepted)))?
            };
            let verdict = clicks.verdict(&id, PATIENCE)?;
            let is = essence(&verdict);
            let failed = is.contains("OUTCOME_FAILED") && verdict.decision() == Decision::Block && verdict.token.is_empty();
            let mut fits = taken && (is == honest || failed);
            if exchange == "airlock.dlx" {
                fits &= !replayed(site, &id)?;
            }
            good &= fits;
            let what = format!("{exchange} {key}, {header} {copy}");
            rows.push(vec![what, is, if fits { String::new() } else { "✗".to_owned() }]);
        }
    }
    table::print(&["as fetch, with copies", "the request ends", ""], &[], &rows);
    Ok(good)
}

/// Whether an operator can be brought to send a forged letter again: as the stage in whose dead letters it lies.
fn replayed(site: &Site, id: &str) -> Outcome {
    std::thread::sleep(Duration::from_secs(1));
    let output = site.airlock(&["dead", "replay", id])?.output()?;
    Ok(String::from_utf8_lossy(&output.stdout).contains("verdict  "))
}

struct Letter<'a> {
    exchange: &'a str,
    key: &'a str,
    copy: (&'a str, &'a str),
    id: &'a str,
}

impl Letter<'_> {
    /// Publishes a message; whether the broker took it.
    async fn publish<M: Wire>(&self, site: &Site, message: &M) -> Result<bool, Box<dyn std::error::Error>> {
        let servers = site.servers.as_ref().ok_or("a site without a broker")?;
        let password = std::fs::read_to_string(site.path().join("broker/fetch"))?;
        let url = format!("amqp://fetch:{}@127.0.0.1:{}/airlock", password.trim(), servers.rabbit.port());
        let connection = Connection::connect(&url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let mut headers = FieldTable::default();
        headers.insert("request-id".into(), AMQPValue::LongString(self.id.into()));
        let copies = vec![AMQPValue::LongString(self.copy.1.into())];
        headers.insert(self.copy.0.into(), AMQPValue::FieldArray(copies.into()));
        let properties = BasicProperties::default()
            .with_headers(headers)
            .with_user_id("fetch".into())
            .with_type(M::NAME.into())
            .with_content_type(Form::Protobuf.content_type(M::NAME).as_str().into())
            .with_message_id(format!("{}/{}", self.id, M::NAME).as_str().into())
            .with_correlation_id(self.id.into());
        let body = encode(message, Form::Protobuf);
        let options = BasicPublishOptions::default();
        let sent = channel
            .basic_publish(self.exchange.into(), self.key.into(), options, &body, properties)
            .await?;
        let taken = matches!(sent.await, Ok(Confirmation::Ack(None)));
        let _ = connection.close(200, "done".into()).await;
        Ok(taken)
    }
}
