//! Wishes of a handler, granted as facts or refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "arbitrary/mod.rs"]
mod arbitrary;

use proptest::collection::vec;
use proptest::prelude::*;
use session_ledger::internals::{STATE_BYTES_MAX, Wish, decide};
use session_ledger::session::*;
use time::{Duration, OffsetDateTime};

const SEEN: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// A wish, the session it is asked of, and the fact that grants it, if one is needed.
type Row = (Wish, SessionState, Option<Event>);

fn rows_of_content() -> Vec<Row> {
    let (new, full) = (SessionState::default(), signed_in());
    vec![
        (set("k", 1), new.clone(), Some(is_set("k", 1))),
        (set("k", 1), full.clone(), None),
        (set("k", 2), full.clone(), Some(is_set("k", 2))),
        (Wish::RemoveValue { key: "k".into() }, new.clone(), None),
        (
            Wish::RemoveValue { key: "k".into() },
            full.clone(),
            Some(Event::ValueRemoved(ValueRemoved::new("k".into()))),
        ),
        (Wish::Clear, new.clone(), None),
        (Wish::Clear, full.clone(), Some(Event::Cleared(Cleared::new()))),
        (add("q", "m"), full.clone(), None),
        (add("q", "n"), full.clone(), Some(is_added("q", "n"))),
        (add("r", "m"), full.clone(), Some(is_added("r", "m"))),
        (add_error("q", "m"), full.clone(), Some(is_error("q", "m"))),
        (add("", ""), new.clone(), Some(is_added("", ""))),
        (Wish::TakeFlash { queue: "q".into() }, new.clone(), None),
        (Wish::TakeFlash { queue: "other".into() }, full.clone(), None),
        (Wish::TakeFlash { queue: "q".into() }, full, Some(Event::FlashTaken(FlashTaken::new("q".into())))),
        (note("order", "4711"), new, Some(is_noted("order", "4711"))),
    ]
}

fn rows_of_proofs() -> Vec<Row> {
    let alice = signed_in();
    let mut granted = alice.clone();
    let grant = Grant { operation: "pay".into(), until: SEEN + Duration::SECOND };
    granted.content.extras.change(|extras| extras.grants.push(grant));
    let changed = |factor: &str, ends| Event::FactorChanged(FactorChanged::new(factor.into(), ends));
    let given = |seconds| Event::GrantGiven(GrantGiven::new("pay".into(), seconds));
    vec![
        (
            Wish::ChangeFactor { factor: "pwd".into(), ends_others: true },
            alice.clone(),
            Some(changed("pwd", true)),
        ),
        (
            Wish::ChangeFactor { factor: "hwk".into(), ends_others: false },
            alice.clone(),
            Some(changed("hwk", false)),
        ),
        (Wish::Grant { operation: "pay".into(), seconds: 1 }, alice.clone(), Some(given(1))),
        (Wish::Grant { operation: "pay".into(), seconds: 3_600 }, granted.clone(), Some(given(3_600))),
        (
            Wish::TakeGrant { operation: "pay".into(), at: SEEN },
            granted,
            Some(Event::GrantTaken(GrantTaken::new("pay".into()))),
        ),
    ]
}

