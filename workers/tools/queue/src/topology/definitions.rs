//! From the map to what RabbitMQ imports: vhost, users, permissions, exchanges, queues, bindings, policies.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::permissions;
use super::{Lane, Queue, Rung, StageName};
use crate::message::Exchange;

/// The virtual host of the line.
pub const VHOST: &str = "airlock";

/// The words of events, each published as `word.service`.
pub(crate) const EVENT_WORDS: [&str; 5] = ["accepted", "rejected", "progress", "verdict.final", "verdict.changed"];

const DELIVERY_LIMIT: u32 = 5;
const MAX_LENGTH: u32 = 100_000;
const MAX_EVENTS: u32 = 1_000_000;
const DEAD_TTL_MS: u64 = 14 * 24 * 3600 * 1000;

/// A calling service and the password of its broker user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUser {
    /// Its name, also that of its user: 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
    pub name: String,
    /// Its password.
    pub password: String,
}

/// The password of each stage's user; a stage that is left out gets no user, but its queues.
pub type StagePasswords = BTreeMap<StageName, String>;

/// A service cannot have this name: it is no name, a stage's, or there twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot be the name of a service: it must be 1 to 64 characters of A-Z a-z 0-9 . _ -, no stage's name, and there once")]
pub struct WrongName(pub String);

/// The definitions of the whole line, the same bytes for the same arguments. `salt` goes into the hashes of the passwords; it
/// should be random.
///
/// # Errors
/// A service has a name that it cannot have.
pub fn definitions(services: &[ServiceUser], stage_passwords: &StagePasswords, salt: [u8; 4]) -> Result<Value, WrongName> {
    let mut seen = BTreeSet::new();
    for service in services {
        let free = airlock_proto::request::is_name(&service.name) && service.name.parse::<StageName>().is_err();
        if !free || !seen.insert(&service.name) {
            return Err(WrongName(service.name.clone()));
        }
    }
    let stages = stage_passwords.iter().map(|(stage, password)| (stage.to_string(), password));
    let named = services.iter().map(|s| (s.name.clone(), &s.password));
    let users: Vec<(String, &String)> = stages.chain(named).collect();
    let speakers: Vec<permissions::Speaker> = stage_passwords
        .keys()
        .map(|stage| permissions::Speaker::Stage(*stage))
        .chain(services.iter().map(|s| permissions::Speaker::Service(s.name.clone())))
        .collect();
    let (queues, bindings) = queues_and_bindings(services);
    Ok(json!({
        "vhosts": [{"name": VHOST}],
        "users": users.iter().map(|(name, password)| user(name, password, salt)).collect::<Vec<_>>(),
        "permissions": speakers.iter().map(permissions::resources).collect::<Vec<_>>(),
        "topic_permissions": speakers.iter().flat_map(permissions::topics).collect::<Vec<_>>(),
        "exchanges": exchanges().map(|e| exchange(&e.name())).collect::<Vec<_>>(),
        "queues": queues,
        "bindings": bindings,
        "policies": policies(),
    }))
}

/// Every exchange of the line.
pub(super) fn exchanges() -> impl Iterator<Item = Exchange> {
    let ladders = StageName::ALL
        .into_iter()
        .flat_map(|stage| Lane::ALL.map(|lane| Exchange::Retry(stage, lane)));
    [Exchange::Requests, Exchange::Jobs, Exchange::Events, Exchange::Dead]
        .into_iter()
        .chain(ladders)
}

fn user(name: &str, password: &str, salt: [u8; 4]) -> Value {
    // A salt for each user, so that equal passwords do not show.
    let salt: Vec<u8> = Sha256::new().chain_update(salt).chain_update(name).finalize()[..4].to_vec();
    let hash = Sha256::new().chain_update(&salt).chain_update(password).finalize();
    let salted = [salt.as_slice(), hash.as_slice()].concat();
    json!({
        "name": name,
        "password_hash": base64::engine::general_purpose::STANDARD.encode(salted),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": "",
    })
}

fn exchange(name: &str) -> Value {
    json!({"vhost": VHOST, "name": name, "type": "topic", "durable": true, "auto_delete": false, "internal": false, "arguments": {}})
}

fn queue(name: &str, arguments: Value) -> Value {
    let mut all = json!({"x-queue-type": "quorum"});
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), arguments) {
        all.extend(more);
    }
    json!({"vhost": VHOST, "name": name, "durable": true, "auto_delete": false, "arguments": all})
}

fn binding(from: Exchange, key: &str, to: &str) -> Value {
    json!({"vhost": VHOST, "source": from.name(), "destination": to, "destination_type": "queue", "routing_key": key, "arguments": {}})
}

