//! A projection that follows the feed: each batch is applied in the transaction that moves the checkpoint.

use std::fmt;

use super::super::feed::Subscription;
use super::super::retry::backoff;
use super::super::{Batch, Ledger};
use super::error::ProjectionError;
use crate::session::{Recorded, SessionId};
use crate::store::connection::watched::watched;
use crate::store::error::{Error, Prospect};
use crate::store::log::checkpoint::{self, Refusal};
use crate::store::log::feed::Cursor;
use crate::store::projection::own::Projection;
use crate::store::projection::own::applying::{Applied, Applying, Delivered, Waiting};
use crate::store::projection::own::{parking, place};

/// How often a batch is tried together before its events are tried one by one, and the refused ones parked.
const TRIES: u32 = 5;

/// Begins a transaction that ends with the checkpoint. NOT DEFERRABLE is explained in `sql/begin.sql`.
const BEGIN: &str = "begin isolation level read committed, not deferrable";

/// Has a constraint that is checked at COMMIT checked with its statement, so that the event can be named.
const CHECK_AT_ONCE: &str = "set constraints all immediate";

/// A projection that follows the feed: see [`Ledger::follow`].
pub struct Followed<P> {
    projection: P,
    subscription: Subscription,
    /// What lies before it is told again.
    mark: Cursor,
    /// Whether a transaction may be open on the connection.
    is_open: bool,
}

/// What a [step](Followed::step) has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// How many events the checkpoint has passed.
    pub events: u64,
    /// How many of them were refused, and are parked.
    pub parked: u64,
    /// How many of them wait behind one that this step has parked. Later events of that session are not even
    /// read, until it goes on.
    pub waiting: u64,
    /// Whether the log holds no further event.
    pub is_up_to_date: bool,
}

impl Ledger {
    /// Follows the feed with a projection, for `holder`, a name that no other process should have: see
    /// [`subscription`](Self::subscription). The subscription has the projection's name.
    ///
    /// The first time it begins with the first event of the log, and its tables should be empty. All events
    /// that had happened by then are [replayed](crate::ledger::Fact::is_replayed).
    ///
    /// ```no_run
    /// # use session_ledger::ledger::{Ledger, Projection, ProjectionError};
    /// # async fn example(ledger: Ledger, logins_per_day: impl Projection) -> Result<(), ProjectionError> {
    /// let mut followed = ledger.follow(logins_per_day, "host-1").await?;
    /// loop {
    ///     if followed.step(500).await?.is_up_to_date {
    ///         tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Another holder follows it, the database is away, or the role lacks rights: it needs
    /// `session_ledger_relay`, and its own on the tables.
    pub async fn follow<P: Projection>(
        &self,
        projection: P,
        holder: &str,
    ) -> Result<Followed<P>, ProjectionError> {
        let subscription = self.subscription(projection.name(), holder).await?;
        let marking = place::mark(subscription.connection(), projection.name());
        let mark = watched(self.pool(), marking).await?;
        Ok(Followed { projection, subscription, mark, is_open: false })
    }
}

impl<P: Projection> Followed<P> {
    /// Applies the next events, at most `limit` and the rest of the last one's transaction, and moves the
    /// checkpoint behind them, in one transaction: each event takes effect once, whatever happens in between.
    ///
    /// If an event is refused, all are tried again, after short pauses. Then they are tried one by one: the
    /// refused one is parked with the reason, and the later events of its session wait. All others go on.
    ///
    /// # Errors
    ///
    /// The lease is lost, or the database is away: follow it anew. If this is dropped on its way, the events
    /// have taken effect or come again.
    pub async fn step(&mut self, limit: u32) -> Result<Step, ProjectionError> {
        self.roll_back().await?;
        let batch = self.subscription.next_batch(limit).await?;
        if let Some(session) = batch.parked_session() {
            let events = self.resume(session).await?;
            return Ok(Step { events, ..Step::default() });
        }
        if batch.events.is_empty() {
            let is_up_to_date = batch.is_up_to_date();
            self.subscription.checkpoint(batch).await?;
            return Ok(Step { is_up_to_date, ..Step::default() });
        }
        for attempt in 1..=TRIES {
            let error = match self.apply(&batch, Mode::Together).await {
                Ok(step) => return Ok(step),
                Err(error) => error,
            };
            if !is_worth_another(&error) {
                return Err(error);
            }
            self.roll_back().await?;
            if matches!(error.of_store(), Some(Error::Outdated(_))) {
                self.subscription.connection().forget_statements();
            }
            tokio::time::sleep(backoff(attempt)).await;
        }
        self.apply(&batch, Mode::Apart).await
    }

    /// Applies the events of a parked session that wait, once whatever has made the first one fail is put
    /// right, say the projection's code. Says how many were applied. If one is refused again, the session is
    /// parked again from there on.
    ///
    /// They are read page by page, and take effect together.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step).
    pub async fn resume(&mut self, session: SessionId) -> Result<u64, ProjectionError> {
        self.roll_back().await?;
        self.is_open = true;
        let resumed = watched(self.subscription.pool(), self.resuming(session)).await?;
        self.commit().await?;
        Ok(resumed)
    }

