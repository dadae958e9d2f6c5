//! Whatever a user of the console looks at is a note in their own session.

use poem::http::StatusCode;

use crate::pages::page;
use crate::scene::Scene;

#[tokio::test]
async fn each_page_is_noted_with_what_it_shows() {
    let scene = Scene::open().await;
    let (_, id) = scene.customer_named("alice").await;
    let viewer = scene.viewer().await;
    let session = format!("session {id}");
    for (path, note) in [
        ("/", "the latest logins"),
        ("/users?name=alice", "user alice"),
        ("/users?name=nobody", "user nobody"),
        ("/network?address=192.0.2.0/24", "network 192.0.2.0/24"),
        ("/network?address=nonsense", "network nonsense"),
        (&format!("/sessions/{id}"), &session),
        (&format!("/sessions/{id}/steps/1"), &format!("the data of session {id} at step 1")),
        (&format!("/sessions/{id}/end"), &session),
        ("/events?user=alice&kind=ended", "events (ends) of user alice"),
        ("/who?at=2026-03-04T17:20", "who was signed in at 2026-03-04T17:20:00Z"),
        ("/activity?per=day&until=2026-03-04T17:20", "logins and ends per day until 2026-03-05T00:00:00Z"),
        ("/tail", "the latest logins"),
    ] {
        let before = scene.notes("console:local").await.len();
        viewer.get(path).await;
        let notes = scene.notes("console:local").await;
        assert_eq!(notes[before..], [format!("looked at: {note}")], "{path}");
    }
}

#[tokio::test]
async fn who_looked_at_whom_is_a_question_like_any_other() {
    let scene = Scene::with_users(&[("anna", "reader"), ("bert", "reader")]).await;
    scene.customer_named("alice").await;
    page(&scene.signed_in("anna").await, "/users?name=alice").await;
    let bert = scene.signed_in("bert").await;
    let body = page(&bert, "/events?user=console:anna&kind=noted").await;
    assert!(body.contains("looked at: user alice"), "{body}");
    assert_eq!(scene.notes("console:bert").await, ["looked at: events (notes) of user console:anna"]);
    assert!(page(&bert, "/users?name=console:anna").await.contains("<h1>console:anna</h1>"));
}

/// The page is the answer to a committed note, or there is none.
#[tokio::test]
async fn what_cannot_be_noted_is_not_shown() {
    let scene = Scene::open().await;
    scene.customer_named("alice").await;
    let viewer = scene.viewer().await;
    let tables = scene.database.connect().await;
    let refuse = "create function session_ledger.refuse_notes() returns trigger language plpgsql as
                  $$ begin raise exception 'no room for notes'; end $$;
                  create trigger refuse_notes before insert on session_ledger.event for each row
                  when (new.kind = 'noted') execute function session_ledger.refuse_notes()";
    tables.batch_execute(refuse).await.unwrap();
    let answer = viewer.get("/users?name=alice").await;
    assert!(answer.status.is_server_error(), "{answer:?}");
    assert!(!answer.body.contains("alice"), "{}", answer.body);
}

#[tokio::test]
async fn a_stranger_sees_nothing_and_leaves_no_trace() {
    let scene = Scene::open().await;
    let (_, id) = scene.customer_named("alice").await;
    let stranger = scene.stranger();
    for path in ["/", "/users?name=alice", "/who", "/activity", "/tail", "/tail/lines", "/find?q=alice"] {
        let answer = stranger.get(path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert!(answer.header("location").starts_with("/login"), "{path}: {answer:?}");
        assert!(answer.set_cookies().is_empty() && answer.body.is_empty(), "{path}");
    }
    let answer = stranger.post(&format!("/sessions/{id}/end"), "reason=revoked").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/login"));
    assert_eq!(scene.notes("console:local").await, [""; 0]);
}
