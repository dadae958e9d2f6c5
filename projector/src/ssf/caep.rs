//! Which events CAEP has a word for, and what it says of them.

use serde::Deserialize;
use serde_json::{Value, json};
use session_ledger::inbox::{CloudEvent, CloudEventError};

/// What the types of CAEP's events begin with.
const TYPE: &str = "https://schemas.openid.net/secevent/caep/event-type/";

/// The kinds of the log's events that have a word, and the word.
const WORDS: [(&str, &str); 4] = [
    ("logged_in", "session-established"),
    ("reauthenticated", "assurance-level-change"),
    ("factor_changed", "credential-change"),
    ("ended", "session-revoked"),
];

/// The types of events that there are words for.
pub(super) fn supported() -> Vec<String> {
    WORDS.iter().map(|(_, word)| format!("{TYPE}{word}")).collect()
}

/// The kinds of the log's events whose types are wanted.
pub(super) fn kinds(is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let wanted = WORDS.iter().filter(|(_, word)| is_wanted(&format!("{TYPE}{word}")));
    wanted.map(|(kind, _)| (*kind).to_owned()).collect()
}

/// An event in the words of CAEP.
#[derive(Debug, PartialEq)]
pub(super) struct Caep {
    /// The type, a URI.
    pub(super) kind: String,
    /// What it says beside its subject and its time.
    pub(super) claims: Value,
    /// Whether it is about the session, and not about the user alone.
    pub(super) of_session: bool,
}

/// Of a login or another proof.
#[derive(Deserialize)]
struct Proof {
    methods: Vec<String>,
    assurance: String,
}

#[derive(Deserialize)]
struct FactorChanged {
    factor: String,
}

#[derive(Deserialize)]
struct Ended {
    reason: String,
    actor: Option<String>,
    by_session: Option<String>,
}

/// What is told of an event; none for one that CAEP has no word for.
///
/// # Errors
///
/// Its data are not those of its kind.
pub(super) fn of(event: &CloudEvent) -> Result<Option<Caep>, CloudEventError> {
    Ok(Some(match event.kind() {
        "logged_in" => session_established(&event.data()?),
        "reauthenticated" => assurance_level_change(&event.data()?),
        "factor_changed" => credential_change(&event.data()?),
        "ended" => session_revoked(&event.data()?),
        _ => return Ok(None),
    }))
}

fn session_established(proof: &Proof) -> Caep {
    let claims = json!({
        "initiating_entity": "user",
        "acr": level(&proof.assurance),
        "amr": proof.methods,
    });
    caep("session-established", claims, true)
}

/// What the level was before, the event does not say.
fn assurance_level_change(proof: &Proof) -> Caep {
    let claims = json!({
        "initiating_entity": "user",
        "namespace": "NIST-AAL",
        "current_level": level(&proof.assurance),
    });
    caep("assurance-level-change", claims, true)
}

/// The log says that a factor was changed, not in which way.
fn credential_change(changed: &FactorChanged) -> Caep {
    let claims = json!({
        "initiating_entity": "user",
        "credential_type": credential(&changed.factor),
        "change_type": "update",
    });
    caep("credential-change", claims, false)
}

fn session_revoked(ended: &Ended) -> Caep {
    let claims = json!({
        "initiating_entity": initiator(ended),
        "reason_admin": { "en": ended.reason },
    });
    caep("session-revoked", claims, true)
}

fn caep(name: &str, claims: Value, of_session: bool) -> Caep {
    Caep { kind: format!("{TYPE}{name}"), claims, of_session }
}

/// The level by the names of CAEP's examples.
fn level(assurance: &str) -> String {
    format!("nist-{assurance}")
}

/// A method of RFC 8176 by CAEP's name for the credential; others by their own.
fn credential(factor: &str) -> &str {
    match factor {
        "pwd" => "password",
        "sms" => "phone-sms",
        "tel" => "phone-voice",
        other => other,
    }
}

/// Who or what ended a session.
fn initiator(ended: &Ended) -> &'static str {
    match ended.reason.as_str() {
        "logged_out" | "discarded" | "user_switched" | "credential_changed" => "user",
        "idle_timeout" | "absolute_timeout" | "limit_exceeded" | "client_changed" => "policy",
        "account_disabled" => "admin",
        // Users end other sessions of theirs: then no actor is named, and a session is.
        "revoked" if ended.by_session.is_some() && ended.actor.is_none() => "user",
        "revoked" => "admin",
        _ => "system",
    }
}

#[test]
fn each_type_has_its_kind() {
    assert_eq!(kinds(|kind| kind.ends_with("/session-revoked")), ["ended"]);
    assert_eq!(kinds(|_| true).len(), supported().len());
    assert!(kinds(|_| false).is_empty());
}