    /// Gives the lease back, so that another holder need not wait for it to run out.
    ///
    /// # Errors
    ///
    /// The lease is lost already, or the database is away.
    pub async fn release(mut self) -> Result<(), ProjectionError> {
        self.roll_back().await?;
        Ok(self.subscription.give_back().await?)
    }

    async fn apply(&mut self, batch: &Batch, mode: Mode) -> Result<Step, ProjectionError> {
        self.is_open = true;
        let Applied { refused, waiting } =
            watched(self.subscription.pool(), self.applying(batch, mode)).await?;
        self.commit().await?;
        let (events, parked) = (batch.events.len() as u64, refused.len() as u64);
        Ok(Step { events, parked, waiting, is_up_to_date: batch.is_up_to_date() })
    }

    /// Does in a transaction what a batch is about.
    async fn applying(&self, batch: &Batch, mode: Mode) -> Result<Applied, ProjectionError> {
        let client = self.subscription.connection();
        self.begin(Some(batch)).await?;
        let events: Vec<_> = batch.events.iter().map(|recorded| self.told(recorded, batch.epoch())).collect();
        let applied = match mode {
            Mode::Together => {
                self.writing().together(&events).await?;
                Applied::default()
            }
            Mode::Apart => {
                client.batch_execute(CHECK_AT_ONCE).await?;
                self.writing().apart(&events, &mut Waiting::new()).await?
            }
        };
        self.park(&applied.refused).await?;
        Ok(applied)
    }

    async fn resuming(&self, session: SessionId) -> Result<u64, ProjectionError> {
        let (client, name) = (self.subscription.connection(), self.projection.name());
        self.begin(None).await?;
        client.batch_execute(CHECK_AT_ONCE).await?;
        let (mut applied, mut resumed) = (Applied::default(), 0);
        let mut after = 0;
        // The rest waits behind a refused event.
        while applied.refused.is_empty() {
            let recorded = parking::events_waiting(client, name, session, after).await?;
            let Some((last, _)) = recorded.last() else { break };
            after = last.entry.version;
            let events: Vec<_> =
                recorded.iter().map(|(recorded, epoch)| self.told(recorded, *epoch)).collect();
            applied = self.writing().apart(&events, &mut Waiting::new()).await?;
            resumed += (events.len() - applied.refused.len()) as u64 - applied.waiting;
        }
        parking::unpark(client, name, Some(session)).await?;
        self.park(&applied.refused).await?;
        Ok(resumed)
    }

    /// Puts refused events aside, in the transaction that is open.
    async fn park(&self, refused: &[Refusal]) -> Result<(), ProjectionError> {
        if !refused.is_empty() {
            let (client, lease) = (self.subscription.connection(), self.subscription.lease());
            checkpoint::refuse(client, lease, None, refused).await?;
        }
        Ok(())
    }

    fn told<'a>(&self, recorded: &'a Recorded, epoch: i16) -> Delivered<'a> {
        Delivered { recorded, is_replayed: self.mark.has_passed(epoch, recorded.transaction_id) }
    }

    fn writing(&self) -> Applying<'_> {
        let client = self.subscription.connection();
        Applying { client, statements: client.statements(), projection: &self.projection }
    }

    /// Begins with the checkpoint: it locks the subscription, so that no other holder can apply the same
    /// events meanwhile, and tells whether the lease still holds.
    async fn begin(&self, batch: Option<&Batch>) -> Result<(), ProjectionError> {
        let client = self.subscription.connection();
        client.batch_execute(BEGIN).await?;
        let lease = self.subscription.lease();
        match batch {
            Some(batch) => checkpoint::checkpoint(client, lease, batch).await?,
            None => checkpoint::renew(client, lease).await?,
        }
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), ProjectionError> {
        self.send("commit").await?;
        self.is_open = false;
        Ok(())
    }

    /// Ends a transaction that was left open.
    async fn roll_back(&mut self) -> Result<(), ProjectionError> {
        if self.is_open {
            self.send("rollback").await?;
            self.is_open = false;
        }
        Ok(())
    }

    async fn send(&self, text: &str) -> Result<(), ProjectionError> {
        let client = self.subscription.connection();
        let sending = async { Ok::<_, Error>(client.batch_execute(text).await?) };
        Ok(watched(self.subscription.pool(), sending).await?)
    }
}

/// How the events of a batch are tried.
#[derive(Clone, Copy)]
enum Mode {
    Together,
    Apart,
}

/// Whether a batch is tried again: an event was refused, or a race lost.
fn is_worth_another(error: &ProjectionError) -> bool {
    error.of_store().is_some_and(|error| {
        matches!(error, Error::Projection { .. })
            || matches!(error.prospect(), Prospect::Good | Prospect::Outdated)
    })
}

/// The connection goes back to the pool only without a transaction.
impl<P> Drop for Followed<P> {
    fn drop(&mut self) {
        if self.is_open {
            self.subscription.discard();
        }
    }
}

impl<P: Projection> fmt::Debug for Followed<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followed").field("projection", &self.projection.name()).finish_non_exhaustive()
    }
}
