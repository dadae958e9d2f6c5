//! An envelope of each kind, as consumers get it, beside the published schema.

use std::collections::BTreeSet;

use projector::envelope::{Envelope, Telling, envelopes, schema};
use serde_json::Value;
use session_ledger::session::{ChainHash, SessionId};
use test_support::Database;

use super::capture::assert_golden;
use super::{bare_projector, stdout, stories};

fn telling(personal: bool) -> Telling {
    Telling { source: "/shop/sessions".to_owned(), personal, withheld: Vec::new() }
}

/// The events of all stories, as envelopes.
async fn told(database: &Database, personal: bool) -> Vec<Envelope> {
    let ledger = stories::tell(database).await;
    let mut subscription = ledger.subscription("consumer", "host-1").await.unwrap();
    let batch = subscription.next_batch(1_000).await.unwrap();
    envelopes(&ledger, &batch.events, &telling(personal)).await.unwrap()
}

fn json(envelope: &Envelope) -> Value {
    serde_json::from_slice(&envelope.structured().unwrap()).unwrap()
}

/// The kinds that the library knows, from the table in its source.
fn kinds() -> BTreeSet<String> {
    let lines = include_str!("../../../src/session/codec.rs").lines();
    let kind = |line: &str| Some(line.trim().strip_prefix('"')?.split_once("\", ")?.0.to_owned());
    let kinds: BTreeSet<_> = lines.filter(|line| line.contains(" => ")).filter_map(kind).collect();
    assert!(kinds.len() >= 20, "the table of kinds is found in the source: {kinds:?}");
    kinds
}

