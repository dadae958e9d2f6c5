//! The two consumers, on real ledgers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod everywhere;
mod mail;

use session_ledger::Ledger;
use session_ledger::session::Recorded;

/// All events of a ledger, in the order of its feed.
async fn events(ledger: &Ledger) -> Vec<Recorded> {
    let mut subscription = ledger.subscription("all", "test").await.unwrap();
    let batch = subscription.next_batch(1_000).await.unwrap();
    subscription.release().await.unwrap();
    batch.events
}
