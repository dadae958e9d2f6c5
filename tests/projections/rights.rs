//! The roles that work with projections, with no more than their rights.

use session_ledger::Ledger;
use session_ledger::web::Sessions;
use test_support::{Visitor, application, key_ring};
use tokio_postgres::Config;

use super::lives::Lives;
use super::words::Words;
use super::{Scene, drain};

fn in_role(scene: &Scene, role: &str) -> Config {
    let mut config = scene.database.config();
    config.options(format!("-c role={role}"));
    config
}

#[tokio::test]
async fn the_relay_can_follow_verify_and_rebuild_with_rights_on_its_own_tables() {
    let scene = Scene::set().await;
    scene.run("grant select, insert, update, delete on word, mail to session_ledger_relay").await;
    let relay =
        Ledger::builder(in_role(&scene, "session_ledger_relay")).without_requests().connect().await.unwrap();
    let mut followed = relay.follow(Words, "test").await.unwrap();
    let session = scene.say("poison").await;
    scene.say("tea").await;
    drain(&mut followed).await;
    scene.run("alter table word drop constraint no_poison").await;
    assert_eq!(followed.resume(session).await.unwrap(), 1);
    followed.release().await.unwrap();
    assert!(relay.dead_letters(Some("words"), 10).await.unwrap().is_empty());
    scene.run("update word set times = 9 where word = 'tea'").await;
    assert_eq!(relay.verify_projection(&Words, |_| {}).await.unwrap().rows.len(), 1);
    assert_eq!(relay.rebuild_projection(&Words, "test", |_| {}).await.unwrap(), 2);
    scene.assert_equal(&Words).await;
}

#[tokio::test]
async fn the_application_can_write_verify_and_rebuild_an_inline_one() {
    let scene = Scene::set().await;
    scene.run("grant select, insert, update, delete on life to session_ledger_runtime").await;
    let runtime = Ledger::builder(in_role(&scene, "session_ledger_runtime")).inline(Lives::ALL);
    let runtime = runtime.connect().await.unwrap();
    let shop = application(Sessions::new(runtime.clone(), key_ring()));
    assert_eq!(Visitor::new(&shop).get("/login/alice").await.status, 200);
    scene.run("delete from life").await;
    assert_eq!(runtime.verify_projection(&Lives::ALL, |_| {}).await.unwrap().rows.len(), 1);
    assert_eq!(runtime.rebuild_projection(&Lives::ALL, "test", |_| {}).await.unwrap(), 1);
    assert!(runtime.verify_projection(&Lives::ALL, |_| {}).await.unwrap().is_equal());
}
