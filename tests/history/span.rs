//! The events of all sessions in a span of time.

use futures_util::TryStreamExt;
use session_ledger::ledger::{End, QuestionError};
use session_ledger::session::{EndReason, EventFilter, Recorded, SessionFilter, Unanswerable};
use time::{Duration, OffsetDateTime, UtcOffset};

use super::{Scene, network};

/// Sessions of alice, bob and carol; an administrator has ended bob's.
async fn scene() -> (Scene, Vec<Recorded>) {
    let scene = Scene::set().await;
    scene.walk(&["/login/alice", "/logout"]).await;
    scene.walk(&["/login/bob"]).await;
    scene.walk(&["/login/carol"]).await;
    let of_bob = SessionFilter::all().of_user("bob");
    let end = End::because(EndReason::Revoked).by("admin");
    assert_eq!(scene.ledger.end_where(&of_bob, end).await.unwrap(), 1);
    let all = found(&scene, lately()).await;
    assert_eq!(all.len(), 8);
    (scene, all)
}

/// All that was recorded within the last day.
fn lately() -> EventFilter {
    let now = OffsetDateTime::now_utc();
    EventFilter::recorded_between(now - Duration::DAY, now + Duration::HOUR)
}

async fn found(scene: &Scene, filter: EventFilter) -> Vec<Recorded> {
    scene.ledger.events_stream(filter).try_collect().await.unwrap()
}

fn kinds(events: &[Recorded]) -> Vec<&str> {
    events.iter().map(|one| one.entry.encoded.kind()).collect()
}

#[tokio::test]
async fn each_condition_leaves_the_events_of_the_span_that_fulfil_it() {
    let (scene, all) = scene().await;
    let order = ["started", "logged_in", "ended", "started", "logged_in", "started", "logged_in", "ended"];
    assert_eq!(kinds(&all), order, "in the order in which they were recorded");
    assert!(all.is_sorted_by_key(|one| one.recorded_at));

    let revoked = found(&scene, lately().ended_because(EndReason::Revoked)).await;
    assert_eq!(revoked, all[7..]);
    assert_eq!(found(&scene, lately().ended_because(EndReason::LoggedOut)).await, all[2..3]);
    assert_eq!(found(&scene, lately().ended_because(EndReason::TokenReplayed)).await, []);
    assert_eq!(found(&scene, lately().by("admin")).await, all[7..]);
    assert_eq!(kinds(&found(&scene, lately().kind("ended")).await), ["ended", "ended"]);
    assert_eq!(found(&scene, lately().from_network(network("203.0.113.0/24"))).await, []);
    assert_eq!(found(&scene, lately().of("bob")).await, [&all[3..5], &all[7..]].concat());
    assert_eq!(found(&scene, lately().of("bob").ended_because(EndReason::LoggedOut)).await, []);

    let between = |from: usize, until: usize| {
        EventFilter::recorded_between(all[from].recorded_at, all[until].recorded_at)
    };
    assert_eq!(found(&scene, between(2, 5)).await, all[2..5], "the end of the span is not in it");
    assert_eq!(found(&scene, lately().occurred_from(all[7].entry.occurred_at)).await, all[7..]);
    let of_user = EventFilter::of_user("alice").ended_because(EndReason::LoggedOut);
    assert_eq!(found(&scene, of_user).await.len(), 1);
}

/// Its end has the time of its deadline, and was recorded when somebody came.
#[tokio::test]
async fn an_end_that_was_noticed_late_is_found_where_it_was_recorded() {
    let (scene, all) = scene().await;
    let change = format!(
        "begin; set local session_replication_role = replica;
         update session_ledger.event set occurred_at = occurred_at - interval '9 days'
          where session_id = '{}' and kind = 'ended'; commit",
        all[7].session_id
    );
    scene.database.connect().await.batch_execute(&change).await.unwrap();
    let ends = lately().ended_because(EndReason::Revoked);
    assert_eq!(found(&scene, ends.clone()).await.len(), 1);
    let long_ago = OffsetDateTime::now_utc() - Duration::days(8);
    assert_eq!(found(&scene, ends.clone().occurred_before(long_ago)).await.len(), 1);
    assert_eq!(found(&scene, ends.occurred_from(long_ago)).await, []);
}

