//! Changes of what stands around the log: guards, clock, counters, cursors, locks.

use std::time::{Duration, Instant};

use session_ledger::ledger::Irregularity;
use session_ledger::web::Sessions;
use test_support::{Visitor, append, application, key_ring};

use super::{RELAY, RUNTIME, Scene};

impl Scene {
    /// Follows the log to its end, and returns the number of events.
    async fn follow(&self) -> i64 {
        let mut subscription = self.ledger.subscription("audit", "test").await.unwrap();
        let mut delivered = 0;
        loop {
            let batch = subscription.next_batch(3).await.unwrap();
            if batch.events.is_empty() {
                subscription.release().await.unwrap();
                return delivered;
            }
            delivered += batch.events.len() as i64;
            subscription.checkpoint(batch).await.unwrap();
        }
    }

    async fn amiss(&self) -> Vec<String> {
        self.verify().await.irregularities.iter().map(ToString::to_string).collect()
    }
}

#[tokio::test]
async fn a_guard_that_is_gone_disabled_or_another_is_found() {
    let event = "session_ledger.event";
    for change in [
        format!("drop trigger an_event_is_never_changed on {event}"),
        format!("alter table {event} disable trigger an_event_is_never_changed"),
        format!("alter table {event} enable replica trigger an_event_is_never_changed"),
        format!(
            "drop trigger an_event_is_never_changed on {event};
             create trigger an_event_is_never_changed before update on {event}
                for each row execute function session_ledger.refuse_rewrite()"
        ),
        format!(
            "drop trigger an_event_is_never_changed on {event};
             create trigger an_event_is_never_changed before update or delete on {event}
                for each row when (old.version < 0) execute function session_ledger.refuse_rewrite()"
        ),
    ] {
        let scene = Scene::set().await;
        scene.run_as_owner(&change).await;
        let amiss = scene.amiss().await;
        assert!(
            amiss.contains(
                &"table `event` lacks its guard `an_event_is_never_changed`, or has another of that name: nothing keeps \
                  its events from being changed or removed"
                    .to_owned()
            ),
            "{change}: {amiss:?}"
        );
    }
    let scene = Scene::set().await;
    scene.run_as_owner("drop trigger the_log_is_never_emptied on session_ledger.event_otherwise").await;
    let amiss = scene.verify().await.irregularities;
    assert!(
        matches!(&amiss[..], [Irregularity::GuardMissing { table, trigger }]
            if table == "event_otherwise" && trigger == "the_log_is_never_emptied"),
        "{amiss:?}"
    );
    assert!(!scene.verify().await.is_equal());
}

#[tokio::test]
async fn a_clock_or_a_guard_that_was_replaced_is_found() {
    for (function, change) in [
        (
            "clock",
            "create or replace function session_ledger.clock() returns timestamptz language sql as 'select now()'",
        ),
        (
            "clock",
            "create or replace function session_ledger.clock() returns timestamptz language sql
                return timestamptz '2027-01-01 UTC'",
        ),
        (
            "refuse_rewrite",
            "create or replace function session_ledger.refuse_rewrite() returns trigger language plpgsql
                as 'begin return new; end'",
        ),
    ] {
        let scene = Scene::set().await;
        scene.run_as_owner(change).await;
        let told = format!("function `{function}` is not the one that the migrations have made");
        assert_eq!(scene.amiss().await, [told], "{change}");
    }
}

/// Eight events were never delivered, and nobody noticed.
#[tokio::test]
async fn a_cursor_that_was_moved_ahead_is_found_with_what_it_skipped() {
    let scene = Scene::set().await;
    let delivered = scene.follow().await;
    assert!(scene.verify().await.is_equal());
    let client = scene.database.connect().await;
    let session = session_ledger::session::SessionId::new(time::OffsetDateTime::now_utc(), [9; 10]);
    for version in 1..=8 {
        let noted = session_ledger::session::Noted::of_text("test", "skipped");
        append(&client, session, version, &session_ledger::session::Event::Noted(noted)).await.unwrap();
    }
    let ahead = "update session_ledger.subscription set cursor = pg_current_snapshot(), moved_at = now()";
    scene.run(RELAY, ahead).await;
    assert_eq!(
        scene.amiss().await,
        [format!(
            "the cursor of subscription `audit` has passed {} events, of which its checkpoints have delivered \
             {delivered}: it was moved ahead by hand, and 8 were skipped",
            delivered + 8
        )]
    );
}

#[tokio::test]
async fn a_cursor_that_was_moved_back_is_found() {
    let scene = Scene::set().await;
    let delivered = scene.follow().await;
    scene.run(RELAY, "update session_ledger.subscription set cursor = '3:3:'").await;
    assert_eq!(
        scene.amiss().await,
        [format!(
            "subscription `audit` was delivered {delivered} events, of which the log holds 0 before its cursor: events \
             are gone, or the cursor was moved back by hand"
        )]
    );
}

/// As long as somebody follows the log, what is gone without a trace is missed there.
#[tokio::test]
async fn a_session_that_is_gone_with_its_row_is_missed_by_a_follower() {
    let scene = Scene::set().await;
    let delivered = scene.follow().await;
    let session = scene.live;
    let events = scene.ledger.history(session).await.unwrap().len() as i64;
    scene
        .run_without_triggers(&format!(
            "delete from session_ledger.event where session_id = '{session}';
             delete from session_ledger.session where session_id = '{session}'"
        ))
        .await;
    let verification = scene.verify().await;
    assert!(
        matches!(verification.irregularities[..], [Irregularity::CursorMoved { delivered: d, passed, .. }]
            if d == delivered && passed == delivered - events),
        "{verification:?}"
    );
    assert!(verification.is_log_damaged());
}

/// "Equal: the log is whole (0 sessions)."
#[tokio::test]
async fn an_emptied_log_is_not_called_whole() {
    let scene = Scene::set().await;
    let client = scene.database.connect().await;
    let drawn: i64 =
        client.query_one("select last_value from session_ledger.event_position", &[]).await.unwrap().get(0);
    scene
        .run_without_triggers(
            "truncate session_ledger.event, session_ledger.session, session_ledger.ended_session",
        )
        .await;
    assert_eq!(
        scene.amiss().await,
        [format!(
            "the log is empty, though {drawn} positions were drawn for events: these were rolled back, or are gone"
        )]
    );
    assert!(scene.verify().await.is_log_damaged());
}

/// An application's role may lock its own tables. It then harms itself: requests are answered in time.
#[tokio::test]
async fn the_application_can_lock_the_sessions_and_requests_are_answered_in_time() {
    let scene = Scene::set().await;
    let shop = application(Sessions::new(scene.ledger.clone(), key_ring()));
    let visitor = Visitor::new(&shop);
    assert!(visitor.get("/add").await.status.is_success());
    let locker = scene.connect(RUNTIME).await;
    locker.batch_execute("begin; lock table session_ledger.session in access exclusive mode").await.unwrap();
    let begun = Instant::now();
    assert_eq!(visitor.get("/show").await.status, 503);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    locker.batch_execute("rollback").await.unwrap();
    assert!(visitor.get("/show").await.status.is_success());
}
