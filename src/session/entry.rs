//! An event in its place: what the library writes of it ([`Entry`]), and what comes back ([`Recorded`]).

use time::OffsetDateTime;

use super::{ChainHash, Client, Event, EventId, SessionId, UserId};

/// One event as the library writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// 1, 2, 3 … within the session.
    pub version: i64,
    /// The event's own name.
    pub event_id: EventId,
    /// The fact.
    pub event: Event,
    /// The user the session belonged to once the event had happened.
    pub user: Option<UserId>,
    /// Who did it, where that is not the session's user: an administrator, an impersonator.
    pub actor: Option<UserId>,
    /// From where, if the event says so; none if it is from where the last one before it came that does.
    pub client: Option<Client>,
    /// When, by the database's clock.
    pub occurred_at: OffsetDateTime,
    /// The chain up to and including this event.
    pub hash: ChainHash,
}

/// One event as the log holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The session it belongs to.
    pub session_id: SessionId,
    /// What was written.
    pub entry: Entry,
    /// From where it came, as far as is known: in a history by the events before it too; in the feed, which delivers
    /// what is stored, only where the event itself says so.
    pub client: Option<Client>,
    /// When the database wrote it, by its own witness.
    pub recorded_at: OffsetDateTime,
    /// The transaction that wrote it.
    pub transaction_id: u64,
    /// Where it stands in the order of insertion.
    pub position: i64,
}

/// Microseconds since 1970, the precision of PostgreSQL's clock.
pub(super) fn microseconds(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000)).unwrap_or(i64::MAX)
}

/// The time `microseconds` after 1970; beyond what the calendar holds, 1970 itself.
pub(super) fn from_microseconds(microseconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(microseconds) * 1_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
