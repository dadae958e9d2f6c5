//! What is left to deliver of a batch, and what may be delivered next.
//!
//! A wave is what may be published at once: the first event that is left of each session. So a sink may take
//! the events of a wave in any order, and each session's come in the order of their versions. An event that
//! has failed comes again after a pause, and its session waits for it; the other sessions do not.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use session_ledger::ledger::Refusal;
use session_ledger::session::{Recorded, SessionId};
use tokio::time::Instant;

use super::sink::Delivery;
use crate::envelope::Envelope;

/// The first and the longest pause before an event that has failed is tried again.
const BACKOFF: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(30)];

/// The events of a batch that are not delivered yet.
pub(super) struct Pending {
    left: VecDeque<Item>,
    refused: Vec<Refusal>,
    keeps_order: bool,
    tries_max: Option<u32>,
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
    /// None before the first try.
    next_try: Option<Instant>,
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
    /// All of a batch, with the envelope of each event. A sink that keeps the order gets it whole. An event
    /// that has failed `tries_max` times counts as refused.
    pub(super) fn new(
        events: &[Recorded],
        envelopes: Vec<Envelope>,
        keeps_order: bool,
        tries_max: Option<u32>,
    ) -> Self {
        let item = |(recorded, envelope): (&Recorded, Envelope)| Item {
            place: Place {
                session: recorded.session_id,
                refusal: Refusal::of(recorded, String::new()),
                tries: 0,
                next_try: None,
            },
            envelope,
        };
        let left = events.iter().zip(envelopes).map(item).collect();
        Self { left, refused: Vec::new(), keeps_order, tries_max }
    }

    pub(super) fn is_done(&self) -> bool {
        self.left.is_empty()
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
        deliveries: Vec<Delivery>,
        now: Instant,
        jitter: f64,
    ) -> Tally {
        let (mut tally, mut again, mut parked) = (Tally::default(), Vec::new(), HashSet::new());
        let unanswered = || Delivery::Failed("the sink has not answered for it".to_owned());
        let deliveries = deliveries.into_iter().chain(std::iter::repeat_with(unanswered));
        for ((mut place, envelope), delivery) in wave.items.into_iter().zip(wave.envelopes).zip(deliveries) {
            let tries = place.tries + 1;
            let refused = match delivery {
                Delivery::Acknowledged => {
                    tally.delivered += 1;
                    continue;
                }
                // What stands behind a refused event of its session waits with it.
                _ if parked.contains(&place.session) => continue,
                Delivery::Refused(reason) => reason,
                Delivery::Failed(reason) if self.tries_max.is_some_and(|most| tries >= most) => {
                    format!("it has failed {tries} times, the last time so: {reason}")
                }
                Delivery::Failed(reason) => {
                    tally.failed += 1;
                    tally.reason.get_or_insert(reason);
                    (place.tries, place.next_try) = (tries, Some(now + pause(tries, jitter)));
                    again.push(Item { place, envelope });
                    continue;
                }
            };
            tally.dead += 1;
            parked.insert(place.session);
            place.refusal.reason = refused;
            self.refused.push(place.refusal);
        }
        self.left.retain(|item| !parked.contains(&item.place.session));
        for item in again.into_iter().rev() {
            self.left.push_front(item);
        }
        tally
    }
}

/// How long to wait before the next try: the time doubles, and half of it is left to chance, so that relays
/// that have failed together do not come back together.
fn pause(tries: u32, jitter: f64) -> Duration {
    let whole = BACKOFF[0].saturating_mul(1 << (tries - 1).min(16)).min(BACKOFF[1]);
    whole.mul_f64(0.5 + jitter / 2.0)
}

#[cfg(test)]
mod tests {
    use session_ledger::session::{Entry, Event, EventId, Noted};
    use time::OffsetDateTime;

    use super::*;
    use crate::envelope::Telling;

    const SESSIONS: u8 = 4;
    const VERSIONS: i64 = 5;

    fn batch() -> Vec<Recorded> {
        let now = OffsetDateTime::UNIX_EPOCH;
        let mut events = Vec::new();
        for version in 1..=VERSIONS {
            for session in 1..=SESSIONS {
                let encoded = Event::Noted(Noted::of_text("test", "some")).encode();
                let entry = Entry::new(version, EventId::from_random([session; 16]), encoded, now);
                events.push(Recorded::new(SessionId::from_bytes([session; 16]), entry, now));
            }
        }
        events
    }

    /// Numbers that look random and are the same in each run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % bound
        }

        fn delivery(&mut self) -> Delivery {
            match self.below(10) {
                0 => Delivery::Refused("too large".to_owned()),
                1..4 => Delivery::Failed("busy".to_owned()),
                _ => Delivery::Acknowledged,
            }
        }
    }

    fn pending(events: &[Recorded]) -> Pending {
        let told = |one: &Recorded| Envelope::new(one, None, &Telling::default());
        Pending::new(events, events.iter().map(told).collect(), false, None)
    }

    #[test]
    fn each_session_is_delivered_in_order_up_to_what_is_refused_whatever_a_sink_answers() {
        let events = batch();
        for seed in 0..2_000 {
            let mut numbers = Numbers(seed);
            let (mut pending, mut now) = (pending(&events), Instant::now());
            let mut delivered = vec![0; usize::from(SESSIONS) + 1];
            while !pending.is_done() {
                let Some(wave) = pending.wave(now) else {
                    now = pending.next_try().unwrap();
                    continue;
                };
                let places =
                    wave.items.iter().map(|one| (one.session, one.refusal.version)).collect::<Vec<_>>();
                let sessions: HashSet<_> = places.iter().map(|(session, _)| *session).collect();
                assert_eq!(sessions.len(), places.len(), "two events of a session in a wave");
                // Sometimes the sink answers for some only.
                let answered = numbers.below(places.len() as u64 + 1) as usize;
                let answered = if numbers.below(4) == 0 { answered } else { places.len() };
                let deliveries: Vec<_> = (0..answered).map(|_| numbers.delivery()).collect();
                for ((session, version), delivery) in places.iter().zip(&deliveries) {
                    let last = &mut delivered[usize::from(session.as_uuid().as_bytes()[0])];
                    assert_eq!(*version, *last + 1, "seed {seed}");
                    *last += i64::from(*delivery == Delivery::Acknowledged);
                }
                pending.settle(wave, deliveries, now, 0.5);
            }
            let refused = pending.into_refused();
            for session in 1..=SESSIONS {
                let id = SessionId::from_bytes([session; 16]);
                let refused: Vec<_> =
                    refused.iter().filter(|one| one.session == id).map(|one| one.version).collect();
                let last = delivered[usize::from(session)];
                let expected = if last == VERSIONS { vec![] } else { vec![last + 1] };
                assert_eq!(refused, expected, "seed {seed}");
            }
        }
    }

    #[test]
    fn a_pause_doubles_up_to_its_bound_and_half_of_it_is_chance() {
        let seconds = |tries, jitter| pause(tries, jitter).as_secs_f64();
        assert_eq!([1, 2, 3].map(|tries| seconds(tries, 1.0)), [0.1, 0.2, 0.4]);
        assert_eq!((seconds(1, 0.0), seconds(40, 0.0), seconds(u32::MAX, 1.0)), (0.05, 15.0, 30.0));
    }
}
