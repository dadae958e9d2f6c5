//! Whom a webhook may reach.

use projector::relay::sink::Delivery;
use projector::relay::sink::webhook::Receiver as Settings;
use tokio::net::TcpListener;

use super::receiver::Receiver;
use super::{away, post, settings, webhook};

#[tokio::test]
async fn a_receiver_in_ones_own_network_is_reached_only_if_that_is_allowed() {
    let (receiver, address) = Receiver::start().await;
    let port = address.rsplit_once(':').unwrap().1;
    for scheme in ["http", "https"] {
        let named =
            [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::ffff:127.0.0.1]:{port}")];
        for host in named {
            let public_only = Settings { private: false, ..settings(&format!("{scheme}://{host}/")) };
            let Ok(Delivery::Away(told)) = post(&mut webhook(public_only)).await else { panic!("{host}") };
            let end = "which is in one's own network: --webhook-private allows that";
            assert!(told.starts_with("it is at ") && told.ends_with(end), "{told}");
        }
    }
    assert!(receiver.posts().is_empty());
    let named = settings(&format!("http://localhost:{port}/"));
    assert_eq!(post(&mut webhook(named)).await, Ok(Delivery::Acknowledged));
}

#[tokio::test]
async fn no_event_leaves_ones_own_network_unencrypted_or_goes_to_a_reserved_address() {
    for (host, objection) in [
        ("1.1.1.1", "which is out in the Internet, where events go encrypted only: use https://"),
        ("0.0.0.0", "which is no address of a receiver"),
        ("224.0.0.1", "which is no address of a receiver"),
    ] {
        let told = format!("it is at {host}, {objection}");
        assert_eq!(post(&mut webhook(settings(&format!("http://{host}/")))).await, away(told));
    }
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_named_with_host_port_and_reason() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let told = "it cannot be reached: Connection refused (os error 111)";
    assert_eq!(post(&mut webhook(settings(&format!("http://{address}/secret")))).await, away(told));
}
