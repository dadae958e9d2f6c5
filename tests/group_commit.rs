//! Requests that change their sessions at the same time may share a transaction, and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use poem::web::{Data, Path};
use poem::{EndpointExt, Result, Route, get, handler};
use session_ledger::session::EndReason;
use session_ledger::web::{Session, Sessions};
use session_ledger::{Ledger, SessionId};
use test_support::{Answer, App, COUNT, Cut, Database, Visitor, Wire, app, key_ring};
use tokio::sync::{Barrier, Semaphore};
use tokio_postgres::Client;

/// The number of browsers, each with a session.
const VISITORS: usize = 8;

/// Appends that wait for a lock.
const WAITING: &str = "pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
    and query like 'with projected%'";

#[handler]
fn read(session: Session) -> Result<String> {
    Ok(session.get(&COUNT)?.unwrap_or_default().to_string())
}

#[handler]
fn add(session: Session) -> Result<()> {
    Ok(session.update(&COUNT, |count| *count += 1)?)
}

/// Waits until all have read their sessions, and until the test lets this group go on.
#[handler]
async fn add_together(
    Path(group): Path<usize>,
    session: Session,
    Data(all): Data<&Arc<Barrier>>,
    Data(go): Data<&Groups>,
) -> Result<()> {
    session.update(&COUNT, |count| *count += 1)?;
    if session.attempt() == 1 {
        all.wait().await;
        go[group].acquire().await.unwrap().forget();
    }
    Ok(())
}

/// For each group, how many may go on.
type Groups = Arc<[Semaphore; 2]>;

struct Scene {
    database: Database,
    wire: Wire,
    ledger: Ledger,
    shop: App,
    visitors: Vec<Visitor>,
    all: Arc<Barrier>,
    go: Groups,
}

impl Scene {
    async fn set() -> Self {
        let database = Database::fresh().await;
        // PostgreSQL's default, with which the planner prefers a scan sooner.
        let cost = format!("alter database {} set random_page_cost = 4", database.name());
        database.connect().await.batch_execute(&cost).await.unwrap();
        let wire = Wire::prompt(&database.config());
        let ledger = Ledger::builder(wire.config()).connect().await.unwrap();
        let (all, go) = (Arc::new(Barrier::new(VISITORS + 1)), Groups::new([0, 0].map(Semaphore::new)));
        let shop = Self::shop(&ledger, &all, &go);
        let visitors: Vec<Visitor> = (0..VISITORS).map(|_| Visitor::new(&shop)).collect();
        for visitor in &visitors {
            assert!(visitor.get("/add").await.status.is_success());
        }
        Self { database, wire, ledger, shop, visitors, all, go }
    }

    fn shop(ledger: &Ledger, all: &Arc<Barrier>, go: &Groups) -> App {
        let route = Route::new()
            .at("/read", get(read))
            .at("/add", get(add).post(add))
            .at("/together/:group", get(add_together).post(add_together))
            .data(Arc::clone(all))
            .data(Arc::clone(go));
        app(route.with(Sessions::new(ledger.clone(), key_ring())))
    }

    /// Lets all add to their sessions; `meanwhile` happens when they have read them.
    async fn add_together(&self, meanwhile: impl Future<Output = ()>) -> Vec<u16> {
        let adding = self.visitors.iter().map(|visitor| visitor.get("/together/0"));
        let leading = async {
            self.all.wait().await;
            meanwhile.await;
            self.go[0].add_permits(VISITORS);
        };
        let (answers, ()) = tokio::join!(join_all(adding), leading);
        answers.iter().map(|answer| answer.status.as_u16()).collect()
    }

    async fn counts(&self) -> Vec<String> {
        let answers = join_all(self.visitors.iter().map(|visitor| visitor.get("/read"))).await;
        answers.into_iter().map(|answer| answer.body).collect()
    }

    /// The number of transactions that wrote the events of a version.
    async fn transactions(&self, version: i64) -> i64 {
        let distinct = format!(
            "(select distinct transaction_id from session_ledger.event where version = {version}) as transactions"
        );
        self.database.count(&distinct).await
    }

    async fn sessions(&self) -> Vec<SessionId> {
        let rows = self.database.connect().await;
        let rows = rows.query("select session_id from session_ledger.session order by session_id", &[]).await;
        rows.unwrap().iter().map(|row| SessionId::from(row.get::<_, uuid::Uuid>(0))).collect()
    }

    /// Locks the rows of sessions until the transaction of the connection ends.
    async fn lock(&self, sessions: &[SessionId]) -> Client {
        let sessions: Vec<uuid::Uuid> = sessions.iter().map(SessionId::as_uuid).collect();
        let locker = self.database.connect().await;
        locker.batch_execute("begin").await.unwrap();
        let lock = "select from session_ledger.session where session_id = any ($1) for update";
        assert_eq!(locker.query(lock, &[&sessions]).await.unwrap().len(), sessions.len());
        locker
    }

