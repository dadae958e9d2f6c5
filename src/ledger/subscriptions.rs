//! The subscriptions of the feed: listed, opened only if they are there, and removed.

use super::feed::LEASE_SECONDS;
use super::{Error, Ledger, Subscription, SubscriptionError, SubscriptionSummary};
use crate::store::connection::deadline::answered;
use crate::store::connection::lending::Lent;
use crate::store::log::subscriptions;

impl Ledger {
    /// All subscriptions by their names, with how far each lags behind the log.
    ///
    /// # Errors
    ///
    /// The database is away, or the role may not read them: the roles of the relay, the auditor and the
    /// operator may.
    pub async fn subscriptions(&self) -> Result<Vec<SubscriptionSummary>, Error> {
        self.lend(async |connection| subscriptions::list(connection).await).await
    }

    /// Opens a subscription as [`subscription`](Self::subscription) does, but makes none: a name with a typo
    /// would follow the log from its beginning.
    ///
    /// ```no_run
    /// # use session_ledger::ledger::{Ledger, SubscriptionError};
    /// # async fn example(ledger: Ledger) -> Result<(), SubscriptionError> {
    /// match ledger.existing_subscription("mailer", "host-1").await {
    ///     Err(SubscriptionError::Unknown { known, .. }) => println!("there are {known:?}"),
    ///     opened => drop(opened?),
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// There is no subscription of that name; else as [`subscription`](Self::subscription).
    pub async fn existing_subscription(
        &self,
        name: &str,
        holder: &str,
    ) -> Result<Subscription, SubscriptionError> {
        let opening = async {
            let client = Lent::of(self.client().await?);
            let lease = subscriptions::take(client.client(), name, holder, LEASE_SECONDS).await?;
            Ok(Subscription::new(client, self.pool(), lease))
        };
        answered(async { Ok(opening.await) }).await?
    }

    /// Removes a subscription with its place in the log. Opened again under this name, it starts at the
    /// beginning.
    ///
    /// # Errors
    ///
    /// There is none of that name, somebody holds it, the database is away, or the role is not granted
    /// `session_ledger_operator`.
    pub async fn drop_subscription(&self, name: &str) -> Result<(), SubscriptionError> {
        let removing = async {
            let client = Lent::of(self.client().await?);
            subscriptions::remove(client.client(), name).await
        };
        answered(async { Ok(removing.await) }).await?
    }
}
