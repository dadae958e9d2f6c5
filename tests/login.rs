//! Log-in, renewal and logout (ASVS 7.2.4, 7.4.1; WSTG-SESS-03, -06).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use session_ledger::Ledger;
use session_ledger::ledger::End;
use session_ledger::session::{EndReason, Event, Policy, SessionId, UserId};
use session_ledger::web::{Incident, Sessions};
use test_support::{Database, Visitor, application, key_ring};

const NAME: &str = "__Host-session";

/// Longer than the policy's `renewal_grace`.
const PAST_GRACE: Duration = Duration::from_secs(31);

struct Scene {
    visitor: Visitor,
    ledger: Ledger,
    database: Database,
    incidents: Arc<Mutex<Vec<Incident>>>,
}

async fn scene() -> Scene {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let incidents = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&incidents);
    let hook = move |incident: &Incident| told.lock().unwrap().push(incident.clone());
    let sessions = Sessions::builder(ledger.clone(), key_ring()).on_incident(hook).build().unwrap();
    Scene { visitor: Visitor::new(&application(sessions)), ledger, database, incidents }
}

impl Scene {
    async fn only_session(&self, user: &str) -> SessionId {
        let sessions = self.ledger.sessions(&UserId::from(user)).await.unwrap();
        assert_eq!(sessions.len(), 1, "{sessions:?}");
        sessions[0].id
    }

    /// Waits for the note that a session was seen.
    async fn wait_until_seen(&self) {
        let patience = Instant::now() + Duration::from_secs(20);
        while self.database.count("session_ledger.activity").await == 0 {
            assert!(Instant::now() < patience, "nobody has noted that the session was seen");
        }
    }

