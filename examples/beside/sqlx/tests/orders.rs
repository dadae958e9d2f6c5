//! An application beside sqlx: its promises, and the trips that they cost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use beside_sqlx::{application, is_live};
use session_ledger::ledger::tokio_postgres::Config;
use session_ledger::ledger::tokio_postgres::config::Host;
use session_ledger::session::{EndReason, Policy};
use session_ledger::test::{Application, Database, Visitor, key_ring};
use session_ledger::{Ledger, Sessions};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use test_support::Wire;

struct Scene {
    shop: Application,
    ledger: Ledger,
    pool: PgPool,
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
    let ledger = Ledger::builder(config.clone()).policy(Policy::default()).connect().await.unwrap();
    // It asks the server nothing before it lends a connection, as the library's own pool does not.
    let pool = PgPoolOptions::new().test_before_acquire(false).max_connections(4);
    let pool = pool.connect_with(options(config)).await.unwrap();
    let sessions = Sessions::new(ledger.clone(), key_ring());
    let shop = Application::new(application(pool.clone(), sessions.clone()), &sessions);
    Scene { shop, ledger, pool, database }
}

/// The same address for the other driver.
fn options(config: &Config) -> PgConnectOptions {
    let options = PgConnectOptions::new_without_pgpass().username(config.get_user().unwrap());
    let options = options.database(config.get_dbname().unwrap()).port(config.get_ports()[0]);
    let options = config
        .get_password()
        .map_or(options.clone(), |password| options.password(std::str::from_utf8(password).unwrap()));
    match &config.get_hosts()[0] {
        Host::Unix(folder) => options.socket(folder),
        Host::Tcp(host) => options.host(host),
    }
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
async fn an_sqlx_transaction_commits_while_its_session_lives() {
    let scene = scene().await;
    let alice = customer(&scene).await;
    assert_eq!(alice.post("/order-by-sqlx", "").await.status, 200);
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
        tokio::join!(alice.post("/order-by-sqlx", ""), tab.post("/order-by-sqlx", ""));
        assert_eq!(scene.database.count("orders").await, before + 1);
    }
}

#[tokio::test]
async fn an_sqlx_transaction_is_told_that_its_session_has_ended() {
    let scene = scene().await;
    customer(&scene).await;
    let session = scene.ledger.sessions(&"alice".into()).await.unwrap()[0].id;
    let mut transaction = scene.pool.begin().await.unwrap();
    let insert = "insert into orders values (gen_random_uuid(), 'alice', '{teapot}')";
    sqlx::query(insert).execute(&mut *transaction).await.unwrap();
    assert!(scene.ledger.end(session, EndReason::Revoked).await.unwrap());
    assert!(!is_live(&mut transaction, Some(session)).await.unwrap());
    transaction.rollback().await.unwrap();
    assert_eq!(scene.database.count("orders").await, 0);
}

/// Counted on the wire, of a session that the process knows, statements prepared, the library's own way
/// first. With sqlx: BEGIN, INSERT, the fence, COMMIT, and the session's change. sqlx asks the server once
/// more when it takes the connection back, which may be before or after the answer.
#[tokio::test]
async fn an_order_by_sqlx_takes_three_trips_more() {
    let database = Database::fresh().await;
    let wire = Wire::to(&database.config());
    let scene = scene_at(database, &wire.config()).await;
    let alice = customer(&scene).await;
    let mut trips = Vec::new();
    for path in ["/order", "/order", "/order-by-sqlx", "/order-by-sqlx"] {
        alice.post("/add", "").await;
        let before = wire.trips();
        assert_eq!(alice.post(path, "").await.status, 200, "{path}");
        trips.push(wire.trips() - before);
    }
    assert_eq!(trips[1], 2, "{trips:?}");
    assert!(matches!(trips[3], 5 | 6), "{trips:?}");
}
