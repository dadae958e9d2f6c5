//! The address of a database, read as libpq reads it: a URL, or keys and values, and the PG* variables for
//! what they leave open.

mod error;
mod pairs;
mod parameter;
mod settings;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use tokio_postgres::Config;

pub use error::AddressError;
use pairs::Pair;
use parameter::{PARAMETERS, Parameter, Use};
use settings::Settings;

/// The folder of the server's socket where the packages of this system put it.
#[cfg(target_os = "linux")]
const DEFAULT_HOST: &str = "/var/run/postgresql";
#[cfg(all(unix, not(target_os = "linux")))]
const DEFAULT_HOST: &str = "/tmp";
#[cfg(not(unix))]
const DEFAULT_HOST: &str = "localhost";

/// The variables that can name a database without any address.
const NAMING: [&str; 6] = ["PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE"];

/// Which database, and the way to it.
///
/// Its text is what `psql` takes: a URL (`postgres://shop@db.example/shop?sslmode=verify-full`), or keys and
/// values (`host=db.example user=shop dbname=shop`). What the text leaves open comes from the environment,
/// and then from the defaults below. `Debug` and errors show no password.
///
/// | parameter | variable | value |
/// |---|---|---|
/// | `host` | `PGHOST` | names, or folders of a unix socket; several with commas |
/// | `hostaddr` | `PGHOSTADDR` | IP addresses, so that no name is looked up |
/// | `port` | `PGPORT` | one for all hosts, or one for each; 5432 |
/// | `user` | `PGUSER` | the operating system's user unless given |
/// | `password` | `PGPASSWORD` | a password file is not read |
/// | `dbname` | `PGDATABASE` | the user's name unless given |
/// | `sslmode` | `PGSSLMODE` | see [`Builder`](crate::ledger::Builder) |
/// | `sslrootcert` | `PGSSLROOTCERT` | a file of authorities, or `system` |
/// | `sslnegotiation` | `PGSSLNEGOTIATION` | `postgres` or `direct` |
/// | `channel_binding` | `PGCHANNELBINDING` | `disable`, `prefer` or `require` |
/// | `target_session_attrs` | `PGTARGETSESSIONATTRS` | `any`, `read-write` or `read-only` |
/// | `load_balance_hosts` | `PGLOADBALANCEHOSTS` | `disable` or `random` |
/// | `application_name` | `PGAPPNAME` | also `fallback_application_name` |
/// | `options` | `PGOPTIONS` | |
/// | `connect_timeout` | `PGCONNECT_TIMEOUT` | seconds, at least 1 |
/// | `tcp_user_timeout` | | milliseconds, as for libpq |
/// | `keepalives`, `keepalives_count` | | 1 or 0; a number |
/// | `keepalives_idle`, `keepalives_interval` | | seconds |
///
/// Without a host it is the socket in `/var/run/postgresql` (on other systems than Linux in `/tmp`). In a URL
/// a folder is written as `%2Fvar%2Frun%2Fpostgresql`. Only the authorities in the file of `sslrootcert` may
/// vouch for a server; `system` means the system's, as when there is none. `any` is taken as `read-write`.
///
/// `client_encoding` may say UTF8; `gssencmode`, `sslcertmode`, `sslcompression` and `sslsni` may say what is
/// done anyway. Whatever else libpq would follow is refused by its name and never ignored, also as a
/// variable: a service file, client certificates, revocation lists, limits of the protocol, `requirepeer` and
/// `require_auth`. Parameters of other drivers are refused too.
///
/// ```
/// use session_ledger::ledger::Address;
///
/// let address = Address::read("postgres:///shop", |_| None)?;
/// assert_eq!(address.config().get_dbname(), Some("shop"));
///
/// let refused = Address::read("postgres://db.example/shop?pool_size=5", |_| None).unwrap_err();
/// assert!(refused.to_string().starts_with("`pool_size` is no parameter of a database's address"));
/// # Ok::<(), session_ledger::ledger::AddressError>(())
/// ```
#[derive(Clone)]
pub struct Address {
    config: Config,
    root_file: Option<PathBuf>,
}

impl Address {
    /// Reads an address. `variable` tells the environment's variables by name; for the process's own
    /// environment see [`Ledger::from_env`](crate::Ledger::from_env). An empty text stands for what the
    /// variables say alone.
    ///
    /// # Errors
    ///
    /// The text cannot be read, or says something that cannot be followed. The message names the parameter,
    /// and repeats neither the text nor a value: they may hold a password.
    pub fn read(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, AddressError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = text.trim();
        if text.is_empty() && NAMING.iter().all(|name| variable(name).is_none()) {
            return Err(AddressError::Missing);
        }
        let mut values = BTreeMap::new();
        for pair in pairs::read(text)? {
            values.insert(parameter(&pair)?.name, (pair.value, None));
        }
        for one in PARAMETERS {
            let Some(value) = one.variable.and_then(&variable) else { continue };
            values.entry(one.name).or_insert((value, one.variable));
        }
        check(&values)?;
        let given = values.into_iter().map(|(name, (value, _))| (name, value));
        let settings = Settings(given.filter(|(_, value)| !value.is_empty()).collect());
        Ok(Self { config: settings.config(DEFAULT_HOST)?, root_file: settings.root_file()? })
    }

    /// The driver's configuration, such as for a pool of the application's own. It says nothing of
    /// `sslrootcert`.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The file of the only authorities that may vouch for the server, if one is named.
    pub fn root_certificate_file(&self) -> Option<&Path> {
        self.root_file.as_deref()
    }

    pub(crate) fn into_parts(self) -> (Config, Option<PathBuf>) {
        (self.config, self.root_file)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("config", &self.config).field("root_file", &self.root_file).finish()
    }
}

/// The parameter of a pair. One behind a password is not named: it may be the rest of a password with a blank
/// in it.
fn parameter(pair: &Pair) -> Result<&'static Parameter, AddressError> {
    let name = if pair.name == "keepalives_retries" { "keepalives_count" } else { &pair.name };
    PARAMETERS.iter().find(|one| one.name == name).ok_or_else(|| {
        let name = (!pair.is_behind_password).then(|| pair.name.clone());
        AddressError::Unknown { name }
    })
}

/// A parameter's value, and the variable that it came from.
type Given = (String, Option<&'static str>);

/// Refuses what libpq would follow and this library does not.
fn check(values: &BTreeMap<&'static str, Given>) -> Result<(), AddressError> {
    let has_password = values.contains_key("password");
    for one in PARAMETERS {
        let Some((value, variable)) = values.get(one.name).filter(|(value, _)| !value.is_empty()) else {
            continue;
        };
        let name = variable.unwrap_or(one.name);
        match one.how {
            Use::Taken => {}
            Use::Only(allowed) if allowed.iter().any(|one| value.eq_ignore_ascii_case(one)) => {}
            Use::Only(allowed) => return Err(AddressError::value(name, &allowed.join(" or "))),
            // With a password at hand, libpq does not look into the file either.
            Use::Refused(_) if one.name == "passfile" && has_password => {}
            Use::Refused(instead) => return Err(AddressError::NotFollowed { name, instead }),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
