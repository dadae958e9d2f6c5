//! Noting in the background when sessions were last seen. One statement notes the sessions of many requests.

use std::collections::BTreeMap;

use time::OffsetDateTime;
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

static TOUCH: Sql = Sql::new(include_str!("../sql/touch.sql"), &[Type::UUID_ARRAY, Type::TIMESTAMPTZ_ARRAY]);

/// How many statements are under way before a note has to wait. No request waits for a note.
const STATEMENTS_MAX: usize = 1;

const ACTIVITY_AHEAD: &str = bare(include_str!("../sql/activity_ahead.sql"));

/// A session, and when it was seen.
type Visit = (Uuid, OffsetDateTime);

/// Notes the activity of a ledger's sessions.
pub(crate) struct Activity {
    pool: Pool,
    grouping: Grouping<Visit>,
}

impl Activity {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, grouping: Grouping::new(STATEMENTS_MAX) }
    }

    /// Notes that a session was seen at this time. This does not wait. The note may fail: the next request
    /// makes another. It may be written late, so it bears the time of the visit: it must not prolong the
    /// session by the delay.
    pub(crate) fn note(&self, session: SessionId, at: OffsetDateTime) {
        if let Some(leader) = self.grouping.join((session.as_uuid(), at)) {
            tokio::spawn(work(self.pool.clone(), leader));
        }
    }
}

/// Sends statements until there is nothing more to note.
async fn work(pool: Pool, mut leader: Leader<Visit>) {
    while let Some(visits) = leader.next() {
        let visits = latest(visits);
        let noting = lend(&pool, async |connection: &Connection| touch(connection, &visits).await);
        if let Err(error) = noting.await {
            tracing::warn!(%error, sessions = visits.len(), "the activity of sessions was not noted");
        }
    }
}

/// The latest visit to each session.
fn latest(visits: Vec<Visit>) -> BTreeMap<Uuid, OffsetDateTime> {
    let mut latest = BTreeMap::new();
    for (session, at) in visits {
        latest.entry(session).and_modify(|seen: &mut OffsetDateTime| *seen = at.max(*seen)).or_insert(at);
    }
    latest
}

async fn touch(connection: &Connection, visits: &BTreeMap<Uuid, OffsetDateTime>) -> Result<(), Error> {
    let (sessions, times): (Vec<Uuid>, Vec<OffsetDateTime>) = visits.iter().unzip();
    TOUCH.query(connection, &[&sessions, &times]).await?;
    Ok(())
}

/// The sessions that were last seen in the future, and when.
pub(super) async fn seen_ahead(client: &Client) -> Result<Vec<(SessionId, String)>, Error> {
    let rows = client.query(ACTIVITY_AHEAD, &[]).await?;
    let seen = |row: &Row| Ok((row.try_get::<_, Uuid>("session_id")?.into(), row.try_get("last_seen")?));
    rows.iter().map(seen).collect()
}
