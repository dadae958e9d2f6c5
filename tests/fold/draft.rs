//! The draft, case by case: the facts that a request leaves.

use session_ledger::internals::{Draft, Origin, STATE_BYTES_MAX, Wish, Written};
use session_ledger::session::*;

use crate::{at, id, random};

/// The wishes of a request, and the facts that it leaves.
struct Case {
    name: &'static str,
    /// The stored values and messages.
    stored: Vec<Wish>,
    request: Vec<Wish>,
    facts: Vec<Event>,
}

fn cases_of_values() -> Vec<Case> {
    vec![
        case("an unchanged value", [set("k", 1)], [set("k", 1)], []),
        case("set and removed", [], [set("k", 1), remove("k")], []),
        case("set and put back", [set("k", 1)], [set("k", 2), set("k", 1)], []),
        case("removed and put back", [set("k", 1)], [remove("k"), set("k", 1)], []),
        case("set, set, set", [set("k", 1)], [set("k", 2), set("k", 3), set("k", 4)], [is_set("k", 4)]),
        case("set and removed, was stored", [set("k", 1)], [set("k", 2), remove("k")], [is_removed("k")]),
        case("removed and set", [set("k", 1)], [remove("k"), set("k", 2)], [is_set("k", 2)]),
        case("removing what is not there", [set("k", 1)], [remove("l")], []),
        case("two keys", [], [set("k", 1), set("l", 1), set("k", 2)], [is_set("l", 1), is_set("k", 2)]),
    ]
}

fn cases_of_clearing() -> Vec<Case> {
    vec![
        case("clearing nothing", [], [Wish::Clear], []),
        case("set and cleared", [], [set("k", 1), Wish::Clear], []),
        case("cleared and set", [set("k", 1)], [Wish::Clear, set("l", 2)], [is_cleared(), is_set("l", 2)]),
        case(
            "set, cleared and set as it was",
            [set("k", 1)],
            [set("k", 2), Wish::Clear, set("k", 1)],
            [is_cleared(), is_set("k", 1)],
        ),
        case("set, then cleared", [set("k", 1)], [set("l", 2), Wish::Clear], [is_cleared()]),
        case("cleared, set, cleared", [set("k", 1)], [Wish::Clear, set("k", 2), Wish::Clear], [is_cleared()]),
        case("cleared, set, removed", [set("k", 1)], [Wish::Clear, set("k", 2), remove("k")], [is_cleared()]),
        case("cleared, then removed", [set("k", 1)], [Wish::Clear, remove("k")], [is_cleared()]),
        case("removed, then cleared", [set("k", 1)], [remove("k"), Wish::Clear], [is_removed("k")]),
        case("clearing keeps messages", [add("q", "m")], [set("k", 1), Wish::Clear], []),
    ]
}

fn cases_of_messages() -> Vec<Case> {
    vec![
        case("added and taken", [], [add("q", "m"), take("q")], []),
        case("taking nothing", [add("q", "m")], [take("r")], []),
        case("taken", [add("q", "m")], [take("q")], [is_taken("q")]),
        case(
            "taken, added",
            [add("q", "m")],
            [take("q"), add("q", "n")],
            [is_taken("q"), is_added("q", "n")],
        ),
        case("taken, added, taken", [add("q", "m")], [take("q"), add("q", "n"), take("q")], [is_taken("q")]),
        case("added, taken", [add("q", "m")], [add("q", "n"), take("q")], [is_taken("q")]),
        case("taken twice", [add("q", "m")], [take("q"), take("q")], [is_taken("q")]),
        case("two queues", [], [add("q", "m"), add("r", "m"), take("q")], [is_added("r", "m")]),
        case("twice the same", [], [add("q", "m"), add("q", "m")], [is_added("q", "m")]),
        case("one that waits", [add("q", "m")], [add("q", "m")], []),
        case(
            "taken, the same added",
            [add("q", "m")],
            [take("q"), add("q", "m")],
            [is_taken("q"), is_added("q", "m")],
        ),
    ]
}

