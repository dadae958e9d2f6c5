//! The relay: the log as lines, at least once and in order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod closed;
#[allow(dead_code)]
#[path = "../../../tests/failover/cluster.rs"]
mod cluster;
mod dead;
mod envelope;
mod failover;
mod files;
mod filters;
mod killed;
mod lease;
mod moody;
mod moved;
mod output;
mod recovery;
mod restored;
mod scripted;
mod waves;

use std::time::Duration;

use projector::envelope::Telling;
use projector::relay::Relay;
use serde_json::Value;
use session_ledger::Ledger;
use session_ledger::session::{Event, Noted, SessionId, TokenHash};
use test_support::Database;
use time::OffsetDateTime;

/// A hash that is easy to find in any notation.
const TOKEN_HASH: TokenHash = TokenHash::from_bytes([0xab; 32]);

/// How long anything here may take.
const BOUND: Duration = Duration::from_secs(60);

async fn ledger() -> (Database, Ledger) {
    let database = Database::fresh().await;
    let ledger = Ledger::builder(database.config()).connect().await.unwrap();
    (database, ledger)
}

fn settings(holder: &str) -> Relay {
    Relay {
        subscription: "relay".to_owned(),
        create: true,
        once: false,
        holder: holder.to_owned(),
        telling: Telling { source: "/shop/sessions".to_owned(), ..Telling::default() },
        batch: 7,
        idle: Duration::from_millis(5),
        tries_max: None,
    }
}

/// The `nth` session of a test, with an id that is the same in each run.
fn session_id(nth: u8) -> SessionId {
    SessionId::new(OffsetDateTime::now_utc(), [nth; 10])
}

fn noted(text: &str) -> Event {
    Event::Noted(Noted::of_text("test", text))
}

/// The ids of the events in some lines.
fn ids(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["id"].as_str().unwrap()).collect()
}

/// Waits for a state.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let reached = tokio::time::timeout(BOUND, async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    });
    reached.await.expect(what);
}
