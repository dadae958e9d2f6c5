//! What a JetStream answers to a message.

use async_nats::{Message, StatusCode};
use serde::Deserialize;

use crate::relay::sink::Delivery;

/// The server's code for a message that is larger than the stream takes.
const TOO_LARGE: u32 = 10054;

/// An error in an answer of JetStream.
#[derive(Deserialize)]
pub(super) struct Fault {
    pub(super) err_code: Option<u32>,
    pub(super) description: String,
}

#[derive(Deserialize)]
struct Answer {
    error: Option<Fault>,
    /// Who has the message.
    stream: Option<String>,
}

/// A duplicate is acknowledged like a new message: the stream has it.
pub(super) fn judged(name: &str, message: &Message) -> Delivery {
    if message.status == Some(StatusCode::NO_RESPONDERS) {
        return Delivery::Failed(format!(
            "{name}: no stream takes this subject: it has been removed, or JetStream is off"
        ));
    }
    match serde_json::from_slice(&message.payload) {
        Ok(Answer { error: None, stream: Some(_) }) => Delivery::Acknowledged,
        Ok(Answer { error: Some(fault), .. }) if fault.err_code == Some(TOO_LARGE) => {
            Delivery::Refused(format!("too large for {name}: {}", fault.description))
        }
        Ok(Answer { error: Some(fault), .. }) => Delivery::Failed(format!("{name}: {}", fault.description)),
        _ => Delivery::Failed(format!("{name}: what answers here is no JetStream")),
    }
}