    async fn wait_until(&self, rows: &str, count: i64) {
        let patience = Instant::now() + Duration::from_secs(20);
        while self.database.count(rows).await < count {
            assert!(Instant::now() < patience, "fewer than {count} {rows}");
        }
    }

    async fn wait_for_the_cut(&self) {
        let patience = Instant::now() + Duration::from_secs(20);
        while self.wire.is_armed() {
            assert!(Instant::now() < patience, "nobody commits");
            tokio::task::yield_now().await;
        }
    }

    async fn is_sound(&self) {
        let verification = self.ledger.verify(|_| {}).await.unwrap();
        assert!(verification.is_equal(), "{:?}", verification.differences);
    }
}

#[tokio::test]
async fn they_take_fewer_transactions_than_there_are_requests() {
    let scene = Scene::set().await;
    assert_eq!(scene.add_together(async {}).await, [200; VISITORS]);
    assert_eq!(scene.counts().await, ["2"; VISITORS]);
    // Each session began with two events: the start, and its first value.
    let transactions = scene.transactions(3).await;
    assert!((1..5).contains(&transactions), "{transactions} transactions for {VISITORS} requests");
    scene.is_sound().await;
}

/// PostgreSQL soon scans a table of few rows, and a scan in a SERIALIZABLE transaction conflicts with all
/// changes.
#[tokio::test]
async fn they_read_no_table_as_a_whole() {
    let scene = Scene::set().await;
    let other = scene.database.connect().await;
    // With this many rows the planner would rather read all than look a handful up.
    let more = "insert into session_ledger.session (session_id, version, started_at, changed_at, token_hash, head_hash, state)
                select gen_random_uuid(), 1, now(), now(), sha256(''), sha256(''), '' from generate_series(1, 200)";
    other.batch_execute(more).await.unwrap();
    other.batch_execute("vacuum analyze session_ledger.session").await.unwrap();
    // The locks of a transaction outlive it while another is open.
    let open = "begin isolation level serializable; select from session_ledger.migration";
    other.batch_execute(open).await.unwrap();
    assert_eq!(scene.add_together(async {}).await, [200; VISITORS]);
    assert!(scene.transactions(3).await < 5, "they went together");
    let locks = |relation: &str, kind: &str| {
        format!(
            "pg_locks where mode = 'SIReadLock' and relation = '{relation}'::regclass and locktype = '{kind}'"
        )
    };
    assert_eq!(scene.database.count(&locks("session_ledger.session", "relation")).await, 0);
    let looked_up = locks("session_ledger.a_session_is_live_once", "page");
    assert!(scene.database.count(&looked_up).await > 0, "they are to be seen");
}

#[tokio::test]
async fn a_session_that_has_ended_meanwhile_fails_no_other_request() {
    let scene = Scene::set().await;
    let ended = scene.sessions().await[3];
    let end = async { assert!(scene.ledger.end(ended, EndReason::Revoked).await.unwrap()) };
    assert_eq!(scene.add_together(end).await, [200; VISITORS]);
    let counts = scene.counts().await;
    // Its request has run again, and started another session.
    assert_eq!(counts.iter().filter(|count| *count == "2").count(), VISITORS - 1, "{counts:?}");
    assert_eq!(counts.iter().filter(|count| *count == "1").count(), 1, "{counts:?}");
    scene.is_sound().await;
}

#[tokio::test]
async fn a_session_that_somebody_keeps_locked_holds_up_no_other_request() {
    let scene = Scene::set().await;
    let locked = scene.sessions().await[3].as_uuid();
    let locker = scene.database.connect().await;
    locker.batch_execute("begin").await.unwrap();
    let lock = "select from session_ledger.session where session_id = $1 for update";
    locker.query(lock, &[&locked]).await.unwrap();
    let unlock = async {
        let others =
            format!("(select from session_ledger.event where version = 3 limit {VISITORS}) as written");
        let patience = Instant::now() + Duration::from_secs(10);
        while scene.database.count(&others).await < i64::try_from(VISITORS - 1).unwrap() {
            assert!(Instant::now() < patience, "the others wait for the lock");
        }
        locker.batch_execute("rollback").await.unwrap();
    };
    let (statuses, ()) = tokio::join!(scene.add_together(async {}), unlock);
    assert_eq!(statuses, [200; VISITORS]);
    assert_eq!(scene.counts().await, ["2"; VISITORS]);
    scene.is_sound().await;
}

