//! Following the log by named subscriptions. Each remembers its place in the log.

use std::fmt;

use super::Ledger;
use super::committed::Commits;
use crate::store::connection::deadline::answered;
use crate::store::connection::lending::Lent;
use crate::store::connection::pool::{Connection, Pool};
use crate::store::connection::watched::watched;
use crate::store::log::checkpoint;
use crate::store::log::feed;
use crate::store::log::lease::{self, Lease};

pub use checkpoint::Refusal;
pub use feed::Batch;
pub use lease::FeedError;

/// How many seconds a lease lasts. After a holder was killed, another has to wait until its lease runs out.
/// The same holder may come back at once under its own name.
pub(super) const LEASE_SECONDS: f64 = 30.0;

/// A named follower's place in the log. One process holds it at a time.
///
/// ```no_run
/// # use session_ledger::ledger::{FeedError, Ledger};
/// # async fn example(ledger: Ledger) -> Result<(), FeedError> {
/// let mut subscription = ledger.subscription("mailer", "host-1").await?;
/// let batch = subscription.next_batch(100).await?;
/// for recorded in &batch.events {
///     println!("{} {}", recorded.session_id, recorded.entry.encoded.kind());
/// }
/// subscription.checkpoint(batch).await?;
/// # Ok(()) }
/// ```
///
/// An event is delivered as it is stored. If it does not name its client
/// ([`Recorded::client`](crate::session::Recorded::client)), its client is the one that the latest event of
/// its session names. Events about who is signed in and how a session lives always name their client.
///
/// An event is delivered again, with the same id, if its batch was not checkpointed. None is ever skipped,
/// and none is delivered that was not committed. The events of a session come in the order of their versions,
/// apart from repeats. No transaction is open between the calls. A subscription keeps one connection as long
/// as it lives, so that it cannot outlive a failover unnoticed: after [`FeedError::Store`] or
/// [`FeedError::LeaseLost`] open it again.
///
/// A subscription has a [filter](crate::session::FeedFilter), and skips the events of sessions that wait
/// behind a [refused one](Self::checkpoint_refusing). Their events come in batches of their own once
/// [somebody asks for them](Ledger::replay_dead_letters).
pub struct Subscription {
    client: Lent,
    pool: Pool,
    lease: Lease,
    commits: Commits,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("lease", &self.lease).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the subscription `name` for `holder`, a name that no other process should have. A new
    /// subscription starts at the beginning of the log. The lease lasts 30 seconds, and each checkpoint
    /// renews it. A process that opens the subscription under the same holder's name shuts the one before
    /// out. Where the name comes from a person, [`existing_subscription`](Self::existing_subscription) makes
    /// no new one of a typo.
    ///
    /// # Errors
    ///
    /// Another holder has it ([`FeedError::Held`]), or it is closed ([`FeedError::Closed`]); this server
    /// cannot be followed ([`FeedError::Standby`], [`FeedError::TransactionIdsRestarted`]); the database is
    /// away, or the role is not granted `session_ledger_relay`.
    pub async fn subscription(&self, name: &str, holder: &str) -> Result<Subscription, FeedError> {
        let opening = async {
            let client = Lent::of(self.client().await?);
            let lease = lease::open(client.client(), name, holder, LEASE_SECONDS).await?;
            Ok(Subscription::new(client, self, lease))
        };
        answered(async { Ok(opening.await) }).await?
    }
}

impl Subscription {
    pub(super) fn new(client: Lent, ledger: &Ledger, lease: Lease) -> Self {
        Self { client, pool: ledger.pool().clone(), lease, commits: ledger.0.teller.commits() }
    }

    /// The next events: at most `limit` (at least 1), and the rest of the events of the last one's
    /// transaction. Without [news](Batch::is_news) there is nothing to checkpoint. Until the batch is
    /// checkpointed, its events come again.
    ///
    /// # Errors
    ///
    /// The lease is lost, or the database is away.
    pub async fn next_batch(&mut self, limit: u32) -> Result<Batch, FeedError> {
        self.commits.forget();
        // A large batch takes its time.
        watched(&self.pool, feed::next_batch(self.client.client(), &self.lease, limit)).await
    }

    /// The events behind a batch that is not checkpointed yet, so that one can be read while the other is
    /// delivered or checkpointed. Its checkpoint is good for both: checkpoint them in their order, or the
    /// later one alone.
    ///
    /// It has no [news](Batch::is_news) where the next batch is one of its own, as that of a session which is
    /// [replayed](Ledger::replay_dead_letters).
    ///
    /// # Errors
    ///
    /// As [`next_batch`](Self::next_batch).
    pub async fn next_batch_behind(&self, batch: &Batch, limit: u32) -> Result<Batch, FeedError> {
        watched(&self.pool, feed::next_batch_behind(self.client.client(), &self.lease, batch, limit)).await
    }

