//! Appending: one statement that writes the row and the first event, or fails by itself, and one for each event more.

use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::task::Poll;

use deadpool_postgres::ClientWrapper;
use futures_util::future::maybe_done;
use time::OffsetDateTime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::connection::Connection;
use super::error::Error;
use super::projection::{EndedRow, LiveRow, ProjectedRow};
use super::statement::{Ready, Sql};
use crate::session::{Entry, SessionId, UserId, Written};

static CREATE: Sql = Sql::new(include_str!("sql/create.sql"), &LIVE);
static APPEND: Sql = Sql::new(include_str!("sql/append.sql"), &LIVE);
static END: Sql = Sql::new(include_str!("sql/end.sql"), &ENDED);
static APPEND_EVENT: Sql = Sql::new(include_str!("sql/append_event.sql"), &EVENT);

/// What [`CREATE`] and [`APPEND`] are given.
static LIVE: [Type; 26] = [
    Type::UUID,
    Type::INT8,
    // The row, as `LiveRow::add_to` lists it.
    Type::INT8,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::INT4,
    Type::BOOL,
    Type::BYTEA,
    Type::BYTEA,
    Type::BYTEA,
    Type::TEXT,
    Type::BYTEA,
    Type::BYTEA,
    Type::TIMESTAMPTZ,
    // The first event, as `EventRow::add_to` lists it.
    Type::UUID,
    Type::TEXT,
    Type::INT2,
    Type::TEXT,
    Type::TEXT,
    Type::BYTEA,
    Type::BYTEA,
    Type::TIMESTAMPTZ,
    Type::INET,
    Type::TEXT,
];

/// What [`END`] is given.
static ENDED: [Type; 19] = [
    Type::UUID,
    Type::INT8,
    // The row, as `EndedRow::add_to` lists it.
    Type::INT8,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TEXT,
    Type::TEXT,
    Type::BYTEA,
    // The first event, as `EventRow::add_to` lists it.
    Type::UUID,
    Type::TEXT,
    Type::INT2,
    Type::TEXT,
    Type::TEXT,
    Type::BYTEA,
    Type::BYTEA,
    Type::TIMESTAMPTZ,
    Type::INET,
    Type::TEXT,
];

/// What [`APPEND_EVENT`] is given.
static EVENT: [Type; 12] = [
    Type::UUID,
    Type::INT8,
    // The event, as `EventRow::add_to` lists it.
    Type::UUID,
    Type::TEXT,
    Type::INT2,
    Type::TEXT,
    Type::TEXT,
    Type::BYTEA,
    Type::BYTEA,
    Type::TIMESTAMPTZ,
    Type::INET,
    Type::TEXT,
];

/// What a statement is given.
type Parameters<'a> = Vec<&'a (dyn ToSql + Sync)>;

/// One session's events, ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Append {
    pub(crate) written: Written,
    /// The new secret, sealed, while a late request may need it.
    pub(crate) resend: Option<Vec<u8>>,
}

/// The statements of an append, ready to be pipelined.
pub(crate) struct ReadyAppend {
    /// Writes the row and the first event.
    row: Ready,
    /// Writes an event more, if there is one.
    event: Option<Ready>,
}

/// An event's columns beside its session and version.
struct EventRow<'a> {
    event_id: Uuid,
    kind: &'a str,
    shape: i16,
    user: Option<&'a str>,
    actor: Option<&'a str>,
    payload: Vec<u8>,
    hash: &'a [u8],
    occurred_at: OffsetDateTime,
    client_ip: Option<IpAddr>,
    user_agent: Option<&'a str>,
}

impl Append {
    /// Makes the statements ready that write this, so that they can be pipelined.
    pub(crate) async fn ready(&self, connection: &Connection) -> Result<ReadyAppend, Error> {
        let Written { expected_version, entries, state, .. } = &self.written;
        let row = match (expected_version, &state.ended) {
            (_, Some(_)) => &END,
            (0, None) => &CREATE,
            (_, None) => &APPEND,
        };
        let row = row.ready(connection).await?;
        let event = if entries.len() > 1 { Some(APPEND_EVENT.ready(connection).await?) } else { None };
        Ok(ReadyAppend { row, event })
    }

    /// Sends it. Its parameters cannot fail to encode; that it matched nothing is an error of the server's,
    /// so that a COMMIT sent behind it cannot succeed.
    pub(crate) async fn run(&self, client: &ClientWrapper, statements: &ReadyAppend) -> Result<(), Error> {
        let Written { id, entries, .. } = &self.written;
        let (first, rest) = entries.split_first().ok_or(Error::Stale { session: *id })?;
        let row = self.write_row(client, &statements.row, first);
        let (row, events) =
            tokio::join!(biased; row, append_events(client, statements.event.as_ref(), *id, rest));
        // If both failed, the first failure is the reason of the others.
        row.and(events)
    }