#[test]
fn what_a_request_undoes_itself_is_never_written() {
    for case in cases_of_values().into_iter().chain(cases_of_clearing()).chain(cases_of_messages()) {
        let mut draft = Draft::stored(id(), stored(&case.stored), STATE_BYTES_MAX);
        grant(&mut draft, case.request);
        assert_eq!(facts(&draft), case.facts, "{}", case.name);
        assert_eq!(draft.is_changed(), !case.facts.is_empty(), "{}", case.name);
    }
}

#[test]
fn a_new_session_in_which_nothing_is_kept_is_not_written() {
    for request in [
        vec![],
        vec![remove("k"), Wish::Clear, take("q"), Wish::EndImpersonation],
        vec![set("k", 1), remove("k")],
        vec![set("k", 1), Wish::Clear],
        vec![add("q", "m"), take("q")],
        vec![Wish::ChangeTimeouts(Timeouts::default())],
    ] {
        let mut draft = anonymous();
        grant(&mut draft, request.clone());
        assert!(!draft.is_changed(), "{request:?}");
        assert_eq!(write(&draft), None, "{request:?}");
    }
}

#[test]
fn a_session_that_one_request_starts_and_ends_leaves_no_trace() {
    let mut draft = anonymous();
    grant(&mut draft, vec![set("k", 1), end()]);
    assert!(!draft.is_changed());
    assert_eq!(write(&draft), None);
}

#[test]
fn a_new_session_starts_before_anything_else() {
    let limits = Timeouts::default().idle(60);
    let mut draft = Draft::anonymous(id(), limits, STATE_BYTES_MAX);
    assert!(draft.is_new());
    grant(&mut draft, vec![set("k", 1)]);
    let written = write(&draft).unwrap();
    let start = Event::Started(Started::new(TokenHash::from_bytes([1; 32]), limits.into()));
    let events: Vec<Event> = written.entries.iter().map(|entry| entry.event().unwrap()).collect();
    assert_eq!(events, [start, is_set("k", 1)]);
    assert_eq!((written.id, written.expected_version), (id(), 0));
    assert_eq!((written.state.version, written.state.started_at), (2, at(50)));
    assert_eq!(written.entries[0].hash, ChainHash::genesis(id()).then(&written.entries[0]));
}

#[test]
fn a_stored_session_goes_on_from_its_version() {
    let mut draft = Draft::stored(id(), SessionState { version: 7, ..stored(&[]) }, STATE_BYTES_MAX);
    assert!(!draft.is_new());
    grant(&mut draft, vec![set("k", 1), end()]);
    let written = write(&draft).unwrap();
    assert_eq!(written.expected_version, 7);
    assert_eq!(written.entries.iter().map(|entry| entry.version).collect::<Vec<_>>(), [8, 9]);
    assert_eq!(written.state.ended, Some((EndReason::LoggedOut, at(50))));
}

#[test]
fn a_wish_after_the_end_is_refused_and_a_second_end_is_granted_already() {
    let mut draft = Draft::stored(id(), stored(&[]), STATE_BYTES_MAX);
    grant(&mut draft, vec![end(), end()]);
    assert_eq!(draft.wish(set("k", 1), at(10)), Err(WishError::Ended));
    assert_eq!(facts(&draft).len(), 1);
}

#[test]
fn a_refused_wish_leaves_the_draft_as_it_was() {
    let mut draft = Draft::stored(id(), stored(&[]), 19);
    grant(&mut draft, vec![set("k", 1)]);
    let before = (draft.state().clone(), facts(&draft));
    assert_eq!(draft.wish(set("l", 2), at(10)), Err(WishError::TooLarge { bytes: 20, max: 19 }));
    assert_eq!((draft.state().clone(), facts(&draft)), before);
}

