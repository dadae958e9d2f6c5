//! Questions about events: those of a session or of a user, and those of a span of time.

use std::net::IpAddr;

use time::OffsetDateTime;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::history::recorded;
use crate::session::{EndReason, EventFilter, EventPlace, Recorded, SessionId, UserId, Window};
use crate::store::connection::pool::Connection;
use crate::store::connection::statement::Sql;
use crate::store::error::Error;
use crate::store::logins::{earliest, latest};
use crate::store::table::Values;

/// The conditions and the place, which are the first parameters of both statements.
macro_rules! conditions {
    ($($more:ident),*) => {
        &[
            Type::TEXT_ARRAY, Type::TEXT, Type::INET, Type::INET, Type::TIMESTAMPTZ, Type::TIMESTAMPTZ,
            Type::TEXT, Type::TIMESTAMPTZ, Type::TIMESTAMPTZ, Type::UUID, Type::INT8, Type::INT8,
            $(Type::$more),*
        ]
    };
}

static EVENTS_PAGE: Sql = Sql::new(include_str!("../sql/events_page.sql"), conditions!(TEXT, UUID));
static EVENTS_OF_SPAN: Sql = Sql::new(include_str!("../sql/events_of_span.sql"), conditions!());
static KNOWN_SESSION: Sql = Sql::new(include_str!("../sql/known_session.sql"), &[Type::UUID, Type::TEXT]);

/// The conditions, and the place where the page begins, as parameters.
struct Conditions<'a> {
    kinds: Option<&'a [String]>,
    actor: Option<&'a str>,
    first_address: Option<IpAddr>,
    last_address: Option<IpAddr>,
    from: OffsetDateTime,
    until: OffsetDateTime,
    reason: Option<&'a str>,
    recorded_from: OffsetDateTime,
    recorded_until: OffsetDateTime,
    session: Uuid,
    version: i64,
    limit: i64,
}

impl<'a> Conditions<'a> {
    fn of(
        filter: &'a EventFilter,
        (recorded_from, recorded_until): (OffsetDateTime, OffsetDateTime),
        after: EventPlace,
        limit: u32,
    ) -> Result<Self, Error> {
        for user in filter.user.iter().chain(&filter.actor) {
            user.check()?;
        }
        Ok(Self {
            kinds: (!filter.kinds.is_empty()).then_some(&*filter.kinds),
            actor: filter.actor.as_ref().map(UserId::as_str),
            first_address: filter.network.map(|network| network.network()),
            last_address: filter.network.map(|network| network.broadcast()),
            from: filter.from.unwrap_or(earliest()).max(earliest()),
            until: filter.until.unwrap_or(latest()).max(earliest()),
            reason: filter.reason.as_ref().map(EndReason::as_str),
            recorded_from: recorded_from.max(earliest()),
            recorded_until: recorded_until.max(earliest()),
            session: after.session.as_uuid(),
            version: after.version,
            limit: i64::from(limit),
        })
    }

    fn add_to(&'a self, parameters: &mut Values<'a>) {
        let Self { kinds, actor, first_address, last_address, from, until, reason, .. } = self;
        let conditions: [&(dyn ToSql + Sync); 7] =
            [kinds, actor, first_address, last_address, from, until, reason];
        parameters.extend(conditions);
        let Self { recorded_from, recorded_until, session, version, limit, .. } = self;
        let place: [&(dyn ToSql + Sync); 5] = [recorded_from, recorded_until, session, version, limit];
        parameters.extend(place);
    }
}

/// At most `limit` of the events of a session or of a user that fulfil `filter`: those behind the place
/// `after`, or the first ones.
pub(crate) async fn page_of_events(
    connection: &Connection,
    filter: &EventFilter,
    after: Option<EventPlace>,
    limit: u32,
) -> Result<Vec<Recorded>, Error> {
    let first = EventPlace { at: earliest(), session: Uuid::nil().into(), version: 0 };
    let recorded_in = filter.recorded.unwrap_or((earliest(), latest()));
    let conditions = Conditions::of(filter, recorded_in, after.unwrap_or(first), limit)?;
    let (user, session) =
        (filter.user.as_ref().map(UserId::as_str), filter.session.map(|session| session.as_uuid()));
    let mut parameters = Values::new();
    conditions.add_to(&mut parameters);
    let whose: [&(dyn ToSql + Sync); 2] = [&user, &session];
    parameters.extend(whose);
    EVENTS_PAGE.query_once(connection, &parameters).await?.iter().map(recorded).collect()
}

/// The events of all sessions that fulfil `filter`, in a window of its span.
pub(crate) async fn events_of_window(
    connection: &Connection,
    filter: &EventFilter,
    window: &Window,
) -> Result<Vec<Recorded>, Error> {
    let conditions = Conditions::of(filter, (window.after.at, window.until), window.after, window.limit)?;
    let mut parameters = Values::new();
    conditions.add_to(&mut parameters);
    EVENTS_OF_SPAN.query_once(connection, &parameters).await?.iter().map(recorded).collect()
}

/// Whether the log knows a session, and it is this user's if one is named.
pub(crate) async fn is_known(
    connection: &Connection,
    session: SessionId,
    user: Option<&UserId>,
) -> Result<bool, Error> {
    let (session, user) = (session.as_uuid(), user.map(UserId::as_str));
    Ok(!KNOWN_SESSION.query_once(connection, &[&session, &user]).await?.is_empty())
}
