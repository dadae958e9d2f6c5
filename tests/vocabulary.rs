//! The names of the OWASP Logging Vocabulary, and what is told of each commit (ASVS 16.2.4, 16.3.1, 16.3.3,
//! SM26).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "arbitrary/kinds.rs"]
mod kinds;
#[path = "codec/samples.rs"]
#[allow(dead_code, reason = "only the events are used")]
mod samples;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use session_ledger::internals::OWASP_NAMES;
use session_ledger::ledger::End;
use session_ledger::session::{Client, EndReason, Event, FailedLogin, Policy, Reaction, SessionId};
use session_ledger::web::{Forged, Incident, Sessions};
use test_support::{CapturedLog, Database, Visitor, application, key_ring};
use tracing::Level;

/// The names of the vocabulary that the library does not use, and why not.
const OTHERS: &[(&str, &str)] = &[
    ("authn_login_successafterfail", PASSWORDS),
    ("authn_login_fail_max", PASSWORDS),
    ("authn_login_lock", PASSWORDS),
    ("authn_password_change_fail", PASSWORDS),
    ("authn_impossible_travel", "no place is known of an address: a new network is told as `client_changed`"),
    ("authn_token_revoked", "a token goes with its session: `session_expired`, with the reason"),
    ("authn_token_delete", "a token goes with its session: `session_expired`, with the reason"),
    ("authz_fail", RIGHTS),
    ("authz_admin", RIGHTS),
    ("excess_sessions_exceeded", "an end: `session_expired`, with the reason `limit_exceeded`"),
    ("privilege_permissions_changed", RIGHTS),
    ("session_logout", "an end: `session_expired`, with the reason `logged_out`"),
    ("sys_startup", PROCESS),
    ("sys_shutdown", PROCESS),
    ("sys_crash", PROCESS),
    ("sys_monitor_disabled", PROCESS),
];

const PASSWORDS: &str =
    "the application checks passwords, and the library hears of who has proved who they are";
const RIGHTS: &str = "the application decides who may do what";
const PROCESS: &str = "the process is the application's";

fn incidents() -> Vec<Incident> {
    let (client, session) = (Client::default(), SessionId::from_bytes([1; 16]));
    vec![
        Incident::CookieRejected { client: client.clone() },
        Incident::CookieDuplicated { client: client.clone() },
        Incident::TokenReplayed { session, client: client.clone() },
        Incident::ForwardingRejected { client: client.clone(), fault: "" },
        Incident::DatabaseRolledBack { session, client: client.clone() },
        Incident::ClockJumped { by: time::Duration::ZERO },
        Incident::ClientChanged { session, client: client.clone(), reaction: Reaction::Note },
        Incident::TooManyStarts { client: client.clone() },
        Incident::RequestForged { client, cause: Forged::AnotherSite, origin: None, is_refused: true },
    ]
}

#[test]
fn each_name_is_used_or_it_is_said_why_not() {
    // Told in lines of the log, not of an event or an incident: a token that could not be sealed, one of a
    // session that has ended, and a login that has failed.
    let lines = ["crypt_encrypt_fail", "session_use_after_expire", FailedLogin::of_unknown().owasp()];
    let (events, incidents) = (samples::events(), incidents());
    let of_events = events.iter().filter_map(Event::owasp);
    let of_incidents = incidents.iter().filter_map(Incident::owasp);
    let used: BTreeSet<&str> = of_events.chain(of_incidents).chain(lines).collect();
    assert_eq!(used, OWASP_NAMES.iter().copied().collect());
    assert!(OTHERS.iter().all(|(name, why)| !used.contains(name) && !why.is_empty()));
}

#[test]
fn each_kind_of_event_has_its_name() {
    let of_kind = |kind: &str| {
        let events = samples::events();
        let mut names = events.iter().filter(|event| event.kind() == kind).map(Event::owasp);
        let first = names.next().unwrap_or_else(|| panic!("a sample of {kind}"));
        assert!(names.all(|name| name == first), "{kind}");
        first.unwrap_or("-")
    };
    let table: Vec<String> =
        kinds::kinds().iter().map(|(kind, _)| format!("{kind} {}", of_kind(kind))).collect();
    assert_eq!(
        table,
        [
            "started session_created",
            "logged_in authn_login_success",
            "reauthenticated authn_login_success",
            "value_set -",
            "value_removed -",
            "cleared -",
            "flash_added -",
            "flash_taken -",
            "settings_changed -",
            "renewal_offered authn_token_created",
            "renewed session_renewed",
            "impersonation_started authz_change",
            "impersonation_ended authz_change",
            "client_changed -",
            "device_seen -",
            "factor_changed authn_password_change",
            "grant_given -",
            "grant_taken -",
            "noted -",
            "ended session_expired",
        ]
    );
}

