//! Looking at the log and the projection at one moment.

use uuid::Uuid;

use super::activity::seen_ahead;
use super::stored_rows::{Rows, StoredLogins};
use super::sums::Sums;
use crate::session::SessionId;
use crate::store::bare::bare;
use crate::store::connection::reading::Stretch;
use crate::store::connection::watched::Watched;
use crate::store::error::Error;
use crate::store::log::counters::{self, Counters, Cursor};
use crate::store::log::guards::{self, MissingGuard};
use crate::store::log::streams::{Streams, count_estimate, sample, stretches};

const BEGIN_VERIFICATION: &str = bare(include_str!("../sql/begin_verification.sql"));
const EXPORT_SNAPSHOT: &str = bare(include_str!("../sql/export_snapshot.sql"));

/// A moment that several inspections see, by the name that the server has given it.
#[derive(Clone)]
pub(crate) struct SharedMoment(String);

/// A transaction that sees one moment and changes nothing, on a connection of its own.
pub(crate) struct Inspection {
    client: Watched,
}

impl Inspection {
    pub(crate) async fn begin(client: Watched) -> Result<Self, Error> {
        client.run(BEGIN_VERIFICATION).await?;
        Ok(Self { client })
    }

    /// Lets others see the same moment, as long as this inspection lasts.
    pub(crate) async fn export(&self) -> Result<SharedMoment, Error> {
        let asking = async { Ok::<_, Error>(self.client.query_one(EXPORT_SNAPSHOT, &[]).await?) };
        Ok(SharedMoment(self.client.step(asking).await?.try_get("snapshot")?))
    }

    /// Begins on another connection, and sees the moment that an inspection has exported.
    pub(crate) async fn join(client: Watched, moment: &SharedMoment) -> Result<Self, Error> {
        client.run(BEGIN_VERIFICATION).await?;
        client.run(&format!("set transaction snapshot '{}'", moment.0)).await?;
        Ok(Self { client })
    }

    /// All sessions in at most so many stretches, with about as many events in each.
    pub(crate) async fn stretches(&self, parts: usize) -> Result<Vec<Stretch>, Error> {
        self.client.step(stretches(&self.client, parts)).await
    }

    /// The sessions of some of the log's events, in order.
    pub(crate) async fn sample(&self) -> Result<Vec<Uuid>, Error> {
        self.client.step(sample(&self.client)).await
    }

    /// About how many events the log holds, or `None` if the server has not counted them yet.
    pub(crate) async fn count_estimate(&self) -> Result<Option<u64>, Error> {
        self.client.step(count_estimate(&self.client)).await
    }

    /// The log. All that is read must be dropped before the end of the inspection.
    pub(crate) async fn log(&self, stretch: Stretch) -> Result<Streams, Error> {
        Streams::open(&self.client, stretch).await
    }

    /// The rows of `session`.
    pub(crate) async fn live_rows(&self, stretch: Stretch) -> Result<Rows, Error> {
        Rows::live(&self.client, stretch).await
    }

    /// The rows of `ended_session`.
    pub(crate) async fn ended_rows(&self, stretch: Stretch) -> Result<Rows, Error> {
        Rows::ended(&self.client, stretch).await
    }

    /// The rows of `login_step`.
    pub(crate) async fn login_steps(&self, stretch: Stretch) -> Result<StoredLogins, Error> {
        StoredLogins::open(&self.client, stretch).await
    }

    /// Whether `sums` are those over the rows of all tables in `range`: see [`Sums::are_stored`].
    pub(crate) async fn are_stored(&self, sums: Sums, range: Stretch) -> Result<bool, Error> {
        self.client.step(sums.are_stored(&self.client, range)).await
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
