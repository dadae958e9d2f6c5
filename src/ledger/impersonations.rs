//! Sessions in which somebody acted as another user.

use futures_util::Stream;

use super::pages::{STREAM_PAGE, items};
use super::{Error, Impersonation, Ledger};
use crate::session::{SessionId, UserId};
use crate::store::impersonations::page_of_impersonations;

impl Ledger {
    /// A page of the sessions in which somebody acted as `user`
    /// ([`Session::impersonate`](crate::Session::impersonate)), now or before, in the order and with the
    /// limits of [`sessions_page`](Self::sessions_page). They are not the user's own:
    /// [`end_all`](Self::end_all) leaves them alone.
    ///
    /// # Errors
    ///
    /// The user's id cannot be stored, or the database is away.
    pub async fn impersonations_page(
        &self,
        user: &UserId,
        before: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<Impersonation>, Error> {
        let limit = limit.min(Self::PAGE_MAX);
        self.lend(async |connection| page_of_impersonations(connection, user, before, limit).await).await
    }

    /// The sessions in which somebody acted as `user`, as a stream that holds a page of them in memory.
    ///
    /// ```no_run
    /// # use session_ledger::{Error, Ledger, UserId};
    /// use std::pin::pin;
    ///
    /// use futures_util::TryStreamExt;
    ///
    /// # async fn example(ledger: Ledger, user: UserId) -> Result<(), Error> {
    /// let mut impersonations = pin!(ledger.impersonations_stream(&user));
    /// while let Some(one) = impersonations.try_next().await? {
    ///     println!("{} by {:?} since {}", one.session.id, one.by, one.began_at);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// An item is an error if the database is away.
    pub fn impersonations_stream(
        &self,
        user: &UserId,
    ) -> impl Stream<Item = Result<Impersonation, Error>> + Send + use<> {
        let (ledger, user) = (self.clone(), user.clone());
        let page = move |before| {
            let (ledger, user) = (ledger.clone(), user.clone());
            async move { ledger.impersonations_page(&user, before, STREAM_PAGE).await }
        };
        items(None, page, |last: &Impersonation| Some(last.session.id))
    }
}
