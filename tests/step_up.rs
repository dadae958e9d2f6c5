//! Step-up, grants and changed factors (ASVS 7.4.3, 7.5.1, 7.5.3, 7.6.1; NIST SP 800-63B-4 N4, N10).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use poem::error::InternalServerError;
use poem::http::{StatusCode, header};
use poem::web::Path;
use poem::{EndpointExt, Response, Result, Route, get, handler, post};
use session_ledger::session::{
    Assurance, EndReason, Event, Login, Policy, SessionId, SessionState, StepUp, UserId,
};
use session_ledger::web::{OtherSessions, Recent, Session, Sessions, SignedIn, StepUpRequired, Tx};
use session_ledger::{Ledger, session};
use test_support::{App, Database, Visitor, app, key_ring};
use time::OffsetDateTime;

const NAME: &str = "__Host-session";

/// A code or a key within the last five minutes.
const TRANSFER: StepUp = StepUp::within(300).by(&["otp", "hwk"]);

const TWO_FACTORS: StepUp = StepUp::within(60).assurance(Assurance::Aal2);

#[handler]
fn login(session: Session, Path(user): Path<String>) -> Result<()> {
    Ok(session.login(user)?)
}

/// A login through an identity provider that had the user prove who they are so many seconds ago.
#[handler]
async fn login_elsewhere(session: Session, Path((user, seconds)): Path<(String, i64)>) -> Result<()> {
    let told = now(&session).await - time::Duration::seconds(seconds);
    Ok(session.login(Login::of(user).by(&["fed"]).auth_time(told))?)
}

/// The database's time, as the session's own events tell it.
async fn now(session: &Session) -> OffsetDateTime {
    session.authenticated_at().or(session.started_at()).unwrap_or_else(OffsetDateTime::now_utc)
}

#[handler]
fn prove(session: SignedIn, Path(method): Path<String>) -> Result<()> {
    let assurance = if method == "pwd" { Assurance::Aal1 } else { Assurance::Aal2 };
    Ok(session.reauthenticate(&[&method], assurance)?)
}

#[handler]
fn settings(session: Recent<300>) -> String {
    session.user().to_string()
}

#[handler]
fn transfer(session: SignedIn) -> Result<&'static str> {
    session.demand(&TRANSFER)?;
    Ok("transferred")
}

#[handler]
fn report(session: SignedIn) -> Result<&'static str> {
    session.demand(&TWO_FACTORS)?;
    Ok("reported")
}

#[handler]
fn grant(session: SignedIn, Path(seconds): Path<u32>) -> Result<()> {
    session.demand(&TRANSFER)?;
    Ok(session.grant("order 7", seconds)?)
}

#[handler]
async fn order(tx: Tx, session: SignedIn, Path(status): Path<u16>) -> Result<Response> {
    session.take_grant("order 7")?;
    tx.execute("insert into purchase (item) values ('7')", &[]).await.map_err(InternalServerError)?;
    let status = StatusCode::from_u16(status).map_err(InternalServerError)?;
    Ok(Response::builder().status(status).finish())
}

#[handler]
fn change(session: SignedIn, Path((factor, others)): Path<(String, String)>) -> Result<()> {
    let others = if others == "end" { OtherSessions::End } else { OtherSessions::Keep };
    Ok(session.factor_changed(&factor, others)?)
}

#[handler]
fn act_as(session: SignedIn, Path(user): Path<String>) -> Result<()> {
    Ok(session.impersonate(user, "Ticket 4711.")?)
}

#[handler]
fn act_as_oneself(session: SignedIn) -> Result<()> {
    Ok(session.end_impersonation()?)
}

struct Scene {
    database: Database,
    ledger: Ledger,
    app: App,
}

impl Scene {
    async fn new() -> Self {
        let database = Database::fresh().await;
        database.connect().await.batch_execute("create table purchase (item text)").await.unwrap();
        let ledger = database.ledger(Policy::default()).await;
        let route = Route::new()
            .at("/login/:user", post(login))
            .at("/login-elsewhere/:user/:seconds", post(login_elsewhere))
            .at("/prove/:method", post(prove))
            .at("/settings", get(settings))
            .at("/transfer", post(transfer))
            .at("/report", get(report))
            .at("/grant/:seconds", post(grant))
            .at("/order/:status", post(order))
            .at("/change/:factor/:others", post(change))
            .at("/as/:user", post(act_as))
            .at("/oneself", post(act_as_oneself));
        let app = app(route.with(Sessions::new(ledger.clone(), key_ring())));
        Self { database, ledger, app }
    }

