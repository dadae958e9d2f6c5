//! A followed projection: each event takes effect once, whatever happens between handler and checkpoint.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use session_ledger::ledger::{FeedError, Followed, Projection, ProjectionError, Step};
use test_support::{Database, append};
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::words::Words;
use super::{Scene, drain, said};

/// How long anything here may take.
const BOUND: Duration = Duration::from_secs(60);

/// Polls a step this number of times, each time when it may have progressed, and drops it.
async fn give_up_after<P: Projection>(polls: usize, followed: &mut Followed<P>) -> Option<Step> {
    let (mut step, mut polled) = (pin!(followed.step(3)), 0);
    poll_fn(|context| {
        polled += 1;
        match step.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done.unwrap())),
            Poll::Pending if polled == polls => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Starts writers that say words, each in sessions of its own and some in one transaction.
async fn start_writers(database: &Database, writers: usize, rounds: usize) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for writer in 0..writers {
        let client = database.connect().await;
        tasks.spawn(async move {
            for round in 0..rounds {
                let (session, word) = (super::session_id(), said(&format!("word {writer}")));
                client.batch_execute("begin isolation level serializable").await.unwrap();
                let mut written = true;
                for version in 1..=1 + (round % 3) as i64 {
                    // One that has lost a race is not done again.
                    written &= append(&client, session, version, &word).await.is_ok();
                }
                let end = if written && round % 4 != 3 { "commit" } else { "rollback" };
                client.batch_execute(end).await.ok();
            }
        });
    }
    tasks
}

