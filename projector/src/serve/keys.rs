//! Where the console's key ring comes from.

use std::path::PathBuf;

use rand::rngs::SysRng;
use session_ledger::environment::{EnvironmentError, EnvironmentKeys, EnvironmentKeysError, KeyFile};
use session_ledger::token::{KeyProvider, KeyRing, KeyState};
use session_ledger::web::Sessions;

use super::ServeError;

/// A key ring, and what tells of its changes.
pub(super) struct Keys {
    ring: KeyRing,
    source: Source,
}

/// Where the ring is from.
pub(super) enum Source {
    File(KeyFile),
    Environment(EnvironmentKeys),
    /// It was made at the start, and ends with the process.
    Made,
}

impl Keys {
    /// The key ring of a file, else of the environment, else a new one.
    pub(super) async fn of(file: Option<PathBuf>) -> Result<Self, ServeError> {
        if let Some(file) = file {
            let mut file = KeyFile::at(file);
            return Ok(Self { ring: file.key_ring().await?, source: Source::File(file) });
        }
        let mut environment = EnvironmentKeys::from_env();
        match environment.key_ring().await {
            Ok(ring) => Ok(Self { ring, source: Source::Environment(environment) }),
            Err(EnvironmentKeysError::Environment(EnvironmentError::NoKeys)) => Self::made(),
            Err(error) => Err(error.into()),
        }
    }

    fn made() -> Result<Self, ServeError> {
        let entry = KeyRing::generate_entry(KeyState::Primary, &mut SysRng)?;
        let ring = KeyRing::parse(&entry)
            .map_err(|error| ServeError::Environment(EnvironmentError::Keys(error).into()))?;
        Ok(Self { ring, source: Source::Made })
    }

    pub(super) fn is_made(&self) -> bool {
        matches!(self.source, Source::Made)
    }

    /// The ring, and what tells of its changes.
    pub(super) fn into_parts(self) -> (KeyRing, Source) {
        (self.ring, self.source)
    }
}

impl Source {
    /// Lets the sessions take each new ring.
    pub(super) fn follow(self, sessions: &Sessions) {
        match self {
            Source::File(file) => sessions.follow_keys(file),
            Source::Environment(environment) => sessions.follow_keys(environment),
            Source::Made => {}
        }
    }
}
