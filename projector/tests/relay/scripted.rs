//! A sink that answers as a test wants.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use projector::envelope::Envelope;
use projector::relay::sink::{Deliveries, Delivery, Sink};
use projector::relay::{End, Relay, relay};
use serde_json::Value;
use session_ledger::Ledger;

use super::BOUND;

/// What a sink was given, and what it answers.
#[derive(Clone, Default)]
pub(super) struct Scripted(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    /// What becomes of an event by the text of its note, until it is told otherwise.
    answers: HashMap<String, Delivery>,
    /// The texts of each call.
    waves: Vec<Vec<String>>,
    /// The events that were acknowledged.
    taken: Vec<Value>,
}

impl Scripted {
    /// Answers so to the note of this text from now on.
    pub(super) fn answer(&self, text: &str, delivery: Delivery) {
        self.0.lock().unwrap().answers.insert(text.to_owned(), delivery);
    }

    pub(super) fn refuse(&self, text: &str) {
        self.answer(text, Delivery::Refused("it is too large".to_owned()));
    }

    pub(super) fn fail(&self, text: &str) {
        self.answer(text, Delivery::Failed("it is busy".to_owned()));
    }

    pub(super) fn waves(&self) -> Vec<Vec<String>> {
        self.0.lock().unwrap().waves.clone()
    }

    /// The texts of what was acknowledged.
    pub(super) fn texts(&self) -> Vec<String> {
        self.0.lock().unwrap().taken.iter().map(text).collect()
    }

    /// How many were acknowledged.
    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap().taken.len()
    }

    /// What was acknowledged.
    pub(super) fn taken(&self) -> Vec<Value> {
        self.0.lock().unwrap().taken.clone()
    }

    /// The ids of what was acknowledged.
    pub(super) fn ids(&self) -> Vec<String> {
        let taken = &self.0.lock().unwrap().taken;
        taken.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until so many events were acknowledged.
    pub(super) async fn until(&self, count: usize) {
        self.until_so(|script| script.texts().len() >= count).await;
    }

    pub(super) async fn until_so(&self, is_so: impl Fn(&Self) -> bool) {
        let reached = tokio::time::timeout(BOUND, async {
            while !is_so(self) {
                tokio::task::yield_now().await;
            }
        });
        reached.await.unwrap_or_else(|_| panic!("only {:?} came", self.texts()));
    }

    /// Relays until all that is in the log has been delivered.
    pub(super) async fn drain(&self, ledger: &Ledger, settings: Relay) {
        let is_done = async {
            loop {
                let summary = ledger.subscriptions().await.unwrap();
                let wants = |one: &session_ledger::ledger::SubscriptionSummary| one.lag == 0;
                if summary.first().is_some_and(wants) && !has_due(ledger).await {
                    return End::Stopped;
                }
            }
        };
        let mut sink = self.clone();
        let ended = tokio::time::timeout(BOUND, relay(ledger, &settings, &mut sink, is_done)).await;
        assert_eq!(ended.expect("all is delivered").unwrap(), End::Stopped);
    }
}

/// Whether somebody has asked for dead letters that are not delivered yet.
async fn has_due(ledger: &Ledger) -> bool {
    ledger.dead_letters(None, 100).await.unwrap().iter().any(|letter| letter.is_due)
}

fn text(event: &Value) -> String {
    event["data"]["fact"].as_str().unwrap_or_default().to_owned()
}

impl Sink for Scripted {
    fn name(&self) -> String {
        "a scripted sink".to_owned()
    }

    fn publish<'a>(
        &'a mut self,
        events: &'a [Envelope],
    ) -> Pin<Box<dyn Future<Output = Deliveries> + Send + 'a>> {
        let mut script = self.0.lock().unwrap();
        let events: Vec<Value> =
            events.iter().map(|event| serde_json::from_slice(&event.line().unwrap()).unwrap()).collect();
        script.waves.push(events.iter().map(text).collect());
        let deliveries = events.into_iter().map(|event| {
            let delivery = script.answers.get(&text(&event)).cloned().unwrap_or(Delivery::Acknowledged);
            if delivery == Delivery::Acknowledged {
                script.taken.push(event);
            }
            delivery
        });
        let deliveries = deliveries.collect();
        Box::pin(async move { Ok(deliveries) })
    }
}
