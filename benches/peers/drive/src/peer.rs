//! The peers.

use std::error::Error;
use std::fmt;

/// A peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    /// The name of its database, and of its rows in the tables.
    pub(crate) name: &'static str,
    /// The folder of its program.
    folder: &'static str,
    /// Its parts: the packages whose versions are told.
    pub(crate) made_of: &'static [&'static str],
    pub(crate) store: Store,
    pub(crate) language: Language,
}

/// The store of its sessions. Orders are in PostgreSQL everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    PostgreSql,
    Redis(Persistence),
}

/// The part of its data that a Redis keeps on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Persistence {
    /// Nothing: a crash takes all sessions.
    None,
    /// Each write, before it is answered: as durable as PostgreSQL.
    EachWrite,
}

/// Its language, which decides how it is built and started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Rust,
    Python,
}

/// This library.
pub(crate) const LEDGER: &str = "ledger";
/// The peer whose figures are 1 where figures are relative.
pub(crate) const YARDSTICK: &str = "tower-sessions";
/// The library that this one was asked to outdo.
pub(crate) const REFERENCE: &str = "reference";
pub(crate) const POEM_REDIS: &str = "poem-redis";
pub(crate) const ACTIX_REDIS: &str = "actix-redis";
pub(crate) const POEM_REDIS_FSYNC: &str = "poem-redis-fsync";
pub(crate) const ACTIX_REDIS_FSYNC: &str = "actix-redis-fsync";

const POEM: &[&str] = &["poem", "redis"];
const ACTIX: &[&str] = &["actix-session", "actix-web"];

const PEERS: [Peer; 8] = [
    rust(LEDGER, Store::PostgreSql, &["session-ledger", "poem", "tokio-postgres"]),
    rust(YARDSTICK, Store::PostgreSql, &["tower-sessions", "tower-sessions-sqlx-store", "axum"]),
    rust(POEM_REDIS, Store::Redis(Persistence::None), POEM),
    Peer { folder: POEM_REDIS, ..rust(POEM_REDIS_FSYNC, Store::Redis(Persistence::EachWrite), POEM) },
    rust(ACTIX_REDIS, Store::Redis(Persistence::None), ACTIX),
    Peer { folder: ACTIX_REDIS, ..rust(ACTIX_REDIS_FSYNC, Store::Redis(Persistence::EachWrite), ACTIX) },
    rust("axum-session", Store::PostgreSql, &["axum_session", "axum_session_sqlx"]),
    Peer {
        name: REFERENCE,
        folder: REFERENCE,
        made_of: &["pyramid-sqlalchemy-sessions", "pyramid", "SQLAlchemy", "gunicorn"],
        store: Store::PostgreSql,
        language: Language::Python,
    },
];

const fn rust(name: &'static str, store: Store, made_of: &'static [&'static str]) -> Peer {
    Peer { name, folder: name, made_of, store, language: Language::Rust }
}

impl Peer {
    /// All peers, or those with these names, in the order of their turns.
    pub(crate) fn chosen(names: &[String]) -> Result<Vec<Self>, Box<dyn Error>> {
        if let Some(unknown) = names.iter().find(|name| PEERS.iter().all(|peer| peer.name != **name)) {
            let known = PEERS.map(|peer| peer.name).join(", ");
            return Err(format!("No peer is called {unknown}. There are: {known}.").into());
        }
        let is_chosen = |peer: &Self| names.is_empty() || names.iter().any(|name| name == peer.name);
        Ok(PEERS.into_iter().filter(is_chosen).collect())
    }

    /// The name of its program, for peers in Rust.
    pub(crate) fn program(self) -> String {
        format!("peer-{}", self.folder)
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PostgreSql => "PostgreSQL",
            Self::Redis(Persistence::None) => "Redis without persistence",
            Self::Redis(Persistence::EachWrite) => "Redis that writes each change to the disk",
        })
    }
}

#[test]
fn peers_are_chosen_by_name_in_their_own_order() -> Result<(), Box<dyn Error>> {
    let names = |chosen: Vec<Peer>| chosen.iter().map(|peer| peer.name).collect::<Vec<_>>();
    assert_eq!(names(Peer::chosen(&["reference".to_owned(), "ledger".to_owned()])?), [LEDGER, REFERENCE]);
    assert_eq!(Peer::chosen(&[])?.len(), 8);
    let refused = Peer::chosen(&["django".to_owned()]).map_err(|error| error.to_string());
    let fsync = Peer::chosen(&["actix-redis-fsync".to_owned()])?;
    assert_eq!(fsync[0].program(), "peer-actix-redis", "it is the same program");
    assert!(refused.is_err_and(|text| text.starts_with("No peer is called django. There are: ledger, ")));
    Ok(())
}
