//! What a broker has against what it should have, in plain sentences.

use std::collections::BTreeMap;

use serde_json::Value;

use super::definitions::VHOST;

/// A kind of definition: its name in the file, the fields that say which one it is, and the fields that must agree.
struct Sort {
    list: &'static str,
    noun: &'static str,
    which: &'static [&'static str],
    what: &'static [&'static str],
    /// One too many is a difference as well: it lets somebody do or get what is not theirs.
    closed: bool,
}

const SORTS: &[Sort] = &[
    Sort {
        list: "users",
        noun: "user",
        which: &["name"],
        what: &["tags"],
        closed: false,
    },
    Sort {
        list: "permissions",
        noun: "permission of",
        which: &["user"],
        what: &["configure", "write", "read"],
        closed: false,
    },
    Sort {
        list: "topic_permissions",
        noun: "topic permission of",
        which: &["user", "exchange"],
        what: &["write", "read"],
        closed: false,
    },
    Sort {
        list: "exchanges",
        noun: "exchange",
        which: &["name"],
        what: &["type", "durable", "auto_delete", "internal", "arguments"],
        closed: true,
    },
    Sort {
        list: "queues",
        noun: "queue",
        which: &["name"],
        what: &["durable", "auto_delete", "arguments"],
        closed: true,
    },
    Sort {
        list: "bindings",
        noun: "binding",
        which: &["source", "routing_key", "destination", "destination_type"],
        what: &["arguments"],
        closed: true,
    },
    Sort {
        list: "policies",
        noun: "policy",
        which: &["name"],
        what: &["pattern", "apply-to", "priority", "definition"],
        closed: true,
    },
];

/// Every difference; passwords are not compared, since their hashes are salted.
pub(super) fn differences(wanted: &Value, there: &Value) -> Vec<String> {
    let mut out = Vec::new();
    if !there["vhosts"].as_array().is_some_and(|all| all.iter().any(|v| v["name"] == VHOST)) {
        out.push(format!("the virtual host {VHOST} is missing"));
        return out;
    }
    for sort in SORTS {
        let (wanted, there) = (index(wanted, sort), index(there, sort));
        for (name, one) in &wanted {
            let Some(other) = there.get(name) else {
                out.push(format!("the {} {name} is missing", sort.noun));
                continue;
            };
            for field in sort.what {
                if plain(&one[*field]) != plain(&other[*field]) {
                    let (is, should) = (&other[*field], &one[*field]);
                    out.push(format!("the {} {name} has {field} {is} where it should have {should}", sort.noun));
                }
            }
        }
        let too_many = there.keys().filter(|name| sort.closed && !wanted.contains_key(*name));
        out.extend(too_many.map(|name| format!("the {} {name} is there and should not be", sort.noun)));
    }
    out
}

/// Tags of users are a list here and a text with commas there.
fn plain(value: &Value) -> Value {
    match value {
        Value::String(text) if text.is_empty() => Value::Array(Vec::new()),
        other => other.clone(),
    }
}

fn index<'a>(definitions: &'a Value, sort: &Sort) -> BTreeMap<String, &'a Value> {
    let all = definitions[sort.list].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter()
        // Users have no virtual host; of everything else only ours counts.
        .filter(|one| one["vhost"].is_null() || one["vhost"] == VHOST)
        .map(|one| {
            let name: Vec<&str> = sort.which.iter().map(|field| one[*field].as_str().unwrap_or_default()).collect();
            (name.join(" "), one)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_missing_other_or_too_many_is_said() {
        let exchange = |name: &str, kind: &str| json!({"vhost": VHOST, "name": name, "type": kind});
        let wanted = json!({"exchanges": [exchange("a", "topic"), exchange("b", "topic")]});
        let there = json!({"vhosts": [{"name": VHOST}], "exchanges": [exchange("a", "fanout"), exchange("c", "topic")]});
        let said = differences(&wanted, &there).join("; ");
        for part in [
            "the exchange a has type \"fanout\"",
            "the exchange b is missing",
            "the exchange c is there",
        ] {
            assert!(said.contains(part), "{said}");
        }
        assert!(differences(&wanted, &json!({}))[0].contains("missing"));
    }
}
