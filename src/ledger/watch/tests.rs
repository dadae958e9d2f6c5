//! When watched sessions are looked at, and what is told of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

const INTERVAL: Duration = Duration::from_secs(5);

fn session(number: u128) -> SessionId {
    SessionId::from(uuid::Uuid::from_u128(number))
}

fn due(watched: &mut Watched, now: Instant) -> Option<Vec<SessionId>> {
    let mut due = watched.due(now, INTERVAL)?;
    due.sort();
    Some(due)
}

/// What those who watch were told: nothing yet, or the end.
fn told(receiver: &watch::Receiver<Option<End>>) -> Option<Option<EndReason>> {
    receiver.borrow().clone().map(|End(reason)| reason)
}

#[test]
fn all_are_looked_at_together_in_each_interval() {
    let (mut watched, now) = (Watched::default(), Instant::now());
    let (_one, starts) = watched.join(session(1), now);
    assert!(starts);
    let (_other, starts) = watched.join(session(2), now);
    assert!(!starts, "one task looks for all");
    assert_eq!(due(&mut watched, now), Some(vec![session(1), session(2)]));
    assert_eq!(due(&mut watched, now), Some(vec![]));
    let (_third, _) = watched.join(session(3), now + INTERVAL / 2);
    assert_eq!(
        due(&mut watched, now + INTERVAL / 2),
        Some(vec![session(3)]),
        "who comes is looked at at once"
    );
    assert_eq!(watched.next(), now + INTERVAL);
    assert_eq!(due(&mut watched, now + INTERVAL), Some(vec![session(1), session(2), session(3)]));
}

#[test]
fn a_session_is_looked_at_when_its_deadline_comes_or_it_has_ended_here() {
    let (mut watched, now) = (Watched::default(), Instant::now());
    let (receiver, _) = watched.join(session(1), now);
    due(&mut watched, now);
    let second = Duration::from_secs(1);
    watched.tell(vec![(session(1), Sight::Live(Some(second)))], now);
    assert_eq!(watched.next(), now + second);
    assert_eq!(due(&mut watched, now + second), Some(vec![session(1)]));
    // It ends while the look is under way, which still sees it live.
    assert!(watched.hurry(session(1), now + second));
    watched.tell(vec![(session(1), Sight::Live(None))], now + second);
    assert_eq!(due(&mut watched, now + second), Some(vec![session(1)]));
    assert_eq!(told(&receiver), None);
    watched.tell(vec![(session(1), Sight::Ended(EndReason::LoggedOut))], now + second);
    assert_eq!(told(&receiver), Some(Some(EndReason::LoggedOut)));
    assert!(!watched.hurry(session(1), now + second), "nobody watches it any more");
}

#[test]
fn a_session_that_is_about_to_start_is_waited_for_a_while() {
    let (mut watched, now) = (Watched::default(), Instant::now());
    let (receiver, _) = watched.join(session(1), now);
    let nowhere = || vec![(session(1), Sight::Nowhere)];
    watched.tell(nowhere(), now);
    watched.tell(vec![(session(1), Sight::Live(None))], now + NOWHERE_MAX);
    watched.tell(nowhere(), now + NOWHERE_MAX);
    assert_eq!(told(&receiver), None, "it was seen in between");
    watched.tell(nowhere(), now + NOWHERE_MAX * 2);
    assert_eq!(told(&receiver), Some(None));
}

#[test]
fn nobody_is_looked_at_for_nobody() {
    let (mut watched, now) = (Watched::default(), Instant::now());
    let (one, _) = watched.join(session(1), now);
    let (other, _) = watched.join(session(1), now);
    drop(one);
    assert_eq!(due(&mut watched, now), Some(vec![session(1)]));
    drop(other);
    assert_eq!(due(&mut watched, now + INTERVAL), None);
}

#[test]
fn who_watches_is_let_go_with_the_task_that_looks() {
    let (mut watched, now) = (Watched::default(), Instant::now());
    let (receiver, _) = watched.join(session(1), now);
    watched.forsake();
    assert!(receiver.has_changed().is_err());
    assert!(watched.join(session(1), now).1, "another task must look");
}
