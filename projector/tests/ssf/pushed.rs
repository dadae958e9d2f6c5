//! Tokens that are pushed to a real server, which answers as it is told.

use std::time::Duration;

use projector::relay::sink::push::{Authorization, Means, Push};
use projector::relay::sink::{Closed, Delivery, Sink};
use session_ledger::session::{Cleared, EndReason, Ended, Event};

use super::receiver::Receiver;
use super::{NOW, THEN, envelope, transmitter, verified};

/// How long anything here may take.
const BOUND: Duration = Duration::from_secs(60);

fn push(address: &str) -> Push {
    let authorization = Some("Bearer hunter2".parse().unwrap());
    let means = Means { transmitter: transmitter(), authorization, private: true };
    Push::new(format!("http://{address}/events").parse().unwrap(), means, || NOW).unwrap()
}

fn ended() -> Event {
    Event::Ended(Ended::new(EndReason::LoggedOut, THEN))
}

/// What became of one event of alice's.
async fn pushed(push: &mut Push, event: &Event) -> Result<Delivery, Closed> {
    let event = [envelope(event, Some("alice"))];
    let pushed = tokio::time::timeout(BOUND, push.publish(&event)).await;
    let mut pushed = pushed.expect("the sink answers")?;
    assert_eq!(pushed.len(), 1);
    Ok(pushed.remove(0))
}

#[tokio::test]
async fn a_token_is_pushed_as_the_standard_has_it() {
    let (receiver, address) = Receiver::start().await;
    receiver.answers([(202, None)]);
    let mut push = push(&address);
    assert_eq!(push.name(), format!("receiver of Shared Signals {address}"));
    assert_eq!(pushed(&mut push, &ended()).await, Ok(Delivery::Acknowledged));
    let [post] = &receiver.posts()[..] else { panic!("one request") };
    assert_eq!(post.uri.path(), "/events");
    let header = |name: &str| post.headers[name].to_str().unwrap();
    assert_eq!(header("content-type"), "application/secevent+jwt");
    assert_eq!(header("accept"), "application/json");
    assert_eq!(header("authorization"), "Bearer hunter2");
    let (_, claims) = verified(std::str::from_utf8(&post.body).unwrap(), &transmitter().key.jwk());
    assert_eq!(claims["jti"], "01010101-0101-4101-8101-010101010101");
}

#[tokio::test]
async fn an_event_that_is_refused_comes_again_with_the_same_jti() {
    let (receiver, address) = Receiver::start().await;
    receiver.answers([(400, None), (202, None)]);
    let mut push = push(&address);
    let refused = pushed(&mut push, &ended()).await;
    assert_eq!(refused, Ok(Delivery::Failed("it answered 400 Bad Request".to_owned())));
    assert_eq!(pushed(&mut push, &ended()).await, Ok(Delivery::Acknowledged));
    let key = transmitter().key.jwk();
    let posts = receiver.posts();
    let jtis: Vec<_> = posts
        .iter()
        .map(|post| verified(std::str::from_utf8(&post.body).unwrap(), &key).1["jti"].clone())
        .collect();
    assert_eq!(jtis[0], jtis[1]);
    assert_eq!(jtis.len(), 2);
}

#[tokio::test]
async fn what_has_no_word_is_acknowledged_without_a_request() {
    let (receiver, address) = Receiver::start().await;
    let mut push = push(&address);
    assert_eq!(pushed(&mut push, &Event::Cleared(Cleared::new())).await, Ok(Delivery::Acknowledged));
    assert!(receiver.posts().is_empty());
}

#[test]
fn an_authorization_is_not_shown_and_one_that_is_no_header_is_refused() {
    let push = push("127.0.0.1:9");
    assert!(!format!("{push:?}").contains("hunter2"));
    for text in ["", "Bearer\nhunter2", "Bearer \u{7f}"] {
        let words = text.parse::<Authorization>().unwrap_err().to_string();
        assert_eq!(words, "an authorization is one line of visible characters, such as `Bearer …`");
    }
}
