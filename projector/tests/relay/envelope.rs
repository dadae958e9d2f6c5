//! The contents of a line, and secrets that no line may hold.

use std::collections::BTreeMap;
use std::net::IpAddr;

use projector::envelope::Envelope;
use serde_json::{Value, json};
use session_ledger::session::{
    Assurance, Cleared, Client, ClientChanged, DeviceId, DeviceSeen, Encoded, EndReason, Ended, Entry, Event,
    EventId, Flash, FlashAdded, LoggedIn, Recorded, RenewalOffered, Renewed, SessionId, Started,
    StoredTimeouts, UserId, Value as Stored, ValueSet,
};
use time::macros::datetime;

use super::TOKEN_HASH;
use super::killed::assert_no_token_hash;

fn recorded(event: Event) -> Recorded {
    let at = datetime!(2026-03-01 12:30:00.25 UTC);
    let client =
        Client { ip: Some(IpAddr::from([192, 0, 2, 7])), user_agent: Some("line\u{2028}break \"x\"".into()) };
    let mut entry = Entry::new(3, EventId::from_random([1; 16]), event.encode(), at);
    (entry.user, entry.client) = (Some(UserId::from("alice")), Some(client));
    let mut recorded = Recorded::new(SessionId::from_bytes([2; 16]), entry, at);
    (recorded.transaction_id, recorded.position) = (700, 5_000_000_000);
    recorded
}

fn line(event: Event) -> Value {
    let line = Envelope::new(&recorded(event), "/shop/sessions").line().unwrap();
    let text = String::from_utf8(line).unwrap();
    assert_eq!(text.find('\n'), Some(text.len() - 1), "one line");
    assert_no_token_hash(&text);
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_line_is_a_cloud_event() {
    let login =
        LoggedIn::new(UserId::from("alice"), vec!["pwd".to_owned(), "otp".to_owned()], Assurance::Aal2);
    assert_eq!(
        line(Event::LoggedIn(login)),
        json!({
            "specversion": "1.0",
            "id": "01010101-0101-4101-8101-010101010101",
            "source": "/shop/sessions",
            "type": "session-ledger.logged_in",
            "subject": "02020202-0202-0202-0202-020202020202",
            "owasp": "authn_login_success",
            "time": "2026-03-01T12:30:00.25Z",
            "datacontenttype": "application/json",
            "sessionversion": 3,
            "position": "5000000000",
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
        let envelope = Envelope::new(&recorded, "/shop/sessions");
        let mut whole: Value = serde_json::from_slice(&envelope.structured().unwrap()).unwrap();
        let data = whole.as_object_mut().unwrap().remove("data").unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&envelope.data()).unwrap(), data);
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
    let changed = ClientChanged::new(true, false, true, &Client::default(), &Client::default());
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
        let line = Envelope::new(&recorded, "/shop/sessions").line().unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&line).unwrap()["data"], expected);
    }
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
    assert_eq!(line(Event::Unknown(unread))["type"], "session-ledger.renewed");
}
