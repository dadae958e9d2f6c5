//! The published JSON Schema of the envelopes, made of the types that are told.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};
use session_ledger::session::Event;

use super::Envelope;
use super::data::About;
use crate::facts::Facts;
use crate::{Answer, Console, Error};

/// The schema's own name. Its number is counted up when a consumer of the one before could be misled: a new
/// kind or a new field is no such change.
const ID: &str = "urn:session-ledger:events:1";

/// Prints the schema.
///
/// # Errors
///
/// The output cannot be written.
pub fn print(console: &mut Console<'_>) -> Result<Answer, Error> {
    writeln!(console.out, "{:#}", schema())?;
    Ok(Answer::Yes)
}

/// The JSON Schema (2020-12) of [`Envelope`] in its JSON format, with the data of each kind.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().with(inlined).into_generator();
    let about = properties(&About::json_schema(&mut generator));
    let mut kinds = Map::new();
    let mut rules = Vec::new();
    for (kind, facts) in Facts::schemas(&mut generator) {
        rules.push(json!({
            "if": { "properties": { "dataschema": { "const": name(kind) } }, "required": ["dataschema"] },
            "then": { "properties": { "data": { "$ref": format!("#/$defs/{kind}") } } },
        }));
        kinds.insert(kind.to_owned(), with_properties(facts, &about));
    }
    let mut schema = Envelope::json_schema(&mut generator);
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("$id".to_owned(), json!(ID));
    schema.insert("allOf".to_owned(), Value::Array(rules));
    schema.insert("$defs".to_owned(), Value::Object(kinds));
    RecursiveTransform(unwrapped).transform(&mut schema);
    schema.to_value()
}

/// The name of the schema that the data of `event` follows. None for a kind or shape that this version does
/// not know.
pub(super) fn of(event: &Event) -> Option<String> {
    match event {
        Event::Unknown(_) => None,
        known => Some(name(known.kind())),
    }
}

fn name(kind: &str) -> String {
    format!("{ID}#/$defs/{kind}")
}

fn inlined(settings: &mut SchemaSettings) {
    settings.inline_subschemas = true;
}

/// Joins the lines of a description: where they end is a matter of the source.
fn unwrapped(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
}

fn properties(schema: &Schema) -> Map<String, Value> {
    schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
}

/// `schema` with more properties, none of which is required.
fn with_properties(mut schema: Schema, more: &Map<String, Value>) -> Value {
    let mut all = properties(&schema);
    all.extend(more.clone());
    schema.insert("properties".to_owned(), Value::Object(all));
    schema.to_value()
}
