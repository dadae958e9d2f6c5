//! The chain: an event that is edited, reordered, taken out or moved to another session is found.

use proptest::collection::vec;
use proptest::prelude::*;
use session_ledger::session::*;
use sha2::{Digest, Sha256};
use time::Duration;

use crate::{arbitrary, at, id, stream};

type Edit = fn(&mut Entry);

/// An edit of every column that the library writes.
const EDITS: [(&str, Edit); 21] = [
    ("version", |entry| entry.version += 1),
    ("event_id", |entry| entry.event_id = EventId::from_random([9; 16])),
    ("kind", |entry| entry.encoded = Encoded::new("value_taken", 5, [1, 2])),
    ("shape", |entry| entry.encoded = Encoded::new("value_given", 6, [1, 2])),
    ("payload", |entry| entry.encoded = Encoded::new("value_given", 5, [1, 3])),
    ("shorter payload", |entry| entry.encoded = Encoded::new("value_given", 5, [1])),
    ("no payload", |entry| entry.encoded = Encoded::new("value_given", 5, [])),
    ("user", |entry| entry.user = Some("mallory".into())),
    ("no user", |entry| entry.user = None),
    ("empty user", |entry| entry.user = Some("".into())),
    ("actor", |entry| entry.actor = Some("mallory".into())),
    ("empty actor", |entry| entry.actor = Some("".into())),
    ("ip", |entry| entry.client = Client::from_columns(Some([10, 0, 0, 1].into()), None)),
    ("nothing said", |entry| entry.client = None),
    ("said not to be known", |entry| entry.client = Client::from_columns(None, Some(""))),
    ("user_agent", |entry| entry.client = Client::from_columns(Some([192, 0, 2, 1].into()), Some("curl/8"))),
    ("empty user_agent", |entry| entry.client = Client::from_columns(Some([192, 0, 2, 1].into()), Some(""))),
    ("another salt", |entry| entry.client_proof = Some(ClientProof::Salt([6; 16]))),
    ("a digest", |entry| entry.client_proof = Some(ClientProof::Digest([6; 32]))),
    ("a digest alone", |entry| {
        (entry.client, entry.client_proof) = (None, Some(ClientProof::Digest([6; 32])));
    }),
    ("occurred_at", |entry| {
        let earlier = entry.occurred_at.checked_sub(Duration::microseconds(1));
        entry.occurred_at = earlier.unwrap_or(at(0));
    }),
];

#[test]
fn an_edit_of_any_written_column_changes_the_hash() {
    let before = ChainHash::genesis(id());
    let mut salted = entry();
    salted.client_proof = Some(ClientProof::Salt([5; 16]));
    let mut gone = entry();
    (gone.client, gone.client_proof) = (None, Some(ClientProof::Digest([5; 32])));
    for whole in [entry(), salted, gone] {
        let mut hashes = vec![before.then(&whole)];
        let mut seen = vec![whole.clone()];
        for (column, edit) in EDITS {
            let mut edited = whole.clone();
            edit(&mut edited);
            if seen.contains(&edited) {
                continue;
            }
            let hash = before.then(&edited);
            assert!(!hashes.contains(&hash), "{column} of {whole:?}");
            hashes.push(hash);
            seen.push(edited);
        }
    }
}

/// How the log forgets a client: the salt goes with it.
fn redacted(entry: &Entry) -> Entry {
    let digest: [u8; 32] = match (&entry.client_proof, Client::columns(entry.client.as_ref())) {
        (Some(ClientProof::Salt(salt)), (ip, agent)) => {
            let ip = match ip {
                None => vec![0],
                Some(std::net::IpAddr::V4(ip)) => [&[4], &ip.octets()[..]].concat(),
                Some(std::net::IpAddr::V6(ip)) => [&[16], &ip.octets()[..]].concat(),
            };
            let agent = agent.map(|agent| format!("={agent}")).unwrap_or_default();
            Sha256::digest([&salt[..], &ip, agent.as_bytes()].concat()).into()
        }
        other => panic!("{other:?}"),
    };
    let mut redacted = entry.clone();
    (redacted.client, redacted.client_proof) = (None, Some(ClientProof::Digest(digest)));
    redacted
}

#[test]
fn text_that_moves_from_one_column_to_the_next_changes_the_hash() {
    let with = |user: Option<&str>, actor: Option<&str>, agent: Option<&str>| {
        let mut entry = entry();
        entry.user = user.map(UserId::from);
        entry.actor = actor.map(UserId::from);
        entry.client = Client::from_columns(None, agent);
        ChainHash::genesis(id()).then(&entry)
    };
    let hashes = [
        with(Some("ab"), Some("c"), None),
        with(Some("a"), Some("bc"), None),
        with(Some("abc"), None, None),
        with(None, Some("abc"), None),
        with(None, None, Some("abc")),
        with(None, Some("ab"), Some("c")),
        with(None, None, None),
        with(Some(""), None, None),
    ];
    for (index, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..index].contains(hash), "case {index}");
    }
}

