//! Events that are no authentications as OCSF has them: class 0, which is for what the schema does not list.

use serde::Serialize;
use serde_json::{Value, json};
use session_ledger::session::Recorded;

use super::{SCHEMA_VERSION, milliseconds, object, product, started_ms};

/// Of "Other", and of the same in the class 0.
const OTHER: u32 = 99;

/// A document of the class Base Event. Its session has the place that it has in an authentication. It has no
/// message: the words of such an event tell what a session held.
#[derive(Clone, Debug, Serialize)]
pub struct BaseEvent(Value);

impl BaseEvent {
    /// The document of an event of any kind.
    pub fn of_event(recorded: &Recorded) -> Self {
        let (entry, session) = (&recorded.entry, recorded.session_id);
        let client = recorded.client.clone().unwrap_or_default();
        let kind = entry.encoded.kind();
        Self(object([
            ("activity_id", Some(json!(OTHER))),
            ("activity_name", Some(json!(kind))),
            ("category_uid", Some(json!(0))),
            ("category_name", Some(json!("Uncategorized"))),
            ("class_uid", Some(json!(0))),
            ("class_name", Some(json!("Base Event"))),
            ("type_uid", Some(json!(OTHER))),
            ("severity_id", Some(json!(1))),
            ("time", Some(json!(milliseconds(entry.occurred_at)))),
            ("user", entry.user.as_ref().map(|user| json!({ "uid": user.as_str() }))),
            ("actor", entry.actor.as_ref().map(|actor| json!({ "user": { "uid": actor.as_str() } }))),
            ("src_endpoint", client.ip.map(|ip| json!({ "ip": ip }))),
            ("http_request", client.user_agent.as_deref().map(|header| json!({ "user_agent": header }))),
            ("session", Some(json!({ "uid": session.to_string(), "created_time": started_ms(session) }))),
            (
                "metadata",
                Some(json!({
                    "version": SCHEMA_VERSION,
                    "uid": entry.event_id.to_string(),
                    "log_name": "session_ledger.event",
                    "event_code": kind,
                    "logged_time": milliseconds(recorded.recorded_at),
                    "product": product(),
                })),
            ),
            ("unmapped", Some(json!({ "session_version": entry.version }))),
        ]))
    }
}