    /// Remembers that a batch was delivered, and renews the lease.
    ///
    /// # Errors
    ///
    /// The lease is lost, or the database is away; then the batch comes again, to whoever opens the
    /// subscription next.
    pub async fn checkpoint(&self, batch: Batch) -> Result<(), FeedError> {
        let checkpointing = checkpoint::checkpoint(self.client.client(), &self.lease, &batch);
        answered(async { Ok(checkpointing.await) }).await?
    }

    /// As [`checkpoint`](Self::checkpoint), for a batch of which some events can never be delivered: each is
    /// kept as a [dead letter](Ledger::dead_letters), and the later events of its session wait behind it, so
    /// that the session's order holds. So of each session one event at most is refused, and those behind it
    /// are to be left undelivered.
    ///
    /// ```no_run
    /// # use session_ledger::ledger::{FeedError, Refusal, Subscription};
    /// # use session_ledger::session::Recorded;
    /// # async fn example(
    /// #     mut subscription: Subscription,
    /// #     send: impl Fn(&Recorded) -> Result<(), String>,
    /// # ) -> Result<(), FeedError> {
    /// let batch = subscription.next_batch(100).await?;
    /// let mut refused: Vec<Refusal> = Vec::new();
    /// for recorded in &batch.events {
    ///     if refused.iter().any(|one| one.session == recorded.session_id) {
    ///         continue;
    ///     }
    ///     if let Err(reason) = send(recorded) {
    ///         refused.push(Refusal::of(recorded, reason));
    ///     }
    /// }
    /// subscription.checkpoint_refusing(batch, &refused).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`checkpoint`](Self::checkpoint).
    pub async fn checkpoint_refusing(&self, batch: Batch, refused: &[Refusal]) -> Result<(), FeedError> {
        if refused.is_empty() {
            return self.checkpoint(batch).await;
        }
        let refusing = checkpoint::refuse(self.client.client(), &self.lease, Some(&batch), refused);
        answered(async { Ok(refusing.await) }).await?
    }

    /// Waits until this process has committed an event since the last batch was read. What other processes
    /// commit does not count: wait a while at most, then look again.
    ///
    /// ```no_run
    /// # use session_ledger::ledger::{FeedError, Subscription};
    /// # async fn example(mut subscription: Subscription) -> Result<(), FeedError> {
    /// loop {
    ///     let batch = subscription.next_batch(100).await?;
    ///     if batch.is_news() {
    ///         subscription.checkpoint(batch).await?;
    ///     } else {
    ///         let pause = std::time::Duration::from_millis(100);
    ///         tokio::time::timeout(pause, subscription.committed()).await.ok();
    ///     }
    /// }
    /// # }
    /// ```
    pub async fn committed(&mut self) {
        self.commits.next().await;
    }

    /// Renews the lease, for a follower that has had nothing to checkpoint for a while.
    ///
    /// # Errors
    ///
    /// The lease is lost, or the database is away.
    pub async fn renew(&mut self) -> Result<(), FeedError> {
        answered(async { Ok(checkpoint::renew(self.client.client(), &self.lease).await) }).await?
    }

    /// Closes the subscription, as its other side wants no more events for good. Nobody can open it then,
    /// until an operator [lets it go on](Ledger::reopen_subscription). At most
    /// [`REASON_BYTES_MAX`](Refusal::REASON_BYTES_MAX) of the reason are kept.
    ///
    /// # Errors
    ///
    /// The lease is lost, or the database is away; then it is open.
    pub async fn close(self, reason: &str) -> Result<(), FeedError> {
        answered(async { Ok(lease::close(self.client.client(), &self.lease, reason).await) }).await?
    }

    /// Gives the lease back, so that another holder need not wait for it to run out.
    ///
    /// # Errors
    ///
    /// The lease is lost already, or the database is away.
    pub async fn release(self) -> Result<(), FeedError> {
        self.give_back().await
    }

    pub(super) async fn give_back(&self) -> Result<(), FeedError> {
        answered(async { Ok(lease::release(self.client.client(), &self.lease).await) }).await?
    }

    pub(super) fn connection(&self) -> &Connection {
        self.client.client()
    }

    pub(super) fn lease(&self) -> &Lease {
        &self.lease
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Closes the connection, on which a transaction may be open. Only to be called before this is dropped.
    pub(super) fn discard(&mut self) {
        self.client.discard();
    }
}
