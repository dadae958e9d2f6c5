//! The projection's rows as they are stored, in the order of sessions.

use tokio_postgres::{Error as DriverError, Row};
use uuid::Uuid;

use super::columns::{EndedRow, LiveRow, LoginRow};
use super::row::ProjectedRow;
use crate::session::SessionId;
use crate::store::bare::bare;
use crate::store::connection::reading::{Reading, Stretch};
use crate::store::connection::watched::Watched;
use crate::store::error::Error;
use crate::store::table::Cells;

const READ_LIVE_ROWS: &str = bare(include_str!("../sql/read_live_rows.sql"));
const READ_ENDED_ROWS: &str = bare(include_str!("../sql/read_ended_rows.sql"));
const READ_LOGIN_STEPS: &str = bare(include_str!("../sql/read_login_steps.sql"));

/// The rows of one of the tables that have a row a session, in the transaction that is open on a connection.
pub(crate) struct Rows {
    stored: Reading,
    read: fn(&mut Cells<'_>) -> Result<Read, DriverError>,
    /// The row that was read last, until it is handed out.
    ahead: Option<StoredRow>,
}

/// A row, and its `resend` if it is a live one.
type Read = (ProjectedRow, Option<Vec<u8>>);

/// A row as it is stored.
pub(crate) struct StoredRow {
    pub(crate) session: SessionId,
    /// `None` if it holds values that no version of the library writes.
    pub(crate) row: Option<ProjectedRow>,
    /// The sealed token that a live row keeps to be sent again. It is not derived.
    pub(crate) resend: Option<Vec<u8>>,
}

impl Rows {
    /// The rows of `session`.
    pub(super) async fn live(client: &Watched, stretch: Stretch) -> Result<Self, Error> {
        let stored = Reading::open(client, READ_LIVE_ROWS, stretch).await?;
        let read = |cells: &mut Cells<'_>| {
            let row = LiveRow::read(cells)?.in_todays_shape();
            Ok((ProjectedRow::Live(row), cells.next()?))
        };
        Ok(Self { stored, read, ahead: None })
    }

    /// The rows of `ended_session`.
    pub(super) async fn ended(client: &Watched, stretch: Stretch) -> Result<Self, Error> {
        let stored = Reading::open(client, READ_ENDED_ROWS, stretch).await?;
        let read = |cells: &mut Cells<'_>| Ok((ProjectedRow::Ended(EndedRow::read(cells)?), None));
        Ok(Self { stored, read, ahead: None })
    }

    /// The next row, if its session does not come after `last`. With `None`, any next row.
    pub(crate) async fn up_to(&mut self, last: Option<SessionId>) -> Result<Option<StoredRow>, Error> {
        if self.ahead.is_none()
            && let Some(row) = self.stored.next().await?
        {
            self.ahead = Some(self.stored(&row)?);
        }
        Ok(self.ahead.take_if(|row| last.is_none_or(|last| row.session <= last)))
    }

    /// How many rows were fetched.
    pub(crate) fn fetched(&self) -> u64 {
        self.stored.rows()
    }

    fn stored(&self, row: &Row) -> Result<StoredRow, Error> {
        let mut cells = Cells::of(row);
        let session = SessionId::from(cells.next::<Uuid>()?);
        let (row, resend) = (self.read)(&mut cells).ok().unzip();
        Ok(StoredRow { session, row, resend: resend.flatten() })
    }
}

/// The steps of logins as they are stored, in the order of sessions and versions, in the transaction that is
/// open on a connection.
pub(crate) struct StoredLogins {
    stored: Reading,
    /// The step that was read last, until it is handed out.
    ahead: Option<StoredLogin>,
}

/// A step of a login as it is stored.
pub(crate) struct StoredLogin {
    pub(crate) session: SessionId,
    pub(crate) version: i64,
    /// `None` if it holds values that no version of the library writes.
    pub(crate) row: Option<LoginRow>,
}

impl StoredLogins {
    pub(super) async fn open(client: &Watched, stretch: Stretch) -> Result<Self, Error> {
        let stored = Reading::open(client, READ_LOGIN_STEPS, stretch).await?;
        Ok(Self { stored, ahead: None })
    }

    /// The next step, if it does not come after this version of this session. With `None`, any next step.
    pub(crate) async fn up_to(
        &mut self,
        place: Option<(SessionId, i64)>,
    ) -> Result<Option<StoredLogin>, Error> {
        if self.ahead.is_none()
            && let Some(row) = self.stored.next().await?
        {
            self.ahead = Some(stored_login(&row)?);
        }
        let is_next = |step: &mut StoredLogin| place.is_none_or(|last| (step.session, step.version) <= last);
        Ok(self.ahead.take_if(is_next))
    }

    /// How many steps were fetched.
    pub(crate) fn fetched(&self) -> u64 {
        self.stored.rows()
    }
}

fn stored_login(row: &Row) -> Result<StoredLogin, DriverError> {
    let mut cells = Cells::of(row);
    let (session, version) = (SessionId::from(cells.next::<Uuid>()?), row.try_get("version")?);
    Ok(StoredLogin { session, version, row: LoginRow::read(&mut cells).ok() })
}
