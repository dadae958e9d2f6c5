//! Writers that conflict with each other: SERIALIZABLE transactions over shared sessions, some rolled back.

use std::sync::Arc;

use session_ledger::session::{EventId, SessionId};
use test_support::{Database, append};
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::noted;

/// The results of all transactions.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) committed: Vec<EventId>,
    pub(super) rolled_back: Vec<EventId>,
}

/// Starts `writers` tasks that run `transactions` each; every fourth rolls back.
pub(super) async fn start(
    database: &Database,
    sessions: Vec<SessionId>,
    writers: usize,
    transactions: usize,
) -> JoinSet<Outcome> {
    let sessions = Arc::new(sessions);
    let mut tasks = JoinSet::new();
    for writer in 0..writers {
        let (client, sessions) = (database.connect().await, sessions.clone());
        tasks.spawn(async move {
            let mut outcome = Outcome::default();
            for nth in 0..transactions {
                let session = sessions[(writer * 5 + nth * 7) % sessions.len()];
                transact(&client, session, nth, &mut outcome).await;
            }
            outcome
        });
    }
    tasks
}

/// One to three events of one session, tried again until they are written.
async fn transact(client: &Client, session: SessionId, nth: usize, outcome: &mut Outcome) {
    let commits = nth % 4 != 3;
    loop {
        client.batch_execute("begin isolation level serializable").await.unwrap();
        let mut events = Vec::new();
        let written = write(client, session, 1 + nth % 3, &mut events).await;
        let finished = match (&written, commits) {
            (Ok(()), true) => client.batch_execute("commit").await,
            _ => client.batch_execute("rollback").await,
        };
        let done = written.is_ok() && finished.is_ok();
        if done && commits {
            outcome.committed.append(&mut events);
            return;
        }
        outcome.rolled_back.append(&mut events);
        if done {
            return;
        }
    }
}

async fn write(
    client: &Client,
    session: SessionId,
    count: usize,
    events: &mut Vec<EventId>,
) -> Result<(), tokio_postgres::Error> {
    const VERSION: &str = "select version from session_ledger.session where session_id = $1";
    let row = client.query_opt(VERSION, &[&session.as_uuid()]).await?;
    let version: i64 = row.map_or(0, |row| row.get(0));
    for nth in 1..=count {
        events.push(append(client, session, version + nth as i64, &noted("written")).await?);
    }
    Ok(())
}
