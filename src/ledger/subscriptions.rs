//! The subscriptions of the feed: listed, made, opened only if they are there, moved and removed.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use time::OffsetDateTime;
use tokio::time::sleep;

use super::feed::LEASE_SECONDS;
use super::{Error, FeedError, Ledger, Subscription, SubscriptionError, SubscriptionSummary};
use crate::session::FeedFilter;
use crate::store::connection::deadline::answered;
use crate::store::connection::lending::Lent;
use crate::store::connection::watched::watched;
use crate::store::log::checkpoint;
use crate::store::log::lease::Lease;
use crate::store::log::subscriptions::{self, Move};
use crate::store::projection::own::place;

/// The time between two renewals of a lease that is held for a long statement.
const RENEWAL: Duration = Duration::from_secs(10);

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

    /// The names of those subscriptions that projections follow the feed by: see [`follow`](Self::follow).
    ///
    /// # Errors
    ///
    /// The database is away, or the role may not read them: the roles of the relay and the auditor may.
    pub async fn followed_projections(&self) -> Result<Vec<String>, Error> {
        self.lend(async |connection| place::names(connection).await).await
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
    /// There is no subscription of that name, or it is closed; else as [`subscription`](Self::subscription).
    pub async fn existing_subscription(
        &self,
        name: &str,
        holder: &str,
    ) -> Result<Subscription, SubscriptionError> {
        let opening = async {
            let client = Lent::of(self.client().await?);
            let lease = subscriptions::take(client.client(), name, holder, LEASE_SECONDS).await?;
            Ok(Subscription::new(client, self, lease))
        };
        answered(async { Ok(opening.await) }).await?
    }

    /// Makes a subscription that is delivered what `filter` lets pass, from the beginning of the log on. The
    /// filter is stored, so that all who open the subscription agree. Says whether there was none of that
    /// name; one that is there stays as it is.
    ///
    /// # Errors
    ///
    /// The database is away, or the role is not granted `session_ledger_relay`.
    pub async fn create_subscription(&self, name: &str, filter: &FeedFilter) -> Result<bool, Error> {
        self.lend(async |connection| subscriptions::create(connection, name, filter).await).await
    }

    /// Gives a subscription another filter. It counts from the holder's next batch on; what was left out
    /// before does not come again by itself.
    ///
    /// # Errors
    ///
    /// There is none of that name, the database is away, or the role is not granted `session_ledger_relay`.
    pub async fn set_subscription_filter(
        &self,
        name: &str,
        filter: &FeedFilter,
    ) -> Result<(), SubscriptionError> {
        let changing = async {
            let client = Lent::of(self.client().await?);
            subscriptions::set_filter(client.client(), name, filter).await
        };
        answered(async { Ok(changing.await) }).await?
    }

    /// Moves a subscription back, so that the events recorded since `from` come again, with the same ids; all
    /// of them without a moment. Events of the same transactions from just before may come, too. Parked
    /// sessions go on to wait. Tells how many events come again. Other subscriptions stay where they are.
    ///
    /// Whoever holds the subscription loses their lease, and opens it again. `holder` is a name that no other
    /// process has: others see it while the cursor is being moved.
    ///
    /// # Errors
    ///
    /// There is none of that name, this server cannot be followed, the database is away, or the role is not
    /// granted `session_ledger_relay`.
    pub async fn rewind_subscription(
        &self,
        name: &str,
        holder: &str,
        from: Option<OffsetDateTime>,
    ) -> Result<i64, SubscriptionError> {
        self.move_subscription(name, holder, Move::Back(from)).await
    }

    /// Moves a subscription to the end of the log: what it was not delivered by now it never is. Tells how
    /// many events these are. Else as [`rewind_subscription`](Self::rewind_subscription).
    ///
    /// # Errors
    ///
    /// As [`rewind_subscription`](Self::rewind_subscription).
    pub async fn forward_subscription(&self, name: &str, holder: &str) -> Result<i64, SubscriptionError> {
        self.move_subscription(name, holder, Move::ToEnd).await
    }

    /// A large log takes its time, so the lease is renewed meanwhile: whoever is killed on the way holds it
    /// no longer than a relay would.
    async fn move_subscription(&self, name: &str, holder: &str, to: Move) -> Result<i64, SubscriptionError> {
        let client = Lent::of(self.client().await?);
        let seizing = subscriptions::seize(client.client(), name, holder, LEASE_SECONDS);
        let lease = watched(self.pool(), seizing).await?;
        let moving = watched(self.pool(), subscriptions::move_cursor(client.client(), &lease, to));
        let (moving, renewing) = (pin!(moving), pin!(self.keep_renewing(&lease)));
        match select(moving, renewing).await {
            Either::Left((moved, _)) => moved,
            Either::Right((never, _)) => match never {},
        }
    }

    /// Renews a lease over another connection, again and again. Where that fails, the lease may run out: then
    /// the statement that it is held for changes nothing.
    async fn keep_renewing(&self, lease: &Lease) -> Infallible {
        loop {
            sleep(RENEWAL).await;
            let renewing = async {
                let client = Lent::of(self.client().await?);
                Ok(checkpoint::renew(client.client(), lease).await)
            };
            if let Ok(Err(error)) | Err(error) = answered(renewing).await.map_err(FeedError::from) {
                tracing::warn!("the lease of subscription `{}` was not renewed: {error}", lease.name);
            }
        }
    }

    /// Lets a subscription go on that was [closed](Subscription::close), from where it was. Says whether it
    /// was closed.
    ///
    /// # Errors
    ///
    /// There is none of that name, the database is away, or the role is not granted `session_ledger_relay`.
    pub async fn reopen_subscription(&self, name: &str) -> Result<bool, SubscriptionError> {
        let opening = async {
            let client = Lent::of(self.client().await?);
            Ok(subscriptions::reopen(client.client(), name).await)
        };
        answered(opening).await?
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
