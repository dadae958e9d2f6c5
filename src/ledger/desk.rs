//! The desk: all that the cycle of a request asks of the store.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::{Error, Ledger, SessionSummary};
use crate::session::{
    ChainHash, Client, DatabaseTime, EndReason, Ending, Guard, Mark, Marking, Policy, Recorded, SessionId,
    Timeouts, UserId,
};
use crate::store::connection::pool::Connection;
use crate::store::log::history;
use crate::store::request::end_held::end_held;
use crate::store::request::load;
use crate::store::{seals, sessions};

use crate::token::SEALS_MAX;

pub(crate) use crate::store::connection::deadline::answered;
pub(crate) use crate::store::connection::statement::Sql;
pub(crate) use crate::store::error::{Prospect, cause};
pub(crate) use crate::store::request::append::{Append, Base};
pub(crate) use crate::store::request::group_commit::Basis;
pub(crate) use crate::store::request::load::{LiveSession, Loaded};
pub(crate) use crate::store::request::savepoint::Savepoint;
pub(crate) use crate::store::request::transaction::{Begun, RolledBack, Transaction};
pub(crate) use tokio_postgres::Row;

/// The database's answer about the session that a token names.
pub(crate) struct Lookup {
    /// The moment, by the database's clock, and its epoch.
    pub(crate) now: DatabaseTime,
    pub(crate) session: FoundSession,
    /// The rows that the application's own statement found beside it.
    pub(crate) also: Vec<Row>,
    /// When the database was asked, and when it had answered, by [`Ledger::uptime`].
    pub(crate) asked: Duration,
    pub(crate) answered: Duration,
}

/// A session that was looked up.
#[expect(clippy::large_enum_variant, reason = "most are live, and a box would cost each an allocation")]
pub(crate) enum FoundSession {
    Live(LiveSession),
    /// It is not live: why it ended and how many seconds ago, if it ever was.
    Gone(Option<(EndReason, f64)>),
}

/// Loading.
impl Ledger {
    /// Looks a session up outside any transaction, with what `also`, a statement of the application's, finds.
    /// May be dropped on its way.
    pub(crate) async fn find(&self, id: SessionId, also: Option<&'static Sql>) -> Result<Lookup, Error> {
        let finding = async {
            let asked = self.uptime();
            let loaded = match also {
                None => self.load(id).await?,
                also => {
                    self.lend(async |connection: &Connection| load::load(connection, id, also).await).await?
                }
            };
            let why = async || {
                self.lend(async |connection: &Connection| load::why_ended(connection, id).await).await
            };
            self.found(loaded, asked, why).await
        };
        answered(finding).await
    }

    /// Begins a transaction and looks the session up in the same trip. Without an id only the clock is read.
    /// `marking` says whether the transaction is to know its session.
    pub(crate) async fn begin(
        &self,
        session: Option<SessionId>,
        also: Option<&'static Sql>,
        marking: Marking,
    ) -> Result<(Transaction, Lookup), Error> {
        answered(async {
            let asked = self.uptime();
            let (transaction, loaded) = Transaction::begin(self.pool(), session, also, marking).await?;
            let why = async || match session {
                Some(id) => load::why_ended(transaction.client(), id).await,
                None => Ok(None),
            };
            let found = self.found(loaded, asked, why).await?;
            Ok((transaction, found))
        })
        .await
    }

    /// Begins a transaction and loads a session again, without waiting for the answer. See
    /// [`begun`](Self::begun). `mark` is what the transaction is to know of its session.
    pub(crate) async fn begin_ahead(
        &self,
        session: Option<SessionId>,
        mark: Option<Mark>,
    ) -> Result<(Arc<Transaction>, Begun), Error> {
        answered(Transaction::begin_ahead(self.pool(), session, mark)).await
    }

    /// Begins a transaction for a request that knows its session, without waiting for the answer. With
    /// `asks_for_id` it asks for its id, which is needed if it is to append nothing.
    pub(crate) async fn begin_known(&self, asks_for_id: bool) -> Result<Transaction, Error> {
        answered(Transaction::begin_known(self.pool(), asks_for_id)).await
    }

