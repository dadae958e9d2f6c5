//! Roles and grants are not in a dump, and administrators take away what PUBLIC may do: a migration gives all
//! that is missing.

use private_postgres::{Options, Server};
use session_ledger::Ledger;
use test_support::Database;

use super::{AUDITOR, OPERATOR, RELAY, RUNTIME, ledger, visit};

/// A dump was restored where the roles were missing. The migration said that there was nothing to do, and no
/// application could read a row.
#[tokio::test]
async fn a_migration_gives_back_the_roles_and_rights_that_a_restored_dump_has_lost() {
    // A server of its own, as roles belong to all databases of one.
    let server = Server::start(Options::default()).unwrap();
    let database = Database::on(&server).await;
    let client = database.connect().await;
    for role in [RUNTIME, RELAY, AUDITOR, OPERATOR] {
        client.batch_execute(&format!("drop owned by {role}; drop role {role}")).await.unwrap();
    }
    Ledger::migrate(&database.config()).await.unwrap();
    visit(&database).await;
    assert!(ledger(&database, AUDITOR).await.verify(|_| {}).await.unwrap().is_equal());
}

/// The application connected, and each of its writes was refused.
#[tokio::test]
async fn a_migration_relies_on_nothing_that_public_may_do() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let hardened = "drop schema session_ledger cascade;
                    alter default privileges revoke execute on functions from public;
                    alter default privileges revoke usage on types from public";
    client.batch_execute(hardened).await.unwrap();
    Ledger::migrate(&database.config()).await.unwrap();
    visit(&database).await;
    let relay = ledger(&database, RELAY).await;
    relay.subscription("audit", "test").await.unwrap();
    assert!(ledger(&database, AUDITOR).await.verify(|_| {}).await.unwrap().is_equal());
}
