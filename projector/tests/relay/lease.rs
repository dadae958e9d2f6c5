//! A sink that answers later than a lease lasts.

use std::pin::Pin;
use std::sync::Arc;

use projector::envelope::Envelope;
use projector::relay::sink::{Deliveries, Sink};
use projector::relay::{End, relay};
use session_ledger::Ledger;
use session_ledger::ledger::FeedError;
use test_support::{CapturedLog, Database, append};
use time::OffsetDateTime;
use tokio::sync::{Semaphore, oneshot};
use tracing::Level;

use super::scripted::Scripted;
use super::{ledger, noted, session_id, settings, until};

/// A sink that takes events once it is let: one call for each permit.
struct Slow {
    gate: Arc<Semaphore>,
    sink: Scripted,
    /// How many calls wait or are done.
    called: Arc<Semaphore>,
}

impl Slow {
    fn new(sink: &Scripted) -> (Self, Arc<Semaphore>, Arc<Semaphore>) {
        let (gate, called) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        (Self { gate: gate.clone(), sink: sink.clone(), called: called.clone() }, gate, called)
    }
}

impl Sink for Slow {
    fn name(&self) -> String {
        "a slow sink".to_owned()
    }

    fn publish<'a>(
        &'a mut self,
        events: &'a [Envelope],
    ) -> Pin<Box<dyn Future<Output = Deliveries> + Send + 'a>> {
        Box::pin(async move {
            self.called.add_permits(1);
            self.gate.acquire().await.unwrap().forget();
            self.sink.publish(events).await
        })
    }
}

/// Lets the clock by which leases are judged go ahead.
async fn shift_clock(database: &Database, seconds: u32) {
    let shifted = format!(
        "create or replace function session_ledger.clock() returns timestamptz language sql volatile parallel safe
         return clock_timestamp() + interval '{seconds} seconds'"
    );
    database.connect().await.batch_execute(&shifted).await.unwrap();
}

async fn held_until(ledger: &Ledger) -> Option<OffsetDateTime> {
    ledger.subscriptions().await.unwrap()[0].held.as_ref().map(|(_, until)| *until)
}

/// The relay's end, once it is asked for.
async fn asked(stop: oneshot::Receiver<()>) -> End {
    stop.await.ok();
    End::Stopped
}

#[tokio::test]
async fn a_long_delivery_keeps_its_lease_and_the_other_relay_waits() {
    let (database, ledger) = ledger().await;
    append(&database.connect().await, session_id(1), 1, &noted("one")).await.unwrap();
    let (sink, other) = (Scripted::default(), Scripted::default());
    let (mut slow, gate, called) = Slow::new(&sink);
    let (mut own, (one, two)) = (other.clone(), (settings("host-1"), settings("host-2")));
    let ((stop, stopped), (stop_other, other_stopped)) = (oneshot::channel(), oneshot::channel());
    let story = async {
        called.acquire().await.unwrap().forget();
        // Without a renewal the lease would be over after the second shift.
        shift_clock(&database, 15).await;
        let first = held_until(&ledger).await;
        until("the lease is renewed", async || held_until(&ledger).await > first).await;
        shift_clock(&database, 40).await;
        let refused = ledger.subscription("relay", "host-3").await.unwrap_err();
        assert!(matches!(&refused, FeedError::Held { holder, .. } if holder == "host-1"), "{refused}");
        gate.add_permits(1);
        until("the checkpoint", async || ledger.subscriptions().await.unwrap()[0].lag == 0).await;
        stop_other.send(()).unwrap();
        stop.send(()).unwrap();
    };
    let second = async {
        called.acquire().await.unwrap().forget();
        called.add_permits(1);
        relay(&ledger, &two, &mut own, asked(other_stopped)).await
    };
    let (first, second, ()) = tokio::join!(relay(&ledger, &one, &mut slow, asked(stopped)), second, story);
    assert_eq!((first.unwrap(), second.unwrap()), (End::Stopped, End::Stopped));
    assert_eq!((sink.texts(), other.count()), (vec!["one".to_owned()], 0));
}

#[tokio::test]
async fn a_lease_that_is_lost_during_a_delivery_stops_its_checkpoint() {
    let (log, _guard) = CapturedLog::listen(Level::INFO);
    let (database, ledger) = ledger().await;
    let client = database.connect().await;
    let session = session_id(1);
    append(&client, session, 1, &noted("one")).await.unwrap();
    let (sink, other) = (Scripted::default(), Scripted::default());
    let (mut slow, gate, called) = Slow::new(&sink);
    let (mut own, (one, two)) = (other.clone(), (settings("host-1"), settings("host-2")));
    let ((stop, stopped), (stop_other, other_stopped)) = (oneshot::channel(), oneshot::channel());
    let (take, taken) = oneshot::channel::<()>();
    let story = async {
        called.acquire().await.unwrap().forget();
        shift_clock(&database, 31).await;
        take.send(()).unwrap();
        other.until(1).await;
        append(&client, session, 2, &noted("two")).await.unwrap();
        other.until(2).await;
        until("the checkpoint", async || ledger.subscriptions().await.unwrap()[0].lag == 0).await;
        gate.add_permits(1);
        log.until("the lease of subscription `relay` was taken over by another holder").await;
        stop.send(()).unwrap();
        append(&client, session, 3, &noted("three")).await.unwrap();
        other.until(3).await;
        stop_other.send(()).unwrap();
    };
    let second = async {
        taken.await.unwrap();
        relay(&ledger, &two, &mut own, asked(other_stopped)).await
    };
    let (first, second, ()) = tokio::join!(relay(&ledger, &one, &mut slow, asked(stopped)), second, story);
    assert_eq!((first.unwrap(), second.unwrap()), (End::Stopped, End::Stopped));
    // The one that had lost the lease delivered what it had begun, with the same id, and nothing more.
    assert_eq!(other.texts(), ["one", "two", "three"]);
    assert_eq!(sink.ids(), other.ids()[..1]);
    assert_eq!(ledger.subscriptions().await.unwrap()[0].delivered, 3);
}
