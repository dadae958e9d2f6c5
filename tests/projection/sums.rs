//! The verification fetches the rows of those ranges alone whose sums differ.

use session_ledger::Ledger;
use session_ledger::ledger::{Finding, RebuildOptions, Verification};
use session_ledger::session::Policy;
use test_support::{Database, Wire};
use tokio_postgres::Client;

use super::population::{Population, crowd};

/// How many rows a range has.
const RANGE: u64 = 1000;

/// A ledger with a row for each of so many sessions. The server takes the log for a large one: so a sample
/// meets no page, and the whole is one stretch, of several ranges.
async fn crowded(database: &Database, sessions: u64) -> Client {
    let client = database.connect().await;
    crowd(&client, usize::try_from(sessions).unwrap()).await;
    let ledger = database.ledger(Policy::default()).await;
    ledger.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.unwrap();
    let large = "update pg_class set reltuples = 1e15
                  where oid in (select inhrelid from pg_inherits where inhparent = 'session_ledger.event'::regclass)";
    client.batch_execute(large).await.unwrap();
    client
}

async fn verify(ledger: &Ledger) -> Verification {
    ledger.verify(|_| {}).await.unwrap()
}

fn findings(verification: &Verification) -> Vec<&Finding> {
    verification.differences.iter().map(|one| &one.finding).collect()
}

/// What comes over the wire for sound tables is the log, and a sum of 32 bytes for each table and range.
#[tokio::test]
async fn of_equal_tables_no_row_is_fetched_and_of_a_wrong_row_its_range_alone() {
    const SESSIONS: u64 = 1_500;
    const AGENT: usize = 2_000;
    let database = Database::fresh().await;
    let client = crowded(&database, SESSIONS).await;
    let wire = Wire::prompt(&database.config());
    let ledger = Ledger::builder(wire.config()).connect().await.unwrap();
    let verify_after = async |change: &str| {
        client.batch_execute(change).await.unwrap();
        let before = wire.traffic();
        let verification = verify(&ledger).await;
        (verification, (wire.traffic() - before).received)
    };

    let (equal, bytes) = verify_after("").await;
    assert!(equal.is_equal() && equal.rows_compared == 0, "{equal:?}");

    let nth = |nth: u64| {
        format!("(select session_id from session_ledger.session order by session_id offset {nth} limit 1)")
    };
    let wrong =
        format!("update session_ledger.session set user_id = 'mallory' where session_id = {}", nth(700));
    let (one, bytes_of_one) = verify_after(&wrong).await;
    assert_eq!(one.rows_compared, RANGE);
    assert!(matches!(findings(&one)[..], [Finding::ColumnDiffers { column: "user_id", .. }]));

    let gone = format!("delete from session_ledger.session where session_id = {}", nth(SESSIONS - 1));
    let (two, _) = verify_after(&gone).await;
    assert_eq!(two.rows_compared, SESSIONS - 1, "two ranges, without the row that has gone");
    assert!(matches!(findings(&two)[..], [_, Finding::RowMissing { table: "session" }]));

    let large = format!("update session_ledger.session set user_agent = repeat('x', {AGENT})");
    let (all, bytes_of_all) = verify_after(&large).await;
    assert_eq!((all.rows_compared, all.differences_total), (SESSIONS - 1, SESSIONS + 1));
    println!("received: {bytes} bytes; one wrong row: {bytes_of_one}; all wrong, and large: {bytes_of_all}");
    assert!(bytes < bytes_of_one && bytes_of_one < bytes_of_all);
    assert!(bytes_of_all > bytes + SESSIONS as usize * AGENT);

    ledger.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.unwrap();
    let (equal, _) = verify_after("").await;
    assert!(equal.is_equal() && equal.rows_compared == 0, "{equal:?}");
}

/// A sum that did not heed the order would not see that two rows have exchanged their values.
#[tokio::test]
async fn values_that_rows_or_columns_have_exchanged_are_found() {
    let exchanges = [
        (
            "update session_ledger.session as one
             set user_agent = other.user_agent
            from (values ('Mozilla/5.0', 'Lynx'), ('Lynx', 'Mozilla/5.0')) as other (had, user_agent)
           where one.user_agent = other.had",
            "user_agent",
        ),
        (
            "update session_ledger.login_step set user_id = actor, actor = user_id where actor is not null",
            "actor",
        ),
        (
            "update session_ledger.ended_session set user_id = null, ended_by = user_id where ended_by is null and user_id is not null",
            "ended_by",
        ),
    ];
    for (exchange, column) in exchanges {
        let database = Database::fresh().await;
        let population = Population::settle(&database).await;
        let client = database.connect().await;
        assert_eq!(verify(&population.ledger).await.rows_compared, 0);
        let change = format!(
            "update session_ledger.session set user_agent = 'Lynx' where session_id = '{}'",
            population.session("anonymous")
        );
        if column == "user_agent" {
            client.batch_execute(&change).await.unwrap();
        }
        client.batch_execute(exchange).await.unwrap();
        let found = verify(&population.ledger).await;
        let is_about = |one: &&Finding| match one {
            Finding::ColumnDiffers { column: found, .. } | Finding::LoginDiffers { column: found, .. } => {
                *found == column
            }
            _ => false,
        };
        assert!(findings(&found).iter().any(is_about), "{exchange}: {:?}", found.differences);
    }
}
