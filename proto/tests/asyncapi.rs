//! The document for click services says what the messages are: every field, every type, every name of an enum, and real examples.

use std::collections::BTreeSet;

use airlock_proto::v1::{Accepted, Progress, Rejected, ScanRequest, Verdict};
use airlock_proto::wire::{Form, Wire, decode, encode};
use prost_reflect::{Cardinality, DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};

/// What click services see of the package.
const MESSAGES: [&str; 6] = ["ScanRequest", "Accepted", "Rejected", "Progress", "Verdict", "Reason"];
/// Fields of `Accepted` that are taken out before a service is told.
const INSIDE: [&str; 3] = ["definition", "reuse_of", "form"];

#[test]
fn every_field_of_a_message_stands_in_its_schema_and_the_reverse() {
    let document = document();
    for name in MESSAGES {
        let message = message(name);
        let schema = &document["components"]["schemas"][name];
        let said: BTreeSet<&str> = keys(&schema["properties"]).collect();
        let there: BTreeSet<String> = message.fields().map(|f| f.name().to_owned()).collect();
        let there: BTreeSet<&str> = there
            .iter()
            .map(String::as_str)
            .filter(|field| name != "Accepted" || !INSIDE.contains(field))
            .collect();
        assert_eq!(said, there, "{name}");
        for field in message.fields().filter(|f| said.contains(f.name())) {
            agrees(
                &document,
                &schema["properties"][field.name()],
                &field,
                &format!("{name}.{}", field.name()),
            );
        }
        for needed in schema["required"].as_array().into_iter().flatten() {
            assert!(said.contains(needed.as_str().unwrap()), "{name} requires {needed}");
        }
    }
    assert!(INSIDE.iter().all(|field| message("Accepted").get_field_by_name(field).is_some()));
}

#[test]
fn the_examples_are_messages() {
    let document = document();
    let mut met = BTreeSet::new();
    for (name, spoken) in object(&document["components"]["messages"]) {
        for example in spoken["examples"].as_array().into_iter().flatten() {
            let payload = &example["payload"];
            match name.as_str() {
                "ScanRequest" => {
                    let read: ScanRequest = same(payload);
                    airlock_proto::request::check(read).unwrap();
                }
                "Accepted" => drop(same::<Accepted>(payload)),
                "Rejected" => drop(same::<Rejected>(payload)),
                "Progress" => drop(same::<Progress>(payload)),
                "Verdict" => drop(same::<Verdict>(payload)),
                other => panic!("{other} has an example that nobody reads"),
            }
            met.insert(name.clone());
        }
    }
    let all: BTreeSet<String> = MESSAGES.iter().filter(|m| **m != "Reason").map(|m| (*m).to_owned()).collect();
    assert_eq!(met, all, "each message has an example");
}

#[test]
fn every_message_is_there_in_both_forms() {
    let document = document();
    for name in MESSAGES.into_iter().filter(|m| *m != "Reason") {
        for (suffix, form) in [("", Form::Json), ("Protobuf", Form::Protobuf)] {
            let spoken = &document["components"]["messages"][format!("{name}{suffix}")];
            assert_eq!(spoken["contentType"], form.content_type(name).as_str(), "{name}{suffix}");
            assert_eq!(spoken["payload"]["$ref"], format!("#/components/schemas/{name}").as_str());
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut open = vec![&document];
    let mut met = 0;
    while let Some(value) = open.pop() {
        if let Some(target) = value.get("$ref") {
            let pointer = target.as_str().unwrap().strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{target} leads nowhere");
            met += 1;
        }
        match value {
            Value::Object(all) => open.extend(all.values()),
            Value::Array(all) => open.extend(all),
            _ => {}
        }
    }
    assert!(met > 40, "only {met} references were met");
}

/// The example as a message; written again it is the example, so it has no default that would be left out.
fn same<M: Wire>(payload: &Value) -> M {
    let read: M = decode(payload.to_string().as_bytes(), Form::Json).unwrap_or_else(|e| panic!("{payload}: {e}"));
    let again: Value = serde_json::from_slice(&encode(&read, Form::Json)).unwrap();
    assert_eq!(&again, payload);
    read
}

fn agrees(document: &Value, schema: &Value, field: &FieldDescriptor, place: &str) {
    if field.cardinality() == Cardinality::Repeated {
        assert_eq!(schema["type"], "array", "{place}");
        return kind_agrees(document, &schema["items"], &field.kind(), place);
    }
    kind_agrees(document, schema, &field.kind(), place);
}

fn kind_agrees(document: &Value, schema: &Value, kind: &Kind, place: &str) {
    let target = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/components/schemas/"));
    match kind {
        Kind::Message(inner) => assert_eq!(target, Some(inner.name()), "{place}"),
        Kind::Enum(inner) => {
            assert_eq!(target, Some(inner.name()), "{place}");
            assert_eq!(names(&document["components"]["schemas"][inner.name()]), words(inner), "{place}");
        }
        Kind::String => {
            // A name, or one of some words, is a string too.
            let string = schema["type"] == "string" || target == Some("Name") || !names(schema).is_empty();
            assert!(string, "{place} is a string: {schema}");
        }
        Kind::Bool => assert_eq!(schema["type"], "boolean", "{place}"),
        Kind::Uint32 => assert_eq!((&schema["type"], schema.get("format")), (&Value::from("integer"), None), "{place}"),
        Kind::Int64 | Kind::Uint64 => {
            assert_eq!(
                (&schema["type"], &schema["format"]),
                (&Value::from("integer"), &Value::from("int64")),
                "{place}"
            );
        }
        other => panic!("{place}: {other:?} is new here"),
    }
}

fn words(of: &EnumDescriptor) -> Vec<String> {
    of.values().map(|v| v.name().to_owned()).collect()
}

fn names(schema: &Value) -> Vec<String> {
    let all = schema["enum"].as_array().into_iter().flatten();
    all.map(|word| word.as_str().unwrap_or_default().to_owned()).collect()
}

fn message(name: &str) -> MessageDescriptor {
    let pool = DescriptorPool::decode(include_bytes!("../src/generated/airlock.v1.bin").as_slice()).unwrap();
    pool.get_message_by_name(&format!("airlock.v1.{name}")).unwrap()
}

fn document() -> Value {
    serde_saphyr::from_str(include_str!("../asyncapi.yaml")).unwrap()
}

fn keys(value: &Value) -> impl Iterator<Item = &str> {
    object(value).keys().map(String::as_str)
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("{value} is no mapping"))
}
