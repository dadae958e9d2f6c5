//! What is left to deliver of what was read, and what may be delivered next.
//!
//! A wave is what may be published at once: the first event that is left of each session. So a sink may take
//! the events of a wave in any order, and each session's come in the order of their versions. An event that
//! has failed comes again after a pause, and its session waits for it; the other sessions do not, also those
//! whose events are read meanwhile.
//!
//! A failure counts against its event if the sink has taken another event in the same wave, or since this one
//! was tried before: then the sink is there, and the event is what it does not take. While the whole sink is
//! away nothing counts.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use session_ledger::ledger::Refusal;
use session_ledger::session::{Recorded, SessionId};
use tokio::time::Instant;

use super::sink::Delivery;
use crate::envelope::Envelope;

/// The first and the longest pause before an event that has failed is tried again.
const BACKOFF: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(30)];

/// About how many events are held in all, with those that are delivered, until the first of them is
/// checkpointed: what comes again after a crash. A sink for Redis knows as many of the last ones.
const HELD_MAX: usize = 10_000;

/// The events that were read and are not delivered yet.
pub(super) struct Pending {
    left: VecDeque<Item>,
    refused: Vec<Refusal>,
    /// The sessions of what was refused: their later events wait.
    parked: HashSet<SessionId>,
    keeps_order: bool,
    tries_max: Option<u32>,
    /// How many events were read.
    held: usize,
    /// How many the sink has taken.
    taken: u64,
}

/// Events that are published together.
pub(super) struct Wave {
    pub(super) envelopes: Vec<Envelope>,
    items: Vec<Place>,
}

struct Item {
    place: Place,
    envelope: Envelope,
}

struct Place {
    session: SessionId,
    refusal: Refusal,
    tries: u32,
    /// How many of the tries count against the event.
    failures: u32,
    /// None before the first try.
    next_try: Option<Instant>,
    /// Whether the sink was away at the last try.
    found_away: bool,
    /// How many events the sink had taken by the last try.
    taken_before: u64,
}

/// What became of a wave.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) delivered: u64,
    pub(super) failed: u64,
    pub(super) dead: u64,
    /// Why the first one failed.
    pub(super) reason: Option<String>,
}

impl Pending {
    /// Nothing yet. A sink that keeps the order gets all that is read at once. An event of which `tries_max`
    /// failures count is refused.
    pub(super) fn new(keeps_order: bool, tries_max: Option<u32>) -> Self {
        let (left, refused, parked) = (VecDeque::new(), Vec::new(), HashSet::new());
        Self { left, refused, parked, keeps_order, tries_max, held: 0, taken: 0 }
    }

    /// Adds events that come behind those before, with the envelope of each.
    pub(super) fn add(&mut self, events: &[Recorded], envelopes: Vec<Envelope>) {
        let item = |(recorded, envelope): (&Recorded, Envelope)| Item {
            place: Place {
                session: recorded.session_id,
                refusal: Refusal::of(recorded, String::new()),
                tries: 0,
                failures: 0,
                next_try: None,
                found_away: false,
                taken_before: 0,
            },
            envelope,
        };
        self.held += events.len();
        let added = events.iter().zip(envelopes).map(item);
        self.left.extend(added.filter(|item| !self.parked.contains(&item.place.session)));
    }

    pub(super) fn is_done(&self) -> bool {
        self.left.is_empty()
    }

    /// Whether further events may be read while what is left waits: `batch` of them are about as many as the
    /// relay wants at once.
    pub(super) fn has_room(&self, batch: u32) -> bool {
        let batch = batch as usize;
        !self.keeps_order && self.left.len() < batch && self.held + batch <= HELD_MAX
    }

    /// What the sink will never take.
    pub(super) fn into_refused(self) -> Vec<Refusal> {
        self.refused
    }

