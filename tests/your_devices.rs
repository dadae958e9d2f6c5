//! The page on which users see their devices and sign them out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use poem::http::StatusCode;
use poem::web::Path;
use poem::{EndpointExt, IntoResponse, Result, Route, handler, post};
use session_ledger::Ledger;
use session_ledger::ledger::End;
use session_ledger::session::{EndReason, Event, Policy, SessionId, StepUp, UserId};
use session_ledger::web::{Csrf, Devices, DevicesPage, Session, Sessions, SignedIn};
use test_support::{App, Database, Visitor, app, key_ring};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

#[handler]
fn login(session: Session, Path(user): Path<String>) -> Result<()> {
    Ok(session.login(user)?)
}

#[handler]
fn act_as(session: Session, Path(user): Path<String>) -> Result<()> {
    Ok(session.impersonate(user, "A ticket.")?)
}

struct Scene {
    database: Database,
    ledger: Ledger,
    app: App,
}

impl Scene {
    async fn set(devices: impl FnOnce(Devices) -> Devices) -> Self {
        Self::behind(devices, Csrf::new()).await
    }

    async fn behind(devices: impl FnOnce(Devices) -> Devices, csrf: Csrf) -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(Policy::default()).await;
        let route = Route::new()
            .at("/login/:user", post(login))
            .at("/as/:user", post(act_as))
            .nest("/my/devices", devices(Devices::of(ledger.clone())));
        let app = app(route.with(csrf).with(Sessions::new(ledger.clone(), key_ring())));
        Self { database, ledger, app }
    }

    async fn signed_in(&self, user: &str, user_agent: &str) -> (Visitor, SessionId) {
        let visitor = Visitor::new(&self.app).named(user_agent);
        assert_eq!(visitor.post(&format!("/login/{user}"), "").await.status, 200);
        let newest = self.ledger.sessions(&UserId::from(user)).await.unwrap();
        let newest = newest.iter().filter(|session| session.ended.is_none()).max_by_key(|session| session.id);
        (visitor, newest.unwrap().id)
    }

    async fn why_ended(&self, user: &str, session: SessionId) -> Option<String> {
        let found = self.ledger.session_of(&UserId::from(user), session).await.unwrap().unwrap();
        found.ended.map(|(reason, _)| reason.to_string())
    }
}

fn short(session: SessionId) -> String {
    let id = session.to_string();
    format!("…{}", &id[id.len() - 6..])
}

#[tokio::test]
async fn asvs_7_5_2_users_see_their_sessions_and_end_one_of_them() {
    let scene = Scene::set(|devices| devices).await;
    let (alice, own) = scene.signed_in("alice", FIREFOX).await;
    let (phone, lost) = scene.signed_in("alice", "<script>alert('&')</script>").await;
    let (bob, of_bob) = scene.signed_in("bob", FIREFOX).await;

    let page = alice.get("/my/devices").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.body.contains("Firefox on Linux") && page.body.contains("This one"), "{}", page.body);
    assert!(page.body.contains(&short(lost)) && !page.body.contains(&short(of_bob)), "{}", page.body);
    assert!(page.body.contains("You logged in as alice with your password."), "{}", page.body);
    assert!(!page.body.contains("<script>") && page.body.contains("&lt;script&gt;"), "{}", page.body);
    assert!(!page.body.contains(&format!("/my/devices/{own}/end")), "no button for this one");

    let answer = alice.post(&format!("/my/devices/{lost}/end"), "").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/my/devices"));
    assert_eq!(scene.why_ended("alice", lost).await.as_deref(), Some("revoked"));
    assert_eq!(phone.get("/my/devices").await.status, 401);
    let page = alice.get("/my/devices").await;
    assert!(
        page.body.contains("is signed out now.") && page.body.contains("Signed out</h2>"),
        "{}",
        page.body
    );
    assert!(page.body.contains("Ended: signed out from another device."), "{}", page.body);
    assert!(!alice.get("/my/devices").await.body.contains("is signed out now."), "it is told once");
    alice.post(&format!("/my/devices/{lost}/end"), "").await;
    assert!(alice.get("/my/devices").await.body.contains("was signed out already."));
    assert_eq!(bob.get("/my/devices").await.status, 200);
}

