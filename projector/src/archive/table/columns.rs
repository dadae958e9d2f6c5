//! The columns of a table: those of OCSF's documents, with a group for each object.

use serde_json::Value;

/// What a column holds. Each cell may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Long,
    /// Milliseconds since 1970, in UTC.
    Time,
    Flag,
    Text,
}

/// A column: its place in the document, and what it holds.
pub(super) type Column = (&'static [&'static str], Kind);

/// All columns. Those of a group stand together.
pub(super) const COLUMNS: &[Column] = &[
    (&["activity_id"], Kind::Int),
    (&["activity_name"], Kind::Text),
    (&["category_uid"], Kind::Int),
    (&["category_name"], Kind::Text),
    (&["class_uid"], Kind::Int),
    (&["class_name"], Kind::Text),
    (&["type_uid"], Kind::Long),
    (&["severity_id"], Kind::Int),
    (&["time"], Kind::Time),
    (&["status_id"], Kind::Int),
    (&["status"], Kind::Text),
    (&["status_detail"], Kind::Text),
    (&["message"], Kind::Text),
    (&["user", "uid"], Kind::Text),
    (&["actor", "user", "uid"], Kind::Text),
    (&["src_endpoint", "ip"], Kind::Text),
    (&["http_request", "user_agent"], Kind::Text),
    (&["service", "name"], Kind::Text),
    (&["session", "uid"], Kind::Text),
    (&["session", "created_time"], Kind::Time),
    (&["session", "is_remote"], Kind::Flag),
    (&["session", "is_mfa"], Kind::Flag),
    (&["session", "expiration_reason"], Kind::Text),
    (&["is_remote"], Kind::Flag),
    (&["is_mfa"], Kind::Flag),
    (&["auth_protocol_id"], Kind::Int),
    // The methods of a proof, with spaces between them.
    (&["auth_protocol"], Kind::Text),
    (&["logon_type_id"], Kind::Int),
    (&["logon_type"], Kind::Text),
    (&["metadata", "version"], Kind::Text),
    (&["metadata", "uid"], Kind::Text),
    (&["metadata", "log_name"], Kind::Text),
    (&["metadata", "event_code"], Kind::Text),
    (&["metadata", "logged_time"], Kind::Time),
    (&["metadata", "product", "name"], Kind::Text),
    (&["metadata", "product", "vendor_name"], Kind::Text),
    (&["metadata", "product", "version"], Kind::Text),
    (&["unmapped", "session_version"], Kind::Long),
    (&["unmapped", "assurance"], Kind::Text),
];

/// What stands at a place of a document.
pub(super) fn cell<'a>(document: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(document, |value, name| value.get(name))
}

/// A document whose field had no column would lose it in the table.
#[test]
fn each_field_of_an_authentication_has_its_column() {
    fn leaves(value: &Value, path: Vec<String>, all: &mut std::collections::BTreeSet<Vec<String>>) {
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| {
                    leaves(value, [path.clone(), vec![name.clone()]].concat(), all)
                });
            }
            _ => drop(all.insert(path)),
        }
    }
    let mut all = std::collections::BTreeSet::new();
    let documents = include_str!("../../../tests/golden/history.ocsf.ndjson");
    documents.lines().for_each(|line| leaves(&serde_json::from_str(line).unwrap(), Vec::new(), &mut all));
    assert!(all.len() > 20, "{all:?}");
    // A list; `auth_protocol` has it as text.
    all.remove(&vec!["unmapped".to_owned(), "methods".to_owned()]);
    all.retain(|path| !COLUMNS.iter().any(|(column, _)| column == path));
    assert!(all.is_empty(), "no column for {all:?}");
}
