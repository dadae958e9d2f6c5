//! A large query's rows, a bounded number in memory.

use std::sync::Arc;
use std::vec::IntoIter;

use deadpool_postgres::ClientWrapper;
use tokio::task::JoinSet;
use tokio_postgres::{Row, Statement};

use crate::store::error::Error;

/// A cursor of the server's. It lives as long as the transaction that it was opened in.
///
/// While its rows are worked on here, the server is at the next ones: the two share the time that they take.
pub(crate) struct Cursor {
    client: Arc<ClientWrapper>,
    fetch: Statement,
    fetched: IntoIter<Row>,
    /// The next rows, if there may be more. In a task of its own: an answer that nobody takes would hold up those to
    /// all that was sent on the connection later, another cursor's too.
    ahead: JoinSet<Result<Vec<Row>, tokio_postgres::Error>>,
}

impl Cursor {
    /// Opens the cursor that `declare` names, to be read by `fetch`.
    pub(crate) async fn open(client: &Arc<ClientWrapper>, declare: &str, fetch: &str) -> Result<Self, Error> {
        client.batch_execute(declare).await?;
        let (client, fetch) = (Arc::clone(client), client.prepare(fetch).await?);
        let mut cursor = Self { client, fetch, fetched: Vec::new().into_iter(), ahead: JoinSet::new() };
        cursor.fetch_ahead();
        Ok(cursor)
    }

    /// The next row, if there is one.
    pub(crate) async fn next(&mut self) -> Result<Option<Row>, Error> {
        if self.fetched.len() == 0
            && let Some(fetched) = self.ahead.join_next().await
        {
            let fetched = fetched.map_err(|error| Error::Disconnected(error.to_string()))??;
            if !fetched.is_empty() {
                self.fetch_ahead();
            }
            self.fetched = fetched.into_iter();
        }
        Ok(self.fetched.next())
    }

    fn fetch_ahead(&mut self) {
        let (client, fetch) = (Arc::clone(&self.client), self.fetch.clone());
        self.ahead.spawn(async move { client.query(&fetch, &[]).await });
    }
}
