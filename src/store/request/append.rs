//! Appending: one statement that writes the row and the first event, or fails by itself, and one for each event more.

use std::net::IpAddr;

use deadpool_postgres::ClientWrapper;
use time::OffsetDateTime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use crate::session::{Client, Entry, SessionId, UserId, Written};
use crate::store::connection::pipeline::{Step, pipelined};
use crate::store::connection::pool::Connection;
use crate::store::connection::statement::{Ready, Sql};
use crate::store::error::Error;
use crate::store::projection::row::{EndedRow, LiveRow, ProjectedRow};

static CREATE: Sql = Sql::new(include_str!("../sql/create.sql"), &LIVE);
static APPEND: Sql = Sql::new(include_str!("../sql/append.sql"), &LIVE);
static END: Sql = Sql::new(include_str!("../sql/end.sql"), &ENDED);
static APPEND_EVENT: Sql = Sql::new(include_str!("../sql/append_event.sql"), &EVENT);

/// The types given, and behind them those of an event as `EventRow::add_to` lists it.
macro_rules! with_event {
    ($($types:expr),* $(,)?) => {
        [
            $($types,)*
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
        ]
    };
}

/// What [`CREATE`] and [`APPEND`] are given.
static LIVE: [Type; 28] = with_event![
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
    Type::INET,
    Type::TEXT,
];

/// What [`END`] is given.
static ENDED: [Type; 21] = with_event![
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
    Type::INET,
    Type::TEXT,
];

/// What [`APPEND_EVENT`] is given.
static EVENT: [Type; 12] = with_event![Type::UUID, Type::INT8];

/// What a statement is given.
type Parameters<'a> = Vec<&'a (dyn ToSql + Sync)>;

/// One session's events, ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Append {
    pub(crate) written: Written,
    /// The new secret, sealed, while a late request may need it.
    pub(crate) resend: Option<Vec<u8>>,
}

/// An event's columns beside its session and version.
pub(super) struct EventRow<'a> {
    pub(super) event_id: Uuid,
    pub(super) kind: &'a str,
    pub(super) shape: i16,
    pub(super) user: Option<&'a str>,
    pub(super) actor: Option<&'a str>,
    pub(super) payload: Vec<u8>,
    pub(super) hash: &'a [u8],
    pub(super) occurred_at: OffsetDateTime,
    pub(super) client_ip: Option<IpAddr>,
    pub(super) user_agent: Option<&'a str>,
}

impl Append {
    /// Whether it changes a live session, which stays one.
    pub(crate) fn is_change(&self) -> bool {
        self.written.expected_version > 0 && self.written.state.ended.is_none()
    }

    /// Makes the statements ready that write this, one for each event, so that they can be pipelined.
    pub(crate) async fn ready(&self, connection: &Connection) -> Result<Vec<Ready>, Error> {
        let Written { expected_version, entries, state, .. } = &self.written;
        let first = match (expected_version, &state.ended) {
            (_, Some(_)) => &END,
            (0, None) => &CREATE,
            (_, None) => &APPEND,
        };
        let mut statements = Vec::with_capacity(entries.len());
        statements.push(first.ready(connection).await?);
        for _ in entries.iter().skip(1) {
            statements.push(APPEND_EVENT.ready(connection).await?);
        }
        Ok(statements)
    }

    /// What is to be sent: the row with the first event, and each event more. Parameters cannot fail to encode; that the
    /// row is another is an error of the server's, so that nothing sent behind it, a COMMIT either, can succeed.
    pub(super) fn steps<'a>(
        &'a self,
        client: &'a ClientWrapper,
        statements: &'a [Ready],
    ) -> impl Iterator<Item = Step<'a>> {
        self.written.entries.iter().zip(statements).enumerate().map(
            move |(nth, (entry, statement))| -> Step<'a> {
                if nth == 0 {
                    Box::pin(self.write_row(client, statement, entry))
                } else {
                    Box::pin(append_event(client, statement, self.written.id, entry))
                }
            },
        )
    }

    /// Sends it by itself, inside a transaction that somebody else commits.
    pub(crate) async fn run(&self, client: &ClientWrapper, statements: &[Ready]) -> Result<(), Error> {
        pipelined(self.steps(client, statements).collect()).await
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
            &self.client_ip,
            &self.user_agent,
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
            &self.client_ip,
            &self.user_agent,
        ]);
    }
}

impl<'a> EventRow<'a> {
    pub(super) fn of(entry: &'a Entry) -> Self {
        let (client_ip, user_agent) = Client::columns(entry.client.as_ref());
        Self {
            event_id: entry.event_id.as_uuid(),
            kind: entry.event.kind(),
            shape: entry.event.shape(),
            user: entry.user.as_ref().map(UserId::as_str),
            actor: entry.actor.as_ref().map(UserId::as_str),
            payload: entry.event.payload(),
            hash: entry.hash.as_bytes(),
            occurred_at: entry.occurred_at,
            client_ip,
            user_agent,
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
