//! Failed logins: recorded, and asked for.

use std::net::IpAddr;

use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::connection::pool::Connection;
use super::connection::reader::Reader;
use super::connection::statement::{Parameters, Sql};
use super::error::Error;
use super::scope::Conditions;
use super::table::{List, list};
use crate::session::{
    EventId, FailedLogin as Failed, FailedLoginFilter, FailedLoginPlace, LoginFailure, SessionId, UserId,
};

static RECORD_FAILED_LOGINS: Sql = Sql::new(
    include_str!("sql/record_failed_logins.sql"),
    &[
        Type::UUID_ARRAY,
        Type::TEXT_ARRAY,
        Type::TEXT_ARRAY,
        Type::INET_ARRAY,
        Type::TEXT_ARRAY,
        Type::UUID_ARRAY,
        Type::INT8_ARRAY,
    ],
);
static FAILED_LOGINS_PAGE: Sql = Sql::new(
    include_str!("sql/failed_logins_page.sql"),
    &[
        Type::TEXT,
        Type::INET,
        Type::INET,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::TEXT,
        Type::TIMESTAMPTZ,
        Type::UUID,
        Type::INT8,
    ],
);

/// A failed login as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedLogin {
    /// Its name.
    pub event_id: EventId,
    /// When it was recorded, by the database's clock: as a rule a moment after it was refused.
    pub failed_at: OffsetDateTime,
    /// The user as it was tried, whom there need not be; none where the application does not tell.
    pub user: Option<UserId>,
    /// Why it failed.
    pub reason: LoginFailure,
    /// The address that it came from.
    pub client_ip: Option<IpAddr>,
    /// The browser that it came from.
    pub user_agent: Option<String>,
    /// The session of the browser, where it had one. A visitor's session may be over long since.
    pub session: Option<SessionId>,
    /// How many failed logins the same process did not record before this one, as they were too many or the
    /// database was away.
    pub left_out: u64,
}

/// A failed login that is to be recorded.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) event_id: EventId,
    pub(crate) failed: Failed,
    /// How many were not recorded before it.
    pub(crate) left_out: i64,
}

/// Records failed logins. It may be done again with the same ones.
pub(crate) async fn record(connection: &Connection, all: &[&Recording]) -> Result<(), Error> {
    let lists: [List<'_>; 7] = [
        list(all, |one| one.event_id.as_uuid()),
        list(all, |one| one.failed.user().map(UserId::as_str)),
        list(all, |one| one.failed.reason().as_str()),
        list(all, |one| one.failed.client().ip),
        list(all, |one| one.failed.client().user_agent.as_deref()),
        list(all, |one| one.failed.session().map(|session| session.as_uuid())),
        list(all, |one| one.left_out),
    ];
    let parameters: Vec<&(dyn ToSql + Sync)> =
        lists.iter().map(|list| &**list as &(dyn ToSql + Sync)).collect();
    RECORD_FAILED_LOGINS.query(connection, &parameters).await?;
    Ok(())
}

/// At most `limit` of the failed logins that fulfil `filter`, the latest first: those behind the place
/// `after`, or the first ones.
pub(crate) async fn page_of_failed_logins(
    reader: Reader<'_>,
    filter: &FailedLoginFilter,
    after: Option<FailedLoginPlace>,
    limit: u32,
) -> Result<Vec<FailedLogin>, Error> {
    let Conditions { user, first_address, last_address, from, until } = Conditions::of(&filter.scope)?;
    let (failed_at, event_id) =
        after.map_or((until, Uuid::nil()), |place| (place.failed_at, place.event_id.as_uuid()));
    let parameters: Parameters = &[
        &user,
        &first_address,
        &last_address,
        &from,
        &until,
        &filter.reason.as_ref().map(LoginFailure::as_str),
        &failed_at,
        &event_id,
        &i64::from(limit),
    ];
    reader.ask(&FAILED_LOGINS_PAGE, parameters).await?.iter().map(failed_login).collect()
}

impl FailedLogin {
    /// Its place among all.
    pub(crate) fn place(&self) -> FailedLoginPlace {
        FailedLoginPlace { failed_at: self.failed_at, event_id: self.event_id }
    }
}

fn failed_login(row: &Row) -> Result<FailedLogin, Error> {
    let left_out: i64 = row.try_get("left_out")?;
    Ok(FailedLogin {
        event_id: row.try_get::<_, Uuid>("event_id")?.into(),
        failed_at: row.try_get("failed_at")?,
        user: row.try_get::<_, Option<String>>("user_id")?.map(UserId::from),
        reason: row.try_get::<_, &str>("reason")?.into(),
        client_ip: row.try_get("client_ip")?,
        user_agent: row.try_get("user_agent")?,
        session: row.try_get::<_, Option<Uuid>>("session_id")?.map(SessionId::from),
        left_out: left_out.unsigned_abs(),
    })
}
