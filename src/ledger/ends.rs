//! Ending all sessions that are meant, in batches.

use std::collections::HashSet;
use std::pin::pin;
use std::time::Instant;

use futures_util::{Stream, TryStreamExt, stream};
use time::OffsetDateTime;
use uuid::Uuid;

use super::desk::{Append, LiveSession, append_of};
use super::retry::{backoff, may_try_again};
use super::{End, Error, Ledger};
use crate::session::{Client, Ending, SessionFilter, SessionId, UserId};
use crate::store::request::end_group::end_group;
use crate::store::request::live_page::{LivePage, live_page};

/// How often a batch begins at the same place, because some of its sessions were left.
const TRIES_MAX: u32 = 4;

/// How many sessions that were left are remembered.
const LEFT_MAX: usize = 1_000;

/// How many sessions may fail to end, before the fault is taken for the database's.
const FAILURES_MAX: usize = 100;

impl Ledger {
    /// Ends all live sessions of a user but the one that `end` keeps. Says how many it ended: see
    /// [`end_where`](Self::end_where).
    ///
    /// # Errors
    ///
    /// As [`end_where`](Self::end_where).
    pub async fn end_all(&self, user: &UserId, end: impl Into<End>) -> Result<usize, Error> {
        self.end_where(&SessionFilter::all().of_user(user.clone()), end).await
    }

    /// Ends all live sessions that fulfil `filter`, but for the one that `end` keeps. Says how many it ended,
    /// with those whose time was over and whose end nobody had noticed: they end for that reason.
    ///
    /// When this returns, every session that was live and fulfilled `filter` when it was called has ended,
    /// whoever is using it, and no request of it takes effect any more. One that begins meanwhile may be
    /// ended or not: [`disable_account`](Self::disable_account) is what keeps a user out.
    ///
    /// It works through the sessions in batches of some hundred, each with two trips to the database and a
    /// transaction of its own. A request that is under way holds nothing up: its session is left for the next
    /// batch, and at last ended by itself.
    ///
    /// ```no_run
    /// # use session_ledger::{Error, Ledger};
    /// use session_ledger::ledger::End;
    /// use session_ledger::session::{EndReason, SessionFilter};
    /// use session_ledger::web::IpNet;
    ///
    /// # async fn example(ledger: Ledger, network: IpNet) -> Result<(), Error> {
    /// let attackers = SessionFilter::all().from_network(network);
    /// let ended = ledger.end_where(&attackers, End::because(EndReason::Revoked).by("admin")).await?;
    /// println!("{ended} sessions were ended");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// An id or the reason cannot be stored, or the database is away. If a session cannot be ended, say
    /// because requests kept changing it, this goes on to the others, and fails at last. What was ended stays
    /// ended, and another call goes on with the rest.
    pub async fn end_where(&self, filter: &SessionFilter, end: impl Into<End>) -> Result<usize, Error> {
        let mut batches = pin!(self.end_stream(filter.clone(), end));
        let mut ended = 0;
        while let Some(batch) = batches.try_next().await? {
            ended += batch;
        }
        Ok(ended)
    }

    /// As [`end_where`](Self::end_where), batch by batch: an item says how many sessions the batch ended,
    /// which may be none. Whoever stops asking for the next item stops between two batches.
    ///
    /// ```no_run
    /// # use session_ledger::{Error, Ledger};
    /// use std::pin::pin;
    ///
    /// use futures_util::TryStreamExt;
    /// use session_ledger::session::{EndReason, SessionFilter};
    ///
    /// # async fn example(ledger: Ledger) -> Result<(), Error> {
    /// let (mut batches, mut ended) = (pin!(ledger.end_stream(SessionFilter::all(), EndReason::Revoked)), 0);
    /// while let Some(batch) = batches.try_next().await? {
    ///     ended += batch;
    ///     println!("{ended} sessions are ended so far");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// An item is an error as [`end_where`](Self::end_where) tells. It is the last.
    pub fn end_stream<E: Into<End>>(
        &self,
        filter: SessionFilter,
        end: E,
    ) -> impl Stream<Item = Result<usize, Error>> + Send + use<E> {
        let pass = Pass::new(self.clone(), filter, end.into());
        stream::try_unfold(pass, Pass::next)
    }
}

