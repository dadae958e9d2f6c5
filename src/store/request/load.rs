//! Loading one session by the id that is sealed in its token.

use deadpool_postgres::ClientWrapper;
use time::OffsetDateTime;
/// A row that a statement of the application found beside a load.
pub(crate) use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::session::{
    ChainHash, DatabaseTime, DecodeError, EndReason, Mark, Marking, SessionId, SessionState, TokenHash,
    UserId,
};
use crate::store::connection::pool::Connection;
use crate::store::connection::statement::{Parameters, Ready, Sql};
use crate::store::error::Error;
use crate::store::projection::row::state_of;

pub(super) static LOAD: Sql = Sql::new(include_str!("../sql/load.sql"), &[Type::UUID, Type::BOOL]);
static BEGUN: Sql = Sql::new(include_str!("../sql/begun.sql"), &[]);
static LOAD_MARKED: Sql = Sql::new(include_str!("../sql/load_marked.sql"), &[Type::UUID, Type::BYTEA]);
static BEGUN_MARKED: Sql = Sql::new(include_str!("../sql/begun_marked.sql"), &[]);
static CLOCK: Sql = Sql::new(include_str!("../sql/clock.sql"), &[]);
static HASH_AT_VERSION: Sql = Sql::new(include_str!("../sql/hash_at_version.sql"), &[Type::UUID, Type::INT8]);
static WHY_ENDED: Sql = Sql::new(include_str!("../sql/why_ended.sql"), &[Type::UUID]);

/// The answer to a load.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// The moment, by the database's clock, and its epoch.
    pub(crate) now: DatabaseTime,
    /// Whether the transaction of the load had begun a while before: other code may have left it open.
    is_late: bool,
    /// The session, if one was asked for and it is live.
    pub(crate) session: Option<LiveSession>,
    /// The rows of the application's own statement that was sent with the load.
    pub(crate) also: Vec<Row>,
}

/// A live session as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct LiveSession {
    pub(crate) state: SessionState,
    /// Why the content of the state cannot be read, if it cannot. Such a session can be ended and nothing
    /// else: whatever is written to it would take the place of what it holds.
    pub(crate) damage: Option<DecodeError>,
    /// The new secret, sealed, while a late request may need it.
    pub(crate) resend: Option<Vec<u8>>,
    pub(crate) last_seen: OffsetDateTime,
}

/// A load that is ready to be pipelined.
pub(crate) struct Load {
    statement: Ready,
    session: Option<SessionId>,
    also: Option<Ready>,
    /// Whether it is the first statement of a request's transaction.
    begins: bool,
    /// The hash by which the transaction is to know its session.
    held: Option<TokenHash>,
}

impl Load {
    /// Makes ready to load `session`, or the time alone if there is none, as the first statement of a
    /// transaction. `also` is a statement of the application, with the session id as its parameter. It is
    /// sent in the same trip.
    pub(super) async fn beginning(
        connection: &Connection,
        session: Option<SessionId>,
        also: Option<&'static Sql>,
        marking: Marking,
    ) -> Result<Self, Error> {
        let also = match also.filter(|_| session.is_some()) {
            Some(also) => Some(also.ready(connection).await?),
            None => None,
        };
        let (statement, held) = match (session, marking) {
            (Some(_), Marking::Token(held)) => (&LOAD_MARKED, Some(held)),
            (Some(_), Marking::Visitor | Marking::Off) => (&LOAD, None),
            (None, Marking::Token(_) | Marking::Visitor) => (&BEGUN_MARKED, None),
            (None, Marking::Off) => (&BEGUN, None),
        };
        Ok(Self { statement: statement.ready(connection).await?, session, also, begins: true, held })
    }

    /// Makes ready to load `session` outside of a transaction, with the application's statement `also` in the
    /// same trip.
    async fn beside(connection: &Connection, session: SessionId, also: &'static Sql) -> Result<Self, Error> {
        let (statement, also) = (LOAD.ready(connection).await?, also.ready(connection).await?);
        Ok(Self { statement, session: Some(session), also: Some(also), begins: false, held: None })
    }

    /// Sends both statements in one trip. Returns the row of the load and the rows of `also`.
    pub(super) async fn run(&self, client: &ClientWrapper) -> Result<(Row, Vec<Row>), Error> {
        let Some(id) = self.session else {
            return Ok((self.statement.query_one(client, &[]).await?, Vec::new()));
        };
        let id = id.as_uuid();
        let held = self.held.as_ref().map(|held| &held.as_bytes()[..]);
        let parameters: Parameters = match &held {
            Some(held) => &[&id, held],
            None => &[&id, &self.begins],
        };
        let beside = async {
            match &self.also {
                Some(also) => also.query(client, &[&id]).await,
                None => Ok(Vec::new()),
            }
        };
        let (row, also) = tokio::join!(biased; self.statement.query_one(client, parameters), beside);
        Ok((row?, also?))
    }

