//! Renewal of the token by its age, and the tries to hand it over (OWASP Session Management Cheat Sheet,
//! SM20; ASVS 7.2.4).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use poem::http::{Method, StatusCode};
use poem::web::Path;
use poem::{EndpointExt, Error, Result, Route, get, handler, post};
use session_ledger::ledger::Finding;
use session_ledger::session::{Assurance, EndReason, Policy};
use session_ledger::web::{Incident, Session, Sessions, SignedIn, Tx};
use session_ledger::{Key, Ledger};
use test_support::{Answer, App, Database, Visitor, Wire, app, key_ring};

const NAME: &str = "__Host-session";
const COUNT: Key<u32> = Key::new("count");
const TIMEOUT: u64 = 3_600;

/// Longer than the policy's `renewal_grace`.
const PAST_GRACE: u64 = 31;

#[handler]
fn login(session: Session) -> Result<()> {
    Ok(session.login("alice")?)
}

#[handler]
fn me(session: SignedIn) -> String {
    session.user().to_string()
}

#[handler]
fn add(session: Session) -> Result<()> {
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

#[handler]
fn renew(session: Session) -> Result<()> {
    Ok(session.renew()?)
}

#[handler]
fn own(session: Session, Path(seconds): Path<u32>) -> Result<String> {
    let granted = session.set_renewal_timeout((seconds > 0).then_some(seconds));
    Ok(granted.map_or_else(|error| error.to_string(), |()| "granted".to_owned()))
}

#[handler]
async fn read_in_transaction(_tx: Tx, session: Session) -> String {
    format!("{}", session.user().is_some())
}

#[handler]
fn reauthenticate(session: SignedIn, Path(status): Path<u16>) -> Result<()> {
    session.reauthenticate(&["pwd"], Assurance::Aal1)?;
    if status == 200 { Ok(()) } else { Err(Error::from_status(StatusCode::from_u16(status).unwrap())) }
}

#[handler]
fn login_then(session: Session, Path(status): Path<u16>) -> Result<()> {
    session.login("alice")?;
    Err(Error::from_status(StatusCode::from_u16(status).unwrap()))
}

#[handler]
fn look_and_fail(session: Session) -> Result<()> {
    session.user();
    Err(Error::from_status(StatusCode::INTERNAL_SERVER_ERROR))
}

struct Scene {
    visitor: Visitor,
    /// The same application in another process.
    elsewhere: App,
    ledger: Ledger,
    database: Database,
    incidents: Arc<Mutex<Vec<Incident>>>,
}

fn policy() -> Policy {
    Policy::default().renewal_timeout(TIMEOUT as u32)
}

/// A user who has signed in.
async fn scene(policy: Policy) -> Scene {
    let database = Database::fresh().await;
    let ledger = database.ledger(policy).await;
    let incidents = Arc::new(Mutex::new(Vec::new()));
    let site = || site(&ledger, &incidents);
    let visitor = Visitor::new(&site());
    assert_eq!(visitor.post("/login", "").await.status, 200);
    let elsewhere = site();
    Scene { visitor, elsewhere, ledger, database, incidents }
}

fn site(ledger: &Ledger, incidents: &Arc<Mutex<Vec<Incident>>>) -> App {
    let told = Arc::clone(incidents);
    let hook = move |incident: &Incident| told.lock().unwrap().push(incident.clone());
    let sessions = Sessions::builder(ledger.clone(), key_ring()).on_incident(hook).build().unwrap();
    let route = Route::new()
        .at("/login", post(login))
        .at("/me", get(me))
        .at("/add", get(add))
        .at("/renew", get(renew))
        .at("/own/:seconds", get(own))
        .at("/tx", get(read_in_transaction))
        .at("/reauthenticate/:status", get(reauthenticate))
        .at("/login-then/:status", get(login_then))
        .at("/fail", get(look_and_fail));
    app(route.with(sessions))
}

impl Scene {
    async fn pass(&self, seconds: u64) {
        self.database.set_clock_ahead(Duration::from_secs(seconds)).await;
    }

    async fn kinds(&self) -> Vec<String> {
        let session = self.ledger.sessions(&"alice".into()).await.unwrap()[0].id;
        let history = self.ledger.history(session).await.unwrap();
        history.iter().map(|recorded| recorded.entry.encoded.kind().to_owned()).collect()
    }

    async fn ended(&self) -> Option<EndReason> {
        let sessions = self.ledger.sessions(&"alice".into()).await.unwrap();
        sessions[0].ended.clone().map(|(reason, _)| reason)
    }

    /// A request whose answer never reaches the browser.
    async fn lose(&self, path: &str) -> Answer {
        self.visitor.call(self.visitor.request(Method::GET, path, "")).await
    }
}

fn cookies(answer: &Answer) -> usize {
    answer.set_cookies().len()
}

#[tokio::test]
async fn a_token_is_renewed_by_the_first_request_after_its_time() {
    let scene = scene(policy()).await;
    scene.pass(TIMEOUT - 600).await;
    assert_eq!(cookies(&scene.visitor.get("/me").await), 0);
    let mut held = scene.visitor.cookie(NAME);
    for round in 1..=4 {
        scene.pass(round * (TIMEOUT + 60)).await;
        let answer = scene.visitor.get("/me").await;
        assert_eq!((answer.body.as_str(), cookies(&answer)), ("alice", 1), "round {round}");
        assert_ne!(scene.visitor.cookie(NAME), held, "round {round}");
        held = scene.visitor.cookie(NAME);
        assert_eq!(cookies(&scene.visitor.get("/me").await), 0, "round {round}");
    }
    let renewals = ["renewal_offered", "renewed"].repeat(4);
    assert_eq!(scene.kinds().await[2..], renewals);
    let differences = scene.ledger.verify(|_| {}).await.unwrap().differences;
    // The test has moved the clock.
    let of_clock = |found: &Finding| matches!(found, Finding::OutOfPlace { .. } | Finding::SeenAhead { .. });
    assert!(differences.iter().all(|one| of_clock(&one.finding)), "{differences:?}");
}

#[tokio::test]
async fn without_a_renewal_timeout_no_token_is_renewed_by_itself() {
    let scene = scene(Policy::default()).await;
    for day in 1..=9 {
        scene.pass(day * 24 * 3_600).await;
        assert_eq!(cookies(&scene.visitor.get("/me").await), 0, "day {day}");
    }
    assert_eq!(scene.kinds().await, ["started", "logged_in"]);
}

#[tokio::test]
async fn a_session_may_have_a_renewal_timeout_of_its_own() {
    let scene = scene(policy()).await;
    assert_eq!(
        scene.visitor.get("/own/30").await.body,
        "setting `renewal_timeout` must be longer than `renewal_grace`, or superseded tokens would pile up"
    );
    assert_eq!(scene.visitor.get("/own/120").await.body, "granted");
    assert_eq!(scene.visitor.get("/own/120").await.body, "granted");
    assert_eq!(scene.kinds().await[2..], ["settings_changed"], "once");
    scene.pass(121).await;
    assert_eq!(cookies(&scene.visitor.get("/me").await), 1);
    scene.visitor.get("/me").await;
    scene.visitor.get("/own/0").await;
    scene.pass(TIMEOUT).await;
    assert_eq!(cookies(&scene.visitor.get("/me").await), 0, "the policy's holds again");
    scene.pass(121 + TIMEOUT).await;
    assert_eq!(cookies(&scene.visitor.get("/me").await), 1);
}

/// A request that writes anyhow takes the offer along; one that has a transaction offers after its commit.
#[tokio::test]
async fn a_renewal_goes_along_with_whatever_the_request_does() {
    let scene = scene(policy()).await;
    scene.pass(TIMEOUT).await;
    assert_eq!(cookies(&scene.visitor.get("/add").await), 1);
    let kinds = scene.kinds().await;
    assert_eq!(kinds[2..], ["value_set", "renewal_offered"]);
    let transactions = "(select distinct transaction_id from session_ledger.event where version > 2) as t";
    assert_eq!(scene.database.count(transactions).await, 1, "in the same commit");
    scene.visitor.get("/me").await;
    scene.pass(2 * TIMEOUT + 60).await;
    let answer = scene.visitor.get("/tx").await;
    assert_eq!((answer.body.as_str(), cookies(&answer)), ("true", 1));
    assert_eq!(scene.visitor.get("/me").await.body, "alice");
}

#[tokio::test]
async fn a_renewal_that_is_due_takes_one_trip_more_and_none_if_the_request_writes() {
    let database = Database::fresh().await;
    let wire = Wire::to(&database.config());
    // Notes of activity would be trips, too.
    let unnoted = policy().idle_timeout(None).extension_delay(u32::MAX);
    let builder = Ledger::builder(wire.config()).policy(unnoted).connections_max(1);
    let visitor = Visitor::new(&site(&builder.connect().await.unwrap(), &Arc::default()));
    visitor.post("/login", "").await;
    let mut trips = Vec::new();
    // In the first round the connection gets to know the statements.
    for round in 1..=2 {
        trips.clear();
        for (nth, path) in ["/me", "/add", "/tx"].into_iter().enumerate() {
            for is_due in [false, true] {
                let ahead = (round * 3 + nth as u64) * 2 * TIMEOUT + if is_due { TIMEOUT + 60 } else { 0 };
                database.set_clock_ahead(Duration::from_secs(ahead)).await;
                if !is_due {
                    // Takes the renewal of the time before, and shows its token.
                    visitor.get("/me").await;
                    visitor.get("/me").await;
                }
                let before = wire.trips();
                let answer = visitor.get(path).await;
                trips.push((path, wire.trips() - before, cookies(&answer)));
            }
        }
    }
    let told = [("/me", 1, 0), ("/me", 2, 1), ("/add", 2, 0), ("/add", 2, 1), ("/tx", 2, 0), ("/tx", 3, 1)];
    assert_eq!(trips, told);
}

#[tokio::test]
async fn a_request_that_is_rolled_back_renews_nothing() {
    let scene = scene(policy()).await;
    scene.pass(TIMEOUT).await;
    let failed = scene.visitor.get("/fail").await;
    assert_eq!((failed.status.as_u16(), cookies(&failed)), (500, 0));
    assert_eq!(scene.kinds().await, ["started", "logged_in"]);
    assert_eq!(cookies(&scene.visitor.get("/me").await), 1, "the next one does");
}

/// The first answer is lost. The old token is as good as before, and is told of the new one every 20 seconds.
#[tokio::test]
async fn an_offered_token_is_sent_again_every_so_often_until_it_is_shown() {
    let scene = scene(policy().renewal_try_every(20)).await;
    scene.pass(TIMEOUT).await;
    assert_eq!(cookies(&scene.lose("/me").await), 1);
    let mut sent = Vec::new();
    for seconds in [1, 10, 25, 30, 40, 50, 55, 90] {
        scene.pass(TIMEOUT + seconds).await;
        let answer = scene.lose("/me").await;
        assert_eq!(answer.status, 200, "second {seconds}");
        sent.push((seconds, cookies(&answer)));
    }
    assert_eq!(sent, [(1, 0), (10, 0), (25, 1), (30, 0), (40, 0), (50, 1), (55, 0), (90, 1)]);
    assert_eq!(scene.kinds().await[2..], ["renewal_offered"], "one token, sent four times");
    // A handler that asks for a new token is answered at once.
    assert_eq!(cookies(&scene.visitor.get("/renew").await), 1);
    assert_eq!(scene.visitor.get("/me").await.body, "alice");
    assert_eq!(scene.kinds().await[2..], ["renewal_offered", "renewed"]);
    assert_eq!(cookies(&scene.visitor.get("/me").await), 0);
    assert!(scene.incidents.lock().unwrap().is_empty());
}

/// Three tabs ask when the renewal is due, in two processes. Their answers come in any order, and the slowest
/// one with the old token is let in.
#[tokio::test]
async fn three_tabs_renew_once_and_none_is_signed_out() {
    let scene = scene(policy()).await;
    for round in 1..=8 {
        scene.pass(round * (TIMEOUT + 60)).await;
        let slow = scene.visitor.copy();
        let tab = || scene.visitor.call(scene.visitor.request(Method::GET, "/me", ""));
        let there = scene.visitor.of(&scene.elsewhere);
        let (one, two, three) = tokio::join!(tab(), there.call(there.request(Method::GET, "/me", "")), tab());
        let answers = [one, two, three];
        assert!(answers.iter().all(|answer| answer.status == 200), "round {round}: {answers:?}");
        let last =
            answers.iter().flat_map(Answer::set_cookies).last().expect("one at least has the new token");
        let value = last.strip_prefix("__Host-session=").unwrap().split(';').next().unwrap();
        scene.visitor.put_cookie(NAME, value);
        assert_eq!(scene.visitor.get("/me").await.status, 200, "round {round}");
        let late = slow.get("/me").await;
        assert_eq!((late.status.as_u16(), cookies(&late)), (200, 0), "round {round}");
    }
    assert_eq!(scene.kinds().await[2..], ["renewal_offered", "renewed"].repeat(8), "no sibling");
    assert!(scene.incidents.lock().unwrap().is_empty());
}

/// Within the grace each hit with the old token gets the one token that took its place, as long as no browser
/// has shown that; it makes no other.
#[tokio::test]
async fn a_grace_hit_sends_the_present_token_again_and_never_makes_a_sibling() {
    let scene = scene(Policy::default()).await;
    scene.lose("/renew").await;
    let mut lines = Vec::new();
    for _ in 0..5 {
        lines.extend(scene.lose("/me").await.set_cookies().into_iter().map(str::to_owned));
    }
    assert_eq!(lines.len(), 5);
    for line in &lines {
        let browser = scene.visitor.copy();
        browser.put_cookie(NAME, line.strip_prefix("__Host-session=").unwrap().split(';').next().unwrap());
        assert_eq!(browser.get("/me").await.status, 200, "each is the same token");
    }
    assert_eq!(scene.kinds().await[2..], ["renewal_offered", "renewed"]);
    assert_eq!(cookies(&scene.lose("/me").await), 0, "shown: the old token's holder is told nothing more");
    assert_eq!(cookies(&scene.lose("/renew").await), 0, "nor given one of its own");
    assert_eq!(scene.kinds().await[2..], ["renewal_offered", "renewed"]);
}

/// The request that shows an old token fails and is rolled back; the end of the session is not.
#[tokio::test]
async fn a_replay_ends_the_session_though_the_request_that_shows_it_is_rolled_back() {
    let scene = scene(Policy::default()).await;
    let thief = scene.visitor.copy();
    scene.visitor.get("/renew").await;
    scene.visitor.get("/me").await;
    scene.pass(PAST_GRACE).await;
    let failed = thief.get("/fail").await;
    assert_eq!((failed.status.as_u16(), cookies(&failed)), (500, 0));
    assert_eq!(scene.ended().await, Some(EndReason::TokenReplayed));
    assert_eq!(scene.visitor.get("/me").await.status, 401);
    let incidents = scene.incidents.lock().unwrap();
    assert!(matches!(&incidents[..], [Incident::TokenReplayed { .. }]), "once: {incidents:?}");
}

/// ASVS 7.2.4: a proof of identity and the new token are one commit, and the old token is dead with it.
#[tokio::test]
async fn asvs_7_2_4_the_old_token_is_dead_in_the_commit_of_a_proof_of_identity() {
    let scene = scene(Policy::default()).await;
    for path in ["/reauthenticate/200", "/login"] {
        let (before, old) = (scene.kinds().await.len(), scene.visitor.copy());
        let method = if path == "/login" { Method::POST } else { Method::GET };
        assert_eq!(scene.visitor.send(method, path, "").await.status, 200);
        let written = format!("session_ledger.event where version > {before}");
        let transactions = format!("(select distinct transaction_id from {written}) as t");
        assert_eq!(scene.database.count(&written).await, 2, "{path}");
        assert_eq!(scene.database.count(&transactions).await, 1, "{path}");
        assert_eq!(scene.kinds().await.last().unwrap(), "renewed", "{path}");
        let dead = old.get("/me").await;
        assert_eq!((dead.status.as_u16(), dead.body.as_str(), cookies(&dead)), (307, "", 0), "{path}");
        assert_eq!(scene.visitor.get("/me").await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_proof_of_identity_that_is_rolled_back_leaves_the_token_as_it_was() {
    let scene = scene(Policy::default()).await;
    for path in ["/reauthenticate/500", "/login-then/500"] {
        let failed = scene.visitor.get(path).await;
        assert_eq!((failed.status.as_u16(), cookies(&failed)), (500, 0), "{path}");
        assert_eq!(scene.visitor.get("/me").await.status, 200, "{path}");
    }
    assert_eq!(scene.kinds().await, ["started", "logged_in"]);
}