    async fn signed_in(&self) -> Visitor {
        let visitor = Visitor::new(&self.app);
        visitor.post("/login/alice", "").await;
        visitor
    }

    async fn ahead(&self, seconds: u64) {
        self.database.set_clock_ahead(Duration::from_secs(seconds)).await;
    }

    async fn sessions(&self) -> Vec<session_ledger::ledger::SessionSummary> {
        self.ledger.sessions(&UserId::from("alice")).await.unwrap()
    }

    async fn kinds(&self, session: SessionId) -> Vec<String> {
        let history = self.ledger.history(session).await.unwrap();
        history.iter().map(|recorded| recorded.entry.encoded.kind().to_owned()).collect()
    }

    async fn purchases(&self) -> i64 {
        self.database.count("purchase").await
    }
}

#[tokio::test]
async fn asvs_7_5_1_an_old_login_must_be_proved_anew_and_the_token_is_replaced() {
    let scene = Scene::new().await;
    assert_eq!(Visitor::new(&scene.app).get("/settings").await.status, 401, "nobody is signed in");
    let alice = scene.signed_in().await;
    scene.ahead(299).await;
    assert_eq!(alice.get("/settings").await.body, "alice");
    scene.ahead(302).await;
    let refused = alice.get("/settings").await;
    assert_eq!((refused.status.as_u16(), refused.body.as_str()), (401, "Please prove again who you are."));
    let challenge = r#"Session error="insufficient_user_authentication", max_age="300""#;
    assert_eq!(refused.headers[header::WWW_AUTHENTICATE], challenge);
    let before = alice.cookie(NAME).unwrap();
    assert_eq!(alice.post("/prove/pwd", "").await.status, 200);
    assert_ne!(alice.cookie(NAME).unwrap(), before, "ASVS 7.2.4");
    assert_eq!(alice.get("/settings").await.status, 200);
}

#[tokio::test]
async fn each_method_has_its_own_time() {
    let scene = Scene::new().await;
    let alice = scene.signed_in().await;
    assert_eq!(alice.post("/transfer", "").await.status, 401, "a password is no code");
    alice.post("/prove/otp", "").await;
    assert_eq!(alice.post("/transfer", "").await.status, 200);
    scene.ahead(200).await;
    alice.post("/prove/pwd", "").await;
    assert_eq!(alice.post("/transfer", "").await.status, 200, "the code is 200 s old");
    scene.ahead(302).await;
    assert_eq!(alice.get("/settings").await.status, 200, "the password is 102 s old");
    assert_eq!(alice.post("/transfer", "").await.status, 401, "a password makes no old code recent");
    alice.post("/prove/hwk", "").await;
    assert_eq!(alice.post("/transfer", "").await.status, 200, "a key will do as well");
}

#[tokio::test]
async fn nist_n4_a_session_has_no_higher_assurance_than_its_latest_proof() {
    let scene = Scene::new().await;
    let alice = scene.signed_in().await;
    let refused = alice.get("/report").await;
    let challenge = r#"Session error="insufficient_user_authentication", acr_values="aal2", max_age="60""#;
    assert_eq!(refused.headers[header::WWW_AUTHENTICATE], challenge);
    alice.post("/prove/otp", "").await;
    assert_eq!(alice.get("/report").await.status, 200);
    alice.post("/prove/pwd", "").await;
    assert_eq!(alice.get("/report").await.status, 401);
    alice.post("/prove/hwk", "").await;
    scene.ahead(62).await;
    assert_eq!(alice.get("/report").await.status, 401, "the proof of two factors is old");
}