    /// What the transaction knows of its session by this load; none if it was not to be told.
    pub(super) fn mark(&self, row: &Row) -> Result<Option<Mark>, Error> {
        if self.held.is_none() {
            return Ok(None);
        }
        if !row.try_get::<_, bool>("is_held")? {
            return Ok(Some(Mark::default()));
        }
        let user = row.try_get::<_, Option<String>>("user_id")?.map(UserId::from);
        Ok(Some(Mark { session: self.session, user, actor: None }))
    }

    /// Reads the answer.
    pub(super) fn loaded(&self, row: &Row, also: Vec<Row>) -> Result<Loaded, Error> {
        match self.session {
            Some(_) => Ok(Loaded { also, ..loaded(row)? }),
            None => Ok(Loaded { now: time_of(row)?, is_late: false, session: None, also }),
        }
    }
}

/// Loads a session outside of a transaction.
///
/// The connection may come from an application's own pool. If other code has left a transaction open on it,
/// it shows an old state of the session. Such a connection is refused.
pub(crate) async fn load(
    connection: &Connection,
    id: SessionId,
    also: Option<&'static Sql>,
) -> Result<Loaded, Error> {
    let loading = async {
        match also {
            None => load_within(connection, id).await,
            Some(also) => {
                let load = Load::beside(connection, id, also).await?;
                let (row, also) = load.run(connection).await?;
                load.loaded(&row, also)
            }
        }
    };
    let loaded = loading.await.map_err(Error::outside_transaction)?;
    if loaded.is_late { Err(Error::in_transaction()) } else { Ok(loaded) }
}

/// Loads a session within the transaction that is open, if there is one.
pub(crate) async fn load_within(connection: &Connection, id: SessionId) -> Result<Loaded, Error> {
    loaded(&LOAD.query_one(connection, &[&id.as_uuid(), &false]).await?)
}

/// Reads the time outside of a transaction. A connection on which other code has left one open is refused.
pub(crate) async fn now(connection: &Connection) -> Result<DatabaseTime, Error> {
    let row =
        CLOCK.query_one(connection, &[]).await.map_err(|error| Error::from(error).outside_transaction())?;
    time_of(&row)
}

/// Reads the time when an application starts. The statement has no name: the application may ask through a
/// pooler, and be told so at its first request.
pub(crate) async fn first_now(connection: &Connection) -> Result<DatabaseTime, Error> {
    time_of(&Ready::Unnamed(&CLOCK).query_one(connection, &[]).await?)
}

/// The hash of a session's events up to a version; `None` if the log has no such event.
pub(crate) async fn hash_at(
    connection: &Connection,
    id: SessionId,
    version: i64,
) -> Result<Option<ChainHash>, Error> {
    let Some(row) = HASH_AT_VERSION.query_opt(connection, &[&id.as_uuid(), &version]).await? else {
        return Ok(None);
    };
    Ok(row.try_get::<_, &[u8]>("hash")?.try_into().ok().map(ChainHash::from_bytes))
}

/// Why a session ended and how many seconds ago. `None` if no session of this id has ended.
pub(crate) async fn why_ended(
    connection: &Connection,
    id: SessionId,
) -> Result<Option<(EndReason, f64)>, Error> {
    let row = WHY_ENDED.query_opt(connection, &[&id.as_uuid()]).await?;
    row.map(|row| Ok((EndReason::from(row.try_get::<_, &str>("reason")?), row.try_get("seconds_ago")?)))
        .transpose()
}

/// Reads the columns of a live session.
#[inline]
pub(super) fn live_session(row: &Row) -> Result<LiveSession, Error> {
    let (resend, last_seen) = (row.try_get("resend")?, row.try_get("last_seen")?);
    let (state, damage) = state_of(row)?;
    Ok(LiveSession { state, damage, resend, last_seen })
}

/// Reads the row of a load.
pub(super) fn loaded(row: &Row) -> Result<Loaded, Error> {
    let is_live = row.try_get::<_, Option<i64>>("version")?.is_some();
    let session = if is_live { Some(live_session(row)?) } else { None };
    Ok(Loaded { now: time_of(row)?, is_late: row.try_get("is_late")?, session, also: Vec::new() })
}

fn time_of(row: &Row) -> Result<DatabaseTime, Error> {
    let epoch: i16 = row.try_get("epoch")?;
    Ok(DatabaseTime { at: row.try_get("now")?, epoch: epoch.unsigned_abs() })
}