/// One that is changed in two processes at a time would make each group fail that it goes with.
#[tokio::test]
async fn a_session_that_has_lost_a_race_breaks_up_no_groups() {
    let scene = Scene::set().await;
    let changed = scene.visitors[0].of(&Scene::shop(
        &Ledger::builder(scene.database.config()).connect().await.unwrap(),
        &scene.all,
        &scene.go,
    ));
    let change = async { assert_eq!(changed.get("/add").await.status, 200) };
    assert_eq!(scene.add_together(change).await, [200; VISITORS]);
    let lost = "session_ledger.session where version = 4";
    assert_eq!(scene.database.count(lost).await, 1, "its request has run again");

    let query = format!("select session_id from {lost}");
    let id = scene.database.connect().await.query_one(&query, &[]).await.unwrap();
    let locker = scene.lock(&[SessionId::from(id.get::<_, uuid::Uuid>(0))]).await;
    let unlock = async {
        // The others' events, and the one that it has written before.
        let written = i64::try_from(VISITORS).unwrap();
        scene.wait_until("session_ledger.event where version = 4", written).await;
        locker.batch_execute("rollback").await.unwrap();
    };
    let (statuses, ()) = tokio::join!(scene.add_together(async {}), unlock);
    assert_eq!(statuses, [200; VISITORS]);
    let transactions = scene.transactions(4).await;
    assert!((2..6).contains(&transactions), "{transactions} transactions: the others went together");
    scene.is_sound().await;
}

/// Where each request comes to another process, what a process knows of a session is old.
#[tokio::test]
async fn a_known_session_that_has_changed_elsewhere_breaks_up_no_group_of_those_that_load() {
    let scene = Scene::set().await;
    let ledger = Ledger::builder(scene.database.config()).connect().await.unwrap();
    let other = Scene::shop(&ledger, &scene.all, &scene.go);
    let visitors: Vec<Visitor> = scene.visitors.iter().map(|visitor| visitor.of(&other)).collect();
    // The other process knows the first session alone, as it was before this one changed it.
    for visitor in [&visitors[0], &scene.visitors[0]] {
        assert_eq!(visitor.post("/add", "").await.status, 200);
    }
    let adding = visitors.iter().map(|visitor| visitor.post("/together/0", ""));
    let leading = async {
        scene.all.wait().await;
        scene.go[0].add_permits(VISITORS);
    };
    let (answers, ()) = tokio::join!(join_all(adding), leading);
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(scene.database.count("session_ledger.session where version = 5").await, 1, "it ran again");
    // One wrote the first session's third event, before.
    let transactions = scene.transactions(3).await;
    assert!((2..6).contains(&transactions), "{transactions} transactions: the others went together");
    scene.is_sound().await;
}

/// The rows of two sessions are locked, so that COMMITs are already under way. The others' changes then go
/// together, and their COMMIT is cut.
#[tokio::test]
async fn after_a_cut_each_finds_out_what_became_of_its_change() {
    let scene = Scene::set().await;
    for (nth, cut) in [Cut::Before, Cut::After, Cut::Unnoticed, Cut::Unanswered].into_iter().enumerate() {
        let locker = scene.lock(&scene.sessions().await[..2]).await;
        let first = join_all(scene.visitors[..2].iter().map(|visitor| visitor.get("/together/0")));
        let others = join_all(scene.visitors[2..].iter().map(|visitor| visitor.get("/together/1")));
        let leading = async {
            scene.all.wait().await;
            scene.go[0].add_permits(2);
            scene.wait_until(WAITING, 2).await;
            scene.wire.cut_next_commit(cut);
            scene.go[1].add_permits(VISITORS - 2);
            // The first ones need not wait for the others: a request waits no longer than it may.
            scene.wait_for_the_cut().await;
            locker.batch_execute("rollback").await.unwrap();
        };
        let (first, others, ()) = tokio::join!(first, others, leading);
        let answers: Vec<Answer> = first.into_iter().chain(others).collect();
        assert!(answers.iter().all(|answer| answer.status == 200), "{cut:?}: {answers:?}");
        assert!(!scene.wire.is_armed(), "{cut:?}: the cut has happened");
        assert_eq!(scene.counts().await, [(nth + 2).to_string().as_str(); VISITORS], "{cut:?}");
        scene.is_sound().await;
    }
}

#[tokio::test]
async fn two_that_change_one_session_both_succeed() {
    let scene = Scene::set().await;
    // Through two middlewares, which know nothing of each other's requests.
    let other = Scene::shop(&scene.ledger, &scene.all, &scene.go);
    let [first, second] = [scene.visitors[0].clone(), scene.visitors[0].of(&other)];
    let visitors = [vec![first, second], scene.visitors[2..].to_vec()].concat();
    let scene = Scene { visitors, ..scene };
    assert_eq!(scene.add_together(async {}).await, [200; VISITORS]);
    let counts = scene.counts().await;
    assert_eq!(counts[..2], ["3", "3"]);
    assert_eq!(counts[2..], ["2"; VISITORS - 2]);
    scene.is_sound().await;
    drop(scene.shop);
}
