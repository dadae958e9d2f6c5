//! Where a relay delivers events to.

#[cfg(any(feature = "kafka", feature = "nats", feature = "rabbitmq", feature = "redis"))]
pub mod address;
#[cfg(any(feature = "kafka", feature = "nats", feature = "rabbitmq", feature = "redis"))]
pub mod broker;
#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "nats")]
pub mod nats;
pub mod push;
#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(any(feature = "nats", feature = "rabbitmq"))]
mod tls;
pub mod webhook;

use std::fmt;
use std::pin::Pin;

use crate::envelope::Envelope;

/// Why an output is closed.
const READER_GONE: &str = "nobody reads the output any more";

/// What became of one event at a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The sink has it, as safely as that sink promises.
    Acknowledged,
    /// The sink will never take it, and says why: it is too large, say.
    Refused(String),
    /// The sink did not take it now, or nobody knows whether it did. It is to be delivered again.
    Failed(String),
    /// The same, and it is no fault of the event: the sink cannot be reached, has lost the connection that
    /// all events share, or wants to be left alone for a while.
    Away(String),
}

/// The sink takes no event any more, and waiting does not help.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Closed {
    /// Why, in words for the operator.
    pub reason: String,
    /// Whether the other side has said so for good, as a webhook does with 410: then nobody asks it again
    /// until an operator says so. The reader of a pipe that has gone may be followed by another one.
    pub is_for_good: bool,
}

impl Closed {
    /// That nobody reads an output any more.
    pub fn reader_gone() -> Self {
        Self { reason: READER_GONE.to_owned(), is_for_good: false }
    }
}

/// As its `Display`.
impl fmt::Debug for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a sink answers: one delivery for each event, in the order of the events.
pub type Deliveries = Result<Vec<Delivery>, Closed>;

/// Takes events and tells for each what became of it, so that one refusal does not hide the others.
///
/// A sink connects when it is first asked, and again after it has lost its connection. What it cannot reach
/// it answers with [`Delivery::Away`], naming host, port and reason, never a password.
pub trait Sink: Send {
    /// The kind, host and port, for messages. Without secrets.
    fn name(&self) -> String;

    /// Whether the sink keeps the order of what it is given in one call, and takes nothing of a session
    /// behind an event of it that has failed. Then it gets whole batches, and the events of a session may be
    /// many.
    fn keeps_order(&self) -> bool {
        false
    }

    /// Publishes events and waits for their acknowledgements.
    ///
    /// Unless the sink [keeps the order](Self::keeps_order), no two of them are of one session: the relay
    /// sends the next event of a session when the one before has been acknowledged. So a sink may publish all
    /// at once, and its answers may come in any order.
    fn publish<'a>(
        &'a mut self,
        events: &'a [Envelope],
    ) -> Pin<Box<dyn Future<Output = Deliveries> + Send + 'a>>;
}
