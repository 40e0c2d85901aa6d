//! Who may write and read what at the broker: a row for every user on every exchange, since without a row RabbitMQ allows.

use serde_json::{Value, json};

use super::definitions::{VHOST, exchanges};
use super::{Queue, StageName};
use crate::message::Exchange;

const NOTHING: &str = "^$";

/// A user of the broker.
pub(super) enum Speaker {
    /// A stage.
    Stage(StageName),
    /// A calling service.
    Service(String),
}

impl Speaker {
    fn user(&self) -> &str {
        match self {
            Speaker::Stage(stage) => stage.word(),
            Speaker::Service(name) => name,
        }
    }

    /// The keys that it may publish on an exchange, as a regular expression; `None` is none.
    fn keys(&self, exchange: Exchange) -> Option<String> {
        let Speaker::Stage(me) = self else {
            return (exchange == Exchange::Requests).then(|| r"^request\.(click|bulk)\.v1$".to_owned());
        };
        match exchange {
            Exchange::Requests => None,
            Exchange::Jobs => next_stages(*me).map(|to| format!(r"^({to})\.(click|bulk)\.v1$")),
            Exchange::Events => Some(format!(r"^({})\.[A-Za-z0-9._-]+$", events(*me))),
            Exchange::Dead => Some(format!(r"^dead\.{me}$")),
            Exchange::Retry(stage, _) => (stage == *me).then(|| "^(1s|10s|1m|10m)$".to_owned()),
        }
    }

    fn reads(&self) -> String {
        match self {
            // Its own dead letters, too: `airlock dead` acts as the stage, which alone may send them down its ladder again.
            Speaker::Stage(StageName::Verdict) => r"^airlock\.(verdict\.(click|bulk|dead)|dead\.verdict)$".to_owned(),
            Speaker::Stage(stage) => format!(r"^airlock\.({stage}\.(click|bulk)|dead\.{stage})$"),
            Speaker::Service(name) => format!("^{}$", literal(&Queue::Events(name.clone()).to_string())),
        }
    }
}

/// What a stage may say to whom. Its own key is never among them, so what its own user sent can only have come down its ladder.
fn next_stages(stage: StageName) -> Option<&'static str> {
    match stage {
        StageName::Intake => Some("fetch|verdict"),
        StageName::Fetch => Some("scan|verdict"),
        StageName::Scan => Some("sandbox|verdict"),
        StageName::Sandbox => Some("verdict"),
        StageName::Verdict => Some("fetch|mail"),
    }
}

fn events(stage: StageName) -> &'static str {
    match stage {
        StageName::Intake => "accepted|rejected",
        StageName::Fetch | StageName::Scan | StageName::Sandbox => "progress",
        StageName::Verdict => r"accepted|rejected|progress|verdict\.final|verdict\.changed",
    }
}

/// Permissions on exchanges and queues by name. The default exchange is `amq.default` here, and matches nowhere.
pub(super) fn resources(speaker: &Speaker) -> Value {
    let writes: Vec<String> = exchanges()
        .filter(|e| speaker.keys(*e).is_some())
        .map(|e| literal(&e.name()))
        .collect();
    let write = format!("^({})$", writes.join("|"));
    json!({"user": speaker.user(), "vhost": VHOST, "configure": NOTHING, "write": write, "read": speaker.reads()})
}

/// Permissions on routing keys, one row an exchange.
pub(super) fn topics(speaker: &Speaker) -> Vec<Value> {
    exchanges()
        .map(|exchange| {
            let write = speaker.keys(exchange).unwrap_or_else(|| NOTHING.to_owned());
            json!({"user": speaker.user(), "vhost": VHOST, "exchange": exchange.name(), "write": write, "read": NOTHING})
        })
        .collect()
}

/// A name as a regular expression that matches it alone; of what names may have, only the dot means more.
fn literal(name: &str) -> String {
    name.replace('.', r"\.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_may_use_the_key_of_its_own_stage() {
        for stage in StageName::ALL {
            let keys = Speaker::Stage(stage).keys(Exchange::Jobs).unwrap();
            assert!(!keys.contains(stage.word()) && !keys.contains("intake"), "{stage}: {keys}");
        }
    }
}
