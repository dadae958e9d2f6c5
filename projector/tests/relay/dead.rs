//! What a sink refuses, and what waits behind it.

use projector::relay::sink::Delivery;
use projector::relay::{End, Relay, relay};
use session_ledger::ledger::DeadLetter;
use test_support::{CapturedLog, append};
use tracing::Level;

use super::scripted::Scripted;
use super::waves::{note_each, sessions};
use super::{ledger, noted, settings};

/// Session, version, reason, how many wait, whether it is due, whether it was given up.
fn told(letters: &[DeadLetter]) -> Vec<(i64, &str, i64, bool, bool)> {
    let one =
        |letter: &'_ DeadLetter| (letter.version, letter.waiting, letter.is_due, letter.skipped_at.is_some());
    letters
        .iter()
        .map(|letter| {
            let (version, waiting, is_due, is_skipped) = one(letter);
            (version, letter.reason.as_str(), waiting, is_due, is_skipped)
        })
        .collect()
}

#[tokio::test]
async fn a_refused_event_is_a_dead_letter_its_session_waits_and_the_others_go_on() {
    let (log, _guard) = CapturedLog::listen(Level::INFO);
    let (database, ledger) = ledger().await;
    let sessions = sessions(2);
    note_each(&database, &sessions, 1..=2).await;
    let sink = Scripted::default();
    sink.refuse("1.2");
    sink.drain(&ledger, settings("host-1")).await;
    note_each(&database, &sessions, 3..=4).await;
    sink.drain(&ledger, settings("host-1")).await;
    assert_eq!(sink.texts(), ["1.1", "2.1", "2.2", "2.3", "2.4"]);
    let session = sessions[0].0;
    assert!(log.text().contains(&format!(
        "relay `relay`: event 2 of session {session} is a dead letter, and the session's later events wait: it is too large"
    )));

    let letters = ledger.dead_letters(Some("relay"), 10).await.unwrap();
    assert_eq!(told(&letters), [(2, "it is too large", 2, false, false)]);
    assert_eq!((letters[0].session, letters[0].kind.as_deref()), (session, Some("noted")));
    let summary = &ledger.subscriptions().await.unwrap()[0];
    assert_eq!((summary.lag, summary.delivered, summary.dead_letters, summary.parked_sessions), (0, 8, 1, 1));
}

#[tokio::test]
async fn a_replay_delivers_the_dead_letter_and_then_what_waited_in_order() {
    let (database, ledger) = ledger().await;
    let sessions = sessions(2);
    note_each(&database, &sessions, 1..=9).await;
    let sink = Scripted::default();
    sink.refuse("1.2");
    // Less than what waits.
    let settings = || Relay { batch: 3, ..settings("host-1") };
    sink.drain(&ledger, settings()).await;
    assert_eq!(sink.texts().len(), 10);
    assert_eq!(ledger.replay_dead_letters("relay", Some(sessions[1].0)).await.unwrap(), 0);
    assert_eq!(ledger.replay_dead_letters("relay", Some(sessions[0].0)).await.unwrap(), 1);
    sink.drain(&ledger, settings()).await;
    let letters = ledger.dead_letters(None, 10).await.unwrap();
    assert_eq!(told(&letters), [(2, "it is too large", 7, false, false)], "it was refused again");

    sink.answer("1.2", Delivery::Acknowledged);
    assert_eq!(ledger.replay_dead_letters("relay", None).await.unwrap(), 1);
    sink.drain(&ledger, settings()).await;
    let expected: Vec<_> = (2..=9).map(|version| format!("1.{version}")).collect();
    assert_eq!(sink.texts()[10..], expected);
    assert_eq!(ledger.dead_letters(None, 10).await.unwrap(), []);
    assert_eq!(ledger.subscriptions().await.unwrap()[0].parked_sessions, 0);
    append(&database.connect().await, sessions[0].0, 10, &noted("1.10")).await.unwrap();
    sink.drain(&ledger, settings()).await;
    assert_eq!(sink.texts().last().unwrap(), "1.10", "it waits no more");
}

#[tokio::test]
async fn a_later_event_that_is_refused_in_a_replay_parks_the_session_there() {
    let (database, ledger) = ledger().await;
    note_each(&database, &sessions(1), 1..=4).await;
    let sink = Scripted::default();
    sink.refuse("1.1");
    sink.refuse("1.3");
    sink.drain(&ledger, settings("host-1")).await;
    sink.answer("1.1", Delivery::Acknowledged);
    ledger.replay_dead_letters("relay", None).await.unwrap();
    sink.drain(&ledger, settings("host-1")).await;
    assert_eq!(sink.texts(), ["1.1", "1.2"]);
    let letters = ledger.dead_letters(None, 10).await.unwrap();
    assert_eq!(told(&letters), [(3, "it is too large", 1, false, false)]);
}

