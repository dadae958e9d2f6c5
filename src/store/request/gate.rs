//! The gate of a user: logins pass it, and whoever counts or ends the user's sessions closes it.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::Error as DriverError;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::load::{LiveSession, live_session};
use crate::session::{SessionId, UserId};
use crate::store::connection::pool::Connection;
use crate::store::connection::statement::{Parameters, Ready, Sql};
use crate::store::error::Error;

pub(super) static ADMIT_LOGIN: Sql = Sql::new(include_str!("../sql/admit_login.sql"), &[Type::TEXT]);
static CLOSE_GATE: Sql = Sql::new(include_str!("../sql/close_gate.sql"), &[Type::TEXT]);
static LIVE_SESSIONS_OF_USER: Sql =
    Sql::new(include_str!("../sql/live_sessions_of_user.sql"), &[Type::TEXT, Type::INT8]);

/// A session of a user that is stored as live.
pub(crate) type OfUser = (SessionId, LiveSession);

/// Lets a login pass, until the transaction is over.
///
/// # Errors
///
/// [`Error::AccountDisabled`]. The transaction has failed with it.
pub(super) async fn pass(client: &ClientWrapper, statement: &Ready, user: &UserId) -> Result<(), Error> {
    let passed = statement.query_one(client, &[&user.as_str()]).await;
    passed.map(drop).map_err(|error| refused(user, error))
}

/// Closes the gate within the transaction that is open on the connection, and then reads the user's live
/// sessions, at most `limit` of them, in the same trip.
///
/// # Errors
///
/// [`Error::AccountDisabled`], and that another transaction came first. The transaction has failed with it.
pub(crate) async fn close(connection: &Connection, user: &UserId, limit: i64) -> Result<Vec<OfUser>, Error> {
    let (close, list) = (CLOSE_GATE.ready(connection).await?, LIVE_SESSIONS_OF_USER.ready(connection).await?);
    let name = user.as_str();
    let (of_gate, of_list): (Parameters, Parameters) = (&[&name], &[&name, &limit]);
    let (closed, listed) = tokio::join!(biased;
        close.query_one(connection, of_gate),
        list.query(connection, of_list),
    );
    closed.map_err(|error| refused(user, error))?;
    of_rows(&listed?)
}

/// The sessions of a user that are stored as live, at most `limit` of them.
pub(crate) async fn live_sessions(
    connection: &Connection,
    user: &UserId,
    limit: i64,
) -> Result<Vec<OfUser>, Error> {
    user.check()?;
    of_rows(&LIVE_SESSIONS_OF_USER.query(connection, &[&user.as_str(), &limit]).await?)
}

fn of_rows(rows: &[tokio_postgres::Row]) -> Result<Vec<OfUser>, Error> {
    let read = |row: &tokio_postgres::Row| {
        Ok((SessionId::from(row.try_get::<_, Uuid>("session_id")?), live_session(row)?))
    };
    rows.iter().map(read).collect()
}

fn refused(user: &UserId, error: DriverError) -> Error {
    match error.code() {
        Some(&SqlState::DIVISION_BY_ZERO) => Error::AccountDisabled { user: user.clone() },
        _ => error.into(),
    }
}
