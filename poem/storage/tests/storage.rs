//! poem's own sessions in a ledger: what poem tests of its storages, and what the ledger adds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use poem::http::StatusCode;
use poem::session::{CookieConfig, ServerSession, Session};
use poem::web::Path;
use poem::{EndpointExt, Route, handler};
use session_ledger::Ledger;
use session_ledger::session::{EndReason, Event, Policy, SessionId};
use session_ledger::test::{Database, Visitor};
use session_ledger_storage::{LedgerStorage, SCHEMA};
use test_support::Wire;

const NAME: &str = "poem-session";

/// What poem's own test does with its session, step by step.
#[handler]
fn take_step(Path(step): Path<i32>, session: &Session) {
    let values = ["a", "b", "c"].map(|name| session.get::<i32>(name));
    match step {
        1 => {
            session.set("a", 10);
            session.set("b", 20);
        }
        2 => {
            assert_eq!(values, [Some(10), Some(20), None]);
            session.set("c", 30);
        }
        3 => {
            assert_eq!(values, [Some(10), Some(20), Some(30)]);
            session.remove("b");
        }
        4 => {
            assert_eq!(values, [Some(10), None, Some(30)]);
            session.clear();
        }
        5 => {
            assert!(session.is_empty());
            session.purge();
        }
        6 => session.renew(),
        7 => assert_eq!(values, [Some(10), Some(20), Some(30)]),
        _ => {}
    }
}

#[handler]
fn add(session: &Session) -> String {
    let count = session.get::<u32>("count").unwrap_or_default() + 1;
    session.set("count", count);
    count.to_string()
}

#[handler]
fn set(Path((name, value)): Path<(String, String)>, session: &Session) {
    session.set(&name, value);
}

#[handler]
fn look(session: &Session) -> String {
    let entries = session.entries().into_iter();
    entries.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

#[handler]
fn login(Path(user): Path<String>, session: &Session) {
    session.set("user", user);
    session.renew();
}

#[handler]
fn login_without_renewal(Path(user): Path<String>, session: &Session) {
    session.set("user", user);
}

#[handler]
fn logout(session: &Session) {
    session.purge();
}

#[handler]
fn forget_user(session: &Session) {
    session.remove("user");
}

struct Scene {
    database: Database,
    ledger: Ledger,
    storage: LedgerStorage,
    visitor: Visitor,
}

impl Scene {
    async fn new() -> Self {
        Self::with(CookieConfig::default()).await
    }

    async fn with(cookie: CookieConfig) -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(Policy::default()).await;
        Self::on(database, ledger, cookie).await
    }

    async fn on(database: Database, ledger: Ledger, cookie: CookieConfig) -> Self {
        database.connect().await.batch_execute(SCHEMA).await.unwrap();
        let storage = LedgerStorage::new(&ledger).unwrap().user_entry("user");
        let pages = Route::new()
            .at("/step/:step", take_step)
            .at("/add", add)
            .at("/set/:name/:value", set)
            .at("/look", look)
            .at("/login/:user", login)
            .at("/login-only/:user", login_without_renewal)
            .at("/logout", logout)
            .at("/forget-user", forget_user)
            .with(ServerSession::new(cookie, storage.clone()));
        let visitor = Visitor::new(&Arc::new(pages.map_to_response().boxed()));
        Self { database, ledger, storage, visitor }
    }

    async fn sessions(&self) -> Vec<SessionId> {
        let select = "select session_id from session_ledger.event where version = 1 order by position";
        let rows = self.database.connect().await.query(select, &[]).await.unwrap();
        rows.iter().map(|row| SessionId::from(row.get::<_, uuid::Uuid>(0))).collect()
    }

    async fn kinds(&self, session: SessionId) -> Vec<String> {
        let history = self.ledger.history(session).await.unwrap();
        history.iter().map(|one| one.entry.encoded.kind().to_owned()).collect()
    }

    async fn ended(&self, session: SessionId) -> Option<EndReason> {
        let history = self.ledger.history(session).await.unwrap();
        match history.last().unwrap().entry.event().unwrap() {
            Event::Ended(fact) => Some(fact.reason),
            _ => None,
        }
    }
}

