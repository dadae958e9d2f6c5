//! Promises about the databases that tests get.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use test_support::Database;

#[tokio::test]
async fn a_fresh_database_is_migrated_and_empty() {
    let database = Database::fresh().await;
    let row =
        database.connect().await.query_one("select count(*) from session_ledger.event", &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn databases_of_two_tests_do_not_meet() {
    let (one, other) = tokio::join!(Database::fresh(), Database::fresh());
    one.connect().await.batch_execute("create table only_here ()").await.unwrap();
    let other = other.connect().await;
    let row = other.query_one("select to_regclass('only_here') is null", &[]).await.unwrap();
    assert!(row.get::<_, bool>(0));
}
