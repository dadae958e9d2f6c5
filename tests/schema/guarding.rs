//! Changes of the log that nobody may make, and rows that it refuses.

use session_ledger::session::{ChainHash, SessionId};
use test_support::Database;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::{Refusal, record, record_as, refusal, session};

/// All partitions, each of which now holds an event.
async fn filled_partitions(client: &Client) -> Vec<String> {
    let firsts = "select session_ledger.first_session_id(session_ledger.clock() + n * interval '1 month')
                    from generate_series(0, 13) as n";
    for row in client.query(firsts, &[]).await.unwrap() {
        record(client, SessionId::from(row.get::<_, Uuid>(0))).await.unwrap();
    }
    let filled = "select distinct tableoid::regclass::text from session_ledger.event order by 1";
    client.query(filled, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn even_a_superuser_cannot_rewrite_the_log_or_a_partition() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let partitions = filled_partitions(&client).await;
    assert_eq!(partitions.len(), 14);
    let before = dump(&client).await;
    for table in partitions.iter().map(String::as_str).chain(["session_ledger.event"]) {
        for (verb, statement) in [
            ("UPDATE", format!("update {table} set user_id = 'mallory'")),
            ("DELETE", format!("delete from {table}")),
            ("TRUNCATE", format!("truncate {table}")),
        ] {
            let refused = refusal(&client, &statement).await;
            assert_eq!(refused.code, SqlState::RESTRICT_VIOLATION, "{statement}");
            let told = format!("the log is append-only: {verb} on session_ledger.event");
            assert!(refused.message.starts_with(&told), "{}", refused.message);
            assert!(refused.message.ends_with(" is refused"), "{}", refused.message);
        }
    }
    assert_eq!(dump(&client).await, before);
}

#[tokio::test]
async fn a_refused_rewrite_says_how_events_go() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let error = client.batch_execute("truncate session_ledger.event").await.unwrap_err();
    assert_eq!(
        error.as_db_error().unwrap().hint(),
        Some(
            "Events past their retention go by dropping their partition, clients by `projector retain --clients`."
        )
    );
}

#[tokio::test]
async fn an_upsert_cannot_rewrite_an_event() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let session = session();
    record(&client, session).await.unwrap();
    let upsert = "insert into session_ledger.event select * from session_ledger.event
        on conflict (session_id, version) do update set user_id = 'mallory'";
    assert_eq!(refusal(&client, upsert).await.code, SqlState::RESTRICT_VIOLATION);
}

#[tokio::test]
async fn an_event_at_version_zero_is_refused() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let refused = record_as(&client, session(), 0, &[0; 32]).await.unwrap_err();
    assert_constraint(&Refusal::of(&refused), SqlState::CHECK_VIOLATION, "versions_start_at_one");
}

#[tokio::test]
async fn a_hash_of_another_length_is_refused() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    for length in [0, 31, 33] {
        let refused = record_as(&client, session(), 1, &vec![0; length]).await.unwrap_err();
        assert_constraint(&Refusal::of(&refused), SqlState::CHECK_VIOLATION, "a_hash_has_32_bytes");
    }
    let row = "insert into session_ledger.session (session_id, version, started_at, changed_at, token_hash, head_hash, state)
        values (gen_random_uuid(), 1, now(), now(), 'short', sha256(''), '')";
    let refused = refusal(&client, row).await;
    assert_constraint(&refused, SqlState::CHECK_VIOLATION, "a_hash_has_32_bytes");
}

#[tokio::test]
async fn a_version_is_recorded_once() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    let session = session();
    record(&client, session).await.unwrap();
    let refused = Refusal::of(&record(&client, session).await.unwrap_err());
    let partition: String = client
        .query_one("select tableoid::regclass::text from session_ledger.event", &[])
        .await
        .unwrap()
        .get(0);
    // A partition's constraint has a name of its own.
    let constraint = format!("{}_pkey", partition.trim_start_matches("session_ledger."));
    assert_constraint(&refused, SqlState::UNIQUE_VIOLATION, &constraint);
    record_as(&client, session, 2, ChainHash::default().as_bytes()).await.unwrap();
}

#[tokio::test]
async fn a_session_is_live_once_and_ends_once() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    super::start(&client, "alice").await;
    let twice = "insert into session_ledger.session select * from session_ledger.session";
    assert_constraint(&refusal(&client, twice).await, SqlState::UNIQUE_VIOLATION, "a_session_is_live_once");
    let ended = "insert into session_ledger.ended_session
        select session_id, 1, now(), now(), now(), null, 'revoked', null, '' from session_ledger.session";
    client.batch_execute(ended).await.unwrap();
    assert_constraint(&refusal(&client, ended).await, SqlState::UNIQUE_VIOLATION, "a_session_ends_once");
}

fn assert_constraint(refused: &Refusal, code: SqlState, constraint: &str) {
    assert_eq!((&refused.code, refused.constraint.as_deref()), (&code, Some(constraint)), "{refused:?}");
}

async fn dump(client: &Client) -> Vec<String> {
    let rows = "select to_jsonb(e)::text from session_ledger.event e order by 1";
    client.query(rows, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}
