//! Passwords, kept as Argon2id hashes with the parameters that OWASP recommends (19 MiB, two passes).

use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use tokio::sync::Semaphore;

/// Checks passwords.
#[derive(Clone)]
pub(crate) struct Passwords {
    /// The hash of a password that nobody knows.
    decoy: Arc<str>,
    /// The turns of those who hash. Each takes 19 MiB and a processor: without a limit a burst of logins
    /// would take all the memory that there is, and none would be done sooner.
    turns: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new() -> Result<Self, String> {
        let nobodys: [u8; 16] = rand::random();
        let turns = available_parallelism().map_or(1, usize::from);
        Ok(Self { decoy: hash_bytes(&nobodys)?.into(), turns: Arc::new(Semaphore::new(turns)) })
    }

    /// Whether a password matches a hash. Without a hash the answer is no, and takes as long, so that nobody
    /// learns which accounts exist (CWE-208).
    pub(crate) async fn check(&self, hash: Option<String>, password: String) -> bool {
        let known = hash.is_some();
        let hash = hash.map_or_else(|| Arc::clone(&self.decoy), Arc::from);
        let Ok(turn) = Arc::clone(&self.turns).acquire_owned().await else { return false };
        // Hashing keeps a processor busy for a while; other requests must not wait for it. The turn ends with
        // the work, also if nobody waits for the answer any more.
        let checked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            is_of(&password, &hash)
        });
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

/// 200 logins at once took 4 GB of memory.
#[tokio::test]
async fn no_more_passwords_are_hashed_at_once_than_there_are_processors() {
    let passwords = Passwords::new().unwrap();
    let mut taken = Vec::new();
    while let Ok(turn) = Arc::clone(&passwords.turns).try_acquire_owned() {
        taken.push(turn);
    }
    assert_eq!(taken.len(), available_parallelism().map_or(1, usize::from));

    let hash = hash("two lumps please").unwrap();
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (passwords, hash) = (passwords.clone(), hash.clone());
        logins.spawn(async move { passwords.check(Some(hash), "two lumps please".to_owned()).await });
    }
    // One thread: each of them runs as far as it can before this goes on.
    tokio::task::yield_now().await;
    assert!(logins.try_join_next().is_none(), "nobody has a turn");
    taken.pop();
    while let Some(login) = logins.join_next().await {
        assert!(login.unwrap(), "one after the other");
    }
    assert_eq!(passwords.turns.available_permits(), 1);
}
