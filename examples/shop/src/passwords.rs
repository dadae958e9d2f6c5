//! Passwords, kept as Argon2id hashes with the parameters that OWASP recommends (19 MiB, two passes).

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};

/// Checks passwords.
#[derive(Clone)]
pub(crate) struct Passwords {
    /// The hash of a password that nobody knows.
    decoy: Arc<str>,
}

impl Passwords {
    pub(crate) fn new() -> Result<Self, String> {
        let nobodys: [u8; 16] = rand::random();
        Ok(Self { decoy: hash_bytes(&nobodys)?.into() })
    }

    /// Whether a password matches a hash. Without a hash the answer is no, and takes as long, so that nobody
    /// learns which accounts exist (CWE-208).
    pub(crate) async fn check(&self, hash: Option<String>, password: String) -> bool {
        let known = hash.is_some();
        let hash = hash.map_or_else(|| Arc::clone(&self.decoy), Arc::from);
        // Hashing keeps a processor busy for a while; other requests must not wait for it.
        let checked = tokio::task::spawn_blocking(move || is_of(&password, &hash));
        checked.await.unwrap_or(false) && known
    }
}

/// The hash of a password, with a new salt.
pub(crate) fn hash(password: &str) -> Result<String, String> {
    hash_bytes(password.as_bytes())
}

fn hash_bytes(password: &[u8]) -> Result<String, String> {
    let salt: [u8; 16] = rand::random();
    let hash = SaltString::encode_b64(&salt)
        .and_then(|salt| Ok(Argon2::default().hash_password(password, &salt)?.to_string()));
    hash.map_err(|error| format!("A password could not be hashed: {error}."))
}

fn is_of(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}
