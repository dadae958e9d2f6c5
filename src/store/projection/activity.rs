//! Noting in the background when sessions were last seen. One statement notes the sessions of many requests.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::session::SessionId;
use crate::store::bare::bare;
use crate::store::connection::lending::lend;
use crate::store::connection::pool::{Connection, Pool};
use crate::store::connection::statement::Sql;
use crate::store::error::Error;
use crate::store::request::grouping::{Grouping, Leader};

static TOUCH: Sql = Sql::new(include_str!("../sql/touch.sql"), &[Type::UUID_ARRAY]);

/// How many statements are under way before a note has to wait. No request waits for a note.
const STATEMENTS_MAX: usize = 1;

const ACTIVITY_AHEAD: &str = bare(include_str!("../sql/activity_ahead.sql"));

/// Notes the activity of a ledger's sessions.
pub(crate) struct Activity {
    pool: Pool,
    grouping: Grouping<Uuid>,
}

impl Activity {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, grouping: Grouping::new(STATEMENTS_MAX) }
    }

    /// Notes that a session was seen. This does not wait. The note may fail: the next request makes another.
    pub(crate) fn note(&self, session: SessionId) {
        if let Some(leader) = self.grouping.join(session.as_uuid()) {
            tokio::spawn(work(self.pool.clone(), leader));
        }
    }
}

/// Sends statements until there is nothing more to note.
async fn work(pool: Pool, mut leader: Leader<Uuid>) {
    while let Some(sessions) = leader.next() {
        let noting = lend(&pool, async |connection: &Connection| touch(connection, &sessions).await);
        if let Err(error) = noting.await {
            tracing::warn!(%error, sessions = sessions.len(), "the activity of sessions was not noted");
        }
    }
}

async fn touch(connection: &Connection, sessions: &[Uuid]) -> Result<(), Error> {
    TOUCH.query(connection, &[&sessions]).await?;
    Ok(())
}

/// The sessions that were last seen in the future, and when.
pub(super) async fn seen_ahead(client: &Client) -> Result<Vec<(SessionId, String)>, Error> {
    let rows = client.query(ACTIVITY_AHEAD, &[]).await?;
    let seen = |row: &Row| Ok((row.try_get::<_, Uuid>("session_id")?.into(), row.try_get("last_seen")?));
    rows.iter().map(seen).collect()
}
