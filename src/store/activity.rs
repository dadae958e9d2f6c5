//! When sessions were last seen: noted in the background, those of many requests in one statement.

use tokio_postgres::types::Type;
use uuid::Uuid;

use super::connection::{Connection, Pool};
use super::error::Error;
use super::lend::lend;
use super::line::{Line, Turn};
use super::pool::answered;
use super::statement::Sql;
use crate::session::SessionId;

static TOUCH: Sql = Sql::new(include_str!("sql/touch.sql"), &[Type::UUID_ARRAY]);

/// How many statements are under way before a note has to wait. Nobody waits for the notes.
const STATEMENTS_MAX: usize = 1;

/// A ledger's notes.
pub(crate) struct Activity {
    pool: Pool,
    line: Line<Uuid>,
}

impl Activity {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, line: Line::new(STATEMENTS_MAX) }
    }

    /// Notes that a session was seen. Nobody waits for it, and it may fail: the next request notes it again.
    pub(crate) fn note(&self, session: SessionId) {
        if let Some(turn) = self.line.stand(session.as_uuid()) {
            tokio::spawn(work(self.pool.clone(), turn));
        }
    }
}

/// Sends statements until there is nothing to be noted.
async fn work(pool: Pool, mut turn: Turn<Uuid>) {
    while let Some(sessions) = turn.next() {
        let noting = lend(&pool, async |connection: &Connection| touch(connection, &sessions).await);
        if let Err(error) = answered(noting).await {
            tracing::warn!(%error, sessions = sessions.len(), "the activity of sessions was not noted");
        }
    }
}

async fn touch(connection: &Connection, sessions: &[Uuid]) -> Result<(), Error> {
    TOUCH.query(connection, &[&sessions]).await?;
    Ok(())
}
