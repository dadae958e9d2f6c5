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
    left: Left,
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

/// Events, and the envelope of each in the same place. The two are apart because envelopes are large: a wave
/// that takes all of them moves none.
#[derive(Default)]
struct Left {
    places: VecDeque<Place>,
    envelopes: VecDeque<Envelope>,
}

/// Events that are published together.
pub(super) struct Wave {
    pub(super) envelopes: Vec<Envelope>,
    places: Vec<Place>,
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
        let (left, refused, parked) = (Left::default(), Vec::new(), HashSet::new());
        Self { left, refused, parked, keeps_order, tries_max, held: 0, taken: 0 }
    }

    /// Adds events that come behind those before, with the envelope of each.
    pub(super) fn add(&mut self, events: &[Recorded], envelopes: Vec<Envelope>) {
        let place = |recorded: &Recorded| Place {
            session: recorded.session_id,
            refusal: Refusal::of(recorded, String::new()),
            tries: 0,
            failures: 0,
            next_try: None,
            found_away: false,
            taken_before: 0,
        };
        self.held += events.len();
        self.left.add(Left { places: events.iter().map(place).collect(), envelopes: envelopes.into() });
        self.left.drop_sessions(&self.parked);
    }

    pub(super) fn is_done(&self) -> bool {
        self.left.places.is_empty()
    }

    /// Whether further events may be read while what is left waits: `batch` of them are about as many as the
    /// relay wants at once.
    pub(super) fn has_room(&self, batch: u32) -> bool {
        let batch = batch as usize;
        !self.keeps_order && self.left.places.len() < batch && self.held + batch <= HELD_MAX
    }

    /// What the sink will never take.
    pub(super) fn into_refused(self) -> Vec<Refusal> {
        self.refused
    }

    /// The next wave: none if all that is left waits for its next try.
    pub(super) fn wave(&mut self, now: Instant) -> Option<Wave> {
        let (mut seen, mut is_behind) = (HashSet::new(), false);
        let is_next = |place: &Place| {
            let is_waiting = place.next_try.is_some_and(|at| at > now);
            if self.keeps_order {
                // Whatever stands behind one that waits would overtake it.
                is_behind |= is_waiting;
                !is_behind
            } else {
                seen.insert(place.session) && !is_waiting
            }
        };
        let are_next: Vec<bool> = self.left.places.iter().map(is_next).collect();
        are_next.contains(&true).then(|| self.left.take(&are_next))
    }

    /// When the next wave can be had.
    pub(super) fn next_try(&self) -> Option<Instant> {
        self.left.places.iter().filter_map(|place| place.next_try).min()
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
        deliveries.resize_with(wave.places.len(), unanswered);
        let is_taken = |delivery: &&Delivery| **delivery == Delivery::Acknowledged;
        let delivered = deliveries.iter().filter(is_taken).count() as u64;
        let taken_before = self.taken;
        self.taken += delivered;
        let mut tally = Tally { delivered, ..Tally::default() };
        if delivered < deliveries.len() as u64 {
            let next_try = |tries| now + pause(tries, jitter);
            self.keep_failures(wave, deliveries, taken_before, next_try, &mut tally);
        }
        if delivered > 0 {
            self.call_back(now);
        }
        tally
    }

    /// Puts what the sink has not taken of a wave back to where it was, or parks its session.
    fn keep_failures(
        &mut self,
        wave: Wave,
        deliveries: Vec<Delivery>,
        taken_before: u64,
        next_try: impl Fn(u32) -> Instant,
        tally: &mut Tally,
    ) {
        let mut again = Left::default();
        for ((mut place, envelope), delivery) in wave.places.into_iter().zip(wave.envelopes).zip(deliveries) {
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
            let (tries, taken_before) = (place.tries + 1, self.taken);
            let next_try = Some(next_try(tries));
            again.places.push_back(Place { tries, failures, next_try, found_away, taken_before, ..place });
            again.envelopes.push_back(envelope);
        }
        self.left.drop_sessions(&self.parked);
        again.add(std::mem::take(&mut self.left));
        self.left = again;
    }

    /// What found the sink away need not wait any longer, as it is back.
    fn call_back(&mut self, now: Instant) {
        for place in &mut self.left.places {
            if place.found_away {
                place.next_try = Some(now);
            }
        }
    }

    fn park(&mut self, refusal: Refusal) {
        self.parked.insert(refusal.session);
        self.refused.push(refusal);
    }
}

impl Left {
    /// Adds what comes behind.
    fn add(&mut self, mut behind: Self) {
        if self.places.is_empty() {
            *self = behind;
        } else {
            self.places.append(&mut behind.places);
            self.envelopes.append(&mut behind.envelopes);
        }
    }

    fn drop_sessions(&mut self, sessions: &HashSet<SessionId>) {
        if sessions.is_empty() {
            return;
        }
        let are_kept: Vec<bool> =
            self.places.iter().map(|place| !sessions.contains(&place.session)).collect();
        let kept = self.take(&are_kept);
        *self = Self { places: kept.places.into(), envelopes: kept.envelopes.into() };
    }

    /// Takes the events whose flag is set. The others stay in their order.
    fn take(&mut self, are_taken: &[bool]) -> Wave {
        let all = std::mem::take(self);
        if !are_taken.contains(&false) {
            return Wave { places: all.places.into(), envelopes: all.envelopes.into() };
        }
        let mut wave = Wave { places: Vec::new(), envelopes: Vec::new() };
        for ((place, envelope), is_taken) in all.places.into_iter().zip(all.envelopes).zip(are_taken) {
            if *is_taken {
                wave.places.push(place);
                wave.envelopes.push(envelope);
            } else {
                self.places.push_back(place);
                self.envelopes.push_back(envelope);
            }
        }
        wave
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
