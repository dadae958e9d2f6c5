//! Accounts that are disabled: all their sessions end, and nobody logs in to them.

use std::time::Instant;

use super::retry::{backoff, may_try_again};
use super::{End, Error, Ledger};
use crate::session::{EndReason, UserId};
use crate::store::accounts;
use crate::store::connection::pool::Connection;

impl Ledger {
    /// Disables the account of a user: no login of theirs is committed from now on, and all their live
    /// sessions end (ASVS 7.4.2). A login that is under way meanwhile is refused or ended, in whichever
    /// process it is. `by` is who disables it, say an administrator; the history shows it. Says how many
    /// sessions it ended.
    ///
    /// A refused login is answered as [`LoginRefused::AccountDisabled`](crate::web::LoginRefused). Sessions
    /// of others who act as the user go on, as they are not the user's.
    ///
    /// It may be called again for an account that is disabled, say after an error.
    ///
    /// ```no_run
    /// # use session_ledger::{Error, Ledger, UserId};
    /// # async fn example(ledger: Ledger, user: UserId, admin: UserId) -> Result<(), Error> {
    /// let ended = ledger.disable_account(&user, Some(&admin)).await?;
    /// println!("{ended} sessions were ended");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// An id cannot be stored, the database is away, or requests of a session kept changing it. The account
    /// may be disabled by then; sessions that were ended stay ended.
    pub async fn disable_account(&self, user: &UserId, by: Option<&UserId>) -> Result<usize, Error> {
        let started = Instant::now();
        let mut attempt = 1;
        while let Err(error) = self.close_account(user, by).await {
            if !may_try_again(error.prospect(), attempt, started, started.elapsed()) {
                return Err(error);
            }
            tokio::time::sleep(backoff(attempt)).await;
            attempt += 1;
        }
        // From here on no session can be added to those that are found.
        let end = by.into_iter().fold(End::because(EndReason::AccountDisabled), |end, by| end.by(by.clone()));
        self.end_all(user, end).await
    }

    /// Enables the account of a user again. Their sessions stay ended. Says whether it was disabled.
    ///
    /// # Errors
    ///
    /// The user's id cannot be stored, or the database is away.
    pub async fn enable_account(&self, user: &UserId) -> Result<bool, Error> {
        self.lend(async |connection: &Connection| accounts::enable(connection, user).await).await
    }

    async fn close_account(&self, user: &UserId, by: Option<&UserId>) -> Result<bool, Error> {
        self.lend(async |connection: &Connection| accounts::disable(connection, user, by).await).await
    }
}
