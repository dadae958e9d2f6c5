//! A running peer, with its logged-in browsers.

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;

use bench_report::{cpu_seconds, cpu_seconds_of_descendants};

use crate::connection::{Call, Connection};
use crate::jar::Jar;
use crate::leash::Leashed;
use crate::operation::Operation;
use crate::peer::{Peer, Store};
use crate::postgres::Postgres;
use crate::redis::{Redis, free_address};
use crate::workshop::Workshop;

/// A running peer.
#[derive(Debug)]
pub(crate) struct Contestant {
    pub(crate) peer: Peer,
    server: Leashed,
    redis: Option<Redis>,
    /// Its database's address.
    database: String,
    pub(crate) address: SocketAddr,
    /// Each browser belongs to one connection at a time.
    pub(crate) browsers: Browsers,
    /// The sessions in its store; more than there are browsers where logging in is too slow.
    pub(crate) stored: usize,
}

/// The cookies of logged-in browsers.
#[derive(Debug, Default)]
pub(crate) struct Browsers {
    /// The browsers that send a request every few seconds.
    pub(crate) active: Vec<Jar>,
    /// The browsers that come back after a long time.
    pub(crate) away: Vec<Jar>,
}

impl Browsers {
    /// The browsers for an operation. A browser taken from here is given back to the same group.
    pub(crate) fn of(&mut self, operation: Operation) -> &mut Vec<Jar> {
        match operation {
            Operation::Return => &mut self.away,
            _ => &mut self.active,
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.active.len() + self.away.len()
    }
}

/// CPU seconds and WAL bytes used up to a moment, or between two.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Spent {
    /// By the peer's processes.
    pub(crate) server_seconds: f64,
    /// By PostgreSQL, and by the peer's Redis where it has one.
    pub(crate) store_seconds: f64,
    /// By this program.
    pub(crate) client_seconds: f64,
    pub(crate) wal_bytes: f64,
}

impl Contestant {
    /// Starts the peer, with a database and, if it needs one, a Redis of its own; waits until it listens.
    pub(crate) async fn start(
        peer: Peer,
        workshop: &Workshop,
        postgres: &Postgres,
        dir: &Path,
    ) -> Result<Self, Box<dyn Error>> {
        let address = free_address()?;
        let database = postgres.add_database(peer.name).await?;
        let redis = match peer.store {
            Store::Redis(persistence) => Some(Redis::start(peer.name, persistence, dir).await?),
            Store::PostgreSql => None,
        };
        let server = serve(peer, workshop, &database, redis.as_ref(), address, dir).await?;
        Ok(Self { peer, server, redis, database, address, browsers: Browsers::default(), stored: 0 })
    }

    /// Another process of the same peer, on the same store.
    pub(crate) async fn twin(&self, workshop: &Workshop, dir: &Path) -> Result<Twin, Box<dyn Error>> {
        let (address, redis) = (free_address()?, self.redis.as_ref());
        let server = serve(self.peer, workshop, &self.database, redis, address, dir).await?;
        Ok(Twin { _server: server, address })
    }

    /// Kills the peer and its Redis. Its PostgreSQL is that of all.
    pub(crate) async fn crash(&mut self) -> Result<(), Box<dyn Error>> {
        self.server.kill().await?;
        match &mut self.redis {
            Some(redis) => redis.crash().await,
            None => Ok(()),
        }
    }

    /// Starts both again, where they were.
    pub(crate) async fn start_again(
        &mut self,
        workshop: &Workshop,
        dir: &Path,
    ) -> Result<(), Box<dyn Error>> {
        if let Some(redis) = &mut self.redis {
            redis.start_again().await?;
        }
        let redis = self.redis.as_ref();
        self.server = serve(self.peer, workshop, &self.database, redis, self.address, dir).await?;
        Ok(())
    }

    pub(crate) async fn connect(&self) -> Result<Connection, Box<dyn Error>> {
        Connection::open(self.address).await.map_err(|error| format!("{}: {error}", self.peer.name).into())
    }

    /// The resources used so far. Only one peer is driven at a time, so all of the shared PostgreSQL's use is
    /// its own.
    pub(crate) async fn spent(&self, postgres: &Postgres) -> Result<Spent, Box<dyn Error>> {
        let redis_seconds = self.redis.as_ref().map_or(0.0, |redis| cpu_seconds(redis.process));
        Ok(Spent {
            server_seconds: cpu_seconds_of_descendants(self.server.id()),
            store_seconds: cpu_seconds_of_descendants(postgres.postmaster) + redis_seconds,
            client_seconds: cpu_seconds(std::process::id()),
            wal_bytes: postgres.wal_bytes().await? as f64,
        })
    }
}

/// Another process of a peer.
#[derive(Debug)]
pub(crate) struct Twin {
    _server: Leashed,
    pub(crate) address: SocketAddr,
}

/// Starts a process of a peer, and waits until it listens.
async fn serve(
    peer: Peer,
    workshop: &Workshop,
    database: &str,
    redis: Option<&Redis>,
    address: SocketAddr,
    dir: &Path,
) -> Result<Leashed, Box<dyn Error>> {
    let mut command = workshop.start(peer);
    command.env("LISTEN", address.to_string()).env("DATABASE_URL", database);
    if let Some(redis) = redis {
        command.env("REDIS_URL", redis.url());
    }
    let mut server = Leashed::start(command, peer.name, dir)?;
    match server.first_line().await?.as_str() {
        "ready" => {}
        other => return Err(format!("It said {other:?} instead of \"ready\".").into()),
    }
    Connection::open(address).await?.send(&Call::get("/health")?, None).await?;
    Ok(server)
}

impl Spent {
    /// The use since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            server_seconds: self.server_seconds - before.server_seconds,
            store_seconds: self.store_seconds - before.store_seconds,
            client_seconds: self.client_seconds - before.client_seconds,
            wal_bytes: self.wal_bytes - before.wal_bytes,
        }
    }
}

#[test]
fn those_who_come_back_for_a_read_are_away_again_afterwards() {
    let jars = |count| vec![Jar::default(); count];
    let mut browsers = Browsers { active: jars(4), away: jars(16) };
    for operation in Operation::ALL {
        let taken = std::mem::take(browsers.of(operation));
        *browsers.of(operation) = taken;
    }
    assert_eq!((browsers.active.len(), browsers.away.len()), (4, 16));
}
