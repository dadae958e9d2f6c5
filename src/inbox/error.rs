//! Why an inbox does not take an event.

use crate::plain_debug::plain_debug;
use crate::session::{EventId, SessionId};
use crate::store::error::Error;

use super::place::Place;

/// The inbox does not take an event: roll back, and handle nothing of it.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum InboxError {
    /// Events of the session are missing before it.
    #[error(transparent)]
    Gap(#[from] SessionGap),
    /// It does not follow from what was handled before.
    #[error("event {event}, version {version} of session {session} in {log}: {reason}")]
    Broken {
        /// The log, as the envelope names it.
        log: String,
        /// The session.
        session: SessionId,
        /// The version that the event claims.
        version: i64,
        /// The event.
        event: EventId,
        /// What is wrong.
        reason: BrokenChain,
    },
    /// The consumer's database lacks the tables.
    #[error("the database lacks the tables of inboxes ({0}): add `inbox::SCHEMA` to its migrations")]
    TablesMissing(String),
    /// The consumer's database is away, refuses, or asks to run the transaction again: see
    /// [`Error::is_retryable`].
    #[error(transparent)]
    Store(#[from] Error),
}

plain_debug!(InboxError, SessionGap, BrokenChain);

/// Events of a session are missing: they are on their way, lost by the broker, or held back by somebody.
/// [`Ledger::missed`](crate::Ledger::missed) reads them from the log.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "session {session} in {log} is missing the events after version {have} and before {got}: deliver them \
     first; read them from the log (`Ledger::missed`), or let the relay deliver again (`projector relay replay`)"
)]
#[non_exhaustive]
pub struct SessionGap {
    /// The log, as the envelope names it.
    pub log: String,
    /// The session.
    pub session: SessionId,
    /// The version of the latest event that was handled; 0 for none.
    pub have: i64,
    /// The version that has arrived.
    pub got: i64,
}

/// In what an event does not follow from those before it.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BrokenChain {
    /// It has no links, and this inbox is of a whole stream.
    #[error(
        "it has no links, so nobody can tell whether any event is missing before it: let the relay write them, or use \
         an inbox of a filtered stream"
    )]
    Unlinked,
    /// Its link to the event before is not the link of the event that was handled before.
    #[error(
        "its `prevlink` is not the link of the event before it, so one of the two is forged or of another log: handle \
         neither it nor what follows, and compare the session with the log (`projector history`)"
    )]
    OtherPast,
    /// Another event was handled as this version.
    #[error(
        "another event was handled in its place, so the log was restored to an earlier state, or one of the two is \
         forged: handle neither it nor what follows, and compare the session with the log (`projector history`)"
    )]
    OtherEvent,
}

impl BrokenChain {
    pub(super) fn at(self, place: &Place) -> InboxError {
        InboxError::Broken {
            log: place.log.clone(),
            session: place.session,
            version: place.version,
            event: place.event,
            reason: self,
        }
    }
}

impl SessionGap {
    /// What is missing before the event at `place`, where `have` is the latest version that was handled.
    pub(super) fn before(place: &Place, have: i64) -> Self {
        Self { log: place.log.clone(), session: place.session, have, got: place.version }
    }
}
