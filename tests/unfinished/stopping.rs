//! A server that stops on purpose, and goes on later.

use std::process::Command;

use poem::EndpointExt;
use private_postgres::{Options, Server};
use session_ledger::Ledger;
use session_ledger::web::Sessions;
use test_support::{App, Database, app, key_ring};

use crate::scene::{Signs, pages};

/// A ledger on a server of its own.
pub(crate) struct Stopping {
    /// Ends after the connections to it.
    server: Server,
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
    pub(crate) app: App,
    pub(crate) signs: Signs,
}

impl Stopping {
    pub(crate) async fn set() -> Self {
        Self::with_connections(1).await
    }

    pub(crate) async fn with_connections(connections: usize) -> Self {
        let server = Server::start(Options::default()).unwrap();
        let database = Database::on(&server).await;
        let ledger = Ledger::builder(database.config()).connections_max(connections).connect().await.unwrap();
        let signs = Signs::none();
        let app = app(pages(&signs).with(Sessions::new(ledger.clone(), key_ring())));
        Self { server, database, ledger, app, signs }
    }

    /// Stops the server's processes that serve the ledger, so that they answer nothing.
    pub(crate) async fn stop(&self) -> Stopped {
        let client = self.database.connect().await;
        let pids = "select pid from pg_stat_activity where application_name = 'session-ledger'";
        let rows = client.query(pids, &[]).await.unwrap();
        Stopped::of(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Stops the server as a whole, so that it lets nobody in either.
    pub(crate) fn stop_all(&self) -> Stopped {
        let first = self.server.socket_dir().join("data/postmaster.pid");
        let first = std::fs::read_to_string(first).unwrap();
        let first = first.lines().next().unwrap();
        let others = Command::new("ps").args(["-o", "pid=", "--ppid", first]).output().unwrap();
        let others = String::from_utf8(others.stdout).unwrap();
        // The first one starts new processes.
        Stopped::of(
            [first].into_iter().chain(others.split_whitespace()).map(|pid| pid.parse().unwrap()).collect(),
        )
    }
}

/// Server processes that answer nothing until this is dropped.
pub(crate) struct Stopped(pub(crate) Vec<i32>);

impl Stopped {
    fn of(pids: Vec<i32>) -> Self {
        let stopped = Self(pids);
        stopped.signal("-STOP");
        stopped
    }

    fn signal(&self, signal: &str) {
        for pid in &self.0 {
            Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
        }
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        self.signal("-CONT");
    }
}
