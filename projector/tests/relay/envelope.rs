//! The contents of a line, and secrets that no line may hold.

use std::collections::BTreeMap;
use std::net::IpAddr;

use data_encoding::HEXLOWER;
use projector::envelope::{Envelope, Telling};
use serde_json::{Value, json};
use session_ledger::session::{
    Assurance, ChainHash, Cleared, Client, ClientChanged, DeviceId, DeviceSeen, Encoded, EndReason, Ended,
    Entry, Event, EventId, Flash, FlashAdded, ImpersonationStarted, LoggedIn, Noted, Recorded,
    RenewalOffered, Renewed, SessionId, Started, StoredTimeouts, UserId, Value as Stored, ValueRemoved,
    ValueSet,
};
use sha2::{Digest, Sha256};
use time::Duration;
use time::macros::datetime;

use super::TOKEN_HASH;
use super::killed::assert_no_token_hash;

/// The chain before the event of each test.
const BEFORE: ChainHash = ChainHash::from_bytes([5; 32]);

fn recorded(event: Event) -> Recorded {
    let at = datetime!(2026-03-01 12:30:00.25 UTC);
    let client =
        Client { ip: Some(IpAddr::from([192, 0, 2, 7])), user_agent: Some("line\u{2028}break \"x\"".into()) };
    let mut entry = Entry::new(3, EventId::from_random([1; 16]), event.encode(), at);
    (entry.user, entry.client) = (Some(UserId::from("alice")), Some(client));
    entry.hash = BEFORE.then(&entry);
    let written = at + Duration::milliseconds(3);
    let mut recorded = Recorded::new(SessionId::from_bytes([2; 16]), entry, written);
    (recorded.transaction_id, recorded.position) = (700, 5_000_000_000);
    recorded
}

/// All that can be told.
fn telling() -> Telling {
    Telling { source: "/shop/sessions".to_owned(), personal: true, withheld: Vec::new() }
}

fn line(event: Event) -> Value {
    line_as(&telling(), event)
}

fn line_as(telling: &Telling, event: Event) -> Value {
    let line = Envelope::new(&recorded(event), Some(BEFORE), telling).line().unwrap();
    let text = String::from_utf8(line).unwrap();
    assert_eq!(text.find('\n'), Some(text.len() - 1), "one line");
    assert_no_token_hash(&text);
    serde_json::from_str(&text).unwrap()
}

fn login() -> Event {
    let methods = vec!["pwd".to_owned(), "otp".to_owned()];
    Event::LoggedIn(LoggedIn::new(UserId::from("alice"), methods, Assurance::Aal2))
}

#[test]
fn a_line_is_a_cloud_event() {
    let told = line(login());
    let sha = |parts: &[&[u8]]| {
        let hash = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize();
        HEXLOWER.encode(&hash)
    };
    let chain = recorded(login()).entry.hash;
    assert_eq!(
        told,
        json!({
            "specversion": "1.0",
            "id": "01010101-0101-4101-8101-010101010101",
            "source": "/shop/sessions",
            "type": "session-ledger.logged_in",
            "subject": "02020202-0202-0202-0202-020202020202",
            "partitionkey": "02020202-0202-0202-0202-020202020202",
            "owasp": "authn_login_success",
            "time": "2026-03-01T12:30:00.25Z",
            "recordedtime": "2026-03-01T12:30:00.253Z",
            "datacontenttype": "application/json",
            "dataschema": "urn:session-ledger:events:1#/$defs/logged_in",
            "sessionversion": 3,
            "position": "5000000000",
            "prevlink": sha(&[b"session-ledger/v1/link", &[5; 32]]),
            "link": sha(&[b"session-ledger/v1/link", chain.as_bytes()]),
            "data": {
                "user": "alice",
                "client_ip": "192.0.2.7",
                "user_agent": "line\u{2028}break \"x\"",
                "methods": ["pwd", "otp"],
                "assurance": "aal2",
            },
        })
    );
}

#[test]
fn the_attributes_and_the_data_are_the_whole_event() {
    for event in [Event::Cleared(Cleared::new()), Event::FlashAdded(FlashAdded::new("a".into(), "b".into()))]
    {
        let recorded = recorded(event);
        let envelope = Envelope::new(&recorded, Some(BEFORE), &telling());
        let mut whole: Value = serde_json::from_slice(&envelope.structured().unwrap()).unwrap();
        let data = whole.as_object_mut().unwrap().remove("data").unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&envelope.data().unwrap()).unwrap(), data);
        let told: BTreeMap<_, _> = envelope.attributes().into_iter().collect();
        let whole = whole.as_object().unwrap().iter();
        let whole: BTreeMap<_, _> = whole
            .map(|(name, value)| {
                (name.as_str(), value.as_str().map_or(value.to_string(), str::to_owned).into())
            })
            .collect();
        assert_eq!(told, whole);
        assert_eq!((envelope.id(), envelope.subject()), (&*told["id"], &*told["subject"]));
    }
}

/// ASVS 16.2.4. An attribute that is not there has no null in its place (CloudEvents, section 3.1).
#[test]
fn an_event_without_a_name_in_the_vocabulary_has_none() {
    assert_eq!(line(Event::Cleared(Cleared::new())).get("owasp"), None);
    let ended = Ended::new(EndReason::LoggedOut, datetime!(2026-03-01 12:00 UTC));
    assert_eq!(line(Event::Ended(ended))["owasp"], "session_expired");
}