#[test]
fn each_incident_has_a_name_and_says_whose_it_is() {
    let names: Vec<_> =
        incidents().iter().map(|incident| (incident.name(), incident.owasp().is_some())).collect();
    assert_eq!(
        names,
        [
            ("crypt_decrypt_fail", true),
            ("malicious_direct_reference", true),
            ("authn_token_reuse", true),
            ("input_validation_fail", true),
            ("database_rolled_back", false),
            ("clock_jumped", false),
            ("client_changed", false),
            ("excess_rate_limit_exceeded", true),
            ("malicious_csrf", true),
        ]
    );
}

#[tokio::test]
async fn asvs_16_3_1_logins_renewals_and_ends_are_lines_of_the_log() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let visitor = Visitor::new(&application(Sessions::new(ledger.clone(), key_ring())));
    let (log, _guard) = CapturedLog::listen_with_targets(Level::INFO);
    visitor.get("/add").await;
    visitor.post("/login/alice", "").await;
    visitor.get("/add").await;
    let session = ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    ledger.end(session, End::because(EndReason::Revoked).by("root")).await.unwrap();
    visitor.get("/show").await;

    let all = log.lines().join("\n");
    let told: Vec<String> = log
        .lines()
        .into_iter()
        .filter_map(|line| {
            line.split_once("session_ledger::fact: a fact was committed ").map(|(_, rest)| rest.to_owned())
        })
        .collect();
    assert_eq!(
        told,
        [
            format!(r#"owasp="session_created" kind="started" session={session} version=1"#),
            format!(r#"owasp="authn_login_success" kind="logged_in" session={session} version=3"#),
            format!(r#"owasp="session_renewed" kind="renewed" session={session} version=4"#),
            format!(r#"owasp="session_expired" kind="ended" session={session} version=6 reason=revoked"#),
        ],
        "{all}"
    );
    let late = format!(r#"session={session} owasp="session_use_after_expire" reason=revoked"#);
    assert!(all.contains(&late), "{all}");
    assert!(!all.contains("alice") && !all.contains("192.0.2.1"), "no person is named: {all}");
}

#[tokio::test]
async fn asvs_16_3_3_an_incident_says_its_name_in_the_vocabulary() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let sessions = Sessions::builder(ledger, key_ring()).starts_per_minute(1).build().unwrap();
    let app = application(sessions);
    let (log, _guard) = CapturedLog::listen(Level::INFO);
    let forger = Visitor::new(&app);
    forger.put_cookie("__Host-session", "forged");
    forger.get("/show").await;
    assert_eq!(Visitor::new(&app).get("/add").await.status, 200);
    assert_eq!(Visitor::new(&app).get("/add").await.status, 429);
    let all = log.lines().join("\n");
    for name in ["crypt_decrypt_fail", "excess_rate_limit_exceeded"] {
        let field = format!(r#"incident="{name}" owasp="{name}""#);
        assert_eq!(all.matches(&field).count(), 1, "{all}");
    }
}

/// Whatever commits in this process is told of after the commit: a request, a transaction, an end from
/// elsewhere. What is rolled back is not.
#[tokio::test]
async fn sm26_the_application_hears_of_what_was_committed_and_of_nothing_else() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    client.batch_execute("create table purchase (item text)").await.unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&told);
    let builder = database.builder().on_committed(move |committed| {
        let ip = committed.client.and_then(|client| client.ip).map(|ip| ip.to_string());
        hears.lock().unwrap().push((committed.entry.encoded.kind().to_owned(), ip.unwrap_or_default()));
    });
    let ledger = builder.connect().await.unwrap();
    let visitor = Visitor::new(&application(Sessions::new(ledger.clone(), key_ring())));
    let take = || -> Vec<String> {
        let told = std::mem::take(&mut *told.lock().unwrap());
        assert!(told.iter().all(|(kind, ip)| kind == "ended" || ip == "192.0.2.1"), "{told:?}");
        told.into_iter().map(|(kind, _)| kind).collect()
    };
    visitor.post("/login/alice", "").await;
    assert_eq!(take(), ["started", "logged_in"]);
    visitor.get("/add").await;
    assert_eq!(take(), ["value_set"]);
    visitor.get("/then/500").await;
    visitor.get("/swallow").await;
    visitor.get("/show").await;
    assert_eq!(take(), [""; 0]);
    visitor.get("/order/teapot/then/200").await;
    assert_eq!(take(), ["value_set"]);
    let session = ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    ledger.change(session, |session| session.note_text("job", "done")).await.unwrap();
    assert_eq!(take(), ["noted"]);
    ledger.end(session, EndReason::Revoked).await.unwrap();
    assert_eq!(take(), ["ended"]);
}
