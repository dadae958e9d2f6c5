//! What follows of a receiver's answers.

use projector::relay::sink::{Closed, Delivery, Sink};

use super::receiver::Receiver;
use super::{BOUND, envelope, failed, post, settings, webhook};

#[tokio::test]
async fn any_success_acknowledges_and_any_other_answer_does_not() {
    let (receiver, address) = Receiver::start().await;
    let mut webhook = webhook(settings(&format!("http://{address}/")));
    for status in [200, 201, 202, 204] {
        receiver.answers([(status, None)]);
        assert_eq!(post(&mut webhook).await, Ok(Delivery::Acknowledged), "{status}");
    }
    for (status, told) in [
        (400, "it answered 400 Bad Request"),
        (401, "it answered 401 Unauthorized"),
        (404, "it answered 404 Not Found"),
        (500, "it answered 500 Internal Server Error"),
        (502, "it answered 502 Bad Gateway"),
    ] {
        receiver.answers([(status, None)]);
        assert_eq!(post(&mut webhook).await, failed(told));
    }
    // Here the event is not at fault.
    for (status, told) in
        [(429, "it answered 429 Too Many Requests"), (503, "it answered 503 Service Unavailable")]
    {
        receiver.answers([(status, None)]);
        assert_eq!(post(&mut webhook).await, Ok(Delivery::Away(told.to_owned())));
    }
    assert_eq!(post(&mut webhook).await, Ok(Delivery::Acknowledged));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (receiver, address) = Receiver::start().await;
    let mut webhook = webhook(settings(&format!("http://{address}/")));
    for (status, name) in
        [(301, "Moved Permanently"), (302, "Found"), (307, "Temporary Redirect"), (308, "Permanent Redirect")]
    {
        receiver.answers([(status, Some(("location", format!("http://{address}/elsewhere"))))]);
        let told = "no redirect is followed, so name the address that it leads to";
        let told = format!("it answered {status} {name}: {told}");
        assert_eq!(post(&mut webhook).await, failed(told));
    }
    assert!(receiver.posts().iter().all(|post| post.uri.path() == "/"));
    assert_eq!(receiver.posts().len(), 4);
}

#[tokio::test]
async fn a_receiver_that_is_gone_closes_the_sink() {
    let (receiver, address) = Receiver::start().await;
    receiver.answers([(410, None)]);
    let reason = format!("webhook {address} answered 410 Gone: it wants no more events");
    let gone = post(&mut webhook(settings(&format!("http://{address}/")))).await;
    assert_eq!(gone, Err(Closed { reason, is_for_good: true }));
}

#[tokio::test]
async fn an_event_that_is_too_large_is_refused_and_the_others_are_not() {
    let (receiver, address) = Receiver::start().await;
    let mut webhook = webhook(settings(&format!("http://{address}/")));
    let events: Vec<_> = (1..30).map(envelope).collect();
    receiver.answers([(204, None), (204, None), (413, None)]);
    let posted = tokio::time::timeout(BOUND, webhook.publish(&events)).await.unwrap().unwrap();
    assert_eq!(posted.len(), events.len());
    let refused: Vec<_> = posted.iter().filter(|posted| **posted != Delivery::Acknowledged).collect();
    let bytes = envelope(1).structured().unwrap().len();
    let told = format!("it answered 413 Payload Too Large: the event has {bytes} bytes");
    assert_eq!(refused, [&Delivery::Refused(told)]);
    let mut ids: Vec<_> =
        receiver.posts().iter().map(|post| post.headers["webhook-id"].to_str().unwrap().to_owned()).collect();
    let mut wanted: Vec<_> = events.iter().map(|event| event.id().to_owned()).collect();
    ids.sort();
    wanted.sort();
    assert_eq!(ids, wanted);
}

#[tokio::test]
async fn a_receiver_that_asks_for_a_pause_is_left_alone() {
    for (status, is_the_events) in [(429, false), (502, true), (503, false), (504, true)] {
        let (receiver, address) = Receiver::start().await;
        let mut webhook = webhook(settings(&format!("http://{address}/")));
        receiver.answers([(status, Some(("retry-after", "3600".to_owned())))]);
        let (reason, may_count) = match post(&mut webhook).await {
            Ok(Delivery::Failed(reason)) => (reason, true),
            Ok(Delivery::Away(reason)) => (reason, false),
            other => panic!("{other:?}"),
        };
        assert_eq!(may_count, is_the_events, "{status}");
        assert!(reason.ends_with(", and is left alone for 3600s"), "{reason}");
        let Ok(Delivery::Away(told)) = post(&mut webhook).await else { panic!("it was posted again") };
        let begin = format!("it is left alone for now, as it answered {status} ");
        assert!(told.starts_with(&begin), "{told}");
        assert_eq!(receiver.posts().len(), 1);
    }
}

/// A date in the past, and no second at all.
#[tokio::test]
async fn a_pause_that_is_over_holds_nothing_up() {
    let (receiver, address) = Receiver::start().await;
    let mut webhook = webhook(settings(&format!("http://{address}/")));
    for pause in ["0", "Sun, 01 Mar 2026 12:00:00 GMT"] {
        receiver.answers([(503, Some(("retry-after", pause.to_owned())))]);
        let strained = Ok(Delivery::Away("it answered 503 Service Unavailable".to_owned()));
        assert_eq!(post(&mut webhook).await, strained);
        assert_eq!(post(&mut webhook).await, Ok(Delivery::Acknowledged));
    }
}

/// Its own pause comes to an end without `Retry-After`, too.
#[tokio::test]
async fn a_receiver_that_comes_back_gets_what_it_has_missed() {
    let (receiver, address) = Receiver::start().await;
    let pauses = [std::time::Duration::from_millis(1), std::time::Duration::from_millis(20)];
    let mut settings = settings(&format!("http://{address}/"));
    settings.pauses = pauses;
    let mut webhook = webhook(settings);
    receiver.answers((0..6).map(|_| (503, None)));
    let coming = async {
        while post(&mut webhook).await != Ok(Delivery::Acknowledged) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, coming).await.expect("the event arrives");
    assert_eq!(receiver.posts().len(), 7);
}
