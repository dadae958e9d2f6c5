//! A private PostgreSQL server for tests and demonstrations, gone when its owner is.
//!
//! ```no_run
//! # fn main() -> Result<(), private_postgres::Error> {
//! let server = private_postgres::Server::start(private_postgres::Options::new())?;
//! println!("{}", server.url("postgres"));
//! # Ok(())
//! # }
//! ```
//!
//! The server is an installed one, found by `PG_BIN`, `PATH`, `pg_config` or in the usual directories;
//! nothing is downloaded unless [`fetch_wheel`] is called. It lives in a directory of its own that only
//! its user may enter, listens on a unix socket there and on no network address, and lets the role
//! `postgres` in without a password.
//!
//! A shell watches over the server. It stops it and removes the directory as soon as the process that started
//! it is gone, whatever the cause: a return, a panic, an abort or a signal, SIGKILL included. Only killing
//! the shell itself leaves the server behind.
//!
//! Started as root, the server runs as `postgres` or `nobody`, since PostgreSQL refuses to run as root.
//!
//! Linux and macOS are supported. Windows is not: it lacks the shell, the signals and the unix sockets.
#![forbid(unsafe_code)]

#[cfg(not(unix))]
compile_error!("private-postgres needs a unix system: run the tests on Linux or macOS.");

mod account;
mod address;
mod error;
mod guard;
mod installation;
mod life;
mod options;
mod server;
mod wheel;

pub use error::Error;
pub use life::Crash;
pub use options::Options;
pub use server::Server;
pub use wheel::fetch_wheel;