#[test]
fn a_device_and_a_changed_client_are_told_without_what_the_session_remembers() {
    let device = DeviceSeen::new(DeviceId::from_bytes([3; 16]), true);
    let data = line(Event::DeviceSeen(device))["data"].clone();
    assert_eq!(
        (&data["device"], &data["is_new"]),
        (&json!("03030303-0303-0303-0303-030303030303"), &json!(true))
    );
    let changed = ClientChanged::new(true, false, true);
    let data = line(Event::ClientChanged(changed))["data"].clone();
    assert_eq!(
        (&data["agent"], &data["network"], &data["step_up"]),
        (&json!(true), &json!(false), &json!(true))
    );
    assert_eq!(data.as_object().unwrap().len(), 6, "with the user and the client");
}

#[test]
fn an_end_tells_its_reason() {
    let ended = Ended::new(EndReason::IdleTimeout, datetime!(2026-03-01 12:00 UTC));
    let data = &line(Event::Ended(ended))["data"];
    assert_eq!(data["reason"], "idle_timeout");
    assert_eq!(data["last_seen"], "2026-03-01T12:00:00Z");
}

#[test]
fn a_line_says_from_where_if_the_event_does() {
    let mut recorded = recorded(Event::Cleared(Cleared::new()));
    for (client, expected) in [
        (None, json!({ "user": "alice" })),
        (Some(Client::default()), json!({ "user": "alice", "user_agent": "" })),
        (Some(Client::new(None, Some("curl/8"))), json!({ "user": "alice", "user_agent": "curl/8" })),
    ] {
        recorded.entry.client = client;
        let line = Envelope::new(&recorded, None, &telling()).line().unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&line).unwrap()["data"], expected);
    }
}

#[test]
fn personal_fields_are_told_only_if_that_is_asked_for() {
    let plain = Telling { personal: false, ..telling() };
    let about = |telling: &Telling, event: Event| line_as(telling, event)["data"].clone();
    let started = || Event::ImpersonationStarted(ImpersonationStarted::new("bob".into(), "A ticket.".into()));
    assert_eq!(about(&plain, started()), json!({ "user": "alice", "impersonated": "bob" }));
    let told = about(&telling(), started());
    assert_eq!(told["impersonation_reason"], "A ticket.");
    assert_eq!((&told["client_ip"], told["user_agent"].is_string()), (&json!("192.0.2.7"), true));
    assert_eq!(
        about(&plain, login()),
        json!({ "user": "alice", "methods": ["pwd", "otp"], "assurance": "aal2" })
    );
}

#[test]
fn what_is_withheld_is_not_told() {
    let withholding = Telling { withheld: vec!["cart".to_owned(), "diagnosis".to_owned()], ..telling() };
    let about = |event: Event| line_as(&withholding, event)["data"].clone();
    let set = |key: &str| Event::ValueSet(ValueSet::new(key.to_owned(), Stored::new(1, b"12".as_slice())));
    let removed = |key: &str| Event::ValueRemoved(ValueRemoved::new(key.to_owned()));
    let noted = |name: &str| Event::Noted(Noted::of_text(name, "a cold"));
    for event in [set("cart"), removed("cart")] {
        assert_eq!(about(event).get("key"), None);
    }
    assert_eq!(about(noted("diagnosis")).get("fact"), None);
    assert_eq!(about(noted("diagnosis"))["name"], "diagnosis");
    assert_eq!(
        (&about(set("size"))["key"], &about(removed("size"))["key"]),
        (&json!("size"), &json!("size"))
    );
    assert_eq!(about(noted("ordered"))["fact"], "a cold");
}

#[test]
fn an_event_whose_session_lacks_the_one_before_has_no_link_to_it() {
    let line = Envelope::new(&recorded(login()), None, &telling()).line().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&line).unwrap().get("prevlink"), None);
}

#[test]
fn values_and_messages_stay_inside() {
    let value = Stored::new(1, b"kept to oneself".as_slice());
    let set = line(Event::ValueSet(ValueSet::new("cart".to_owned(), value)));
    assert_eq!(set["data"]["key"], "cart");
    assert_eq!(set["data"]["value_bytes"], 15);
    let added = FlashAdded::new("news".to_owned(), Flash::warning("kept to oneself"));
    let added = line(Event::FlashAdded(added));
    assert_eq!((&added["data"]["queue"], &added["data"]["level"]), (&json!("news"), &json!("warning")));
    assert!(!format!("{set}{added}").contains("oneself"));
    assert!(!set.to_string().contains("107,101,112"), "the value's bytes were written as numbers");
}

#[test]
fn no_event_that_knows_a_token_hash_tells_it() {
    let token_hash = TOKEN_HASH;
    // `line` looks for the hash. What cannot be read may be one, too.
    line(Event::Started(Started::new(token_hash, StoredTimeouts::default())));
    line(Event::RenewalOffered(RenewalOffered::new(token_hash)));
    line(Event::Renewed(Renewed::new(token_hash, 30, true)));
    let unread = Encoded::new("renewed", 9, vec![0xab; 40]);
    let unread = line(Event::Unknown(unread));
    assert_eq!((&unread["type"], unread.get("dataschema")), (&json!("session-ledger.renewed"), None));
}
