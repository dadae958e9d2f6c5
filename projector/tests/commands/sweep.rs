//! `projector sweep`.

use std::process::Stdio;
use std::time::Duration;

use rand::rngs::SysRng;
use session_ledger::ledger::End;
use session_ledger::session::{EndReason, Policy};
use test_support::Database;

use super::capture::Capture;
use super::{projector, stderr, stdout, stories};

const DAYS: Duration = Duration::from_secs(400 * 86_400);

#[tokio::test]
async fn one_sweep_ends_what_is_over_by_the_limits_that_are_given() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let live = database.count("session_ledger.session").await;
    assert!(live > 1);
    ledger.end(stories::on_phone(), End::because(EndReason::Revoked)).await.unwrap();
    database.set_clock_ahead(DAYS).await;
    let sweep =
        |more: &[&str]| projector(&database.config()).args(["sweep", "--once"]).args(more).output().unwrap();
    let own = sweep(&[]);
    let note = "No limits of the application are given: only those that sessions have of their own count.\n";
    assert_eq!((own.status.code(), stderr(&own).as_str()), (Some(0), note));
    let left = database.count("session_ledger.session").await;
    let limited = sweep(&["--idle-timeout", "30m", "--absolute-timeout", "12h"]);
    let told = format!("Ended {left} session{}", if left == 1 { "" } else { "s" });
    assert!(stdout(&limited).starts_with(&told), "{}{}", stdout(&limited), stderr(&limited));
    assert_eq!(database.count("session_ledger.session").await, 0);
}

#[tokio::test]
async fn the_applications_own_settings_say_the_limits() {
    let database = Database::fresh().await;
    stories::tell(&database).await;
    database.set_clock_ahead(DAYS).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.json");
    std::fs::write(&file, r#"{ "policy": { "idle_timeout": "30m", "absolute_timeout": "12h" } }"#).unwrap();
    let sweep = |file: &std::path::Path| {
        projector(&database.config()).args(["sweep", "--once", "--settings"]).arg(file).output().unwrap()
    };
    let output = sweep(&file);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    assert_eq!(database.count("session_ledger.session").await, 0);
    std::fs::write(&file, r#"{ "policy": { "idle": "30m" } }"#).unwrap();
    let refused = sweep(&file);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("unknown field `idle`"), "{}", stderr(&refused));
}

#[tokio::test]
async fn a_sweeper_goes_on_until_it_is_stopped() {
    let database = Database::fresh().await;
    stories::tell(&database).await;
    let ledger = database.ledger(Policy::default().idle_timeout(1_800).absolute_timeout(3_600)).await;
    database.set_clock_ahead(DAYS).await;
    let (mut capture, watched) = (Capture::default(), database.connect().await);
    let is_empty = async {
        let left = "select from session_ledger.session limit 1";
        while watched.query_opt(left, &[]).await.unwrap().is_some() {}
    };
    let schedule = projector::sweep::Schedule { is_once: false, every: Duration::from_millis(1) };
    let mut console = capture.console();
    let answer = projector::sweep::run(&ledger, schedule, &mut SysRng, is_empty, &mut console).await;
    assert_eq!(answer.unwrap(), projector::Answer::Yes);
    assert_eq!((capture.out(), capture.notes()), (String::new(), String::new()));
}

#[cfg(unix)]
#[tokio::test]
async fn a_supervisor_stops_a_sweeper_as_it_stops_others() {
    let database = Database::fresh().await;
    stories::tell(&database).await;
    let mut sweeper = projector(&database.config());
    let sweeper = sweeper.args(["sweep", "--idle-timeout", "1h"]).stdout(Stdio::null()).spawn().unwrap();
    let pid = sweeper.id().to_string();
    // They are of long ago.
    while database.count("session_ledger.session").await > 0 {}
    std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    let output = sweeper.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
}
