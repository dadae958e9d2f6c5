//! What a peer is told by its environment.

use std::env;
use std::error::Error;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Why a peer cannot start.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Where to listen, and where PostgreSQL is.
pub struct Environment {
    /// `LISTEN`: an address and a port.
    pub listen: String,
    /// `DATABASE_URL`: as libpq writes it.
    pub database: Config,
}

impl Environment {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// A variable is missing, or PostgreSQL's address makes no sense.
    pub fn read() -> Result<Self, Failure> {
        Ok(Self { listen: variable("LISTEN")?, database: variable("DATABASE_URL")?.parse()? })
    }

    /// PostgreSQL's host, or the directory of its socket, for drivers that do not read libpq's way of writing it.
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

    /// Who signs in to PostgreSQL.
    pub fn user(&self) -> &str {
        self.database.get_user().unwrap_or("postgres")
    }

    /// With which password.
    pub fn password(&self) -> String {
        String::from_utf8_lossy(self.database.get_password().unwrap_or_default()).into_owned()
    }

    /// The database.
    pub fn database_name(&self) -> &str {
        self.database.get_dbname().unwrap_or("postgres")
    }
}

/// `REDIS_URL`, for the peers that keep sessions there.
///
/// # Errors
///
/// It is missing.
pub fn redis_url() -> Result<String, Failure> {
    variable("REDIS_URL")
}

fn variable(name: &str) -> Result<String, Failure> {
    env::var(name).map_err(|error| format!("The environment's {name} is needed: {error}.").into())
}
