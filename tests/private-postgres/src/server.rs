//! A running server.

use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::guard::{Guard, last_lines};
use crate::installation::Installation;
use crate::{Error, Options, address};

/// A PostgreSQL server that nobody else uses. It stops, and its directory is removed, when this is dropped.
/// The end of this process does the same, whatever the cause, also for a server in a `static`.
#[derive(Debug)]
pub struct Server {
    guard: Guard,
    pub(crate) account: Account,
    installation: Installation,
    log: PathBuf,
}

impl Server {
    /// Starts a server and returns when it takes connections, usually within a second.
    ///
    /// # Errors
    /// When no server is found or can be run, when there is no place for it, or when it does not become
    /// ready within a minute; the last one shows the end of the server's log.
    pub fn start(options: Options) -> Result<Self, Error> {
        Self::start_from(options, None)
    }

    pub(crate) fn start_from(options: Options, primary: Option<&Path>) -> Result<Self, Error> {
        let account = Account::for_server()?;
        let installation = Installation::find(&options, &account)?;
        let guard = Guard::start(&account, &installation.bin_dir, &options, primary)?;
        guard.wait_until_ready()?;
        let log = guard.log_path();
        Ok(Self { guard, account, installation, log })
    }

    /// The server's own directory: it holds the socket, the data in `data` and the log.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.guard.dir
    }

    /// The address of a database as key-value pairs: `host=... port=... user=postgres dbname=...`. libpq and
    /// tokio-postgres read it. The database `postgres` exists from the start.
    #[must_use]
    pub fn connection_string(&self, database: &str) -> String {
        address::key_values(&self.guard.dir.to_string_lossy(), database)
    }

    /// The address of a database as a URL, for `DATABASE_URL`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        address::url(&self.guard.dir.to_string_lossy(), database)
    }

    /// The directory of the server's programs; `psql` and `pg_dump` of its version are usually there.
    #[must_use]
    pub fn bin_dir(&self) -> &Path {
        &self.installation.bin_dir
    }

    /// The server's major version: 18 for PostgreSQL 18.6.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.installation.version
    }

    /// The log of initdb and the server. It goes when the server goes.
    #[must_use]
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.guard.dir.join("data")
    }

    /// The end of the log.
    pub(crate) fn last_words(&self) -> String {
        last_lines(&self.log, 5)
    }

    /// Stops the server, removes its directory, and returns when both are done. Dropping does the same.
    pub fn stop(self) {
        drop(self);
    }
}
