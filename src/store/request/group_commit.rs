//! The changes of many requests, several in one transaction.
//!
//! The library commits the change of a request that has asked for no transaction of its own. Changes that
//! come while a transaction is under way go together in the next one: one BEGIN, one COMMIT and one wait for
//! the disk for all. If such a transaction fails, nothing of it was written, whichever change was to blame.
//! Then each change is committed by itself. A session whose change has lost a race is left out for a while:
//! one that is changed in two processes at a time would make the group fail again and again.
//!
//! Changes of sessions that the process knows from a moment ago go with each other alone. Such a session may
//! have changed since, and requests that have just loaded theirs would pay for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::append::Append;
use super::commit::{CommitError, find_out};
use super::grouping::{Grouping, Leader};
use super::outcome::Trace;
use super::transaction::Transaction;
use crate::session::SessionId;
use crate::store::connection::pool::Pool;
use crate::store::error::Error;

/// How many transactions are under way before a change has to wait. With two, one could use the processor
/// while the other waits for the disk, but each would be shared by half as many changes.
const TRANSACTIONS_MAX: usize = 1;

/// How long a session is left out whose change has lost a race.
const LEFT_OUT: Duration = Duration::from_secs(10);

/// How many sessions are left out at the most.
const LEFT_OUT_MAX: usize = 1024;

/// Groups a ledger's commits of changes that need no transaction of the application's.
pub(crate) struct GroupCommit {
    pool: Pool,
    loaded: Grouping<Change>,
    known: Grouping<Change>,
    losers: Losers,
}

/// Where a request has the session from that it changes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Basis {
    /// The database told of it for this request.
    Loaded,
    /// The process knew it from a moment ago.
    Known,
}

/// The sessions whose changes have lost a race, and when they did last.
#[derive(Default)]
struct Losers(Mutex<HashMap<SessionId, Instant>>);

/// A change, and the request that waits for its commit.
struct Change {
    append: Arc<Append>,
    answer: oneshot::Sender<Answer>,
}

/// The outcome of a change that was tried together with others.
enum Answer {
    Done(Result<(), Error>),
    /// Nothing was written. The request commits it by itself.
    Apart,
    /// The connection was lost on the way.
    Unknown(Error),
}

impl GroupCommit {
    pub(crate) fn new(pool: Pool) -> Self {
        let [loaded, known] = [(); 2].map(|()| Grouping::new(TRANSACTIONS_MAX));
        Self { pool, loaded, known, losers: Losers::default() }
    }

    /// Commits a change of a live session as [`Transaction::commit`] does, in a transaction that others may
    /// share.
    ///
    /// # Errors
    ///
    /// Nothing was written, unless it is [`Error::OutcomeUnknown`].
    pub(crate) async fn commit(&self, append: Arc<Append>, basis: Basis) -> Result<(), Error> {
        let session = append.written.id;
        let done = if self.losers.include(session, Instant::now()) {
            Box::pin(commit_apart(&self.pool, &append)).await
        } else {
            self.commit_with_others(append, basis).await
        };
        // A known session that was old has lost no race. Its request loads it, and may share again.
        if matches!(basis, Basis::Loaded) && done.as_ref().is_err_and(Error::is_retryable) {
            self.losers.add(session, Instant::now());
        }
        done
    }

    async fn commit_with_others(&self, append: Arc<Append>, basis: Basis) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        let grouping = match basis {
            Basis::Loaded => &self.loaded,
            Basis::Known => &self.known,
        };
        if let Some(leader) = grouping.join(Change { append: Arc::clone(&append), answer }) {
            tokio::spawn(work(self.pool.clone(), leader));
        }
        match answered.await {
            Ok(Answer::Done(done)) => done,
            // On the heap, as it is rare.
            Ok(Answer::Apart) => Box::pin(commit_apart(&self.pool, &append)).await,
            Ok(Answer::Unknown(error)) => find_out(&Trace::of(None, &[&append]), &self.pool, error).await,
            // The runtime of the leader has stopped.
            Err(_) => Err(Error::OutcomeUnknown),
        }
    }
}

