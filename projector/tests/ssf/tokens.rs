//! What a token says.

use serde_json::{Value, json};
use session_ledger::session::{
    Assurance, Cleared, EndReason, Ended, Entry, Event, EventId, FactorChanged, LoggedIn, Reauthenticated,
    SessionId, UserId,
};

use super::{NOW, THEN, envelope, envelope_of, transmitter, verified};

/// The claims of the token about an event of alice's.
fn claims(event: &Event) -> Value {
    let transmitter = transmitter();
    let token = transmitter.token(&envelope(event, Some("alice")), NOW).unwrap().expect("a token");
    let (header, claims) = verified(&token, &transmitter.key.jwk());
    assert_eq!(header, json!({ "alg": "RS256", "kid": transmitter.key.id(), "typ": "secevent+jwt" }));
    claims
}

fn user() -> Value {
    json!({ "format": "iss_sub", "iss": "https://shop.example", "sub": "alice" })
}

fn user_and_session() -> Value {
    let session = json!({ "format": "opaque", "id": "02020202-0202-0202-0202-020202020202" });
    json!({ "format": "complex", "user": user(), "session": session })
}

/// A token about `subject` with one event.
fn token(subject: Value, kind: &str, event: Value) -> Value {
    json!({
        "iss": "https://shop.example",
        "aud": "https://forum.example/caep",
        "jti": "01010101-0101-4101-8101-010101010101",
        "iat": NOW.unix_timestamp(),
        "sub_id": subject,
        "events": { (format!("https://schemas.openid.net/secevent/caep/event-type/{kind}")): event },
    })
}

fn methods() -> Vec<String> {
    vec!["pwd".to_owned(), "otp".to_owned()]
}

fn ended(reason: EndReason) -> Event {
    Event::Ended(Ended::new(reason, THEN))
}

#[test]
fn a_login_is_an_established_session() {
    let login = LoggedIn::new(UserId::from("alice"), methods(), Assurance::Aal2);
    let event = json!({
        "event_timestamp": THEN.unix_timestamp(),
        "initiating_entity": "user",
        "acr": "nist-aal2",
        "amr": ["pwd", "otp"],
    });
    assert_eq!(claims(&Event::LoggedIn(login)), token(user_and_session(), "session-established", event));
}

#[test]
fn another_proof_is_a_change_of_the_level() {
    let again = Reauthenticated::new(methods(), Assurance::Aal1);
    let event = json!({
        "event_timestamp": THEN.unix_timestamp(),
        "initiating_entity": "user",
        "namespace": "NIST-AAL",
        "current_level": "nist-aal1",
    });
    assert_eq!(
        claims(&Event::Reauthenticated(again)),
        token(user_and_session(), "assurance-level-change", event)
    );
}

#[test]
fn a_changed_factor_is_a_changed_credential_of_the_user() {
    for (factor, credential) in [
        ("pwd", "password"),
        ("sms", "phone-sms"),
        ("tel", "phone-voice"),
        ("fido2-roaming", "fido2-roaming"),
    ] {
        let changed = Event::FactorChanged(FactorChanged::new(factor.to_owned(), true));
        let event = json!({
            "event_timestamp": THEN.unix_timestamp(),
            "initiating_entity": "user",
            "credential_type": credential,
            "change_type": "update",
        });
        assert_eq!(claims(&changed), token(user(), "credential-change", event));
    }
}

#[test]
fn an_end_is_a_revoked_session_and_says_who_or_what_ended_it() {
    for (reason, initiator) in [
        (EndReason::LoggedOut, "user"),
        (EndReason::IdleTimeout, "policy"),
        (EndReason::AbsoluteTimeout, "policy"),
        (EndReason::LimitExceeded, "policy"),
        (EndReason::ClientChanged, "policy"),
        (EndReason::CredentialChanged, "user"),
        (EndReason::Revoked, "admin"),
        (EndReason::AccountDisabled, "admin"),
        (EndReason::TokenReplayed, "system"),
        (EndReason::DatabaseRolledBack, "system"),
    ] {
        let event = json!({
            "event_timestamp": THEN.unix_timestamp(),
            "initiating_entity": initiator,
            "reason_admin": { "en": reason.as_str() },
        });
        assert_eq!(claims(&ended(reason)), token(user_and_session(), "session-revoked", event));
    }
}

#[test]
fn a_session_that_its_user_has_ended_from_another_is_revoked_by_the_user() {
    let mut fact = Ended::new(EndReason::Revoked, THEN);
    fact.by = Some(SessionId::from_bytes([3; 16]));
    let by = |actor: Option<&str>| {
        let mut entry =
            Entry::new(1, EventId::from_random([1; 16]), Event::Ended(fact.clone()).encode(), THEN);
        (entry.user, entry.actor) = (Some(UserId::from("alice")), actor.map(UserId::from));
        let transmitter = transmitter();
        let token =
            transmitter.token(&envelope_of(SessionId::from_bytes([2; 16]), entry), NOW).unwrap().unwrap();
        let (_, claims) = verified(&token, &transmitter.key.jwk());
        let event = claims["events"].as_object().unwrap().values().next().unwrap();
        event["initiating_entity"].as_str().unwrap().to_owned()
    };
    assert_eq!((by(None).as_str(), by(Some("admin")).as_str()), ("user", "admin"));
}

#[test]
fn of_anything_else_and_of_nobodys_session_nothing_is_told() {
    let transmitter = transmitter();
    let cleared = envelope(&Event::Cleared(Cleared::new()), Some("alice"));
    assert_eq!(transmitter.token(&cleared, NOW).unwrap(), None);
    let visitor = envelope(&ended(EndReason::IdleTimeout), None);
    assert_eq!(transmitter.token(&visitor, NOW).unwrap(), None);
}
