//! Accounts that are disabled.

use time::OffsetDateTime;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::connection::pool::Connection;
use super::connection::statement::{Parameters, Sql};
use super::error::Error;
use crate::session::UserId;

static DISABLE_ACCOUNT: Sql = Sql::new(include_str!("sql/disable_account.sql"), &[Type::TEXT, Type::TEXT]);
static ENABLE_ACCOUNT: Sql = Sql::new(include_str!("sql/enable_account.sql"), &[Type::TEXT]);
static DISABLED_ACCOUNTS_PAGE: Sql =
    Sql::new(include_str!("sql/disabled_accounts_page.sql"), &[Type::TEXT, Type::INT8]);

/// An account to which nobody can log in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DisabledAccount {
    /// Its user.
    pub user: UserId,
    /// Since when it has been disabled.
    pub disabled_at: OffsetDateTime,
    /// Who disabled it, if that was said.
    pub disabled_by: Option<UserId>,
}

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

/// At most `limit` of the accounts that are disabled, in the order of their users' ids: those behind the user
/// `after`, or the first ones.
pub(crate) async fn page_of_disabled(
    connection: &Connection,
    after: Option<&UserId>,
    limit: u32,
) -> Result<Vec<DisabledAccount>, Error> {
    after.map_or(Ok(()), UserId::check)?;
    // No id is empty.
    let after = after.map_or("", UserId::as_str);
    let rows = DISABLED_ACCOUNTS_PAGE.query(connection, &[&after, &i64::from(limit)]).await?;
    let account = |row: &Row| {
        let (user, by): (String, Option<String>) = (row.try_get("user_id")?, row.try_get("disabled_by")?);
        let disabled_at = row.try_get("disabled_at")?;
        Ok(DisabledAccount { user: user.into(), disabled_at, disabled_by: by.map(UserId::from) })
    };
    rows.iter().map(account).collect()
}
