//! The commands of the `projector`: what administrators ask of a session ledger outside the application.
//!
//! Each command is one module with one function, `run`, which takes where to write as a [`Console`], and what
//! may stop it as a future, and returns an [`Answer`]. `main.rs` reads the command line ([`cli`]) and calls
//! one of them. Everything here uses the public interface of `session_ledger`.
#![forbid(unsafe_code)]

mod browser;
pub mod cli;
mod console;
pub mod database;
pub mod envelope;
mod error;
pub mod history;
pub mod keys;
pub mod migrate;
pub mod output;
mod progress;
pub mod rebuild;
pub mod relay;
pub mod sessions;
pub mod verify;
mod words;

pub use console::{Answer, Console};
pub use error::Error;