    async fn kinds(&self, session: SessionId) -> Vec<String> {
        let history = self.ledger.history(session).await.unwrap();
        history.iter().map(|recorded| recorded.entry.encoded.kind().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_login_keeps_what_the_visitor_had_and_replaces_the_token() {
    let scene = scene().await;
    scene.visitor.get("/add").await;
    let (before, thief) = (scene.visitor.cookie(NAME).unwrap(), scene.visitor.copy());
    scene.visitor.post("/login/alice", "").await;
    assert_ne!(scene.visitor.cookie(NAME).unwrap(), before);
    assert_eq!(scene.visitor.get("/show").await.body, "alice 1");
    // The token from before the login opens nothing any more, and its cookie is left alone.
    for path in ["/show", "/me", "/add"] {
        let answer = thief.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (307, ""));
        assert_eq!(answer.headers["location"], path, "an honest browser sends the request again");
        assert!(answer.set_cookies().is_empty());
    }
    assert_eq!(scene.visitor.get("/show").await.body, "alice 1", "a latecomer is not punished");
    let session = scene.only_session("alice").await;
    assert_eq!(scene.kinds(session).await, ["started", "value_set", "logged_in", "renewed"]);
}

#[tokio::test]
async fn a_token_that_comes_back_long_after_a_login_ends_the_session() {
    let scene = scene().await;
    scene.visitor.get("/add").await;
    let thief = scene.visitor.copy();
    scene.visitor.post("/login/alice", "").await;
    let session = scene.only_session("alice").await;
    scene.visitor.get("/show").await;
    scene.wait_until_seen().await;
    scene.database.set_clock_ahead(PAST_GRACE).await;
    assert_eq!(thief.get("/show").await.body, "- 0");
    assert_eq!(scene.visitor.get("/show").await.body, "- 0", "whoever is honest must log in again");
    let ended = scene.ledger.sessions(&"alice".into()).await.unwrap()[0].ended.clone().unwrap();
    assert_eq!(ended.0, EndReason::TokenReplayed);
    let incidents = scene.incidents.lock().unwrap();
    assert!(matches!(&incidents[..], [Incident::TokenReplayed { session: one, .. }] if *one == session));
}

#[tokio::test]
async fn a_token_that_comes_back_after_a_login_whose_answer_was_lost_proves_no_theft() {
    let scene = scene().await;
    scene.visitor.get("/add").await;
    let browser = scene.visitor.copy();
    // The answer with the new token never reaches the browser.
    scene.visitor.post("/login/alice", "").await;
    let session = scene.only_session("alice").await;
    scene.database.set_clock_ahead(PAST_GRACE).await;
    let answer = browser.get("/show").await;
    assert_eq!((answer.body.as_str(), answer.set_cookies().len()), ("- 0", 0), "the old token opens nothing");
    let refused = browser.get("/add").await;
    assert_eq!((refused.status.as_u16(), refused.set_cookies().len()), (409, 0));
    assert!(scene.incidents.lock().unwrap().is_empty());
    assert!(!scene.kinds(session).await.contains(&"ended".to_owned()));
    // A log-in proves who asks, and starts a session of its own.
    assert_eq!(browser.post("/login/alice", "").await.set_cookies().len(), 1);
    assert_eq!(browser.get("/show").await.body, "alice 0");
}

#[tokio::test]
async fn after_a_renewal_a_request_under_way_is_let_in_and_gets_the_new_token() {
    let scene = scene().await;
    scene.visitor.post("/login/alice", "").await;
    let late = scene.visitor.copy();
    scene.visitor.get("/renew").await;
    let answer = late.get("/show").await;
    assert_eq!(answer.body, "alice 0");
    assert_eq!(answer.set_cookies().len(), 1, "its response may be the only one to arrive");
    scene.database.set_clock_ahead(PAST_GRACE).await;
    assert_eq!(late.get("/show").await.body, "alice 0", "it has the new token now");
    assert_eq!(scene.visitor.get("/show").await.body, "alice 0");
}

#[tokio::test]
async fn a_logout_is_final_for_every_copy_of_the_token() {
    let scene = scene().await;
    scene.visitor.post("/login/alice", "").await;
    scene.visitor.get("/add").await;
    let elsewhere = scene.visitor.copy();
    let session = scene.only_session("alice").await;
    scene.visitor.post("/logout", "").await;
    assert_eq!(elsewhere.get("/me").await.status, 401);
    let refused = elsewhere.get("/add").await;
    assert_eq!((refused.status.as_u16(), refused.set_cookies().len()), (409, 0), "its cookie is out of date");
    assert_eq!(scene.kinds(session).await.last().unwrap(), "ended");
    assert_eq!(scene.database.count("session_ledger.ended_session").await, 1);
    let rows = format!("session_ledger.session where session_id = '{session}'");
    assert_eq!(scene.database.count(&rows).await, 0);
}

#[tokio::test]
async fn a_cookie_of_a_session_that_ended_just_now_is_not_cleared_but_later_it_is() {
    let scene = scene().await;
    scene.visitor.post("/login/alice", "").await;
    let elsewhere = scene.visitor.copy();
    let session = scene.only_session("alice").await;
    assert!(scene.ledger.end(session, End::because(EndReason::Revoked).by("admin")).await.unwrap());
    assert!(!scene.ledger.end(session, EndReason::Revoked).await.unwrap(), "it had ended already");
    assert!(elsewhere.get("/show").await.set_cookies().is_empty());
    scene.database.set_clock_ahead(PAST_GRACE).await;
    assert!(elsewhere.get("/show").await.set_cookies()[0].contains("Max-Age=0"));
    let history = scene.ledger.history(session).await.unwrap();
    assert_eq!(history.last().unwrap().entry.actor, Some("admin".into()));
}

#[tokio::test]
async fn another_user_on_the_same_browser_gets_a_session_of_their_own() {
    let scene = scene().await;
    scene.visitor.post("/login/alice", "").await;
    scene.visitor.get("/add").await;
    scene.visitor.post("/login/bob", "").await;
    assert_eq!(scene.visitor.get("/show").await.body, "bob 0");
    let ended = scene.ledger.sessions(&"alice".into()).await.unwrap()[0].ended.clone().unwrap();
    assert_eq!(ended.0, EndReason::UserSwitched);
}

#[tokio::test]
async fn a_discarded_session_is_replaced_by_a_fresh_one_only_if_something_is_kept() {
    let scene = scene().await;
    scene.visitor.get("/add").await;
    scene.visitor.get("/discard").await;
    assert!(scene.visitor.cookie(NAME).is_none());
    assert_eq!(scene.database.count("session_ledger.session").await, 0);
    assert_eq!(scene.visitor.get("/add").await.body, "1");
}

#[tokio::test]
async fn the_history_says_who_came_from_where() {
    let scene = scene().await;
    let visitor = scene.visitor.clone().at("203.0.113.9".parse().unwrap()).named("Phone\t/2");
    visitor.post("/login/alice", "").await;
    let history = scene.ledger.history(scene.only_session("alice").await).await.unwrap();
    for recorded in &history {
        let client = recorded.client.as_ref().unwrap();
        assert_eq!(client.ip, Some("203.0.113.9".parse().unwrap()));
        assert_eq!(client.user_agent.as_deref(), Some("Phone/2"), "without control characters");
        assert_eq!(recorded.entry.user, (recorded.entry.version > 1).then(|| "alice".into()));
    }
    assert!(matches!(history[1].entry.event(), Ok(Event::LoggedIn(fact)) if fact.methods == ["pwd"]));
}

#[tokio::test]
async fn all_other_sessions_of_a_user_can_be_ended_at_once() {
    let scene = scene().await;
    let devices: Vec<_> =
        (0..4).map(|_| Visitor::new(&application(Sessions::new(scene.ledger.clone(), key_ring())))).collect();
    for device in &devices {
        device.post("/login/alice", "").await;
    }
    let keep = scene.ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    let ended = scene
        .ledger
        .end_all(&"alice".into(), End::because(EndReason::CredentialChanged).keep(keep))
        .await
        .unwrap();
    assert_eq!(ended, 3);
    let mut signed_in = 0;
    for device in &devices {
        signed_in += usize::from(device.get("/me").await.status == 200);
    }
    assert_eq!(signed_in, 1);
}
