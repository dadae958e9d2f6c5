//! Reading the whole log, session after session.

use time::OffsetDateTime;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::columns::EventRow;
use super::history::TransactionNumber;
use crate::session::{Entry, SessionId};
use crate::store::bare::bare;
use crate::store::connection::reading::{Reading, Stretch};
use crate::store::connection::watched::Watched;
use crate::store::error::Error;
use crate::store::table::Cells;

const READ_LOG: &str = bare(include_str!("../sql/read_log.sql"));
const LOG_SAMPLE: &str = bare(include_str!("../sql/log_sample.sql"));
const COUNT_ESTIMATE: &str = bare(include_str!("../sql/count_estimate.sql"));

/// An event, and what the database has added to it.
pub(crate) struct Logged {
    pub(crate) entry: Entry,
    pub(crate) witness: Witness,
}

/// The columns of an event that the database fills in. They are not part of the chain.
#[derive(Clone, Copy)]
pub(crate) struct Witness {
    /// `None` if it is a time that no clock shows.
    pub(crate) recorded_at: Option<OffsetDateTime>,
    pub(crate) transaction_id: u64,
    pub(crate) position: i64,
    pub(crate) epoch: i16,
}

/// About how many events of the log are looked at to cut it in parts.
const SAMPLED: f64 = 20_000.0;

/// The log in the order of sessions and their versions, in the transaction that is open on a connection.
pub(crate) struct Streams {
    events: Reading,
    /// The session whose events are being read.
    session: Option<SessionId>,
    /// The row that was read last, until its event is handed out.
    ahead: Option<(SessionId, Row)>,
}

impl Streams {
    pub(crate) async fn open(client: &Watched, stretch: Stretch) -> Result<Self, Error> {
        let events = Reading::open(client, READ_LOG, stretch).await?;
        Ok(Self { events, session: None, ahead: None })
    }

    /// Goes to the next session and returns its id, or `None` at the end of the log. Events of the session
    /// before that were not read are skipped.
    pub(crate) async fn next_session(&mut self) -> Result<Option<SessionId>, Error> {
        while self.next_event().await?.is_some() {}
        self.session = self.ahead.as_ref().map(|(session, _)| *session);
        Ok(self.session)
    }

    /// The next event of the present session, or `None` after its last.
    pub(crate) async fn next_event(&mut self) -> Result<Option<Logged>, Error> {
        if self.ahead.is_none()
            && let Some(row) = self.events.next().await?
        {
            self.ahead = Some((session_of(&row)?, row));
        }
        let of_this_session = self.ahead.take_if(|(session, _)| Some(*session) == self.session);
        of_this_session.map(|(_, row)| logged(&row)).transpose()
    }
}

/// About how many events the log holds, or `None` if the server has not counted them yet.
pub(crate) async fn count_estimate(client: &Client) -> Result<Option<u64>, Error> {
    let row = client.query_one(COUNT_ESTIMATE, &[]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>("events")?).ok().filter(|events| *events > 0))
}

/// All sessions in at most so many stretches, with about as many events in each.
pub(crate) async fn stretches(client: &Client, parts: usize) -> Result<Vec<Stretch>, Error> {
    Ok(Stretch::cut(&sample(client).await?, parts))
}

/// The sessions of some of the log's events, in order. Of a small log, those of all events.
pub(crate) async fn sample(client: &Client) -> Result<Vec<Uuid>, Error> {
    let events = count_estimate(client).await?.unwrap_or(1);
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "it is a rough figure")]
    let percent = (100.0 * SAMPLED / events as f64).min(100.0) as f32;
    let rows = client.query(LOG_SAMPLE, &[&percent]).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

fn session_of(row: &Row) -> Result<SessionId, Error> {
    Ok(SessionId::from(Cells::of(row).next::<Uuid>()?))
}

fn logged(row: &Row) -> Result<Logged, Error> {
    let mut cells = Cells::of(row);
    let _session: Uuid = cells.next()?;
    let version = cells.next()?;
    let entry = EventRow::read(&mut cells)?.entry(version);
    let witness = Witness {
        recorded_at: cells.next().ok(),
        transaction_id: cells.next::<TransactionNumber>()?.0,
        position: cells.next()?,
        epoch: cells.next()?,
    };
    Ok(Logged { entry, witness })
}
