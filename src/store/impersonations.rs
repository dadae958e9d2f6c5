//! The sessions in which somebody acted as another user.

use time::OffsetDateTime;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::connection::pool::Connection;
use super::connection::statement::{Parameters, Sql};
use super::error::Error;
use super::sessions::{SessionSummary, summary};
use crate::session::{SessionId, UserId};

static IMPERSONATIONS_PAGE: Sql =
    Sql::new(include_str!("sql/impersonations_page.sql"), &[Type::TEXT, Type::UUID, Type::INT8]);

/// A session of somebody else in which they acted as a user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Impersonation {
    /// The session.
    pub session: SessionSummary,
    /// Who acted, as the log says.
    pub by: Option<UserId>,
    /// When they last began to in this session.
    pub began_at: OffsetDateTime,
}

/// At most `limit` of the sessions in which somebody acted as `user`, the latest started first: those that
/// started before the session `before`, or the first ones.
pub(crate) async fn page_of_impersonations(
    connection: &Connection,
    user: &UserId,
    before: Option<SessionId>,
    limit: u32,
) -> Result<Vec<Impersonation>, Error> {
    user.check()?;
    let before = before.map_or(Uuid::max(), |id| id.as_uuid());
    let parameters: Parameters = &[&user.as_str(), &before, &i64::from(limit)];
    let rows = IMPERSONATIONS_PAGE.query(connection, parameters).await?;
    let impersonation = |row| {
        let by: Option<String> = tokio_postgres::Row::try_get(row, "actor")?;
        let (by, began_at) = (by.map(UserId::from), row.try_get("occurred_at")?);
        Ok(Impersonation { session: summary(row)?, by, began_at })
    };
    rows.iter().map(impersonation).collect()
}
