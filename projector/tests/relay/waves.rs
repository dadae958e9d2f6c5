//! What is published together, and what is tried again.

use std::time::Duration;

use projector::relay::sink::Delivery;
use projector::relay::{End, Relay, relay};
use session_ledger::session::SessionId;
use session_ledger::web::Sessions;
use test_support::{CapturedLog, Database, Visitor, append, application, key_ring};
use tracing::Level;

use super::scripted::Scripted;
use super::{ledger, noted, session_id, settings};

/// Appends notes, each of a session: the texts are `1.1`, `1.2` of session 1 and so on.
pub(super) async fn note_each(
    database: &Database,
    sessions: &[(SessionId, u8)],
    versions: std::ops::RangeInclusive<i64>,
) {
    let client = database.connect().await;
    for version in versions {
        for (session, nth) in sessions {
            append(&client, *session, version, &noted(&format!("{nth}.{version}"))).await.unwrap();
        }
    }
}

pub(super) fn sessions(count: u8) -> Vec<(SessionId, u8)> {
    (1..=count).map(|nth| (session_id(nth), nth)).collect()
}

#[tokio::test]
async fn no_two_events_of_a_session_are_published_together() {
    let (database, ledger) = ledger().await;
    note_each(&database, &sessions(3), 1..=2).await;
    let sink = Scripted::default();
    sink.drain(&ledger, settings("host-1")).await;
    assert_eq!(sink.waves(), [["1.1", "2.1", "3.1"], ["1.2", "2.2", "3.2"]]);
}

#[tokio::test]
async fn a_session_waits_for_its_failed_event_and_the_others_do_not() {
    let (log, _guard) = CapturedLog::listen(Level::INFO);
    let (database, ledger) = ledger().await;
    note_each(&database, &sessions(2), 1..=3).await;
    let sink = Scripted::default();
    sink.fail("1.1");
    let mended = async {
        sink.until_so(|sink| sink.texts() == ["2.1", "2.2", "2.3"]).await;
        log.until("relay `relay`: a scripted sink: it is busy; an event is tried again").await;
        sink.until_so(|sink| sink.waves().concat().iter().filter(|text| *text == "1.1").count() > 2).await;
        sink.answer("1.1", Delivery::Acknowledged);
        sink.until(6).await;
        End::Stopped
    };
    let mut own = sink.clone();
    let relaying = Relay { batch: 100, ..settings("host-1") };
    assert_eq!(relay(&ledger, &relaying, &mut own, mended).await.unwrap(), End::Stopped);
    assert_eq!(sink.texts()[3..], ["1.1", "1.2", "1.3"]);
}

/// The batch of an event that failed held up all that was written later.
#[tokio::test]
async fn what_is_written_later_does_not_wait_for_a_failed_event_of_another_session() {
    let (database, ledger) = ledger().await;
    let sessions = sessions(4);
    note_each(&database, &sessions[..2], 1..=1).await;
    let sink = Scripted::default();
    sink.fail("1.1");
    let mended = async {
        sink.until(1).await;
        note_each(&database, &sessions[..2], 2..=4).await;
        note_each(&database, &sessions[2..], 1..=3).await;
        sink.until(10).await;
        assert_eq!(ledger.subscriptions().await.unwrap()[0].delivered, 0, "none of it is checkpointed");
        sink.answer("1.1", Delivery::Acknowledged);
        sink.until(14).await;
        End::Stopped
    };
    let mut own = sink.clone();
    assert_eq!(relay(&ledger, &settings("host-1"), &mut own, mended).await.unwrap(), End::Stopped);
    let texts = sink.texts();
    assert!(texts[..10].iter().all(|text| !text.starts_with("1.")), "{texts:?}");
    assert_eq!(texts[10..], ["1.1", "1.2", "1.3", "1.4"]);
    assert_eq!(ledger.subscriptions().await.unwrap()[0].delivered, 14);
}

#[tokio::test]
async fn a_relay_that_is_stopped_while_its_sink_is_away_ends_and_what_it_had_delivered_comes_again() {
    let (database, ledger) = ledger().await;
    note_each(&database, &sessions(2), 1..=1).await;
    let sink = Scripted::default();
    sink.fail("2.1");
    let tried = async {
        sink.until_so(|sink| sink.waves().len() > 1).await;
        End::Stopped
    };
    let mut own = sink.clone();
    assert_eq!(relay(&ledger, &settings("host-1"), &mut own, tried).await.unwrap(), End::Stopped);
    assert_eq!(sink.texts(), ["1.1"]);
    sink.answer("2.1", Delivery::Acknowledged);
    sink.drain(&ledger, settings("host-2")).await;
    assert_eq!(sink.texts(), ["1.1", "1.1", "2.1"], "with the same id");
    assert_eq!(sink.ids()[0], sink.ids()[1]);
}

/// The relay would look again after minutes.
#[tokio::test]
async fn what_this_process_commits_is_delivered_at_once() {
    let (_database, ledger) = ledger().await;
    let shop = application(Sessions::new(ledger.clone(), key_ring()));
    let sink = Scripted::default();
    let committed = async {
        // While one is delivered, the relay may find the next one by itself: not all of them.
        for nth in 1..=5 {
            assert!(Visitor::new(&shop).get("/login/alice").await.status.is_success());
            sink.until(2 * nth).await;
        }
        End::Stopped
    };
    let patient = Relay { idle: Duration::from_secs(3_600), ..settings("host-1") };
    let mut own = sink.clone();
    assert_eq!(relay(&ledger, &patient, &mut own, committed).await.unwrap(), End::Stopped);
}