/// Fulfilled once somebody's transaction waits for a lock on the table.
async fn until_somebody_waits(client: &Client) -> i32 {
    let waiting = "select pid from pg_stat_activity
                    where datname = current_database() and wait_event_type = 'Lock' and query like '%word%'";
    let seen = async {
        loop {
            if let Some(row) = client.query_opt(waiting, &[]).await.unwrap() {
                return row.get(0);
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, seen).await.expect("a handler that waits")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_event_takes_effect_once_though_steps_are_dropped_everywhere_while_eight_write() {
    let scene = Scene::set().await;
    let mut writers = start_writers(&scene.database, 8, 40).await;
    let mut followed = scene.ledger.follow(Words, "test").await.unwrap();
    let (mut given_up, mut polls, mut kept) = (0, 0, 0);
    let following = async {
        loop {
            polls = polls % 25 + 1;
            match give_up_after(polls, &mut followed).await {
                None => given_up += 1,
                Some(step) if step.is_up_to_date && writers.is_empty() => break,
                Some(_) => {}
            }
            // Every other time the follower goes too, and comes back on another connection.
            if polls % 2 == 0 {
                drop(followed);
                followed = scene.ledger.follow(Words, "test").await.unwrap();
            } else {
                kept += 1;
            }
            while let Some(done) = writers.try_join_next() {
                done.unwrap();
            }
        }
        followed
    };
    let mut followed = tokio::time::timeout(BOUND, following).await.expect("in time");
    drain(&mut followed).await;
    assert!(given_up > 20 && kept > 10, "given up {given_up} times, kept {kept} times");
    let told = scene.words().await;
    let logged = "select 'word ' || n || ' ' || count(*) from (
                      select encode(payload, 'escape') as text from session_ledger.event where kind = 'noted'
                  ) as e, generate_series(0, 7) as n where text like '%\"word ' || n || '\"%' group by n order by n";
    assert_eq!(told, scene.texts(logged).await);
    assert_eq!(told.len(), 8);
    scene.assert_equal(&Words).await;
    let twice = "select event::text from mail group by event having count(*) > 1";
    assert!(scene.texts(twice).await.is_empty(), "no mail is sent twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_process_that_is_killed_between_handler_and_checkpoint_takes_nothing_along() {
    let scene = Scene::set().await;
    scene.say("tea").await;
    let mut followed = scene.ledger.follow(Words, "test").await.unwrap();
    scene.run("begin; lock table word").await;
    let step = tokio::spawn(async move { followed.step(10).await });
    let other = scene.database.connect().await;
    let pid = until_somebody_waits(&other).await;
    other.execute("select pg_terminate_backend($1)", &[&pid]).await.unwrap();
    let error = tokio::time::timeout(BOUND, step).await.expect("in time").unwrap().unwrap_err();
    assert!(
        matches!(&error, ProjectionError::Feed(FeedError::Store(error)) if error.is_unavailable()),
        "{error}"
    );
    scene.run("commit").await;
    assert!(scene.words().await.is_empty());

    let mut followed = scene.ledger.follow(Words, "test").await.unwrap();
    drain(&mut followed).await;
    drain(&mut followed).await;
    assert_eq!(scene.words().await, ["tea 1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_a_dropped_step_leaves_in_a_transaction_does_not_go_back_to_the_pool() {
    let scene = Scene::set().await;
    scene.say("tea").await;
    scene.run("begin; lock table word").await;
    let ledger = scene.database.builder().connections_max(1).connect().await.unwrap();
    let mut followed = ledger.follow(Words, "test").await.unwrap();
    let step = tokio::spawn(async move { followed.step(10).await });
    until_somebody_waits(&scene.database.connect().await).await;
    step.abort();
    assert!(step.await.unwrap_err().is_cancelled());
    scene.run("commit").await;
    assert!(ledger.subscriptions().await.is_ok(), "a connection without a transaction");
    let mut followed = ledger.follow(Words, "test").await.unwrap();
    drain(&mut followed).await;
    assert_eq!(scene.words().await, ["tea 1"]);
}

#[tokio::test]
async fn one_follows_at_a_time_and_a_forgotten_twin_applies_nothing() {
    let scene = Scene::set().await;
    scene.say("tea").await;
    let mut twin = scene.ledger.follow(Words, "host-1").await.unwrap();
    let held = scene.ledger.follow(Words, "host-2").await.unwrap_err();
    assert!(matches!(held, ProjectionError::Feed(FeedError::Held { .. })), "{held}");

    let mut back = scene.ledger.follow(Words, "host-1").await.unwrap();
    let lost = twin.step(10).await.unwrap_err();
    assert!(matches!(lost, ProjectionError::Feed(FeedError::LeaseLost { .. })), "{lost}");
    assert!(scene.words().await.is_empty());
    drain(&mut back).await;
    back.release().await.unwrap();
    scene.ledger.follow(Words, "host-2").await.unwrap();
    assert_eq!(scene.words().await, ["tea 1"]);
}

/// PostgreSQL refuses a statement that was prepared for other columns than it would return now.
#[tokio::test]
async fn a_table_may_be_altered_while_it_is_followed() {
    let scene = Scene::set().await;
    scene.say("tea").await;
    let mut followed = scene.ledger.follow(Words, "test").await.unwrap();
    drain(&mut followed).await;
    scene.run("alter table word add column note text").await;
    scene.say("tea").await;
    let step = followed.step(10).await.unwrap();
    assert_eq!((step.events, step.parked), (1, 0));
    assert_eq!(scene.words().await, ["tea 2"]);
}

/// Somebody who is mailed about a login of last year would think of a thief.
#[tokio::test]
async fn what_had_happened_before_a_projection_was_first_followed_has_no_side_effects() {
    let scene = Scene::set().await;
    scene.say("old").await;
    scene.say("old").await;
    let mut followed = scene.ledger.follow(Words, "test").await.unwrap();
    scene.say("new").await;
    // Killed before its first step, it still knows what is old.
    drop(followed);
    followed = scene.ledger.follow(Words, "test").await.unwrap();
    drain(&mut followed).await;
    assert_eq!(scene.words().await, ["new 1", "old 2"]);
    assert_eq!(scene.texts("select word from mail").await, ["new"]);
}
