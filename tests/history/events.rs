//! The events of a session, or of a user, that fulfil some conditions.

use futures_util::TryStreamExt;
use session_ledger::Ledger;
use session_ledger::ledger::{End, QuestionError};
use session_ledger::session::{EndReason, EventFilter, Recorded, SessionId};
use time::{Duration, OffsetDateTime};

use super::{Scene, network};

/// Two sessions of alice, one of which an administrator has ended, and one of bob.
async fn scene() -> (Scene, SessionId, SessionId) {
    let scene = Scene::set().await;
    scene.walk(&["/login/alice"]).await;
    let first = scene.ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    scene.walk(&["/login/alice", "/logout"]).await;
    scene.walk(&["/login/bob"]).await;
    assert!(scene.ledger.end(first, End::because(EndReason::Revoked).by("admin")).await.unwrap());
    let sessions = scene.ledger.sessions(&"alice".into()).await.unwrap();
    let second = sessions.iter().find(|session| session.id != first).unwrap().id;
    (scene, first, second)
}

fn kinds(events: &[Recorded]) -> Vec<&str> {
    events.iter().map(|one| one.entry.encoded.kind()).collect()
}

async fn found(scene: &Scene, filter: EventFilter) -> Vec<Recorded> {
    let page = scene.ledger.events_page(&filter, None, 100).await.unwrap();
    assert_eq!(page.next, None);
    page.events
}

#[tokio::test]
async fn each_condition_leaves_the_events_that_fulfil_it() {
    let (scene, first, second) = scene().await;
    let whole = found(&scene, EventFilter::of_session(first)).await;
    assert_eq!(kinds(&whole), ["started", "logged_in", "ended"]);
    let of_alice = found(&scene, EventFilter::of_user("alice")).await;
    assert_eq!(kinds(&of_alice), ["started", "logged_in", "ended", "started", "logged_in", "ended"]);
    let sessions: Vec<SessionId> = of_alice.iter().map(|one| one.session_id).collect();
    assert_eq!(sessions, [first, first, first, second, second, second]);
    assert!(found(&scene, EventFilter::of_user("nobody")).await.is_empty());
    let by_admin = found(&scene, EventFilter::of_user("alice").by("admin")).await;
    assert_eq!((kinds(&by_admin), by_admin[0].session_id), (vec!["ended"], first));
    let ends = found(&scene, EventFilter::of_user("alice").kind("logged_in").kind("ended")).await;
    assert_eq!(kinds(&ends), ["logged_in", "ended", "logged_in", "ended"]);

    let of_first = || EventFilter::of_session(first);
    let ended_at = whole[2].entry.occurred_at;
    assert_eq!(kinds(&found(&scene, of_first().occurred_from(ended_at)).await), ["ended"]);
    assert_eq!(kinds(&found(&scene, of_first().occurred_before(ended_at)).await), ["started", "logged_in"]);
    let elsewhere = found(&scene, of_first().from_network(network("203.0.113.0/24"))).await;
    assert!(elsewhere.is_empty());
    let change = format!(
        "begin; set local session_replication_role = replica;
         update session_ledger.event set client_ip = '203.0.113.9' where session_id = '{first}' and version = 2; commit"
    );
    scene.database.connect().await.batch_execute(&change).await.unwrap();
    let elsewhere = found(&scene, of_first().from_network(network("203.0.113.0/24"))).await;
    assert_eq!(kinds(&elsewhere), ["logged_in"]);
}

#[tokio::test]
async fn pages_and_streams_tell_each_event_once() {
    let (scene, ..) = scene().await;
    let filter = EventFilter::of_user("alice");
    let all = found(&scene, filter.clone()).await;
    let (mut paged, mut cursor) = (Vec::new(), None);
    loop {
        let page = scene.ledger.events_page(&filter, cursor.as_deref(), 2).await.unwrap();
        assert!(page.events.len() <= 2);
        paged.extend(page.events);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(paged, all);
    let streamed: Vec<Recorded> = scene.ledger.events_stream(filter).try_collect().await.unwrap();
    assert_eq!(streamed, all);
}

#[tokio::test]
async fn a_cursor_or_a_span_that_leads_nowhere_is_refused() {
    let (scene, first, _) = scene().await;
    let filter = EventFilter::of_session(first);
    let cursor = scene.ledger.events_page(&filter, None, 1).await.unwrap().next.unwrap();
    let told = async |filter: &EventFilter, cursor| {
        let refused = scene.ledger.events_page(filter, cursor, 9).await.unwrap_err();
        assert!(matches!(refused, QuestionError::Unanswerable(_)), "{refused}");
        refused.to_string()
    };
    let other = EventFilter::of_user("alice");
    assert_eq!(
        told(&other, Some(cursor.as_str())).await,
        "the cursor belongs to another question: ask that one again, or begin without a cursor"
    );
    assert_eq!(
        told(&filter, Some("bogus")).await,
        "the cursor is none that a page has given: begin without one"
    );
    let now = OffsetDateTime::UNIX_EPOCH + Duration::DAY;
    assert!(
        told(&other.occurred_from(now).occurred_before(now), None)
            .await
            .ends_with("must come after its beginning")
    );
}

/// Rows that only such a transaction sees, in a database whose default is another.
#[tokio::test]
async fn questions_are_asked_in_transactions_that_only_read_and_are_never_serializable() {
    let (scene, first, _) = scene().await;
    let policy = format!(
        "alter database {} set default_transaction_isolation = 'serializable';
         alter table session_ledger.event enable row level security;
         create policy reading on session_ledger.event for select using (
             current_setting('transaction_read_only') = 'on' and current_setting('transaction_isolation') = 'read committed'
         )",
        scene.database.name()
    );
    scene.database.connect().await.batch_execute(&policy).await.unwrap();
    let mut config = scene.database.config();
    config.options("-c role=session_ledger_runtime");
    let ledger = Ledger::builder(config).without_requests().connect().await.unwrap();
    assert!(ledger.history(first).await.unwrap().is_empty(), "an ordinary statement sees none");
    let page = ledger.events_page(&EventFilter::of_session(first), None, 9).await.unwrap();
    assert_eq!(kinds(&page.events), ["started", "logged_in", "ended"]);
}
