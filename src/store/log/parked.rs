//! The events of parked sessions, which wait behind a dead letter.

use std::collections::{HashMap, HashSet};

use deadpool_postgres::ClientWrapper;
use uuid::Uuid;

use super::history::recorded;
use super::snapshot::Snapshot;
use crate::session::{Recorded, SessionId};
use crate::store::bare::bare;
use crate::store::error::Error;

const DUE_EVENTS: &str = bare(include_str!("../sql/feed_due_events.sql"));
const HELD_BACK: &str = bare(include_str!("../sql/feed_held_back.sql"));

/// What is not to be delivered of some sessions.
pub(super) struct HeldBack {
    /// Parked sessions, and from which version on.
    parked: HashMap<SessionId, i64>,
    /// Events that were given up.
    skipped: HashSet<(SessionId, i64)>,
}

impl HeldBack {
    pub(super) fn holds(&self, recorded: &Recorded) -> bool {
        let (session, version) = (recorded.session_id, recorded.entry.version);
        self.parked.get(&session).is_some_and(|from| version >= *from)
            || self.skipped.contains(&(session, version))
    }
}

/// What is not to be delivered of the sessions of some events.
pub(super) async fn held_back(
    client: &ClientWrapper,
    subscription: &str,
    events: &[Recorded],
) -> Result<HeldBack, Error> {
    let sessions: HashSet<Uuid> = events.iter().map(|recorded| recorded.session_id.as_uuid()).collect();
    let sessions: Vec<_> = sessions.into_iter().collect();
    let statement = client.prepare_cached(HELD_BACK).await?;
    let mut held_back = HeldBack { parked: HashMap::new(), skipped: HashSet::new() };
    for row in client.query(&statement, &[&subscription, &sessions]).await? {
        let (session, version) =
            (SessionId::from(row.try_get::<_, Uuid>("session_id")?), row.try_get("version")?);
        if row.try_get("is_parked")? {
            held_back.parked.insert(session, version);
        } else {
            held_back.skipped.insert((session, version));
        }
    }
    Ok(held_back)
}

/// At most `limit` events of a session from a version on that lie before a cursor, in order.
pub(super) async fn due_events(
    client: &ClientWrapper,
    session: Uuid,
    from_version: i64,
    (cursor, epoch): (&Snapshot, i16),
    limit: u32,
) -> Result<Vec<Recorded>, Error> {
    let statement = client.prepare_cached(DUE_EVENTS).await?;
    let rows =
        client.query(&statement, &[&session, &from_version, cursor, &epoch, &i64::from(limit)]).await?;
    rows.iter().map(recorded).collect()
}
