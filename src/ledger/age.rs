//! Rows beside the log, and clients in it, that are past their limits.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Error, Ledger};
use crate::store::aging::{Aging, Batch, age, age_activity, age_ended, redact_clients};

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
    /// Addresses and browsers: of sessions after their end, in the log and in the rows that follow from
    /// it, and of failed logins.
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
    /// Events of the log likewise. The chain of hashes goes by a digest in their place.
    pub event_clients: u64,
    /// Sessions that are past the limit and keep theirs, as an older version wrote one of their events: these
    /// leave with their month.
    pub kept_clients: u64,
}

impl Ledger {
    /// Deletes rows beside the log that are past their limits, in batches. Rows that follow from events of
    /// the log stay, as a rebuild would bring them back: of ended sessions and logins those alone are
    /// deleted whose month is in an archive ([`drop_partition`](Self::drop_partition)). Addresses and
    /// browsers leave the log itself: an event keeps a digest of its client, without the salt that was part
    /// of it, so that the chain of hashes still holds. Only an older backup or archive still has them.
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
        aged.clients = self.age_rows(Aging::FailedClients, limits.clients.map(before)).await?;
        if let Some(limit) = limits.clients {
            self.redact_clients(before(limit), &mut aged).await?;
        }
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

    /// Takes the clients out of all sessions that ended before a moment.
    async fn redact_clients(&self, before: OffsetDateTime, aged: &mut Aged) -> Result<(), Error> {
        let mut after = (OffsetDateTime::UNIX_EPOCH, Uuid::nil());
        let next =
            async |after| self.lend(async |connection| redact_clients(connection, before, after).await).await;
        while let Some(redacted) = next(after).await? {
            after = redacted.reached;
            aged.event_clients += redacted.events;
            aged.clients += redacted.derived;
            aged.kept_clients += redacted.kept;
        }
        Ok(())
    }

    /// Ages all rows of before a moment, if there is one.
    async fn age_rows(&self, what: Aging, before: Option<OffsetDateTime>) -> Result<u64, Error> {
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
