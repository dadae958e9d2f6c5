//! Connections that are killed, and backends that stop for a moment.

use std::process::Command;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use test_support::Database;
use tokio::sync::oneshot::Receiver;
use tokio::sync::oneshot::error::TryRecvError;
use tokio_postgres::Client;

/// The trouble made so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trouble {
    pub(crate) kills: usize,
    pub(crate) pauses: usize,
}

/// A backend that is stopped until this is dropped.
struct Paused(i32);

/// Makes trouble until `stop` is dropped. Nobody else may use the server.
pub(crate) async fn make(database: &Database, seed: u64, mut stop: Receiver<()>) -> Trouble {
    let mut rng = StdRng::seed_from_u64(seed);
    let client = database.connect().await;
    let mut trouble = Trouble::default();
    while stop.try_recv() == Err(TryRecvError::Empty) {
        tokio::time::sleep(Duration::from_millis(rng.random_range(20..200))).await;
        let Some(backend) = backend(&client).await else { continue };
        if rng.random_bool(0.5) {
            client.execute("select pg_terminate_backend($1)", &[&backend]).await.unwrap();
            trouble.kills += 1;
        } else if let Some(_paused) = Paused::stop(backend) {
            tokio::time::sleep(Duration::from_millis(rng.random_range(50..200))).await;
            trouble.pauses += 1;
        }
    }
    trouble
}

/// Waits until no connection of the application is at work.
pub(crate) async fn wait_for_calm(database: &Database) {
    let busy = "pg_stat_activity where datname = current_database()
        and application_name = 'session-ledger' and state <> 'idle'";
    let calm = async { while database.count(busy).await > 0 {} };
    tokio::time::timeout(Duration::from_secs(30), calm).await.expect("the connections come to rest");
}

/// A backend of the application, at random; rather one that is at work.
async fn backend(client: &Client) -> Option<i32> {
    let choose = "select pid from pg_stat_activity
        where datname = current_database() and application_name = 'session-ledger'
        order by state <> 'idle' desc, random() limit 1";
    client.query_opt(choose, &[]).await.unwrap().map(|row| row.get(0))
}

impl Paused {
    /// None if the backend is gone by now.
    fn stop(backend: i32) -> Option<Self> {
        signal("-STOP", backend).then_some(Self(backend))
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        signal("-CONT", self.0);
    }
}

fn signal(name: &str, process: i32) -> bool {
    Command::new("kill").args([name, &process.to_string()]).status().is_ok_and(|status| status.success())
}
