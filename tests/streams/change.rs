//! Writing to a session from outside its requests.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use session_ledger::SessionId;
use session_ledger::ledger::ChangeError;
use session_ledger::session::WishError;
use test_support::{COUNT, TEXT, Visitor};
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::scene::{NEVER, Scene};

#[tokio::test]
async fn a_change_from_a_stream_is_there_for_the_next_request() {
    let scene = Scene::set(NEVER).await;
    let (visitor, id) = scene.alice().await;
    let before = visitor.cookie("__Host-session");
    let told = scene
        .ledger
        .change(id, |session| {
            assert_eq!((session.id(), session.user()), (id, Some(&"alice".into())));
            assert_eq!(session.get(&TEXT)?, None);
            session.set(&COUNT, &41)?;
            session.set(&TEXT, &"from a stream".to_owned())?;
            session.remove(&TEXT)?;
            session.flash("", "news")?;
            session.note_text("stream", "has written")?;
            session.get(&COUNT)
        })
        .await;
    assert_eq!(told.unwrap(), Some(41));
    assert_eq!(visitor.get("/add").await.body, "42");
    assert_eq!(visitor.cookie("__Host-session"), before);
    let history = scene.ledger.history(id).await.unwrap();
    let kinds: Vec<_> = history.iter().map(|recorded| recorded.entry.encoded.kind()).collect();
    assert_eq!(kinds[2..], ["value_set", "flash_added", "noted", "value_set"]);
    let from: Vec<_> = history.iter().map(|recorded| recorded.client.as_ref().unwrap().ip).collect();
    assert!(from.iter().all(|ip| *ip == Some("192.0.2.1".parse().unwrap())), "{from:?}");
    assert!(scene.ledger.verify(|_| {}).await.unwrap().is_equal());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_loses_a_race_runs_again() {
    let scene = Scene::set(NEVER).await;
    let (visitor, id) = scene.alice().await;
    let runs = AtomicU32::new(0);
    let change = scene.ledger.change(id, |session| {
        if runs.fetch_add(1, Ordering::SeqCst) == 0 {
            let request = visitor.get("/add");
            let answer = tokio::task::block_in_place(|| Handle::current().block_on(request));
            assert_eq!(answer.body, "1");
        }
        session.update(&COUNT, |count| {
            *count += 1;
            *count
        })
    });
    assert_eq!(change.await.unwrap(), 2, "both changes survive");
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    assert_eq!(visitor.get("/add").await.body, "3");
}

#[tokio::test]
async fn a_session_that_is_over_is_not_changed() {
    let scene = Scene::set(NEVER).await;
    let (visitor, id) = scene.alice().await;
    visitor.get("/logout").await;
    let events = scene.events().await;
    let refused = scene.ledger.change(id, |session| session.set(&COUNT, &99)).await.unwrap_err();
    assert!(matches!(refused, ChangeError::Ended { .. }), "{refused:?}");
    let words = format!(
        "session {id} is over (logged_out), so that nothing was changed: close what goes on in its name"
    );
    assert_eq!(refused.to_string(), words);
    assert_eq!(scene.events().await, events);
    let unknown = SessionId::from(Uuid::from_u128(7));
    let refused = scene.ledger.change(unknown, |session| session.set(&COUNT, &99)).await.unwrap_err();
    let words =
        format!("session {unknown} is over, so that nothing was changed: close what goes on in its name");
    assert_eq!(refused.to_string(), words);
}

#[tokio::test]
async fn a_session_whose_time_is_over_ends_and_is_not_changed() {
    let scene = Scene::set(NEVER).await;
    let (visitor, id) = scene.alice().await;
    visitor.get("/short/60").await;
    scene.database.set_clock_ahead(Duration::from_secs(59)).await;
    scene.ledger.change(id, |session| session.set(&COUNT, &1)).await.unwrap();
    scene.database.set_clock_ahead(Duration::from_secs(118)).await;
    // A change is a use of the session.
    scene.ledger.change(id, |session| session.set(&COUNT, &2)).await.unwrap();
    scene.database.set_clock_ahead(Duration::from_secs(600)).await;
    let refused = scene.ledger.change(id, |session| session.set(&COUNT, &99)).await.unwrap_err();
    let words = format!(
        "session {id} is over (idle_timeout), so that nothing was changed: close what goes on in its name"
    );
    assert_eq!(refused.to_string(), words);
    assert_eq!(scene.database.count("session_ledger.ended_session").await, 1);
}

#[tokio::test]
async fn a_change_that_fails_or_changes_nothing_writes_nothing() {
    let scene = Scene::set(NEVER).await;
    let (visitor, id) = scene.alice().await;
    visitor.get("/add").await;
    let events = scene.events().await;
    let refused = scene
        .ledger
        .change(id, |session| {
            session.set(&COUNT, &99)?;
            session.set(&TEXT, &"x".repeat(10_000_000))
        })
        .await;
    assert!(matches!(refused, Err(ChangeError::Wish(WishError::TooLarge { .. }))), "{refused:?}");
    scene.ledger.change(id, |session| session.set(&COUNT, &1)).await.unwrap();
    assert_eq!(scene.events().await, events);
    assert_eq!(visitor.get("/add").await.body, "2");
}

#[tokio::test]
async fn a_session_that_cannot_be_read_is_not_changed() {
    let scene = Scene::set(NEVER).await;
    let (_, id) = scene.alice().await;
    let damage = "update session_ledger.session set state = '\\xff'";
    scene.database.connect().await.batch_execute(damage).await.unwrap();
    let events = scene.events().await;
    let refused = scene.ledger.change(id, |session| session.set(&COUNT, &99)).await.unwrap_err();
    assert!(matches!(refused, ChangeError::Unreadable { .. }), "{refused:?}");
    let words = refused.to_string();
    assert!(words.starts_with(&format!("session {id} can be ended but not changed: ")), "{words}");
    assert_eq!(scene.events().await, events);
}

/// Streams of one session write at the same time, in two processes.
#[tokio::test]
async fn parallel_changes_all_survive() {
    let scene = Scene::set(NEVER).await;
    let (visitor, id) = scene.alice().await;
    let elsewhere = session_ledger::Ledger::builder(scene.database.config()).connect().await.unwrap();
    let add = async |ledger: &session_ledger::Ledger| {
        for _ in 0..10 {
            ledger.change(id, |session| session.update(&COUNT, |count| *count += 1)).await.unwrap();
        }
    };
    tokio::join!(add(&scene.ledger), add(&elsewhere));
    assert_eq!(visitor.get("/add").await.body, "21");
}

/// The answer to the login was lost, and a job changed the session. The old cookie came back, and counted as
/// stolen, as the new one seemed to have been shown.
#[tokio::test]
async fn a_change_is_no_sign_that_a_browser_has_shown_its_new_token() {
    let scene = Scene::set(NEVER).await;
    let visitor = Visitor::new(&scene.app);
    visitor.get("/add").await;
    let lost = visitor.copy();
    assert_eq!(lost.get("/login/alice").await.status, 200);
    let user = "alice".into();
    let id = scene.ledger.sessions(&user).await.unwrap()[0].id;
    scene.ledger.change(id, |session| session.set(&COUNT, &7)).await.unwrap();
    scene.database.set_clock_ahead(Duration::from_secs(3 * 86_400)).await;
    scene.ledger.change(id, |session| session.set(&COUNT, &8)).await.unwrap();
    assert_eq!(visitor.get("/add").await.status, 409);
    assert_eq!(scene.ledger.sessions(&user).await.unwrap()[0].ended, None);
    let verification = scene.ledger.verify(|_| {}).await.unwrap();
    assert_eq!(verification.differences_total, 0, "{verification:?}");
    assert_eq!(lost.get("/add").await.body, "9");
}
