//! What follows when somebody signed in uses a session from another browser or network (ASVS 8.2.4, SM24,
//! SM25).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};

use poem::error::InternalServerError;
use poem::http::StatusCode;
use poem::{EndpointExt, Result, Route, get, handler, post};
use session_ledger::Ledger;
use session_ledger::ledger::RebuildOptions;
use session_ledger::session::{Assurance, EndReason, Event, Policy, Reaction};
use session_ledger::web::{Incident, Session, Sessions, SignedIn, Tx};
use test_support::{Database, Visitor, app};

const HOME: &str = "192.0.2.1";
const CAFE: &str = "198.51.100.7";

#[handler]
fn login(session: Session) -> Result<()> {
    Ok(session.login("alice")?)
}

#[handler]
fn me(session: SignedIn) -> String {
    session.user().to_string()
}

/// What a page for everybody sees: who is here, and whether a proof is asked for.
#[handler]
fn show(session: Session) -> String {
    let user = session.user().map_or("-".to_owned(), |user| user.to_string());
    let why = session.why_ended().map_or("-".to_owned(), |reason| reason.to_string());
    format!("{user} {} {why}", session.needs_step_up())
}

#[handler]
fn write(session: Session) -> Result<()> {
    Ok(session.note_text("written", "")?)
}

#[handler]
fn fail(session: Session) -> Result<()> {
    session.note_text("never written", "")?;
    Err(StatusCode::INTERNAL_SERVER_ERROR.into())
}

#[handler]
async fn transact(tx: Tx, session: SignedIn) -> Result<String> {
    tx.query_one("select 1", &[]).await.map_err(InternalServerError)?;
    Ok(session.user().to_string())
}

#[handler]
fn prove(session: Session) -> Result<()> {
    Ok(session.reauthenticate(&["pwd"], Assurance::Aal1)?)
}

struct Scene {
    database: Database,
    ledger: Ledger,
    /// Alice at home, signed in.
    alice: Visitor,
    incidents: Arc<Mutex<Vec<(String, Reaction)>>>,
}

