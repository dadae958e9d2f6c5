//! The inbox of a consumer: what it remembers, in the consumer's own transaction.

use time::OffsetDateTime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Transaction};
use uuid::Uuid;

use super::bare::bare;
use super::error::Error;
use super::sqlstate::describe;
use crate::inbox::{InboxError, Place, Reached, Receipt, of_filtered, of_whole};
use crate::session::{EventId, SessionId};

const REACHED: &str = bare(include_str!("sql/inbox_reached.sql"));
const HANDLED: &str = bare(include_str!("sql/inbox_handled.sql"));
const HANDLE: &str = bare(include_str!("sql/inbox_handle.sql"));
const FORGET: &str = bare(include_str!("sql/inbox_forget.sql"));

/// How often an event is looked at again because somebody else has handled its session's first meanwhile.
const LOOKS_MAX: u32 = 3;

/// What a consumer has handled, in its own database: see the [module](crate::inbox).
///
/// Several processes may share an inbox: they wait for each other at each session. The transaction may have
/// any isolation; above READ COMMITTED, run it again where the error [is
/// retryable](crate::ledger::Error::is_retryable).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbox {
    name: String,
    is_whole: bool,
}

/// What was forgotten by one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forgotten {
    /// How many sessions.
    pub sessions: u64,
    /// How many single events, in an inbox of a filtered stream.
    pub events: u64,
}

impl Inbox {
    /// An inbox of a stream that leaves no event out. It takes the events of a session in order only, and
    /// proves by their links that none is missing, doubled, swapped or from another log. It remembers one row
    /// for each session. A name is one consumer's, and of one kind of stream.
    pub fn of_whole_stream(name: impl Into<String>) -> Self {
        Self { name: name.into(), is_whole: true }
    }

