//! Roles and grants are not in a dump, and administrators take away what PUBLIC may do: a migration gives all
//! that is missing.

use private_postgres::{Options, Server};
use session_ledger::Ledger;
use session_ledger::ledger::{Mended, Migrated, Unmended};
use test_support::Database;
use tokio_postgres::error::SqlState;

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
    let migrated = Ledger::migrate(&database.config()).await.unwrap();
    let made = [AUDITOR, OPERATOR, RELAY, RUNTIME].map(|name| Mended::Role { name: name.to_owned() });
    assert_eq!(migrated.mended, [&made[..], &[Mended::Rights]].concat());
    assert_eq!(Ledger::migrate(&database.config()).await.unwrap(), Migrated::default());
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

#[tokio::test]
async fn a_migration_puts_guards_back_and_leaves_what_it_may_not_mend() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let month = "select 'event_' || to_char(now() at time zone 'UTC', 'YYYY_MM'), to_char(now(), 'YYYY-MM')";
    let row = client.query_one(month, &[]).await.unwrap();
    let (partition, month): (String, String) = (row.get(0), row.get(1));
    let gone = format!(
        "drop trigger an_event_is_never_changed on session_ledger.event;
         alter table session_ledger.event disable trigger the_log_is_never_emptied;
         drop table session_ledger.{partition};
         insert into session_ledger.event
                (session_id, version, event_id, kind, shape, payload, hash, occurred_at)
         values (session_ledger.first_session_id(now()), 1, gen_random_uuid(), 'cleared', 1, '', sha256(''), now());
         create or replace function session_ledger.clock() returns timestamptz
            language sql volatile parallel safe return now()"
    );
    client.batch_execute(&gone).await.unwrap();
    let migrated = Ledger::migrate(&database.config()).await.unwrap();
    let guards = |trigger: &str| {
        let of = |one: &&Mended| matches!(one, Mended::Guard { trigger: name, .. } if name == trigger);
        migrated.mended.iter().filter(of).count()
    };
    // The log and its thirteen partitions; a statement's trigger has no copies.
    assert_eq!((guards("an_event_is_never_changed"), guards("the_log_is_never_emptied")), (14, 1));
    assert_eq!(
        migrated.unmended,
        [Unmended::MonthElsewhere { month }, Unmended::FunctionReplaced { function: "clock" }]
    );
    let refused = client.batch_execute("delete from session_ledger.event").await.unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::RESTRICT_VIOLATION));
    let refused = client.batch_execute("truncate session_ledger.event").await.unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::RESTRICT_VIOLATION));
    let again = Ledger::migrate(&database.config()).await.unwrap();
    assert_eq!((again.mended, again.unmended.len()), (Vec::new(), 2));
}
