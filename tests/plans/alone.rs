//! Statements of an append whose BEGIN was lost, cancelled or refused write nothing.

use test_support::Database;
use tokio_postgres::error::SqlState;

use super::{filling, statement};

#[tokio::test]
async fn an_append_outside_of_a_transaction_writes_nothing() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    filling::fill(&client).await;
    let prepared = [("append", statement("append.sql")), ("append_event", statement("append_event.sql"))];
    for (name, text) in prepared {
        client.batch_execute(&format!("prepare {name} as {text}")).await.unwrap();
    }
    let row =
        "select format('%L, %s, %s, %L, now(), null, null, null, null, null, %L, null, %L, null, null, null, %L, null',
                             session_id, version, version + 2, started_at, token_hash, head_hash, state),
                      format('%L, %s', session_id, version + 2), head_hash::text
                 from session_ledger.session limit 1";
    let row = client.query_one(row, &[]).await.unwrap();
    let (row, place, hash): (&str, &str, &str) = (row.get(0), row.get(1), row.get(2));
    let event = format!(
        "gen_random_uuid(), 'value_set', 1::smallint, null, null, null, null, now(), '', '{hash}', null"
    );
    let append = format!("execute append({row}, {event}, null, null)");
    let append_event = format!("execute append_event({place}, {event})");
    let count = "select count(*) from session_ledger.event";
    let events = |row: tokio_postgres::Row| row.get::<_, i64>(0);
    let before = events(client.query_one(count, &[]).await.unwrap());

    let refused = client.batch_execute(&append).await.unwrap_err();
    client.batch_execute(&append_event).await.unwrap();
    assert_eq!(refused.code(), Some(&SqlState::DIVISION_BY_ZERO));
    assert_eq!(events(client.query_one(count, &[]).await.unwrap()), before);

    let whole = format!("begin isolation level serializable; {append}; {append_event}; commit");
    client.batch_execute(&whole).await.unwrap();
    assert_eq!(events(client.query_one(count, &[]).await.unwrap()), before + 2);
}
