//! Each rule with an example.

use time::OffsetDateTime;
use time::macros::datetime;

use super::super::place::{Links, Place};
use super::{Reached, Receipt, of_filtered, of_whole};
use crate::session::{ChainHash, EventId, Link, SessionId};

const NOON: OffsetDateTime = datetime!(2026-03-01 12:00:00 UTC);
const LATER: OffsetDateTime = datetime!(2026-03-01 13:00:00 UTC);
const EARLIER: OffsetDateTime = datetime!(2026-03-01 11:00:00 UTC);

/// The link of the `version`th event; before the first, that of the genesis.
fn link(version: i64) -> Link {
    match version {
        0 => ChainHash::genesis(session()).link(),
        version => ChainHash::from_bytes([version as u8; 32]).link(),
    }
}

fn session() -> SessionId {
    SessionId::from_bytes([2; 16])
}

fn event(version: i64) -> EventId {
    EventId::from_random([version as u8; 16])
}

/// The `version`th event, as the log has it.
fn place(version: i64) -> Place {
    Place {
        log: "/shop/sessions".to_owned(),
        session: session(),
        version,
        event: event(version),
        recorded_at: NOON,
        links: Some(Links { previous: link(version - 1), own: link(version) }),
        is_end: false,
    }
}

fn reached(version: i64) -> Reached {
    Reached::after(None, &place(version))
}

/// What an inbox of a whole stream says, in words.
fn told(reached: Option<&Reached>, place: &Place, horizon: Option<OffsetDateTime>) -> String {
    match of_whole(reached, place, horizon) {
        Ok(receipt) => format!("{receipt:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_whole_stream_is_taken_in_order_and_without_gaps() {
    let four = reached(4);
    assert_eq!(told(None, &place(1), None), "New");
    assert_eq!(told(Some(&four), &place(5), None), "New");
    for version in 1..=4 {
        assert_eq!(told(Some(&four), &place(version), None), "Seen", "version {version}");
    }
    let gap = "session 02020202-0202-0202-0202-020202020202 in /shop/sessions is missing the events after version 4 and \
               before 6: deliver them first; read them from the log (`Ledger::missed`), or let the relay deliver \
               again (`projector relay replay`)";
    assert_eq!(told(Some(&four), &place(6), None), gap);
    assert!(told(None, &place(2), None).contains("after version 0 and before 2"));
}

#[test]
fn what_does_not_follow_is_refused() {
    let head = "event 04040404-0404-4404-8404-040404040404, version 4 of session \
                02020202-0202-0202-0202-020202020202 in /shop/sessions: ";
    let forged = Place { links: Some(Links { previous: link(9), own: link(4) }), ..place(4) };
    let words = "its `prevlink` is not the link of the event before it, so one of the two is forged or of another log: \
                 handle neither it nor what follows, and compare the session with the log (`projector history`)";
    assert_eq!(told(Some(&reached(3)), &forged, None), format!("{head}{words}"));
    let unlinked = Place { links: None, ..place(4) };
    let words = "it has no links, so nobody can tell whether any event is missing before it: let the relay write them, or \
                 use an inbox of a filtered stream";
    assert_eq!(told(Some(&reached(3)), &unlinked, None), format!("{head}{words}"));
}

#[test]
fn the_first_event_of_another_session_begins_none() {
    let other = SessionId::from_bytes([9; 16]);
    assert!(told(None, &Place { session: other, ..place(1) }, None).contains("its `prevlink` is not"));
}

/// A log that was restored to an earlier state gives versions away again.
#[test]
fn another_event_in_the_place_of_one_that_was_handled_is_told() {
    let four = reached(4);
    let words = "event 09090909-0909-4909-8909-090909090909, version 4 of session \
                 02020202-0202-0202-0202-020202020202 in /shop/sessions: another event was handled in its place, so \
                 the log was restored to an earlier state, or one of the two is forged: handle neither it nor what \
                 follows, and compare the session with the log (`projector history`)";
    assert_eq!(told(Some(&four), &Place { event: event(9), ..place(4) }, None), words);
    let other_link = Place { links: Some(Links { previous: link(3), own: link(9) }), ..place(4) };
    assert!(told(Some(&four), &other_link, None).contains("another event was handled in its place"));
    let recorded_later = Place { recorded_at: LATER, ..place(2) };
    assert!(told(Some(&four), &recorded_later, None).contains("another event was handled in its place"));
}

#[test]
fn what_may_be_forgotten_is_said_to_be_and_a_session_that_is_known_is_not() {
    assert_eq!(told(None, &place(1), Some(LATER)), "Forgotten");
    assert_eq!(told(None, &place(7), Some(LATER)), "Forgotten");
    assert_eq!(told(None, &place(1), Some(NOON)), "New");
    assert_eq!(told(Some(&reached(4)), &place(5), Some(LATER)), "New");
}

#[test]
fn a_filtered_stream_is_taken_in_any_order() {
    let four = reached(4);
    let filtered = |reached, handled, place: &Place, horizon| of_filtered(reached, handled, place, horizon);
    assert_eq!(filtered(None, None, &place(3), None).unwrap(), Receipt::New);
    assert_eq!(filtered(Some(&four), None, &place(9), None).unwrap(), Receipt::New);
    assert_eq!(filtered(Some(&four), None, &place(2), None).unwrap(), Receipt::Late { after: 4 });
    assert_eq!(filtered(Some(&four), Some(event(2)), &place(2), None).unwrap(), Receipt::Seen);
    assert_eq!(filtered(Some(&four), None, &place(2), Some(LATER)).unwrap(), Receipt::Forgotten);
    let another = filtered(Some(&four), Some(event(9)), &place(2), None).unwrap_err();
    assert!(another.to_string().contains("another event was handled in its place"));
}

#[test]
fn what_was_reached_never_goes_back() {
    let (four, late) = (reached(4), Place { recorded_at: LATER, ..place(2) });
    let after = Reached::after(Some(&four), &late);
    assert_eq!(after, Reached { recorded_at: LATER, ..four.clone() });
    let clock_set_back = Place { recorded_at: EARLIER, ..place(5) };
    let after = Reached::after(Some(&four), &clock_set_back);
    assert_eq!((after.version, after.event, after.recorded_at), (5, event(5), NOON));
}
