//! The logins of users, as the view `login` tells them.

use std::net::IpAddr;

use time::{Duration, OffsetDateTime};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::connection::pool::Connection;
use super::connection::statement::Sql;
use super::error::Error;
use super::table::Values;
use crate::session::{Assurance, Client, EndReason, LoginFilter, LoginPlace, SessionId, UserId};

/// The conditions, which are the first parameters of both statements.
macro_rules! conditions {
    ($($more:ident),*) => {
        &[
            Type::TEXT, Type::INET, Type::INET, Type::TIMESTAMPTZ, Type::TIMESTAMPTZ, Type::TEXT,
            Type::TIMESTAMPTZ, $(Type::$more),*
        ]
    };
}

static LOGINS_PAGE: Sql =
    Sql::new(include_str!("sql/logins_page.sql"), conditions!(TIMESTAMPTZ, UUID, INT8, INT8));
static COUNT_LOGINS: Sql = Sql::new(include_str!("sql/count_logins.sql"), conditions!(FLOAT8));
static COUNT_ENDS: Sql =
    Sql::new(include_str!("sql/count_ends.sql"), &[Type::TIMESTAMPTZ, Type::TIMESTAMPTZ, Type::FLOAT8]);

/// A login: who was signed in to a session, from when to when. It holds nothing that opens the session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Login {
    /// The session.
    pub session: SessionId,
    /// The version of the login's event in it.
    pub version: i64,
    /// The user.
    pub user: Option<UserId>,
    /// How they proved who they are.
    pub methods: Vec<String>,
    /// How much that proves.
    pub assurance: Option<Assurance>,
    /// The address that they logged in from.
    pub client_ip: Option<IpAddr>,
    /// The browser that they logged in with.
    pub user_agent: Option<String>,
    /// When it began.
    pub began_at: OffsetDateTime,
    /// Why and when it ended, or `None` while it lasts. It ends with its session, or with the next login of
    /// the session, then as `logged_in_again` or `user_switched`. One whose session's own time limits are
    /// over has ended, even if no request has found that out yet.
    pub ended: Option<(EndReason, OffsetDateTime)>,
    /// Who ended the session, where that is not its user.
    pub ended_by: Option<UserId>,
    /// When the session was last seen.
    pub last_seen: Option<OffsetDateTime>,
    /// When the session's own limits end it, of a login that no event has ended.
    pub deadline: Option<OffsetDateTime>,
}

/// How many logins began within a step of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginCount {
    /// When the step begins.
    pub from: OffsetDateTime,
    /// How many logins.
    pub logins: u64,
    /// Of how many users.
    pub users: u64,
}

/// How many sessions ended within a step of time for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndCount {
    /// When the step begins.
    pub from: OffsetDateTime,
    /// Why they ended.
    pub reason: EndReason,
    /// How many sessions.
    pub sessions: u64,
}

/// The conditions as parameters.
struct Conditions<'a> {
    user: Option<&'a str>,
    first_address: Option<IpAddr>,
    last_address: Option<IpAddr>,
    from: OffsetDateTime,
    until: OffsetDateTime,
    reason: Option<&'a str>,
    open_at: Option<OffsetDateTime>,
}

impl<'a> Conditions<'a> {
    fn of(filter: &'a LoginFilter) -> Result<Self, Error> {
        if let Some(user) = &filter.user {
            user.check()?;
        }
        Ok(Self {
            user: filter.user.as_ref().map(UserId::as_str),
            first_address: filter.network.map(|network| network.network()),
            last_address: filter.network.map(|network| network.broadcast()),
            from: filter.from.unwrap_or(earliest()).max(earliest()),
            until: filter.until.unwrap_or(latest()).max(earliest()),
            reason: filter.reason.as_ref().map(EndReason::as_str),
            open_at: filter.open_at.map(|moment| moment.max(earliest())),
        })
    }

    fn add_to(&'a self, parameters: &mut Values<'a>) {
        let Self { user, first_address, last_address, from, until, reason, open_at } = self;
        let all: [&(dyn ToSql + Sync); 7] = [user, first_address, last_address, from, until, reason, open_at];
        parameters.extend(all);
    }
}

