//! The draft, as laws over arbitrary requests.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use session_ledger::internals::{Draft, Origin, STATE_BYTES_MAX, Wish, Written};
use session_ledger::session::*;
use time::OffsetDateTime;

use crate::{arbitrary, id, random, stream};

/// A new session, or any stored one.
fn base() -> impl Strategy<Value = Option<SessionState>> {
    let events = vec((arbitrary::event(), arbitrary::time()), 1..12);
    prop::option::weighted(0.8, events.prop_map(|events| SessionState::replay(&stream(&events)).unwrap()))
}

/// A draft with some wishes granted, all at one time.
fn request(base: Option<SessionState>, wishes: Vec<Wish>, at: OffsetDateTime) -> Draft {
    let mut draft = match base {
        Some(state) => Draft::stored(id(), state, STATE_BYTES_MAX),
        None => Draft::anonymous(id(), Timeouts::default().idle(60), STATE_BYTES_MAX),
    };
    for wish in wishes {
        let before = draft.state().clone();
        if draft.wish(wish, at).is_err() {
            assert_eq!(draft.state(), &before);
        }
    }
    draft
}

fn write(draft: &Draft, at: OffsetDateTime) -> Option<Written> {
    draft.write(TokenHash::default(), &Origin { at, client: Client::default(), actor: None }, random())
}

proptest! {
    /// Invariant 1 of the draft: the stored session is the one that the handler saw.
    #[test]
    fn what_the_handler_saw_is_the_stored_session_folded_with_what_is_written(
        base in base(), wishes in vec(arbitrary::wish(), 0..25), at in arbitrary::time()
    ) {
        let draft = request(base.clone(), wishes, at);
        let new = base.is_none();
        let base = base.unwrap_or_default();
        let mut folded = base.clone();
        let Some(written) = write(&draft, at) else {
            let unseen = new && draft.state().ended.is_some();
            prop_assert!(unseen || draft.state().content.values == base.content.values);
            prop_assert!(unseen || draft.state().content.flashes == base.content.flashes);
            prop_assert!(unseen || draft.state().user == base.user);
            return Ok(());
        };
        written.entries.iter().for_each(|entry| folded.advance(entry).unwrap());
        prop_assert_eq!(&folded, &written.state);
        let seen = SessionState {
            version: folded.version,
            head: folded.head,
            changed_at: folded.changed_at,
            client: folded.client.clone(),
            ended_by: folded.ended_by.clone(),
            started_at: if new { at } else { base.started_at },
            ..draft.state().clone()
        };
        prop_assert_eq!(seen, folded);
    }

    #[test]
    fn versions_have_no_gap_and_every_link_of_the_chain_holds(
        base in base(), wishes in vec(arbitrary::wish(), 0..25), at in arbitrary::time()
    ) {
        let draft = request(base.clone(), wishes, at);
        let (version, mut head) =
            base.map_or((0, ChainHash::genesis(id())), |base| (base.version, base.head));
        let Some(written) = write(&draft, at) else { return Ok(()) };
        prop_assert_eq!(written.expected_version, version);
        for (expected, entry) in (version + 1..).zip(&written.entries) {
            prop_assert_eq!(entry.version, expected);
            prop_assert_eq!(entry.occurred_at, at);
            head = head.then(entry);
            prop_assert_eq!(entry.hash, head);
        }
        prop_assert_eq!((written.state.head, written.state.changed_at), (head, at));
        let ids: BTreeSet<_> = written.entries.iter().map(|entry| entry.event_id.as_uuid()).collect();
        prop_assert_eq!(ids.len(), written.entries.len());
    }

    /// Invariant 5: nothing follows `ended`.
    #[test]
    fn nothing_is_written_after_an_end(
        base in base(), wishes in vec(arbitrary::wish(), 0..25), at in arbitrary::time()
    ) {
        let ended_before = base.as_ref().is_some_and(|base| base.ended.is_some());
        let written = write(&request(base, wishes, at), at);
        prop_assert!(!(ended_before && written.is_some()));
        let Some(written) = written else { return Ok(()) };
        let end = written.entries.iter().position(|entry| matches!(entry.event(), Ok(Event::Ended(_))));
        prop_assert!(end.is_none_or(|end| end + 1 == written.entries.len()));
    }

    #[test]
    fn a_value_is_written_once_and_only_if_it_changed(
        base in base(), wishes in vec(arbitrary::wish(), 0..25), at in arbitrary::time()
    ) {
        let Some(written) = write(&request(base.clone(), wishes, at), at) else { return Ok(()) };
        let mut before = base.unwrap_or_default();
        let mut keys = BTreeSet::new();
        let mut clearings = 0;
        for entry in &written.entries {
            let event = entry.event().unwrap();
            match &event {
                Event::ValueSet(ValueSet { key, .. }) | Event::ValueRemoved(ValueRemoved { key, .. }) => {
                    prop_assert!(keys.insert(key.clone()), "{} is written twice", key);
                }
                Event::Cleared(_) => {
                    clearings += 1;
                    prop_assert!(keys.is_empty(), "what is cleared was not worth writing");
                }
                _ => {}
            }
            let unchanged = before.content.clone();
            before.apply(&event, at);
            let about_content = matches!(
                event,
                Event::ValueSet(_) | Event::ValueRemoved(_) | Event::Cleared(_) | Event::FlashTaken(_)
            );
            prop_assert!(!about_content || before.content != unchanged, "{:?} changes nothing", event);
        }
        prop_assert!(clearings <= 1);
    }
}
