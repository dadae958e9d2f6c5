//! The environment of a peer.

use std::env;
use std::error::Error;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// A peer cannot start.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The address to listen on, and PostgreSQL's.
pub struct Environment {
    /// `LISTEN`: an address and a port.
    pub listen: String,
    /// `DATABASE_URL`: as libpq writes it.
    pub database: Config,
}

impl Environment {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// A variable is missing, or PostgreSQL's address cannot be read.
    pub fn read() -> Result<Self, Failure> {
        Ok(Self { listen: variable("LISTEN")?, database: variable("DATABASE_URL")?.parse()? })
    }

    /// PostgreSQL's host, or the directory of its socket, for drivers that do not read libpq's format.
    pub fn host(&self) -> String {
        match self.database.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            Some(Host::Unix(directory)) => directory.display().to_string(),
            None => "localhost".to_owned(),
        }
    }

    /// PostgreSQL's port.
    pub fn port(&self) -> u16 {
        self.database.get_ports().first().copied().unwrap_or(5432)
    }

    /// The user that signs in to PostgreSQL.
    pub fn user(&self) -> &str {
        self.database.get_user().unwrap_or("postgres")
    }

    /// The user's password.
    pub fn password(&self) -> String {
        String::from_utf8_lossy(self.database.get_password().unwrap_or_default()).into_owned()
    }

    /// The database.
    pub fn database_name(&self) -> &str {
        self.database.get_dbname().unwrap_or("postgres")
    }
}

/// Reads `REDIS_URL`, for the peers that keep sessions there.
///
/// # Errors
///
/// The variable is missing.
pub fn redis_url() -> Result<String, Failure> {
    variable("REDIS_URL")
}

fn variable(name: &str) -> Result<String, Failure> {
    env::var(name).map_err(|error| format!("The environment's {name} is needed: {error}.").into())
}
