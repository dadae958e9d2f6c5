//! The changes of many requests, several in one transaction.
//!
//! The library commits the change of a request that has asked for no transaction of its own. Changes that
//! come while a transaction is under way go together in the next one: one BEGIN, one COMMIT and one wait for
//! the disk for all. If such a transaction fails, nothing of it was written, whichever change was to blame.
//! Then each change is committed by itself.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::append::Append;
use super::commit::{CommitError, find_out};
use super::grouping::{Grouping, Leader};
use super::outcome::Trace;
use super::transaction::Transaction;
use crate::store::connection::pool::Pool;
use crate::store::error::Error;

/// How many transactions are under way before a change has to wait. With two, one could use the processor
/// while the other waits for the disk, but each would be shared by half as many changes.
const TRANSACTIONS_MAX: usize = 1;

/// Groups a ledger's commits of changes that need no transaction of the application's.
pub(crate) struct GroupCommit {
    pool: Pool,
    grouping: Grouping<Change>,
}

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
        Self { pool, grouping: Grouping::new(TRANSACTIONS_MAX) }
    }

    /// Commits a change of a live session as [`Transaction::commit`] does, in a transaction that others may
    /// share.
    ///
    /// # Errors
    ///
    /// Nothing was written, unless it is [`Error::OutcomeUnknown`].
    pub(crate) async fn commit(&self, append: Arc<Append>) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        if let Some(leader) = self.grouping.join(Change { append: Arc::clone(&append), answer }) {
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
