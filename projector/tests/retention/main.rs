//! Old months of the log: archived, asked, restored; and rows beside the log that age.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod aging;
mod archive;
mod clients;
mod crash;
mod damage;
mod kept;
#[path = "../../../tests/arbitrary/kinds.rs"]
mod kinds;
mod restored;
mod scene;
#[allow(dead_code)]
#[path = "../commands/stories.rs"]
mod stories;
mod table;

use session_ledger::Ledger;
use test_support::Database;

/// The ledger as a command opens it.
async fn open(database: &Database) -> Ledger {
    database.builder().without_requests().connect().await.unwrap()
}
