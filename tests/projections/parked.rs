//! An event that a projection refuses: it and its session wait, all others go on.

use session_ledger::ledger::DeadLetter;

use super::words::{WiserWords, Words};
use super::{Scene, drain};

async fn parked(scene: &Scene) -> Vec<DeadLetter> {
    scene.ledger.dead_letters(Some("words"), 10).await.unwrap()
}

#[tokio::test]
async fn a_refused_event_parks_its_session_and_no_other() {
    let scene = Scene::set().await;
    let mut followed = scene.ledger.follow(Words, "test").await.unwrap();
    let poisoned = scene.say("tea").await;
    scene.say_in(poisoned, 2, "poison").await;
    let other = scene.say("milk").await;
    scene.say_in(poisoned, 3, "sugar").await;
    scene.say_in(other, 2, "milk").await;
    let muddled = scene.say("gibberish").await;

    let step = followed.step(10).await.unwrap();
    assert_eq!((step.events, step.parked, step.waiting, step.is_up_to_date), (6, 2, 1, true));
    assert_eq!(scene.words().await, ["milk 2", "tea 1"]);
    assert_eq!(scene.texts("select word from mail order by word").await, ["milk", "milk", "tea"]);

    let mut parked = parked(&scene).await;
    parked.sort_by_key(|one| one.version);
    let told: Vec<_> = parked.iter().map(|one| (one.session, one.version, one.reason.as_str())).collect();
    let refused = "new row for relation \"word\" violates check constraint \"no_poison\" (23514)";
    assert_eq!(told, [(muddled, 1, "nobody understands this"), (poisoned, 2, refused)]);

    scene.say_in(poisoned, 4, "later").await;
    scene.say_in(other, 3, "later").await;
    let step = followed.step(10).await.unwrap();
    assert_eq!(
        (step.events, step.parked, step.waiting),
        (1, 0, 0),
        "the session waits, and is not even read"
    );
    assert_eq!(scene.words().await, ["later 1", "milk 2", "tea 1"]);
}

#[tokio::test]
async fn a_parked_session_goes_on_once_its_event_can_be_handled() {
    let scene = Scene::set().await;
    let mut followed = scene.ledger.follow(Words, "test").await.unwrap();
    let session = scene.say("poison").await;
    scene.say_in(session, 2, "tea").await;
    let muddled = scene.say("gibberish").await;
    drain(&mut followed).await;
    scene.say_in(session, 3, "gibberish").await;
    scene.say_in(session, 4, "tea").await;
    drain(&mut followed).await;
    assert!(scene.words().await.is_empty());
    // Events behind the checkpoint are no business of it.
    scene.say_in(session, 5, "milk").await;

    assert_eq!(followed.resume(session).await.unwrap(), 0, "it is refused again");
    scene.run("alter table word drop constraint no_poison").await;
    assert_eq!(followed.resume(session).await.unwrap(), 2, "up to what nobody understands");
    assert_eq!(scene.words().await, ["poison 1", "tea 1"]);
    let waits: Vec<_> = parked(&scene).await.iter().map(|one| (one.session, one.version)).collect();
    assert!(waits.contains(&(session, 3)) && waits.contains(&(muddled, 1)) && waits.len() == 2, "{waits:?}");

    followed.release().await.unwrap();
    let mut followed = scene.ledger.follow(WiserWords, "test").await.unwrap();
    assert_eq!(followed.resume(session).await.unwrap(), 2);
    assert_eq!(followed.resume(muddled).await.unwrap(), 1);
    assert_eq!(followed.resume(muddled).await.unwrap(), 0, "it does not wait any more");
    assert!(parked(&scene).await.is_empty());
    drain(&mut followed).await;
    assert_eq!(scene.words().await, ["gibberish 2", "milk 1", "poison 1", "tea 2"]);
}

/// All events that waited were held in memory.
#[tokio::test]
async fn more_events_than_a_page_holds_go_on_together_or_up_to_the_refused_one() {
    const EVENTS: i64 = 1_250;
    let scene = Scene::set().await;
    let mut followed = scene.ledger.follow(Words, "test").await.unwrap();
    let session = scene.say("poison").await;
    scene.run("begin").await;
    for version in 2..=EVENTS {
        scene.say_in(session, version, if version == 1_100 { "gibberish" } else { "tea" }).await;
    }
    scene.run("commit").await;
    drain(&mut followed).await;
    scene.run("alter table word drop constraint no_poison").await;
    assert_eq!(followed.resume(session).await.unwrap(), 1_099, "up to what nobody understands");
    assert_eq!(scene.words().await, ["poison 1", "tea 1098"]);
    let waits: Vec<_> = parked(&scene).await.iter().map(|one| (one.session, one.version)).collect();
    assert_eq!(waits, [(session, 1_100)]);

    followed.release().await.unwrap();
    let mut followed = scene.ledger.follow(WiserWords, "test").await.unwrap();
    assert_eq!(followed.resume(session).await.unwrap(), 151);
    assert_eq!(scene.words().await, ["gibberish 1", "poison 1", "tea 1248"]);
    assert!(parked(&scene).await.is_empty());
}

/// What loses a race, or meets a lock, is not to blame.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_only_has_bad_luck_is_not_parked() {
    let scene = Scene::set().await;
    scene.say("tea").await;
    let database = scene.database.name();
    scene.run(&format!("alter database {database} set lock_timeout = '10ms'")).await;
    let ledger = scene.database.builder().connect().await.unwrap();
    let mut followed = ledger.follow(Words, "test").await.unwrap();
    scene.run("begin; lock table word").await;
    let error = followed.step(10).await.unwrap_err();
    assert_eq!(error.to_string(), "the transaction conflicts with another: run the request again");
    scene.run("commit").await;
    assert!(parked(&scene).await.is_empty());
    drain(&mut followed).await;
    assert_eq!(scene.words().await, ["tea 1"]);
}

/// An operator does with `projector relay` what the application does by `Followed::resume`.
#[tokio::test]
async fn a_dead_letter_that_is_replayed_or_skipped_from_elsewhere_lets_its_session_go_on() {
    let scene = Scene::set().await;
    let mut followed = scene.ledger.follow(Words, "test").await.unwrap();
    let session = scene.say("poison").await;
    scene.say_in(session, 2, "tea").await;
    drain(&mut followed).await;
    assert_eq!(scene.ledger.replay_dead_letters("words", None).await.unwrap(), 1);
    drain(&mut followed).await;
    assert!(scene.words().await.is_empty(), "it is refused again");
    assert_eq!(parked(&scene).await[0].version, 1);

    assert_eq!(scene.ledger.skip_dead_letters("words", Some(session)).await.unwrap(), 1);
    drain(&mut followed).await;
    assert_eq!(scene.words().await, ["tea 1"]);
    scene.say_in(session, 3, "milk").await;
    drain(&mut followed).await;
    assert_eq!(scene.words().await, ["milk 1", "tea 1"]);
}