fn rows_of_identity() -> Vec<Row> {
    let (new, alice) = (SessionState::default(), signed_in());
    let mut as_bob = alice.clone();
    as_bob.content.extras.change(|extras| extras.impersonated = Some("bob".into()));
    let token_hash = TokenHash::from_bytes([2; 32]);
    let (limits, methods) = (Timeouts::default().idle(60).absolute(61), vec!["otp".to_owned()]);
    let assurance = Assurance::Aal2;
    vec![
        (
            Wish::LogIn { user: "bob".into(), methods: methods.clone(), assurance, auth_time: None },
            new.clone(),
            Some(Event::LoggedIn(LoggedIn::new("bob".into(), methods.clone(), assurance))),
        ),
        (
            Wish::Reauthenticate { methods: methods.clone(), assurance, auth_time: None },
            alice.clone(),
            Some(Event::Reauthenticated(Reauthenticated::new(methods, assurance))),
        ),
        (
            Wish::Renew { token_hash, grace: 30, accepts_superseded: true },
            new.clone(),
            Some(Event::Renewed(Renewed::new(token_hash, 30, true))),
        ),
        (Wish::ChangeTimeouts(Timeouts::default()), new.clone(), None),
        (
            Wish::ChangeTimeouts(limits),
            new.clone(),
            Some(Event::SettingsChanged(SettingsChanged::new(limits.into()))),
        ),
        (
            Wish::Impersonate { user: "bob".into(), reason: "A ticket.".into() },
            alice.clone(),
            Some(Event::ImpersonationStarted(ImpersonationStarted::new("bob".into(), "A ticket.".into()))),
        ),
        (Wish::EndImpersonation, alice.clone(), None),
        (Wish::EndImpersonation, as_bob, Some(Event::ImpersonationEnded(ImpersonationEnded::new()))),
        (end(), new, Some(Event::Ended(Ended::new(EndReason::LoggedOut, SEEN)))),
        (end(), ended(), None),
    ]
}

#[test]
fn every_wish_gives_its_fact_and_a_wish_that_is_granted_already_gives_none() {
    for (wish, state, fact) in rows_of_content().into_iter().chain(rows_of_identity()).chain(rows_of_proofs())
    {
        assert_eq!(decide(&state, wish.clone(), STATE_BYTES_MAX), Ok(fact), "{wish:?}");
    }
}

#[test]
fn every_wish_but_an_end_is_refused_after_the_end() {
    for (wish, _, _) in rows_of_content().into_iter().chain(rows_of_identity()).chain(rows_of_proofs()) {
        let expected = if matches!(wish, Wish::End { .. }) { Ok(None) } else { Err(WishError::Ended) };
        assert_eq!(decide(&ended(), wish.clone(), STATE_BYTES_MAX), expected, "{wish:?}");
    }
}

