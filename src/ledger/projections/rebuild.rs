//! Deriving a projection of an application's anew.

use super::super::{Ledger, Progress, Subscription};
use super::error::ProjectionError;
use super::replay::Replay;
use crate::store::log::checkpoint;
use crate::store::patience::{Patience, is_locked};
use crate::store::projection::own::{Projection, parking};

/// Begins the transaction that changes the tables. Their locks are waited for a moment only, see
/// `patience.rs`. NOT DEFERRABLE is explained in `sql/begin.sql`.
const BEGIN: &str = "begin isolation level read committed, not deferrable; set local statement_timeout = 0; set local lock_timeout = '100ms'";

impl Ledger {
    /// Derives the tables of a projection anew: say after its code has changed, or they were damaged. Returns
    /// how many rows went or came.
    ///
    /// The log is told again into temporary tables, as [`verify_projection`](Self::verify_projection) does,
    /// while the application goes on. Then all rows that are not as the log says change in one transaction: a
    /// reader sees the old tables or the new ones. Whatever stops it before leaves them as they were.
    ///
    /// Of a followed projection it takes the lease for `holder`, so its follower has to give it back first
    /// ([`Followed::release`](crate::ledger::Followed::release)) and goes on afterwards where it was. Events
    /// that were parked are tried again; those that are refused now are parked. Of an inline one, writers of
    /// the tables wait for the last step.
    ///
    /// # Errors
    ///
    /// As [`verify_projection`](Self::verify_projection); or somebody holds the subscription, or the tables.
    pub async fn rebuild_projection(
        &self,
        projection: &dyn Projection,
        holder: &str,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<u64, ProjectionError> {
        let mut replay = Replay::begin(self, projection, progress).await?;
        if replay.is_inline() {
            replay.tell(async || Ok(())).await?;
            return replay.replace_locked(projection.name()).await;
        }
        let mut subscription = self.subscription(projection.name(), holder).await?;
        replay.tell(async || Ok(subscription.renew().await?)).await?;
        let rows = replay.replace_held(projection.name(), &subscription).await?;
        subscription.release().await?;
        Ok(rows)
    }
}

impl<T: FnMut(Progress) + Send> Replay<'_, T> {
    /// Of a followed projection, whose checkpoint stays where it is as long as the lease is held.
    async fn replace_held(
        &mut self,
        name: &str,
        subscription: &Subscription,
    ) -> Result<u64, ProjectionError> {
        self.client.run(BEGIN).await?;
        let checking = async { Ok(checkpoint::renew(&self.client, subscription.lease()).await) };
        self.client.step(checking).await??;
        self.tell_rest().await?;
        let rows = self.replace().await?;
        self.client.step(parking::unpark(&self.client, name, None)).await?;
        if !self.refused.is_empty() {
            let refusing = checkpoint::refuse(&self.client, subscription.lease(), None, &self.refused);
            self.client.step(async { Ok(refusing.await) }).await??;
        }
        self.client.run("commit").await?;
        Ok(rows)
    }

    /// Of an inline projection, whose writers are kept out meanwhile: what they have committed before can be
    /// seen once the tables are locked.
    async fn replace_locked(&mut self, name: &'static str) -> Result<u64, ProjectionError> {
        let mut patience = Patience::new();
        loop {
            self.client.run(BEGIN).await?;
            let locking = async {
                for table in &self.tables {
                    table.lock(&self.client).await?;
                }
                Ok(())
            };
            match self.client.step(locking).await {
                Ok(()) => break,
                Err(error) if !is_locked(&error) => return Err(error.into()),
                Err(_) => self.client.run("rollback").await?,
            }
            if !patience.allows_another_try().await {
                return Err(ProjectionError::Locked { name });
            }
        }
        self.tell_rest().await?;
        let rows = self.replace().await?;
        self.client.run("commit").await?;
        Ok(rows)
    }

    async fn replace(&self) -> Result<u64, ProjectionError> {
        let mut rows = 0;
        for table in &self.tables {
            rows += self.client.step(table.replace(&self.client)).await?;
        }
        Ok(rows)
    }
}
