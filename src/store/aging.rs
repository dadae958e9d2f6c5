//! Rows that are past their limits: deleted, or without their client, a bounded number with each statement.

use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::connection::pool::Connection;
use super::connection::statement::Sql;
use super::error::Error;

static ENDED_SESSIONS: Sql = Sql::new(include_str!("sql/age_ended_sessions.sql"), AGING);
static LOGIN_STEPS: Sql = Sql::new(include_str!("sql/age_login_steps.sql"), AGING);
static FAILED_LOGINS: Sql = Sql::new(include_str!("sql/age_failed_logins.sql"), AGING);
static FAILED_CLIENTS: Sql = Sql::new(include_str!("sql/age_failed_clients.sql"), AGING);
static REDACT_CLIENTS: Sql = Sql::new(
    include_str!("sql/redact_clients.sql"),
    &[Type::TIMESTAMPTZ, Type::TIMESTAMPTZ, Type::UUID, Type::INT8],
);
static ACTIVITY: Sql =
    Sql::new(include_str!("sql/age_activity.sql"), &[Type::UUID, Type::INT8, Type::TIMESTAMPTZ]);

/// A moment, and the most rows.
const AGING: &[Type] = &[Type::TIMESTAMPTZ, Type::INT8];

/// The most rows of a statement.
const BATCH: i64 = 1_000;

/// Rows that age by a time of their own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Aging {
    LoginSteps,
    FailedLogins,
    FailedClients,
}

/// How many rows a statement has aged, and whether there may be more.
pub(crate) struct Batch {
    pub(crate) aged: u64,
    pub(crate) goes_on: bool,
}

/// Ages the next rows of before a moment.
pub(crate) async fn age(
    connection: &Connection,
    what: Aging,
    before: OffsetDateTime,
) -> Result<Batch, Error> {
    let statement = match what {
        Aging::LoginSteps => &LOGIN_STEPS,
        Aging::FailedLogins => &FAILED_LOGINS,
        Aging::FailedClients => &FAILED_CLIENTS,
    };
    let aged: i64 = statement.query_one(connection, &[&before, &BATCH]).await?.try_get("aged")?;
    Ok(Batch { aged: aged.unsigned_abs(), goes_on: aged >= BATCH })
}

/// Deletes the next rows of sessions that ended before a moment, and the steps of their logins. Returns how
/// many rows of either there were.
pub(crate) async fn age_ended(
    connection: &Connection,
    before: OffsetDateTime,
) -> Result<(Batch, u64), Error> {
    let row = ENDED_SESSIONS.query_one(connection, &[&before, &BATCH]).await?;
    let (sessions, steps): (i64, i64) = (row.try_get("sessions")?, row.try_get("steps")?);
    Ok((Batch { aged: sessions.unsigned_abs(), goes_on: sessions >= BATCH }, steps.unsigned_abs()))
}

/// Deletes activity of before a moment, behind this session. Returns the session up to which it has looked;
/// none at the end.
pub(crate) async fn age_activity(
    connection: &Connection,
    after: Uuid,
    before: OffsetDateTime,
) -> Result<Option<(Uuid, u64)>, Error> {
    let row = ACTIVITY.query_opt(connection, &[&after, &BATCH, &before]).await?;
    row.map(|row| Ok((row.try_get("looked_to")?, row.try_get::<_, i64>("aged")?.unsigned_abs()))).transpose()
}

/// How far sessions have lost their clients.
pub(crate) struct Redacted {
    /// The end and the id of the last session that was looked at.
    pub(crate) reached: (OffsetDateTime, Uuid),
    /// Events that have lost theirs.
    pub(crate) events: u64,
    /// Rows that follow from them.
    pub(crate) derived: u64,
    /// Sessions that keep theirs.
    pub(crate) kept: u64,
}

/// Takes the clients out of the next sessions that ended before a moment, behind this one. None at the end.
pub(crate) async fn redact_clients(
    connection: &Connection,
    before: OffsetDateTime,
    (ended_at, session): (OffsetDateTime, Uuid),
) -> Result<Option<Redacted>, Error> {
    let row = REDACT_CLIENTS.query_opt(connection, &[&before, &ended_at, &session, &BATCH]).await?;
    let number = |row: &Row, name| row.try_get::<_, i64>(name).map(i64::unsigned_abs);
    row.map(|row| {
        Ok(Redacted {
            reached: (row.try_get("ended_at")?, row.try_get("session_id")?),
            events: number(&row, "events")?,
            derived: number(&row, "derived")?,
            kept: number(&row, "kept")?,
        })
    })
    .transpose()
}
