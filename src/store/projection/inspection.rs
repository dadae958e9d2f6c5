//! Looking at the log and the projection at one moment.

use super::activity::seen_ahead;
use super::stored_rows::{Rows, StoredLogins};
use crate::session::SessionId;
use crate::store::bare::bare;
use crate::store::connection::watched::Watched;
use crate::store::error::Error;
use crate::store::log::counters::{self, Counters, Cursor};
use crate::store::log::guards::{self, MissingGuard};
use crate::store::log::streams::{Streams, count_estimate};

const BEGIN_VERIFICATION: &str = bare(include_str!("../sql/begin_verification.sql"));

/// A transaction that sees one moment and changes nothing, on a connection of its own.
pub(crate) struct Inspection {
    client: Watched,
}

impl Inspection {
    pub(crate) async fn begin(client: Watched) -> Result<Self, Error> {
        client.run(BEGIN_VERIFICATION).await?;
        Ok(Self { client })
    }

    /// About how many events the log holds, or `None` if the server has not counted them yet.
    pub(crate) async fn count_estimate(&self) -> Result<Option<u64>, Error> {
        self.client.step(count_estimate(&self.client)).await
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

    /// The rows of `login_step`.
    pub(crate) async fn login_steps(&self) -> Result<StoredLogins, Error> {
        StoredLogins::open(&self.client).await
    }

    /// The guard triggers that are not in place.
    pub(crate) async fn missing_guards(&self) -> Result<Vec<MissingGuard>, Error> {
        self.client.step(guards::missing(&self.client)).await
    }

    /// The names of the functions that are not those of the migrations.
    pub(crate) async fn replaced_functions(&self) -> Result<Vec<&'static str>, Error> {
        self.client.step(guards::replaced_functions(&self.client)).await
    }

    /// How far the server has counted.
    pub(crate) async fn counters(&self) -> Result<Counters, Error> {
        self.client.step(counters::counters(&self.client)).await
    }

    /// The cursors of all subscriptions.
    pub(crate) async fn cursors(&self) -> Result<Vec<Cursor>, Error> {
        self.client.step(counters::cursors(&self.client)).await
    }

    /// The sessions that were last seen in the future, and when.
    pub(crate) async fn seen_ahead(&self) -> Result<Vec<(SessionId, String)>, Error> {
        self.client.step(seen_ahead(&self.client)).await
    }

    /// Ends the transaction.
    pub(crate) async fn end(self) -> Result<(), Error> {
        self.client.run("commit").await
    }
}
