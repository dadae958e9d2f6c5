//! An application beside diesel: its promises, and the trips that they cost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use beside_diesel::{application, is_live};
use diesel::sql_query;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use session_ledger::ledger::tokio_postgres::Config;
use session_ledger::ledger::tokio_postgres::config::Host;
use session_ledger::session::EndReason;
use session_ledger::test::{Application, Database, Visitor, key_ring};
use session_ledger::{Ledger, Sessions};
use test_support::Wire;

struct Scene {
    shop: Application,
    ledger: Ledger,
    pool: Pool<AsyncPgConnection>,
    database: Database,
}

async fn scene() -> Scene {
    let database = Database::fresh().await;
    let config = database.config();
    scene_at(database, &config).await
}

async fn scene_at(database: Database, config: &Config) -> Scene {
    let table = "create table orders (number uuid primary key, who text not null, items text[] not null)";
    database.connect().await.batch_execute(table).await.unwrap();
    let ledger = Ledger::builder(config.clone()).connect().await.unwrap();
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new(address(config));
    let pool = Pool::builder(manager).max_size(4).build().unwrap();
    let sessions = Sessions::new(ledger.clone(), key_ring());
    let shop = Application::new(application(pool.clone(), sessions.clone()), &sessions);
    Scene { shop, ledger, pool, database }
}

/// The same address as text.
fn address(config: &Config) -> String {
    let host = match &config.get_hosts()[0] {
        Host::Unix(folder) => folder.display().to_string(),
        Host::Tcp(host) => host.clone(),
    };
    let quoted = |value: &str| format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"));
    let password = config.get_password().map_or("", |password| std::str::from_utf8(password).unwrap());
    format!(
        "host={} port={} user={} dbname={} password={}",
        quoted(&host),
        config.get_ports()[0],
        quoted(config.get_user().unwrap()),
        quoted(config.get_dbname().unwrap()),
        quoted(password),
    )
}

async fn customer(scene: &Scene) -> Visitor {
    let alice = scene.shop.signed_in_as("alice").await;
    assert_eq!(alice.post("/add", "").await.status, 200);
    alice
}

#[tokio::test]
async fn what_must_commit_with_the_session_goes_through_tx_and_reads_through_the_pool() {
    let scene = scene().await;
    let alice = customer(&scene).await;
    assert_eq!(alice.post("/order", "").await.status, 200);
    assert_eq!(alice.get("/orders").await.body, "teapot");
}

#[tokio::test]
async fn a_diesel_transaction_commits_while_its_session_lives() {
    let scene = scene().await;
    let alice = customer(&scene).await;
    assert_eq!(alice.post("/order-by-diesel", "").await.status, 200);
    assert_eq!(alice.get("/orders").await.body, "teapot");
}

/// The two tabs order one cart. Whichever way they meet, it is ordered once.
#[tokio::test]
async fn a_cart_that_is_ordered_twice_at_once_is_ordered_once() {
    let scene = scene().await;
    for _ in 0..10 {
        let alice = customer(&scene).await;
        let before = scene.database.count("orders").await;
        let tab = alice.clone();
        tokio::join!(alice.post("/order-by-diesel", ""), tab.post("/order-by-diesel", ""));
        assert_eq!(scene.database.count("orders").await, before + 1);
    }
}

#[tokio::test]
async fn a_diesel_transaction_is_told_that_its_session_has_ended() {
    let scene = scene().await;
    customer(&scene).await;
    let session = scene.ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    let mut connection = scene.pool.get().await.unwrap();
    let placed = connection.transaction(async |connection| {
        let insert = "insert into orders values (gen_random_uuid(), 'alice', '{teapot}')";
        sql_query(insert).execute(connection).await?;
        assert!(scene.ledger.end(session, EndReason::Revoked).await.unwrap());
        match is_live(connection, Some(session)).await? {
            true => Ok(()),
            false => Err(diesel::result::Error::RollbackTransaction),
        }
    });
    assert_eq!(placed.await, Err(diesel::result::Error::RollbackTransaction));
    assert_eq!(scene.database.count("orders").await, 0);
}

/// Counted on the wire, of a session that the process knows, the library's own way first. With diesel: BEGIN,
/// INSERT, the fence, COMMIT and the session's change, and what diesel adds: it tries each connection before
/// it lends it, and prepares what is given as text each time.
#[tokio::test]
async fn an_order_by_diesel_takes_six_trips_more() {
    let database = Database::fresh().await;
    let wire = Wire::to(&database.config());
    let scene = scene_at(database, &wire.config()).await;
    let alice = customer(&scene).await;
    let mut trips = Vec::new();
    for path in ["/order", "/order", "/order-by-diesel", "/order-by-diesel"] {
        alice.post("/add", "").await;
        let before = wire.trips();
        assert_eq!(alice.post(path, "").await.status, 200, "{path}");
        trips.push(wire.trips() - before);
    }
    assert_eq!((trips[1], trips[3]), (2, 8), "{trips:?}");
}