impl Losers {
    /// Whether a session has lost a race a short while ago.
    fn include(&self, session: SessionId, now: Instant) -> bool {
        self.sessions().get(&session).is_some_and(|lost| now.duration_since(*lost) < LEFT_OUT)
    }

    fn add(&self, session: SessionId, now: Instant) {
        let mut sessions = self.sessions();
        if sessions.len() >= LEFT_OUT_MAX {
            sessions.retain(|_, lost| now.duration_since(*lost) < LEFT_OUT);
        }
        if sessions.len() < LEFT_OUT_MAX {
            sessions.insert(session, now);
        }
    }

    /// No panic leaves it half changed.
    fn sessions(&self) -> MutexGuard<'_, HashMap<SessionId, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Commits changes until nobody waits.
async fn work(pool: Pool, mut leader: Leader<Change>) {
    leader.assemble().await;
    while let Some(changes) = leader.next() {
        match <[Change; 1]>::try_from(changes) {
            Ok([change]) => {
                let done = commit_apart(&pool, &change.append).await;
                change.answer.send(Answer::Done(done)).ok();
            }
            Err(changes) => commit_together(&pool, changes).await,
        }
    }
}

async fn commit_apart(pool: &Pool, append: &Append) -> Result<(), Error> {
    Transaction::reserve(pool).await?.commit(pool, &[append], None).await
}

async fn commit_together(pool: &Pool, mut changes: Vec<Change>) {
    // All transactions lock their sessions in the same order, so that they cannot lock each other out.
    changes.sort_by_key(|change| change.append.written.id);
    tell_all(split_doubles(&mut changes), || Answer::Apart);
    let appends: Vec<&Append> = changes.iter().map(|change| &*change.append).collect();
    let transaction = match Transaction::reserve(pool).await {
        Ok(transaction) => transaction,
        Err(error) => {
            let refused = || error.of_connection().map_or(Answer::Apart, |error| Answer::Done(Err(error)));
            return tell_all(changes, refused);
        }
    };
    match transaction.try_commit_group(&appends).await {
        Ok(()) => tell_all(changes, || Answer::Done(Ok(()))),
        Err(CommitError::Failed(_)) => tell_all(changes, || Answer::Apart),
        Err(CommitError::Unknown(_, error)) => {
            tell_all(changes, || Answer::Unknown(error.of_connection().unwrap_or(Error::OutcomeUnknown)));
        }
    }
}

fn tell_all(changes: Vec<Change>, answer: impl Fn() -> Answer) {
    for change in changes {
        // A request whose runtime has stopped does not wait any more.
        change.answer.send(answer()).ok();
    }
}

/// Takes out each change whose session another change of the group changes as well: only one of the two can
/// succeed.
fn split_doubles(changes: &mut Vec<Change>) -> Vec<Change> {
    let mut last = None;
    changes
        .extract_if(.., |change| last.replace(change.append.written.id) == Some(change.append.written.id))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(number: usize) -> SessionId {
        SessionId::from(uuid::Uuid::from_u128(number as u128))
    }

    #[test]
    fn a_session_that_has_lost_a_race_is_left_out_for_a_while() {
        let (losers, now) = (Losers::default(), Instant::now());
        losers.add(session(1), now);
        assert!(losers.include(session(1), now));
        assert!(!losers.include(session(2), now));
        assert!(!losers.include(session(1), now + LEFT_OUT));
        losers.add(session(1), now + LEFT_OUT);
        assert!(losers.include(session(1), now + LEFT_OUT), "it has lost again");
    }

    #[test]
    fn no_more_than_so_many_are_remembered() {
        let (losers, now) = (Losers::default(), Instant::now());
        for number in 0..=LEFT_OUT_MAX {
            losers.add(session(number), now);
        }
        assert!(!losers.include(session(LEFT_OUT_MAX), now));
        losers.add(session(LEFT_OUT_MAX), now + LEFT_OUT);
        assert!(losers.include(session(LEFT_OUT_MAX), now + LEFT_OUT), "the others are forgotten");
    }
}
