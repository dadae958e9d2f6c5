//! The logins of users, as the view `login` tells them.

use std::net::IpAddr;

use time::{Duration, OffsetDateTime};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::connection::pool::Connection;
use super::connection::reader::Reader;
use super::connection::statement::{Parameters, Sql};
use super::error::Error;
use super::scope::{Conditions, earliest};
use crate::session::{Assurance, Client, EndReason, LoginFilter, LoginPlace, SessionId, UserId};

/// The place where a page begins, and how many it may have at the most.
macro_rules! types {
    ($($before:ident),*; $($behind:ident),*) => {
        &[
            $(Type::$before,)* Type::TIMESTAMPTZ, Type::UUID, Type::INT8, Type::INT8, $(Type::$behind,)*
        ]
    };
}

static LOGINS_OF_USER: Sql = Sql::new(
    include_str!("sql/logins_of_user.sql"),
    types!(TEXT; TIMESTAMPTZ, INET, INET, TEXT, TIMESTAMPTZ),
);
static LOGINS_FROM_ADDRESS: Sql =
    Sql::new(include_str!("sql/logins_from_address.sql"), types!(INET; TIMESTAMPTZ, TEXT, TIMESTAMPTZ));
static LOGINS_FROM_NETWORK: Sql =
    Sql::new(include_str!("sql/logins_from_network.sql"), types!(INET, INET; TIMESTAMPTZ, TEXT));
static LATEST_LOGINS: Sql = Sql::new(include_str!("sql/latest_logins.sql"), types!(; TIMESTAMPTZ, TEXT));
static COUNT_LOGINS: Sql = Sql::new(
    include_str!("sql/count_logins.sql"),
    &[
        Type::TEXT,
        Type::INET,
        Type::INET,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::TEXT,
        Type::TIMESTAMPTZ,
        Type::FLOAT8,
    ],
);
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

/// At most `limit` of the logins that fulfil `filter`, the latest first: those behind the place `after`, or
/// the first ones. For those of a moment, of which neither user nor address is said, there is
/// [`look_for_signed_in`](super::signed_in::look_for_signed_in).
pub(crate) async fn page_of_logins(
    reader: Reader<'_>,
    filter: &LoginFilter,
    after: Option<LoginPlace>,
    limit: u32,
) -> Result<Vec<Login>, Error> {
    let Conditions { user, first_address: first, last_address: last, from, until } =
        Conditions::of(&filter.scope)?;
    let (reason, open_at) =
        (filter.reason.as_ref().map(EndReason::as_str), filter.open_at.map(|moment| moment.max(earliest())));
    // Behind this one are all that began before the end of the span.
    let first_place = LoginPlace { began_at: until, session: Uuid::nil().into(), version: 0 };
    let LoginPlace { began_at, session, version } = after.unwrap_or(first_place);
    let (session, limit) = (session.as_uuid(), i64::from(limit));
    let rows = if user.is_some() {
        let conditions: [&(dyn ToSql + Sync); 5] = [&from, &first, &last, &reason, &open_at];
        let place: [&(dyn ToSql + Sync); 5] = [&user, &began_at, &session, &version, &limit];
        reader.look_up(&LOGINS_OF_USER, &[&place[..], &conditions].concat()).await?
    } else if let Some(address) = filter.scope.address() {
        let parameters: Parameters =
            &[&address, &began_at, &session, &version, &limit, &from, &reason, &open_at];
        reader.look_up(&LOGINS_FROM_ADDRESS, parameters).await?
    } else if first.is_some() {
        let parameters: Parameters = &[&first, &last, &began_at, &session, &version, &limit, &from, &reason];
        reader.ask(&LOGINS_FROM_NETWORK, parameters).await?
    } else {
        let parameters: Parameters = &[&began_at, &session, &version, &limit, &from, &reason];
        reader.look_up(&LATEST_LOGINS, parameters).await?
    };
    rows.iter().map(login).collect()
}

/// How many logins fulfil `filter`, in steps of `step` from the beginning of its span on.
pub(crate) async fn count_logins(
    connection: &Connection,
    filter: &LoginFilter,
    step: Duration,
) -> Result<Vec<LoginCount>, Error> {
    let Conditions { user, first_address, last_address, from, until } = Conditions::of(&filter.scope)?;
    let (reason, open_at) =
        (filter.reason.as_ref().map(EndReason::as_str), filter.open_at.map(|moment| moment.max(earliest())));
    let step = step.as_seconds_f64();
    let parameters: Parameters =
        &[&user, &first_address, &last_address, &from, &until, &reason, &open_at, &step];
    let count = |row: &Row| {
        let number = |column: &str| Ok::<_, Error>(row.try_get::<_, i64>(column)?.unsigned_abs());
        Ok(LoginCount {
            from: row.try_get("step_start")?,
            logins: number("logins")?,
            users: number("users")?,
        })
    };
    COUNT_LOGINS.query_once(connection, parameters).await?.iter().map(count).collect()
}

/// How many sessions with a user ended from `from` on and before `until`, in steps of `step` and by reason.
pub(crate) async fn count_ends(
    connection: &Connection,
    from: OffsetDateTime,
    until: OffsetDateTime,
    step: Duration,
) -> Result<Vec<EndCount>, Error> {
    let step = step.as_seconds_f64();
    let parameters: Parameters = &[&from, &until, &step];
    let count = |row: &Row| {
        Ok(EndCount {
            from: row.try_get("step_start")?,
            reason: EndReason::from(row.try_get::<_, &str>("reason")?),
            sessions: row.try_get::<_, i64>("sessions")?.unsigned_abs(),
        })
    };
    COUNT_ENDS.query_once(connection, parameters).await?.iter().map(count).collect()
}

impl Login {
    /// Its place among all.
    pub(crate) fn place(&self) -> LoginPlace {
        LoginPlace { began_at: self.began_at, session: self.session, version: self.version }
    }
}

pub(super) fn login(row: &Row) -> Result<Login, Error> {
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
