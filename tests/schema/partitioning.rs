//! The partitions of the log.

use session_ledger::Ledger;
use session_ledger::session::SessionId;
use test_support::Database;
use time::OffsetDateTime;
use tokio_postgres::Client;
use uuid::Uuid;

use super::{record, session, session_of};

async fn partition_of(client: &Client, session: SessionId) -> String {
    let partition = "select tableoid::regclass::text from session_ledger.event where session_id = $1";
    client.query_one(partition, &[&session.as_uuid()]).await.unwrap().get(0)
}

/// The name of the partition of the month that is this far ahead.
pub(super) async fn partition_ahead(client: &Client, months: i32) -> String {
    let name = "select 'session_ledger.event_' || to_char((now() at time zone 'UTC') + $1 * interval '1 month', 'YYYY_MM')";
    client.query_one(name, &[&f64::from(months)]).await.unwrap().get(0)
}

#[tokio::test]
async fn the_coming_twelve_months_have_partitions() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    for months in 0..=12 {
        let name = partition_ahead(&client, months).await;
        let there = client.query_one("select to_regclass($1) is not null", &[&name]).await.unwrap();
        assert!(there.get::<_, bool>(0), "{name}");
    }
    let count = "select count(*) from pg_inherits where inhparent = 'session_ledger.event'::regclass";
    assert_eq!(client.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 14);
}

#[tokio::test]
async fn a_session_is_kept_in_the_month_of_its_start() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let (now, this_month) = (session(), partition_ahead(&client, 0).await);
    record(&client, now).await.unwrap();
    assert_eq!(partition_of(&client, now).await, this_month);

    let bounds =
        "select session_ledger.first_session_id(date_trunc('month', now(), 'UTC') + interval '1 month')";
    let next: Uuid = client.query_one(bounds, &[]).await.unwrap().get(0);
    let (first, last) = (SessionId::from(next), SessionId::from(Uuid::from_u128(next.as_u128() - 1)));
    record(&client, first).await.unwrap();
    record(&client, last).await.unwrap();
    assert_eq!(partition_of(&client, first).await, partition_ahead(&client, 1).await);
    assert_eq!(partition_of(&client, last).await, this_month);
}

#[tokio::test]
async fn ids_outside_all_months_are_kept_too() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let far = OffsetDateTime::now_utc() + time::Duration::days(1000);
    let outside = [SessionId::from_bytes([0; 16]), SessionId::from_bytes([0xff; 16]), session_of(far)];
    for id in outside {
        record(&client, id).await.unwrap();
        assert_eq!(partition_of(&client, id).await, "session_ledger.event_otherwise");
    }
}

#[tokio::test]
async fn a_migration_makes_the_months_that_are_missing() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let last = partition_ahead(&client, 12).await;
    client.batch_execute(&format!("drop table {last}")).await.unwrap();
    assert_eq!(Ledger::migrate(&database.config()).await.unwrap().partitions, 1);
    let id = session_of(OffsetDateTime::now_utc() + time::Duration::days(2));
    record(&client, id).await.unwrap();
    client.batch_execute(&format!("select from {last}")).await.unwrap();
}

/// Nobody migrated for a year, and the application went on.
#[tokio::test]
async fn a_month_whose_sessions_went_elsewhere_does_not_stop_a_migration() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let this_month = partition_ahead(&client, 0).await;
    let next_month = partition_ahead(&client, 1).await;
    client.batch_execute(&format!("drop table {this_month}, {next_month}")).await.unwrap();
    let id = session();
    record(&client, id).await.unwrap();
    assert_eq!(Ledger::migrate(&database.config()).await.unwrap().partitions, 1);
    assert_eq!(partition_of(&client, id).await, "session_ledger.event_otherwise");
    client.batch_execute(&format!("select from {next_month}")).await.unwrap();
}
