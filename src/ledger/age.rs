//! Rows beside the log that are past their limits.

use time::Duration;
use uuid::Uuid;

use super::{Error, Ledger};
use crate::store::aging::{Aging, Batch, age, age_activity, age_ended};

/// For how long rows beside the log are kept; none for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgeLimits {
    /// Rows of ended sessions, and of their logins, whose events are in an archive: after the end.
    pub ended_sessions: Option<Duration>,
    /// Rows of logins whose events are in an archive, where they go before their sessions' rows.
    pub logins: Option<Duration>,
    /// Failed logins.
    pub failed_logins: Option<Duration>,
    /// When a session that is over was last seen; its end tells it too.
    pub activity: Option<Duration>,
    /// Addresses and browsers in all of these.
    pub clients: Option<Duration>,
}

/// How many rows were aged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Aged {
    /// Rows of ended sessions that were deleted.
    pub ended_sessions: u64,
    /// Rows of logins.
    pub logins: u64,
    /// Failed logins.
    pub failed_logins: u64,
    /// Notes of activity.
    pub activity: u64,
    /// Rows that have lost their address and browser, and stay.
    pub clients: u64,
}

impl Ledger {
    /// Deletes rows beside the log that are past their limits, in batches. Rows that follow from events of
    /// the log stay, as a rebuild would bring them back: of ended sessions and logins those alone are
    /// deleted whose month is in an archive ([`drop_partition`](Self::drop_partition)).
    ///
    /// # Errors
    ///
    /// The database is away, or the role is not granted `session_ledger_operator`. What was deleted stays so.
    pub async fn age(&self, limits: &AgeLimits) -> Result<Aged, Error> {
        let now = self.now().await?.at;
        let before = |limit: Duration| now.saturating_sub(limit);
        let mut aged = Aged::default();
        if let Some(limit) = limits.ended_sessions {
            loop {
                let aging = self.lend(async |connection| age_ended(connection, before(limit)).await);
                let (batch, steps) = aging.await?;
                aged.ended_sessions += batch.aged;
                aged.logins += steps;
                if !batch.goes_on {
                    break;
                }
            }
        }
        aged.logins += self.age_rows(Aging::LoginSteps, limits.logins.map(before)).await?;
        aged.failed_logins = self.age_rows(Aging::FailedLogins, limits.failed_logins.map(before)).await?;
        aged.clients = self.age_rows(Aging::Clients, limits.clients.map(before)).await?;
        if let Some(limit) = limits.activity {
            let mut after = Uuid::nil();
            let next = async |after| {
                self.lend(async |connection| age_activity(connection, after, before(limit)).await).await
            };
            while let Some((looked_to, deleted)) = next(after).await? {
                (after, aged.activity) = (looked_to, aged.activity + deleted);
            }
        }
        Ok(aged)
    }

    /// Ages all rows of before a moment, if there is one.
    async fn age_rows(&self, what: Aging, before: Option<time::OffsetDateTime>) -> Result<u64, Error> {
        let (Some(before), mut all) = (before, 0) else { return Ok(0) };
        loop {
            let Batch { aged, goes_on } =
                self.lend(async |connection| age(connection, what, before).await).await?;
            all += aged;
            if !goes_on {
                return Ok(all);
            }
        }
    }
}