#[tokio::test]
async fn a_skipped_event_is_never_delivered_and_stays_in_the_list() {
    let (database, ledger) = ledger().await;
    note_each(&database, &sessions(1), 1..=3).await;
    let sink = Scripted::default();
    sink.refuse("1.2");
    sink.drain(&ledger, settings("host-1")).await;
    assert_eq!(ledger.skip_dead_letters("relay", None).await.unwrap(), 1);
    sink.answer("1.2", Delivery::Acknowledged);
    sink.drain(&ledger, settings("host-1")).await;
    assert_eq!(sink.texts(), ["1.1", "1.3"]);
    assert_eq!(told(&ledger.dead_letters(None, 10).await.unwrap()), [(2, "it is too large", 0, false, true)]);
    let summary = &ledger.subscriptions().await.unwrap()[0];
    assert_eq!((summary.dead_letters, summary.parked_sessions), (0, 0));
    // Not even when everything comes again.
    ledger.rewind_subscription("relay", "a test", None).await.unwrap();
    sink.drain(&ledger, settings("host-1")).await;
    assert_eq!(sink.texts(), ["1.1", "1.3", "1.1", "1.3"]);
    assert_eq!(ledger.skip_dead_letters("relay", None).await.unwrap(), 0);
}

#[tokio::test]
async fn the_last_event_of_a_session_is_skipped_too() {
    let (database, ledger) = ledger().await;
    note_each(&database, &sessions(1), 1..=1).await;
    let sink = Scripted::default();
    sink.refuse("1.1");
    sink.drain(&ledger, settings("host-1")).await;
    ledger.skip_dead_letters("relay", None).await.unwrap();
    sink.drain(&ledger, settings("host-1")).await;
    let parked = || database.count("session_ledger.parked_session");
    super::until("the session waits no more", async || parked().await == 0).await;
    assert_eq!(sink.texts(), [""; 0]);
}

#[tokio::test]
async fn an_event_that_has_failed_as_often_as_is_borne_is_a_dead_letter() {
    let (database, ledger) = ledger().await;
    note_each(&database, &sessions(2), 1..=2).await;
    let sink = Scripted::default();
    sink.fail("1.1");
    sink.drain(&ledger, Relay { tries_max: Some(2), ..settings("host-1") }).await;
    assert_eq!(sink.texts(), ["2.1", "2.2"]);
    let letters = ledger.dead_letters(None, 10).await.unwrap();
    assert_eq!(told(&letters), [(1, "it has failed 2 times, the last time so: it is busy", 1, false, false)]);
}

/// `--tries` gave up one event of each session while a broker was away.
#[tokio::test]
async fn while_a_sink_takes_nothing_no_event_is_given_up() {
    let (database, ledger) = ledger().await;
    note_each(&database, &sessions(3), 1..=1).await;
    let sink = Scripted::default();
    let all = ["1.1", "2.1", "3.1"];
    for (nth, text) in all.iter().enumerate() {
        let reason = "nobody answers".to_owned();
        sink.answer(text, if nth == 0 { Delivery::Failed(reason) } else { Delivery::Away(reason) });
    }
    let back = async {
        sink.until_so(|sink| sink.waves().len() > 5).await;
        for text in all {
            sink.answer(text, Delivery::Acknowledged);
        }
        sink.until(3).await;
        End::Stopped
    };
    let (mut own, settings) = (sink.clone(), Relay { tries_max: Some(1), ..settings("host-1") });
    assert_eq!(relay(&ledger, &settings, &mut own, back).await.unwrap(), End::Stopped);
    assert_eq!(ledger.dead_letters(None, 10).await.unwrap(), []);
}

/// Its events lie before the cursor, but not all of them were delivered.
#[tokio::test]
async fn a_month_with_a_parked_session_is_not_archived() {
    let (database, ledger) = ledger().await;
    note_each(&database, &sessions(1), 1..=1).await;
    let sink = Scripted::default();
    let behind = async || -> Vec<String> {
        let first = "00000000-0000-0000-0000-000000000000";
        let asked = format!(
            "select session_ledger.followers_behind('{first}', 'ffffffff-ffff-ffff-ffff-ffffffffffff')"
        );
        database.connect().await.query_one(&asked, &[]).await.unwrap().get(0)
    };
    sink.refuse("1.1");
    sink.drain(&ledger, settings("host-1")).await;
    assert_eq!(behind().await, ["relay"]);
    sink.answer("1.1", Delivery::Acknowledged);
    ledger.replay_dead_letters("relay", None).await.unwrap();
    sink.drain(&ledger, settings("host-1")).await;
    super::until("nobody is behind", async || behind().await.is_empty()).await;
}
