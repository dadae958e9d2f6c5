//! Questions about the events of a session or of a user.

use time::OffsetDateTime;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::history::recorded;
use crate::session::{EventFilter, EventPlace, Recorded, UserId};
use crate::store::connection::pool::Connection;
use crate::store::connection::statement::{Parameters, Sql};
use crate::store::error::Error;
use crate::store::logins::latest;

static EVENTS_PAGE: Sql = Sql::new(
    include_str!("../sql/events_page.sql"),
    &[
        Type::TEXT,
        Type::UUID,
        Type::TEXT_ARRAY,
        Type::TEXT,
        Type::INET,
        Type::INET,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::UUID,
        Type::INT8,
        Type::INT8,
    ],
);

/// At most `limit` of the events that fulfil `filter`: those behind the place `after`, or the first ones.
pub(crate) async fn page_of_events(
    connection: &Connection,
    filter: &EventFilter,
    after: Option<EventPlace>,
    limit: u32,
) -> Result<Vec<Recorded>, Error> {
    for user in filter.user.iter().chain(&filter.actor) {
        user.check()?;
    }
    let EventFilter { user, session, kinds, actor, network, from, until } = filter;
    let kinds = (!kinds.is_empty()).then_some(kinds);
    let (after_session, after_version) =
        after.map_or((Uuid::nil(), 0), |place| (place.session.as_uuid(), place.version));
    let parameters: Parameters = &[
        &user.as_ref().map(UserId::as_str),
        &session.map(|session| session.as_uuid()),
        &kinds,
        &actor.as_ref().map(UserId::as_str),
        &network.map(|network| network.network()),
        &network.map(|network| network.broadcast()),
        &from.unwrap_or(OffsetDateTime::UNIX_EPOCH),
        &until.unwrap_or(latest()),
        &after_session,
        &after_version,
        &i64::from(limit),
    ];
    EVENTS_PAGE.query_once(connection, parameters).await?.iter().map(recorded).collect()
}