#[tokio::test]
async fn cwe_639_a_session_of_somebody_else_is_answered_as_one_that_does_not_exist() {
    let scene = Scene::set(|devices| devices).await;
    let (alice, own) = scene.signed_in("alice", FIREFOX).await;
    let (_bob, of_bob) = scene.signed_in("bob", FIREFOX).await;
    let unknown = SessionId::from_bytes([7; 16]).to_string();
    let mut answers = Vec::new();
    for id in [&of_bob.to_string(), &unknown, "x", "%27%20or%201=1"] {
        let answer = alice.post(&format!("/my/devices/{id}/end"), "").await;
        answers.push((answer.status, answer.body));
    }
    assert_eq!(answers[0].0, StatusCode::NOT_FOUND);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(scene.why_ended("bob", of_bob).await, None);
    assert_eq!(scene.why_ended("alice", own).await, None);
}

#[tokio::test]
async fn asvs_7_4_3_all_others_are_ended_and_this_one_stays() {
    let scene = Scene::set(|devices| devices).await;
    let (alice, own) = scene.signed_in("alice", FIREFOX).await;
    for said in ["No other device was signed in.", "One other device is signed out now."] {
        assert_eq!(alice.post("/my/devices/end-others", "").await.status, 303);
        assert!(alice.get("/my/devices").await.body.contains(said));
        scene.signed_in("alice", FIREFOX).await;
    }
    scene.signed_in("alice", FIREFOX).await;
    let (_bob, of_bob) = scene.signed_in("bob", FIREFOX).await;
    alice.post("/my/devices/end-others", "").await;
    assert!(alice.get("/my/devices").await.body.contains("2 other devices are signed out now."));
    assert_eq!(scene.why_ended("alice", own).await, None);
    assert_eq!(scene.why_ended("bob", of_bob).await, None);
}

#[tokio::test]
async fn signing_this_device_out_is_a_logout() {
    let scene = Scene::set(|devices| devices.after_sign_out("/bye")).await;
    let (alice, own) = scene.signed_in("alice", FIREFOX).await;
    let answer = alice.post(&format!("/my/devices/{own}/end"), "").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/bye"));
    assert_eq!(scene.why_ended("alice", own).await.as_deref(), Some("logged_out"));
    assert_eq!(alice.get("/my/devices").await.status, 401);
}

#[tokio::test]
async fn asvs_7_5_2_ending_others_needs_a_proof_of_the_last_minutes_and_seeing_them_none() {
    let scene = Scene::set(|devices| devices).await;
    let (alice, _) = scene.signed_in("alice", FIREFOX).await;
    let (_phone, lost) = scene.signed_in("alice", FIREFOX).await;
    scene.database.set_clock_ahead(Duration::from_secs(901)).await;
    assert_eq!(alice.get("/my/devices").await.status, 200);
    for path in [format!("/my/devices/{lost}/end"), "/my/devices/end-others".to_owned()] {
        let answer = alice.post(&path, "").await;
        assert_eq!(answer.status, 401);
        assert!(answer.header("www-authenticate").contains("insufficient_user_authentication"));
    }
    assert_eq!(scene.why_ended("alice", lost).await, None);
    alice.post("/login/alice", "").await;
    assert_eq!(alice.post(&format!("/my/devices/{lost}/end"), "").await.status, 303);
    assert_eq!(scene.why_ended("alice", lost).await.as_deref(), Some("revoked"));
}

#[tokio::test]
async fn an_application_may_demand_another_proof_or_none() {
    for (demanded, status) in [(None, 303), (Some(StepUp::at_any_age().by(&["hwk"])), 401)] {
        let scene = Scene::set(|devices| devices.demand(demanded)).await;
        let (alice, _) = scene.signed_in("alice", FIREFOX).await;
        scene.database.set_clock_ahead(Duration::from_secs(901)).await;
        assert_eq!(alice.post("/my/devices/end-others", "").await.status.as_u16(), status);
    }
}

