//! A sink that wants no more events, for good.

use std::pin::Pin;

use projector::envelope::Envelope;
use projector::relay::sink::{Closed, Deliveries, Sink};
use projector::relay::{End, relay};
use session_ledger::ledger::{FeedError, SubscriptionError};

use super::scripted::Scripted;
use super::waves::{note_each, sessions};
use super::{ledger, settings};

/// A sink that takes one wave, then wants no more.
struct Weary(Scripted);

impl Sink for Weary {
    fn name(&self) -> String {
        "a weary sink".to_owned()
    }

    fn publish<'a>(
        &'a mut self,
        events: &'a [Envelope],
    ) -> Pin<Box<dyn Future<Output = Deliveries> + Send + 'a>> {
        if self.0.count() > 0 {
            return Box::pin(async { Err(closed()) });
        }
        self.0.publish(events)
    }
}

fn closed() -> Closed {
    Closed { reason: "it wants no more events".to_owned(), is_for_good: true }
}

#[tokio::test]
async fn a_subscription_whose_sink_wants_no_more_stays_closed_until_somebody_opens_it() {
    let (database, ledger) = ledger().await;
    note_each(&database, &sessions(2), 1..=2).await;
    let sink = Scripted::default();
    let mut weary = Weary(sink.clone());
    let ended = relay(&ledger, &settings("host-1"), &mut weary, std::future::pending()).await;
    assert_eq!(ended.unwrap(), End::Closed(closed()));
    assert_eq!(sink.texts(), ["1.1", "2.1"]);

    let summary = ledger.subscriptions().await.unwrap().remove(0);
    let (since, reason) = summary.closed.unwrap();
    assert_eq!((reason.as_str(), summary.held), ("it wants no more events", None));
    // Neither the relay of before, nor another one, nor the library.
    for holder in ["host-1", "host-2"] {
        let mut own = sink.clone();
        let refused = relay(&ledger, &settings(holder), &mut own, std::future::pending()).await.unwrap_err();
        let told = format!(
            "subscription `relay` is closed since {since}, as it wants no more events: once the other side wants events \
             again, `projector relay reopen relay` lets it go on where it was"
        );
        assert!(refused.is_closed());
        assert_eq!(refused.to_string(), told);
    }
    let opened = ledger.existing_subscription("relay", "host-1").await.unwrap_err();
    assert!(matches!(opened, SubscriptionError::Feed(FeedError::Closed { .. })), "{opened}");
    assert_eq!(sink.count(), 2);

    let unknown = ledger.reopen_subscription("rely").await.unwrap_err();
    assert_eq!(unknown.to_string(), "there is no subscription `rely`: there are `relay`");
    assert!(ledger.reopen_subscription("relay").await.unwrap());
    assert!(!ledger.reopen_subscription("relay").await.unwrap(), "it is open");
    sink.drain(&ledger, settings("host-1")).await;
    // The batch that was not checkpointed comes again.
    assert_eq!(sink.texts()[2..], ["1.1", "2.1", "1.2", "2.2"]);
    assert_eq!(ledger.subscriptions().await.unwrap()[0].closed, None);
}
