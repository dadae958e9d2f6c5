//! An event's facts as data, for machines: in the envelopes of the relay and in the history's JSON.
//!
//! They hold no tokens or their hashes, no values of a session and no flash messages.

use serde_json::{Value, json};
use session_ledger::session::{Assurance, Event, Noted, SettingsChanged, StoredTimeouts};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The facts of a kind, as an object. A kind that is not listed here tells only that it happened.
pub(crate) fn facts(event: &Event) -> Value {
    match event {
        Event::Started(started) => limits(&started.timeouts),
        Event::LoggedIn(login) => proof(&login.methods, login.assurance, login.auth_time()),
        Event::Reauthenticated(again) => proof(&again.methods, again.assurance, again.auth_time()),
        Event::ValueSet(set) => {
            json!({ "key": set.key, "value_shape": set.value.shape, "value_bytes": set.value.bytes.len() })
        }
        Event::ValueRemoved(removed) => json!({ "key": removed.key }),
        Event::FlashAdded(added) => json!({ "queue": added.queue, "level": added.message.level.as_str() }),
        Event::FlashTaken(taken) => json!({ "queue": taken.queue }),
        Event::SettingsChanged(changed) => settings(changed),
        Event::Renewed(renewed) => json!({ "grace": renewed.grace }),
        Event::ImpersonationStarted(started) => {
            json!({ "impersonated": started.user.as_str(), "impersonation_reason": started.reason })
        }
        Event::FactorChanged(changed) => {
            json!({ "factor": changed.factor, "ends_others": changed.ends_others })
        }
        Event::GrantGiven(given) => json!({ "operation": given.operation, "seconds": given.seconds }),
        Event::GrantTaken(taken) => json!({ "operation": taken.operation }),
        Event::ClientChanged(changed) => {
            json!({ "agent": changed.agent, "network": changed.network, "step_up": changed.step_up })
        }
        Event::DeviceSeen(seen) => json!({ "device": seen.device.to_string(), "is_new": seen.is_new }),
        Event::Noted(noted) => note(noted),
        Event::Ended(ended) => {
            let last_seen = ended.last_seen().format(&Rfc3339).ok();
            let facts = json!({ "reason": ended.reason.as_str(), "last_seen": last_seen });
            with(facts, "by_session", ended.by.map(|by| by.to_string()))
        }
        _ => json!({}),
    }
}

/// The fact in its own JSON; null for bytes that are none.
fn note(noted: &Noted) -> Value {
    let fact: Value = noted.json().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    json!({ "name": noted.name, "shape": noted.value.shape, "fact": fact })
}

/// Seconds; null for no limit.
fn limits(timeouts: &StoredTimeouts) -> Value {
    json!({ "idle_timeout": timeouts.idle, "absolute_timeout": timeouts.absolute })
}

/// Seconds; null for those of the policy, and for a browser that forgets when it closes.
fn settings(changed: &SettingsChanged) -> Value {
    let StoredTimeouts { idle, absolute } = changed.timeouts;
    json!({
        "idle_timeout": idle,
        "absolute_timeout": absolute,
        "renewal_timeout": changed.renewal_timeout,
        "remembered": changed.remembered,
    })
}

/// The facts with one more, if it is known.
fn with(mut facts: Value, name: &str, fact: Option<String>) -> Value {
    if let (Value::Object(fields), Some(fact)) = (&mut facts, fact) {
        fields.insert(name.to_owned(), Value::String(fact));
    }
    facts
}

/// The level as machines are told it.
pub(crate) fn level(assurance: Assurance) -> &'static str {
    match assurance {
        Assurance::Aal1 => "aal1",
        Assurance::Aal2 => "aal2",
        Assurance::Aal3 => "aal3",
    }
}

fn proof(methods: &[String], assurance: Assurance, auth_time: Option<OffsetDateTime>) -> Value {
    let facts = json!({ "methods": methods, "assurance": level(assurance) });
    with(facts, "auth_time", auth_time.and_then(|at| at.format(&Rfc3339).ok()))
}