fn queues_and_bindings(services: &[ServiceUser]) -> (Vec<Value>, Vec<Value>) {
    let mut queues = Vec::new();
    let mut bindings = Vec::new();
    for stage in StageName::ALL {
        for lane in Lane::ALL {
            let work = Queue::Work(stage, lane).to_string();
            let key = format!("{stage}.{lane}.v1");
            queues.push(queue(&work, json!({})));
            // Intake's too: its ladder leads back by this key, which no user may publish.
            bindings.push(binding(Exchange::Jobs, &key, &work));
            if stage == StageName::Intake {
                bindings.push(binding(Exchange::Requests, &format!("request.{lane}.v1"), &work));
            }
            for rung in Rung::ALL {
                let name = format!("airlock.retry.{stage}.{lane}.{rung}");
                // Where a rung leads is what it is, so it is no policy, which could be changed under it.
                let back = json!({"x-dead-letter-exchange": Exchange::Jobs.name(), "x-dead-letter-routing-key": key});
                queues.push(queue(&name, back));
                bindings.push(binding(Exchange::Retry(stage, lane), &rung.to_string(), &name));
            }
        }
        let dead = Queue::Dead(stage).to_string();
        queues.push(queue(&dead, json!({})));
        bindings.push(binding(Exchange::Dead, &format!("dead.{stage}"), &dead));
        bindings.push(binding(Exchange::Dead, &format!("dead.{stage}"), &Queue::VerdictDead.to_string()));
    }
    queues.push(queue(&Queue::VerdictDead.to_string(), json!({})));
    for service in services {
        let events = Queue::Events(service.name.clone()).to_string();
        queues.push(queue(&events, json!({})));
        // Word by word and no wildcard: names may have dots, and `*.b` would take what is for `x.b`'s keys of two words.
        for word in EVENT_WORDS {
            bindings.push(binding(Exchange::Events, &format!("{word}.{}", service.name), &events));
        }
    }
    (queues, bindings)
}

fn policies() -> Vec<Value> {
    let policy = |name: String, pattern: String, definition: Value| json!({"vhost": VHOST, "name": name, "pattern": pattern, "apply-to": "queues", "priority": 1, "definition": definition});
    // At-least-once dead lettering needs `reject-publish`: with a queue that drops, the dead letter could be dropped too.
    let safe = |more: Value| {
        let mut all = json!({"overflow": "reject-publish", "max-length": MAX_LENGTH, "dead-letter-strategy": "at-least-once"});
        if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
            all.extend(more);
        }
        all
    };
    let mut all = Vec::new();
    for stage in StageName::ALL {
        let definition = safe(json!({
            "delivery-limit": DELIVERY_LIMIT,
            "dead-letter-exchange": Exchange::Dead.name(),
            "dead-letter-routing-key": format!("dead.{stage}"),
        }));
        // One a stage: the key says whose dead letter it is.
        all.push(policy(
            format!("work-{stage}"),
            format!(r"^airlock\.{stage}\.(click|bulk)$"),
            definition,
        ));
    }
    for rung in Rung::ALL {
        all.push(policy(
            format!("retry-{rung}"),
            format!(r"^airlock\.retry\.[a-z]+\.(click|bulk)\.{rung}$"),
            safe(json!({"message-ttl": rung.delay_ms()})),
        ));
    }
    // No delivery limit: a service that comes late, or falls over its events, still gets them.
    let events = json!({"overflow": "reject-publish", "max-length": MAX_EVENTS});
    all.push(policy("events".to_owned(), r"^airlock\.events\.".to_owned(), events));
    all.push(policy(
        "dead".to_owned(),
        r"^airlock\.dead\.".to_owned(),
        json!({"message-ttl": DEAD_TTL_MS}),
    ));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str) -> ServiceUser {
        ServiceUser {
            name: name.into(),
            password: "p".into(),
        }
    }

    #[test]
    fn every_user_has_a_row_for_every_exchange() {
        let stages = StageName::ALL.map(|s| (s, s.to_string())).into();
        let made = definitions(&[service("clicks"), service("a.b")], &stages, [1; 4]).unwrap();
        let count = |what: &str| made[what].as_array().unwrap().len();
        assert_eq!((count("users"), count("exchanges")), (7, 14));
        assert_eq!(count("topic_permissions"), 7 * 14);
        assert_eq!(count("queues"), 10 + 40 + 5 + 1 + 2);
        assert_eq!(made, definitions(&[service("clicks"), service("a.b")], &stages, [1; 4]).unwrap());
    }

    #[test]
    fn a_service_cannot_take_the_name_of_a_stage() {
        for services in [vec![service("fetch")], vec![service("a"), service("a")], vec![service("a*")]] {
            assert!(definitions(&services, &StagePasswords::new(), [0; 4]).is_err());
        }
    }
}
