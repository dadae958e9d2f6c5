//! Time limits, by the database's clock.

use std::time::Duration;

use poem::Route;
use session_ledger::Key;
use session_ledger::session::{EndReason, Policy, Timeouts};
use session_ledger::web::{Session, Sessions};
use test_support::{app, key_ring};

use crate::scene::{NAME, Scene, members, page};

const COUNT: Key<u32> = Key::new("count");
const IDLE: u64 = 600;

fn policy() -> Policy {
    Policy::default().idle_timeout(IDLE as u32).absolute_timeout(3_600).extension_delay(60)
}

fn add(session: &Session) -> poem::Result<String> {
    Ok(session.update(&COUNT, |count| *count += 1).map(|()| String::new())?)
}

fn fail(_: &Session) -> poem::Result<String> {
    Err(poem::Error::from_status(poem::http::StatusCode::BAD_GATEWAY))
}

impl Scene {
    async fn at_second(&self, second: u64) {
        self.database.set_clock_ahead(Duration::from_secs(second)).await;
    }
}

/// The idle timeout, and its extension by each change.
#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_a_change_begins_the_time_anew() {
    let scene = Scene::with(policy()).await;
    let visitor = scene.member(Route::new().at("/add", page(add)));
    visitor.post("/login", "").await;
    for second in [IDLE - 5, 2 * (IDLE - 5)] {
        scene.at_second(second).await;
        assert_eq!(visitor.post("/add", "").await.status, 200, "second {second}");
    }
    scene.at_second(3 * IDLE).await;
    assert_eq!(visitor.get("/who").await.body, "-");
    assert_eq!(scene.ended("alice").await, Some(EndReason::IdleTimeout));
}

/// `extension_delay`. There, without it, each read of a new second was a write.
#[tokio::test]
async fn reading_within_the_delay_writes_nothing() {
    let scene = Scene::with(policy()).await;
    let visitor = scene.member(Route::new());
    visitor.post("/login", "").await;
    let before = scene.events().await;
    for second in [1, 30, 55] {
        scene.at_second(second).await;
        assert_eq!(visitor.get("/who").await.body, "alice");
    }
    assert_eq!((scene.events().await, scene.database.count("session_ledger.activity").await), (before, 0));
}

/// The absolute timeout.
#[tokio::test]
async fn a_busy_session_ends_at_its_absolute_limit() {
    let scene = Scene::with(policy()).await;
    let visitor = scene.member(Route::new().at("/add", page(add)));
    visitor.post("/login", "").await;
    for second in (500..3_600).step_by(500) {
        scene.at_second(second).await;
        assert_eq!(visitor.post("/add", "").await.status, 200, "second {second}");
    }
    scene.at_second(3_600).await;
    assert_eq!(visitor.get("/who").await.body, "-");
    assert_eq!(scene.ended("alice").await, Some(EndReason::AbsoluteTimeout));
}

/// Every limit per session at run time. There, only a new session could have its own.
#[tokio::test]
async fn a_session_may_have_limits_of_its_own_also_after_the_login() {
    let scene = Scene::with(policy()).await;
    let own = |session: &Session| {
        session.set_timeouts(Timeouts::default().idle(120).absolute(1_800))?;
        Ok(String::new())
    };
    let visitor = scene.member(Route::new().at("/own", page(own)));
    visitor.post("/login", "").await;
    visitor.get("/who").await;
    assert_eq!(visitor.post("/own", "").await.status, 200);
    scene.at_second(121).await;
    assert_eq!(visitor.get("/who").await.body, "-");
    let id = scene.only("alice").await;
    assert!(scene.kinds(id).await.contains(&"settings_changed".to_owned()));
}

