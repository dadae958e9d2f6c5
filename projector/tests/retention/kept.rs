//! Months that stay in the log, and why.

use session_ledger::session::{Encoded, Event, Retention};

use crate::kinds::kinds;
use crate::scene::{MONTH, Scene, stdout};

#[test]
fn every_kind_has_a_class_and_one_of_a_later_version_is_kept_for_ever() {
    let kept_for_ever: Vec<_> =
        kinds().into_iter().filter(|(kind, _)| Retention::of_kind(kind) == Retention::Forever).collect();
    assert_eq!(kept_for_ever, [], "say in src/session/retention.rs for how long they are kept");
    assert_eq!(Retention::of_kind("teleported"), Retention::Forever);
}

async fn kept(scene: &Scene, arguments: &[&str], why: &str) {
    let told = stdout(scene.export(arguments));
    assert!(told.contains(&format!("Kept {MONTH}: {why}")), "{told}");
    assert!(scene.month().await.is_some());
    assert!(!scene.path(&format!("{MONTH}.json")).exists());
}

#[tokio::test]
async fn a_month_with_a_live_session_stays() {
    let scene = Scene::set(vec![], vec![]).await;
    kept(&scene, &["--keep", "30d"], "a session of it is live.").await;
}

#[tokio::test]
async fn a_month_stays_as_long_as_one_of_its_facts_is_to_be_kept() {
    let scene = Scene::over().await;
    kept(&scene, &["--keep", "9000d"], "its ").await;
    kept(&scene, &["--keep", "30d", "--keep-notes", "9000d"], "its noted events are kept until 2049-").await;
    let told = stdout(scene.export(&["--keep", "30d", "--dry-run"]));
    assert!(told.contains(&format!("Would archive {MONTH}.")), "{told}");
    assert!(scene.month().await.is_some());
}

#[tokio::test]
async fn a_month_with_a_kind_of_a_later_version_stays_for_ever() {
    let unknown = Event::Unknown(Encoded::new("teleported", 3, b"to the moon"));
    let ended = Event::Ended(session_ledger::session::Ended::new(
        session_ledger::session::EndReason::LoggedOut,
        time::macros::datetime!(2025-03-01 09:01 UTC),
    ));
    let scene = Scene::set(vec![unknown, ended.clone()], vec![ended]).await;
    let why = "it holds teleported events, which this version does not know and keeps for ever.";
    kept(&scene, &["--keep", "30d"], why).await;
}

#[tokio::test]
async fn a_month_that_a_subscription_has_not_had_stays() {
    let scene = Scene::over().await;
    let mut mailer = scene.ledger.subscription("mailer", "a test").await.unwrap();
    kept(&scene, &["--keep", "30d"], "not delivered yet to mailer").await;
    let batch = mailer.next_batch(100).await.unwrap();
    mailer.checkpoint(batch).await.unwrap();
    stdout(scene.export(&["--keep", "30d"]));
    assert_eq!(scene.month().await, None);
}

#[tokio::test]
async fn a_list_of_months_fits_a_narrow_terminal_and_alarms() {
    let scene = Scene::over().await;
    let told = scene.told(&["archive", "list"]);
    assert!(told.contains(MONTH) && told.contains("present") && told.contains("ahead"), "{told}");
    stdout(scene.export(&["--keep", "30d"]));
    let told = scene.told(&["archive", "list"]);
    assert!(told.lines().nth(1).unwrap().contains("archived"), "{told}");
    // A session with an id of a month that the log has no partition for any more.
    crate::stories::session_of(&scene.database, 9, vec![]).await;
    let output = crate::scene::projector(&scene.database).args(["archive", "list"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let warning = String::from_utf8(output.stderr).unwrap();
    assert!(warning.starts_with("warning: 1 event in `event_otherwise`"), "{warning}");
}
