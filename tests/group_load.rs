//! Requests that load their sessions at the same time share a statement, and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use poem::{EndpointExt, Result, Route, get, handler};
use session_ledger::Ledger;
use session_ledger::session::Policy;
use session_ledger::web::{Session, Sessions};
use test_support::{Answer, COUNT, Database, Visitor, Wire, app, key_ring};

#[handler]
fn read(session: Session) -> Result<String> {
    Ok(session.get(&COUNT)?.unwrap_or_default().to_string())
}

#[handler]
fn add(session: Session) -> Result<()> {
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

#[handler]
fn logout(session: Session) -> Result<()> {
    Ok(session.logout()?)
}

/// An application with this number of connections, and browsers. The n-th browser has counted to n.
struct Scene {
    database: Database,
    wire: Wire,
    visitors: Vec<Visitor>,
}

impl Scene {
    async fn set(connections: usize, visitors: usize) -> Self {
        Self::with(Policy::default(), connections, visitors).await
    }

    async fn with(policy: Policy, connections: usize, visitors: usize) -> Self {
        let database = Database::fresh().await;
        let wire = Wire::to(&database.config());
        let ledger = Ledger::builder(wire.config()).policy(policy).connections_max(connections);
        let ledger = ledger.connect().await.unwrap();
        let route = Route::new().at("/read", get(read)).at("/add", get(add)).at("/logout", get(logout));
        let shop = app(route.with(Sessions::new(ledger, key_ring())));
        let visitors: Vec<Visitor> = (0..visitors).map(|_| Visitor::new(&shop)).collect();
        for (count, visitor) in (1..).zip(&visitors) {
            for _ in 0..count {
                assert!(visitor.get("/add").await.status.is_success());
            }
        }
        let scene = Self { database, wire, visitors };
        // Now the statements are prepared.
        scene.read_together().await;
        scene
    }

    async fn read_together(&self) -> Vec<Answer> {
        join_all(self.visitors.iter().map(|visitor| visitor.get("/read"))).await
    }

    /// Waits until this number of statements that load sessions wait for a lock.
    async fn wait_for_loads(&self, count: i64) {
        let waiting = "pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
            and query ~ '^select (clock|asked)'";
        self.wait_until(waiting, count).await;
    }

    async fn wait_until(&self, rows: &str, count: i64) {
        let patience = Instant::now() + Duration::from_secs(10);
        while self.database.count(rows).await < count {
            assert!(Instant::now() < patience, "fewer than {count} {rows}");
        }
    }
}

fn bodies(answers: &[Answer]) -> Vec<&str> {
    answers.iter().map(|answer| answer.body.as_str()).collect()
}

#[tokio::test]
async fn each_gets_its_own_session_in_fewer_trips_than_there_are_requests() {
    let scene = Scene::set(1, 12).await;
    let before = scene.wire.trips();
    let answers = scene.read_together().await;
    assert_eq!(bodies(&answers), ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]);
    let trips = scene.wire.trips() - before;
    assert!(trips < 6, "{trips} trips for 12 requests");
}

#[tokio::test]
async fn a_load_that_finds_none_under_way_takes_one_trip() {
    let scene = Scene::set(1, 1).await;
    for _ in 0..3 {
        let before = scene.wire.trips();
        assert_eq!(scene.visitors[0].get("/read").await.body, "1");
        assert_eq!(scene.wire.trips() - before, 1);
    }
}

#[tokio::test]
async fn two_tabs_of_a_browser_and_one_whose_session_has_ended_may_be_among_them() {
    let mut scene = Scene::set(1, 3).await;
    let [first, ended] = [scene.visitors[0].clone(), scene.visitors[1].clone()];
    let stale = ended.copy();
    assert!(ended.get("/logout").await.status.is_success());
    scene.visitors = vec![first.clone(), stale, scene.visitors[2].clone(), first];
    assert_eq!(bodies(&scene.read_together().await), ["1", "0", "3", "1"]);
}

#[tokio::test]
async fn a_session_that_cannot_be_read_fails_no_other_request() {
    let scene = Scene::set(1, 3).await;
    let damage = "update session_ledger.session set state = '\\xff' where session_id =
                      (select session_id from session_ledger.session order by session_id offset 1 limit 1)";
    scene.database.connect().await.batch_execute(damage).await.unwrap();
    let answers = scene.read_together().await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses, [200, 500, 200]);
}

#[tokio::test]
async fn what_a_request_reads_was_there_when_it_asked() {
    let scene = Scene::set(2, 4).await;
    for count in 5..25 {
        assert!(scene.visitors[3].get("/add").await.status.is_success());
        let answers = scene.read_together().await;
        assert_eq!(answers[3].body, count.to_string());
    }
}

#[tokio::test]
async fn a_statement_that_hangs_holds_up_nobody_who_comes_later() {
    let scene = Scene::set(3, 4).await;
    let locker = scene.database.connect().await;
    locker.batch_execute("begin; lock table session_ledger.session in access exclusive mode").await.unwrap();
    let first = tokio::spawn({
        let visitor = scene.visitors[0].clone();
        async move { visitor.get("/read").await }
    });
    scene.wait_for_loads(1).await;
    let second = tokio::spawn({
        let visitor = scene.visitors[1].clone();
        async move { visitor.get("/read").await }
    });
    // It does not wait for the first, but sends its own statement.
    scene.wait_for_loads(2).await;
    locker.batch_execute("rollback").await.unwrap();
    assert_eq!(first.await.unwrap().body, "1");
    assert_eq!(second.await.unwrap().body, "2");
}

#[tokio::test]
async fn all_survive_the_loss_of_their_connection() {
    let scene = Scene::set(4, 4).await;
    let locker = scene.database.connect().await;
    locker.batch_execute("begin; lock table session_ledger.session in access exclusive mode").await.unwrap();
    let cut = async {
        scene.wait_for_loads(1).await;
        let terminate = "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and query ~ '^select (clock|asked)'";
        scene.database.connect().await.batch_execute(terminate).await.unwrap();
        locker.batch_execute("rollback").await.unwrap();
    };
    let (answers, ()) = tokio::join!(scene.read_together(), cut);
    assert_eq!(bodies(&answers), ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn that_they_were_seen_is_noted_of_all() {
    let scene = Scene::with(Policy::default().extension_delay(0), 2, 12).await;
    let client = scene.database.connect().await;
    client.batch_execute("update session_ledger.activity set last_seen = '-infinity'").await.unwrap();
    let before = scene.wire.trips();
    assert_eq!(scene.read_together().await.len(), 12);
    scene.wait_until("session_ledger.activity where last_seen > '-infinity'", 12).await;
    let trips = scene.wire.trips() - before;
    assert!(trips < 12, "{trips} trips for 12 loads and 12 notes");
}
