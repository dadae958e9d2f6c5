//! Comparing what the database has added to an event (its time, its position, its transaction, its epoch)
//! with the events beside it. The hash chain does not cover these columns.

use time::{Duration, OffsetDateTime};

use super::finding::Finding;
use crate::session::{Entry, SessionId};
use crate::store::log::counters::Counters;
use crate::store::log::streams::{Logged, Witness};

/// How far two clocks may be apart, or one may step back, until that counts as a contradiction.
const CLOCKS_APART: Duration = Duration::minutes(1);

/// How long after it occurred an event may be recorded. No request takes so long.
const DELAY_MAX: Duration = Duration::days(1);

/// The events of one session as far as they were compared.
pub(super) struct Neighbours<'a> {
    session: SessionId,
    counters: &'a Counters,
    before: Option<Place>,
}

/// An event, as far as the next one is compared with it.
#[derive(Clone, Copy)]
struct Place {
    version: i64,
    occurred_at: OffsetDateTime,
    witness: Witness,
}

impl<'a> Neighbours<'a> {
    pub(super) fn of(session: SessionId, counters: &'a Counters) -> Self {
        Self { session, counters, before: None }
    }

    /// The disagreements between the next event and those before it.
    pub(super) fn findings(&mut self, logged: &Logged) -> Vec<Finding> {
        let (entry, witness) = (&logged.entry, logged.witness);
        let place = Place { version: entry.version, occurred_at: entry.occurred_at, witness };
        let before = self.before.replace(place);
        let mut findings = Findings { version: entry.version, found: Vec::new() };
        match before {
            None => self.compare_start(place, &mut findings),
            Some(before) => compare(before, place, &mut findings),
        }
        match witness.recorded_at {
            None => findings.add("recorded_at", "no time", "a time"),
            Some(recorded_at) => {
                let may_be_late = may_be_late(entry, before);
                self.compare_times(recorded_at, entry.occurred_at, may_be_late, &mut findings);
            }
        }
        if witness.epoch > self.counters.epoch {
            findings.add("epoch", witness.epoch, "at most that of a new event");
        }
        findings.found
    }

    fn compare_start(&self, place: Place, findings: &mut Findings) {
        let named = self.session.started_at();
        if (place.occurred_at - named).abs() > DELAY_MAX {
            let expected = format!("near the start that the session's id names, {named}");
            findings.add("occurred_at", place.occurred_at, expected);
        }
    }

    fn compare_times(
        &self,
        recorded_at: OffsetDateTime,
        occurred_at: OffsetDateTime,
        may_be_late: bool,
        findings: &mut Findings,
    ) {
        if recorded_at - occurred_at < -CLOCKS_APART {
            findings.add("recorded_at", recorded_at, format!("not before it occurred, {occurred_at}"));
        } else if recorded_at - occurred_at > DELAY_MAX && !may_be_late {
            findings.add("recorded_at", recorded_at, format!("near to when it occurred, {occurred_at}"));
        } else if recorded_at - self.counters.now > CLOCKS_APART {
            findings.add("recorded_at", recorded_at, "not in the future");
        }
    }
}

/// An end by timeout has the time of the deadline, however late somebody noticed. A note that takes the place
/// of a lost change, and a change from outside a request or with an old token while no browser has shown the
/// present one, have the time of the event before them.
fn may_be_late(entry: &Entry, before: Option<Place>) -> bool {
    entry.encoded.kind() == "ended" || before.is_some_and(|before| before.occurred_at == entry.occurred_at)
}

fn compare(before: Place, place: Place, findings: &mut Findings) {
    let (earlier, later) = (before.witness, place.witness);
    let that = |value: &dyn std::fmt::Display| format!("that of event {}, {value}", before.version);
    if let (Some(earlier), Some(later)) = (earlier.recorded_at, later.recorded_at)
        && later - earlier < -CLOCKS_APART
    {
        findings.add("recorded_at", later, format!("not before {}", that(&earlier)));
    }
    if later.position <= earlier.position {
        findings.add("position", later.position, format!("above {}", that(&earlier.position)));
    }
    if later.epoch == earlier.epoch && later.transaction_id < earlier.transaction_id {
        findings.add(
            "transaction_id",
            later.transaction_id,
            format!("at least {}", that(&earlier.transaction_id)),
        );
    }
    if later.epoch < earlier.epoch {
        findings.add("epoch", later.epoch, format!("at least {}", that(&earlier.epoch)));
    }
}

/// The findings about one event.
struct Findings {
    version: i64,
    found: Vec<Finding>,
}

impl Findings {
    fn add(&mut self, column: &'static str, stored: impl ToString, expected: impl Into<String>) {
        let (version, stored, expected) = (self.version, stored.to_string(), expected.into());
        self.found.push(Finding::OutOfPlace { version, column, stored, expected });
    }
}