/// At most `limit` of the logins that fulfil `filter`, the latest first: those behind the place `after`, or
/// the first ones.
pub(crate) async fn page_of_logins(
    connection: &Connection,
    filter: &LoginFilter,
    after: Option<LoginPlace>,
    limit: u32,
) -> Result<Vec<Login>, Error> {
    let conditions = Conditions::of(filter)?;
    // No session has the highest id: a UUIDv7 has its version in it.
    let first = LoginPlace { began_at: latest(), session: Uuid::max().into(), version: i64::MAX };
    let LoginPlace { began_at, session, version } = after.unwrap_or(first);
    let (session, limit) = (session.as_uuid(), i64::from(limit));
    let mut parameters = Values::new();
    conditions.add_to(&mut parameters);
    let place: [&(dyn ToSql + Sync); 4] = [&began_at, &session, &version, &limit];
    parameters.extend(place);
    let rows = LOGINS_PAGE.query_once(connection, &parameters).await?;
    rows.iter().map(login).collect()
}

/// How many logins fulfil `filter`, in steps of `step` from the beginning of its span on.
pub(crate) async fn count_logins(
    connection: &Connection,
    filter: &LoginFilter,
    step: Duration,
) -> Result<Vec<LoginCount>, Error> {
    let (conditions, step) = (Conditions::of(filter)?, step.as_seconds_f64());
    let mut parameters = Values::new();
    conditions.add_to(&mut parameters);
    parameters.push(&step);
    let count = |row: &Row| {
        let number = |column: &str| Ok::<_, Error>(row.try_get::<_, i64>(column)?.unsigned_abs());
        Ok(LoginCount {
            from: row.try_get("step_start")?,
            logins: number("logins")?,
            users: number("users")?,
        })
    };
    COUNT_LOGINS.query_once(connection, &parameters).await?.iter().map(count).collect()
}

/// How many sessions with a user ended from `from` on and before `until`, in steps of `step` and by reason.
pub(crate) async fn count_ends(
    connection: &Connection,
    from: OffsetDateTime,
    until: OffsetDateTime,
    step: Duration,
) -> Result<Vec<EndCount>, Error> {
    let step = step.as_seconds_f64();
    let mut parameters = Values::new();
    let span: [&(dyn ToSql + Sync); 3] = [&from, &until, &step];
    parameters.extend(span);
    let count = |row: &Row| {
        Ok(EndCount {
            from: row.try_get("step_start")?,
            reason: EndReason::from(row.try_get::<_, &str>("reason")?),
            sessions: row.try_get::<_, i64>("sessions")?.unsigned_abs(),
        })
    };
    COUNT_ENDS.query_once(connection, &parameters).await?.iter().map(count).collect()
}

impl Login {
    /// Its place among all.
    pub(crate) fn place(&self) -> LoginPlace {
        LoginPlace { began_at: self.began_at, session: self.session, version: self.version }
    }
}

fn login(row: &Row) -> Result<Login, Error> {
    let client =
        Client::from_columns(row.try_get("client_ip")?, row.try_get("user_agent")?).unwrap_or_default();
    let ended_at: Option<OffsetDateTime> = row.try_get("ended_at")?;
    let reason: Option<&str> = row.try_get("end_reason")?;
    Ok(Login {
        session: SessionId::from(row.try_get::<_, Uuid>("session_id")?),
        version: row.try_get("version")?,
        user: row.try_get::<_, Option<String>>("user_id")?.map(UserId::from),
        methods: row.try_get("methods")?,
        assurance: row.try_get::<_, Option<i16>>("assurance")?.and_then(Assurance::of_level),
        client_ip: client.ip,
        user_agent: client.user_agent.as_deref().map(str::to_owned),
        began_at: row.try_get("began_at")?,
        ended: reason.map(EndReason::from).zip(ended_at),
        ended_by: row.try_get::<_, Option<String>>("ended_by")?.map(UserId::from),
        last_seen: row.try_get("last_seen")?,
        deadline: row.try_get("deadline")?,
    })
}

/// A time before all that PostgreSQL is asked about. It knows no times of long before our era.
pub(super) fn earliest() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH
}

/// A time after all that PostgreSQL is asked about: the year 9999.
pub(super) fn latest() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(253_402_214_400).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
