//! A sink that refuses at random, relays that are killed anywhere, and somebody who asks for replays meanwhile:
//! nothing is lost, and each session's order holds.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use projector::envelope::Envelope;
use projector::relay::relay;
use projector::relay::sink::{Deliveries, Delivery, Sink};
use serde_json::Value;
use session_ledger::ledger::DeadLetter;

use super::killed::{assert_in_order, delivered, killed_after};
use super::scripted::Scripted;
use super::waves::{note_each, sessions};
use super::{ledger, settings, until};

const SESSIONS: u8 = 6;
const VERSIONS: i64 = 25;
const KILLS: usize = 150;

/// Takes most events and refuses some. It answers late, so that a relay may be killed in between.
#[derive(Clone, Default)]
struct Moody(Arc<Mutex<Vec<Value>>>);

impl Sink for Moody {
    fn name(&self) -> String {
        "a moody sink".to_owned()
    }

    fn publish<'a>(
        &'a mut self,
        events: &'a [Envelope],
    ) -> Pin<Box<dyn Future<Output = Deliveries> + Send + 'a>> {
        Box::pin(async move {
            let mut deliveries = Vec::new();
            for event in events {
                if rand::random_range(0..12) == 0 {
                    deliveries.push(Delivery::Refused("not today".to_owned()));
                } else {
                    self.0.lock().unwrap().push(serde_json::from_slice(&event.line().unwrap()).unwrap());
                    deliveries.push(Delivery::Acknowledged);
                }
                tokio::task::yield_now().await;
            }
            Ok(deliveries)
        })
    }
}

#[tokio::test]
async fn a_relay_killed_anywhere_between_refusals_and_replays_keeps_each_sessions_order() {
    let (database, ledger) = ledger().await;
    note_each(&database, &sessions(SESSIONS), 1..=VERSIONS).await;
    let sink = Moody::default();
    let (mut refusals, mut ended) = (0, 0);
    for nth in 0..KILLS {
        let (settings, mut own) = (settings("host-1"), sink.clone());
        let endless = relay(&ledger, &settings, &mut own, std::future::pending());
        ended += usize::from(killed_after(nth % 50, endless).await);
        if ledger.subscriptions().await.unwrap().is_empty() {
            continue;
        }
        refusals += ledger.replay_dead_letters("relay", None).await.unwrap();
    }
    assert!(refusals > 0, "nothing was refused");
    assert_eq!(ended, 0, "a relay ended by itself");

    // From now on everything is taken.
    let calm = Scripted::default();
    calm.drain(&ledger, settings("host-1")).await;
    ledger.replay_dead_letters("relay", None).await.unwrap();
    calm.drain(&ledger, settings("host-1")).await;
    until("nothing waits", async || {
        let waiting: Vec<DeadLetter> = ledger.dead_letters(None, 10).await.unwrap();
        waiting.is_empty() && database.count("session_ledger.parked_session").await == 0
    })
    .await;
    let lines = [sink.0.lock().unwrap().clone(), calm.taken()].concat();
    assert_eq!(delivered(&lines).len(), usize::from(SESSIONS) * VERSIONS as usize);
    assert_in_order(&lines);
}
