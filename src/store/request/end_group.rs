//! Ending several sessions with one statement. Each parameter is a list: one column of all rows.

use std::sync::LazyLock;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::Error as DriverError;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::append::Append;
use super::commit::{begin, commit};
use super::transaction::{State, Transaction};
use crate::session::{Entry, SessionId};
use crate::store::connection::deadline::{answered, committed};
use crate::store::connection::lending::lend;
use crate::store::connection::pipeline::{Step, pipelined};
use crate::store::connection::pool::{Connection, Pool};
use crate::store::connection::statement::{Parameters, Ready, Sql};
use crate::store::error::Error;
use crate::store::log::columns::EventRow;
use crate::store::projection::columns::EndedRow;
use crate::store::projection::own::ready::ReadyStatement;
use crate::store::projection::row::ProjectedRow;
use crate::store::table::{List, list};

static END_GROUP: LazyLock<Sql> = LazyLock::new(|| {
    let types = [&PLACE, EndedRow::LIST_TYPES, EventRow::LIST_TYPES];
    Sql::joined(include_str!("../sql/end_group.sql"), &types)
});
static RECORDED_EVENTS: Sql = Sql::new(
    include_str!("../sql/recorded_events.sql"),
    &[Type::UUID_ARRAY, Type::INT8_ARRAY, Type::UUID_ARRAY],
);

/// Sessions and a version of each.
const PLACE: [Type; 2] = [Type::UUID_ARRAY, Type::INT8_ARRAY];

/// Begins a transaction that is over in the same trip, and in which a session is seen as it is now. The limit
/// is explained in `commit.rs`, NOT DEFERRABLE in `sql/begin.sql`.
pub(super) const BEGIN: &str = "begin isolation level read committed, not deferrable; set local idle_in_transaction_session_timeout = '2s'";

/// A session and its version before the end; and its rows after that.
type End<'a> = ((Uuid, i64), (EndedRow, EventRow<'a>));

/// Ends those of the sessions that are as they were loaded, and that nobody holds, in a transaction of its
/// own. At most one end of each session. Returns those that it has ended.
///
/// If the connection is lost on the way, the same ends are sent again. Whichever of the two transactions
/// comes first, the log holds the same events.
///
/// # Errors
///
/// If the connection is lost again, some of them may have ended.
pub(crate) async fn end_group(pool: &Pool, ends: &[Append]) -> Result<Vec<SessionId>, Error> {
    if ends.is_empty() {
        return Ok(Vec::new());
    }
    match Transaction::reserve(pool).await?.end_group(ends).await {
        Err(Error::Disconnected(_)) => end_group_again(pool, ends).await,
        outcome => outcome,
    }
}

/// Does what [`end_group`] does once the connection of a first try is lost.
pub(super) async fn end_group_again(pool: &Pool, ends: &[Append]) -> Result<Vec<SessionId>, Error> {
    Transaction::reserve(pool).await?.end_group(ends).await?;
    lend(pool, async |connection: &Connection| recorded(connection, ends).await).await
}

impl Transaction {
    async fn end_group(mut self, ends: &[Append]) -> Result<Vec<SessionId>, Error> {
        self.state = State::Open;
        self.end_and_commit(ends, true).await
    }

    /// The same in a transaction that has begun.
    pub(super) async fn end_open(self, ends: &[Append]) -> Result<Vec<SessionId>, Error> {
        self.end_and_commit(ends, false).await
    }

    async fn end_and_commit(self, ends: &[Append], begins: bool) -> Result<Vec<SessionId>, Error> {
        let ready = async { Ok(END_GROUP.ready(self.client()).await?) };
        let statement = answered(ready).await.map_err(Error::outside_transaction)?;
        let own = answered(self.ready_own(ends)).await.map_err(Error::outside_transaction)?;
        if !own.is_empty() {
            return self.end_and_derive(ends, begins, &statement, &own).await;
        }
        let mut ended = Vec::new();
        let client = self.client();
        let running: Step<'_> = Box::pin(async {
            ended = run(client, &statement, ends).await?;
            Ok(())
        });
        let mut steps: Vec<Step<'_>> = Vec::with_capacity(3);
        if begins {
            steps.push(begin(client, BEGIN));
        }
        steps.extend([running, commit(client)]);
        let outcome = committed(pipelined(steps)).await;
        self.finish(outcome, &[])?;
        Ok(ended)
    }
}

