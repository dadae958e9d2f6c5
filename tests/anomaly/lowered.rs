//! The same statements at a lower isolation level: here the checker must find anomalies.

use std::time::Duration;

use test_support::Database;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

use crate::application::{TABLE, append_to_row, read_row};
use crate::checker::{Anomaly, check};
use crate::cycle::Kind;
use crate::history::List::Row;
use crate::history::{History, Outcome, Step, Transaction};

async fn database() -> Database {
    let database = Database::fresh().await;
    database.connect().await.batch_execute(TABLE).await.unwrap();
    database
}

/// Two transactions under way.
async fn two(database: &Database, isolation: &str) -> [Client; 2] {
    let clients = [database.connect().await, database.connect().await];
    for client in &clients {
        client.batch_execute(&format!("begin isolation level {isolation}")).await.unwrap();
    }
    clients
}

/// The steps of a transaction, and the answer to the last of them or to COMMIT.
fn transaction(steps: &[Step], committed: &Result<(), Error>) -> Transaction {
    let outcome = match committed {
        Ok(()) => Outcome::Committed,
        Err(error) if error.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE) => Outcome::Aborted,
        Err(error) => panic!("{error:?}"),
    };
    Transaction { steps: steps.to_vec(), outcome }
}

async fn history(database: &Database, transactions: Vec<Transaction>) -> History {
    let client = database.connect().await;
    let mut history = History { transactions, ..History::default() };
    for id in [1, 2] {
        history.lists.insert(Row(id), read_row(&client, id).await.unwrap());
    }
    history
}

/// Each reads both lists and appends to another.
async fn write_skew(isolation: &str) -> History {
    let database = database().await;
    let clients = two(&database, isolation).await;
    let mut steps = [Vec::new(), Vec::new()];
    for (client, steps) in clients.iter().zip(&mut steps) {
        for id in [1, 2] {
            steps.push(Step::Read(Row(id), read_row(client, id).await.unwrap()));
        }
    }
    let mut transactions = Vec::new();
    for ((client, steps), id) in clients.iter().zip(&mut steps).zip([1, 2]) {
        steps.push(Step::Append(Row(id), i64::from(id)));
        let mut done = append_to_row(client, id, i64::from(id)).await;
        if done.is_ok() {
            done = client.batch_execute("commit").await;
        }
        transactions.push(transaction(steps, &done));
    }
    history(&database, transactions).await
}

/// Both append to one list; the second has read it before the first commits.
async fn lost_update(isolation: &str) -> History {
    let database = database().await;
    let [one, other] = two(&database, isolation).await;
    append_to_row(&one, 1, 1).await.unwrap();
    let waiting = tokio::spawn(async move {
        append_to_row(&other, 1, 2).await?;
        other.batch_execute("commit").await
    });
    let blocked = "pg_locks where not granted";
    let wait = async { while database.count(blocked).await == 0 {} };
    tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the second waits for the first");
    let first = one.batch_execute("commit").await;
    let second = waiting.await.unwrap();
    let steps = [1, 2].map(|element| [Step::Append(Row(1), element)]);
    history(&database, vec![transaction(&steps[0], &first), transaction(&steps[1], &second)]).await
}

#[tokio::test]
async fn write_skew_below_serializable_is_found() {
    for isolation in ["read committed", "repeatable read"] {
        let history = write_skew(isolation).await;
        assert_eq!(history.count(Outcome::Committed), 2, "{isolation}");
        match &check(&history)[..] {
            [Anomaly::Cycle(cycle)] => {
                println!("{isolation}: {cycle}");
                assert_eq!((cycle.kind, cycle.path.len()), (Kind::G2, 2));
            }
            other => panic!("{isolation}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_lost_update_at_read_committed_is_found() {
    let history = lost_update("read committed").await;
    assert_eq!(history.count(Outcome::Committed), 2);
    assert_eq!(check(&history), [Anomaly::Lost { transaction: 0, list: Row(1), element: 1 }]);
}

#[tokio::test]
async fn at_serializable_neither_happens() {
    for history in [write_skew("serializable").await, lost_update("serializable").await] {
        assert_eq!((history.count(Outcome::Committed), history.count(Outcome::Aborted)), (1, 1));
        assert_eq!(check(&history), []);
    }
}
