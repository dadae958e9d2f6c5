//! The changes of many requests, several in one transaction.
//!
//! A request that asks for no transaction of its own has its change committed by the library, and one that comes while
//! others are being committed goes with the next: one BEGIN, one COMMIT and one wait for the disk are for all. It is
//! tried together and settled apart: when such a transaction fails, whichever of its changes was to blame, nothing of it
//! was written, and each is committed by itself.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::append::Append;
use super::commit::{CommitError, find_out};
use super::grouping::{Grouping, Leader};
use super::outcome::Trace;
use super::transaction::Transaction;
use crate::store::connection::pool::Pool;
use crate::store::error::Error;

/// How many transactions are under way before a change has to wait. With two, one could use the processor while the other
/// waits for the disk; but then half as many changes share each.
const TRANSACTIONS_MAX: usize = 1;

/// A ledger's commits of changes by themselves.
pub(crate) struct GroupCommit {
    pool: Pool,
    grouping: Grouping<Change>,
}

/// A change that somebody waits to be committed.
struct Change {
    append: Arc<Append>,
    answer: oneshot::Sender<Answer>,
}

/// What became of a change that was tried together with others.
enum Answer {
    Done(Result<(), Error>),
    /// Nothing was written, and it may be committed by itself.
    Apart,
    /// The connection was lost on the way.
    Unknown(Error),
}

impl GroupCommit {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, grouping: Grouping::new(TRANSACTIONS_MAX) }
    }

    /// GroupCommit a change of a live session, as [`Transaction::commit`].
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
            // The runtime that was to do it has stopped.
            Err(_) => Err(Error::OutcomeUnknown),
        }
    }
}

/// GroupCommit changes until nobody waits.
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
        // A request whose runtime has stopped hears nothing more.
        change.answer.send(answer()).ok();
    }
}

/// Takes out those that change a session that another changes as well: only one of them can succeed.
fn split_doubles(changes: &mut Vec<Change>) -> Vec<Change> {
    let mut last = None;
    changes
        .extract_if(.., |change| last.replace(change.append.written.id) == Some(change.append.written.id))
        .collect()
}
