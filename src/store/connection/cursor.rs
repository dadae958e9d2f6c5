//! Reading the rows of a large query, with a bounded number of them in memory.

use std::vec::IntoIter;

use tokio::task::JoinSet;
use tokio_postgres::{Row, Statement};

use super::watched::Watched;
use crate::store::error::Error;

/// A cursor on the server. It lives as long as the transaction that it was opened in.
///
/// The next rows are fetched while the present ones are worked on, so that the server and the library work at
/// the same time.
pub(crate) struct Cursor {
    client: Watched,
    fetch: Statement,
    fetched: IntoIter<Row>,
    /// Fetches the next rows, if there may be more. It is a task of its own: an answer that nobody reads
    /// would hold up the answers to all later statements of the connection, also those of another cursor.
    ahead: JoinSet<Result<Vec<Row>, tokio_postgres::Error>>,
}

impl Cursor {
    /// Opens the cursor that the statement `declare` names. The statement `fetch` reads on in it.
    pub(crate) async fn open(client: &Watched, declare: &str, fetch: &str) -> Result<Self, Error> {
        client.run(declare).await?;
        let fetch = client.step(async { Ok::<_, Error>(client.prepare(fetch).await?) }).await?;
        let client = client.clone();
        let mut cursor = Self { client, fetch, fetched: Vec::new().into_iter(), ahead: JoinSet::new() };
        cursor.fetch_ahead();
        Ok(cursor)
    }

    /// The next row, if there is one.
    pub(crate) async fn next(&mut self) -> Result<Option<Row>, Error> {
        if self.fetched.len() == 0
            && let Some(fetched) = self.fetched_ahead().await?
        {
            if !fetched.is_empty() {
                self.fetch_ahead();
            }
            self.fetched = fetched.into_iter();
        }
        Ok(self.fetched.next())
    }

    async fn fetched_ahead(&mut self) -> Result<Option<Vec<Row>>, Error> {
        let Self { client, ahead, .. } = self;
        let fetching = async {
            match ahead.join_next().await {
                Some(fetched) => Ok(Some(fetched.map_err(|error| Error::Disconnected(error.to_string()))??)),
                None => Ok(None),
            }
        };
        client.step(fetching).await
    }

    fn fetch_ahead(&mut self) {
        let (client, fetch) = (self.client.clone(), self.fetch.clone());
        self.ahead.spawn(async move { client.query(&fetch, &[]).await });
    }
}
