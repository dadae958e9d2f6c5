//! The session inside the database: which statements are whose, as defaults, row policies and questions see
//! it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod pooler;
mod rows;
mod shop;
mod tokens;
mod within;

use poem::http::StatusCode;
use session_ledger::SessionId;
use test_support::Visitor;

use shop::{Scene, alice_and_admin};

#[tokio::test]
async fn a_row_says_which_session_and_user_wrote_it() {
    let scene = Scene::set().await;
    let (visitor, alice) = (scene.visitor(), scene.visitor());
    let kept = scene.session_of(&visitor, "/keep").await;
    let session = scene.session_of(&alice, "/login/alice").await;
    for (who, path) in [(&scene.visitor(), "/do/nobody"), (&visitor, "/do/kept"), (&alice, "/do/signed-in")] {
        assert_eq!(who.post(path, "").await.status, 200, "{path}");
    }
    // The session was loaded before its transaction began.
    assert_eq!(alice.post("/do-late/late", "").await.status, 200);
    assert_eq!(
        scene.deeds().await,
        [
            "nobody - - -".to_owned(),
            format!("kept {kept} - -"),
            format!("signed-in {session} alice -"),
            format!("late {session} alice -"),
        ]
    );
}

#[tokio::test]
async fn a_row_policy_shows_each_user_their_own_rows() {
    let scene = Scene::as_application().await;
    let (visitor, alice, bob) = (scene.visitor(), scene.visitor(), scene.visitor());
    scene.sql("insert into letter values ('alice', 'to alice'), ('bob', 'to bob')").await;
    alice.post("/login/alice", "").await;
    bob.post("/login/bob", "").await;
    let read = async |visitor: &Visitor| visitor.get("/letters").await.body;
    assert_eq!([read(&visitor).await, read(&alice).await, read(&bob).await], ["", "to alice", "to bob"]);
    let refused = bob.post("/forge-letter/alice", "").await;
    assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR, "nobody writes for another");
    assert_eq!(bob.post("/forge-letter/bob", "").await.status, 200);
    assert_eq!(scene.database.count("letter").await, 3);
}

#[tokio::test]
async fn who_acts_as_another_is_known_as_well() {
    let scene = Scene::set().await;
    let admin = alice_and_admin(&scene).await;
    let session = scene.session_of(&admin, "/act-as/alice").await;
    assert_eq!(admin.get("/who").await.body, format!("{session} alice admin"));
    assert_eq!(admin.post("/oneself-again/after", "").await.status, 200);
    assert_eq!(
        scene.deeds().await,
        [format!("before {session} alice admin"), format!("after {session} admin -")]
    );
}

/// One connection serves all: what a request has set must not reach the next.
#[tokio::test]
async fn nothing_is_left_for_whoever_has_the_connection_next() {
    let scene = Scene::on_one_connection().await;
    let (visitor, alice) = (scene.visitor(), scene.visitor());
    let session = scene.session_of(&alice, "/login/alice").await;
    for path in ["/do/committed", "/do-in-vain"] {
        alice.post(path, "").await;
        assert_eq!(visitor.get("/who").await.body, "- - -", "{path}");
        assert_eq!(scene.who_in_a_job().await, "- - -", "{path}");
    }
    assert_eq!(scene.deeds().await, [format!("committed {session} alice -")], "the other is rolled back");
    // What an application sets for the whole connection is taken away before anybody believes it.
    assert_eq!(visitor.post("/poison", "").await.status, 200);
    assert_eq!(visitor.get("/who").await.body, "- - -");
    assert_eq!(visitor.get("/who-late").await.body, "- - -");
    assert_eq!(alice.get("/who").await.body, format!("{session} alice -"));
}

#[tokio::test]
async fn it_is_off_unless_asked_for() {
    let scene = Scene::without().await;
    let alice = scene.visitor();
    alice.post("/login/alice", "").await;
    assert_eq!(alice.get("/who").await.body, "- - -");
    assert_eq!(alice.get("/who-late").await.body, "- - -");
    alice.post("/do/something", "").await;
    assert_eq!(scene.deeds().await, ["something - - -"]);
}

#[tokio::test]
async fn it_costs_no_trip() {
    let (on, off) = (Scene::on_a_wire(true).await, Scene::on_a_wire(false).await);
    let mut trips = Vec::new();
    for scene in [&on, &off] {
        let (visitor, alice) = (scene.visitor(), scene.visitor());
        alice.post("/login/alice", "").await;
        let paths = [("/who", &visitor), ("/who", &alice), ("/who-late", &alice), ("/do-late/x", &visitor)];
        for (path, who) in paths {
            // The first one prepares statements.
            who.get(path).await;
            let before = scene.trips();
            who.get(path).await;
            trips.push(scene.trips() - before);
        }
    }
    let (with, without) = trips.split_at(4);
    assert_eq!(with, without);
}

#[test]
fn an_id_is_told_as_the_database_writes_it() {
    let id = SessionId::from_bytes([0xab; 16]);
    assert_eq!(id.to_string(), "abababab-abab-abab-abab-abababababab");
}