#[tokio::test]
async fn each_kind_of_event_has_a_golden_envelope_that_follows_the_schema() {
    let database = Database::fresh().await;
    let schema = schema();
    let mut seen = BTreeSet::new();
    for envelope in told(&database, true).await {
        let event = json(&envelope);
        let kind = event["type"].as_str().unwrap().trim_start_matches("session-ledger.").to_owned();
        assert_eq!(violations(&schema, &schema, &event), [""; 0], "{event:#}");
        assert_eq!(undescribed(&schema, &kind, &event), [""; 0], "{event:#}");
        if envelope.subject() == stories::eventful().to_string() && seen.insert(kind.clone()) {
            assert_golden(&format!("events/{kind}.json"), &format!("{event:#}\n"));
        }
    }
    seen.remove("teleported");
    assert_eq!(seen, kinds());
    let described: BTreeSet<_> = schema["$defs"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(described, kinds());
}

#[tokio::test]
async fn an_event_without_its_personal_fields_follows_the_schema() {
    let schema = schema();
    for envelope in told(&Database::fresh().await, false).await {
        let event = json(&envelope);
        assert_eq!(violations(&schema, &schema, &event), [""; 0], "{event:#}");
        assert_eq!((event["data"].get("client_ip"), event["data"].get("user_agent")), (None, None));
    }
}

#[test]
fn the_published_schema_is_that_of_this_version() {
    let printed = bare_projector().args(["relay", "schema"]).output().unwrap();
    assert_golden("../../../docs/events.schema.json", &stdout(&printed));
}

#[test]
fn the_schema_refuses_what_it_does_not_describe() {
    let schema = schema();
    let event = serde_json::json!({
        "specversion": "0.3",
        "id": 7,
        "type": "session-ledger.renewed",
        "dataschema": "urn:session-ledger:events:1#/$defs/renewed",
        "link": "AB",
        "data": { "grace": "thirty" },
    });
    let refusals = violations(&schema, &schema, &event).join("\n");
    for refusal in
        ["no source", "\"AB\" does not match", "\"0.3\" is not", "7 is no string", "\"thirty\" is no integer"]
    {
        assert!(refusals.contains(refusal), "{refusal} in {refusals}");
    }
}

/// A consumer's view: no event of a session is missing, doubled, swapped or from another log.
#[tokio::test]
async fn the_links_of_each_session_form_a_chain_from_its_genesis() {
    let told = told(&Database::fresh().await, false).await;
    let mut last: Vec<(String, Value)> = Vec::new();
    for event in told.iter().map(json) {
        let session: SessionId = event["subject"].as_str().unwrap().parse().unwrap();
        let before = last.iter().rev().find(|(subject, _)| *subject == session.to_string());
        let genesis = || ChainHash::genesis(session).link().to_string().into();
        assert_eq!(event["prevlink"], before.map_or_else(genesis, |(_, link)| link.clone()), "{event:#}");
        assert_ne!(event["prevlink"], event["link"]);
        last.push((session.to_string(), event["link"].clone()));
    }
    assert!(last.len() > 25, "{last:?}");
}

/// The batch need not hold the event before: the log is asked.
#[tokio::test]
async fn the_links_are_the_same_however_the_feed_is_cut() {
    let database = Database::fresh().await;
    let whole = told(&database, false).await;
    let ledger = super::open(&database).await;
    let mut subscription = ledger.subscription("one by one", "host-1").await.unwrap();
    for envelope in whole {
        let batch = subscription.next_batch(1).await.unwrap();
        let alone = envelopes(&ledger, &batch.events, &telling(false)).await.unwrap();
        let alone: Vec<Value> = alone.iter().map(json).collect();
        assert!(alone.contains(&json(&envelope)), "{alone:?}");
        subscription.checkpoint(batch).await.unwrap();
    }
}

/// What `value` has that the schema does not list, in the envelope or in the data of its kind.
fn undescribed(schema: &Value, kind: &str, event: &Value) -> Vec<String> {
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let described = |schema: &Value, name: &String| schema["properties"].get(name).is_some();
    let of_kind = &schema["$defs"][kind];
    let mut names: Vec<String> = names(event)
        .into_iter()
        .filter(|name| !described(schema, name))
        .chain(
            names(&event["data"]).into_iter().filter(|name| !of_kind.is_null() && !described(of_kind, name)),
        )
        .collect();
    names.sort();
    names
}

/// Why `value` does not follow `schema`: as much of JSON Schema as the published schema uses.
fn violations(root: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let Some(schema) = schema.as_object() else { return Vec::new() };
    let mut found = Vec::new();
    for (keyword, rule) in schema {
        match keyword.as_str() {
            "type" => {
                let types: Vec<_> = one_or_many(rule).filter_map(Value::as_str).collect();
                if !types.iter().any(|name| is_of_type(name, value)) {
                    found.push(format!("{value} is no {}", types[0]));
                }
            }
            "const" if rule != value => found.push(format!("{value} is not {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => {
                found.push(format!("{value} is not among {rule}"));
            }
            "pattern" => {
                assert_eq!(rule, "^[0-9a-f]{64}$");
                if value.as_str().is_some_and(|text| !is_link(text)) {
                    found.push(format!("{value} does not match {rule}"));
                }
            }
            "minimum" if value.is_number() && value.as_f64() < rule.as_f64() => {
                found.push(format!("{value} is below {rule}"))
            }
            "maximum" if value.is_number() && value.as_f64() > rule.as_f64() => {
                found.push(format!("{value} is above {rule}"))
            }
            "required" => {
                let names = one_or_many(rule).filter_map(Value::as_str);
                let missing = names.filter(|name| value.get(name).is_none());
                found.extend(missing.map(|name| format!("no {name}")));
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    found.extend(value.get(name).into_iter().flat_map(|value| violations(root, rule, value)));
                }
            }
            "items" => {
                let items = value.as_array().into_iter().flatten();
                found.extend(items.flat_map(|item| violations(root, rule, item)));
            }
            "allOf" => {
                found.extend(one_or_many(rule).flat_map(|rule| violations(root, rule, value)));
            }
            "if" if violations(root, rule, value).is_empty() => {
                found.extend(violations(root, &schema["then"], value));
            }
            "$ref" => {
                let target = root.pointer(rule.as_str().unwrap().trim_start_matches('#')).unwrap();
                found.extend(violations(root, target, value));
            }
            "const"
            | "enum"
            | "minimum"
            | "maximum"
            | "if"
            | "then"
            | "format"
            | "title"
            | "description"
            | "$schema"
            | "$id"
            | "$defs"
            | "additionalProperties" => {}
            other => panic!("the schema uses {other}, which this test does not know"),
        }
    }
    found
}

fn one_or_many(rule: &Value) -> impl Iterator<Item = &Value> {
    rule.as_array().map_or(std::slice::from_ref(rule), Vec::as_slice).iter()
}

fn is_link(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
}

fn is_of_type(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no such type: {other}"),
    }
}
