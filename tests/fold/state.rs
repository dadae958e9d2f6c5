//! The effect of each fact on a session, in any order.

use proptest::collection::vec;
use proptest::prelude::*;
use session_ledger::session::*;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::{arbitrary, at, stream};

proptest! {
    #[test]
    fn any_events_in_any_order_at_any_time_give_one_state(
        events in vec((arbitrary::event(), arbitrary::time()), 0..40)
    ) {
        let (mut once, mut again) = (SessionState::default(), SessionState::default());
        events.iter().for_each(|(event, at)| once.apply(event, *at));
        events.iter().for_each(|(event, at)| again.apply(event, *at));
        prop_assert_eq!(once, again);
    }

    #[test]
    fn nothing_changes_after_the_end(
        before in vec((arbitrary::event(), arbitrary::time()), 0..10),
        end in (arbitrary::reason(), arbitrary::time()),
        after in vec((arbitrary::event(), arbitrary::time()), 1..30),
    ) {
        let mut state = SessionState::default();
        before.iter().for_each(|(event, at)| state.apply(event, *at));
        state.apply(&Event::Ended(Ended::new(end.0, end.1)), end.1);
        prop_assert!(state.ended.is_some());
        let ended = state.clone();
        after.iter().for_each(|(event, at)| state.apply(event, *at));
        prop_assert_eq!(state, ended);
    }

    #[test]
    fn a_replay_equals_advancing_one_by_one(
        events in vec((arbitrary::event(), arbitrary::time()), 0..20)
    ) {
        let entries = stream(&events);
        let mut state = SessionState::default();
        for (done, entry) in (1..).zip(&entries) {
            state.advance(entry).unwrap();
            prop_assert_eq!((state.version, state.head, state.changed_at), (done, entry.hash, entry.occurred_at));
            prop_assert_eq!(&SessionState::replay(entries.iter().take(done as usize)).unwrap(), &state);
        }
        prop_assert_eq!(SessionState::replay(&entries).unwrap(), state);
    }

    #[test]
    fn a_state_can_be_judged_at_any_time(
        events in vec((arbitrary::event(), arbitrary::time()), 0..10),
        last_seen in arbitrary::time(),
        now in arbitrary::time(),
    ) {
        let mut state = SessionState::default();
        events.iter().for_each(|(event, at)| state.apply(event, *at));
        if let Some(expiry) = state.expiry(Timeouts::default(), last_seen, now) {
            prop_assert!(expiry.deadline <= now);
        }
    }
}

#[test]
fn an_unknown_event_and_a_note_change_nothing() {
    let mut state = SessionState::default();
    let unknown = Encoded::new("teleported", 1, vec![1]);
    state.apply(&Event::Unknown(unknown), at(5));
    state.apply(&Event::Noted(Noted::of_text("order", "4711")), at(6));
    assert_eq!(state, SessionState::default());
}

#[test]
fn a_login_ends_an_impersonation_and_keeps_the_values() {
    let mut state = signed_in();
    state.apply(&set("cart", 1), at(2));
    state.apply(
        &Event::ImpersonationStarted(ImpersonationStarted::new("bob".into(), "A ticket.".into())),
        at(3),
    );
    assert_eq!(state.acting_user(), Some(&"bob".into()));
    assert_eq!(state.user, Some("alice".into()));
    let carol = LoggedIn::new("carol".into(), vec!["hwk".into()], Assurance::Aal3);
    state.apply(&Event::LoggedIn(carol), at(4));
    assert_eq!(state.acting_user(), Some(&"carol".into()));
    assert_eq!(state.authenticated_at, Some(at(4)));
    assert_eq!(state.content.methods, ["hwk"]);
    assert_eq!(state.content.assurance, Assurance::Aal3);
    assert!(state.content.values.contains_key("cart"));
}

#[test]
fn an_impersonation_that_ends_gives_the_user_back() {
    let mut state = signed_in();
    state.apply(
        &Event::ImpersonationStarted(ImpersonationStarted::new("bob".into(), "A ticket.".into())),
        at(3),
    );
    state.apply(&Event::ImpersonationEnded(ImpersonationEnded::new()), at(4));
    assert_eq!(state, signed_in());
}

#[test]
fn a_renewal_supersedes_the_token_until_its_grace_is_over() {
    let (first, second) = (TokenHash::from_bytes([1; 32]), TokenHash::from_bytes([2; 32]));
    let renewed = |grace| Event::Renewed(Renewed::new(second, grace, true));
    let mut state = SessionState { token_hash: first, ..SessionState::default() };
    state.apply(&Event::RenewalOffered(RenewalOffered::new(second)), at(9));
    assert_eq!((state.token_hash, state.content.offered), (first, Some(second)));
    let mut strict = state.clone();
    state.apply(&renewed(30), at(10));
    let superseded = Superseded { token_hash: first, until: at(40), accepted: true };
    assert_eq!((state.token_hash, state.superseded, state.content.offered), (second, Some(superseded), None));
    let mut brief = strict.clone();
    brief.apply(&renewed(1), at(10));
    assert_eq!(brief.superseded, Some(Superseded { until: at(11), ..superseded }));
    strict.apply(&renewed(0), at(10));
    let at_once = Some(Superseded { until: at(10), ..superseded });
    assert_eq!((strict.token_hash, strict.superseded, strict.content.offered), (second, at_once, None));
}

#[test]
fn a_grace_that_outlasts_the_calendar_lasts_to_its_end() {
    let last = PrimitiveDateTime::MAX.assume_utc();
    let mut state = SessionState::default();
    let fact = Renewed::new(TokenHash::default(), u32::MAX, false);
    state.apply(&Event::Renewed(fact), last - time::Duration::seconds(1));
    assert_eq!(state.superseded.unwrap().until, last);
}

#[test]
fn clearing_forgets_values_and_keeps_messages() {
    let mut state = SessionState::default();
    state.apply(&set("cart", 1), at(1));
    let flash = FlashAdded::new(String::new(), "Saved.".into());
    state.apply(&Event::FlashAdded(flash), at(1));
    state.apply(&Event::Cleared(Cleared::new()), at(2));
    assert!(state.content.values.is_empty());
    assert_eq!(state.content.flashes[""], [Flash::info("Saved.")]);
    state.apply(&Event::FlashTaken(FlashTaken::new(String::new())), at(3));
    assert_eq!(state.content, Content::default());
}

#[test]
fn an_end_keeps_why_and_when_and_when_the_session_was_last_seen() {
    let mut state = signed_in();
    state.apply(&Event::Ended(Ended::new(EndReason::Revoked, at(7))), at(9));
    assert_eq!(state.ended, Some((EndReason::Revoked, at(9))));
    assert_eq!(state.last_seen, Some(at(7)));
    assert_eq!(state.user, Some("alice".into()), "the history of whose it was stays");
}

#[test]
fn a_reason_is_known_by_its_name_alone() {
    let ended = Ended::new(EndReason::Other("revoked".into()), at(0));
    assert_eq!(ended.reason, EndReason::Revoked);
    assert_eq!(EndReason::from("left_the_shop"), EndReason::Other("left_the_shop".into()));
    assert_eq!(EndReason::LoggedOut.to_string(), "logged_out");
}

fn signed_in() -> SessionState {
    let alice = LoggedIn::new("alice".into(), vec!["pwd".into()], Assurance::Aal1);
    let mut state = SessionState::default();
    state.apply(&Event::LoggedIn(alice), OffsetDateTime::UNIX_EPOCH);
    state
}

fn set(key: &str, byte: u8) -> Event {
    Event::ValueSet(ValueSet::new(key.into(), Value::new(1, vec![byte])))
}
