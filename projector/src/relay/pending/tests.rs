//! Waves, failures and pauses.

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
            1..3 => Delivery::Failed("busy".to_owned()),
            3 => Delivery::Away("nobody answers".to_owned()),
            _ => Delivery::Acknowledged,
        }
    }
}

fn add(pending: &mut Pending, events: &[Recorded]) {
    let told = |one: &Recorded| Envelope::new(one, None, &Telling::default());
    pending.add(events, events.iter().map(told).collect());
}

fn pending(events: &[Recorded], tries_max: Option<u32>) -> Pending {
    let mut pending = Pending::new(false, tries_max);
    add(&mut pending, events);
    pending
}

#[test]
fn each_session_is_delivered_in_order_up_to_what_is_refused_whatever_a_sink_answers() {
    let events = batch();
    for seed in 0..2_000 {
        let mut numbers = Numbers(seed);
        // What is read later comes behind.
        let (first, later) = events.split_at(usize::from(SESSIONS) * 2);
        let (mut pending, mut now) = (pending(first, None), Instant::now());
        let mut later = Some(later);
        let mut delivered = vec![0; usize::from(SESSIONS) + 1];
        while !pending.is_done() {
            let Some(wave) = pending.wave(now) else {
                now = pending.next_try().unwrap();
                continue;
            };
            if let Some(later) = later.take_if(|_| numbers.below(3) == 0) {
                add(&mut pending, later);
            }
            let places = wave.places.iter().map(|one| (one.session, one.refusal.version)).collect::<Vec<_>>();
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
        let end = if later.is_none() { VERSIONS } else { 2 };
        let refused = pending.into_refused();
        for session in 1..=SESSIONS {
            let id = SessionId::from_bytes([session; 16]);
            let refused: Vec<_> =
                refused.iter().filter(|one| one.session == id).map(|one| one.version).collect();
            let last = delivered[usize::from(session)];
            let expected = if last == end { vec![] } else { vec![last + 1] };
            assert_eq!(refused, expected, "seed {seed}");
        }
    }
}

/// The first events of the sessions, one after the other.
fn firsts() -> Vec<Recorded> {
    batch().into_iter().take(usize::from(SESSIONS)).collect()
}

/// Gives an answer to each event of the next wave, by its session.
fn next(pending: &mut Pending, now: &mut Instant, answer: impl Fn(u8) -> Delivery) -> Tally {
    *now = pending.next_try().unwrap_or(*now).max(*now);
    let wave = pending.wave(*now).expect("something may be tried");
    let session = |place: &Place| place.session.as_uuid().as_bytes()[0];
    let deliveries = wave.places.iter().map(|place| answer(session(place))).collect();
    pending.settle(wave, deliveries, *now, 0.5)
}

fn failed() -> Delivery {
    Delivery::Failed("busy".to_owned())
}

fn away() -> Delivery {
    Delivery::Away("nobody answers".to_owned())
}

#[test]
fn only_a_failure_beside_what_is_taken_counts() {
    let refused = || Delivery::Refused("too large".to_owned());
    let table = [
        (Delivery::Acknowledged, false, false),
        (Delivery::Acknowledged, true, false),
        (refused(), false, false),
        (refused(), true, false),
        (failed(), false, false),
        (failed(), true, true),
        (away(), false, false),
        (away(), true, false),
    ];
    for (delivery, takes_others, expected) in table {
        assert_eq!(counts(&delivery, takes_others), expected, "{delivery:?}, {takes_others}");
    }
}

#[test]
fn while_a_sink_takes_nothing_no_event_is_given_up() {
    for answer in [failed, away] {
        let (mut pending, mut now) = (pending(&firsts(), Some(1)), Instant::now());
        for _ in 0..50 {
            let tally = next(&mut pending, &mut now, |_| answer());
            assert_eq!((tally.failed, tally.dead), (u64::from(SESSIONS), 0));
        }
        next(&mut pending, &mut now, |_| Delivery::Acknowledged);
        assert!(pending.is_done() && pending.into_refused().is_empty());
    }
}

#[test]
fn an_event_that_fails_while_others_are_taken_is_given_up_after_its_tries() {
    let (mut pending, mut now) = (pending(&firsts(), Some(3)), Instant::now());
    let poison = |session| if session == 2 { failed() } else { Delivery::Acknowledged };
    let dead = |tally: Tally| tally.dead;
    assert_eq!(dead(next(&mut pending, &mut now, poison)), 0, "once, beside the others");
    for _ in 0..20 {
        assert_eq!(dead(next(&mut pending, &mut now, poison)), 0, "it is alone: the sink may be away");
    }
    // What is read later shows that the sink is there.
    add(&mut pending, &batch()[usize::from(SESSIONS)..][..1]);
    let wave = pending.wave(now).expect("the other event need not wait");
    assert_eq!(pending.settle(wave, vec![Delivery::Acknowledged], now, 0.5).delivered, 1);
    assert_eq!(dead(next(&mut pending, &mut now, poison)), 0, "twice, as another was taken since");
    assert_eq!(dead(next(&mut pending, &mut now, poison)), 0, "and none since then");
    add(&mut pending, &batch()[usize::from(SESSIONS) * 2..][..1]);
    assert_eq!(dead(next(&mut pending, &mut now, poison)), 1, "the third time, together with another");
    assert!(pending.is_done());
    let refused = pending.into_refused();
    let told: Vec<_> = refused.iter().map(|one| (one.version, one.reason.as_str())).collect();
    assert_eq!(told, [(1, "it has failed 3 times, the last time so: busy")]);
}

#[test]
fn what_found_the_sink_away_comes_at_once_when_it_is_back() {
    let firsts = firsts();
    let (mut pending, mut now) = (pending(&firsts[1..], None), Instant::now());
    for _ in 0..20 {
        next(&mut pending, &mut now, |_| away());
    }
    assert!(pending.wave(now).is_none(), "all wait");
    add(&mut pending, &firsts[..1]);
    let wave = pending.wave(now).expect("what is new need not wait");
    assert_eq!(wave.places.len(), 1);
    pending.settle(wave, vec![Delivery::Acknowledged], now, 0.5);
    assert_eq!(pending.wave(now).map(|wave| wave.places.len()), Some(firsts.len() - 1));
}

#[test]
fn a_pause_doubles_up_to_its_bound_and_half_of_it_is_chance() {
    let seconds = |tries, jitter| pause(tries, jitter).as_secs_f64();
    assert_eq!([1, 2, 3].map(|tries| seconds(tries, 1.0)), [0.1, 0.2, 0.4]);
    assert_eq!((seconds(1, 0.0), seconds(40, 0.0), seconds(u32::MAX, 1.0)), (0.05, 15.0, 30.0));
}
