//! The database of a command, and opening its ledger.

use std::time::Duration;

use session_ledger::Ledger;
use session_ledger::ledger::{self, SchemaError, StartError};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::Error;

/// How long the server may take until a connection is open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// One connection does the work; another may be opened while it is closed.
const CONNECTIONS_MAX: usize = 2;

/// Reads the address of a database: a URL, or keys and values.
///
/// # Errors
///
/// The address is missing or cannot be read. The message does not repeat it: it may hold a password.
pub fn config(address: Option<&str>) -> Result<Config, Error> {
    let address = address.map(str::trim).filter(|address| !address.is_empty()).ok_or(Error::NoDatabase)?;
    let mut config: Config = address.parse().map_err(|_| Error::Address)?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(Error::Address);
    }
    if config.get_application_name().is_none() {
        config.application_name("projector");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    Ok(config)
}

/// Opens the ledger in a database.
///
/// # Errors
///
/// The database cannot be reached, or its schema does not fit this version; the message says what to run.
pub async fn open(config: &Config) -> Result<Ledger, Error> {
    let connected =
        Ledger::builder(config.clone()).connections_max(CONNECTIONS_MAX).without_requests().connect().await;
    connected.map_err(|error| match error {
        StartError::Schema(error) => schema_error(config, error),
        StartError::Store(error) => connect_error(config, error),
        other => Error::Start(other),
    })
}

/// Turns a [`SchemaError`] into an [`Error`]. A refusal of the database itself is told with its address.
pub(crate) fn schema_error(config: &Config, error: SchemaError) -> Error {
    match error {
        SchemaError::Store(error) => connect_error(config, error),
        other => Error::Schema(other),
    }
}

fn connect_error(config: &Config, error: ledger::Error) -> Error {
    Error::Connect { address: address(config), error: Box::new(error) }
}

/// The database's address, without a password.
fn address(config: &Config) -> String {
    let host = |(nth, host): (usize, &Host)| {
        let port = config.get_ports().get(nth).or(config.get_ports().last()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(folder) => format!("{}:{port}", folder.display()),
        }
    };
    let hosts: Vec<_> = config.get_hosts().iter().enumerate().map(host).collect();
    let user =
        config.get_user().map_or_else(|| "the system's user".to_owned(), |user| format!("user \"{user}\""));
    let database = config.get_dbname().or(config.get_user()).unwrap_or("of that name");
    format!("database \"{database}\" at {} as {user}", hosts.join(", "))
}

#[test]
fn an_address_is_shown_without_its_password() {
    let config = config(Some("postgresql://shop:hunter2@db.example:6543/orders")).unwrap();
    assert_eq!(address(&config), "database \"orders\" at db.example:6543 as user \"shop\"");
    let config = super::database::config(Some("host=/run/postgresql user=shop password=hunter2")).unwrap();
    assert_eq!(address(&config), "database \"shop\" at /run/postgresql:5432 as user \"shop\"");
}