impl Scene {
    async fn set(policy: Policy) -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(policy).await;
        let incidents = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&incidents);
        let sessions = Sessions::builder(ledger.clone(), test_support::key_ring())
            .on_incident(move |incident| {
                if let Incident::ClientChanged { client, reaction, .. } = incident {
                    heard.lock().unwrap().push((client.ip.unwrap().to_string(), *reaction));
                }
            })
            .build()
            .unwrap();
        let routes = Route::new()
            .at("/login", post(login))
            .at("/me", get(me))
            .at("/show", get(show))
            .at("/write", post(write))
            .at("/fail", get(fail))
            .at("/transact", post(transact))
            .at("/prove", post(prove));
        let alice = Visitor::new(&app(routes.with(sessions)));
        alice.post("/login", "").await;
        Self { database, ledger, alice, incidents }
    }

    /// Alice with the same cookie at this address.
    fn at(&self, ip: &str) -> Visitor {
        self.alice.clone().at(ip.parse().unwrap())
    }

    /// The kinds of the one session's events after the login.
    async fn events(&self) -> Vec<String> {
        let client = self.database.connect().await;
        let kinds = "select kind from session_ledger.event where version > 2 order by position";
        client.query(kinds, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    fn incidents(&self) -> Vec<(String, Reaction)> {
        self.incidents.lock().unwrap().clone()
    }

    /// The projection follows from the log.
    async fn assert_equal(&self) {
        let verification = self.ledger.verify(|_| {}).await.unwrap();
        assert!(verification.is_equal(), "{:?}", verification.differences);
        self.ledger.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.unwrap();
    }
}

fn noting() -> Policy {
    Policy::default().changed_agent(Reaction::Note).changed_network(Reaction::Note)
}

fn network(reaction: Reaction) -> Policy {
    Policy::default().changed_network(reaction)
}

#[tokio::test]
async fn by_default_a_phone_goes_where_it_likes() {
    let scene = Scene::set(Policy::default()).await;
    for ip in [CAFE, "2001:db8::1", HOME] {
        let phone = scene.at(ip).named("Another/2.0");
        assert_eq!(phone.get("/me").await.body, "alice");
        phone.post("/write", "").await;
    }
    assert_eq!(scene.events().await, ["noted", "noted", "noted"]);
    assert_eq!(scene.incidents(), []);
}

#[tokio::test]
async fn asvs_8_2_4_a_new_client_is_noted_once_and_not_once_a_request() {
    let scene = Scene::set(noting()).await;
    let cafe = scene.at(CAFE);
    for _ in 0..3 {
        assert_eq!(cafe.get("/me").await.body, "alice");
    }
    assert_eq!(scene.at(HOME).get("/me").await.body, "alice", "home is known");
    assert_eq!(scene.at("198.51.100.200").get("/me").await.body, "alice", "the same network");
    assert_eq!(scene.events().await, ["client_changed"]);
    assert_eq!(scene.incidents(), [(CAFE.to_owned(), Reaction::Note)]);

    let id = scene.ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    let history = scene.ledger.history(id).await.unwrap();
    let changed = &history[2];
    assert_eq!(changed.entry.client.as_ref().unwrap().ip, Some(CAFE.parse().unwrap()));
    let Event::ClientChanged(fact) = changed.entry.event().unwrap() else { panic!("{changed:?}") };
    assert_eq!((fact.agent, fact.network, fact.step_up), (false, true, false));
    scene.assert_equal().await;
    scene.at(CAFE).get("/me").await;
    assert_eq!(scene.events().await, ["client_changed"], "a rebuilt row knows it too");
}

#[tokio::test]
async fn a_change_is_written_with_what_its_request_writes_and_without_what_is_rolled_back() {
    let scene = Scene::set(noting()).await;
    assert_eq!(scene.at(CAFE).post("/write", "").await.status, 200);
    assert_eq!(scene.events().await, ["client_changed", "noted"]);
    assert_eq!(scene.at("203.0.113.1").get("/fail").await.status, 500);
    assert_eq!(scene.at("203.0.113.1").get("/fail").await.status, 500);
    assert_eq!(scene.events().await, ["client_changed", "noted", "client_changed"]);
    assert_eq!(scene.at("2001:db8::1").post("/transact", "").await.body, "alice");
    assert_eq!(scene.events().await[3..], ["client_changed"]);
    assert_eq!(scene.incidents().len(), 3);
    scene.assert_equal().await;
}

#[tokio::test]
async fn of_many_requests_at_once_one_notes_the_change() {
    let scene = Scene::set(noting()).await;
    let cafe = scene.at(CAFE);
    let answers = futures_util::future::join_all((0..8).map(|_| cafe.get("/me"))).await;
    assert!(answers.iter().all(|answer| answer.body == "alice"));
    assert_eq!(scene.events().await, ["client_changed"]);
    assert_eq!(scene.incidents().len(), 1);
}

#[tokio::test]
async fn sm25_a_step_up_refuses_a_signed_in_user_until_they_prove_who_they_are() {
    let scene = Scene::set(network(Reaction::StepUp)).await;
    let (home, cafe) = (scene.at(HOME), scene.at(CAFE));
    let refused = cafe.get("/me").await;
    assert_eq!(refused.status, 401, "the request that comes with the change is refused already");
    assert_eq!(refused.body, "Please prove again who you are.");
    assert_eq!(cafe.get("/show").await.body, "alice true -", "the session stays");
    assert_eq!(cafe.post("/transact", "").await.status, 401);
    assert_eq!(home.get("/me").await.status, 401, "who is the thief is not known");
    assert_eq!(scene.events().await, ["client_changed"]);

    cafe.post("/prove", "").await;
    assert_eq!(cafe.get("/me").await.body, "alice");
    assert_eq!(scene.events().await, ["client_changed", "reauthenticated", "renewed"]);
    assert_eq!(scene.incidents(), [(CAFE.to_owned(), Reaction::StepUp)]);
    scene.assert_equal().await;
    assert_eq!(home.get("/me").await.status, 401, "home is the new one now");
}

#[tokio::test]
async fn a_proof_in_the_very_request_of_the_change_is_enough() {
    let scene = Scene::set(network(Reaction::StepUp)).await;
    let cafe = scene.at(CAFE);
    assert_eq!(cafe.post("/prove", "").await.status, 200);
    assert_eq!(scene.events().await, ["client_changed", "reauthenticated", "renewed"]);
    assert_eq!(cafe.get("/me").await.body, "alice");
}

#[tokio::test]
async fn sm25_where_the_policy_ends_the_session_its_cookie_opens_nothing() {
    let scene = Scene::set(network(Reaction::End)).await;
    let thief = scene.alice.copy().at(CAFE.parse().unwrap());
    assert_eq!(thief.get("/show").await.body, "- false client_changed");
    assert_eq!(scene.at(HOME).get("/me").await.status, 401);
    assert_eq!(scene.events().await, ["ended"]);
    assert_eq!(scene.incidents(), [(CAFE.to_owned(), Reaction::End)]);
    let summary = &scene.ledger.sessions(&"alice".into()).await.unwrap()[0];
    assert_eq!(summary.ended.as_ref().unwrap().0, EndReason::ClientChanged);
    assert_eq!(summary.client_ip, Some(HOME.parse().unwrap()), "the end is no visit");
    scene.assert_equal().await;
}

#[tokio::test]
async fn a_visitor_who_is_nobody_may_change_everything() {
    let scene = Scene::set(network(Reaction::End)).await;
    let visitor = Visitor::new(&app(Route::new()
        .at("/write", post(write))
        .with(Sessions::new(scene.ledger.clone(), test_support::key_ring()))));
    visitor.post("/write", "").await;
    visitor.clone().at(CAFE.parse().unwrap()).post("/write", "").await;
    assert_eq!(scene.database.count("session_ledger.ended_session").await, 0);
}

#[test]
fn a_prefix_that_no_address_has_is_refused() {
    let refused = |v4, v6| Policy::default().network_prefixes(v4, v6).validate().unwrap_err().to_string();
    assert_eq!(refused(0, 48), "setting `network_prefix_v4` must be between 1 and 32 bits");
    assert_eq!(refused(33, 48), "setting `network_prefix_v4` must be between 1 and 32 bits");
    assert_eq!(refused(24, 0), "setting `network_prefix_v6` must be between 1 and 128 bits");
    assert_eq!(refused(24, 129), "setting `network_prefix_v6` must be between 1 and 128 bits");
}

#[test]
fn reactions_are_read_from_a_file() {
    let json = r#"{ "changed_agent": "note", "changed_network": "step_up", "network_prefix_v6": 56 }"#;
    let policy: Policy = serde_json::from_str(json).unwrap();
    let expected = Policy::default().changed_agent(Reaction::Note).changed_network(Reaction::StepUp);
    assert_eq!(policy, expected.network_prefixes(24, 56));
    let error = serde_json::from_str::<Policy>(r#"{ "changed_agent": "panic" }"#).unwrap_err().to_string();
    assert!(
        error.starts_with("unknown variant `panic`, expected one of `off`, `note`, `step_up`, `end`"),
        "{error}"
    );
}
