//! An event's facts as data, for machines: in the envelopes of the relay and in the history's JSON.
//!
//! They hold no tokens or their hashes, no values of a session and no flash messages. The comments on their
//! fields are in the published schema, too.

mod told;

use serde_json::Value;
use session_ledger::session::{Assurance, Event, Noted, SettingsChanged, StoredTimeouts};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub(crate) use told::Facts;
use told::{
    Device, Ended, Factor, FlashAdded, FlashTaken, GrantGiven, GrantTaken, Impersonation, Limits, Note,
    Nothing, OtherClient, Proof, Renewed, Settings, ValueRemoved, ValueSet,
};

/// The facts of a kind. A kind that is not listed here tells only that it happened.
pub(crate) fn facts(event: &Event) -> Facts {
    match event {
        Event::Started(started) => Facts::Started(limits(&started.timeouts)),
        Event::LoggedIn(login) => Facts::LoggedIn(proof(&login.methods, login.assurance, login.auth_time())),
        Event::Reauthenticated(again) => {
            Facts::Reauthenticated(proof(&again.methods, again.assurance, again.auth_time()))
        }
        Event::ValueSet(set) => Facts::ValueSet(ValueSet {
            key: Some(set.key.clone()),
            value_shape: set.value.shape,
            value_bytes: set.value.bytes.len(),
        }),
        Event::ValueRemoved(removed) => Facts::ValueRemoved(ValueRemoved { key: Some(removed.key.clone()) }),
        Event::FlashAdded(added) => Facts::FlashAdded(FlashAdded {
            queue: added.queue.clone(),
            level: added.message.level.as_str().to_owned(),
        }),
        Event::FlashTaken(taken) => Facts::FlashTaken(FlashTaken { queue: taken.queue.clone() }),
        Event::SettingsChanged(changed) => Facts::SettingsChanged(settings(changed)),
        Event::Renewed(renewed) => Facts::Renewed(Renewed { grace: renewed.grace }),
        Event::ImpersonationStarted(started) => Facts::ImpersonationStarted(Impersonation {
            impersonated: started.user.as_str().to_owned(),
            impersonation_reason: Some(started.reason.clone()),
        }),
        Event::FactorChanged(changed) => {
            Facts::FactorChanged(Factor { factor: changed.factor.clone(), ends_others: changed.ends_others })
        }
        Event::GrantGiven(given) => {
            Facts::GrantGiven(GrantGiven { operation: given.operation.clone(), seconds: given.seconds })
        }
        Event::GrantTaken(taken) => Facts::GrantTaken(GrantTaken { operation: taken.operation.clone() }),
        Event::ClientChanged(changed) => Facts::ClientChanged(OtherClient {
            agent: changed.agent,
            network: changed.network,
            step_up: changed.step_up,
        }),
        Event::DeviceSeen(seen) => {
            Facts::DeviceSeen(Device { device: seen.device.to_string(), is_new: seen.is_new })
        }
        Event::Noted(noted) => Facts::Noted(note(noted)),
        Event::Ended(ended) => Facts::Ended(Ended {
            reason: ended.reason.as_str().to_owned(),
            last_seen: moment(ended.last_seen()),
            by_session: ended.by.map(|by| by.to_string()),
        }),
        _ => Facts::Nothing(Nothing {}),
    }
}

/// The fact in its own JSON; null for bytes that are none.
fn note(noted: &Noted) -> Note {
    let fact: Value = noted.json().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    Note { name: noted.name.clone(), shape: noted.value.shape, fact: Some(fact) }
}

fn limits(timeouts: &StoredTimeouts) -> Limits {
    Limits { idle_timeout: timeouts.idle, absolute_timeout: timeouts.absolute }
}

fn settings(changed: &SettingsChanged) -> Settings {
    let StoredTimeouts { idle, absolute } = changed.timeouts;
    Settings {
        idle_timeout: idle,
        absolute_timeout: absolute,
        renewal_timeout: changed.renewal_timeout,
        remembered: changed.remembered,
    }
}

/// The level as machines are told it.
pub(crate) fn level(assurance: Assurance) -> &'static str {
    match assurance {
        Assurance::Aal1 => "aal1",
        Assurance::Aal2 => "aal2",
        Assurance::Aal3 => "aal3",
    }
}

fn proof(methods: &[String], assurance: Assurance, auth_time: Option<OffsetDateTime>) -> Proof {
    Proof { methods: methods.to_vec(), assurance: level(assurance), auth_time: auth_time.and_then(moment) }
}

/// None after the year 9999, with which RFC 3339 ends.
fn moment(at: OffsetDateTime) -> Option<String> {
    at.format(&Rfc3339).ok()
}
