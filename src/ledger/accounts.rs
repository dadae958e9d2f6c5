//! Accounts that are disabled: all their sessions end, and nobody logs in to them.

use std::time::Instant;

use futures_util::Stream;

use super::pages::{STREAM_PAGE, items};
use super::retry::{backoff, may_try_again};
use super::{DisabledAccount, End, Error, Ledger};
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

    /// A page of the accounts that are disabled, in the order that the database gives to their users' ids: at
    /// most `limit` and at most [`PAGE_MAX`](Self::PAGE_MAX) of those behind the user `after`. Empty behind
    /// the last one, and for a `limit` of 0.
    ///
    /// # Errors
    ///
    /// The user's id cannot be stored, or the database is away.
    pub async fn disabled_accounts_page(
        &self,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<DisabledAccount>, Error> {
        let limit = limit.min(Self::PAGE_MAX);
        self.lend(async |connection: &Connection| accounts::page_of_disabled(connection, after, limit).await)
            .await
    }

    /// The accounts that are disabled, as a stream that holds a page of them in memory.
    ///
    /// ```no_run
    /// # use session_ledger::{Error, Ledger};
    /// use std::pin::pin;
    ///
    /// use futures_util::TryStreamExt;
    ///
    /// # async fn example(ledger: Ledger) -> Result<(), Error> {
    /// let mut disabled = pin!(ledger.disabled_accounts_stream());
    /// while let Some(account) = disabled.try_next().await? {
    ///     println!("{} since {}", account.user, account.disabled_at);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// An item is an error if the database is away.
    pub fn disabled_accounts_stream(
        &self,
    ) -> impl Stream<Item = Result<DisabledAccount, Error>> + Send + use<> {
        let ledger = self.clone();
        let page = move |after: Option<UserId>| {
            let ledger = ledger.clone();
            async move { ledger.disabled_accounts_page(after.as_ref(), STREAM_PAGE).await }
        };
        items(None, page, |last: &DisabledAccount| Some(last.user.clone()))
    }

    async fn close_account(&self, user: &UserId, by: Option<&UserId>) -> Result<bool, Error> {
        self.lend(async |connection: &Connection| accounts::disable(connection, user, by).await).await
    }
}
