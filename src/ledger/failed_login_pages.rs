//! Questions about logins that failed: by user, address, time and reason, as pages and as a stream.

use futures_util::{Stream, TryStreamExt, stream};

use super::pages::STREAM_PAGE;
use super::question::QuestionError;
use super::{FailedLogin, Ledger};
use crate::session::FailedLoginFilter;
use crate::store::connection::reader::Reader;
use crate::store::failed_logins::page_of_failed_logins;

/// A page of failed logins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedLoginPage {
    /// The failed logins, the latest first.
    pub failed_logins: Vec<FailedLogin>,
    /// The cursor of the next page; none if this is the last. It is good for this question alone.
    pub next: Option<String>,
}

impl Ledger {
    /// A page of the failed logins that fulfil `filter`, the latest first: those behind `cursor`, which the
    /// page before has given as [`next`](FailedLoginPage::next), or the first ones; at least one and at most
    /// `limit` and at most [`PAGE_MAX`](Self::PAGE_MAX). It only reads, and never SERIALIZABLE, so it is in
    /// no request's way, and a standby can answer it.
    ///
    /// ```no_run
    /// # use session_ledger::{Ledger, ledger::QuestionError};
    /// use session_ledger::session::{FailedLoginFilter, LoginFailure};
    ///
    /// # async fn example(ledger: Ledger) -> Result<(), QuestionError> {
    /// let guessed = FailedLoginFilter::all().of_user("alice").because(LoginFailure::WrongSecret);
    /// for failed in ledger.failed_logins_page(&guessed, None, 50).await?.failed_logins {
    ///     println!("{} from {:?}", failed.failed_at, failed.client_ip);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// See [`QuestionError`].
    pub async fn failed_logins_page(
        &self,
        filter: &FailedLoginFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<FailedLoginPage, QuestionError> {
        filter.check()?;
        let after = cursor.map(|cursor| filter.place_of(cursor)).transpose()?;
        let limit = limit.clamp(1, Self::PAGE_MAX);
        let failed_logins = page_of_failed_logins(Reader::Pool(self.pool()), filter, after, limit).await?;
        // A page that is not full is the last.
        let last = failed_logins.last().filter(|_| failed_logins.len() >= limit as usize);
        let next = last.map(|last| filter.cursor_at(&last.place()));
        Ok(FailedLoginPage { failed_logins, next })
    }

    /// The failed logins that fulfil `filter` as a stream, the latest first. It holds a page of them in
    /// memory, and between its pages no connection. It ends behind the last one, or with the first error.
    ///
    /// # Errors
    ///
    /// An item is a [`QuestionError`].
    pub fn failed_logins_stream(
        &self,
        filter: FailedLoginFilter,
    ) -> impl Stream<Item = Result<FailedLogin, QuestionError>> + Send + use<> {
        let ledger = self.clone();
        let pages = stream::try_unfold(Some(None::<String>), move |cursor| {
            let (ledger, filter) = (ledger.clone(), filter.clone());
            async move {
                let Some(cursor) = cursor else { return Ok::<_, QuestionError>(None) };
                let page = ledger.failed_logins_page(&filter, cursor.as_deref(), STREAM_PAGE).await?;
                Ok(Some((stream::iter(page.failed_logins.into_iter().map(Ok)), page.next.map(Some))))
            }
        });
        pages.try_flatten()
    }
}
