//! Appending leaves the indexes of `session` alone.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use private_postgres::{Options, Server};
use test_support::Database;
use time::OffsetDateTime;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use super::{filling, statement};

const APPENDS: i64 = 2000;
const SESSIONS: i64 = 500;

#[tokio::test]
async fn at_least_99_of_100_appends_are_hot() {
    // A server of its own: a long transaction in any database keeps old rows from being removed.
    let server = Server::start(Options::default()).unwrap();
    let database = Database::on(&server).await;
    let client = database.connect().await;
    filling::fill(&client).await;
    let sessions = "select session_id from one where n <= 20000 order by md5(n::text || '!') limit $1";
    let sessions: Vec<Uuid> =
        client.query(sessions, &[&SESSIONS]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let append = client.prepare(&statement("append.sql")).await.unwrap();
    let before = updates(&client).await;

    for round in 0..APPENDS / SESSIONS {
        for session in &sessions {
            append_one(&client, &append, *session, 4 + round).await;
        }
    }

    let (all, hot) = wait_for_updates(&client, before.0 + APPENDS).await;
    let (all, hot) = (all - before.0, hot - before.1);
    assert_eq!(all, APPENDS);
    assert!(hot * 100 >= all * 99, "{hot} of {all} updates were HOT");
}

/// Appends an event as a request does that changes as many columns as it can without a login.
async fn append_one(client: &Client, append: &Statement, session: Uuid, version: i64) {
    let row = "select user_id, started_at from session_ledger.session where session_id = $1";
    let row = client.query_one(row, &[&session]).await.unwrap();
    let (user, started_at): (Option<&str>, OffsetDateTime) = (row.get(0), row.get(1));
    let (now, hash, none) = (OffsetDateTime::now_utc(), vec![7_u8; 32], None::<&str>);
    let payload = vec![1_u8; 40];
    let state = vec![9_u8; 200];
    let parameters: [&(dyn ToSql + Sync); 31] = [
        &session,
        &version,
        &(version + 1),
        &started_at,
        &now,
        &Some(now),
        &Some(now),
        &Some(now),
        &Some(600),
        &Some(true),
        &hash,
        &Some(hash.clone()),
        &hash,
        &user,
        &Some(IpAddr::from([192, 0, 2, 1])),
        &"Visitor/1.0",
        &state,
        &None::<Vec<u8>>,
        &Uuid::new_v4(),
        &"value_set",
        &1_i16,
        &none,
        &none,
        &None::<IpAddr>,
        &none,
        &now,
        &payload,
        &hash,
        &None::<Vec<u8>>,
        &None::<i16>,
        &None::<Vec<u8>>,
    ];
    client.batch_execute("begin isolation level serializable").await.unwrap();
    let appended = client.query_one(append, &parameters).await.unwrap();
    client.batch_execute("commit").await.unwrap();
    assert_eq!(appended.get::<_, i64>(0), 1);
}

/// The number of updates of `session`, and of the HOT ones among them.
async fn updates(client: &Client) -> (i64, i64) {
    let counts = "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables
        where relid = 'session_ledger.session'::regclass";
    let row = client.query_one(counts, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

/// A connection reports its counts about once a second, behind a statement.
async fn wait_for_updates(client: &Client, wanted: i64) -> (i64, i64) {
    let since = Instant::now();
    loop {
        let counted = updates(client).await;
        if counted.0 >= wanted || since.elapsed() > Duration::from_secs(30) {
            return counted;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
