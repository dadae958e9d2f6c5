//! A large query's rows, a bounded number in memory.

use std::vec::IntoIter;

use tokio_postgres::{Client, Row, Statement};

use super::error::Error;

/// A cursor of the server's. It lives as long as the transaction that it was opened in.
pub(crate) struct Cursor {
    fetch: Statement,
    fetched: IntoIter<Row>,
    is_at_end: bool,
}

impl Cursor {
    /// Opens the cursor that `declare` names, to be read by `fetch`.
    pub(crate) async fn open(client: &Client, declare: &str, fetch: &str) -> Result<Self, Error> {
        client.batch_execute(declare).await?;
        let fetch = client.prepare(fetch).await?;
        Ok(Self { fetch, fetched: Vec::new().into_iter(), is_at_end: false })
    }

    /// The next row, if there is one.
    pub(crate) async fn next(&mut self, client: &Client) -> Result<Option<Row>, Error> {
        if self.fetched.len() == 0 && !self.is_at_end {
            let fetched = client.query(&self.fetch, &[]).await?;
            self.is_at_end = fetched.is_empty();
            self.fetched = fetched.into_iter();
        }
        Ok(self.fetched.next())
    }
}
