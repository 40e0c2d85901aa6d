//! What stands beside a body in AMQP: properties and headers, out and in.

use std::time::{SystemTime, UNIX_EPOCH};

use airlock_proto::v1::ScanRequest;
use airlock_proto::wire::{Form, Wire as _};
use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, ShortString};

use crate::broker::QueueError;
use crate::message::{Incoming, Outgoing};
use crate::topology::{EVENT_WORDS, Lane, Queue, StageName};

const SCHEMA: i32 = 1;

/// A name as AMQP carries it.
pub(super) fn short(text: &str) -> Result<ShortString, QueueError> {
    ShortString::try_new(text).map_err(|_| QueueError::Refused(format!("{text:?} is longer than 255 bytes")))
}

/// The properties of a message that `user` publishes.
pub(super) fn properties(message: &Outgoing, user: &str, app: &str) -> Result<BasicProperties, QueueError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut headers = FieldTable::default();
    let mut text = |name: &str, value: &str| {
        headers.insert(name.into(), AMQPValue::LongString(value.into()));
    };
    text("request-id", &message.request_id);
    if let Some(trace) = &message.trace {
        text("traceparent", trace);
    }
    if let Some(why) = &message.why {
        text("why", why);
    }
    headers.insert("attempt".into(), AMQPValue::LongLongInt(i64::from(message.attempt)));
    headers.insert("schema".into(), AMQPValue::LongInt(SCHEMA));
    // The property `timestamp` has seconds only.
    let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    headers.insert("sent-ms".into(), AMQPValue::LongLongInt(now_ms));
    let mut properties = BasicProperties::default();
    // What a service calls a request may be longer than this property can be; the header has it whole.
    if let Ok(request) = short(&message.request_id) {
        properties = properties.with_correlation_id(request);
    }
    Ok(properties
        .with_content_type(short(&message.form.content_type(&message.kind))?)
        .with_delivery_mode(2)
        .with_message_id(short(&message.id)?)
        .with_type(short(&message.kind)?)
        .with_timestamp(now.as_secs())
        .with_app_id(short(app)?)
        .with_user_id(short(user)?)
        .with_headers(headers))
}

/// A delivery of `queue` as a message.
pub(super) fn incoming(queue: &Queue, delivery: &mut Delivery) -> Incoming {
    let body = std::mem::take(&mut delivery.data);
    let properties = &delivery.properties;
    let said = |value: &Option<ShortString>| value.as_ref().map(|v| v.as_str().to_owned()).unwrap_or_default();
    let kind = kind(queue, said(properties.kind()));
    let id = said(properties.message_id());
    let seconds = properties.timestamp().unwrap_or(0);
    // A click service says it as `message-id`, and may correlate by whatever it likes.
    let request_id = text(delivery, "request-id")
        .or_else(|| (!id.is_empty()).then(|| id.clone()))
        .unwrap_or_else(|| said(properties.correlation_id()));
    Incoming {
        lane: match queue {
            Queue::Work(_, lane) => *lane,
            _ => Lane::Bulk,
        },
        form: Form::of(&said(properties.content_type()), &kind),
        kind,
        request_id,
        id,
        sender: said(properties.user_id()),
        retried: retried(queue, delivery),
        stray: stray(queue, delivery),
        body,
        attempt: number(delivery, "attempt").and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        redelivered: delivery.redelivered,
        trace: text(delivery, "traceparent"),
        why: text(delivery, "why").or_else(|| last_death(delivery, "reason")),
        sent_ms: number(delivery, "sent-ms").unwrap_or_else(|| i64::try_from(seconds).unwrap_or(0).saturating_mul(1000)),
    }
}

/// The name of a message: what its sender says, else what alone goes to that queue. A click service need not say it.
fn kind(queue: &Queue, said: String) -> String {
    match queue {
        Queue::Work(StageName::Intake, _) if said.is_empty() => ScanRequest::NAME.to_owned(),
        _ => said,
    }
}

/// Whether the last queue in which the message died is a rung of the ladder of this very stage and lane.
///
/// The header `x-death` alone proves nothing, since any publisher may write it. It need not: it counts only together with the
/// broker-validated sender being the stage itself, and a stage's user may publish what reaches its own queue nowhere but on its
/// own ladder (no user has a topic permission for the key of its own stage, and [`stray`] tells what went round that). A forged header on another user's message changes nothing.
fn retried(queue: &Queue, delivery: &Delivery) -> bool {
    let Queue::Work(stage, lane) = queue else {
        return false;
    };
    last_death(delivery, "queue").is_some_and(|died_in| died_in.starts_with(&format!("airlock.retry.{stage}.{lane}.")))
}

/// Whether a message came by the way on which the broker does not look.
///
/// The headers `CC` and `BCC` name more routing keys, for which RabbitMQ asks no topic permission; `BCC` it removes. A delivery shows
/// the one key that was checked, and that must be the key by which its queue is bound.
fn stray(queue: &Queue, delivery: &Delivery) -> bool {
    let key = delivery.routing_key.as_str();
    let own = match queue {
        Queue::Work(stage, lane) => {
            key == format!("{stage}.{lane}.v1") || (*stage == StageName::Intake && key == format!("request.{lane}.v1"))
        }
        Queue::Dead(stage) => key == format!("dead.{stage}"),
        Queue::VerdictDead => StageName::ALL.iter().any(|stage| key == format!("dead.{stage}")),
        Queue::Events(service) => EVENT_WORDS.iter().any(|word| key == format!("{word}.{service}")),
    };
    !own || header(delivery, "CC").is_some() || header(delivery, "BCC").is_some()
}

/// A field of the newest entry of `x-death`.
fn last_death(delivery: &Delivery, field: &str) -> Option<String> {
    let Some(AMQPValue::FieldArray(deaths)) = header(delivery, "x-death") else {
        return None;
    };
    match deaths.as_slice().first()? {
        AMQPValue::FieldTable(death) => as_text(death.inner().get(field)?),
        _ => None,
    }
}

fn header<'a>(delivery: &'a Delivery, name: &str) -> Option<&'a AMQPValue> {
    delivery.properties.headers().as_ref()?.inner().get(name)
}

fn text(delivery: &Delivery, name: &str) -> Option<String> {
    as_text(header(delivery, name)?)
}

fn as_text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        AMQPValue::ShortString(text) => Some(text.as_str().to_owned()),
        _ => None,
    }
}

fn number(delivery: &Delivery, name: &str) -> Option<i64> {
    match header(delivery, name)? {
        AMQPValue::LongLongInt(n) => Some(*n),
        AMQPValue::LongInt(n) => Some(i64::from(*n)),
        AMQPValue::LongUInt(n) => Some(i64::from(*n)),
        AMQPValue::ShortInt(n) => Some(i64::from(*n)),
        AMQPValue::ShortUInt(n) => Some(i64::from(*n)),
        AMQPValue::ShortShortInt(n) => Some(i64::from(*n)),
        AMQPValue::ShortShortUInt(n) => Some(i64::from(*n)),
        _ => None,
    }
}