/// The steps of poem's own test of its memory storage, in their order.
#[tokio::test]
async fn what_poem_tests_of_its_own_storages_holds() {
    let scene = Scene::new().await;
    for step in [0, 1, 2, 7, 6, 3, 4, 5] {
        let answer = scene.visitor.post(&format!("/step/{step}"), "").await;
        assert_eq!(answer.status, 200, "step {step}: {}", answer.body);
    }
    assert_eq!(scene.visitor.cookie(NAME).unwrap_or_default(), "", "the cookie is removed");
    let [first, renewed] = scene.sessions().await[..] else { panic!("a start and a renewal") };
    assert_eq!(scene.kinds(first).await, ["started", "value_set", "value_set", "value_set", "ended"]);
    let rest = ["started", "value_set", "value_set", "value_set", "value_removed", "value_removed"];
    assert_eq!(scene.kinds(renewed).await[..6], rest);
    assert_eq!(scene.ended(renewed).await, Some(EndReason::Discarded));
    assert!(scene.ledger.verify(|_| {}).await.unwrap().is_equal());
}

#[tokio::test]
async fn an_entry_that_is_set_to_what_it_is_writes_nothing_and_values_come_back_as_they_were() {
    let scene = Scene::new().await;
    scene.visitor.post("/set/name/alice", "").await;
    scene.visitor.post("/add", "").await;
    let session = scene.sessions().await[0];
    let before = scene.kinds(session).await;
    scene.visitor.post("/set/name/alice", "").await;
    assert_eq!(scene.kinds(session).await, before);
    assert_eq!(scene.visitor.get("/look").await.body, "count=1 name=\"alice\"");
}

#[tokio::test]
async fn a_session_that_holds_nothing_is_not_stored() {
    let scene = Scene::new().await;
    assert_eq!(scene.visitor.post("/forget-user", "").await.status, 200);
    assert!(scene.sessions().await.is_empty());
    assert_eq!(scene.database.count("poem_session").await, 0);
}

#[tokio::test]
async fn an_id_that_poem_has_not_made_begins_nothing_and_no_id_at_all_is_not_asked_for() {
    let database = Database::fresh().await;
    let wire = Wire::to(&database.config());
    let ledger = Ledger::builder(wire.config()).connections_max(1).connect().await.unwrap();
    let scene = Scene::on(database, ledger, CookieConfig::default()).await;
    let planted = "A".repeat(43);
    scene.visitor.put_cookie(NAME, planted.as_str());
    assert_eq!(scene.visitor.get("/look").await.body, "");
    scene.visitor.post("/add", "").await;
    assert_ne!(scene.visitor.cookie(NAME).unwrap(), planted);
    let before = wire.trips();
    for garbage in ["x", "'; drop table poem_session; --", &"A".repeat(44), &format!("{}B", "A".repeat(42))] {
        scene.visitor.put_cookie(NAME, garbage);
        assert_eq!(scene.visitor.get("/look").await.body, "");
    }
    assert_eq!(wire.trips(), before);
}

#[tokio::test]
async fn the_database_knows_no_id() {
    let scene = Scene::new().await;
    scene.visitor.post("/add", "").await;
    let id = scene.visitor.cookie(NAME).unwrap();
    let all = "select (select json_agg(p)::text from poem_session as p)
                   || (select json_agg(s)::text from session_ledger.session as s)
                   || (select json_agg(e)::text from session_ledger.event as e)";
    let rows: String = scene.database.connect().await.query_one(all, &[]).await.unwrap().get(0);
    let bytes = data_encoding::BASE64URL_NOPAD.decode(id.as_bytes()).unwrap();
    assert!(rows.contains("id_hash") && !rows.contains(&id));
    assert!(!rows.contains(&data_encoding::HEXLOWER.encode(&bytes)));
}

#[tokio::test]
async fn a_session_that_has_ended_is_not_brought_back() {
    let scene = Scene::new().await;
    scene.visitor.post("/add", "").await;
    let (late, revoked) = (scene.visitor.copy(), scene.sessions().await[0]);
    scene.ledger.end(revoked, EndReason::Revoked).await.unwrap();
    assert_eq!(late.get("/look").await.body, "");
    // A request that had loaded the session before it ended, as poem's middleware would save it.
    let id = late.cookie(NAME).unwrap();
    let entries = [("count".to_owned(), 7.into())].into();
    let save = poem::session::SessionStorage::update_session(&scene.storage, &id, &entries, None);
    assert_eq!(save.await.unwrap_err().status(), StatusCode::CONFLICT);
    assert_eq!(scene.ended(revoked).await, Some(EndReason::Revoked));
    assert_eq!(scene.sessions().await.len(), 1);
}

#[tokio::test]
async fn what_leads_to_an_ended_session_is_deleted_after_a_day() {
    let scene = Scene::new().await;
    scene.visitor.post("/add", "").await;
    scene.visitor.post("/logout", "").await;
    assert_eq!(scene.storage.delete_ended().await.unwrap(), 0);
    scene.database.set_clock_ahead(Duration::from_secs(25 * 3_600)).await;
    assert_eq!(scene.storage.delete_ended().await.unwrap(), 1);
    assert_eq!(scene.database.count("poem_session").await, 0);
}

