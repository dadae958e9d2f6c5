//! Questions about the events of a session or of a user, as pages and as a stream.

use futures_util::{Stream, TryStreamExt, stream};

use super::Ledger;
use super::pages::STREAM_PAGE;
use super::question::QuestionError;
use crate::session::{EventFilter, EventPlace, Recorded};
use crate::store::log::questions::page_of_events;

/// A page of events.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventPage {
    /// The events: session after session in the order of their starts, each in order.
    pub events: Vec<Recorded>,
    /// The cursor of the next page; none if this is the last. It is good for this question alone.
    pub next: Option<String>,
}

impl Ledger {
    /// A page of the events that fulfil `filter`: those behind `cursor`, which the page before has given as
    /// [`next`](EventPage::next), or the first ones; at least one and at most `limit` and at most
    /// [`PAGE_MAX`](Self::PAGE_MAX). An event's place never changes. It only reads, and never
    /// SERIALIZABLE, so it is in no request's way, and a standby can answer it.
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
        filter.check()?;
        let after = cursor.map(|cursor| filter.place_of(cursor)).transpose()?;
        let limit = limit.clamp(1, Self::PAGE_MAX);
        let asking = self.read(async |connection| page_of_events(connection, filter, after, limit).await);
        let events = asking.await?;
        let last = events.last().filter(|_| events.len() >= limit as usize);
        let place = |last: &Recorded| EventPlace { session: last.session_id, version: last.entry.version };
        let next = last.map(|last| filter.cursor_at(place(last)));
        Ok(EventPage { events, next })
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
