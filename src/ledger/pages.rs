//! Histories and lists of sessions of any length, with a bounded part of them in memory: as pages, and as
//! streams that read page after page.

use futures_util::{Stream, TryStreamExt, stream};

use super::{Error, Ledger, SessionSummary};
use crate::session::{Recorded, SessionId, UserId};
use crate::store::log::history::{self, ClientBefore, PageStart};
use crate::store::sessions;

/// How many events or sessions a stream holds. An event takes up to about 70 KB.
pub(super) const STREAM_PAGE: u32 = 100;

impl Ledger {
    /// The most events or sessions of a page, whatever limit is asked for.
    pub const PAGE_MAX: u32 = 1_000;

    /// A page of a session's history: its events above `after_version` in order, at most `limit` and at most
    /// [`PAGE_MAX`](Self::PAGE_MAX) of them. Empty behind the last event, for a session that the log does not
    /// know, and for a `limit` of 0.
    ///
    /// The first page is the one after version 0. Each next one is after the version of the last event before
    /// it. [`Recorded::client`] is told as in the [`history`](Self::history).
    ///
    /// ```no_run
    /// # use session_ledger::{Error, Ledger, SessionId};
    /// # async fn example(ledger: Ledger, session: SessionId) -> Result<(), Error> {
    /// let first = ledger.history_page(session, 0, 50).await?;
    /// if let Some(last) = first.last() {
    ///     let second = ledger.history_page(session, last.entry.version, 50).await?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn history_page(
        &self,
        session: SessionId,
        after_version: i64,
        limit: u32,
    ) -> Result<Vec<Recorded>, Error> {
        let start = PageStart { after_version, client: ClientBefore::Wanted };
        self.page_from(session, start, limit.min(Self::PAGE_MAX)).await
    }

    /// The [`history`](Self::history) of a session as a stream. It holds a page of the events in memory, and
    /// between its pages no connection. It ends behind the last event, or with the first error.
    ///
    /// ```no_run
    /// # use session_ledger::{Error, Ledger, SessionId};
    /// use std::pin::pin;
    ///
    /// use futures_util::TryStreamExt;
    ///
    /// # async fn example(ledger: Ledger, session: SessionId) -> Result<(), Error> {
    /// let mut history = pin!(ledger.history_stream(session));
    /// while let Some(recorded) = history.try_next().await? {
    ///     println!("{} {}", recorded.entry.version, recorded.entry.encoded.kind());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// An item is an error if the database is away.
    pub fn history_stream(
        &self,
        session: SessionId,
    ) -> impl Stream<Item = Result<Recorded, Error>> + Send + use<> {
        let ledger = self.clone();
        let page = move |start| {
            let ledger = ledger.clone();
            async move { ledger.page_from(session, start, STREAM_PAGE).await }
        };
        items(PageStart::first(), page, PageStart::behind)
    }

    /// A page of a user's sessions, live and ended, the latest started first: those behind the session
    /// `before`, or with `None` the first ones; at most `limit` and at most [`PAGE_MAX`](Self::PAGE_MAX) of
    /// them. Empty behind the last session, for a user without any, and for a `limit` of 0.
    ///
    /// The order is that of the ids, which begin with the millisecond of the start by the application's
    /// clock. A session keeps its place when it changes or ends. So if each page is asked for with the id of
    /// the last session before it, every session is on one page. Sessions that start meanwhile, or are signed
    /// in to meanwhile, may be on none.
    ///
    /// ```no_run
    /// # use session_ledger::{Error, Ledger, UserId};
    /// # async fn example(ledger: Ledger, user: UserId) -> Result<(), Error> {
    /// let first = ledger.sessions_page(&user, None, 50).await?;
    /// if let Some(last) = first.last() {
    ///     let second = ledger.sessions_page(&user, Some(last.id), 50).await?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The user's id cannot be stored, or the database is away.
    pub async fn sessions_page(
        &self,
        user: &UserId,
        before: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<SessionSummary>, Error> {
        let limit = limit.min(Self::PAGE_MAX);
        self.lend(async |connection| sessions::page_of_sessions(connection, user, before, limit).await).await
    }

    /// A user's sessions, live and ended, the latest started first, as a stream. It holds a page of them in
    /// memory, and between its pages no connection. It ends behind the last session, or with the first error.
    /// Its order, and what it tells of sessions that start or end while it is read, is that of
    /// [`sessions_page`](Self::sessions_page).
    ///
    /// ```no_run
    /// # use session_ledger::{Error, Ledger, UserId};
    /// use std::pin::pin;
    ///
    /// use futures_util::TryStreamExt;
    ///
    /// # async fn example(ledger: Ledger, user: UserId) -> Result<(), Error> {
    /// let mut sessions = pin!(ledger.sessions_stream(&user));
    /// while let Some(summary) = sessions.try_next().await? {
    ///     println!("{} started at {}", summary.id, summary.started_at);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// An item is an error if the database is away.
    pub fn sessions_stream(
        &self,
        user: &UserId,
    ) -> impl Stream<Item = Result<SessionSummary, Error>> + Send + use<> {
        let (ledger, user) = (self.clone(), user.clone());
        let page = move |before| {
            let (ledger, user) = (ledger.clone(), user.clone());
            async move { ledger.sessions_page(&user, before, STREAM_PAGE).await }
        };
        items(None, page, |last: &SessionSummary| Some(last.id))
    }

    async fn page_from(
        &self,
        session: SessionId,
        start: PageStart,
        limit: u32,
    ) -> Result<Vec<Recorded>, Error> {
        self.lend(async |connection| history::history_page(connection, session, start, limit).await).await
    }
}

/// The items of pages of [`STREAM_PAGE`] each. `page` reads the page that begins at a place, and `behind` is
/// the place behind an item. A page that is not full is the last.
pub(super) fn items<P, T, F>(
    first: P,
    page: impl Fn(P) -> F,
    behind: fn(&T) -> P,
) -> impl Stream<Item = Result<T, Error>>
where
    F: Future<Output = Result<Vec<T>, Error>>,
{
    let pages = stream::try_unfold(Some(first), move |place| {
        let asked = place.map(&page);
        async move {
            let Some(asked) = asked else { return Ok::<_, Error>(None) };
            let page = asked.await?;
            let is_full = page.len() >= STREAM_PAGE as usize;
            let next = page.last().filter(|_| is_full).map(behind);
            Ok(Some((stream::iter(page.into_iter().map(Ok)), next)))
        }
    });
    pages.try_flatten()
}
