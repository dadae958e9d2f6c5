//! Which sessions a sweep ends, and what it says of them.

use std::time::Duration;

use crate::scene::{ABSOLUTE, IDLE, Scene};

#[tokio::test]
async fn an_idle_session_ends_at_its_true_deadline_and_says_when_it_was_last_seen() {
    let scene = Scene::set().await;
    let (alice, _) = scene.signed_in("alice").await;
    scene.pass(600).await;
    let (bob, _) = scene.signed_in("bob").await;
    scene.pass(IDLE + 300).await;

    let swept = scene.ledger.sweep().await.unwrap();
    assert_eq!((swept.idle, swept.absolute, swept.left), (1, 0, 0));
    let row = "select concat_ws(' ', user_id, reason, extract(epoch from ended_at - last_seen)::bigint,
                                last_seen = started_at)
                 from session_ledger.ended_session";
    assert_eq!(scene.ask(row).await, "alice idle_timeout 1800 t");
    let event = "select concat_ws(' ', e.version, e.occurred_at = r.ended_at, e.recorded_at < e.occurred_at)
                   from session_ledger.event as e join session_ledger.ended_session as r using (session_id)
                  where e.kind = 'ended'";
    assert_eq!(scene.ask(event).await, "3 t t", "the test's clock is ahead of the server's");
    assert_eq!(alice.get("/me").await.status, 401);
    assert_eq!(bob.get("/me").await.status, 200, "bob's half hour is not over");
    assert_eq!(scene.ledger.sweep().await.unwrap().ended(), 0);
    scene.is_sound().await;
}

#[tokio::test]
async fn a_session_in_use_ends_when_its_whole_time_is_over() {
    let scene = Scene::set().await;
    let (alice, _) = scene.signed_in("alice").await;
    let step = IDLE * 3 / 4;
    let mut passed = 0;
    while passed + step < ABSOLUTE {
        passed += step;
        scene.pass(passed).await;
        assert_eq!(alice.post("/add-tx", "").await.status, 200);
        assert_eq!(scene.ledger.sweep().await.unwrap().ended(), 0);
    }
    scene.pass(ABSOLUTE + 5).await;
    let swept = scene.ledger.sweep().await.unwrap();
    assert_eq!((swept.idle, swept.absolute), (0, 1));
    let row = "select concat_ws(' ', reason, extract(epoch from ended_at - authenticated_at)::bigint)
                 from session_ledger.ended_session";
    assert_eq!(scene.ask(row).await, "absolute_timeout 14400");
    scene.is_sound().await;
}

#[tokio::test]
async fn the_limits_that_a_session_has_of_its_own_go_before_the_policys() {
    let scene = Scene::set().await;
    let (alice, _) = scene.signed_in("alice").await;
    assert_eq!(alice.post("/stay", "").await.status, 200);
    scene.pass(6 * 86_400).await;
    assert_eq!(scene.ledger.sweep().await.unwrap().ended(), 0);
    assert_eq!(scene.ask("select count(*)::text from session_ledger.session").await, "1");
    scene.pass(8 * 86_400).await;
    assert_eq!(scene.ledger.sweep().await.unwrap().idle, 1);
    scene.is_sound().await;
}

/// A note of activity that was under way when the sweep looked: without a second look the sweep would end a
/// session that is in use.
#[tokio::test]
async fn a_session_that_was_used_since_the_sweep_looked_at_it_is_left() {
    let scene = Scene::set().await;
    let (_, session) = scene.signed_in("alice").await;
    scene.pass(IDLE + 60).await;
    // The statement that looks for overdue sessions has its snapshot, and waits until the note is there.
    let client = scene.database.connect().await;
    let wait = format!(
        "create or replace function session_ledger.clock() returns timestamptz language plpgsql volatile as $$
         begin
             perform pg_advisory_xact_lock(7);
             return clock_timestamp() + interval '{} seconds';
         end $$;
         select pg_advisory_lock(7)",
        IDLE + 60
    );
    client.batch_execute(&wait).await.unwrap();
    let ledger = scene.ledger.clone();
    let sweep = tokio::spawn(async move { ledger.sweep().await.unwrap() });
    let waiting = "select count(*)::text from pg_locks
                    where locktype = 'advisory' and not granted
                      and database = (select oid from pg_database where datname = current_database())";
    while scene.ask(waiting).await == "0" {}
    let note = format!(
        "insert into session_ledger.activity values ('{session}', clock_timestamp() + interval '30 min');
         select pg_advisory_unlock(7)"
    );
    client.batch_execute(&note).await.unwrap();
    let swept = sweep.await.unwrap();
    assert_eq!((swept.ended(), swept.left), (0, 1));
    scene.database.set_clock_ahead(Duration::from_secs(IDLE + 60)).await;
    let swept = scene.ledger.sweep().await.unwrap();
    assert_eq!((swept.ended(), swept.left), (0, 0), "its half hour has begun again");
}

#[tokio::test]
async fn a_clock_that_has_jumped_ends_nobody() {
    let scene = Scene::set().await;
    scene.signed_in("alice").await;
    scene.database.set_wrong_clock_ahead(Duration::from_secs(2 * ABSOLUTE)).await;
    let error = scene.ledger.sweep().await.unwrap_err().to_string();
    assert!(error.starts_with("the database's clock has jumped by "), "{error}");
    assert_eq!(scene.ask("select count(*)::text from session_ledger.session").await, "1");
}
