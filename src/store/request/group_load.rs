//! The loads of many requests, several in one statement.
//!
//! A statement costs the server and the client more than one more row in it. So loads that come while a
//! statement is under way wait for it, and the next statement takes them all. A load that finds no statement
//! under way is sent at once. No answer is kept for later: the statement that loads a session always begins
//! after the request has asked for it.

use tokio::sync::oneshot;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::grouping::{Grouping, Leader};
use super::load::{LOAD, Loaded, load, loaded};
use crate::session::SessionId;
use crate::store::connection::lending::lend;
use crate::store::connection::pool::{Connection, Pool};
use crate::store::connection::statement::Sql;
use crate::store::error::Error;

static LOAD_GROUP: Sql = Sql::new(include_str!("../sql/load_group.sql"), &[Type::UUID_ARRAY]);

/// How many statements are under way before a load has to wait.
const STATEMENTS_MAX: usize = 1;

/// Groups a ledger's loads outside of transactions.
pub(crate) struct GroupLoad {
    pool: Pool,
    grouping: Grouping<Asked>,
}

/// A load that a request waits for. If it is dropped without an answer, the request loads by itself.
struct Asked {
    session: Uuid,
    answer: oneshot::Sender<Result<Row, Error>>,
}

impl GroupLoad {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, grouping: Grouping::new(STATEMENTS_MAX) }
    }

    /// Loads a session as [`load`] does. The future may be dropped at any moment.
    pub(crate) async fn load(&self, id: SessionId) -> Result<Loaded, Error> {
        let (answer, answered) = oneshot::channel();
        if let Some(leader) = self.grouping.join(Asked { session: id.as_uuid(), answer }) {
            tokio::spawn(work(self.pool.clone(), leader));
        }
        match answered.await {
            Ok(row) => loaded(&row?),
            // Another session of the group may be the reason why the statement failed.
            Err(_) => {
                lend(&self.pool, async |connection: &Connection| load(connection, id, None).await).await
            }
        }
    }
}

/// Sends statements until nobody waits.
async fn work(pool: Pool, mut leader: Leader<Asked>) {
    leader.assemble().await;
    while let Some(mut asked) = leader.next() {
        let sessions: Vec<Uuid> = asked.iter().map(|asked| asked.session).collect();
        let rows = async |connection: &Connection| rows(connection, &sessions).await;
        let found = tokio::select! { biased;
            found = lend(&pool, rows) => found,
            // A statement that hangs is given up when nobody waits for it any more.
            () = deserted(&mut asked) => continue,
        };
        match found {
            Ok(rows) => asked.into_iter().zip(rows).for_each(|(asked, row)| asked.tell(Ok(row))),
            Err(error) => asked.into_iter().for_each(|asked| asked.refuse(&error)),
        }
    }
}

impl Asked {
    /// Answers the request, if it still waits.
    fn tell(self, answer: Result<Row, Error>) {
        self.answer.send(answer).ok();
    }

    /// Passes an error of the connection on. After any other error, each request loads by itself.
    fn refuse(self, error: &Error) {
        if let Some(error) = error.of_connection() {
            self.tell(Err(error));
        }
    }
}

/// Waits until no request waits any more.
async fn deserted(asked: &mut [Asked]) {
    for asked in asked {
        asked.answer.closed().await;
    }
}

/// The row of each session, in the order of `sessions`. A connection on which other code has left a
/// transaction open is refused.
async fn rows(connection: &Connection, sessions: &[Uuid]) -> Result<Vec<Row>, Error> {
    let rows = found(connection, sessions).await.map_err(|error| Error::from(error).outside_transaction())?;
    match rows.first() {
        Some(row) if row.try_get("is_late")? => Err(Error::in_transaction()),
        _ => Ok(rows),
    }
}

async fn found(connection: &Connection, sessions: &[Uuid]) -> Result<Vec<Row>, tokio_postgres::Error> {
    if let [session] = sessions {
        return Ok(vec![LOAD.query_one(connection, &[session, &false]).await?]);
    }
    let mut rows = Vec::with_capacity(sessions.len());
    for row in LOAD_GROUP.query(connection, &[&sessions]).await? {
        rows.push((row.try_get::<_, i64>("place")?, row));
    }
    rows.sort_unstable_by_key(|(place, _)| *place);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}
