//! The ends of many sessions are told as the end of one is.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use session_ledger::ledger::End;
use session_ledger::session::{EndReason, Event, SessionFilter, SessionId, UserId};
use test_support::Database;

use crate::scene::Scene;

/// What the hook of a ledger was told of ends.
pub(crate) type Told = Arc<Mutex<Vec<(SessionId, EndReason, Option<UserId>)>>>;

/// A hook that notes the ends.
pub(crate) fn note(told: &Told) -> impl Fn(&session_ledger::ledger::Committed<'_>) + Send + Sync + 'static {
    let told = Arc::clone(told);
    move |committed| {
        if let Ok(Event::Ended(ended)) = committed.entry.event() {
            told.lock().unwrap().push((committed.session, ended.reason, committed.entry.actor.clone()));
        }
    }
}

#[tokio::test]
async fn the_application_and_those_who_wait_hear_of_each_end_once() {
    let (database, told) = (Database::fresh().await, Told::default());
    let builder = database.builder().watch_interval(Duration::from_secs(3600)).on_committed(note(&told));
    let scene = Scene::through(database, builder).await;
    let mut sessions = Vec::new();
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let session = scene.signed_in("alice").await.session;
        sessions.push(session);
        waiting.push(tokio::spawn(scene.ledger.ended(session)));
    }
    let end = End::because(EndReason::Revoked).by("admin");
    assert_eq!(scene.ledger.end_where(&SessionFilter::all(), end).await.unwrap(), 3);
    for waiting in waiting {
        let reason = tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("it is told");
        assert_eq!(reason.unwrap(), Some(EndReason::Revoked));
    }
    let mut told = told.lock().unwrap().clone();
    told.sort_by_key(|(session, ..)| *session);
    sessions.sort();
    let expected: Vec<_> = sessions
        .into_iter()
        .map(|session| (session, EndReason::Revoked, Some(UserId::from("admin"))))
        .collect();
    assert_eq!(told, expected);
}
