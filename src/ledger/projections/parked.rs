//! The events that a follower's handler refuses, listed.

use super::super::{Error, Ledger};
use crate::session::EventId;
use crate::store::projection::own::parking::{self, ParkedEvent};

impl Ledger {
    /// The events that a projection refuses ([`Ledger::follow`]), by their ids: at most `limit`, behind the
    /// event `after`. The later events of their sessions wait, until [`Followed::resume`].
    ///
    /// [`Followed::resume`]: crate::ledger::Followed::resume
    ///
    /// # Errors
    ///
    /// The database is away, or the role is granted neither `session_ledger_relay` nor
    /// `session_ledger_auditor`.
    pub async fn parked_events(
        &self,
        projection: &str,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<ParkedEvent>, Error> {
        self.lend(async |connection| parking::page(connection, projection, after, limit).await).await
    }
}
