//! Looking at the log and the projection at one moment.

use std::sync::Arc;

use deadpool_postgres::ClientWrapper;

use super::stored_rows::Rows;
use crate::store::error::Error;
use crate::store::log::streams::{Streams, count_estimate};

const BEGIN_VERIFICATION: &str = include_str!("../sql/begin_verification.sql");

/// A transaction that sees one moment and changes nothing, on a connection of its own.
pub(crate) struct Inspection {
    client: Arc<ClientWrapper>,
}

impl Inspection {
    pub(crate) async fn begin(client: Arc<ClientWrapper>) -> Result<Self, Error> {
        client.batch_execute(BEGIN_VERIFICATION).await?;
        Ok(Self { client })
    }

    /// About how many events the log holds, or `None` if the server has not counted them yet.
    pub(crate) async fn count_estimate(&self) -> Result<Option<u64>, Error> {
        count_estimate(&self.client).await
    }

    /// The log. All that is read must be dropped before the end of the inspection.
    pub(crate) async fn log(&self) -> Result<Streams, Error> {
        Streams::open(&self.client).await
    }

    /// The rows of `session`.
    pub(crate) async fn live_rows(&self) -> Result<Rows, Error> {
        Rows::live(&self.client).await
    }

    /// The rows of `ended_session`.
    pub(crate) async fn ended_rows(&self) -> Result<Rows, Error> {
        Rows::ended(&self.client).await
    }

    /// Ends the transaction.
    pub(crate) async fn end(self) -> Result<(), Error> {
        Ok(self.client.batch_execute("commit").await?)
    }
}
