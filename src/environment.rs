//! What an application may read of its process's environment: the database's address and the key ring.
//!
//! | variable | says |
//! |---|---|
//! | `DATABASE_URL` | the database, as [`Address`] reads it |
//! | `PGHOST`, `PGUSER` and the others of libpq | what the address leaves open |
//! | `SESSION_LEDGER_KEYS` | the [key ring](KeyRing) |
//! | `SESSION_LEDGER_KEYS_FILE` | a file with the key ring, for [`EnvironmentKeys`] |

mod hangup;
mod key_file;
mod keys;

use std::env;

use crate::ledger::{Address, AddressError, Builder, Ledger};
use crate::plain_debug::plain_debug;
use crate::token::{KeyRing, KeyRingError};
pub use key_file::{KeyFile, KeyFileError};
pub use keys::{EnvironmentKeys, EnvironmentKeysError};

const ADDRESS: &str = "DATABASE_URL";
const KEYS: &str = "SESSION_LEDGER_KEYS";

/// The environment does not say what an application needs. No message shows a password or a key.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvironmentError {
    /// The database's address.
    #[error("{}{}", named(.0), .0)]
    Address(AddressError),
    /// There is no key ring.
    #[error("{KEYS} is not set: `projector keys generate` prints a line for it")]
    NoKeys,
    /// The key ring cannot be read.
    #[error("{KEYS} cannot be used: {0}")]
    Keys(KeyRingError),
}

plain_debug!(EnvironmentError);

/// The message of a missing address names the variable by itself.
fn named(error: &AddressError) -> String {
    if *error == AddressError::Missing { String::new() } else { format!("{ADDRESS} cannot be used: ") }
}

impl Ledger {
    /// How to get one in the database that the environment names: in `DATABASE_URL`, and in libpq's
    /// variables (`PGHOST`, `PGPASSWORD` …) for what that leaves open. See [`Address`] for all of them.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let ledger = session_ledger::Ledger::from_env()?.connections_max(32).connect().await?;
    /// # drop(ledger);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// No database is named, or its address cannot be followed.
    pub fn from_env() -> Result<Builder, EnvironmentError> {
        address(variable).map(Self::at)
    }
}

impl KeyRing {
    /// The key ring in the environment's `SESSION_LEDGER_KEYS`, where `;` may stand for the end of a line.
    ///
    /// ```no_run
    /// let keys = session_ledger::KeyRing::from_env()?;
    /// # drop(keys);
    /// # Ok::<(), session_ledger::environment::EnvironmentError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The variable is not set, or is no key ring. The message never shows the text of a master.
    pub fn from_env() -> Result<Self, EnvironmentError> {
        keys(variable)
    }
}

/// What is not Unicode stays recognisable as wrong, and is refused by whoever reads it.
fn variable(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

fn address(variable: impl Fn(&str) -> Option<String>) -> Result<Address, EnvironmentError> {
    Address::read(&variable(ADDRESS).unwrap_or_default(), variable).map_err(EnvironmentError::Address)
}

fn keys(variable: impl Fn(&str) -> Option<String>) -> Result<KeyRing, EnvironmentError> {
    match variable(KEYS).filter(|text| !text.trim().is_empty()) {
        Some(text) => KeyRing::parse(&text).map_err(EnvironmentError::Keys),
        None => Err(EnvironmentError::NoKeys),
    }
}

#[cfg(test)]
mod tests {
    use super::{address, keys};

    fn only<'a>(name: &'a str, value: &'a str) -> impl Fn(&str) -> Option<String> {
        move |asked| (asked == name).then(|| value.to_owned())
    }

    #[test]
    fn what_is_missing_is_named_with_the_command_that_makes_it() {
        let missing = "SESSION_LEDGER_KEYS is not set: `projector keys generate` prints a line for it";
        for environment in [only("SESSION_LEDGER_KEYS", " "), only("PATH", "/bin")] {
            assert_eq!(keys(environment).unwrap_err().to_string(), missing);
        }
        assert_eq!(
            address(only("PATH", "/bin")).unwrap_err().to_string(),
            "no database is named: set DATABASE_URL to a URL such as postgresql://shop@localhost/shop or to keys and \
             values such as \"host=localhost user=shop dbname=shop\", or set PGHOST, PGUSER and PGDATABASE"
        );
    }

    #[test]
    fn what_cannot_be_used_is_named_without_its_text() {
        let error = keys(only("SESSION_LEDGER_KEYS", "primary hunter2")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "SESSION_LEDGER_KEYS cannot be used: The key ring is wrong at line 1: an entry has 3 words, a state, a key id \
             and a master, and maybe not-after= with a time, but this one has 2."
        );
        let error = address(only("DATABASE_URL", "postgres://shop:hunter2@a/b?pool=1")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "DATABASE_URL cannot be used: `pool` is no parameter of a database's address: take it out; `host`, `port`, \
             `user`, `dbname`, `sslmode` and the others that libpq knows are"
        );
    }

    #[test]
    fn what_is_there_is_used() {
        let named = address(only("DATABASE_URL", "postgres:///shop")).unwrap();
        assert_eq!(named.config().get_dbname(), Some("shop"));
        assert_eq!(address(only("PGDATABASE", "shop")).unwrap().config(), named.config());
        let master = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
        assert!(keys(only("SESSION_LEDGER_KEYS", &format!("primary 5f0c21aa {master}"))).is_ok());
    }
}
