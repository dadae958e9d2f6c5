//! The projections that ship as examples.

use std::net::IpAddr;
use std::time::Duration;

use session_ledger::web::Sessions;
use test_support::{Visitor, application, key_ring};

use super::devices::Devices;
use super::logins_per_day::LoginsPerDay;
use super::{Scene, drain};

const DEVICES: &str = "
    select user_id || ' ' || logins || ' ' || coalesce(browser, '-') || ' ' || coalesce(host(address), '-')
      from device order by user_id, first_seen";

fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}

/// A scene whose ledger has the devices inline, and the application.
async fn set() -> (Scene, test_support::App) {
    let mut scene = Scene::set().await;
    scene.ledger = scene.database.builder().inline(Devices).connect().await.unwrap();
    let days = Duration::from_secs(100 * 24 * 3600);
    let sessions = Sessions::builder(scene.ledger.clone(), key_ring()).known_devices(days).build().unwrap();
    let app = application(sessions);
    (scene, app)
}

#[tokio::test]
async fn the_devices_of_a_user_are_there_when_the_login_is_answered() {
    let (scene, app) = set().await;
    let laptop = Visitor::new(&app).at(ip("192.0.2.7")).named("Firefox/143.0 Linux");
    laptop.get("/login/alice").await;
    let first = scene.texts(DEVICES).await;
    assert_eq!(first.len(), 1);
    assert!(first[0].starts_with("alice 1 Firefox") && first[0].ends_with("192.0.2.7"), "{first:?}");

    laptop.get("/logout").await;
    laptop.at(ip("198.51.100.1")).get("/login/alice").await;
    Visitor::new(&app).named("curl/8.5.0").get("/login/alice").await;
    let told = scene.texts(DEVICES).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("alice 2 Firefox") && told[0].ends_with("198.51.100.1"), "{told:?}");
    assert!(told[1].starts_with("alice 1 curl/8.5.0"), "{told:?}");
    scene.assert_equal(&Devices).await;

    scene.run("update device set logins = 0").await;
    let differences = scene.ledger.verify_projection(&Devices, |_| {}).await.unwrap();
    assert_eq!(differences.rows.len(), 2);
    assert_eq!(scene.ledger.rebuild_projection(&Devices, "test", |_| {}).await.unwrap(), 4);
    assert_eq!(scene.texts(DEVICES).await, told);
}

#[tokio::test]
async fn logins_are_counted_by_day_and_network() {
    const COUNTS: &str =
        "select network || ' ' || sum(logins) from logins_per_day group by network order by network";
    let (scene, app) = set().await;
    for address in ["192.0.2.1", "192.0.2.200", "198.51.100.1", "2001:db8:1:2::3", "2001:db8:1:9::4"] {
        let visitor = Visitor::new(&app).at(ip(address));
        visitor.get("/login/alice").await;
        visitor.get("/add").await;
    }
    let mut followed = scene.ledger.follow(LoginsPerDay, "test").await.unwrap();
    drain(&mut followed).await;
    assert_eq!(scene.texts(COUNTS).await, ["192.0.2.0/24 2", "198.51.100.0/24 1", "2001:db8:1::/48 2"]);
    scene.assert_equal(&LoginsPerDay).await;
}