    /// The next wave: none if all that is left waits for its next try.
    pub(super) fn wave(&mut self, now: Instant) -> Option<Wave> {
        let (mut seen, mut taken) = (HashSet::new(), Vec::new());
        let mut kept = VecDeque::with_capacity(self.left.len());
        for item in self.left.drain(..) {
            let is_waiting = item.place.next_try.is_some_and(|at| at > now);
            let is_next = if self.keeps_order {
                // Whatever stands behind one that waits would overtake it.
                !is_waiting && kept.is_empty()
            } else {
                seen.insert(item.place.session) && !is_waiting
            };
            if is_next {
                taken.push(item);
            } else {
                kept.push_back(item);
            }
        }
        self.left = kept;
        let (envelopes, items) = taken.into_iter().map(|item| (item.envelope, item.place)).unzip();
        let wave = Wave { envelopes, items };
        (!wave.envelopes.is_empty()).then_some(wave)
    }

    /// When the next wave can be had.
    pub(super) fn next_try(&self) -> Option<Instant> {
        self.left.iter().filter_map(|item| item.place.next_try).min()
    }

    /// Takes the answers to a wave. An event without an answer has failed. `jitter` is from 0 to 1.
    pub(super) fn settle(
        &mut self,
        wave: Wave,
        mut deliveries: Vec<Delivery>,
        now: Instant,
        jitter: f64,
    ) -> Tally {
        let unanswered = || Delivery::Failed("the sink has not answered for it".to_owned());
        deliveries.resize_with(wave.items.len(), unanswered);
        let (mut tally, mut again) = (Tally::default(), Vec::new());
        let delivered =
            deliveries.iter().filter(|delivery| **delivery == Delivery::Acknowledged).count() as u64;
        let taken_before = self.taken;
        self.taken += delivered;
        tally.delivered = delivered;
        for ((mut place, envelope), delivery) in wave.items.into_iter().zip(wave.envelopes).zip(deliveries) {
            // What stands behind a refused event of its session waits with it.
            if delivery == Delivery::Acknowledged || self.parked.contains(&place.session) {
                continue;
            }
            // Of an event that was not tried before, only this wave tells.
            let before = if place.tries == 0 { taken_before } else { place.taken_before };
            let failures = place.failures + u32::from(counts(&delivery, self.taken > before));
            let is_given_up = self.tries_max.is_some_and(|most| failures >= most);
            let (reason, found_away) = match delivery {
                Delivery::Acknowledged => continue,
                Delivery::Failed(reason) if !is_given_up => (reason, false),
                Delivery::Away(reason) => (reason, true),
                Delivery::Failed(reason) => {
                    place.refusal.reason =
                        format!("it has failed {failures} times, the last time so: {reason}");
                    tally.dead += 1;
                    self.park(place.refusal);
                    continue;
                }
                Delivery::Refused(reason) => {
                    place.refusal.reason = reason;
                    tally.dead += 1;
                    self.park(place.refusal);
                    continue;
                }
            };
            tally.failed += 1;
            tally.reason.get_or_insert(reason);
            let (tries, next_try) = (place.tries + 1, Some(now + pause(place.tries + 1, jitter)));
            let taken_before = self.taken;
            again.push(Item {
                place: Place { tries, failures, next_try, found_away, taken_before, ..place },
                envelope,
            });
        }
        self.left.retain(|item| !self.parked.contains(&item.place.session));
        for item in again.into_iter().rev() {
            self.left.push_front(item);
        }
        if delivered > 0 {
            self.call_back(now);
        }
        tally
    }

    /// What found the sink away need not wait any longer, as it is back.
    fn call_back(&mut self, now: Instant) {
        for item in &mut self.left {
            if item.place.found_away {
                item.place.next_try = Some(now);
            }
        }
    }

    fn park(&mut self, refusal: Refusal) {
        self.parked.insert(refusal.session);
        self.refused.push(refusal);
    }
}

/// Whether what became of an event counts against it. `takes_others`: whether the sink has taken another
/// event since this one was tried before, or together with it.
fn counts(delivery: &Delivery, takes_others: bool) -> bool {
    match delivery {
        Delivery::Failed(_) => takes_others,
        Delivery::Acknowledged | Delivery::Refused(_) | Delivery::Away(_) => false,
    }
}

/// How long to wait before the next try: the time doubles, and half of it is left to chance, so that relays
/// that have failed together do not come back together.
fn pause(tries: u32, jitter: f64) -> Duration {
    let whole = BACKOFF[0].saturating_mul(1 << (tries - 1).min(16)).min(BACKOFF[1]);
    whole.mul_f64(0.5 + jitter / 2.0)
}

#[cfg(test)]
mod tests;
