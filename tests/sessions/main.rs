//! Lists of a user's sessions, of any length, as pages and as streams.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use futures_util::TryStreamExt;
use session_ledger::Ledger;
use session_ledger::ledger::{End, SessionSummary};
use session_ledger::session::{EndReason, Policy, SessionId, UserId};
use session_ledger::web::Sessions;
use test_support::{App, Database, Visitor, application, key_ring};
use time::{Duration, OffsetDateTime};

/// More sessions than two pages of a stream hold.
const MANY: usize = 230;

struct Scene {
    database: Database,
    ledger: Ledger,
    app: App,
}

#[tokio::test]
async fn a_limit_of_nothing_gives_nothing_and_a_huge_one_all_that_there_is() {
    let scene = Scene::set().await;
    scene.start_sessions(2).await;
    assert_eq!(scene.ledger.sessions_page(&alice(), None, 0).await.unwrap(), []);
    assert_eq!(scene.ledger.sessions_page(&alice(), None, u32::MAX).await.unwrap().len(), 2);
}

#[tokio::test]
async fn of_a_user_that_is_not_known_pages_and_streams_are_empty() {
    let scene = Scene::set().await;
    let known = scene.start_sessions_of("bob", 1).await[0];
    for before in [None, Some(known), Some(SessionId::from_bytes([7; 16]))] {
        assert_eq!(scene.ledger.sessions_page(&alice(), before, 10).await.unwrap(), []);
    }
    assert_eq!(scene.ledger.sessions_stream(&alice()).try_collect::<Vec<_>>().await.unwrap(), []);
}

#[tokio::test]
async fn the_session_of_the_present_request_is_told_from_the_others() {
    let scene = Scene::set().await;
    let ids = scene.start_sessions(3).await;
    let current = |current: Option<SessionId>, listed: &[SessionSummary]| {
        listed.iter().filter(|one| one.is_current(current)).map(|one| one.id).collect::<Vec<_>>()
    };
    let listed = scene.ledger.sessions(&alice()).await.unwrap();
    assert_eq!(current(Some(ids[1]), &listed), [ids[1]]);
    assert_eq!(current(None, &listed), [], "a visitor without a session has no device in the list");
    assert!(listed.iter().any(|one| one.is_current(ids[2])));
}

#[tokio::test]
async fn another_users_session_is_not_found() {
    let scene = Scene::set().await;
    let (own, others) = (scene.start_sessions(1).await[0], scene.start_sessions_of("bob", 1).await[0]);
    assert_eq!(scene.ledger.session_of(&alice(), own).await.unwrap().unwrap().id, own);
    assert_eq!(scene.ledger.session_of(&alice(), others).await.unwrap(), None);
    assert!(scene.ledger.end(others, EndReason::Revoked).await.unwrap());
    assert_eq!(scene.ledger.session_of(&alice(), others).await.unwrap(), None, "nor when it has ended");
    assert_eq!(scene.ledger.session_of(&alice(), SessionId::from_bytes([7; 16])).await.unwrap(), None);
}

#[tokio::test]
async fn pages_of_sessions_join_up_with_the_live_and_the_ended_ones_in_one_order() {
    let scene = Scene::set().await;
    let ids = scene.start_sessions(9).await;
    for ended in [1, 2, 5, 8] {
        assert!(scene.ledger.end(ids[ended], EndReason::Revoked).await.unwrap());
    }
    scene.start_sessions_of("bob", 2).await;
    let mut all = scene.ledger.sessions(&alice()).await.unwrap();
    all.sort_by_key(|summary| std::cmp::Reverse(summary.id));
    assert_eq!(id_of_each(&all), ids);
    assert_eq!(all.iter().filter(|summary| summary.ended.is_some()).count(), 4);
    for limit in 1..=10 {
        assert_eq!(sessions_in_pages(&scene.ledger, limit, async || {}).await, all, "pages of {limit}");
    }
}