/// Ends of which inline projections derive something. Which sessions have ended is known only afterwards, so
/// this takes a trip more.
impl Transaction {
    async fn ready_own(&self, ends: &[Append]) -> Result<Vec<(SessionId, Vec<ReadyStatement>)>, Error> {
        let mut own = Vec::new();
        for end in ends {
            let made = end.ready_own(self.client()).await?;
            if !made.is_empty() {
                own.push((end.written.id, made));
            }
        }
        Ok(own)
    }

    async fn end_and_derive(
        self,
        ends: &[Append],
        begins: bool,
        statement: &Ready,
        own: &[(SessionId, Vec<ReadyStatement>)],
    ) -> Result<Vec<SessionId>, Error> {
        let client = self.client();
        let ending = async {
            let (begun, ended) = tokio::join!(biased;
                async { if begins { begin(client, BEGIN).await } else { Ok(()) } },
                run(client, statement, ends),
            );
            begun.and(ended)
        };
        let ended = match answered(ending).await {
            Ok(ended) => ended,
            Err(error @ (Error::Disconnected(_) | Error::Unusable(_))) => {
                self.finish(Err(error), &[])?;
                return Ok(Vec::new());
            }
            Err(error) => {
                self.rollback().await;
                return Err(error);
            }
        };
        let derived = own.iter().filter(|(session, _)| ended.contains(session)).flat_map(|(_, made)| made);
        let mut steps: Vec<Step<'_>> = derived.map(|statement| statement.step(client)).collect();
        steps.push(commit(client));
        let outcome = committed(pipelined(steps)).await;
        self.finish(outcome, &[])?;
        Ok(ended)
    }
}

async fn run(client: &ClientWrapper, statement: &Ready, ends: &[Append]) -> Result<Vec<SessionId>, Error> {
    let (places, rows): (Vec<_>, Vec<_>) = ends.iter().filter_map(end).unzip();
    let (rows, events): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let mut lists: Vec<List<'_>> =
        vec![list(&places, |(session, _)| session), list(&places, |(_, version)| version)];
    EndedRow::add_lists(&rows, &mut lists);
    EventRow::add_lists(&events, &mut lists);
    let parameters: Vec<&(dyn ToSql + Sync)> =
        lists.iter().map(|list| -> &(dyn ToSql + Sync) { &**list }).collect();
    // The log may hold more events of a session than its row says.
    let refused = |error: DriverError| match error.code() {
        Some(&SqlState::UNIQUE_VIOLATION) => Error::Conflict(error),
        _ => error.into(),
    };
    sessions(&statement.query(client, &parameters).await.map_err(refused)?)
}

/// None if it is more than an end.
fn end(append: &Append) -> Option<End<'_>> {
    let written = &append.written;
    match (&*written.entries, ProjectedRow::of(&written.state)) {
        ([end], ProjectedRow::Ended(row)) => {
            Some(((written.id.as_uuid(), written.expected_version), (row, EventRow::of(end))))
        }
        _ => None,
    }
}

/// The sessions whose end the log holds.
async fn recorded(connection: &Connection, ends: &[Append]) -> Result<Vec<SessionId>, Error> {
    let ends: Vec<(SessionId, &Entry)> = ends.iter().flat_map(Append::recorded).collect();
    let ids: Vec<Uuid> = ends.iter().map(|(session, _)| session.as_uuid()).collect();
    let versions: Vec<i64> = ends.iter().map(|(_, entry)| entry.version).collect();
    let events: Vec<Uuid> = ends.iter().map(|(_, entry)| entry.event_id.as_uuid()).collect();
    let parameters: Parameters<'_> = &[&ids, &versions, &events];
    sessions(&RECORDED_EVENTS.query(connection, parameters).await?)
}

fn sessions(rows: &[tokio_postgres::Row]) -> Result<Vec<SessionId>, Error> {
    rows.iter().map(|row| Ok(SessionId::from(row.try_get::<_, Uuid>("session_id")?))).collect()
}
