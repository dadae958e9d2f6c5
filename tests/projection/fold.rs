//! What the code of another version would read otherwise than the tables say: asked before its release.

use session_ledger::Ledger;
use session_ledger::ledger::{Finding, SchemaError, StartError, Verification};
use session_ledger::session::DecodeError;
use test_support::Database;

use super::population::Population;
use super::tampering::overwrite;

async fn fold(ledger: &Ledger) -> Verification {
    ledger.verify_fold(|_| {}).await.unwrap()
}

#[tokio::test]
async fn sessions_that_are_read_otherwise_are_named_and_damage_is_another_matter() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let (otherwise, unreadable) = (population.session("anonymous"), population.session("logged in"));
    let damaged = population.session("with a note");
    let client = database.connect().await;
    assert_eq!(fold(&population.ledger).await.differences, []);

    // As if another version had made the rows.
    let change =
        format!("update session_ledger.session set user_agent = null where session_id = '{otherwise}'");
    client.batch_execute(&change).await.unwrap();
    overwrite(&client, unreadable, "payload = '\\xff' where version = 2").await;
    overwrite(&client, damaged, "recorded_at = '2001-01-01', hash = hash where version = 1").await;
    client.batch_execute("drop trigger the_log_is_never_emptied on session_ledger.event").await.unwrap();
    let whole = population.ledger.verify(|_| {}).await.unwrap();
    assert!(whole.differences.iter().any(|one| one.session == damaged) && !whole.irregularities.is_empty());

    let found = fold(&population.ledger).await;
    let error = DecodeError::Malformed { what: "value_set".into(), shape: 2 };
    let about: Vec<_> = found.differences.iter().map(|one| (one.session, one.finding.clone())).collect();
    let agent = Finding::ColumnDiffers {
        table: "session",
        column: "user_agent",
        stored: "null".to_owned(),
        derived: "Mozilla/5.0".to_owned(),
    };
    assert_eq!(about, [(otherwise, agent), (unreadable, Finding::Undecodable { version: 2, error })]);
    assert_eq!((found.differences_total, found.irregularities.len()), (2, 0));
    assert_eq!((found.sessions, found.unknown_events), (whole.sessions, whole.unknown_events));
}

#[tokio::test]
async fn a_database_that_lacks_the_migrations_of_the_new_version_is_read() {
    let database = Database::fresh().await;
    drop(Population::settle(&database).await);
    let client = database.connect().await;
    let older = "delete from session_ledger.migration where version > 22;
                 drop table session_ledger.rebuilt_session, session_ledger.job_lease, session_ledger.projection";
    client.batch_execute(older).await.unwrap();
    let refused = Ledger::builder(database.config()).without_requests().connect().await.unwrap_err();
    assert!(matches!(refused, StartError::Schema(SchemaError::Older { found: 22, .. })), "{refused}");

    let builder = Ledger::builder(database.config()).without_requests().without_schema_check();
    let found = fold(&builder.connect().await.unwrap()).await;
    assert!(found.is_equal(), "{:?}", found.differences);
    assert!(found.sessions > 20 && found.rows_compared == 0);
}
