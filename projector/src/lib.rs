//! The commands of the `projector`, with which administrators operate a session ledger outside the
//! application.
//!
//! Each command is a module with one function, `run`. It writes to a [`Console`], may be stopped by a future,
//! and returns an [`Answer`]. `main.rs` reads the command line ([`cli`]) and calls one of them. Everything
//! here uses the public interface of `session_ledger`.
#![forbid(unsafe_code)]

pub mod archive;
pub mod cli;
mod console;
pub mod console_user;
pub mod database;
pub mod dead_letters;
pub mod did;
pub mod end;
pub mod envelope;
pub mod epoch;
mod error;
mod facts;
pub mod failed_logins;
mod hidden;
pub mod history;
pub mod key_file;
pub mod keys;
mod layout;
pub mod logins;
pub mod manual;
pub mod migrate;
pub mod moment;
pub mod ocsf;
pub mod output;
mod progress;
pub mod reader;
pub mod rebuild;
pub mod relay;
pub mod retain;
pub mod run;
pub mod serve;
pub mod sessions;
pub mod state_at;
pub mod stats;
pub mod subscriptions;
pub mod sweep;
pub mod verify;
mod words;

pub use console::{Answer, Console, wants_colour};
pub use error::Error;
