//! Deliveries in any order, from several processes at once, with rollbacks between them.

use std::collections::HashMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use session_ledger::inbox::{Inbox, InboxError, Place};
use session_ledger::session::SessionId;
use tokio_postgres::Client;

use super::{EFFECT, Scene, receive};

/// How many processes share an inbox.
const PROCESSES: u64 = 4;

/// How often each of them is delivered an event.
const DELIVERIES: usize = 100;

/// A process that is delivered events at random, and gives up some of its transactions.
async fn process(mut client: Client, inbox: Inbox, places: Vec<Place>, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..DELIVERIES {
        let place = &places[random.random_range(0..places.len())];
        let transaction = client.transaction().await.unwrap();
        match inbox.receive(&transaction, place).await {
            Ok(receipt) => {
                if receipt.is_to_be_handled() {
                    let session = place.session.as_uuid();
                    transaction.execute(EFFECT, &[&session, &place.version]).await.unwrap();
                }
                if random.random_bool(0.7) {
                    transaction.commit().await.unwrap();
                }
            }
            Err(InboxError::Gap(_)) => transaction.rollback().await.unwrap(),
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_are_delivered_events_at_random_handle_each_once() {
    let scene = Scene::set().await;
    let places: Vec<Place> = scene.log.iter().map(|(place, _)| place.clone()).collect();
    for (inbox, is_whole) in
        [(Inbox::of_whole_stream("whole"), true), (Inbox::of_filtered_stream("filtered"), false)]
    {
        let mut client = scene.consumers.connect().await;
        client.batch_execute("truncate effect").await.unwrap();
        let mut processes = Vec::new();
        for seed in 0..PROCESSES {
            let client = scene.consumers.connect().await;
            processes.push(tokio::spawn(process(client, inbox.clone(), places.clone(), seed)));
        }
        for process in processes {
            process.await.unwrap();
        }
        for place in &places {
            let _ = receive(&mut client, &inbox, place).await.unwrap();
        }
        let mut expected: HashMap<SessionId, Vec<i64>> = HashMap::new();
        for place in &places {
            expected.entry(place.session).or_default().push(place.version);
        }
        for (session, versions) in expected {
            let place = places.iter().find(|place| place.session == session).unwrap();
            let mut effects = scene.effects(place).await;
            if !is_whole {
                effects.sort_unstable();
            }
            assert_eq!(effects, versions, "{session} in {inbox:?}");
        }
    }
}
