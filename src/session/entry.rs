//! An event in its place: [`Entry`] as the library writes it, [`Recorded`] as the log returns it.

use time::OffsetDateTime;

use super::{ChainHash, Client, ClientProof, DecodeError, Encoded, Event, EventId, SessionId, UserId};

/// One event as the library writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// 1, 2, 3 … within the session.
    pub version: i64,
    /// The event's own name, random and unique.
    pub event_id: EventId,
    /// The fact, in its stored form. [`event`](Self::event) decodes it.
    pub encoded: Encoded,
    /// The user the session belonged to once the event had happened.
    pub user: Option<UserId>,
    /// The actor, if that is not the session's user: an administrator, an impersonator.
    pub actor: Option<UserId>,
    /// The client that sent the request. `None`: the same client as the latest event that names one; or it
    /// has been taken out of the whole session.
    pub client: Option<Client>,
    /// The salt of the client's digest in the chain; the digest itself once the client was taken out. `None`:
    /// no client is said, or an older version wrote the event.
    pub client_proof: Option<ClientProof>,
    /// When, by the database's clock.
    pub occurred_at: OffsetDateTime,
    /// The chain up to and including this event.
    pub hash: ChainHash,
}

/// One event as the log holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
    /// The session it belongs to.
    pub session_id: SessionId,
    /// The event as it was written.
    pub entry: Entry,
    /// The client that sent the request, if it is known. A history also uses the events before this one to
    /// tell it. The feed delivers each event as it is stored, so there it is `None` wherever `entry.client`
    /// is.
    pub client: Option<Client>,
    /// When the database wrote it, by the database's own clock.
    pub recorded_at: OffsetDateTime,
    /// The transaction that wrote it.
    pub transaction_id: u64,
    /// Its place in the order of insertion.
    pub position: i64,
}

impl Entry {
    /// An entry of nobody, not yet chained. Tests make entries by it.
    #[doc(hidden)]
    pub fn new(version: i64, event_id: EventId, encoded: Encoded, occurred_at: OffsetDateTime) -> Self {
        Self {
            version,
            event_id,
            encoded,
            user: None,
            actor: None,
            client: None,
            client_proof: None,
            occurred_at,
            hash: ChainHash::default(),
        }
    }

    /// Decodes the fact. A kind or shape that this version does not know gives [`Event::Unknown`].
    ///
    /// # Errors
    ///
    /// The payload is damaged. The rest of the entry is as it was stored.
    pub fn event(&self) -> Result<Event, DecodeError> {
        self.encoded.decode()
    }
}

impl Recorded {
    /// An entry as the log might hold it. Tests make records by it.
    #[doc(hidden)]
    pub fn new(session_id: SessionId, entry: Entry, recorded_at: OffsetDateTime) -> Self {
        let client = entry.client.clone();
        Self { session_id, entry, client, recorded_at, transaction_id: 0, position: 0 }
    }
}

impl Client {
    /// The client of each of a session's events: the client that the event names, or else the one that the
    /// latest event before it names. `before` is the client of the event that precedes `entries`, `None` if
    /// they begin with the session's first event.
    #[doc(hidden)]
    pub fn of_each<'a>(
        before: Option<&'a Self>,
        entries: impl IntoIterator<Item = &'a Entry>,
    ) -> impl Iterator<Item = Option<&'a Self>> {
        entries.into_iter().scan(before, |last, entry| {
            *last = entry.client.as_ref().or(*last);
            Some(*last)
        })
    }
}
