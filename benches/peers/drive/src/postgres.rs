//! The one PostgreSQL that all peers share, each with a database of its own.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;

use bench_report::Counters;
use private_postgres::{Crash, Options, Server};
use tokio_postgres::{Client, NoTls};

/// The settings that differ from PostgreSQL's defaults; the results tell them. No checkpoint and no vacuum
/// falls into a slice of one peer: both come between the steps.
pub(crate) const SETTINGS: [(&str, &str); 7] = [
    ("shared_buffers", "1GB"),
    ("max_connections", "200"),
    ("max_pred_locks_per_transaction", "256"),
    ("wal_level", "replica"),
    ("checkpoint_timeout", "1h"),
    ("max_wal_size", "32GB"),
    ("autovacuum", "off"),
];

/// A running server, and a connection that watches it. That connection is to a database of no peer, so that
/// its commits are not counted as theirs.
pub(crate) struct Postgres {
    server: Server,
    watch: Client,
    /// The process whose descendants are the server's processes.
    pub(crate) postmaster: u32,
}

impl Postgres {
    pub(crate) async fn start() -> Result<Self, Box<dyn Error>> {
        let options = SETTINGS
            .iter()
            .fold(Options::new().fsync(true), |options, (name, value)| options.setting(*name, *value));
        let server = Server::start(options)?;
        let watch = connect(&server, "postgres").await?;
        let postmaster = first_process(&server)?;
        Ok(Self { server, watch, postmaster })
    }

    /// Kills it.
    pub(crate) fn crash(&self) -> Result<(), Box<dyn Error>> {
        Ok(self.server.crash(Crash::Kill)?)
    }

    /// Starts it again after a crash.
    pub(crate) async fn start_again(&mut self) -> Result<(), Box<dyn Error>> {
        self.server.start_again()?;
        self.watch = connect(&self.server, "postgres").await?;
        self.postmaster = first_process(&self.server)?;
        Ok(())
    }

    /// Makes a database and returns its address.
    pub(crate) async fn add_database(&self, name: &str) -> Result<String, Box<dyn Error>> {
        self.watch.batch_execute(&format!("create database \"{name}\"")).await?;
        Ok(self.server.connection_string(name))
    }

    /// A connection to the database of a peer.
    pub(crate) async fn connect(&self, name: &str) -> Result<Client, Box<dyn Error>> {
        connect(&self.server, name).await
    }

    /// Leaves every database as after a quiet night: no dirty page, no dead row, fresh statistics. Freezing
    /// comes after the checkpoint, so that pages have been written whole to the WAL and are not again in a
    /// slice.
    pub(crate) async fn tidy_up(&self, databases: &[&str]) -> Result<(), Box<dyn Error>> {
        self.watch.batch_execute("checkpoint").await?;
        for name in databases {
            self.connect(name).await?.batch_execute("vacuum (freeze, analyze)").await?;
        }
        Ok(())
    }

    /// Collects dead rows between the rounds, as autovacuum would.
    pub(crate) async fn sweep(&self, databases: &[&str]) -> Result<(), Box<dyn Error>> {
        for name in databases {
            self.connect(name).await?.batch_execute("vacuum").await?;
        }
        Ok(())
    }

    /// Bytes of WAL written so far.
    pub(crate) async fn wal_bytes(&self) -> Result<i64, Box<dyn Error>> {
        Ok(Counters::read(&self.watch).await?.wal_bytes)
    }

    /// Transactions committed so far in each database.
    pub(crate) async fn commits(&self) -> Result<BTreeMap<String, i64>, Box<dyn Error>> {
        let rows = self.watch.query(include_str!("commits.sql"), &[]).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// The number of purchases of each user whose name begins with `prefix`.
    pub(crate) async fn purchases(
        &self,
        name: &str,
        prefix: &str,
    ) -> Result<BTreeMap<String, i64>, Box<dyn Error>> {
        let rows = self.connect(name).await?.query(include_str!("purchases.sql"), &[&prefix]).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// `15.20`.
    pub(crate) async fn version(&self) -> Result<String, Box<dyn Error>> {
        let text: String = self.watch.query_one("show server_version", &[]).await?.try_get(0)?;
        Ok(text.split(' ').next().unwrap_or_default().to_owned())
    }
}

fn first_process(server: &Server) -> Result<u32, Box<dyn Error>> {
    let pid_file = fs::read_to_string(server.socket_dir().join("data/postmaster.pid"))?;
    Ok(pid_file.lines().next().unwrap_or_default().trim().parse()?)
}

async fn connect(server: &Server, database: &str) -> Result<Client, Box<dyn Error>> {
    let (client, connection) = tokio_postgres::connect(&server.connection_string(database), NoTls).await?;
    tokio::spawn(async move {
        // The statement that failed tells the error.
        let _ = connection.await;
    });
    Ok(client)
}
