//! Why the console cannot be served.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use session_ledger::environment::{EnvironmentKeysError, KeyFileError};
use session_ledger::token::RandomnessError;
use session_ledger::web::SettingsError;

use super::UsersError;

/// The console cannot be served. No message holds a password, a hash or a key.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Other machines could reach it, and nobody would have to sign in.
    #[error(
        "{0} can be reached from other machines, so whoever comes must sign in: give --users FILE, with lines that \
         `projector console-user NAME ROLE` prints, or listen on 127.0.0.1"
    )]
    Unguarded(SocketAddr),
    /// Other machines could reach it, and no name by which they do is allowed.
    #[error(
        "{0} can be reached from other machines, but requests for another host than localhost are refused: name \
         the host with --allow-host"
    )]
    NoHost(SocketAddr),
    /// A host name is given with a port or a path, or is none.
    #[error("--allow-host {0:?} is no host name: give the name alone, such as audit.example")]
    Host(String),
    /// The file of users cannot be used.
    #[error(transparent)]
    Users(#[from] UsersError),
    /// The file of `--keys` gives no key ring.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The environment gives no key ring that can be used.
    #[error(transparent)]
    Environment(#[from] EnvironmentKeysError),
    /// The operating system gave no random bytes for a key ring.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// The settings of the console's sessions contradict each other.
    #[error(transparent)]
    Sessions(SettingsError),
    /// A password could not be hashed.
    #[error("a password could not be hashed: {0}")]
    Hash(String),
    /// No password came from the standard input.
    #[error("no password was given: type one, or send it as one line of standard input")]
    NoPassword,
    /// The password is too short or too long.
    #[error("a password of the console has {least} to {most} characters: choose another")]
    PasswordLength {
        /// The fewest characters.
        least: usize,
        /// The most.
        most: usize,
    },
    /// Nobody can listen on the address.
    #[error("the console cannot listen on {address} ({error}): choose another address with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's answer.
        error: io::Error,
    },
}

/// As its `Display`: `main` of a program of somebody's own prints it.
impl fmt::Debug for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
