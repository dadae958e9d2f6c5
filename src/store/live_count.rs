//! How many live sessions somebody means, counted piece by piece.

use tokio_postgres::types::Type;
use uuid::Uuid;

use super::connection::reader::Reader;
use super::connection::statement::{Parameters, Sql};
use super::error::Error;
use crate::session::{SessionFilter, SessionId, UserId};

static COUNT_LIVE: Sql = Sql::new(
    include_str!("sql/count_live.sql"),
    &[Type::TEXT, Type::INET, Type::INET, Type::UUID, Type::UUID, Type::INT8],
);

/// How many sessions one statement looks at.
const LOOKED_AT: i64 = 10_000;

/// A piece of a count.
pub(crate) struct Counted {
    pub(crate) sessions: u64,
    /// The session up to which it has looked; none if no other is left.
    pub(crate) looked_to: Option<SessionId>,
}

/// Counts those of the next sessions behind `after` that fulfil `filter`, without the session `left_out`.
pub(crate) async fn count_live(
    reader: Reader<'_>,
    filter: &SessionFilter,
    left_out: Option<SessionId>,
    after: SessionId,
) -> Result<Counted, Error> {
    let SessionFilter { user, network } = filter;
    let parameters: Parameters = &[
        &user.as_ref().map(UserId::as_str),
        &network.map(|network| network.network()),
        &network.map(|network| network.broadcast()),
        &left_out.map(|session| session.as_uuid()),
        &after.as_uuid(),
        &LOOKED_AT,
    ];
    let rows = reader.ask(&COUNT_LIVE, parameters).await?;
    let Some(row) = rows.first() else { return Ok(Counted { sessions: 0, looked_to: None }) };
    let looked_to: Option<Uuid> = row.try_get("looked_to")?;
    let is_last: bool = row.try_get("is_last")?;
    Ok(Counted {
        sessions: row.try_get::<_, i64>("sessions")?.unsigned_abs(),
        looked_to: looked_to.filter(|_| !is_last).map(SessionId::from),
    })
}
