//! What a relay counts, by name, and what it warns of. Without a recorder nothing is counted.

use metrics::{counter, describe_counter};
use session_ledger::ledger::Refusal;

use super::Relay;
use super::pending::Tally;

const DELIVERED: &str = "session_ledger_relay_delivered_total";
const FAILED: &str = "session_ledger_relay_failed_total";
const DEAD: &str = "session_ledger_relay_dead_letters_total";

/// Says what each metric is.
pub fn describe() {
    describe_counter!(DELIVERED, "Events that a relay's sink has acknowledged, by subscription.");
    describe_counter!(FAILED, "Tries to deliver an event that have failed, by subscription.");
    describe_counter!(DEAD, "Events that became dead letters, by subscription.");
}

/// Counts nothing yet, so that a rate can be told from the first event on.
pub fn begin(subscription: &str) {
    count(subscription, &Tally::default());
}

/// Counts what became of a wave.
pub(super) fn count(subscription: &str, tally: &Tally) {
    for (name, count) in [(DELIVERED, tally.delivered), (FAILED, tally.failed), (DEAD, tally.dead)] {
        counter!(name, "subscription" => subscription.to_owned()).increment(count);
    }
}

/// Says that events have failed.
pub(super) fn warn(relay: &Relay, sink: &str, tally: &Tally) {
    let Some(reason) = &tally.reason else { return };
    let (name, failed) = (&relay.subscription, tally.failed);
    let events = if failed == 1 { "an event is".to_owned() } else { format!("{failed} events are") };
    tracing::warn!("relay `{name}`: {sink}: {reason}; {events} tried again");
}

/// Says which events became dead letters.
pub(super) fn refused(relay: &Relay, refused: &[Refusal]) {
    for Refusal { session, version, reason, .. } in refused {
        let name = &relay.subscription;
        tracing::warn!(
            "relay `{name}`: event {version} of session {session} is a dead letter, and the session's later events wait: \
             {reason}"
        );
    }
}
