//! Every written event can be read back, and reading any bytes does no harm.

use proptest::collection::vec;
use proptest::prelude::*;
use session_ledger::Key;
use session_ledger::internals::{STATE_BYTES_MAX, Wish, decide};
use session_ledger::session::{
    Assurance, Content, EndReason, Flash, Note, Noted, SessionState, Timeouts, UserId, Value,
};
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::{arbitrary, decode, payload, samples};

proptest! {
    #[test]
    fn any_event_is_read_as_it_was_written(event in arbitrary::event()) {
        let read = decode(event.kind(), event.shape(), &payload(&event));
        prop_assert_eq!(read, Ok(event));
    }

    #[test]
    fn any_content_is_read_as_it_was_written(content in arbitrary::content()) {
        prop_assert_eq!(Content::decode(&content.encode()), Ok(content));
    }

    #[test]
    fn random_bytes_of_every_kind_are_refused_or_give_an_event_of_exactly_these_bytes(
        payload in vec(prop_oneof![any::<u8>(), 0..4_u8], 0..80)
    ) {
        for event in samples::events() {
            if let Ok(read) = decode(event.kind(), event.shape(), &payload) {
                prop_assert_eq!(crate::payload(&read), payload.clone());
            }
        }
    }

    #[test]
    fn random_bytes_of_a_state_are_refused_or_give_a_content_that_can_be_written(
        bytes in vec(prop_oneof![any::<u8>(), 0..4_u8], 0..80)
    ) {
        if let Ok(read) = Content::decode(&[vec![1], bytes].concat()) {
            prop_assert_eq!(Content::decode(&read.encode()), Ok(read));
        }
    }

    #[test]
    fn whatever_is_granted_can_be_read_back(wishes in vec(arbitrary::wish(), 0..30)) {
        let mut state = SessionState::default();
        for wish in wishes {
            grant(&mut state, wish);
        }
        prop_assert_eq!(Content::decode(&state.content.encode()), Ok(state.content));
    }
}

/// The largest session that can be granted: everything at its limit at once.
#[test]
fn a_session_that_is_full_in_every_way_can_be_read_back() {
    let mut state = SessionState::default();
    let name = |first: char| format!("{first}{}", "n".repeat(254));
    let user = || UserId::from(name('u'));
    let methods = "12345678".chars().map(name).collect();
    let mut wishes = vec![
        Wish::LogIn { user: user(), methods, assurance: Assurance::Aal3, auth_time: None },
        Wish::Impersonate { user: user(), reason: "A ticket.".into() },
        Wish::ChangeTimeouts(Timeouts::default().idle(u32::MAX - 1).absolute(u32::MAX)),
    ];
    wishes.extend(('a'..='z').flat_map(|key| {
        let mut value = Value::new(u16::MAX, vec![255; 1_800]);
        value.form = Key::new("k").encode(&7_u32).unwrap().form;
        [
            Wish::SetValue { key: key.into(), value },
            Wish::AddFlash { queue: name(key), message: Flash::error(name(key)) },
        ]
    }));
    let short = |nth: u32| char::from_u32(0x4e00 + nth).unwrap().to_string();
    wishes.extend((0..4_000).map(|nth| Wish::AddFlash { queue: name('a'), message: short(nth).into() }));
    let queues = ('b'..='z').flat_map(|key| [(key, ""), (key, "x")]);
    wishes.extend(queues.map(|(key, text)| Wish::AddFlash { queue: name(key), message: text.into() }));
    let granted = wishes.into_iter().filter(|wish| grant(&mut state, wish.clone())).count();
    assert!((100..4_000).contains(&granted), "{granted}: the session is full");
    assert!(state.content.size() > STATE_BYTES_MAX - 4, "{}", state.content.size());
    assert_eq!(Content::decode(&state.content.encode()), Ok(state.content));
}

#[test]
fn the_largest_events_that_are_granted_can_be_read_back() {
    let filling = |counted: usize| STATE_BYTES_MAX - counted;
    let name = "n".repeat(255);
    for wish in [
        Wish::SetValue { key: name.clone(), value: Value::new(1, vec![255; filling(255 + 8)]) },
        Wish::AddFlash { queue: name.clone(), message: Flash::error("m".repeat(filling(255 + 8 + 4))) },
        Wish::Note(Noted::of_text(name.clone(), &"t".repeat(Note::<String>::BYTES_MAX - 255 - 2))),
        Wish::End {
            reason: EndReason::Other(name.clone()),
            last_seen: PrimitiveDateTime::MIN.assume_utc(),
            by: None,
        },
    ] {
        assert!(grant(&mut SessionState::default(), wish));
    }
}

/// Whether the wish is granted. The granted event can be read back.
fn grant(state: &mut SessionState, wish: Wish) -> bool {
    let Ok(Some(event)) = decide(state, wish, STATE_BYTES_MAX) else { return false };
    state.apply(&event, OffsetDateTime::UNIX_EPOCH);
    assert_eq!(decode(event.kind(), event.shape(), &payload(&event)), Ok(event));
    true
}
