//! The sessions of a user: lists, ends and histories, which were missing there.

use std::net::IpAddr;

use poem::{Result, Route};
use session_ledger::Ledger;
use session_ledger::ledger::End;
use session_ledger::session::EndReason;
use session_ledger::web::{Session, Sessions};
use test_support::{Visitor, Wire, app, key_ring};

use crate::scene::{Scene, members, page};

/// A list of devices with address, browser and the time when each was last seen.
#[tokio::test]
async fn a_users_sessions_are_listed_with_their_devices() {
    let scene = Scene::new().await;
    let (phone, desk): (IpAddr, IpAddr) = ("192.0.2.7".parse().unwrap(), "2001:db8::1".parse().unwrap());
    scene.member(Route::new()).at(phone).named("Phone/1").post("/login", "").await;
    scene.member(Route::new()).at(desk).named("Desk/2").post("/login", "").await;
    let mut devices: Vec<_> = scene.ledger.sessions(&"alice".into()).await.unwrap();
    devices.sort_by_key(|device| device.started_at);
    let told: Vec<_> = devices.iter().map(|one| (one.client_ip, one.user_agent.as_deref())).collect();
    assert_eq!(told, [(Some(phone), Some("Phone/1")), (Some(desk), Some("Desk/2"))]);
    assert!(devices.iter().all(|one| one.last_seen >= one.started_at && one.ended.is_none()));
}

/// To end one session, or all but one.
#[tokio::test]
async fn sessions_are_ended_one_by_one_or_all_but_one() {
    let scene = Scene::new().await;
    let browsers: Vec<_> = (0..4).map(|_| scene.member(Route::new())).collect();
    for browser in &browsers {
        browser.post("/login", "").await;
    }
    let sessions = scene.ledger.sessions(&"alice".into()).await.unwrap();
    assert!(scene.ledger.end(sessions[0].id, EndReason::Revoked).await.unwrap());
    let others = End::because(EndReason::CredentialChanged).by("admin").keep(sessions[1].id);
    assert_eq!(scene.ledger.end_all(&"alice".into(), others).await.unwrap(), 2);
    let mut signed_in = 0;
    for browser in &browsers {
        signed_in += usize::from(browser.get("/who").await.body == "alice");
    }
    assert_eq!(signed_in, 1);
}

/// Hooks of the life of a session: each step is a fact that can be read, and followed in the feed.
#[tokio::test]
async fn each_step_of_a_sessions_life_is_a_fact_of_the_log() {
    let scene = Scene::new().await;
    let note = |session: &Session| Ok(session.note_text("order", "number 7").map(|()| String::new())?);
    let visitor = scene.member(Route::new().at("/order", page(note)));
    for path in ["/login", "/order", "/logout"] {
        visitor.post(path, "").await;
    }
    let id = scene.only("alice").await;
    assert_eq!(scene.kinds(id).await, ["started", "logged_in", "noted", "ended"]);
    let mut feed = scene.ledger.subscription("parity", "test").await.unwrap();
    assert_eq!(feed.next_batch(10).await.unwrap().events.len(), 4);
    assert!(scene.ledger.verify(|_| {}).await.unwrap().is_equal());
}

/// The user's own row, loaded in the query of the session.
#[tokio::test]
async fn a_row_of_the_applications_own_comes_with_the_session_in_the_same_trip() {
    let scene = Scene::new().await;
    let table = "create table account (id text primary key, name text not null);
                 insert into account values ('alice', 'Alice Liddell')";
    scene.database.connect().await.batch_execute(table).await.unwrap();
    let wire = Wire::to(&scene.database.config());
    let ledger = Ledger::builder(wire.config()).connections_max(1).connect().await.unwrap();
    let also = "select a.name from account as a
                  join session_ledger.session as s on s.user_id = a.id where s.session_id = $1";
    let name = |session: &Session| -> Result<String> {
        Ok(session.also_loaded().iter().map(|row| row.get::<_, String>(0)).collect())
    };
    let sessions = Sessions::builder(ledger, key_ring()).also_load(also).build().unwrap();
    let visitor =
        Visitor::new(&app(poem::EndpointExt::with(members(Route::new().at("/name", page(name))), sessions)));
    visitor.post("/login", "").await;
    visitor.get("/name").await;
    let before = wire.trips();
    assert_eq!(visitor.get("/name").await.body, "Alice Liddell");
    assert_eq!(wire.trips() - before, 1);
}
