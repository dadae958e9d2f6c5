//! The database of a command, and opening its ledger.

use session_ledger::Ledger;
use session_ledger::ledger::{self, Address, AddressError, Builder, SchemaError, StartError};
use session_ledger::session::Policy;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::Error;

/// How many seconds the server may take until a connection is open.
const CONNECT_TIMEOUT: &str = "10";

/// One connection does the work; another may be opened while it is closed.
pub const CONNECTIONS_MAX: usize = 2;

/// Reads the address of a database: a URL, or keys and values. `variable` tells the environment's variables.
///
/// # Errors
///
/// The address is missing or cannot be followed. The message does not repeat it: it may hold a password.
pub fn address(text: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> Result<Address, Error> {
    let with_defaults = |name: &str| {
        variable(name).filter(|value| !value.is_empty()).or(match name {
            "PGAPPNAME" => Some("projector".to_owned()),
            "PGCONNECT_TIMEOUT" => Some(CONNECT_TIMEOUT.to_owned()),
            _ => None,
        })
    };
    Address::read(text.unwrap_or_default(), with_defaults).map_err(|error| match error {
        AddressError::Missing => Error::NoDatabase,
        other => Error::Address(other),
    })
}

/// Opens the ledger in a database.
///
/// # Errors
///
/// The database cannot be reached, or its schema does not fit this version; the message says what to run.
pub async fn open(address: Address) -> Result<Ledger, Error> {
    open_with(address, policy(), CONNECTIONS_MAX).await
}

/// As [`open`], with the limits of this policy where sessions have none of their own, and with so many
/// connections at the most.
///
/// # Errors
///
/// As [`open`]; or the policy cannot be followed.
pub async fn open_with(address: Address, policy: Policy, connections_max: usize) -> Result<Ledger, Error> {
    connect(address, |builder| builder.policy(policy).connections_max(connections_max)).await
}

/// As [`open`], whatever the version of the schema: for reading alone.
///
/// # Errors
///
/// The database cannot be reached.
pub async fn open_of_any_schema(address: Address) -> Result<Ledger, Error> {
    let settings = |builder: Builder| builder.policy(policy()).connections_max(CONNECTIONS_MAX);
    connect(address, |builder| settings(builder).without_schema_check()).await
}

async fn connect(address: Address, settings: impl FnOnce(Builder) -> Builder) -> Result<Ledger, Error> {
    let config = &address.config().clone();
    let builder = settings(Ledger::at(address)).without_requests();
    builder.connect().await.map_err(|error| start_error(config, error))
}

/// Turns a [`StartError`] into an [`Error`], with the database's address where that helps.
pub(crate) fn start_error(config: &Config, error: StartError) -> Error {
    match error {
        StartError::Schema(error) => schema_error(config, error),
        StartError::Store(error) => connect_error(config, error),
        other => Error::Start(other),
    }
}

/// No limits: the application's are known to it alone. So a session is listed as over by the limits that it
/// remembers, and never by limits that the application may not have.
pub fn policy() -> Policy {
    let limits = Policy::default().idle_timeout(None).absolute_timeout(None);
    limits.deviation("It serves no requests: the limits are the application's.")
}

/// Turns a [`SchemaError`] into an [`Error`]. A refusal of the database itself is told with its address.
pub(crate) fn schema_error(config: &Config, error: SchemaError) -> Error {
    match error {
        SchemaError::Store(error) => connect_error(config, error),
        other => Error::Schema(other),
    }
}

fn connect_error(config: &Config, error: ledger::Error) -> Error {
    Error::Connect { address: describe(config), error: Box::new(error) }
}

/// The database's address, without a password.
fn describe(config: &Config) -> String {
    let host = |(nth, host): (usize, &Host)| {
        let port = config.get_ports().get(nth).or(config.get_ports().last()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(folder) => format!("{}:{port}", folder.display()),
        }
    };
    let mut hosts: Vec<_> = config.get_hosts().iter().enumerate().map(host).collect();
    if hosts.is_empty() {
        hosts.extend(config.get_hostaddrs().iter().map(ToString::to_string));
    }
    let user =
        config.get_user().map_or_else(|| "the system's user".to_owned(), |user| format!("user \"{user}\""));
    let database = config.get_dbname().or(config.get_user()).unwrap_or("of that name");
    format!("database \"{database}\" at {} as {user}", hosts.join(", "))
}

#[test]
fn an_address_is_shown_without_its_password() {
    let described = |text| describe(address(Some(text), |_| None).unwrap().config());
    let url = described("postgresql://shop:hunter2@db.example:6543/orders");
    assert_eq!(url, "database \"orders\" at db.example:6543 as user \"shop\"");
    let words = described("host=/run/postgresql user=shop password=hunter2");
    assert_eq!(words, "database \"shop\" at /run/postgresql:5432 as user \"shop\"");
    assert_eq!(described("hostaddr=::1"), "database \"of that name\" at ::1 as the system's user");
}

#[test]
fn the_environment_wins_over_the_defaults_of_the_projector() {
    let read = |text, variables: &[(&str, &str)]| {
        let value =
            |name: &str| variables.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned());
        let config = address(Some(text), value).unwrap().config().clone();
        (config.get_application_name().unwrap().to_owned(), config.get_connect_timeout().unwrap().as_secs())
    };
    assert_eq!(read("host=a", &[]), ("projector".to_owned(), 10));
    assert_eq!(read("host=a", &[("PGAPPNAME", "cron"), ("PGCONNECT_TIMEOUT", "3")]), ("cron".to_owned(), 3));
    assert_eq!(read("host=a connect_timeout=4 application_name=n", &[]), ("n".to_owned(), 4));
}
