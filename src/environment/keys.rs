//! The key ring that the environment names.

use super::key_file::{KeyFile, KeyFileError};
use super::{EnvironmentError, keys, variable};
use crate::plain_debug::plain_debug;
use crate::token::{KeyProvider, KeyRing};

/// The variable that names a file with the key ring.
const KEYS_FILE: &str = "SESSION_LEDGER_KEYS_FILE";

/// The key ring that the environment names: in the file of `SESSION_LEDGER_KEYS_FILE`, which is followed, or
/// else in `SESSION_LEDGER_KEYS`, which stays as it is while the process runs.
///
/// ```no_run
/// # use session_ledger::{Ledger, Sessions};
/// # async fn start(ledger: Ledger) -> Result<(), Box<dyn std::error::Error>> {
/// use session_ledger::environment::EnvironmentKeys;
/// use session_ledger::token::KeyProvider;
///
/// let mut keys = EnvironmentKeys::from_env();
/// let sessions = Sessions::new(ledger, keys.key_ring().await?);
/// sessions.follow_keys(keys);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct EnvironmentKeys(Option<KeyFile>);

/// Why the environment gives no key ring. No message shows a key.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum EnvironmentKeysError {
    /// The variable gives none.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The file gives none.
    #[error("{KEYS_FILE}: {0}")]
    File(#[from] KeyFileError),
}

plain_debug!(EnvironmentKeysError);

impl EnvironmentKeys {
    /// The keys of this process's environment. Nothing is read yet.
    pub fn from_env() -> Self {
        Self::of(variable)
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        Self(variable(KEYS_FILE).filter(|path| !path.trim().is_empty()).map(KeyFile::at))
    }
}

impl KeyProvider for EnvironmentKeys {
    type Error = EnvironmentKeysError;

    async fn key_ring(&mut self) -> Result<KeyRing, EnvironmentKeysError> {
        match &mut self.0 {
            Some(file) => Ok(file.key_ring().await?),
            None => Ok(keys(variable)?),
        }
    }

    async fn changed(&mut self) {
        match &mut self.0 {
            Some(file) => file.changed().await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{EnvironmentKeys, KEYS_FILE};

    #[test]
    fn a_file_goes_before_the_variable() {
        let of = |path: &'static str| {
            EnvironmentKeys::of(move |name| (name == KEYS_FILE).then(|| path.to_owned()))
        };
        assert_eq!(of("/run/keys").0.unwrap().path(), "/run/keys");
        assert!(of(" ").0.is_none());
    }
}
