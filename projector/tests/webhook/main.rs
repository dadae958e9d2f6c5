//! The webhook as a sink: posted to a real server, which answers as it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod posted;
mod reach;
mod receiver;
mod sockets;

use std::time::Duration;

use projector::envelope::{Envelope, Telling};
use projector::relay::sink::webhook::{Receiver as Settings, Webhook, secrets};
use projector::relay::sink::{Closed, Delivery, Sink};
use session_ledger::session::{ChainHash, Encoded, Entry, EventId, Recorded, SessionId};
use time::OffsetDateTime;
use time::macros::datetime;

/// How long anything here may take.
const BOUND: Duration = Duration::from_secs(60);

const NOW: OffsetDateTime = datetime!(2026-03-01 12:30 UTC);

/// The shared secret that libraries of Standard Webhooks are tested with, and the private key of the first
/// test of RFC 8032, section 7.1.
const SECRETS: &str =
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";

/// The settings of a receiver in one's own network, who may be left alone for no time at all.
fn settings(url: &str) -> Settings {
    Settings {
        endpoint: url.parse().unwrap(),
        secrets: secrets(SECRETS).unwrap(),
        private: true,
        timeout: BOUND,
        pauses: [Duration::ZERO; 2],
    }
}

fn webhook(settings: Settings) -> Webhook {
    Webhook::new(settings, || NOW).unwrap()
}

/// The first event of the `nth` session.
fn envelope(nth: u8) -> Envelope {
    let session = SessionId::from_bytes([nth; 16]);
    let event = Encoded::new("cleared", 1, Vec::new());
    let mut entry = Entry::new(1, EventId::from_random([nth; 16]), event, NOW);
    entry.hash = ChainHash::genesis(session).then(&entry);
    let telling = Telling { source: "/shop/sessions".to_owned(), ..Telling::default() };
    Envelope::new(&Recorded::new(session, entry, NOW), Some(ChainHash::genesis(session)), &telling)
}

/// What became of one event.
async fn post(webhook: &mut Webhook) -> Result<Delivery, Closed> {
    let event = [envelope(1)];
    let posted = tokio::time::timeout(BOUND, webhook.publish(&event)).await;
    let mut posted = posted.expect("the webhook answers")?;
    assert_eq!(posted.len(), 1);
    Ok(posted.remove(0))
}

/// A failure that is not the event's.
fn away(reason: impl Into<String>) -> Result<Delivery, Closed> {
    Ok(Delivery::Away(reason.into()))
}

fn failed(reason: impl Into<String>) -> Result<Delivery, Closed> {
    Ok(Delivery::Failed(reason.into()))
}