#[tokio::test]
async fn sessions_that_start_and_end_between_pages_make_no_gap_and_come_once() {
    let scene = Scene::set().await;
    let ids = scene.start_sessions(12).await;
    let mut to_end = ids.iter().rev();
    // Ids of the same millisecond are in any order.
    while SessionId::new(OffsetDateTime::now_utc(), [0; 10]) <= ids[0] {
        tokio::task::yield_now().await;
    }
    // The last ones end first: at the beginning some that no page has held yet, at the end some that one has.
    let meanwhile = async || {
        scene.start_sessions(1).await;
        if let Some(id) = to_end.next() {
            assert!(scene.ledger.end(*id, EndReason::Revoked).await.unwrap());
        }
    };
    let listed = sessions_in_pages(&scene.ledger, 2, meanwhile).await;
    assert_eq!(id_of_each(&listed), ids);
    // The last four ended before their page was read, two more after it.
    assert_eq!(listed.iter().filter(|summary| summary.ended.is_some()).count(), 4);
    assert_eq!(scene.database.count("session_ledger.ended_session").await, 6);
    assert!(scene.ledger.sessions(&alice()).await.unwrap().len() > 12);
}

#[tokio::test]
async fn a_page_shows_when_a_session_was_seen_and_that_its_time_is_over() {
    let scene = Scene::set().await;
    let ids = scene.start_sessions(2).await;
    let seen = "insert into session_ledger.activity
                select session_id, changed_at + interval '1 minute' from session_ledger.session where session_id = $1
                    on conflict (session_id) do update set last_seen = excluded.last_seen";
    scene.database.connect().await.execute(seen, &[&ids[1].as_uuid()]).await.unwrap();
    let page = async || scene.ledger.sessions_page(&alice(), None, 2).await.unwrap();
    let seen = page().await;
    assert!(seen[1].last_seen - seen[1].started_at >= Duration::MINUTE, "{seen:?}");
    assert!(seen[0].last_seen - seen[0].started_at < Duration::MINUTE, "{seen:?}");
    scene.database.set_clock_ahead(std::time::Duration::from_secs(400 * 24 * 3600)).await;
    assert!(page().await.iter().all(|summary| summary.ended.is_some()), "{:?}", page().await);
}

#[tokio::test]
async fn a_stream_of_sessions_has_them_all_and_all_can_be_ended_but_one() {
    let scene = Scene::set().await;
    let ids = scene.start_sessions(MANY).await;
    scene.ledger.end(ids[150], EndReason::Revoked).await.unwrap();
    let streamed: Vec<_> = scene.ledger.sessions_stream(&alice()).try_collect().await.unwrap();
    assert_eq!(streamed, sessions_in_pages(&scene.ledger, 100, async || {}).await);
    assert_eq!(id_of_each(&streamed), ids);

    let end = End::because(EndReason::CredentialChanged).keep(ids[120]);
    assert_eq!(scene.ledger.end_all(&alice(), end).await.unwrap(), MANY - 2);
    assert_eq!(scene.database.count("session_ledger.session").await, 1);
    assert_eq!(scene.database.count("session_ledger.ended_session").await, MANY as i64 - 1);
}

impl Scene {
    async fn set() -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(Policy::default()).await;
        let app = application(Sessions::new(ledger.clone(), key_ring()));
        Self { database, ledger, app }
    }

    /// Signs alice in from so many browsers. Returns the ids of the new sessions, the latest first.
    async fn start_sessions(&self, count: usize) -> Vec<SessionId> {
        self.start_sessions_of("alice", count).await
    }

    async fn start_sessions_of(&self, user: &str, count: usize) -> Vec<SessionId> {
        let user_id = UserId::from(user);
        let before = self.ledger.sessions(&user_id).await.unwrap().len();
        for _ in 0..count {
            Visitor::new(&self.app).post(&format!("/login/{user}"), "").await;
        }
        let mut ids = id_of_each(&self.ledger.sessions(&user_id).await.unwrap());
        ids.sort_by(|one, other| other.cmp(one));
        ids.truncate(ids.len() - before);
        ids
    }
}

/// A list read page after page.
async fn sessions_in_pages(
    ledger: &Ledger,
    limit: u32,
    mut between: impl AsyncFnMut(),
) -> Vec<SessionSummary> {
    let mut sessions: Vec<SessionSummary> = Vec::new();
    loop {
        let before = sessions.last().map(|last| last.id);
        let page = ledger.sessions_page(&alice(), before, limit).await.unwrap();
        assert!(page.len() <= limit as usize);
        if page.is_empty() {
            return sessions;
        }
        sessions.extend(page);
        between().await;
    }
}

fn alice() -> UserId {
    UserId::from("alice")
}

fn id_of_each(sessions: &[SessionSummary]) -> Vec<SessionId> {
    sessions.iter().map(|summary| summary.id).collect()
}
