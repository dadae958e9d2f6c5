//! Questions about events, as pages and as a stream.

use std::time::Instant;

use futures_util::{Stream, TryStreamExt, stream};
use time::OffsetDateTime;

use super::desk::Transaction;
use super::pages::STREAM_PAGE;
use super::question::QuestionError;
use super::{Error, Ledger};
use crate::session::{EventFilter, EventPlace, Recorded, SpanSearch, Unanswerable};
use crate::store::connection::reader::Reader;
use crate::store::log::questions::{events_of_window, is_known, page_of_events};

/// A page of events.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventPage {
    /// The events: session after session in the order of their starts, each in order; of a span of time in
    /// the order of that time.
    pub events: Vec<Recorded>,
    /// The cursor of the next page; none if this is the last. It is good for this question alone.
    pub next: Option<String>,
}

impl Ledger {
    /// A page of the events that fulfil `filter`: those behind `cursor`, which the page before has given as
    /// [`next`](EventPage::next), or the first ones; at most `limit` and at most
    /// [`PAGE_MAX`](Self::PAGE_MAX). An event's place never changes. It only reads, and never SERIALIZABLE,
    /// so it is in no request's way, and a standby can answer it.
    ///
    /// Of [a span of time](EventFilter::recorded_between) a page looks for events for about a second. If few
    /// of the span's events fulfil the filter, it may have fewer than `limit`, or none, and a next page all
    /// the same.
    ///
    /// [`Recorded::client`] is here only what the event itself says: the events between may be missing.
    ///
    /// ```no_run
    /// # use session_ledger::{Ledger, ledger::QuestionError};
    /// use session_ledger::session::EventFilter;
    ///
    /// # async fn example(ledger: Ledger) -> Result<(), QuestionError> {
    /// let ends = EventFilter::of_user("alice").kind("ended").by("admin");
    /// for recorded in ledger.events_page(&ends, None, 50).await?.events {
    ///     println!("{} {}", recorded.session_id, recorded.entry.occurred_at);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// See [`QuestionError`].
    pub async fn events_page(
        &self,
        filter: &EventFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<EventPage, QuestionError> {
        page_of(Reader::Pool(self.pool()), filter, cursor, limit).await
    }

    /// The events that fulfil `filter` as a stream. It holds a page of them in memory, and between its pages
    /// no connection. It ends behind the last event, or with the first error.
    ///
    /// # Errors
    ///
    /// An item is a [`QuestionError`].
    pub fn events_stream(
        &self,
        filter: EventFilter,
    ) -> impl Stream<Item = Result<Recorded, QuestionError>> + Send + use<> {
        let ledger = self.clone();
        let pages = stream::try_unfold(Some(None::<String>), move |cursor| {
            let (ledger, filter) = (ledger.clone(), filter.clone());
            async move {
                let Some(cursor) = cursor else { return Ok::<_, QuestionError>(None) };
                let page = ledger.events_page(&filter, cursor.as_deref(), STREAM_PAGE).await?;
                Ok(Some((stream::iter(page.events.into_iter().map(Ok)), page.next.map(Some))))
            }
        });
        pages.try_flatten()
    }
}

impl Transaction {
    /// As [`Ledger::events_page`], as the transaction sees them.
    pub(crate) async fn events_page(
        &self,
        filter: &EventFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<EventPage, QuestionError> {
        page_of(Reader::Transaction(self.client()), filter, cursor, limit).await
    }
}

async fn page_of(
    reader: Reader<'_>,
    filter: &EventFilter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<EventPage, QuestionError> {
    let (after, limit) = (start(filter, cursor)?, limit.clamp(1, Ledger::PAGE_MAX));
    if let Some(span) = filter.span_of_all() {
        return Ok(page_of_span(reader, filter, SpanSearch::new(span, after, limit)).await?);
    }
    let events = page_of_events(reader, filter, after, limit).await?;
    if let Some(session) = filter.session.filter(|_| events.is_empty() && after.is_none())
        && !is_known(reader, session, filter.scope.user.as_ref()).await?
    {
        return Err(QuestionError::NoSuchSession { session });
    }
    Ok(page(filter, events, limit))
}

async fn page_of_span(
    reader: Reader<'_>,
    filter: &EventFilter,
    mut search: SpanSearch,
) -> Result<EventPage, Error> {
    while let Some(window) = search.window() {
        let asked = Instant::now();
        let found = events_of_window(reader, filter, &window).await?;
        search.add(&window, found, asked.elapsed());
    }
    let (events, next) = search.page();
    Ok(EventPage { events, next: next.map(|place| filter.cursor_at(place)) })
}

fn start(filter: &EventFilter, cursor: Option<&str>) -> Result<Option<EventPlace>, Unanswerable> {
    filter.check()?;
    cursor.map(|cursor| filter.place_of(cursor)).transpose()
}

/// A page that is not full is the last.
fn page(filter: &EventFilter, events: Vec<Recorded>, limit: u32) -> EventPage {
    let last = events.last().filter(|_| events.len() >= limit as usize);
    let place = |last: &Recorded| EventPlace {
        at: OffsetDateTime::UNIX_EPOCH,
        session: last.session_id,
        version: last.entry.version,
    };
    let next = last.map(|last| filter.cursor_at(place(last)));
    EventPage { events, next }
}
