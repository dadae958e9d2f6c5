//! An event's facts as data, for machines: in the envelopes of the relay and in the history's JSON.
//!
//! They hold no tokens or their hashes, no values of a session and no flash messages.

use serde_json::{Value, json};
use session_ledger::session::{Assurance, Event, SettingsChanged, StoredTimeouts};
use time::format_description::well_known::Rfc3339;

/// The facts of a kind, as an object. A kind that is not listed here tells only that it happened.
pub(crate) fn facts(event: &Event) -> Value {
    match event {
        Event::Started(started) => limits(&started.timeouts),
        Event::LoggedIn(login) => proof(&login.methods, login.assurance),
        Event::Reauthenticated(again) => proof(&again.methods, again.assurance),
        Event::ValueSet(set) => {
            json!({ "key": set.key, "value_shape": set.value.shape, "value_bytes": set.value.bytes.len() })
        }
        Event::ValueRemoved(removed) => json!({ "key": removed.key }),
        Event::FlashAdded(added) => json!({ "queue": added.queue, "level": added.message.level.as_str() }),
        Event::FlashTaken(taken) => json!({ "queue": taken.queue }),
        Event::SettingsChanged(changed) => settings(changed),
        Event::Renewed(renewed) => json!({ "grace": renewed.grace }),
        Event::ImpersonationStarted(started) => json!({ "impersonated": started.user.as_str() }),
        Event::ClientChanged(changed) => {
            json!({ "agent": changed.agent, "network": changed.network, "step_up": changed.step_up })
        }
        Event::DeviceSeen(seen) => json!({ "device": seen.device.to_string(), "is_new": seen.is_new }),
        Event::Noted(noted) => json!({ "name": noted.name, "text": noted.text }),
        Event::Ended(ended) => {
            json!({ "reason": ended.reason.as_str(), "last_seen": ended.last_seen().format(&Rfc3339).ok() })
        }
        _ => json!({}),
    }
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

fn proof(methods: &[String], assurance: Assurance) -> Value {
    let level = match assurance {
        Assurance::Aal1 => "aal1",
        Assurance::Aal2 => "aal2",
        Assurance::Aal3 => "aal3",
    };
    json!({ "methods": methods, "assurance": level })
}
