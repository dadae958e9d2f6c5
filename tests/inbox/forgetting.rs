//! An inbox is bounded: what is old goes, and what then comes again is told.

use session_ledger::inbox::{Inbox, Place, Receipt};
use time::Duration;
use tokio_postgres::Client;

use super::{Scene, receive};

async fn rows(client: &Client, table: &str) -> i64 {
    let count = format!("select count(*) from session_ledger_inbox.{table}");
    client.query_one(&count, &[]).await.unwrap().get(0)
}

/// The places of a log, and a moment after all of it.
fn places(scene: &Scene) -> (Vec<&Place>, time::OffsetDateTime) {
    let places: Vec<_> = scene.log.iter().map(|(place, _)| place).collect();
    let last = places.iter().map(|place| place.recorded_at).max().unwrap();
    // Later by more than a millisecond, which is what the ids of sessions know.
    (places, last + Duration::seconds(1))
}

#[tokio::test]
async fn sessions_that_have_ended_are_forgotten_in_bounded_steps_and_what_comes_again_is_told() {
    let scene = Scene::set().await;
    let (mut client, inbox) = (scene.consumers.connect().await, Inbox::of_whole_stream("mailer"));
    let (places, after) = places(&scene);
    for place in &places {
        assert_eq!(receive(&mut client, &inbox, place).await.unwrap(), Receipt::New);
    }
    let mut steps = Vec::new();
    while rows(&client, "session").await > 0 {
        steps.push(inbox.forget(&client, after, 2).await.unwrap().sessions);
    }
    assert_eq!(steps, [2, 1]);
    for place in &places {
        assert_eq!(receive(&mut client, &inbox, place).await.unwrap(), Receipt::Forgotten);
    }
    assert_eq!(rows(&client, "session").await, 0, "what is forgotten is not remembered again");
}

#[tokio::test]
async fn a_session_that_has_not_ended_is_kept_in_an_inbox_of_a_whole_stream() {
    let scene = Scene::set().await;
    let (mut client, inbox) = (scene.consumers.connect().await, Inbox::of_whole_stream("mailer"));
    let (_, after) = places(&scene);
    let one = scene.of_one_session();
    assert!(one[one.len() - 1].is_end);
    for place in &one[..one.len() - 1] {
        let _: Receipt = receive(&mut client, &inbox, place).await.unwrap();
    }
    assert_eq!(inbox.forget(&client, after, 100).await.unwrap().sessions, 0);
    assert_eq!(receive(&mut client, &inbox, one[0]).await.unwrap(), Receipt::Seen);
    assert_eq!(receive(&mut client, &inbox, one[one.len() - 1]).await.unwrap(), Receipt::New);
}

#[tokio::test]
async fn single_events_are_forgotten_in_an_inbox_of_a_filtered_stream() {
    let scene = Scene::set().await;
    let (mut client, inbox) = (scene.consumers.connect().await, Inbox::of_filtered_stream("mailer"));
    let (places, after) = places(&scene);
    for place in &places {
        let _: Receipt = receive(&mut client, &inbox, place).await.unwrap();
    }
    let (mut events, mut calls) = (0, 0);
    while rows(&client, "event").await > 0 {
        let forgotten = inbox.forget(&client, after, 4).await.unwrap();
        assert!(forgotten.events <= 4 && forgotten.sessions <= 4, "{forgotten:?}");
        (events, calls) = (events + forgotten.events, calls + 1);
    }
    assert_eq!((events, calls), (places.len() as u64, places.len().div_ceil(4)));
    assert_eq!(receive(&mut client, &inbox, places[0]).await.unwrap(), Receipt::Forgotten);
}

#[tokio::test]
async fn what_is_younger_stays_and_other_inboxes_keep_theirs() {
    let scene = Scene::set().await;
    let mut client = scene.consumers.connect().await;
    let (own, other) = (Inbox::of_whole_stream("mailer"), Inbox::of_whole_stream("analytics"));
    let (places, after) = places(&scene);
    for inbox in [&own, &other] {
        for place in &places {
            let _: Receipt = receive(&mut client, inbox, place).await.unwrap();
        }
    }
    let before = places.iter().map(|place| place.recorded_at).min().unwrap();
    assert_eq!(own.forget(&client, before, 100).await.unwrap().sessions, 0);
    assert_eq!(receive(&mut client, &own, places[0]).await.unwrap(), Receipt::Seen);
    assert_eq!(own.forget(&client, after, 100).await.unwrap().sessions, 3);
    assert_eq!(own.forget(&client, before, 100).await.unwrap().sessions, 0, "the horizon never goes back");
    assert_eq!(receive(&mut client, &own, places[0]).await.unwrap(), Receipt::Forgotten);
    assert_eq!(receive(&mut client, &other, places[0]).await.unwrap(), Receipt::Seen);
}
