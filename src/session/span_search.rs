//! The search for the events of a span of time, window by window.
//!
//! Nobody knows how many events a span holds, or how few of them fulfil the conditions. So the search takes
//! windows of it, each longer or shorter than the one before as that was answered soon or late, and a page
//! that takes long ends early.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{EventPlace, Recorded};

/// The length of the first window.
const FIRST: Duration = Duration::seconds(10);

/// The shortest and the longest window. After a time in which nothing happened the log may be dense at once.
const SHORTEST: Duration = Duration::milliseconds(100);
const LONGEST: Duration = Duration::DAY;

/// The factor from one window's length to the next.
const FACTOR: i32 = 4;

/// A window that was answered sooner is followed by a longer one, one that was answered later by a shorter.
const SOON: std::time::Duration = std::time::Duration::from_millis(50);
const LATE: std::time::Duration = std::time::Duration::from_millis(400);

/// How long a page looks for events.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);

/// A part of a span that is looked at next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// The place that it begins behind.
    pub(crate) after: EventPlace,
    /// The time that it ends before.
    pub(crate) until: OffsetDateTime,
    /// The most events that are wanted of it.
    pub(crate) limit: u32,
}

/// A search for a page of events.
#[derive(Debug)]
pub(crate) struct SpanSearch {
    place: EventPlace,
    until: OffsetDateTime,
    length: Duration,
    spent: std::time::Duration,
    limit: u32,
    events: Vec<Recorded>,
}

impl SpanSearch {
    /// Looks for at most `limit` events of the span, behind `after` or from its beginning on.
    pub(crate) fn new(
        (from, until): (OffsetDateTime, OffsetDateTime),
        after: Option<EventPlace>,
        limit: u32,
    ) -> Self {
        let place = after.unwrap_or(beginning(from.max(OffsetDateTime::UNIX_EPOCH)));
        let (length, spent) = (FIRST, std::time::Duration::ZERO);
        Self { place, until, length, spent, limit, events: Vec::new() }
    }

    /// The next window; none if the page is full, the span is over, or the search takes long.
    pub(crate) fn window(&self) -> Option<Window> {
        let wanted = self.limit.saturating_sub(u32::try_from(self.events.len()).unwrap_or(u32::MAX));
        if wanted == 0 || self.is_over() || self.spent >= PATIENCE {
            return None;
        }
        let until = self.place.at.checked_add(self.length).unwrap_or(self.until).min(self.until);
        Some(Window { after: self.place, until, limit: wanted })
    }

    /// Takes the events of a window, and the time that it took to find them.
    pub(crate) fn add(&mut self, window: &Window, found: Vec<Recorded>, took: std::time::Duration) {
        let is_full = found.len() >= window.limit as usize;
        self.events.extend(found);
        self.place = match self.events.last() {
            Some(last) if is_full => {
                EventPlace { at: last.recorded_at, session: last.session_id, version: last.entry.version }
            }
            _ => beginning(window.until),
        };
        self.spent += took;
        if took < SOON {
            self.length = (self.length * FACTOR).min(LONGEST);
        } else if took > LATE {
            self.length = (self.length / FACTOR).max(SHORTEST);
        }
    }

    /// The events, and the place where the next page goes on; none if the span is over.
    pub(crate) fn page(self) -> (Vec<Recorded>, Option<EventPlace>) {
        let next = (!self.is_over()).then_some(self.place);
        (self.events, next)
    }

    fn is_over(&self) -> bool {
        self.place.at >= self.until
    }
}

/// The place before all events of a time.
fn beginning(at: OffsetDateTime) -> EventPlace {
    EventPlace { at, session: Uuid::nil().into(), version: 0 }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::session::{Cleared, Entry, Event, EventId, SessionId};

    fn start() -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::days(20_000)
    }

    fn event(nth: u8, at: OffsetDateTime) -> Recorded {
        let session_id = SessionId::new(start(), [nth; 10]);
        let encoded = Event::Cleared(Cleared::new()).encode();
        let entry = Entry::new(1, EventId::from_random([nth; 16]), encoded, at);
        Recorded { session_id, entry, client: None, recorded_at: at, transaction_id: 1, position: 1 }
    }

    /// What the database would find in a window.
    fn found(log: &[Recorded], window: &Window) -> Vec<Recorded> {
        let key = |one: &Recorded| (one.recorded_at, one.session_id, one.entry.version);
        let after = (window.after.at, window.after.session, window.after.version);
        let is_in = |one: &&Recorded| key(one) > after && one.recorded_at < window.until;
        log.iter().filter(is_in).take(window.limit as usize).cloned().collect()
    }

    /// Pages of so many events, each window of which takes this long.
    fn search(log: &[Recorded], limit: u32, took: std::time::Duration) -> (Vec<Recorded>, usize) {
        let (mut all, mut place, mut windows) = (Vec::new(), None, 0);
        loop {
            let mut search = SpanSearch::new((start(), start() + Duration::days(30)), place, limit);
            while let Some(window) = search.window() {
                assert!(window.until > window.after.at && window.until - window.after.at <= LONGEST);
                windows += 1;
                search.add(&window, found(log, &window), took);
            }
            let (events, next) = search.page();
            assert!(events.len() <= limit as usize);
            all.extend(events);
            place = next;
            if place.is_none() {
                return (all, windows);
            }
        }
    }

    #[test]
    fn each_event_of_the_span_is_found_once_and_in_order() {
        let at = |seconds: i64| start() + Duration::seconds(seconds);
        // Many in one moment, some far apart, one at the beginning and one in the last moment.
        let mut log: Vec<Recorded> = (0..20).map(|nth| event(nth, at(5_000))).collect();
        log.extend((20..40).map(|nth| event(nth, at(i64::from(nth) * 50_000))));
        log.insert(0, event(99, at(0)));
        log.push(event(77, start() + Duration::days(30) - Duration::MICROSECOND));
        log.sort_by_key(|one| (one.recorded_at, one.session_id));
        for limit in [1, 3, 20, 100] {
            for took in [0, 40, 100].map(std::time::Duration::from_millis) {
                let (all, _) = search(&log, limit, took);
                assert_eq!(all, log, "pages of {limit}, {took:?}");
            }
        }
        assert!(search(&log, 100, std::time::Duration::ZERO).1 < 60, "the windows grow");
    }

    #[test]
    fn nothing_outside_of_the_span_is_looked_at() {
        let until = start() + Duration::SECOND;
        let window = SpanSearch::new((start(), until), None, 5).window().unwrap();
        assert_eq!((window.after.at, window.until, window.limit), (start(), until, 5));
        let ancient = OffsetDateTime::UNIX_EPOCH - Duration::days(300_000);
        let search = SpanSearch::new((ancient, ancient + Duration::DAY), None, 5);
        assert_eq!(search.window(), None);
        assert_eq!(search.page().1, None);
    }
}