/// Events of one moment are told apart by their sessions, wherever a page ends.
#[tokio::test]
async fn pages_and_streams_tell_each_event_of_the_span_once() {
    let (scene, all) = scene().await;
    let at_once = "begin; set local session_replication_role = replica;
                   update session_ledger.event set recorded_at = date_trunc('second', now()); commit";
    scene.database.connect().await.batch_execute(at_once).await.unwrap();
    let filter = lately();
    let streamed = found(&scene, filter.clone()).await;
    assert_eq!(streamed.len(), all.len());
    for limit in 1..=4 {
        let (mut paged, mut cursor) = (Vec::new(), None);
        loop {
            let page = scene.ledger.events_page(&filter, cursor.as_deref(), limit).await.unwrap();
            assert!(page.events.len() <= limit as usize);
            paged.extend(page.events);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(paged, streamed, "pages of {limit}");
    }
}

#[tokio::test]
async fn a_span_is_the_same_in_every_time_zone_and_so_is_its_cursor() {
    let (scene, all) = scene().await;
    let (from, until) = (all[0].recorded_at, all[7].recorded_at);
    let there = UtcOffset::from_hms(-9, -30, 0).unwrap();
    let elsewhere = EventFilter::recorded_between(from.to_offset(there), until.to_offset(there));
    let cursor = scene.ledger.events_page(&elsewhere, None, 3).await.unwrap().next;
    let here = EventFilter::recorded_between(from, until);
    let rest = scene.ledger.events_page(&here, cursor.as_deref(), 100).await.unwrap();
    assert_eq!((rest.events, rest.next), (all[3..7].to_vec(), None));
}

#[tokio::test]
async fn an_impossible_span_or_a_cursor_from_elsewhere_is_refused() {
    let (scene, all) = scene().await;
    let told =
        async |filter: &EventFilter, cursor| scene.ledger.events_page(filter, cursor, 9).await.unwrap_err();
    let (from, until) = (all[0].recorded_at, all[7].recorded_at);
    for (from, until) in [(until, from), (from, from)] {
        let refused = told(&EventFilter::recorded_between(from, until), None).await;
        let empty = matches!(refused, QuestionError::Unanswerable(Unanswerable::EmptySpan { .. }));
        assert!(empty, "{refused}");
    }
    let span = EventFilter::recorded_between(from, until);
    let cursor = scene.ledger.events_page(&span, None, 1).await.unwrap().next.unwrap();
    for other in [
        EventFilter::recorded_between(from, until + Duration::MICROSECOND),
        span.clone().of("alice"),
        span.clone().ended_because(EndReason::Revoked),
        EventFilter::of_user("alice"),
    ] {
        let refused = told(&other, Some(cursor.as_str())).await;
        let is_foreign = matches!(refused, QuestionError::Unanswerable(Unanswerable::ForeignCursor));
        assert!(is_foreign, "{other:?}: {refused}");
    }
    let refused = told(&span, Some("bogus")).await;
    assert!(matches!(refused, QuestionError::Unanswerable(Unanswerable::UnknownCursor)), "{refused}");
    let unstorable = told(&span.clone().by("nul\0"), None).await;
    assert_eq!(unstorable.to_string(), "a user id must have 1 to 255 bytes and no NUL character");

    // PostgreSQL has no times of so long ago.
    let ancient = OffsetDateTime::UNIX_EPOCH - Duration::days(365 * 11_000);
    assert_eq!(found(&scene, EventFilter::recorded_between(ancient, ancient + Duration::DAY)).await, []);
    let of_alice = EventFilter::of_user("alice").occurred_from(ancient);
    assert_eq!(found(&scene, of_alice.clone()).await.len(), 3);
    assert_eq!(found(&scene, EventFilter::of_user("alice").occurred_before(ancient)).await, []);
}

/// Few statements, however long nothing has happened.
#[tokio::test]
async fn a_span_of_ten_years_with_few_events_is_read_in_time() {
    let (scene, all) = scene().await;
    let now = OffsetDateTime::now_utc();
    let years = EventFilter::recorded_between(now - Duration::days(3650), now + Duration::days(365));
    assert_eq!(found(&scene, years).await, all);
}
