//! Migrations.

use session_ledger::Ledger;
use session_ledger::ledger::{Migrated, SchemaError, StartError};
use test_support::Database;

/// The numbers of the migrations, in order.
fn migrations() -> Vec<u32> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schema");
    let names =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let number = |name: String| name.strip_prefix('V')?.split_once("__")?.0.parse().ok();
    let mut numbers: Vec<u32> = names.filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

async fn unmigrated() -> Database {
    let database = Database::fresh().await;
    database.connect().await.batch_execute("drop schema session_ledger cascade").await.unwrap();
    database
}

/// The error when a ledger does not start.
async fn refusal(database: &Database) -> String {
    let refused = Ledger::builder(database.config()).connect().await.unwrap_err();
    assert!(matches!(refused, StartError::Schema(_)), "{refused:?}");
    refused.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_migrate_at_once_both_succeed() {
    let database = unmigrated().await;
    let both: Vec<_> = (0..2)
        .map(|_| {
            let config = database.config();
            tokio::spawn(async move { Ledger::migrate(&config).await })
        })
        .collect();
    let mut applied = Vec::new();
    for migration in both {
        applied.extend(migration.await.unwrap().unwrap().applied);
    }
    assert_eq!(applied.len(), migrations().len(), "{applied:?}");
    Ledger::builder(database.config()).connect().await.unwrap();
}

#[tokio::test]
async fn a_second_migration_does_nothing() {
    let database = unmigrated().await;
    let first = Ledger::migrate(&database.config()).await.unwrap();
    assert_eq!((first.applied.len(), first.partitions), (migrations().len(), 13));
    assert_eq!(first.applied[2], "V3__event");
    assert_eq!(Ledger::migrate(&database.config()).await.unwrap(), Migrated::default());
}

#[tokio::test]
async fn a_database_that_was_never_migrated_is_refused_with_what_to_run() {
    let database = unmigrated().await;
    let newest = migrations().pop().unwrap();
    assert_eq!(
        refusal(&database).await,
        format!(
            "the database's schema is at version 0, this library needs {newest}: run `projector migrate`"
        )
    );
}

#[tokio::test]
async fn an_older_database_is_refused_with_what_to_run() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let [.., before, newest] = migrations()[..] else { panic!("there are migrations") };
    let older = format!("delete from session_ledger.migration where version = {newest}");
    client.batch_execute(&older).await.unwrap();
    assert_eq!(
        refusal(&database).await,
        format!(
            "the database's schema is at version {before}, this library needs {newest}: run `projector migrate`"
        )
    );
}

#[tokio::test]
async fn a_newer_database_is_refused_with_what_to_deploy() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let newer = "insert into session_ledger.migration (version, name, applied_on, checksum)
        values (99, 'later', now()::text, '1')";
    client.batch_execute(newer).await.unwrap();
    let newest = migrations().pop().unwrap();
    let told = format!(
        "the database's schema is at version 99, newer than the {newest} that this library knows: deploy the \
         session-ledger version that migrated it, or a later one"
    );
    assert_eq!(refusal(&database).await, told);
    assert_eq!(Ledger::migrate(&database.config()).await.unwrap_err().to_string(), told);
}

#[tokio::test]
async fn a_migration_that_was_changed_is_refused() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    client
        .batch_execute("update session_ledger.migration set checksum = '1' where version = 3")
        .await
        .unwrap();
    let told = "migration V3 differs from the one that was applied to this database: released migrations are frozen; \
                run a released version of session-ledger";
    assert_eq!(refusal(&database).await, told);
    let refused = Ledger::migrate(&database.config()).await.unwrap_err();
    assert!(matches!(refused, SchemaError::Changed { version: 3 }));
    assert_eq!(refused.to_string(), told);
}

#[tokio::test]
async fn a_refused_migration_does_not_block_the_next_one() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    client.batch_execute("update session_ledger.migration set checksum = checksum || '1'").await.unwrap();
    Ledger::migrate(&database.config()).await.unwrap_err();
    client
        .batch_execute(
            "update session_ledger.migration set checksum = substr(checksum, 1, length(checksum) - 1)",
        )
        .await
        .unwrap();
    assert_eq!(Ledger::migrate(&database.config()).await.unwrap(), Migrated::default());
}
