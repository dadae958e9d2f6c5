//! A consumer's inbox: what is delivered at least once is handled once, in the consumer's own transaction.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod forgetting;
mod gaps;
mod interleaving;
mod once;
mod plans;

use session_ledger::Ledger;
use session_ledger::inbox::{Inbox, InboxError, Place, Receipt, SCHEMA};
use session_ledger::session::{Policy, Recorded};
use session_ledger::web::Sessions;
use test_support::{Database, Visitor, application, key_ring};
use tokio_postgres::Client;

/// The effect of an event: a row in the consumer's own table.
const EFFECT: &str = "insert into effect (session_id, version) values ($1, $2)";

/// A ledger with events, and the database of a consumer.
struct Scene {
    ledger: Ledger,
    /// All events of the log, in the order of the feed, with their places.
    log: Vec<(Place, Recorded)>,
    consumers: Database,
}

impl Scene {
    /// Three visitors come, sign in, change something and leave.
    async fn set() -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(Policy::default()).await;
        let app = application(Sessions::new(ledger.clone(), key_ring()));
        let visitors: Vec<_> = (0..3).map(|_| Visitor::new(&app)).collect();
        for path in ["/add", "/login/alice", "/add", "/keep/text", "/add", "/logout"] {
            for visitor in &visitors {
                let answer = visitor.post(path, "").await;
                let answer = if answer.status.is_success() { answer } else { visitor.get(path).await };
                assert!(answer.status.is_success(), "{path}: {answer:?}");
            }
        }
        let log = all(&ledger).await;
        let consumers = Database::fresh().await;
        let client = consumers.connect().await;
        client.batch_execute(SCHEMA).await.unwrap();
        let effect = "create table effect (number bigserial, session_id uuid, version bigint)";
        client.batch_execute(effect).await.unwrap();
        Self { ledger, log, consumers }
    }

    /// The events of one session.
    fn of_one_session(&self) -> Vec<&Place> {
        let session = self.log[0].0.session;
        self.log.iter().map(|(place, _)| place).filter(|place| place.session == session).collect()
    }

    /// The effects of a session's events, in their order.
    async fn effects(&self, place: &Place) -> Vec<i64> {
        let effects = "select version from effect where session_id = $1 order by number";
        let client = self.consumers.connect().await;
        let rows = client.query(effects, &[&place.session.as_uuid()]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

/// Receives an event and handles it, in one transaction.
async fn receive(client: &mut Client, inbox: &Inbox, place: &Place) -> Result<Receipt, InboxError> {
    let transaction = client.transaction().await.unwrap();
    let receipt = inbox.receive(&transaction, place).await?;
    if receipt.is_to_be_handled() {
        transaction.execute(EFFECT, &[&place.session.as_uuid(), &place.version]).await.unwrap();
    }
    transaction.commit().await.unwrap();
    Ok(receipt)
}

/// The whole log with places.
async fn all(ledger: &Ledger) -> Vec<(Place, Recorded)> {
    let mut subscription = ledger.subscription("all", "test").await.unwrap();
    let mut log = Vec::new();
    loop {
        let batch = subscription.next_batch(10).await.unwrap();
        if batch.events.is_empty() {
            subscription.release().await.unwrap();
            return log;
        }
        let before = ledger.chain_before(&batch.events).await.unwrap();
        let placed = batch.events.iter().zip(before).map(|(recorded, before)| {
            (Place::of_recorded(recorded, "/shop/sessions", before), recorded.clone())
        });
        log.extend(placed);
        subscription.checkpoint(batch).await.unwrap();
    }
}