#[test]
fn every_refusal_says_what_to_do() {
    let limits = Timeouts::default().idle(0);
    let timeouts = limits.validate().unwrap_err();
    for (error, message) in [
        (
            WishError::TooLarge { bytes: 70_000, max: 65_536 },
            "the session would hold 70000 bytes, more than its limit of 65536: keep large data in a table of \
             your own",
        ),
        (WishError::UserId, "a user id must have 1 to 255 bytes and no NUL character"),
        (
            WishError::Name,
            "a name of a session key, flash queue, note, end reason, operation or authentication method may have at \
             most 255 bytes and no NUL character",
        ),
        (
            WishError::NoReason,
            "to act as another user needs a reason of 1 to 255 bytes and no NUL character: the history shows it",
        ),
        (
            WishError::NotGranted,
            "the operation was not granted, or its grant was taken or is void by now: let the user prove again who \
             they are, and grant it anew",
        ),
        (WishError::TooManyMethods, "an authentication may have at most 8 methods"),
        (WishError::NobodySignedIn, "nobody is signed in to this session: call `login` first"),
        (WishError::Ended, "the session has ended: what comes after belongs into a new one"),
        (WishError::Timeouts(timeouts), "setting `idle_timeout` must be at least 1 second"),
    ] {
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn only_a_signed_in_user_can_reauthenticate_or_impersonate() {
    let nobody = SessionState::default();
    let again = Wish::Reauthenticate { methods: vec![], assurance: Assurance::Aal1, auth_time: None };
    let impersonate = Wish::Impersonate { user: "bob".into(), reason: "A ticket.".into() };
    let grant = Wish::Grant { operation: "pay".into(), seconds: 60 };
    let change = Wish::ChangeFactor { factor: "pwd".into(), ends_others: true };
    for wish in [again, impersonate, grant, change] {
        assert_eq!(decide(&nobody, wish, STATE_BYTES_MAX), Err(WishError::NobodySignedIn));
    }
}

#[test]
fn a_user_id_has_1_to_255_bytes_and_no_nul() {
    let longest_in_two_byte_letters = format!("{}x", "ß".repeat(127));
    for (id, granted) in [
        (String::new(), false),
        ("a".into(), true),
        ("a".repeat(254), true),
        ("a".repeat(255), true),
        ("a".repeat(256), false),
        (longest_in_two_byte_letters, true),
        ("ß".repeat(128), false),
        ("a\0b".into(), false),
        ("\0".into(), false),
    ] {
        let user = || UserId::from(id.as_str());
        let log_in =
            Wish::LogIn { user: user(), methods: vec![], assurance: Assurance::Aal1, auth_time: None };
        for wish in [log_in, Wish::Impersonate { user: user(), reason: "A ticket.".into() }] {
            let decided = decide(&signed_in(), wish, STATE_BYTES_MAX);
            assert_eq!(decided.is_ok(), granted, "{} bytes: {decided:?}", id.len());
            assert!(granted || decided == Err(WishError::UserId));
        }
    }
}

#[test]
fn a_name_has_at_most_255_bytes_and_no_nul() {
    for (name, granted) in [
        ("n".repeat(254), true),
        ("n".repeat(255), true),
        ("n".repeat(256), false),
        (format!("{}x", "ß".repeat(127)), true),
        ("ß".repeat(128), false),
        ("a\0b".into(), false),
    ] {
        let methods = || vec!["pwd".into(), name.clone()];
        for wish in [
            set(&name, 1),
            add(&name, "m"),
            note(&name, "t"),
            Wish::LogIn {
                user: "bob".into(),
                methods: methods(),
                assurance: Assurance::Aal1,
                auth_time: None,
            },
            Wish::Reauthenticate { methods: methods(), assurance: Assurance::Aal1, auth_time: None },
            Wish::End { reason: EndReason::Other(name.clone()), last_seen: SEEN, by: None },
        ] {
            let decided = decide(&signed_in(), wish.clone(), STATE_BYTES_MAX);
            assert_eq!(decided.is_ok(), granted, "{wish:?}");
            assert!(granted || decided == Err(WishError::Name), "{wish:?}");
        }
    }
}

#[test]
fn an_authentication_has_at_most_8_methods() {
    for (count, granted) in [(0, true), (7, true), (8, true), (9, false)] {
        let methods = || vec!["otp".to_owned(); count];
        for wish in [
            Wish::LogIn {
                user: "bob".into(),
                methods: methods(),
                assurance: Assurance::Aal1,
                auth_time: None,
            },
            Wish::Reauthenticate { methods: methods(), assurance: Assurance::Aal1, auth_time: None },
        ] {
            let decided = decide(&signed_in(), wish, STATE_BYTES_MAX);
            assert!(if granted { decided.is_ok() } else { decided == Err(WishError::TooManyMethods) });
        }
    }
}

#[test]
fn time_limits_that_contradict_each_other_are_refused() {
    let wish = Wish::ChangeTimeouts(Timeouts::default().idle(60).absolute(60));
    let error = decide(&SessionState::default(), wish, STATE_BYTES_MAX).unwrap_err();
    assert_eq!(error.to_string(), "setting `absolute_timeout` must be longer than `idle_timeout`");
}

/// Each wish would make the session hold exactly 100 bytes by the count of `Content::size`.
#[test]
fn a_session_may_hold_exactly_its_limit_and_not_a_byte_more() {
    let new = SessionState::default;
    let mut with_value = new();
    with_value.apply(&is_set("k", 1), SEEN);
    let mut with_message = new();
    with_message.apply(&is_added("q", "m"), SEEN);
    let filling = |key: &str, length| Wish::SetValue { key: key.into(), value: bytes(length) };
    for (name, state, wish) in [
        ("the first value", new(), filling("k", 100 - 9)),
        ("a second value", with_value.clone(), filling("l", 100 - 9 - 10)),
        ("a value in place of another", with_value, filling("k", 100 - 9)),
        ("the first message", new(), add("q", &"m".repeat(100 - 9 - 4))),
        ("a second message", with_message.clone(), add("q", &"m".repeat(100 - 9 - 5 - 4))),
        ("a second queue", with_message, add("r", &"m".repeat(100 - 9 - 5 - 9 - 4))),
    ] {
        let too_large = |max| Err(WishError::TooLarge { bytes: 100, max });
        assert_eq!(decide(&state, wish.clone(), 99), too_large(99), "{name}");
        for max in [100, 101] {
            let fact = decide(&state, wish.clone(), max).unwrap().unwrap();
            let mut after = state.clone();
            after.apply(&fact, SEEN);
            assert_eq!(after.content.size(), 100, "{name}");
        }
    }
}

#[test]
fn a_note_may_have_exactly_the_limit_and_not_a_byte_more() {
    let (new, max) = (SessionState::default(), Note::<String>::BYTES_MAX);
    // With the quotes of JSON, and whatever the session may hold.
    let of = |bytes: usize| note("order", &"t".repeat(bytes - "order".len() - 2));
    assert_eq!(decide(&new, of(max + 1), 99), Err(WishError::NoteTooLarge { bytes: max + 1, max }));
    assert!(decide(&new, of(max), 99).is_ok());
}

#[test]
fn what_needs_no_room_is_granted_in_a_session_over_its_limit() {
    let full = signed_in();
    for wish in [set("k", 1), Wish::Clear, Wish::TakeFlash { queue: "q".into() }, end()] {
        assert!(decide(&full, wish.clone(), 1).is_ok(), "{wish:?}");
    }
}

proptest! {
    /// The counted size is never below the stored size, so the limit is kept.
    #[test]
    fn no_granted_wish_leaves_a_session_above_its_limit(
        wishes in vec(arbitrary::wish(), 0..40), max in 0..600_usize
    ) {
        let mut state = SessionState::default();
        let fixed = state.content.encode().len();
        for wish in wishes {
            let before = state.clone();
            match decide(&state, wish, max) {
                Ok(Some(fact)) => state.apply(&fact, SEEN),
                Ok(None) | Err(_) => prop_assert_eq!(&state, &before),
            }
            prop_assert!(state.content.size() <= max);
            let stored = Content {
                values: state.content.values.clone(),
                flashes: state.content.flashes.clone(),
                ..Content::default()
            };
            prop_assert!(stored.encode().len() <= fixed + 4 + state.content.size());
        }
    }
}

/// Alice's session: one value, one waiting message.
fn signed_in() -> SessionState {
    let alice = LoggedIn::new("alice".into(), vec!["pwd".into()], Assurance::Aal1);
    let mut state = SessionState::default();
    for event in [Event::LoggedIn(alice), is_set("k", 1), is_added("q", "m")] {
        state.apply(&event, SEEN);
    }
    state
}

fn ended() -> SessionState {
    let mut state = signed_in();
    state.apply(&Event::Ended(Ended::new(EndReason::Revoked, SEEN)), SEEN);
    state
}

fn bytes(length: usize) -> Value {
    Value::new(1, vec![1; length])
}

fn set(key: &str, length: usize) -> Wish {
    Wish::SetValue { key: key.into(), value: bytes(length) }
}

fn is_set(key: &str, length: usize) -> Event {
    Event::ValueSet(ValueSet::new(key.into(), bytes(length)))
}

fn add(queue: &str, message: &str) -> Wish {
    Wish::AddFlash { queue: queue.into(), message: message.into() }
}

fn add_error(queue: &str, message: &str) -> Wish {
    Wish::AddFlash { queue: queue.into(), message: Flash::error(message) }
}

fn is_error(queue: &str, message: &str) -> Event {
    Event::FlashAdded(FlashAdded::new(queue.into(), Flash::error(message)))
}

fn is_added(queue: &str, message: &str) -> Event {
    Event::FlashAdded(FlashAdded::new(queue.into(), message.into()))
}

fn note(name: &str, text: &str) -> Wish {
    Wish::Note(Noted::of_text(name, text))
}

fn is_noted(name: &str, text: &str) -> Event {
    Event::Noted(Noted::of_text(name, text))
}

fn end() -> Wish {
    Wish::End { reason: EndReason::LoggedOut, last_seen: SEEN, by: None }
}
