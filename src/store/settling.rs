//! What each migration puts right, also where none is missing: a restored dump has lost roles and rights, and
//! an owner may have taken guards away.

use std::fmt;

use tokio_postgres::Client;

use super::error::Error;
use super::log::guards;
use crate::store::bare::bare;

const SETTLE_SCHEMA: &str = bare(include_str!("sql/settle_schema.sql"));
const RIGHTS: &str = bare(include_str!("sql/rights.sql"));
const PLACE_GUARD: &str = bare(include_str!("sql/place_guard.sql"));
const MONTHS_ELSEWHERE: &str = bare(include_str!("sql/months_elsewhere.sql"));

/// Something that was not as it should be, and is now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mended {
    /// A role was made that was missing.
    Role {
        /// Its name.
        name: String,
    },
    /// The roles have got rights that they lacked.
    Rights,
    /// A table of the log has got its guard trigger back.
    Guard {
        /// The table.
        table: String,
        /// The trigger.
        trigger: String,
    },
}

/// Something that is not as it should be, and that no migration may change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unmended {
    /// A month has no partition of its own, as sessions of it have gone to `event_otherwise`.
    MonthElsewhere {
        /// The month, as `2026-11`.
        month: String,
    },
    /// A function is not the one that the migrations have made.
    FunctionReplaced {
        /// Its name.
        function: &'static str,
    },
}

impl fmt::Display for Mended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role { name } => {
                write!(f, "role `{name}` was missing, and was made: grant it to whoever had it")
            }
            Self::Rights => write!(f, "rights of the roles were missing, and were given"),
            Self::Guard { table, trigger } => {
                write!(f, "guard `{trigger}` of table `{table}` was missing, and was put back")
            }
        }
    }
}

impl fmt::Display for Unmended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MonthElsewhere { month } => write!(
                f,
                "month {month} has no partition of its own: its sessions are in `event_otherwise`, where they work as \
                 well, and are never moved"
            ),
            Self::FunctionReplaced { function } => write!(
                f,
                "function `{function}` is not the one that the migrations have made: find out who replaced it, and restore \
                 it by hand"
            ),
        }
    }
}

/// Puts right what may be put right, and says what it was. What it needs no lock for is done already if a
/// lock is not to be had.
pub(super) async fn settle(client: &Client) -> Result<Vec<Mended>, Error> {
    let before = Rights::read(client).await?;
    client.batch_execute(SETTLE_SCHEMA).await?;
    let mut mended = Rights::read(client).await?.mended_since(&before);
    for (table, trigger) in guards::missing(client).await? {
        // The parent's guard brings those of its partitions.
        client.execute(PLACE_GUARD, &[&table, &trigger]).await?;
        mended.push(Mended::Guard { table, trigger });
    }
    Ok(mended)
}

/// What is not as it should be, and is left.
pub(super) async fn unmended(client: &Client, months_ahead: i32) -> Result<Vec<Unmended>, Error> {
    let months = client.query(MONTHS_ELSEWHERE, &[&months_ahead]).await?;
    let months = months.iter().map(|row| Ok(Unmended::MonthElsewhere { month: row.try_get("month")? }));
    let functions = guards::replaced_functions(client).await?.into_iter();
    let functions = functions.map(|function| Ok(Unmended::FunctionReplaced { function }));
    months.chain(functions).collect()
}

/// The roles, and what they may do.
struct Rights {
    roles: Vec<String>,
    digest: Option<String>,
}

impl Rights {
    async fn read(client: &Client) -> Result<Self, Error> {
        let row = client.query_one(RIGHTS, &[]).await?;
        Ok(Self { roles: row.try_get("roles")?, digest: row.try_get("digest")? })
    }

    fn mended_since(self, before: &Self) -> Vec<Mended> {
        let is_new = |name: &String| !before.roles.contains(name);
        let made = self.roles.into_iter().filter(is_new).map(|name| Mended::Role { name });
        made.chain((self.digest != before.digest).then_some(Mended::Rights)).collect()
    }
}
