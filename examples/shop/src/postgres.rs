//! The database: the one that `DATABASE_URL` names, or a private server that ends with the shop.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use private_postgres::{Error, Options, Server, fetch_wheel};
use session_ledger::ledger::Address;
use tokio_postgres::Config;

use crate::{Outcome, say};

/// The folder of a server that was downloaded. Every user can reach it: started by root, the server runs as a
/// user with fewer rights.
const FETCHED: &str = "/var/tmp/session-ledger-postgresql-18";

/// The database of the shop.
pub(crate) struct Postgres {
    config: Config,
    server: Option<Server>,
}

impl Postgres {
    /// Starts a private server unless a database is named. Downloads one only if none is installed.
    pub(crate) fn find(database_url: Option<&str>) -> Outcome<Self> {
        if let Some(url) = database_url {
            let address = Address::read(url, |name| std::env::var(name).ok());
            let address = address.map_err(|error| format!("DATABASE_URL cannot be used: {error}."))?;
            return Ok(Self { config: address.config().clone(), server: None });
        }
        let server = match Server::start(Options::new()) {
            Err(Error::NoServer { .. }) => Server::start(Options::new().bin_dir(fetch()?))?,
            started => started?,
        };
        let config = server.connection_string("postgres").parse()?;
        Ok(Self { config, server: Some(server) })
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The prefix for a command that looks into the same database. An address in the environment needs none:
    /// the command sees it too, and it may hold a password that is not for a screen.
    pub(crate) fn variable(&self) -> String {
        self.server
            .as_ref()
            .map_or_else(String::new, |server| format!("DATABASE_URL='{}' ", server.url("postgres")))
    }

    pub(crate) fn is_private(&self) -> bool {
        self.server.is_some()
    }

    pub(crate) fn description(&self) -> String {
        match &self.server {
            Some(server) => format!("a private PostgreSQL {}, gone when the shop closes", server.version()),
            None => "the one that DATABASE_URL names; the shop's tables stay in it".to_owned(),
        }
    }
}

fn fetch() -> Outcome<PathBuf> {
    say("No PostgreSQL is installed on this machine.")?;
    let dir = Path::new(FETCHED);
    match DirBuilder::new().mode(0o755).create(dir) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    // Anybody may write to the folder above: a program that somebody else has put there must not be run.
    if dir.symlink_metadata()?.uid() != own_uid()? {
        return Err(
            format!("{FETCHED} belongs to somebody else, so nothing is run from it. Remove it.").into()
        );
    }
    Ok(fetch_wheel(dir, &mut |text| {
        say(text).ok();
    })?)
}

fn own_uid() -> Outcome<u32> {
    let output = Command::new("id").arg("-u").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}
