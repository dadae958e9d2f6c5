//! The feed: the log in an order that never skips, for one holder at a time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod again;
mod batches;
mod epochs;
mod follow;
mod lease;
mod moving;
mod order;
mod reading;
mod refusal;
mod subscriptions;
mod writers;

use session_ledger::Ledger;
use session_ledger::ledger::{Batch, Subscription};
use session_ledger::session::{Event, EventId, Noted, SessionId};
use test_support::Database;
use time::OffsetDateTime;

/// A fresh database and its ledger.
async fn ledger() -> (Database, Ledger) {
    let database = Database::fresh().await;
    let ledger = Ledger::builder(database.config()).connect().await.unwrap();
    (database, ledger)
}

fn session_id() -> SessionId {
    SessionId::new(OffsetDateTime::now_utc(), rand::random())
}

fn noted(text: &str) -> Event {
    Event::Noted(Noted::of_text("test", text))
}

fn ids(batch: &Batch) -> Vec<EventId> {
    batch.events.iter().map(|recorded| recorded.entry.event_id).collect()
}

/// Delivers and checkpoints until there is nothing new.
async fn drain(subscription: &mut Subscription, limit: u32) -> Vec<EventId> {
    let mut delivered = Vec::new();
    loop {
        let batch = subscription.next_batch(limit).await.unwrap();
        if batch.events.is_empty() {
            return delivered;
        }
        delivered.extend(ids(&batch));
        subscription.checkpoint(batch).await.unwrap();
    }
}
