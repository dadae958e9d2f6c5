//! How long the server may take to answer.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::timeout;

use crate::store::error::Error;

/// How long the server may take to answer the statements that a request sends in one trip. A server may stop,
/// or be cut off without a word. A request must not wait for it.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);

/// How long it may take to answer a COMMIT. The rest of [`ANSWER`] is for finding out on another connection
/// what has become of it.
const ANSWER_TO_COMMIT: Duration = Duration::from_secs(3);

/// Waits for the answer to `asked`, but not longer than [`ANSWER`]. Then `asked` is dropped, with its
/// connection.
pub(crate) fn answered<T>(
    asked: impl Future<Output = Result<T, Error>>,
) -> impl Future<Output = Result<T, Error>> {
    answered_within(ANSWER, asked)
}

/// As [`answered`], for statements with a COMMIT behind them.
pub(crate) fn committed<T>(
    asked: impl Future<Output = Result<T, Error>>,
) -> impl Future<Output = Result<T, Error>> {
    answered_within(ANSWER_TO_COMMIT, asked)
}

/// No `async fn`: it would have room for `asked` twice, as its argument and while it waits, and what it is a
/// part of doubles with each of them.
fn answered_within<T>(
    time: Duration,
    asked: impl Future<Output = Result<T, Error>>,
) -> impl Future<Output = Result<T, Error>> {
    timeout(time, asked).map(|done| match done {
        Ok(answered) => answered,
        Err(_) => Err(Error::Disconnected("the server did not answer in time".to_owned())),
    })
}