    /// An inbox of a stream that leaves events out, as that of a subscription with a filter. There a missing
    /// version is nothing to notice, and links lead nowhere: such an inbox takes each event once, says which
    /// came [late](Receipt::Late), and never misses one. It remembers one row for each event.
    pub fn of_filtered_stream(name: impl Into<String>) -> Self {
        Self { name: name.into(), is_whole: false }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Receives the event at `place`, and remembers in this transaction that it was handled if it
    /// [is to be](Receipt::is_to_be_handled). Whoever does not handle it after all rolls back.
    ///
    /// # Errors
    ///
    /// Events are missing before it, it does not follow from what was handled before, or the consumer's
    /// database is away or lacks the [tables](crate::inbox::SCHEMA).
    pub async fn receive(&self, transaction: &Transaction<'_>, place: &Place) -> Result<Receipt, InboxError> {
        for _ in 0..LOOKS_MAX {
            let reached = self.reached(transaction, place).await?;
            let receipt = self.decide(transaction, place, reached.as_ref()).await?;
            if !receipt.is_to_be_handled() || self.handle(transaction, place, reached.as_ref()).await? {
                return Ok(receipt);
            }
        }
        let changing =
            "the session is deleted from the inbox and inserted again all the time: receive the event later";
        Err(Error::Unavailable(changing.to_owned()).into())
    }

    /// Forgets what was recorded before `recorded_before`, about `limit` rows of each table with a call: call
    /// it again until nothing was forgotten. An inbox of a whole stream keeps the sessions that have not
    /// ended. What is delivered again of what may be forgotten is told as
    /// [`Forgotten`](Receipt::Forgotten): keep as much as the broker or `projector relay replay` may deliver
    /// again.
    ///
    /// # Errors
    ///
    /// The consumer's database is away or lacks the tables.
    pub async fn forget(
        &self,
        client: &Client,
        recorded_before: OffsetDateTime,
        limit: u32,
    ) -> Result<Forgotten, InboxError> {
        // Sessions of the time are at the front of the key, as their ids begin with their start.
        let started_before = SessionId::new(recorded_before, [0; 10]).as_uuid();
        let limit = i64::from(limit);
        let parameters: [(&(dyn ToSql + Sync), Type); 4] = [
            (&self.name, Type::TEXT),
            (&recorded_before, Type::TIMESTAMPTZ),
            (&started_before, Type::UUID),
            (&limit, Type::INT8),
        ];
        let row = client.query_typed_one(FORGET, &parameters).await.map_err(refused)?;
        let count = |column| {
            let counted: i64 = row.try_get(column).map_err(Error::from)?;
            Ok::<_, InboxError>(u64::try_from(counted).unwrap_or(0))
        };
        Ok(Forgotten { sessions: count("sessions")?, events: count("events")? })
    }

    async fn decide(
        &self,
        transaction: &Transaction<'_>,
        place: &Place,
        reached: Option<&Reached>,
    ) -> Result<Receipt, InboxError> {
        if self.is_whole && reached.is_some() {
            return of_whole(reached, place, None);
        }
        let (handled, horizon) = self.handled(transaction, place).await?;
        if self.is_whole {
            of_whole(reached, place, horizon)
        } else {
            of_filtered(reached, handled, place, horizon)
        }
    }

    /// The latest event of the session that was handled. Its row is locked.
    async fn reached(
        &self,
        transaction: &Transaction<'_>,
        place: &Place,
    ) -> Result<Option<Reached>, InboxError> {
        let session = place.session.as_uuid();
        let parameters: [(&(dyn ToSql + Sync), Type); 3] =
            [(&self.name, Type::TEXT), (&place.log, Type::TEXT), (&session, Type::UUID)];
        let row = transaction.query_typed_opt(REACHED, &parameters).await.map_err(refused)?;
        let reached = row.map(|row| {
            let link: Option<&str> = row.try_get("link")?;
            Ok::<_, Error>(Reached {
                version: row.try_get("version")?,
                event: EventId::from(row.try_get::<_, Uuid>("event_id")?),
                // A text that is no link is the link of no event.
                link: link.and_then(|link| link.parse().ok()),
                recorded_at: row.try_get("recorded_at")?,
            })
        });
        Ok(reached.transpose()?)
    }

    /// The event that was handled as this version, in an inbox of a filtered stream; and the horizon.
    async fn handled(
        &self,
        transaction: &Transaction<'_>,
        place: &Place,
    ) -> Result<(Option<EventId>, Option<OffsetDateTime>), Error> {
        let session = place.session.as_uuid();
        let parameters: [(&(dyn ToSql + Sync), Type); 4] = [
            (&self.name, Type::TEXT),
            (&place.log, Type::TEXT),
            (&session, Type::UUID),
            (&place.version, Type::INT8),
        ];
        let row = transaction.query_typed_one(HANDLED, &parameters).await?;
        let handled: Option<Uuid> = row.try_get("event_id")?;
        Ok((handled.map(EventId::from), row.try_get("recorded_before")?))
    }

    /// Remembers an event. False if somebody else has handled one of its session since it was looked at.
    async fn handle(
        &self,
        transaction: &Transaction<'_>,
        place: &Place,
        reached: Option<&Reached>,
    ) -> Result<bool, Error> {
        let from_now_on = Reached::after(reached, place);
        let (session, latest) = (place.session.as_uuid(), from_now_on.event.as_uuid());
        let link = from_now_on.link.filter(|_| self.is_whole).map(|link| link.to_string());
        let (is_filtered, may_go) = (!self.is_whole, !self.is_whole || place.is_end);
        let read = reached.map_or(0, |reached| reached.version);
        let event = place.event.as_uuid();
        let parameters: [(&(dyn ToSql + Sync), Type); 13] = [
            (&self.name, Type::TEXT),
            (&place.log, Type::TEXT),
            (&session, Type::UUID),
            (&from_now_on.version, Type::INT8),
            (&latest, Type::UUID),
            (&link, Type::TEXT),
            (&from_now_on.recorded_at, Type::TIMESTAMPTZ),
            (&may_go, Type::BOOL),
            (&read, Type::INT8),
            (&is_filtered, Type::BOOL),
            (&place.version, Type::INT8),
            (&event, Type::UUID),
            (&place.recorded_at, Type::TIMESTAMPTZ),
        ];
        Ok(transaction.query_typed_opt(HANDLE, &parameters).await?.is_some())
    }
}

/// A table that is missing is told with what makes it.
fn refused(error: tokio_postgres::Error) -> InboxError {
    match error.code() {
        Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME) => {
            InboxError::TablesMissing(describe(&error))
        }
        _ => Error::from(error).into(),
    }
}