#[tokio::test]
async fn asvs_7_6_1_the_time_that_an_identity_provider_tells_is_the_proof_s() {
    let scene = Scene::new().await;
    let alice = scene.signed_in().await;
    alice.post("/login-elsewhere/alice/301", "").await;
    assert_eq!(alice.get("/settings").await.status, 401, "the provider's session is too old");
    alice.post("/login-elsewhere/alice/100", "").await;
    assert_eq!(alice.get("/settings").await.status, 200);
    scene.ahead(202).await;
    assert_eq!(alice.get("/settings").await.status, 401, "100 s and 202 s ago");
    // A provider whose clock is ahead proves nothing for later.
    alice.post("/login-elsewhere/alice/-250", "").await;
    assert_eq!(alice.get("/settings").await.status, 200);
    scene.ahead(202 + 302).await;
    assert_eq!(alice.get("/settings").await.status, 401);
}

#[tokio::test]
async fn a_step_up_that_is_required_can_be_made_a_redirect() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let to_proof = |error: StepUpRequired| async move {
        let ages = error.demanded.max_age.unwrap();
        Response::builder()
            .status(StatusCode::SEE_OTHER)
            .header("location", format!("/prove?within={ages}"))
            .finish()
    };
    let route = Route::new().at("/login/:user", post(login)).at("/transfer", post(transfer));
    let app = app(route.catch_error(to_proof).with(Sessions::new(ledger, key_ring())));
    let alice = Visitor::new(&app);
    alice.post("/login/alice", "").await;
    let answer = alice.post("/transfer", "").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["location"]),
        (303, &"/prove?within=300".parse().unwrap())
    );
}

#[tokio::test]
async fn asvs_7_5_3_a_grant_is_taken_once_with_what_it_is_for() {
    let scene = Scene::new().await;
    let alice = scene.signed_in().await;
    assert_eq!(alice.post("/grant/60", "").await.status, 401, "it needs a step-up");
    let refused = alice.post("/order/200", "").await;
    assert_eq!(
        (refused.status.as_u16(), refused.body.as_str()),
        (403, "Please confirm once more that you want this.")
    );
    alice.post("/prove/otp", "").await;
    assert_eq!(alice.post("/grant/60", "").await.status, 200);
    assert_eq!(alice.post("/order/500", "").await.status, 500);
    assert_eq!(scene.purchases().await, 0, "it was rolled back, and the grant with it");
    assert_eq!(alice.post("/order/200", "").await.status, 200);
    assert_eq!(alice.post("/order/200", "").await.status, 403, "it was taken");
    assert_eq!(scene.purchases().await, 1);
    let kinds = scene.kinds(scene.sessions().await[0].id).await;
    assert_eq!(kinds[kinds.len() - 2..], ["grant_given", "grant_taken"]);
}

#[tokio::test]
async fn asvs_7_5_3_of_many_tabs_that_take_one_grant_one_does() {
    let scene = Scene::new().await;
    let alice = scene.signed_in().await;
    alice.post("/prove/otp", "").await;
    alice.post("/grant/60", "").await;
    let tabs: Vec<_> = (0..8).map(|_| alice.copy()).collect();
    let orders = tabs.iter().map(|tab| tab.post("/order/200", ""));
    let answers = futures_util::future::join_all(orders).await;
    let of = |status: u16| answers.iter().filter(|answer| answer.status.as_u16() == status).count();
    assert_eq!((of(200), of(403)), (1, 7), "{answers:?}");
    assert_eq!(scene.purchases().await, 1);
}

#[tokio::test]
async fn a_grant_is_void_after_its_time_and_for_whoever_acts_as_another() {
    let scene = Scene::new().await;
    let alice = scene.signed_in().await;
    alice.post("/prove/otp", "").await;
    assert_eq!(alice.post("/grant/3601", "").await.status, 500, "too long a life is a mistake of the code");
    assert_eq!(alice.post("/grant/0", "").await.status, 500);
    alice.post("/grant/60", "").await;
    alice.post("/as/bob", "").await;
    assert_eq!(alice.post("/order/200", "").await.status, 403, "it was given to alice as herself");
    alice.post("/oneself", "").await;
    assert_eq!(alice.post("/order/200", "").await.status, 403, "it is void for good");
    alice.post("/grant/60", "").await;
    scene.ahead(59).await;
    assert_eq!(alice.post("/order/200", "").await.status, 200);
    alice.post("/grant/60", "").await;
    scene.ahead(59 + 61).await;
    assert_eq!(alice.post("/order/200", "").await.status, 403);
}

