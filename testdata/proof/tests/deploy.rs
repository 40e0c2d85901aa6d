//! The deployment files keep their promises on paper: who reaches what, who holds which secret, and what a container may not do.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

const STAGES: [&str; 6] = ["intake", "fetch", "scan", "sandbox", "verdict", "gateway"];
/// One-shot services of ours and of others, and the one to try it with.
const OTHERS: [&str; 6] = ["topology", "owner", "migrate", "roles", "bucket", "request"];
/// Servers that are not ours; their images begin as root and give it up, so they keep a few capabilities.
const SERVERS: [&str; 3] = ["rabbitmq", "postgres", "s3"];

#[test]
fn every_service_of_the_line_is_there_and_no_other() {
    let compose = compose();
    let there: BTreeSet<&str> = compose["services"].as_object().unwrap().keys().map(String::as_str).collect();
    let known: BTreeSet<&str> = STAGES.into_iter().chain(OTHERS).chain(SERVERS).collect();
    assert_eq!(there, known);
    for stage in STAGES {
        let command = words(&compose["services"][stage]["command"]);
        assert_eq!(command, ["run", stage], "{stage}");
    }
}

#[test]
fn what_parses_or_fetches_reaches_no_database() {
    let compose = compose();
    let on = |network: &str| -> BTreeSet<String> {
        let services = compose["services"].as_object().unwrap().iter();
        let met = services.filter(|(_, service)| words(&service["networks"]).iter().any(|n| n == network));
        met.map(|(name, _)| name.clone()).collect()
    };
    let set = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|n| (*n).to_owned()).collect() };
    assert_eq!(
        on("database"),
        set(&["postgres", "owner", "migrate", "roles", "intake", "verdict", "gateway"])
    );
    assert_eq!(on("internet"), set(&["fetch"]));
    assert_eq!(on("people"), set(&["gateway"]));
    assert_eq!(on("store"), set(&["s3", "bucket", "fetch", "scan", "verdict", "gateway"]));
    assert!(!on("broker").contains("gateway"));
    for network in ["broker", "database", "store"] {
        assert_eq!(compose["networks"][network]["internal"], true, "{network}");
    }
    for (name, service) in compose["services"].as_object().unwrap() {
        assert!(
            !words(&service["networks"]).is_empty(),
            "{name} would be on the default network, with everybody"
        );
        assert!(service.get("network_mode").is_none(), "{name}");
    }
}

#[test]
fn a_container_may_do_nothing_more_than_its_work() {
    let compose = compose();
    for (name, service) in compose["services"].as_object().unwrap() {
        assert_eq!(words(&service["cap_drop"]), ["ALL"], "{name}");
        assert_eq!(words(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
        assert!(service.get("privileged").is_none() && service.get("devices").is_none(), "{name}");
        for port in words(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name} publishes {port} to the world");
        }
        for volume in service["volumes"].as_array().into_iter().flatten() {
            assert!(volume["type"] == "volume" || volume["read_only"] == true, "{name}: {volume}");
        }
        if SERVERS.contains(&name.as_str()) {
            continue;
        }
        assert_eq!(service["read_only"], true, "{name}");
        assert!(service.get("cap_add").is_none(), "{name}");
        assert!(service["user"].as_str().is_some_and(|user| user.contains("65532:65532")), "{name}");
    }
    for stage in STAGES {
        let service = &compose["services"][stage];
        assert!(service["mem_limit"].is_string() && service["pids_limit"].is_u64(), "{stage}");
        assert_eq!(service["stop_grace_period"], "80s", "{stage}: longer than line.grace_ms");
    }
}

#[test]
fn a_secret_is_a_file_and_each_service_has_its_own_alone() {
    let compose = compose();
    for (name, service) in compose["services"].as_object().unwrap() {
        for (variable, value) in service["environment"].as_object().into_iter().flatten() {
            let upper = variable.to_ascii_uppercase();
            let secret = ["PASS", "SECRET", "KEY", "TOKEN", "CREDENTIAL"]
                .iter()
                .any(|word| upper.contains(word));
            assert!(
                !secret || upper.ends_with("_FILE"),
                "{name}: {variable} is a secret in the environment"
            );
            let url = value.as_str().is_some_and(|v| v.contains("://") && v.contains('@'));
            assert!(!url, "{name}: {variable} has somebody's name in an address");
        }
        for secret in secrets(service) {
            assert!(
                compose["secrets"][&secret]["file"].is_string(),
                "{name}: {secret} is not declared as a file"
            );
        }
    }
    let of = |name: &str| secrets(&compose["services"][name]);
    for stage in STAGES {
        for secret in of(stage) {
            let (kind, whose) = secret.split_once('_').unwrap();
            let own = whose == stage;
            let allowed = match kind {
                "queue" | "records" => own,
                "store" => ["fetch", "scan", "verdict", "gateway"].contains(&stage),
                "token" => stage == "verdict",
                "gateway" => stage == "gateway",
                _ => false,
            };
            assert!(allowed, "{stage} has {secret}");
        }
    }
    for stage in ["fetch", "scan", "sandbox"] {
        assert!(!of(stage).iter().any(|s| s.starts_with("records")), "{stage}");
    }
}

#[test]
fn every_file_that_is_mounted_is_there_or_made_by_secrets_sh() {
    let compose = compose();
    let script = std::fs::read_to_string(deploy().join("secrets.sh")).unwrap();
    for (name, service) in compose["services"].as_object().unwrap() {
        for volume in service["volumes"].as_array().into_iter().flatten().filter(|v| v["type"] == "bind") {
            let source = volume["source"].as_str().unwrap();
            let made = source.starts_with("./secrets/");
            assert!(made || deploy().join(source).exists(), "{name} mounts {source}");
        }
    }
    for (name, secret) in compose["secrets"].as_object().unwrap() {
        let file = secret["file"].as_str().unwrap().strip_prefix("./secrets/").unwrap();
        let last = file.rsplit('/').next().unwrap();
        assert!(script.contains(last), "{name}: secrets.sh makes no {file}");
    }
}

#[test]
fn the_image_runs_as_nobody_and_holds_no_shell() {
    let text = std::fs::read_to_string(deploy().join("image/Dockerfile")).unwrap();
    let last = text.rsplit("\nFROM ").next().unwrap();
    assert!(last.starts_with("scratch"), "the last stage: {last}");
    for line in ["USER 65532:65532", "HEALTHCHECK NONE", "ENTRYPOINT [\"/usr/bin/airlock\"]"] {
        assert!(last.lines().any(|l| l == line), "{line}");
    }
    assert!(text.contains("FROM rust:1.95-bookworm AS build") && text.contains("--locked"));
}

/// Names of the secrets of a service, in either way of writing them.
fn secrets(service: &Value) -> Vec<String> {
    let all = service["secrets"].as_array().into_iter().flatten();
    let name = |s: &Value| s.as_str().or_else(|| s["source"].as_str()).unwrap_or_default().to_owned();
    all.map(name).collect()
}

fn words(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.map(|word| word.as_str().unwrap_or_default().to_owned()).collect()
}

/// With its merge keys resolved.
fn compose() -> Value {
    let text = std::fs::read_to_string(deploy().join("compose.yaml")).unwrap();
    let mut value: Value = serde_saphyr::from_str(&text).unwrap();
    merge(&mut value);
    value
}

/// `<<` gives a mapping the keys that it does not have itself.
fn merge(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(merge);
            if let Some(Value::Object(given)) = map.remove("<<") {
                for (key, value) in given {
                    map.entry(key).or_insert(value);
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(merge),
        _ => {}
    }
}

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}
