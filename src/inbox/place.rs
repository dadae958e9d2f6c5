//! Where an event stands in its session: all that an inbox decides by.

use time::OffsetDateTime;

use crate::session::{ChainHash, EventId, Link, Recorded, SessionId};

/// Where an event stands in its session and its log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The log, as the envelopes name it (`source`).
    pub log: String,
    /// The session.
    pub session: SessionId,
    /// 1, 2, 3 … within the session.
    pub version: i64,
    /// The event's own name, the same at each delivery.
    pub event: EventId,
    /// When the log's database wrote it.
    pub recorded_at: OffsetDateTime,
    /// The links to its neighbours, if the envelope has them.
    pub links: Option<Links>,
    /// Whether it is the session's end: no event follows.
    pub is_end: bool,
}

/// What ties an event to the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Links {
    /// The link of the event before it. Before a session's first event that is the link of
    /// [`ChainHash::genesis`](crate::session::ChainHash::genesis).
    pub previous: Link,
    /// Its own.
    pub own: Link,
}

impl Place {
    /// The place of an event that was read from the log itself. `log` is the log's name, as the envelopes
    /// have it; `before` is the chain before the event, as
    /// [`Ledger::chain_before`](crate::Ledger::chain_before) finds it, and may be left out for an inbox of a
    /// filtered stream.
    pub fn of_recorded(recorded: &Recorded, log: impl Into<String>, before: Option<ChainHash>) -> Self {
        let entry = &recorded.entry;
        Self {
            log: log.into(),
            session: recorded.session_id,
            version: entry.version,
            event: entry.event_id,
            recorded_at: recorded.recorded_at,
            links: before.map(|before| Links { previous: before.link(), own: entry.hash.link() }),
            is_end: entry.encoded.kind() == END,
        }
    }
}

/// The kind of a session's last event.
pub(super) const END: &str = "ended";