#[tokio::test]
async fn a_supporter_who_signs_a_users_device_out_is_named_in_the_history() {
    let scene = Scene::set(|devices| devices).await;
    let (_alice, lost) = scene.signed_in("alice", FIREFOX).await;
    let (carol, _) = scene.signed_in("carol", FIREFOX).await;
    carol.post("/as/alice", "").await;
    assert!(carol.get("/my/devices").await.body.contains(&short(lost)));
    assert_eq!(carol.post(&format!("/my/devices/{lost}/end"), "").await.status, 303);
    let history = scene.ledger.history(lost).await.unwrap();
    let end = &history.last().unwrap().entry;
    assert!(matches!(end.event(), Ok(Event::Ended(_))));
    assert_eq!(end.actor, Some("carol".into()));
}

#[tokio::test]
async fn the_plain_page_has_a_token_in_each_form_where_one_is_asked_for() {
    let csrf = Csrf::builder().ask_token().build().unwrap();
    let scene = Scene::behind(|devices| devices, csrf).await;
    let (alice, _) = scene.signed_in("alice", FIREFOX).await;
    let (_phone, lost) = scene.signed_in("alice", FIREFOX).await;
    let page = alice.get("/my/devices").await.body;
    assert_eq!(page.matches("<form").count(), 2);
    assert_eq!(page.matches("name=\"csrf_token\"").count(), 2);
    let (_, token) = page.split_once("name=\"csrf_token\" value=\"").unwrap();
    let token = token.split('"').next().unwrap();
    let path = format!("/my/devices/{lost}/end");
    assert_eq!(alice.post(&path, "").await.status, 403);
    assert_eq!(alice.post(&path, &format!("csrf_token={token}")).await.status, 303);
}

#[tokio::test]
async fn a_page_of_the_applications_own_gets_all_that_there_is_to_show() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = Arc::clone(&seen);
    let own = move |session: &SignedIn, page: &DevicesPage| {
        let lately = page.activity.iter().map(|one| one.what.clone());
        told.lock().unwrap().extend(lately);
        let said = session.take_flash("notices")?.into_iter().map(|flash| flash.text).collect::<String>();
        let counts = format!("{} {} {} {}", session.user(), page.live.len(), page.ended.len(), page.at);
        Ok(format!("{counts} {said}").into_response())
    };
    let scene = Scene::set(|devices| devices.messages_in("notices").page(own)).await;
    let (alice, _) = scene.signed_in("alice", FIREFOX).await;
    let (_, lost) = scene.signed_in("alice", FIREFOX).await;
    assert_eq!(alice.get("/my/devices").await.body, "alice 2 0 /my/devices ");
    alice.post(&format!("/my/devices/{lost}/end"), "").await;
    seen.lock().unwrap().clear();
    let body = alice.get("/my/devices/").await.body;
    let said = format!("Firefox on Linux ({}) is signed out now.", short(lost));
    assert_eq!(body, format!("alice 1 1 /my/devices {said}"));
    let twice = "You logged in as alice with your password.";
    assert_eq!(*seen.lock().unwrap(), ["Ended: signed out from another device.", twice, twice]);
}

/// Events come session after session; the page shows those of the latest time, whichever session has them.
#[tokio::test]
async fn the_latest_events_are_shown_and_the_live_sessions_whatever_has_ended_since() {
    let scene = Scene::set(|devices| devices).await;
    let (alice, _) = scene.signed_in("alice", FIREFOX).await;
    for _ in 0..25 {
        let (_, session) = scene.signed_in("alice", FIREFOX).await;
        scene.ledger.end(session, End::because(EndReason::Other("moved".to_owned()))).await.unwrap();
    }
    alice.post("/login/alice", "").await;
    let page = alice.get("/my/devices").await.body;
    assert_eq!(page.matches("This one").count(), 1, "{page}");
    let (_, lately) = page.split_once("Lately</h2>").unwrap();
    assert_eq!(lately.matches("<li>").count(), 20);
    let first = lately.split("</li>").next().unwrap();
    assert!(
        first.contains("You logged in as alice"),
        "the login anew, in the session that began first: {first}"
    );
    let (_, ended) = page.split_once("Signed out</h2>").unwrap();
    assert_eq!(ended.split("</ul>").next().unwrap().matches("<li>").count(), 20);
}