/// One way through the live sessions that are meant, in the order of their ids. A session keeps its id, so
/// none that is there when the pass begins is missed.
struct Pass {
    ledger: Ledger,
    filter: SessionFilter,
    end: End,
    has_begun: bool,
    /// All sessions up to this one are done, or left.
    after: SessionId,
    /// Whether there is none behind it.
    is_read: bool,
    /// How often a batch has begun there.
    tries: u32,
    /// Sessions that somebody held or changed at each try. They are ended one by one.
    left: Vec<SessionId>,
    failures: usize,
    /// The first of them.
    failure: Option<Error>,
}

impl Pass {
    fn new(ledger: Ledger, mut filter: SessionFilter, mut end: End) -> Self {
        let is_nobodys = matches!((&filter.user, &end.of), (Some(user), Some(of)) if user != of);
        filter.user = filter.user.or_else(|| end.of.clone());
        end.of.clone_from(&filter.user);
        Self {
            ledger,
            filter,
            end,
            has_begun: false,
            after: Uuid::nil().into(),
            is_read: is_nobodys,
            tries: 0,
            left: Vec::new(),
            failures: 0,
            failure: None,
        }
    }

    async fn next(mut self) -> Result<Option<(usize, Self)>, Error> {
        if !self.has_begun {
            self.end.check()?;
            self.filter.check()?;
            self.has_begun = true;
        }
        let ended = if self.is_read || self.left.len() >= LEFT_MAX {
            match self.left.pop() {
                Some(session) => usize::from(self.end_apart(session).await?),
                None => return self.failure.take().map_or(Ok(None), Err),
            }
        } else {
            self.batch_in_time().await?
        };
        Ok(Some((ended, self)))
    }

    /// Ends the next batch, and tries it again if its connection was lost.
    async fn batch_in_time(&mut self) -> Result<usize, Error> {
        let (started, mut attempt) = (Instant::now(), 1);
        loop {
            match self.batch().await {
                Err(error) if may_try_again(error.prospect(), attempt, started, started.elapsed()) => {
                    tokio::time::sleep(backoff(attempt)).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn batch(&mut self) -> Result<usize, Error> {
        let (filter, keep, after) = (&self.filter, self.end.keep, self.after);
        let reading = self.ledger.read(async |connection| live_page(connection, filter, keep, after).await);
        let Some(LivePage { now, sessions, looked_to, is_last }) = reading.await? else {
            self.is_read = true;
            return Ok(0);
        };
        let mut left: Vec<SessionId> = sessions.iter().map(|(session, _)| *session).collect();
        let ended = self.end_together(sessions, now).await?;
        left.retain(|session| !ended.contains(session));
        if left.is_empty() || self.tries >= TRIES_MAX {
            self.left.extend(left);
            (self.after, self.is_read, self.tries) = (looked_to, is_last, 0);
        } else {
            self.tries += 1;
            tokio::time::sleep(backoff(self.tries)).await;
        }
        Ok(ended.len())
    }

    /// Ends those of a batch that are as they were loaded. If that fails for a reason that may be one
    /// session's, none is ended.
    async fn end_together(
        &self,
        sessions: Vec<(SessionId, LiveSession)>,
        now: OffsetDateTime,
    ) -> Result<HashSet<SessionId>, Error> {
        let End { reason, actor, .. } = &self.end;
        let policy = self.ledger.policy().timeouts();
        let mut ends: Vec<Append> = Vec::with_capacity(sessions.len());
        for (session, live) in sessions {
            let ending = Ending::new(session, live.state, live.last_seen, reason.clone(), now, policy);
            ends.extend(append_of(ending, Client::default(), actor.clone())?);
        }
        match end_group(self.ledger.pool(), &ends).await {
            Ok(ended) => {
                let ended: HashSet<SessionId> = ended.into_iter().collect();
                let told = ends.iter().filter(|end| ended.contains(&end.written.id));
                told.for_each(|end| self.ledger.tell(end));
                Ok(ended)
            }
            Err(error) if error.is_unavailable() => Err(error),
            Err(error) => {
                tracing::debug!(%error, "sessions were not ended together");
                if matches!(error, Error::Outdated(_)) {
                    self.ledger.forget_statements();
                }
                Ok(HashSet::new())
            }
        }
    }

    /// Ends a session by itself. One that cannot be ended keeps none of the others alive.
    async fn end_apart(&mut self, session: SessionId) -> Result<bool, Error> {
        match self.ledger.end_one(session, &self.end).await {
            Err(error) if error.is_unavailable() || self.failures >= FAILURES_MAX => Err(error),
            Err(error) => {
                self.failures += 1;
                self.failure.get_or_insert(error);
                Ok(false)
            }
            ended => ended,
        }
    }
}
