//! How long the server may take to answer.

use std::time::Duration;

use crate::store::error::Error;

/// How long the server may take to answer the statements that a request sends in one trip. A server may stop,
/// or be cut off without a word. A request must not wait for it.
const ANSWER: Duration = Duration::from_secs(5);

/// Waits for the answer to `asked`, but not longer than [`ANSWER`]. Then `asked` is dropped, with its
/// connection.
pub(crate) async fn answered<T>(asked: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let late = |_| Error::Disconnected("the server did not answer in time".to_owned());
    tokio::time::timeout(ANSWER, asked).await.map_err(late)?
}
