//! Who can do what to a ledger, and whether anybody notices: one test for each attempt.
//!
//! | module | the attempt |
//! |---|---|
//! | `refused` | is refused by the database |
//! | `projection`, `log`, `times`, `around` | is done, and found by the verification |
//! | `unseen` | is done, and cannot be found without an anchor outside the database: a verification says so |
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod around;
mod forgery;
mod log;
mod projection;
mod refused;
mod times;
mod unseen;

use session_ledger::Ledger;
use session_ledger::ledger::{Finding, Verification};
use session_ledger::session::{Policy, SessionId};
use session_ledger::web::Sessions;
use test_support::{Database, Visitor, application, key_ring};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

const RUNTIME: &str = "session_ledger_runtime";
const RELAY: &str = "session_ledger_relay";
const OPERATOR: &str = "session_ledger_operator";

/// A ledger that an application has written.
struct Scene {
    database: Database,
    ledger: Ledger,
    /// A session of alice, live, with several events.
    live: SessionId,
    /// A session of bob, logged out.
    ended: SessionId,
}

impl Scene {
    async fn set() -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(Policy::default()).await;
        let shop = application(Sessions::new(ledger.clone(), key_ring()));
        let live = walk(&shop, &database, "/add /login/alice /add /renew /add").await;
        let ended = walk(&shop, &database, "/add /login/bob /add /logout").await;
        let scene = Self { database, ledger, live, ended };
        assert!(scene.verify().await.is_equal(), "{:?}", scene.verify().await);
        scene
    }

    async fn verify(&self) -> Verification {
        self.ledger.verify(|_| {}).await.unwrap()
    }

    /// The findings about a session.
    async fn findings(&self, session: SessionId) -> Vec<Finding> {
        let differences = self.verify().await.differences.into_iter();
        differences.filter(|one| one.session == session).map(|one| one.finding).collect()
    }

    /// Connects with the rights of one role.
    async fn connect(&self, role: &str) -> Client {
        let mut config = self.database.config();
        let (client, connection) = config.options(format!("-c role={role}")).connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Runs a statement with the rights of one role.
    async fn run(&self, role: &str, statement: &str) {
        self.connect(role).await.batch_execute(statement).await.unwrap();
    }

    /// Runs a statement as the owner of the tables, here a superuser, with triggers.
    async fn run_as_owner(&self, statement: &str) {
        self.database.connect().await.batch_execute(statement).await.unwrap();
    }

    /// Runs a statement as a superuser who has switched the triggers off.
    async fn run_without_triggers(&self, statement: &str) {
        let statement = format!("begin; set local session_replication_role = replica; {statement}; commit");
        self.database.connect().await.batch_execute(&statement).await.unwrap();
    }

    /// Changes one event of the live session as such a superuser.
    async fn overwrite(&self, version: i64, change: &str) {
        let session = self.live;
        let update = format!(
            "update session_ledger.event set {change} where session_id = '{session}' and version = {version}"
        );
        self.run_without_triggers(&update).await;
    }
}

/// A visitor's walk; returns the session that it has written.
async fn walk(shop: &test_support::App, database: &Database, paths: &str) -> SessionId {
    let visitor = Visitor::new(shop);
    for path in paths.split(' ') {
        assert!(visitor.get(path).await.status.is_success(), "{path}");
    }
    let latest = "select session_id from session_ledger.event order by transaction_id desc limit 1";
    SessionId::from(database.connect().await.query_one(latest, &[]).await.unwrap().get::<_, Uuid>(0))
}