#[test]
fn what_the_database_adds_plays_no_part() {
    let before = ChainHash::genesis(id());
    let mut same = entry();
    same.hash = ChainHash::from_bytes([9; 32]);
    same.occurred_at += Duration::nanoseconds(1);
    assert_eq!(before.then(&same), before.then(&entry()), "a stored time has whole microseconds");
}

/// Frozen: stored chains are verified for ever.
#[test]
fn the_chain_of_a_given_entry_is_the_same_for_ever() {
    let genesis = ChainHash::genesis(id());
    assert_eq!(format!("{genesis:?}"), "e5168278fdd217f9b16bb11cce74389e14d7b911a5827851a8bea43c67d7a45d");
    assert_eq!(
        format!("{:?}", genesis.then(&entry())),
        "6146af3529f80ccb0761b9ca57ded6c0843c03f50a891be2894308df53cb5ad4"
    );
}

/// The second form, frozen as well, with its client and without.
#[test]
fn the_chain_of_a_salted_entry_is_the_same_for_ever() {
    let genesis = ChainHash::genesis(id());
    let mut salted = entry();
    salted.client_proof = Some(ClientProof::Salt([5; 16]));
    for entry in [&salted, &redacted(&salted)] {
        assert_eq!(
            format!("{:?}", genesis.then(entry)),
            "d28a18e634444da2490b30f09cd52fbab3e0c92d77aa29cfc6929b8856bb5536"
        );
    }
}

#[test]
fn a_stream_begins_at_its_own_session() {
    let other = SessionId::from_bytes([8; 16]);
    assert_ne!(ChainHash::genesis(id()), ChainHash::genesis(other));
    assert!(!verifies(other, &stream(&[(Event::Cleared(Cleared::new()), at(1))])));
}

proptest! {
    #[test]
    fn a_client_that_is_taken_out_leaves_the_chain_as_it_was_and_cannot_be_put_back(
        client in arbitrary::client(),
        other in arbitrary::client(),
        salt in any::<[u8; 16]>(),
    ) {
        let genesis = ChainHash::genesis(id());
        let mut salted = entry();
        (salted.client, salted.client_proof) = (Some(client.clone()), Some(ClientProof::Salt(salt)));
        let whole = salted.clone();
        let mut gone = redacted(&salted);
        prop_assert_eq!(genesis.then(&gone), genesis.then(&salted));
        gone.client = Some(client.clone());
        prop_assert_ne!(genesis.then(&gone), genesis.then(&salted), "put back");
        salted.client = Some(other.clone());
        let is_same = genesis.then(&salted) == genesis.then(&whole);
        prop_assert_eq!(is_same, other == client);
    }

    #[test]
    fn an_edited_reordered_or_missing_event_breaks_the_chain(
        events in vec((arbitrary::event(), arbitrary::time()), 2..8),
        client in arbitrary::client(),
        place in any::<prop::sample::Index>(),
        edit in prop::sample::select(EDITS.to_vec()),
    ) {
        let entries = stream(&events);
        prop_assert!(verifies(id(), &entries));

        let mut edited = entries.clone();
        let victim = place.get_mut(&mut edited);
        victim.client = Some(client);
        edit.1(victim);
        prop_assert_eq!(verifies(id(), &edited), edited == entries, "{}", edit.0);

        let mut shortened = entries.clone();
        shortened.remove(place.index(entries.len() - 1));
        prop_assert!(!verifies(id(), &shortened));

        let mut reordered = entries.clone();
        reordered.swap(0, place.index(entries.len() - 1) + 1);
        prop_assert!(!verifies(id(), &reordered));
    }
}

/// Whether each entry's hash is the chain up to it.
fn verifies(session: SessionId, entries: &[Entry]) -> bool {
    let mut head = ChainHash::genesis(session);
    entries.iter().all(|entry| {
        head = head.then(entry);
        head == entry.hash
    })
}

fn entry() -> Entry {
    let encoded = Encoded::new("value_given", 5, [1, 2]);
    let mut entry = Entry::new(3, EventId::from_random([3; 16]), encoded, at(1_700_000_000));
    entry.user = Some("alice".into());
    entry.client = Some(Client::new(Some([192, 0, 2, 1].into()), None));
    entry
}
