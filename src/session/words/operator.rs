//! Events in words for those who look after sessions.

use crate::session::{
    Assurance, ClientChanged, DeviceId, Event, FlashLevel, SettingsChanged, StoredTimeouts,
};

/// The event in a few words.
pub(super) fn told(event: &Event) -> String {
    match event {
        Event::Started(fact) => format!("session started, {}", limits(fact.timeouts)),
        Event::LoggedIn(fact) => {
            format!("{} logged in ({})", fact.user, proof(&fact.methods, fact.assurance))
        }
        Event::Reauthenticated(fact) => {
            format!("authenticated again ({})", proof(&fact.methods, fact.assurance))
        }
        Event::ValueSet(fact) => format!("{} set ({})", fact.key, bytes(fact.value.bytes.len())),
        Event::ValueRemoved(fact) => format!("{} removed", fact.key),
        Event::Cleared(_) => "all values removed".to_owned(),
        Event::FlashAdded(fact) => {
            format!("{} queued{}", message(fact.message.level), queue(" in", &fact.queue))
        }
        Event::FlashTaken(fact) => format!("messages taken{}", queue(" from", &fact.queue)),
        Event::SettingsChanged(fact) => settings(fact),
        Event::RenewalOffered(_) => "new token offered".to_owned(),
        Event::Renewed(_) => "token renewed".to_owned(),
        Event::ImpersonationStarted(fact) if fact.reason.is_empty() => {
            format!("began to act as {}", fact.user)
        }
        Event::ImpersonationStarted(fact) => format!("began to act as {}: {}", fact.user, fact.reason),
        Event::ImpersonationEnded(_) => "acts as themselves again".to_owned(),
        Event::ClientChanged(fact) => changed(fact),
        Event::DeviceSeen(fact) if fact.is_new => format!("signed in from new device {}", short(fact.device)),
        Event::DeviceSeen(fact) => format!("signed in from known device {}", short(fact.device)),
        Event::FactorChanged(fact) => {
            let others = if fact.ends_others { "end" } else { "go on" };
            format!("factor {} changed, other sessions {others}", fact.factor)
        }
        Event::GrantGiven(fact) => format!("{} granted once, for {}", fact.operation, span(fact.seconds)),
        Event::GrantTaken(fact) => format!("grant of {} taken", fact.operation),
        Event::Noted(fact) => fact.to_string(),
        Event::Ended(fact) => match fact.by {
            Some(by) => format!("ended: {} by session {by}", fact.reason),
            None => format!("ended: {}", fact.reason),
        },
        Event::Unknown(fact) => {
            format!("unknown event of shape {} ({})", fact.shape(), bytes(fact.payload().len()))
        }
    }
}

fn changed(fact: &ClientChanged) -> String {
    let what = match (fact.agent, fact.network) {
        (true, true) => "another browser and network",
        (true, false) => "another browser",
        (false, _) => "another network",
    };
    let follows = if fact.step_up { ", step-up" } else { "" };
    format!("used from {what}{follows}")
}

/// The last digits of a device's id, which tell a user's devices apart. The first ones are a time.
fn short(device: DeviceId) -> String {
    let id = device.to_string();
    format!("…{}", id.get(id.len().saturating_sub(6)..).unwrap_or_default())
}

fn proof(methods: &[String], assurance: Assurance) -> String {
    let level = match assurance {
        Assurance::Aal1 => "AAL1",
        Assurance::Aal2 => "AAL2",
        Assurance::Aal3 => "AAL3",
    };
    methods.iter().map(String::as_str).chain([level]).collect::<Vec<_>>().join(", ")
}

fn message(level: FlashLevel) -> &'static str {
    match level {
        FlashLevel::Info => "message",
        FlashLevel::Success => "message of success",
        FlashLevel::Warning => "warning",
        FlashLevel::Error => "message of an error",
    }
}

fn queue(which: &str, name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("{which} \"{name}\"") }
}

fn settings(fact: &SettingsChanged) -> String {
    let remembered = fact.remembered.map(|seconds| format!(", remembered for {}", span(seconds)));
    let renewed = fact.renewal_timeout.map(|seconds| format!(", token renewed after {}", span(seconds)));
    let others: String = remembered.into_iter().chain(renewed).collect();
    format!("time limits changed: {}{others}", limits(fact.timeouts))
}

fn limits(timeouts: StoredTimeouts) -> String {
    match (timeouts.idle, timeouts.absolute) {
        (None, None) => "no time limit".to_owned(),
        (Some(idle), None) => format!("{} idle", span(idle)),
        (None, Some(absolute)) => format!("{} in all", span(absolute)),
        (Some(idle), Some(absolute)) => format!("{} idle, {} in all", span(idle), span(absolute)),
    }
}

/// A number of seconds in the largest unit that makes it whole.
fn span(seconds: u32) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min")];
    let whole = units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{seconds} s"), |(unit, name)| format!("{} {name}", seconds / unit))
}

fn bytes(number: usize) -> String {
    format!("{number} byte{}", if number == 1 { "" } else { "s" })
}

#[test]
fn a_span_is_told_in_its_largest_whole_unit() {
    assert_eq!(
        [0, 59, 60, 90, 5400, 7200, 1_209_600].map(span),
        ["0 s", "59 s", "1 min", "90 s", "90 min", "2 h", "14 d"]
    );
}