    async fn write_row(&self, client: &ClientWrapper, statement: &Ready, first: &Entry) -> Result<(), Error> {
        let Written { id, expected_version, state, .. } = &self.written;
        let (uuid, row, event) = (id.as_uuid(), ProjectedRow::of(*id, state), EventRow::of(first));
        let mut parameters: Parameters = Vec::with_capacity(LIVE.len());
        parameters.extend([&uuid as &(dyn ToSql + Sync), expected_version]);
        match &row {
            ProjectedRow::Live(row) => row.add_to(&mut parameters, &self.resend),
            ProjectedRow::Ended(row) => row.add_to(&mut parameters),
        }
        event.add_to(&mut parameters);
        sent(statement, client, &parameters, *id).await
    }
}

/// Sends all at its first poll, however many they are: what is polled behind it comes behind them. (`join_all` polls
/// many futures in portions, and a COMMIT could slip in between.)
async fn append_events(
    client: &ClientWrapper,
    statement: Option<&Ready>,
    session: SessionId,
    entries: &[Entry],
) -> Result<(), Error> {
    let Some(statement) = statement else { return Ok(()) };
    let append = |entry| Box::pin(maybe_done(append_event(client, statement, session, entry)));
    let mut steps: Vec<_> = entries.iter().map(append).collect();
    poll_fn(|context| {
        for step in &mut steps {
            let _pending = step.as_mut().poll(context);
        }
        Poll::Ready(())
    })
    .await;
    let mut outcome = Ok(());
    for step in &mut steps {
        step.as_mut().await;
        outcome = outcome.and(step.as_mut().take_output().unwrap_or(Ok(())));
    }
    outcome
}

async fn append_event(
    client: &ClientWrapper,
    statement: &Ready,
    session: SessionId,
    entry: &Entry,
) -> Result<(), Error> {
    let (uuid, event) = (session.as_uuid(), EventRow::of(entry));
    let mut parameters: Parameters = Vec::with_capacity(EVENT.len());
    parameters.extend([&uuid as &(dyn ToSql + Sync), &entry.version]);
    event.add_to(&mut parameters);
    sent(statement, client, &parameters, session).await
}

async fn sent(
    statement: &Ready,
    client: &ClientWrapper,
    parameters: &Parameters<'_>,
    session: SessionId,
) -> Result<(), Error> {
    match statement.query(client, parameters).await {
        Ok(_) => Ok(()),
        Err(error) => Err(refused(session, error)),
    }
}

/// A division by zero is the statement's way to say that it appended nothing; a broken primary key of ours
/// says the same of a race.
fn refused(session: SessionId, error: tokio_postgres::Error) -> Error {
    match error.code() {
        Some(&SqlState::DIVISION_BY_ZERO) => Error::Stale { session },
        Some(&SqlState::UNIQUE_VIOLATION) => Error::Conflict(error),
        _ => error.into(),
    }
}

impl LiveRow {
    fn add_to<'a>(&'a self, parameters: &mut Parameters<'a>, resend: &'a Option<Vec<u8>>) {
        parameters.extend([
            &self.version as &(dyn ToSql + Sync),
            &self.changed_at,
            &self.authenticated_at,
            &self.absolute_deadline,
            &self.superseded_until,
            &self.idle_timeout,
            &self.superseded_accepted,
            &self.token_hash,
            &self.superseded_hash,
            &self.head_hash,
            &self.user_id,
            &self.state,
            resend,
            &self.started_at,
        ]);
    }
}

impl EndedRow {
    fn add_to<'a>(&'a self, parameters: &mut Parameters<'a>) {
        parameters.extend([
            &self.version as &(dyn ToSql + Sync),
            &self.ended_at,
            &self.last_seen,
            &self.authenticated_at,
            &self.reason,
            &self.user_id,
            &self.head_hash,
        ]);
    }
}

impl<'a> EventRow<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self {
            event_id: entry.event_id.as_uuid(),
            kind: entry.event.kind(),
            shape: entry.event.shape(),
            user: entry.user.as_ref().map(UserId::as_str),
            actor: entry.actor.as_ref().map(UserId::as_str),
            payload: entry.event.payload(),
            hash: entry.hash.as_bytes(),
            occurred_at: entry.occurred_at,
            client_ip: entry.client.ip,
            user_agent: entry.client.user_agent.as_deref(),
        }
    }

    fn add_to<'b>(&'b self, parameters: &mut Parameters<'b>) {
        parameters.extend([
            &self.event_id as &(dyn ToSql + Sync),
            &self.kind,
            &self.shape,
            &self.user,
            &self.actor,
            &self.payload,
            &self.hash,
            &self.occurred_at,
            &self.client_ip,
            &self.user_agent,
        ]);
    }
}
