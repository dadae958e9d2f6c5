//! How long a request waits for others: for its turn, for a connection and for the server.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::time::timeout;

use crate::ledger::Error;

/// How long a request waits in all its runs together. The time that its handler takes does not count.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// The time that a request may still wait.
pub(super) struct Waits(Mutex<Duration>);

impl Waits {
    /// Nothing was waited for yet.
    pub(super) fn new() -> Self {
        Self(Mutex::new(WAIT_MAX))
    }

    /// What is left of these, for the request's next run.
    pub(super) fn rest(&self) -> Self {
        Self(Mutex::new(*self.left()))
    }

    /// How long the request has waited.
    pub(super) fn spent(&self) -> Duration {
        WAIT_MAX.saturating_sub(*self.left())
    }

    /// A part of the request is done, and the next one may wait as long again.
    pub(super) fn start_over(&self) {
        *self.left() = WAIT_MAX;
    }

    /// Waits for `work`. None if the request may wait no longer. It is waited for from now on.
    ///
    /// No `async fn`: it would have room for `work` twice, as its argument and while it waits.
    pub(super) fn bounded<T>(&self, work: impl Future<Output = T>) -> impl Future<Output = Option<T>> {
        let (left, begun) = (*self.left(), Instant::now());
        timeout(left, work).map(move |done| {
            *self.left() = left.saturating_sub(begun.elapsed());
            done.ok()
        })
    }

    /// Waits for an answer of the database.
    ///
    /// # Errors
    ///
    /// Its own, or that the request may wait no longer.
    pub(super) fn answered<T>(
        &self,
        asked: impl Future<Output = Result<T, Error>>,
    ) -> impl Future<Output = Result<T, Error>> {
        let late = || Err(Error::Unavailable("a request has waited for it as long as it may".to_owned()));
        self.bounded(asked).map(move |answered| answered.unwrap_or_else(late))
    }

    /// No panic leaves it half changed.
    fn left(&self) -> MutexGuard<'_, Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[test]
    fn all_waits_of_a_request_together_are_bounded() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let waits = Waits(Mutex::new(Duration::from_millis(20)));
            assert_eq!(waits.bounded(ready(1)).await, Some(1));
            assert_eq!(waits.bounded(pending::<()>()).await, None);
            assert_eq!(*waits.left(), Duration::ZERO);
            assert_eq!(waits.rest().bounded(pending::<()>()).await, None, "nor does its next run wait");
            let refused = waits.answered(pending::<Result<(), Error>>()).await;
            let words = "the database is not available: a request has waited for it as long as it may";
            assert_eq!(refused.unwrap_err().to_string(), words);
            assert_eq!(waits.bounded(ready(2)).await, Some(2), "what need not be waited for is there");
            assert_eq!(waits.spent(), WAIT_MAX);
            waits.start_over();
            assert_eq!(*waits.left(), WAIT_MAX);
        });
    }
}
