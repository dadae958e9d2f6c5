//! Behind a pooler, answers, log and number of round trips are the same as without one. The pooler gives a
//! connection another server with each transaction, and knows no prepared statements.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod lost_answer;
mod races;
mod refusal;
mod trips;
mod walk;

use session_ledger::Ledger;
use session_ledger::web::Sessions;
use test_support::{Database, Pooler, Visitor, application, key_ring};

/// A database and a pooler in front of it.
struct Scene {
    database: Database,
    pooler: Pooler,
}

impl Scene {
    async fn set() -> Self {
        let database = Database::fresh().await;
        let table = "create table purchase (item text primary key)";
        database.connect().await.batch_execute(table).await.unwrap();
        let pooler = Pooler::to(&database).await;
        Self { database, pooler }
    }

    /// A ledger with more connections to the pooler than the pooler has to the server.
    async fn ledger(&self) -> Ledger {
        let builder = Ledger::builder(self.pooler.config()).connections_max(8).unnamed_statements();
        builder.connect().await.unwrap()
    }
}

/// A browser, and the application that it visits.
fn visitor(ledger: &Ledger) -> Visitor {
    Visitor::new(&application(Sessions::new(ledger.clone(), key_ring())))
}
