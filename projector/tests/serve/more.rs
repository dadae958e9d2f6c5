//! Failed logins, rows of the application's tables, and files of what a page lists.

use poem::http::StatusCode;
use session_ledger::session::{Client, FailedLogin};

use crate::pages::page;
use crate::scene::Scene;

const HOSTILE: &str = "<b>eve</b>";

#[tokio::test]
async fn failed_logins_are_shown_beside_those_that_succeeded() {
    let scene = Scene::open().await;
    scene.customer_named("alice").await;
    let client = Client::new(Some("192.0.2.1".parse().unwrap()), Some("<i>Browser</i>"));
    for user in ["alice", HOSTILE] {
        let failed = FailedLogin::of(user).from_client(client.clone());
        assert!(scene.ledger.login_failed(failed).await.unwrap());
    }
    let viewer = scene.viewer().await;
    for path in [
        "/users?name=alice",
        "/users?name=%3Cb%3Eeve%3C%2Fb%3E",
        "/network?address=192.0.2.1",
        "/tail?of=failures",
    ] {
        let body = page(&viewer, path).await;
        assert!(body.contains(">wrong secret</span>"), "{path}: {body}");
        assert!(!body.contains(HOSTILE) && !body.contains("<i>"), "{path}: {body}");
    }
}

#[tokio::test]
async fn the_latest_events_of_a_kind_are_shown() {
    let scene = Scene::open().await;
    let (_, id) = scene.customer_named("alice").await;
    let viewer = scene.viewer().await;
    let all = page(&viewer, "/tail?of=events").await;
    assert!(all.contains(&format!("/sessions/{id}")) && all.contains(">value_set</span>"), "{all}");
    assert!(all.contains("data-source=\"/tail/lines?of=events&amp;kind=\""), "{all}");
    let logins = page(&viewer, "/tail?of=events&kind=logged_in").await;
    assert!(logins.contains(">logged_in</span>") && !logins.contains(">value_set</span>"), "{logins}");
    assert_eq!(viewer.get("/tail?of=secrets").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_file_has_what_its_page_lists_and_is_noted() {
    let scene = Scene::open().await;
    let (alice, id) = scene.customer_named("alice").await;
    alice.get("/logout").await;
    let failed = FailedLogin::of("=cmd|' /C calc'!A0");
    assert!(scene.ledger.login_failed(failed).await.unwrap());
    let viewer = scene.viewer().await;
    for (query, kind, name, lines) in [
        ("what=logins&format=csv&user=alice", "text/csv; charset=utf-8", "logins.csv", 2),
        ("what=logins&format=ndjson&address=192.0.2.0/24", "application/x-ndjson", "logins.ndjson", 2),
        ("what=events&format=ndjson&user=alice&kind=ended", "application/x-ndjson", "events.ndjson", 1),
        ("what=failures&format=csv", "text/csv; charset=utf-8", "failed-logins.csv", 2),
    ] {
        let file = viewer.get(&format!("/export?{query}")).await;
        assert_eq!((file.status, file.header("content-type")), (StatusCode::OK, kind), "{query}");
        assert_eq!(file.header("content-disposition"), format!("attachment; filename=\"{name}\""));
        assert_eq!(file.body.lines().count(), lines, "{query}: {}", file.body);
    }
    let formula = viewer.get("/export?what=failures&format=csv").await.body;
    assert!(formula.contains(",'=cmd|"), "no formula: {formula}");
    let notes = scene.notes("console:local").await;
    assert!(notes.contains(&"looked at: an export: logins user alice".to_owned()), "{notes:?}");
    let body = page(&viewer, "/users?name=alice").await;
    assert!(body.contains("/export?what=logins&amp;user=alice&amp;format=csv"), "{body}");
    assert!(viewer.get("/export?what=events&format=csv").await.body.contains("Say of which user"));
    let stranger = scene.stranger().get("/export?what=logins&format=csv").await;
    assert_eq!(stranger.status, StatusCode::SEE_OTHER, "{id} is for users of the console");
}

#[tokio::test]
async fn what_a_session_wrote_is_shown_without_what_is_hidden() {
    let scene = Scene::with(&["--table", "public.orders.placed_by", "--hide", "address"]).await;
    let (_, id) = scene.customer_named("alice").await;
    let orders = format!(
        "create table public.orders (id bigint, item text, card_pin text, address text, placed_by uuid);
         insert into public.orders values (1, '<b>tea</b>', '4711', 'Main Street', '{id}');"
    );
    scene.database.connect().await.batch_execute(&orders).await.unwrap();
    let viewer = scene.viewer().await;
    let link = format!("/sessions/{id}/rows");
    assert!(page(&viewer, &format!("/sessions/{id}")).await.contains(&link));
    let body = page(&viewer, &link).await;
    assert!(body.contains("public.orders") && body.contains("tea"), "{body}");
    assert!(!body.contains("<b>") && !body.contains("4711") && !body.contains("Main Street"), "{body}");
    let notes = scene.notes("console:local").await;
    assert_eq!(notes.last().unwrap(), &format!("looked at: rows that session {id} wrote"));

    scene.database.connect().await.batch_execute("drop table public.orders").await.unwrap();
    let refused = viewer.get(&link).await;
    assert!(
        refused.status.is_client_error() && refused.body.contains("there is no table of"),
        "{}",
        refused.body
    );
    let plain = Scene::open().await;
    let (_, id) = plain.customer_named("alice").await;
    let viewer = plain.viewer().await;
    assert!(!page(&viewer, &format!("/sessions/{id}")).await.contains("/rows"));
    assert_eq!(viewer.get(&format!("/sessions/{id}/rows")).await.status, StatusCode::NOT_FOUND);
}
