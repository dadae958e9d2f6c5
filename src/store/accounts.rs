//! Accounts that are disabled.

use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::connection::pool::Connection;
use super::connection::statement::{Parameters, Sql};
use super::error::Error;
use crate::session::UserId;

static DISABLE_ACCOUNT: Sql = Sql::new(include_str!("sql/disable_account.sql"), &[Type::TEXT, Type::TEXT]);
static ENABLE_ACCOUNT: Sql = Sql::new(include_str!("sql/enable_account.sql"), &[Type::TEXT]);

/// Disables an account. Once this has returned, no login of its user can be committed. Says whether it was
/// enabled before.
pub(crate) async fn disable(
    connection: &Connection,
    user: &UserId,
    by: Option<&UserId>,
) -> Result<bool, Error> {
    user.check()?;
    by.map_or(Ok(()), UserId::check)?;
    let parameters: Parameters = &[&user.as_str(), &by.map(UserId::as_str)];
    match DISABLE_ACCOUNT.query_opt(connection, parameters).await {
        Ok(row) => Ok(row.is_some()),
        // Another has disabled it at the same time.
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Enables an account again. Says whether it was disabled.
pub(crate) async fn enable(connection: &Connection, user: &UserId) -> Result<bool, Error> {
    user.check()?;
    Ok(ENABLE_ACCOUNT.query_opt(connection, &[&user.as_str()]).await?.is_some())
}
