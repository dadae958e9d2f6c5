//! Replacing the projection: lock it, empty it, copy new rows in.

use std::sync::LazyLock;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::types::Type;
use tokio_postgres::{Error as DriverError, Statement};
use uuid::Uuid;

use super::columns::{EndedRow, LiveRow, LoginRow};
use super::copying::{ROWS_GATHERED_MAX, copy};
use super::row::ProjectedRow;
use crate::session::SessionId;
use crate::store::bare::bare;
use crate::store::connection::reading::Stretch;
use crate::store::connection::watched::Watched;
use crate::store::error::Error;
use crate::store::log::streams::{Streams, count_estimate};
use crate::store::patience::{Patience, is_locked};

const BEGIN_REBUILD: &str = bare(include_str!("../sql/begin_rebuild.sql"));
const ROWS_WITHOUT_EVENT: &str = bare(include_str!("../sql/rows_without_event.sql"));
const EMPTY_PROJECTION: &str = bare(include_str!("../sql/empty_projection.sql"));
const PAD_SESSIONS: &str = bare(include_str!("../sql/pad_sessions.sql"));
const COPY_LIVE_ROWS: &str = bare(include_str!("../sql/copy_live_rows.sql"));
const COPY_ENDED_ROWS: &str = bare(include_str!("../sql/copy_ended_rows.sql"));
const COPY_LOGIN_STEPS: &str = bare(include_str!("../sql/copy_login_steps.sql"));

static LIVE: LazyLock<Vec<Type>> = LazyLock::new(|| [&[Type::UUID], LiveRow::TYPES].concat());
static ENDED: LazyLock<Vec<Type>> = LazyLock::new(|| [&[Type::UUID], EndedRow::TYPES].concat());
static LOGIN: LazyLock<Vec<Type>> = LazyLock::new(|| [&[Type::UUID], LoginRow::TYPES].concat());

/// A row whose event is not in the log: of a session's row the latest event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnrecordedRow {
    /// The session.
    pub session: SessionId,
    /// The version of that event.
    pub version: i64,
    /// The table that holds the row.
    pub table: String,
}

/// A transaction that replaces the projection's rows, on a connection of its own.
pub(crate) struct Replacement {
    client: Watched,
    copies: Copies,
    live: Vec<(Uuid, LiveRow)>,
    ended: Vec<(Uuid, EndedRow)>,
    logins: Vec<(Uuid, LoginRow)>,
}

/// The statements that take rows, one for each table.
struct Copies {
    live: Statement,
    ended: Statement,
    logins: Statement,
}

impl Replacement {
    /// Begins the transaction and locks the projection.
    ///
    /// # Errors
    ///
    /// The database is away or refuses. The transaction is rolled back.
    pub(crate) async fn begin(client: Watched) -> Result<Self, Error> {
        let mut patience = Patience::new();
        loop {
            let error = match client.step(lock(&client)).await {
                Ok(copies) => {
                    let (live, ended, logins) = (Vec::new(), Vec::new(), Vec::new());
                    return Ok(Self { client, copies, live, ended, logins });
                }
                Err(error) => error,
            };
            roll_back(&client, Some(&error)).await;
            if !is_locked(&error) || !patience.allows_another_try().await {
                return Err(error);
            }
        }
    }

    /// About how many events the log holds, or `None` if the server has not counted them yet.
    pub(crate) async fn count_estimate(&self) -> Result<Option<u64>, Error> {
        self.client.step(count_estimate(&self.client)).await
    }

    /// The first rows whose latest event the log lacks, and how many there are.
    pub(crate) async fn unrecorded_rows(&self) -> Result<(Vec<UnrecordedRow>, u64), Error> {
        let asking = async { Ok::<_, Error>(self.client.query(ROWS_WITHOUT_EVENT, &[]).await?) };
        let rows = self.client.step(asking).await?;
        let total = rows.first().map(|row| row.try_get::<_, i64>("rows_total")).transpose()?;
        let unrecorded = rows.iter().map(|row| {
            let session = SessionId::from(row.try_get::<_, Uuid>("session_id")?);
            Ok(UnrecordedRow { session, version: row.try_get("version")?, table: row.try_get("held_in")? })
        });
        Ok((unrecorded.collect::<Result<_, Error>>()?, total.unwrap_or_default().unsigned_abs()))
    }

    /// Removes all rows.
    pub(crate) async fn empty(&self) -> Result<(), Error> {
        self.client.run(EMPTY_PROJECTION).await?;
        self.client.run(PAD_SESSIONS).await
    }

    /// The log as it is once the projection is locked. It must be dropped before the transaction ends.
    pub(crate) async fn log(&self) -> Result<Streams, Error> {
        Streams::open(&self.client, Stretch::ALL).await
    }

    /// Adds a session's row.
    pub(crate) async fn add(&mut self, session: SessionId, row: ProjectedRow) -> Result<(), Error> {
        match row {
            ProjectedRow::Live(row) => self.live.push((session.as_uuid(), row)),
            ProjectedRow::Ended(row) => self.ended.push((session.as_uuid(), row)),
        }
        self.send_if_many().await
    }

    /// Adds a step of a session's login.
    pub(crate) async fn add_login(&mut self, session: SessionId, step: LoginRow) -> Result<(), Error> {
        self.logins.push((session.as_uuid(), step));
        self.send_if_many().await
    }

    async fn send_if_many(&mut self) -> Result<(), Error> {
        let gathered = self.live.len() + self.ended.len() + self.logins.len();
        if gathered >= ROWS_GATHERED_MAX { self.send().await } else { Ok(()) }
    }

    /// Sends the rows that were gathered.
    pub(crate) async fn send(&mut self) -> Result<(), Error> {
        let (client, copies) = (&self.client, &self.copies);
        client.step(copy(client, &copies.live, &LIVE, &self.live, LiveRow::add_to)).await?;
        client.step(copy(client, &copies.ended, &ENDED, &self.ended, EndedRow::add_to)).await?;
        client.step(copy(client, &copies.logins, &LOGIN, &self.logins, LoginRow::add_to)).await?;
        self.live.clear();
        self.ended.clear();
        self.logins.clear();
        Ok(())
    }

    /// Commits the rows that were sent.
    ///
    /// # Errors
    ///
    /// The server refuses, and nothing has changed. Or [`Error::OutcomeUnknown`]: its answer was lost.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        let committing = async { Ok(self.client.batch_execute("commit").await.map_err(lost_in_commit)) };
        self.client.step(committing).await.unwrap_or(Err(Error::OutcomeUnknown))
    }

    /// Undoes everything after an `error`. Closing the connection would do it too, but not before this
    /// returns.
    pub(crate) async fn rollback(self, error: Option<&Error>) {
        roll_back(&self.client, error).await;
    }
}

/// Begins, locks the projection and prepares to copy rows into it.
async fn lock(client: &ClientWrapper) -> Result<Copies, Error> {
    client.batch_execute(BEGIN_REBUILD).await?;
    Ok(Copies {
        live: client.prepare(COPY_LIVE_ROWS).await?,
        ended: client.prepare(COPY_ENDED_ROWS).await?,
        logins: client.prepare(COPY_LOGIN_STEPS).await?,
    })
}

/// Rolls back, unless the connection is lost.
async fn roll_back(client: &Watched, error: Option<&Error>) {
    if !matches!(error, Some(Error::Disconnected(_))) {
        client.run("rollback").await.ok();
    }
}

/// A COMMIT that the server refuses was not done. One whose answer is lost may have been.
fn lost_in_commit(error: DriverError) -> Error {
    if error.code().is_some() { error.into() } else { Error::OutcomeUnknown }
}
