//! The sessions of a user.

use std::net::IpAddr;

use time::{Duration, OffsetDateTime};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::connection::pool::Connection;
use super::connection::statement::{Parameters, Sql};
use super::error::Error;
use crate::session::{
    Client, DeviceId, Encoded, EndReason, Event, Expiry, SessionId, SessionState, Timeouts, UserId,
};

static SESSIONS_OF_USER: Sql = Sql::new(include_str!("sql/sessions_of_user.sql"), &[Type::TEXT]);
static SESSION_OF_USER: Sql = Sql::new(include_str!("sql/session_of_user.sql"), &[Type::TEXT, Type::UUID]);
static SESSIONS_PAGE: Sql =
    Sql::new(include_str!("sql/sessions_page.sql"), &[Type::TEXT, Type::UUID, Type::INT8]);

/// One of a user's sessions, as a list of devices shows it. It holds nothing that opens the session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionSummary {
    /// The session's public name.
    pub id: SessionId,
    /// How many events it has.
    pub version: i64,
    /// When it started.
    pub started_at: OffsetDateTime,
    /// When the user last proved who they are in it.
    pub authenticated_at: Option<OffsetDateTime>,
    /// When it was last seen, as exact as the policy's `extension_delay`.
    pub last_seen: OffsetDateTime,
    /// Why and when it ended, or `None` for a live session. A session whose time is over counts as ended,
    /// even if no request has found that out yet.
    pub ended: Option<(EndReason, OffsetDateTime)>,
    /// The address that its latest event came from. The end is not counted: it may be somebody else's doing.
    pub client_ip: Option<IpAddr>,
    /// The browser that its latest event came from, the end not counted.
    pub user_agent: Option<String>,
    /// The browser of its last login; none where device cookies were not in use. It tells sessions of one
    /// browser from those of another of the same make, and when the browser [first signed
    /// in](DeviceId::first_seen).
    pub device: Option<DeviceId>,
}

/// A user's sessions, live and ended, the latest seen first. `policy` are the limits of those that have none
/// of their own.
pub(crate) async fn sessions_of(
    connection: &Connection,
    user: &UserId,
    policy: Timeouts,
) -> Result<Vec<SessionSummary>, Error> {
    user.check()?;
    let rows = SESSIONS_OF_USER.query(connection, &[&user.as_str()]).await?;
    rows.iter().map(|row| summary(row, policy)).collect()
}

/// One of a user's sessions; none if it is not theirs.
pub(crate) async fn session_of(
    connection: &Connection,
    user: &UserId,
    session: SessionId,
    policy: Timeouts,
) -> Result<Option<SessionSummary>, Error> {
    user.check()?;
    let row = SESSION_OF_USER.query_opt(connection, &[&user.as_str(), &session.as_uuid()]).await?;
    row.map(|row| summary(&row, policy)).transpose()
}

/// At most `limit` of a user's sessions, live and ended, the latest started first: those that started before
/// the session `before`, or the first ones.
pub(crate) async fn page_of_sessions(
    connection: &Connection,
    user: &UserId,
    before: Option<SessionId>,
    limit: u32,
    policy: Timeouts,
) -> Result<Vec<SessionSummary>, Error> {
    user.check()?;
    // No session has the highest id: a UUIDv7 has its version in it.
    let before = before.map_or(Uuid::max(), |id| id.as_uuid());
    let parameters: Parameters = &[&user.as_str(), &before, &i64::from(limit)];
    let rows = SESSIONS_PAGE.query(connection, parameters).await?;
    rows.iter().map(|row| summary(row, policy)).collect()
}

pub(super) fn summary(row: &Row, policy: Timeouts) -> Result<SessionSummary, Error> {
    let client =
        Client::from_columns(row.try_get("client_ip")?, row.try_get("user_agent")?).unwrap_or_default();
    Ok(SessionSummary {
        id: SessionId::from(row.try_get::<_, Uuid>("session_id")?),
        version: row.try_get("version")?,
        started_at: row.try_get("started_at")?,
        authenticated_at: row.try_get("authenticated_at")?,
        last_seen: row.try_get("last_seen")?,
        ended: ended(row, policy)?,
        client_ip: client.ip,
        user_agent: client.user_agent.as_deref().map(str::to_owned),
        device: device(row.try_get("device")?),
    })
}

/// The device in the latest fact about it. One that cannot be read is told by the history.
fn device(fact: Option<&[u8]>) -> Option<DeviceId> {
    match Encoded::stored("device_seen", 1, fact?).decode() {
        Ok(Event::DeviceSeen(seen)) => Some(seen.device),
        _ => None,
    }
}

impl SessionSummary {
    /// Whether it is the session of the present request: `current` is what
    /// [`Session::id`](crate::Session::id) tells.
    #[must_use]
    pub fn is_current(&self, current: impl Into<Option<SessionId>>) -> bool {
        current.into() == Some(self.id)
    }

    /// A live session.
    pub(crate) fn of_live(id: SessionId, state: &SessionState, last_seen: OffsetDateTime) -> Self {
        let client = state.client.clone().unwrap_or_default();
        Self {
            id,
            version: state.version,
            started_at: state.started_at,
            authenticated_at: state.authenticated_at,
            last_seen,
            ended: None,
            client_ip: client.ip,
            user_agent: client.user_agent.as_deref().map(str::to_owned),
            device: state.content.extras.device,
        }
    }
}

fn ended(row: &Row, policy: Timeouts) -> Result<Option<(EndReason, OffsetDateTime)>, Error> {
    if let Some(reason) = row.try_get::<_, Option<&str>>("reason")? {
        return Ok(Some((EndReason::from(reason), row.try_get("ended_at")?)));
    }
    let after = |from: OffsetDateTime, seconds: i64| from.checked_add(Duration::seconds(seconds));
    let idle = row.try_get::<_, Option<i32>>("idle_timeout")?.map(i64::from).or(policy.idle.map(i64::from));
    let last_seen: OffsetDateTime = row.try_get("last_seen")?;
    let absolute = match row.try_get("absolute_deadline")? {
        Some(deadline) => Some(deadline),
        None => {
            let authenticated_at: Option<OffsetDateTime> = row.try_get("authenticated_at")?;
            let from = authenticated_at.unwrap_or(row.try_get("started_at")?);
            policy.absolute.and_then(|seconds| after(from, seconds.into()))
        }
    };
    let expiry =
        Expiry::first(idle.and_then(|seconds| after(last_seen, seconds)), absolute, row.try_get("now")?);
    Ok(expiry.map(|expiry| (expiry.reason, expiry.deadline)))
}