#[tokio::test]
async fn the_age_of_the_cookie_is_the_sessions_idle_limit_from_its_last_change_on() {
    let scene = Scene::with(CookieConfig::default().max_age(Duration::from_secs(600))).await;
    for second in [0, 500, 1_000] {
        scene.database.set_clock_ahead(Duration::from_secs(second)).await;
        assert_eq!(scene.visitor.post("/add", "").await.body, (second / 500 + 1).to_string());
    }
    scene.database.set_clock_ahead(Duration::from_secs(1_601)).await;
    assert_eq!(scene.visitor.get("/look").await.body, "");
    assert_eq!(scene.ended(scene.sessions().await[0]).await, Some(EndReason::IdleTimeout));
}

#[tokio::test]
async fn the_ledger_knows_who_is_signed_in_and_can_end_their_sessions() {
    let scene = Scene::new().await;
    scene.visitor.post("/add", "").await;
    let planted = scene.visitor.copy();
    scene.visitor.post("/login/alice", "").await;
    assert_eq!(scene.visitor.get("/look").await.body, "count=1 user=\"alice\"");
    assert_eq!(planted.get("/look").await.body, "", "the cookie of before the login opens nothing");
    let sessions = scene.ledger.sessions(&"alice".into()).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert!(scene.kinds(sessions[0].id).await.contains(&"logged_in".to_owned()));
    assert_eq!(scene.ledger.end_all(&"alice".into(), EndReason::CredentialChanged).await.unwrap(), 1);
    assert_eq!(scene.visitor.get("/look").await.body, "");
}

/// The cookie stays where the handler does not renew it, as with any storage of poem's; the session does not.
#[tokio::test]
async fn a_user_who_changes_without_a_renewal_has_another_session_under_the_same_cookie() {
    let scene = Scene::new().await;
    scene.visitor.post("/add", "").await;
    let cookie = scene.visitor.cookie(NAME);
    for (path, user) in
        [("/login-only/alice", Some("alice")), ("/login-only/bob", Some("bob")), ("/forget-user", None)]
    {
        scene.visitor.post(path, "").await;
        assert_eq!(scene.visitor.cookie(NAME), cookie, "{path}");
        let session = *scene.sessions().await.last().unwrap();
        let last = scene.ledger.history(session).await.unwrap().pop().unwrap();
        assert_eq!(last.entry.user.map(|user| user.to_string()).as_deref(), user, "{path}");
    }
    let mut reasons = Vec::new();
    for session in scene.sessions().await {
        reasons.push(scene.ended(session).await);
    }
    use EndReason::{LoggedOut, UserSwitched};
    assert_eq!(reasons, [Some(UserSwitched), Some(UserSwitched), Some(LoggedOut), None]);
    assert_eq!(scene.visitor.get("/look").await.body, "count=1");
    assert!(scene.ledger.verify(|_| {}).await.unwrap().is_equal());
}

/// What the adapter cannot promise: poem hands over all entries, not what a handler has changed.
#[tokio::test]
async fn of_two_requests_at_once_the_last_one_undoes_the_others_change() {
    let scene = Scene::new().await;
    scene.visitor.post("/set/first/1", "").await;
    let id = scene.visitor.cookie(NAME).unwrap();
    let late = poem::session::SessionStorage::load_session(&scene.storage, &id).await.unwrap().unwrap();
    scene.visitor.post("/set/second/2", "").await;
    poem::session::SessionStorage::update_session(&scene.storage, &id, &late, None).await.unwrap();
    assert_eq!(scene.visitor.get("/look").await.body, "first=\"1\"");
    let session = scene.sessions().await[0];
    assert_eq!(scene.kinds(session).await, ["started", "value_set", "value_set", "value_removed"]);
}

#[tokio::test]
async fn a_database_that_is_away_is_a_503_and_never_an_empty_session() {
    let database = Database::fresh().await;
    let wire = Wire::to(&database.config());
    let ledger = Ledger::builder(wire.config()).connections_max(1).connect().await.unwrap();
    let scene = Scene::on(database, ledger, CookieConfig::default()).await;
    scene.visitor.post("/add", "").await;
    wire.refuse_connections(true);
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()";
    scene.database.connect().await.query(cut, &[]).await.unwrap();
    for path in ["/look", "/add"] {
        assert_eq!(scene.visitor.post(path, "").await.status, 503, "{path}");
    }
}
