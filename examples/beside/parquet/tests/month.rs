//! The golden table of an archive holds what its golden lines hold, as another implementation reads it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::PathBuf;

use beside_parquet::{Cells, rows};
use parquet::record::Field;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The kinds that OCSF has a class for, where somebody was signed in.
const AUTHENTICATIONS: [&str; 5] =
    ["logged_in", "reauthenticated", "impersonation_started", "impersonation_ended", "ended"];

fn golden(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../projector/tests/golden/archive");
    PathBuf::from(folder).join(name)
}

fn lines() -> Vec<Value> {
    let text = fs::read_to_string(golden("event_2025_03.ndjson")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A cell of text.
fn text(value: Option<&Value>) -> Option<Field> {
    value.map(|value| Field::Str(value.as_str().unwrap().to_owned()))
}

/// A cell of a time, which a table has to the millisecond.
fn time(value: &Value) -> Option<Field> {
    let at = OffsetDateTime::parse(value.as_str().unwrap(), &Rfc3339).unwrap();
    Some(Field::TimestampMillis((at.unix_timestamp_nanos() / 1_000_000).try_into().unwrap()))
}

/// The facts of a line that a row holds.
fn facts(row: &Cells) -> Vec<Option<&Field>> {
    let names = [
        "session.uid",
        "metadata.uid",
        "metadata.event_code",
        "unmapped.session_version",
        "user.uid",
        "actor.user.uid",
        "time",
        "metadata.logged_time",
        "src_endpoint.ip",
        "http_request.user_agent",
        "class_uid",
    ];
    names.into_iter().map(|name| row.get(name)).collect()
}

#[test]
fn each_line_is_a_row_with_the_same_facts() {
    each_line_is_a_row_of("event_2025_03.parquet");
}

/// Ten rows are written at a time here; it is 65,536 else.
#[test]
fn each_line_is_a_row_of_a_table_in_groups_too() {
    each_line_is_a_row_of("in_groups.parquet");
}

fn each_line_is_a_row_of(table: &str) {
    let (lines, rows) = (lines(), rows(&golden(table)).unwrap());
    assert!(rows.len() > 20 && rows.len() == lines.len());
    // The client that an event says holds for those after it that say none.
    let mut client: (Option<&Value>, [Option<&Value>; 2]) = (None, [None; 2]);
    for (line, row) in lines.iter().zip(&rows) {
        let said = [line.get("client_ip"), line.get("user_agent")];
        let known = if client.0 == line.get("session") { client.1 } else { [None; 2] };
        client = (line.get("session"), if said == [None; 2] { known } else { said });
        let [ip, agent] = client.1;
        let agent = agent.filter(|agent| *agent != "");
        let kind = line["kind"].as_str().unwrap();
        let is_authentication = AUTHENTICATIONS.contains(&kind) && line.get("user").is_some();
        let expected = [
            text(line.get("session")),
            text(line.get("event")),
            text(line.get("kind")),
            line["version"].as_i64().map(Field::Long),
            text(line.get("user")),
            text(line.get("actor")),
            time(&line["occurred_at"]),
            time(&line["recorded_at"]),
            text(ip),
            text(agent),
            Some(Field::Int(if is_authentication { 3002 } else { 0 })),
        ];
        let expected: Vec<_> = expected.iter().map(Option::as_ref).collect();
        assert_eq!(facts(row), expected, "{line}");
    }
}

#[test]
fn no_row_tells_a_hash_or_what_a_session_held() {
    let told = format!("{:?}", rows(&golden("event_2025_03.parquet")).unwrap());
    for line in lines() {
        for secret in ["hash", "payload"] {
            let secret = line[secret].as_str().unwrap();
            assert!(secret.is_empty() || !told.contains(secret), "{secret}");
        }
    }
    // The words of the golden lines' payloads, and a hash of theirs in each notation.
    for word in ["twelve bytes", "secret message", "express", "abababab", "171, 171"] {
        assert!(!told.contains(word), "{word}");
    }
}
