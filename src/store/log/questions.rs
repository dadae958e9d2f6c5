//! Questions about events: those of a session or of a user, and those of a span of time.

use time::OffsetDateTime;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::history::recorded;
use crate::session::{EndReason, EventFilter, EventPlace, Recorded, SessionId, UserId, Window};
use crate::store::connection::reader::Reader;
use crate::store::connection::statement::Sql;
use crate::store::error::Error;
use crate::store::scope::{Conditions as Shared, earliest, latest};

/// The conditions, which are the last parameters of all three statements.
macro_rules! conditions {
    ($($place:ident),*) => {
        &[
            $(Type::$place,)* Type::INT8, Type::TEXT_ARRAY, Type::TEXT, Type::INET, Type::INET, Type::TIMESTAMPTZ,
            Type::TIMESTAMPTZ, Type::TEXT, Type::TIMESTAMPTZ, Type::TIMESTAMPTZ,
        ]
    };
}

static EVENTS_OF_SESSION: Sql =
    Sql::new(include_str!("../sql/events_of_session.sql"), conditions!(UUID, TEXT, INT8));
static EVENTS_OF_USER: Sql =
    Sql::new(include_str!("../sql/events_of_user.sql"), conditions!(TEXT, UUID, INT8));
static EVENTS_OF_SPAN: Sql = Sql::new(include_str!("../sql/events_of_span.sql"), conditions!(UUID, INT8));
static KNOWN_SESSION: Sql = Sql::new(include_str!("../sql/known_session.sql"), &[Type::UUID, Type::TEXT]);

/// The conditions, with the most events that are wanted, as parameters.
struct Conditions<'a> {
    limit: i64,
    kinds: Option<&'a [String]>,
    actor: Option<&'a str>,
    shared: Shared<'a>,
    reason: Option<&'a str>,
    recorded_from: OffsetDateTime,
    recorded_until: OffsetDateTime,
}

impl<'a> Conditions<'a> {
    fn of(
        filter: &'a EventFilter,
        (recorded_from, recorded_until): (OffsetDateTime, OffsetDateTime),
        limit: u32,
    ) -> Result<Self, Error> {
        filter.actor.as_ref().map_or(Ok(()), UserId::check)?;
        Ok(Self {
            limit: i64::from(limit),
            kinds: (!filter.kinds.is_empty()).then_some(&*filter.kinds),
            actor: filter.actor.as_ref().map(UserId::as_str),
            shared: Shared::of(&filter.scope)?,
            reason: filter.reason.as_ref().map(EndReason::as_str),
            recorded_from: recorded_from.max(earliest()),
            recorded_until: recorded_until.max(earliest()),
        })
    }

    /// All parameters of a statement, which begin with a place.
    fn behind<'b>(&'b self, place: &[&'b (dyn ToSql + Sync)]) -> Vec<&'b (dyn ToSql + Sync)> {
        let Self { limit, kinds, actor, shared, reason, recorded_from, recorded_until } = self;
        let Shared { first_address, last_address, from, until, .. } = shared;
        let conditions: [&'b (dyn ToSql + Sync); 10] = [
            limit,
            kinds,
            actor,
            first_address,
            last_address,
            from,
            until,
            reason,
            recorded_from,
            recorded_until,
        ];
        [place, &conditions].concat()
    }
}

/// At most `limit` of the events of a session or of a user that fulfil `filter`: those behind the place
/// `after`, or the first ones.
pub(crate) async fn page_of_events(
    reader: Reader<'_>,
    filter: &EventFilter,
    after: Option<EventPlace>,
    limit: u32,
) -> Result<Vec<Recorded>, Error> {
    let conditions = Conditions::of(filter, filter.recorded.unwrap_or((earliest(), latest())), limit)?;
    let user = conditions.shared.user;
    let version = after.map_or(0, |place| place.version);
    let rows = if let Some(session) = filter.session {
        let id = session.as_uuid();
        let parameters = conditions.behind(&[&id, &user, &version]);
        reader.look_up(&EVENTS_OF_SESSION, &parameters).await?
    } else {
        let session = after.map_or(Uuid::nil(), |place| place.session.as_uuid());
        reader.look_up(&EVENTS_OF_USER, &conditions.behind(&[&user, &session, &version])).await?
    };
    rows.iter().map(recorded).collect()
}

/// The events of all sessions that fulfil `filter`, in a window of its span.
pub(crate) async fn events_of_window(
    reader: Reader<'_>,
    filter: &EventFilter,
    window: &Window,
) -> Result<Vec<Recorded>, Error> {
    let conditions = Conditions::of(filter, (window.after.at, window.until), window.limit)?;
    let (session, version) = (window.after.session.as_uuid(), window.after.version);
    let parameters = conditions.behind(&[&session, &version]);
    reader.ask(&EVENTS_OF_SPAN, &parameters).await?.iter().map(recorded).collect()
}

/// Whether the log knows a session, and it is this user's if one is named.
pub(crate) async fn is_known(
    reader: Reader<'_>,
    session: SessionId,
    user: Option<&UserId>,
) -> Result<bool, Error> {
    let (session, user) = (session.as_uuid(), user.map(UserId::as_str));
    Ok(!reader.look_up(&KNOWN_SESSION, &[&session, &user]).await?.is_empty())
}