/// There, limits were checked by `assert`.
#[tokio::test]
async fn limits_of_a_session_that_contradict_each_other_change_nothing() {
    let scene = Scene::with(policy()).await;
    let wrong = |session: &Session| {
        let error = session.set_timeouts(Timeouts::default().idle(600).absolute(60)).unwrap_err();
        Ok(error.to_string())
    };
    let visitor = scene.member(Route::new().at("/wrong", page(wrong)));
    visitor.post("/login", "").await;
    let before = scene.events().await;
    let said = visitor.post("/wrong", "").await.body;
    assert!(said.contains("`absolute_timeout` must be longer than `idle_timeout`"), "{said}");
    assert_eq!(scene.events().await, before);
}

/// There, a limit that was switched on made each request of the sessions that were there a 500.
#[tokio::test]
async fn a_limit_that_is_switched_on_holds_for_the_sessions_that_are_there() {
    let without = Policy::default().idle_timeout(None);
    let scene = Scene::with(without).await;
    let visitor = scene.member(Route::new());
    visitor.post("/login", "").await;
    let stricter = Sessions::new(scene.database.ledger(policy()).await, key_ring());
    let pages = members(Route::new()).at("/add", page(add));
    let moved = visitor.of(&app(poem::EndpointExt::with(pages, stricter)));
    assert_eq!(moved.get("/who").await.body, "alice");
    scene.at_second(IDLE + 1).await;
    assert_eq!(moved.get("/who").await.body, "-");
}

/// There, the absolute timeout was an attribute of a class that all factories shared.
#[tokio::test]
async fn two_applications_of_one_process_have_limits_of_their_own() {
    let (short, long) = (Scene::with(policy()).await, Scene::with(policy().absolute_timeout(7_200)).await);
    for (scene, left) in [(&short, "-"), (&long, "alice")] {
        let visitor = scene.member(Route::new().at("/add", page(add)));
        visitor.post("/login", "").await;
        for second in (500..3_600).step_by(500) {
            scene.at_second(second).await;
            visitor.post("/add", "").await;
        }
        scene.at_second(3_600).await;
        assert_eq!(visitor.get("/who").await.body, left);
    }
}

/// There, times were 32-bit seconds, and ended in 2038.
#[tokio::test]
async fn a_session_of_the_year_2050_has_the_same_limits() {
    let scene = Scene::with(policy()).await;
    let years = 24 * 365 * 24 * 3_600;
    scene.at_second(years).await;
    let visitor = scene.member(Route::new());
    visitor.post("/login", "").await;
    scene.at_second(years + IDLE - 60).await;
    assert_eq!(visitor.get("/who").await.body, "alice");
    scene.at_second(years + 3 * IDLE).await;
    assert_eq!(visitor.get("/who").await.body, "-");
}

/// There, the cookie of an expired session stayed until another request, and the row if the view failed.
#[tokio::test]
async fn an_expired_session_ends_with_its_cookie_though_the_request_that_finds_it_fails() {
    let scene = Scene::with(policy()).await;
    let visitor = scene.member(Route::new().at("/fail", page(fail)));
    visitor.post("/login", "").await;
    scene.at_second(2 * IDLE).await;
    assert_eq!(visitor.get("/fail").await.status, 502);
    assert_eq!((scene.live().await, scene.ended("alice").await), (0, Some(EndReason::IdleTimeout)));
    visitor.get("/who").await;
    assert_eq!(visitor.cookie(NAME), None);
}

/// There, the deadline that had passed was not told to anybody.
#[tokio::test]
async fn a_page_can_say_why_the_session_is_over_and_the_log_when_it_was() {
    let scene = Scene::with(policy()).await;
    let why = |session: &Session| Ok(session.why_ended().map_or(String::new(), |why| why.to_string()));
    let visitor = scene.member(Route::new().at("/why", page(why)));
    visitor.post("/login", "").await;
    scene.at_second(2 * IDLE).await;
    assert_eq!(visitor.get("/why").await.body, "idle_timeout");
    let history = scene.ledger.history(scene.only("alice").await).await.unwrap();
    let [.., last, end] = &history[..] else { panic!("{history:?}") };
    assert_eq!((end.entry.occurred_at - last.entry.occurred_at).whole_seconds(), IDLE as i64);
}
