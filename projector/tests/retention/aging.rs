//! Rows beside the log that are past their limits.

use crate::scene::{Scene, projector, refusal, stdout};

/// The answer of `retain` when nothing is past its limit.
pub(crate) const NOTHING: &str = "Deleted 0 ended sessions, 0 login steps, 0 failed logins and 0 notes of activity. \
                                  Took the client out of 0 events and 0 rows.\n";

pub(crate) fn retain(scene: &Scene, arguments: &[&str]) -> String {
    stdout(projector(&scene.database).arg("retain").args(arguments).output().unwrap())
}

#[tokio::test]
async fn rows_that_follow_from_the_log_age_only_once_it_is_archived() {
    let scene = Scene::over().await;
    assert_eq!(retain(&scene, &["--ended", "30d", "--logins", "30d"]), NOTHING);
    stdout(scene.export(&["--keep", "30d"]));
    let told = retain(&scene, &["--clients", "30d"]);
    assert!(told.ends_with("Took the client out of 0 events and 4 rows.\n"), "{told}");
    let listed = scene.told(&["logins", "--format", "json"]);
    assert!(listed.contains("alice") && !listed.contains("192.0.2.7"), "{listed}");
    assert_eq!(retain(&scene, &["--clients", "30d"]), NOTHING, "once is enough");
    scene.is_sound().await;

    let told = retain(&scene, &["--ended", "30d"]);
    assert!(told.starts_with("Deleted 2 ended sessions, 2 login steps, "), "{told}");
    assert_eq!(scene.database.count("session_ledger.ended_session").await, 0);
    assert_eq!(scene.database.count("session_ledger.login_step").await, 0);
    scene.is_sound().await;
}

#[tokio::test]
async fn failed_logins_and_activity_age_by_themselves() {
    let scene = Scene::set(vec![], vec![]).await;
    let client = scene.database.connect().await;
    let rows = "insert into session_ledger.failed_login (failed_at, event_id, reason, client_ip)
                select now() - make_interval(days => days), gen_random_uuid(), 'wrong_password', '192.0.2.1'
                  from unnest(array[10, 40, 100]) as days;
                insert into session_ledger.activity
                select gen_random_uuid(), now() - interval '100 days' from generate_series(1, 2500);
                insert into session_ledger.activity select session_id, now() - interval '100 days' from session_ledger.session";
    client.batch_execute(rows).await.unwrap();
    let told = retain(&scene, &["--failed-logins", "90d", "--activity", "30d", "--clients", "30d"]);
    let expected = "Deleted 0 ended sessions, 0 login steps, 1 failed login and 2500 notes of activity. \
                    Took the client out of 0 events and 1 row.\n";
    assert_eq!(told, expected, "the activity of live sessions stays");
    assert_eq!(scene.database.count("session_ledger.failed_login").await, 2);
    assert_eq!(scene.database.count("session_ledger.failed_login where client_ip is null").await, 1);
    assert_eq!(scene.database.count("session_ledger.activity").await, 2);
    let nothing = projector(&scene.database).arg("retain").output().unwrap();
    assert!(refusal(&nothing).contains("--failed-logins"));
}
