//! Who was signed in at a moment: session after session, from those that started latest before it.

use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::connection::reader::Reader;
use super::connection::statement::{Parameters, Sql};
use super::error::Error;
use super::logins::{Login, login};
use super::scope::{Conditions, earliest};
use crate::session::{EndReason, LoginFilter, LoginPlace};

static SIGNED_IN: Sql = Sql::new(
    include_str!("sql/signed_in.sql"),
    &[
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::UUID,
        Type::INT8,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::INET,
        Type::INET,
        Type::TEXT,
    ],
);

/// A session that was looked at: its place among all, and the login that lasted, if it fulfils the filter.
pub(crate) type LookedAt = (LoginPlace, Option<Login>);

/// Looks at up to `most` sessions that may have had a login at `moment`, behind the place `after`, or from
/// the latest on. If they are fewer, no other is left.
pub(crate) async fn look_for_signed_in(
    reader: Reader<'_>,
    filter: &LoginFilter,
    moment: OffsetDateTime,
    after: Option<LoginPlace>,
    most: usize,
) -> Result<Vec<LookedAt>, Error> {
    let Conditions { first_address, last_address, from, until, .. } = Conditions::of(&filter.scope)?;
    let moment = moment.max(earliest());
    // No session has the highest id: a UUIDv7 has its version in it.
    let (started_at, session) =
        after.map_or((moment, Uuid::max()), |place| (place.began_at, place.session.as_uuid()));
    let (most, reason) =
        (i64::try_from(most).unwrap_or(i64::MAX), filter.reason.as_ref().map(EndReason::as_str));
    let parameters: Parameters =
        &[&moment, &started_at, &session, &most, &from, &until, &first_address, &last_address, &reason];
    reader.look_up(&SIGNED_IN, parameters).await?.iter().map(looked_at).collect()
}

fn looked_at(row: &Row) -> Result<LookedAt, Error> {
    let session: Uuid = row.try_get("looked_at")?;
    let place = LoginPlace { began_at: row.try_get("started_at")?, session: session.into(), version: 0 };
    let is_open = row.try_get::<_, Option<i64>>("version")?.is_some();
    Ok((place, is_open.then(|| login(row)).transpose()?))
}