#[tokio::test]
async fn asvs_7_4_3_a_changed_factor_ends_the_other_sessions_in_the_same_commit() {
    let scene = Scene::new().await;
    let (alice, phone, bob) = (scene.signed_in().await, scene.signed_in().await, Visitor::new(&scene.app));
    bob.post("/login/bob", "").await;
    let (before, thief) = (alice.cookie(NAME).unwrap(), alice.copy());
    assert_eq!(alice.post("/change/pwd/end", "").await.status, 200);
    assert_ne!(alice.cookie(NAME).unwrap(), before);
    assert_eq!(alice.get("/settings").await.status, 200);
    assert_eq!(phone.get("/settings").await.status, 401);
    assert_eq!(bob.get("/settings").await.status, 200);
    assert_eq!(thief.get("/settings").await.status, 307, "the token of before opens nothing");
    let sessions = scene.sessions().await;
    let own = sessions.iter().find(|one| one.ended.is_none()).unwrap().id;
    let other = sessions.iter().find(|one| one.ended.is_some()).unwrap();
    assert_eq!((sessions.len(), &other.ended.as_ref().unwrap().0), (2, &EndReason::CredentialChanged));
    let history = scene.ledger.history(other.id).await.unwrap();
    let Ok(Event::Ended(end)) = history.last().unwrap().entry.event() else { panic!("no end") };
    assert_eq!(end.by, Some(own));
    let kinds = scene.kinds(own).await;
    assert_eq!(kinds[kinds.len() - 2..], ["factor_changed", "renewed"]);
    assert!(scene.ledger.verify(|_| {}).await.unwrap().is_equal());
}

#[tokio::test]
async fn asvs_7_4_3_a_changed_factor_can_leave_the_other_sessions_alone() {
    let scene = Scene::new().await;
    let (alice, phone) = (scene.signed_in().await, scene.signed_in().await);
    let before = alice.cookie(NAME).unwrap();
    assert_eq!(alice.post("/change/pwd/keep", "").await.status, 200);
    assert_ne!(alice.cookie(NAME).unwrap(), before);
    assert_eq!(phone.get("/settings").await.status, 200);
}

#[tokio::test]
async fn a_factor_that_is_taken_away_proves_nothing_any_more() {
    let scene = Scene::new().await;
    let alice = scene.signed_in().await;
    alice.post("/prove/hwk", "").await;
    assert_eq!(alice.post("/transfer", "").await.status, 200);
    alice.post("/change/hwk/keep", "").await;
    assert_eq!(alice.post("/transfer", "").await.status, 401);
}

#[tokio::test]
async fn each_event_of_an_impersonation_names_both_and_the_first_says_why() {
    let scene = Scene::new().await;
    let alice = scene.signed_in().await;
    alice.post("/as/bob", "").await;
    alice.post("/prove/otp", "").await;
    alice.post("/grant/60", "").await;
    alice.post("/order/200", "").await;
    alice.post("/change/pwd/end", "").await;
    let session = scene.sessions().await[0].id;
    scene.ledger.end(session, EndReason::Revoked).await.unwrap();
    let history = scene.ledger.history(session).await.unwrap();
    let began = history.iter().position(|one| one.entry.encoded.kind() == "impersonation_started").unwrap();
    let Ok(Event::ImpersonationStarted(fact)) = history[began].entry.event() else { panic!("no start") };
    assert_eq!(fact.reason, "Ticket 4711.");
    assert!(history.len() > began + 7, "{}", history.len());
    for one in &history[began..] {
        let entry = &one.entry;
        let named = (entry.user.as_ref().unwrap().as_str(), entry.actor.as_ref().unwrap().as_str());
        assert_eq!(named, ("bob", "alice"), "{}", entry.encoded.kind());
    }
}

#[test]
fn a_proof_from_a_time_far_ahead_is_none() {
    let then = OffsetDateTime::UNIX_EPOCH;
    let mut state = SessionState::default();
    let logged_in = session::LoggedIn::new("alice".into(), vec!["pwd".into()], Assurance::Aal1);
    state.apply(&Event::LoggedIn(logged_in), then);
    let demanded = StepUp::within(60);
    let ago = |seconds| then - time::Duration::seconds(seconds);
    assert!(state.meets(&demanded, ago(60)), "clocks of two servers may differ");
    assert!(!state.meets(&demanded, ago(61)), "a clock that was set back makes nothing recent");
}
