//! What is missing is told, and read from the log.

use session_ledger::inbox::{BrokenChain, Inbox, InboxError, Place, Receipt, SessionGap};

use super::{Scene, all, receive};

/// The gap that an inbox tells.
fn gap(refused: Result<Receipt, InboxError>) -> SessionGap {
    match refused {
        Err(InboxError::Gap(gap)) => gap,
        other => panic!("a gap is told, not {other:?}"),
    }
}

#[tokio::test]
async fn the_events_of_a_gap_are_read_from_the_log_and_then_the_one_that_has_arrived_is_new() {
    let scene = Scene::set().await;
    let (mut client, inbox) = (scene.consumers.connect().await, Inbox::of_whole_stream("mailer"));
    let places = scene.of_one_session();
    let (second, last) = (places[1], places[places.len() - 1]);
    for (have, arrived) in [(0, second), (2, last)] {
        let gap = gap(receive(&mut client, &inbox, arrived).await);
        assert_eq!((gap.session, gap.have, gap.got), (arrived.session, have, arrived.version));
        assert_eq!(gap.log, "/shop/sessions");
        for (place, recorded) in scene.ledger.missed(&gap).await.unwrap() {
            assert_eq!(place.event, recorded.entry.event_id);
            assert_eq!(receive(&mut client, &inbox, &place).await.unwrap(), Receipt::New);
        }
        assert_eq!(receive(&mut client, &inbox, arrived).await.unwrap(), Receipt::New);
    }
    assert_eq!(scene.effects(last).await, (1..=last.version).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_event_that_is_refused_leaves_nothing_behind() {
    let scene = Scene::set().await;
    let (mut client, inbox) = (scene.consumers.connect().await, Inbox::of_whole_stream("mailer"));
    let places = scene.of_one_session();
    gap(receive(&mut client, &inbox, places[2]).await);
    let rows = "select count(*) from session_ledger_inbox.session";
    assert_eq!(client.query_one(rows, &[]).await.unwrap().get::<_, i64>(0), 0);
    assert_eq!(scene.effects(places[0]).await, [0; 0]);
}

#[tokio::test]
async fn what_the_log_does_not_hold_stays_missing() {
    let scene = Scene::set().await;
    let (mut client, inbox) = (scene.consumers.connect().await, Inbox::of_whole_stream("mailer"));
    let gap = gap(receive(&mut client, &inbox, scene.of_one_session()[2]).await);
    let other = Scene::set().await;
    assert_eq!(other.ledger.missed(&gap).await.unwrap(), []);
}

#[tokio::test]
async fn an_event_of_another_session_or_with_forged_links_is_refused() {
    let scene = Scene::set().await;
    let (mut client, inbox) = (scene.consumers.connect().await, Inbox::of_whole_stream("mailer"));
    let one = scene.of_one_session();
    let of_other =
        scene.log.iter().map(|(place, _)| place).find(|place| place.session != one[0].session).unwrap();
    let mut claimed = of_other.clone();
    claimed.session = one[0].session;
    let refused = receive(&mut client, &inbox, &claimed).await.unwrap_err();
    assert!(matches!(refused, InboxError::Broken { reason: BrokenChain::OtherPast, .. }), "{refused}");
    assert_eq!(receive(&mut client, &inbox, one[0]).await.unwrap(), Receipt::New);
    let refused = receive(&mut client, &inbox, &claimed).await.unwrap_err();
    assert!(matches!(refused, InboxError::Broken { reason: BrokenChain::OtherEvent, .. }), "{refused}");
    let mut forged: Place = one[1].clone();
    forged.links = of_other.links;
    let refused = receive(&mut client, &inbox, &forged).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "event {}, version 2 of session {} in /shop/sessions: its `prevlink` is not the link of the event before it, so \
             one of the two is forged or of another log: handle neither it nor what follows, and compare the session \
             with the log (`projector history`)",
            one[1].event, one[1].session
        )
    );
}

/// The chain covers every column: whoever writes an event by hand, or changes one, breaks it.
#[tokio::test]
async fn the_links_of_the_feed_and_those_of_a_session_that_is_read_again_are_the_same() {
    let scene = Scene::set().await;
    let one = scene.of_one_session();
    let gap = gap(receive(
        &mut scene.consumers.connect().await,
        &Inbox::of_whole_stream("mailer"),
        one[one.len() - 1],
    )
    .await);
    let missed: Vec<_> =
        scene.ledger.missed(&gap).await.unwrap().into_iter().map(|(place, _)| place).collect();
    let fed: Vec<_> = one[..one.len() - 1].iter().map(|place| (*place).clone()).collect();
    assert_eq!(missed, fed);
    assert_eq!(all(&scene.ledger).await, scene.log[..0], "the subscription has had all");
}
