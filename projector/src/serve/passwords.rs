//! Passwords of the console's users, as Argon2id hashes with the parameters that OWASP recommends (19 MiB,
//! two passes).

use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use tokio::sync::Semaphore;

use super::ServeError;

/// Checks passwords.
pub(super) struct Passwords {
    /// The hash of a password that nobody knows.
    decoy: String,
    /// Each check takes 19 MiB and a processor: without turns a burst of logins would take all the memory.
    turns: Arc<Semaphore>,
}

impl Passwords {
    pub(super) fn new() -> Result<Self, ServeError> {
        let nobodys: [u8; 16] = rand::random();
        let turns = available_parallelism().map_or(1, usize::from);
        Ok(Self { decoy: hash_bytes(&nobodys)?, turns: Arc::new(Semaphore::new(turns)) })
    }

    /// Whether a password is that of a hash. Without a hash the answer is no, and takes as long: nobody
    /// learns which names there are (CWE-208).
    pub(super) async fn check(&self, hash: Option<String>, password: String) -> bool {
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.clone());
        let Ok(turn) = Arc::clone(&self.turns).acquire_owned().await else { return false };
        // The turn ends with the work, also if nobody waits for the answer any more.
        let checking = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let hash = PasswordHash::new(&hash);
            hash.is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        });
        checking.await.unwrap_or(false) && is_known
    }
}

/// The hash of a password, with a new salt.
pub(crate) fn hash(password: &str) -> Result<String, ServeError> {
    hash_bytes(password.as_bytes())
}

fn hash_bytes(password: &[u8]) -> Result<String, ServeError> {
    let salt: [u8; 16] = rand::random();
    let hash = SaltString::encode_b64(&salt)
        .and_then(|salt| Ok(Argon2::default().hash_password(password, &salt)?.to_string()));
    hash.map_err(|error| ServeError::Hash(error.to_string()))
}