    /// The answer to a beginning that was sent ahead.
    pub(crate) async fn begun(begun: Begun) -> Result<Loaded, Error> {
        answered(begun).await
    }

    /// Loads a session outside any transaction. May be dropped on its way.
    pub(crate) async fn load(&self, session: SessionId) -> Result<Loaded, Error> {
        self.0.loads.load(session).await
    }

    /// The time by which sessions are judged.
    pub(crate) async fn now(&self) -> Result<DatabaseTime, Error> {
        self.lend(async |connection: &Connection| load::now(connection).await).await
    }

    /// The hash of a session's events up to a version; none if the log has no such event.
    pub(crate) async fn hash_at(&self, session: SessionId, version: i64) -> Result<Option<ChainHash>, Error> {
        let reading =
            self.lend(async |connection: &Connection| load::hash_at(connection, session, version).await);
        answered(reading).await
    }

    /// The time since some moment, by a clock of the process that nobody sets.
    pub(crate) fn uptime(&self) -> Duration {
        self.0.timekeeper.uptime()
    }

    /// Of a session that is not live, asks `why`.
    async fn found(
        &self,
        loaded: Loaded,
        asked: Duration,
        why: impl AsyncFnOnce() -> Result<Option<(EndReason, f64)>, Error>,
    ) -> Result<Lookup, Error> {
        let answered = self.uptime();
        let session = match loaded.session {
            Some(live) => FoundSession::Live(live),
            // On the heap, as it is rare.
            None => FoundSession::Gone(Box::pin(why()).await?),
        };
        Ok(Lookup { now: loaded.now, session, also: loaded.also, asked, answered })
    }

    /// Makes sure that a time of the database's clock follows from earlier ones, as the process's own clock
    /// counts it.
    pub(crate) fn trust_clock(&self, now: OffsetDateTime) -> Result<(), Error> {
        self.0.timekeeper.check(now).map_err(|by| Error::ClockJumped { by })
    }

    /// How many of the pool's connections requests of one kind may hold, say those of one session. The others
    /// always find some.
    pub(crate) fn connections_of_one(&self) -> usize {
        let all = self.pool().connections_max();
        (all / 4).max(2).min(all.saturating_sub(1)).max(1)
    }

    /// Records seals of a key ahead, and returns how many are recorded in all; none if that would be more
    /// than may be.
    pub(crate) async fn record_seals(&self, key: &str, seals: u64) -> Result<Option<u64>, Error> {
        let (added, most) = (seals.cast_signed(), SEALS_MAX.cast_signed());
        let recording =
            self.lend(async |connection: &Connection| seals::record(connection, key, added, most).await);
        Ok(answered(recording).await?.map(i64::unsigned_abs))
    }

    /// The rules of the sessions, for a holding.
    pub(crate) fn shared_policy(&self) -> Arc<Policy> {
        Arc::clone(&self.0.policy)
    }
}

/// Writing.
impl Ledger {
    /// Commits what a request has written to its sessions, in a transaction of its own or together with
    /// others'.
    pub(crate) async fn commit(
        &self,
        appends: &[Arc<Append>],
        basis: Basis,
        guard: Option<Guard>,
    ) -> Result<(), Error> {
        match (appends, guard) {
            ([change], None) if change.is_change() => {
                self.0.commits.commit(Arc::clone(change), basis).await?;
            }
            (appends, guard) => {
                Transaction::reserve(self.pool()).await?.commit(self.pool(), &each(appends), guard).await?;
            }
        }
        appends.iter().for_each(|append| self.tell(append));
        Ok(())
    }

    /// Commits an application's transaction together with what its request has written.
    pub(crate) async fn commit_transaction(
        &self,
        transaction: Transaction,
        appends: &[Arc<Append>],
        guard: Option<Guard>,
    ) -> Result<(), Error> {
        let ended_within = transaction.ended_within();
        transaction.commit(self.pool(), &each(appends), guard).await?;
        appends.iter().for_each(|append| self.tell(append));
        ended_within.iter().for_each(|append| self.tell(append));
        Ok(())
    }