#[test]
fn an_entry_names_whose_session_it_was_and_who_did_it() {
    let mut draft = Draft::stored(id(), stored(&[]), STATE_BYTES_MAX);
    let log_in = |user: &str| Wish::LogIn {
        user: user.into(),
        methods: vec![],
        assurance: Assurance::Aal1,
        auth_time: None,
    };
    let impersonate = Wish::Impersonate { user: "bob".into(), reason: "A ticket.".into() };
    grant(&mut draft, vec![log_in("alice"), impersonate, set("k", 1), Wish::EndImpersonation, end()]);
    let written = write(&draft).unwrap();
    let named = |user: &Option<UserId>| user.as_ref().map_or("-", UserId::as_str).to_owned();
    let who: Vec<_> = written.entries.iter().map(|entry| (named(&entry.user), named(&entry.actor))).collect();
    let expected = [("alice", "-"), ("bob", "alice"), ("bob", "alice"), ("alice", "-"), ("alice", "-")];
    assert_eq!(who, expected.map(|(user, actor)| (user.to_owned(), actor.to_owned())));
    assert!(Client::of_each(None, &written.entries).all(|from| from == Some(&client())));
}

fn case<const S: usize, const R: usize, const F: usize>(
    name: &'static str,
    stored: [Wish; S],
    request: [Wish; R],
    facts: [Event; F],
) -> Case {
    Case { name, stored: stored.into(), request: request.into(), facts: facts.into() }
}

/// A stored session made by these wishes.
fn stored(wishes: &[Wish]) -> SessionState {
    let mut draft = Draft::anonymous(id(), Timeouts::default(), STATE_BYTES_MAX);
    grant(&mut draft, vec![Wish::Note(Noted::of_text("born", ""))]);
    grant(&mut draft, wishes.to_vec());
    write(&draft).unwrap().state
}

fn anonymous() -> Draft {
    Draft::anonymous(id(), Timeouts::default(), STATE_BYTES_MAX)
}

fn grant(draft: &mut Draft, wishes: Vec<Wish>) {
    wishes.into_iter().for_each(|wish| draft.wish(wish, at(10)).unwrap());
}

fn write(draft: &Draft) -> Option<Written> {
    draft.write(
        TokenHash::from_bytes([1; 32]),
        &Origin { at: at(50), client: client(), actor: None },
        random(),
    )
}

fn facts(draft: &Draft) -> Vec<Event> {
    write(draft)
        .map_or_else(Vec::new, |written| written.entries.iter().map(|entry| entry.event().unwrap()).collect())
}

fn client() -> Client {
    Client::new(Some([192, 0, 2, 1].into()), Some("curl/8"))
}

fn byte(byte: u8) -> Value {
    Value::new(1, vec![byte])
}

fn set(key: &str, value: u8) -> Wish {
    Wish::SetValue { key: key.into(), value: byte(value) }
}

fn is_set(key: &str, value: u8) -> Event {
    Event::ValueSet(ValueSet::new(key.into(), byte(value)))
}

fn remove(key: &str) -> Wish {
    Wish::RemoveValue { key: key.into() }
}

fn is_removed(key: &str) -> Event {
    Event::ValueRemoved(ValueRemoved::new(key.into()))
}

fn is_cleared() -> Event {
    Event::Cleared(Cleared::new())
}

fn add(queue: &str, message: &str) -> Wish {
    Wish::AddFlash { queue: queue.into(), message: message.into() }
}

fn is_added(queue: &str, message: &str) -> Event {
    Event::FlashAdded(FlashAdded::new(queue.into(), message.into()))
}

fn take(queue: &str) -> Wish {
    Wish::TakeFlash { queue: queue.into() }
}

fn is_taken(queue: &str) -> Event {
    Event::FlashTaken(FlashTaken::new(queue.into()))
}

fn end() -> Wish {
    Wish::End { reason: EndReason::LoggedOut, last_seen: at(9), by: None }
}
