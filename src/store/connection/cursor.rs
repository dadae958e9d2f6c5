//! Reading the rows of a large query, with a bounded number of them in memory.

use std::sync::Arc;
use std::vec::IntoIter;

use deadpool_postgres::ClientWrapper;
use tokio::task::JoinSet;
use tokio_postgres::{Row, Statement};

use crate::store::error::Error;

/// A cursor on the server. It lives as long as the transaction that it was opened in.
///
/// The next rows are fetched while the present ones are worked on, so that the server and the library work at
/// the same time.
pub(crate) struct Cursor {
    client: Arc<ClientWrapper>,
    fetch: Statement,
    fetched: IntoIter<Row>,
    /// Fetches the next rows, if there may be more. It is a task of its own: an answer that nobody reads
    /// would hold up the answers to all later statements of the connection, also those of another cursor.
    ahead: JoinSet<Result<Vec<Row>, tokio_postgres::Error>>,
}

impl Cursor {
    /// Opens the cursor that the statement `declare` names. The statement `fetch` reads on in it.
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
