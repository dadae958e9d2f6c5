//! The end of a stream: what it holds, and the ids that may follow.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

/// The id of an entry: the numbers that Redis calls milliseconds and sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EntryId(u64, u64);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0, self.1)
    }
}

impl FromStr for EntryId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (first, second) = text.split_once('-').unwrap_or((text, "0"));
        Ok(Self(first.parse()?, second.parse()?))
    }
}

/// The last entries of a stream.
#[derive(Debug, Default)]
pub(super) struct Tail {
    last: EntryId,
    /// The events' ids.
    events: HashSet<String>,
}

impl Tail {
    pub(super) fn new(last: EntryId, events: HashSet<String>) -> Self {
        Self { last, events }
    }

    pub(super) fn last(&self) -> EntryId {
        self.last
    }

    pub(super) fn holds(&self, event: &str) -> bool {
        self.events.contains(event)
    }

    /// The id for an event at this position: it rises in any case.
    pub(super) fn next(&mut self, position: u64) -> EntryId {
        let EntryId(first, second) = self.last;
        self.last = if position > first {
            EntryId(position, 0)
        } else if let Some(next) = second.checked_add(1) {
            EntryId(first, next)
        } else {
            EntryId(first.saturating_add(1), 0)
        };
        self.last
    }
}

#[test]
fn ids_are_positions_where_these_rise_and_rise_in_any_case() {
    let mut tail = Tail::new(EntryId(7, 0), HashSet::new());
    let ids = [9, 8, 9, 10].map(|position| tail.next(position).to_string());
    assert_eq!(ids, ["9-0", "9-1", "9-2", "10-0"]);
    let mut tail = Tail::new(EntryId(7, u64::MAX), HashSet::new());
    assert_eq!(tail.next(7), EntryId(8, 0));
    assert_eq!("12-3".parse(), Ok(EntryId(12, 3)));
}
