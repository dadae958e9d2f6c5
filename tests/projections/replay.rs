//! Telling the log again: to compare, and to derive the tables anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use session_ledger::ledger::{FeedError, Progress, ProjectionError};
use test_support::append;
use tokio::task::JoinSet;

use super::words::{CarelessWords, WiserWords, Words};
use super::{Scene, drain, said, session_id};

/// How many words each writer says at the most, so that the log can be told to its end.
const WORDS_MAX: usize = 2_000;

/// What is told of differences: table, key, stored, derived.
type Told = (String, Option<String>, Option<String>);

async fn differences(scene: &Scene) -> Vec<Told> {
    let differences = scene.ledger.verify_projection(&Words, |_| {}).await.unwrap();
    assert!(differences.rows.iter().all(|row| row.table == "word"));
    differences.rows.into_iter().map(|row| (row.key, row.stored, row.derived)).collect()
}

#[tokio::test]
async fn a_damaged_row_one_that_is_missing_and_one_too_many_are_found_by_their_keys() {
    let scene = Scene::set().await;
    let mut followed = scene.ledger.follow(Words, "test").await.unwrap();
    for word in ["tea", "milk", "tea", "sugar"] {
        scene.say(word).await;
    }
    drain(&mut followed).await;
    assert!(differences(&scene).await.is_empty());

    scene.run("update word set times = 7 where word = 'tea'").await;
    scene.run("delete from word where word = 'milk'").await;
    scene.run("insert into word values ('salt', 1)").await;
    let key = |word: &str| format!(r#"{{"word" : "{word}"}}"#);
    let row = |word: &str, times: u32| Some(format!(r#"{{"word": "{word}", "times": {times}}}"#));
    assert_eq!(
        differences(&scene).await,
        [
            (key("milk"), None, row("milk", 1)),
            (key("salt"), row("salt", 1), None),
            (key("tea"), row("tea", 7), row("tea", 2)),
        ]
    );
    // The follower is not disturbed, and what it has not had is no difference.
    scene.say("lemon").await;
    assert_eq!(differences(&scene).await.len(), 3);

    followed.release().await.unwrap();
    assert_eq!(scene.ledger.rebuild_projection(&Words, "test", |_| {}).await.unwrap(), 4);
    assert!(differences(&scene).await.is_empty());
    assert_eq!(scene.words().await, ["milk 1", "sugar 1", "tea 2"]);
    let mut followed = scene.ledger.follow(Words, "test").await.unwrap();
    drain(&mut followed).await;
    assert_eq!(scene.words().await, ["lemon 1", "milk 1", "sugar 1", "tea 2"], "it goes on where it was");
}

#[tokio::test]
async fn an_event_that_is_refused_is_told_of_and_takes_its_session_along() {
    let scene = Scene::set().await;
    let mut followed = scene.ledger.follow(Words, "test").await.unwrap();
    let session = scene.say("gibberish").await;
    scene.say_in(session, 2, "tea").await;
    scene.say("milk").await;
    drain(&mut followed).await;
    let verification = scene.ledger.verify_projection(&Words, |_| {}).await.unwrap();
    assert_eq!((verification.is_equal(), verification.refused), (true, 1), "{verification:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_beside_writers_makes_what_the_log_says_and_sends_nothing_again() {
    let scene = Scene::set().await;
    for _ in 0..30 {
        scene.say("old").await;
    }
    let mut followed = scene.ledger.follow(Words, "test").await.unwrap();
    let (stop, mut writers) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
    for writer in 0..8 {
        let (client, stop) = (scene.database.connect().await, Arc::clone(&stop));
        writers.spawn(async move {
            let mut words = 0;
            while words < WORDS_MAX && !stop.load(Ordering::Relaxed) {
                append(&client, session_id(), 1, &said(&format!("word {writer}"))).await.unwrap();
                words += 1;
            }
            words
        });
    }
    for _ in 0..3 {
        followed.step(100).await.unwrap();
        let held = scene.ledger.rebuild_projection(&Words, "another", |_| {}).await.unwrap_err();
        assert!(matches!(held, ProjectionError::Feed(FeedError::Held { .. })), "{held}");
        followed.release().await.unwrap();
        scene.run("update word set times = -1").await;
        let rows = scene.ledger.rebuild_projection(&Words, "another", |_| {}).await.unwrap();
        assert!(rows >= 2, "{rows}");
        scene.assert_equal(&Words).await;
        followed = scene.ledger.follow(Words, "test").await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    let mut new = 0;
    while let Some(words) = writers.join_next().await {
        new += words.unwrap();
    }
    drain(&mut followed).await;
    scene.assert_equal(&Words).await;
    let written = (30 + new).to_string();
    assert_eq!(scene.texts("select sum(times)::text from word").await, [written]);
    let mails = "select count(*)::text from mail union all select count(distinct event)::text from mail";
    assert_eq!(
        scene.texts(mails).await,
        [new.to_string(), new.to_string()],
        "one for each word that was not old"
    );
}

#[tokio::test]
async fn a_rebuild_tries_parked_events_again_and_forgets_those_that_it_handles() {
    let scene = Scene::set().await;
    let mut followed = scene.ledger.follow(Words, "test").await.unwrap();
    let session = scene.say("poison").await;
    scene.say_in(session, 2, "tea").await;
    drain(&mut followed).await;
    followed.release().await.unwrap();
    let before = scene.ledger.dead_letters(Some("words"), 10).await.unwrap();
    assert_eq!(scene.ledger.rebuild_projection(&Words, "test", |_| {}).await.unwrap(), 0);
    let after = scene.ledger.dead_letters(Some("words"), 10).await.unwrap();
    assert_eq!(before.iter().map(|one| one.event).collect::<Vec<_>>(), [after[0].event]);

    scene.ledger.rebuild_projection(&WiserWords, "test", |_| {}).await.unwrap();
    assert!(scene.ledger.dead_letters(Some("words"), 10).await.unwrap().is_empty());
    assert_eq!(scene.words().await, ["antidote 1", "tea 1"]);
    scene.say_in(session, 3, "milk").await;
    let mut followed = scene.ledger.follow(WiserWords, "test").await.unwrap();
    drain(&mut followed).await;
    assert_eq!(scene.words().await, ["antidote 1", "milk 1", "tea 1"], "the session goes on");
}

/// Killed at whichever report of its progress, it has changed nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_is_given_up_leaves_the_tables_as_they_were() {
    let scene = Scene::set().await;
    let mut followed = scene.ledger.follow(Words, "test").await.unwrap();
    for word in ["tea", "milk", "tea"] {
        scene.say(word).await;
    }
    drain(&mut followed).await;
    followed.release().await.unwrap();
    scene.run("update word set times = 9").await;
    for told in 1..=2 {
        let (give_up, given_up) = tokio::sync::oneshot::channel();
        let (mut reports, mut give_up) = (0, Some(give_up));
        let progress = move |_: Progress| {
            reports += 1;
            if reports == told {
                give_up.take().unwrap().send(()).unwrap();
                // The future is dropped at its next step.
                std::thread::yield_now();
            }
        };
        tokio::select! { biased;
            _ = given_up => {}
            rebuilt = scene.ledger.rebuild_projection(&Words, "test", progress) => {
                panic!("it was to be given up: {rebuilt:?}");
            }
        }
        assert_eq!(scene.words().await, ["milk 9", "tea 9"], "given up at report {told}");
    }
    scene.ledger.rebuild_projection(&Words, "test", |_| {}).await.unwrap();
    assert_eq!(scene.words().await, ["milk 1", "tea 2"]);
}

#[tokio::test]
async fn progress_is_told() {
    let scene = Scene::set().await;
    let mut followed = scene.ledger.follow(Words, "test").await.unwrap();
    scene.say("tea").await;
    drain(&mut followed).await;
    let mut told = Vec::new();
    scene
        .ledger
        .verify_projection(&Words, |progress| told.push((progress.events, progress.is_read)))
        .await
        .unwrap();
    assert_eq!((told.first(), told.last()), (Some(&(0, false)), Some(&(1, true))));
}

#[tokio::test]
async fn a_projection_that_names_its_table_by_the_schema_cannot_change_it_while_the_log_is_told_again() {
    let scene = Scene::set().await;
    let mut followed = scene.ledger.follow(Words, "test").await.unwrap();
    scene.say("tea").await;
    drain(&mut followed).await;
    followed.release().await.unwrap();
    let error = scene.ledger.rebuild_projection(&CarelessWords, "test", |_| {}).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "projection `words` writes something else than its own tables while events are told again (cannot execute UPDATE \
         in a read-only transaction (25006)): name its tables without their schema, and write elsewhere only if the fact \
         is not replayed"
    );
    assert_eq!(scene.words().await, ["tea 1"]);
}

#[tokio::test]
async fn what_cannot_be_compared_is_refused_with_the_reason() {
    let scene = Scene::set().await;
    let refused = async || scene.ledger.verify_projection(&Words, |_| {}).await.unwrap_err().to_string();
    assert_eq!(
        refused().await,
        "projection `words` was never followed, and this ledger has no inline one of that name: follow it with \
         `Ledger::follow`, or give it to `Builder::inline`"
    );
    scene.run("alter table word rename to words").await;
    assert_eq!(
        refused().await,
        "projection `words` has a table `word` that is not there: make it, or put its schema on the search path of the \
         role"
    );
    scene
        .run(
            "insert into session_ledger.archived_partition (partition, first_id, end_id, events, sessions, file_hash)
             values ('event_2025_01', gen_random_uuid(), gen_random_uuid(), 1, 1, sha256(''))",
        )
        .await;
    assert_eq!(
        refused().await,
        "projection `words` cannot be derived anew, as 1 months of the log are in an archive: restore the archive into a \
         database of its own, and derive it there"
    );
}
