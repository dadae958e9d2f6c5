//! The roles: what each can do, and above all what it cannot.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod duties;
mod matrix;
mod readiness;
mod restored;

use session_ledger::Ledger;
use session_ledger::session::Policy;
use session_ledger::web::Sessions;
use test_support::{Database, Visitor, application, key_ring};
use tokio_postgres::{Client, Config, NoTls};

const RUNTIME: &str = "session_ledger_runtime";
const RELAY: &str = "session_ledger_relay";
const AUDITOR: &str = "session_ledger_auditor";
const ANALYST: &str = "session_ledger_analyst";
const OPERATOR: &str = "session_ledger_operator";

/// Connects with the rights of `role` alone.
async fn connect(database: &Database, role: &str) -> Client {
    let (client, connection) = in_role(database.config(), role).connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn ledger(database: &Database, role: &str) -> Ledger {
    Ledger::builder(in_role(database.config(), role)).without_requests().connect().await.unwrap()
}

fn in_role(mut config: Config, role: &str) -> Config {
    config.options(format!("-c role={role}"));
    config
}

/// Two sessions, one of them ended, written by an application in the role that is meant for it.
async fn visit(database: &Database) {
    let config = in_role(database.config(), RUNTIME);
    let ledger = Ledger::builder(config).policy(Policy::default()).connect().await.unwrap();
    let shop = application(Sessions::new(ledger, key_ring()));
    for last in ["/renew", "/logout"] {
        let visitor = Visitor::new(&shop);
        for path in ["/add", "/login/alice", "/show", last] {
            let answer = visitor.get(path).await;
            assert!(answer.status.is_success(), "{path}: {answer:?}");
        }
    }
}