    /// Tells of what is committed: the application, the log, and those who watch for the session's end.
    pub(super) fn tell(&self, append: &Append) {
        self.0.teller.tell(&append.written);
        if append.written.state.ended.is_some() {
            self.tell_end(append.written.id);
        }
    }

    /// Ends a session in a transaction of its own. Says whether there was anything to write.
    pub(crate) async fn commit_end(
        &self,
        ending: Ending,
        client: Client,
        actor: Option<UserId>,
    ) -> Result<bool, Error> {
        let Some(append) = append_of(ending, client, actor)? else { return Ok(false) };
        Transaction::reserve(self.pool()).await?.commit(self.pool(), &[&append], None).await?;
        self.tell(&append);
        Ok(true)
    }

    /// The same under the lock of the session's row, as `end` says of what is loaded there.
    pub(crate) async fn end_held(
        &self,
        session: SessionId,
        end: impl FnOnce(Loaded) -> Option<Ending>,
        client: Client,
        actor: Option<UserId>,
    ) -> Result<bool, Error> {
        let append = |loaded| end(loaded).map_or(Ok(None), |ending| append_of(ending, client, actor));
        let ended = end_held(self.pool(), session, append).await?;
        if let Some(append) = &ended {
            self.tell(append);
        }
        Ok(ended.is_some())
    }

    /// Ends a session inside a transaction of the application's: with it, or not at all. Says whether it was
    /// live.
    pub(crate) async fn end_within(
        &self,
        transaction: &Transaction,
        id: SessionId,
        reason: EndReason,
        client: Client,
        actor: Option<UserId>,
    ) -> Result<bool, Error> {
        reason.check()?;
        let connection = transaction.client();
        answered(async {
            let loaded = load::load_within(connection, id).await?;
            let policy = self.policy().timeouts();
            let Some(ending) = ending(loaded, id, reason, policy) else { return Ok(false) };
            let Some(append) = append_of(ending, client, actor)? else { return Ok(false) };
            append.run(connection, &append.ready(connection).await?).await?;
            transaction.note_end(append);
            Ok(true)
        })
        .await
    }

    /// Notes that a session was seen at this time by the database's clock. Nobody waits for it.
    pub(crate) fn note_activity(&self, session: SessionId, at: OffsetDateTime) {
        self.0.activity.note(session, at);
    }

    /// Has all connections prepare their statements anew: a table has been altered.
    pub(crate) fn forget_statements(&self) {
        self.pool().forget_statements();
    }
}

/// Reading within an application's transaction.
impl Transaction {
    /// As [`Ledger::history`], as the transaction sees it.
    pub(crate) async fn history(&self, session: SessionId) -> Result<Vec<Recorded>, Error> {
        answered(history::history(self.client(), session)).await
    }

    /// As [`Ledger::hash_at`], as the transaction sees it.
    pub(crate) async fn hash_at(&self, session: SessionId, version: i64) -> Result<Option<ChainHash>, Error> {
        answered(load::hash_at(self.client(), session, version)).await
    }

    /// As [`Ledger::sessions`], as the transaction sees them.
    pub(crate) async fn sessions(
        &self,
        user: &UserId,
        policy: Timeouts,
    ) -> Result<Vec<SessionSummary>, Error> {
        answered(sessions::sessions_of(self.client(), user, policy)).await
    }
}

fn each(appends: &[Arc<Append>]) -> Vec<&Append> {
    appends.iter().map(Arc::as_ref).collect()
}

/// The end of a session as it was loaded, under these limits of the policy; none if it is not live.
pub(super) fn ending(loaded: Loaded, id: SessionId, reason: EndReason, policy: Timeouts) -> Option<Ending> {
    let live = loaded.session?;
    Some(Ending::new(id, live.state, live.last_seen, reason, loaded.now.at, policy))
}

pub(super) fn append_of(
    ending: Ending,
    client: Client,
    actor: Option<UserId>,
) -> Result<Option<Append>, Error> {
    let written = ending.write(client, actor, rand::random)?;
    Ok(written.map(|written| Append::of(written, None)))
}
