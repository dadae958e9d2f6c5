//! `projector run` where rows beside the log are to go: the job `retain`.
#![cfg(unix)]

use test_support::Database;

use super::roles::User;
use super::run::{Copy, until};
use super::{projector, stderr, stories};

/// Three failed logins and a note of activity, of which the oldest are past the limits below.
const ROWS: &str = "insert into session_ledger.failed_login (failed_at, event_id, reason, client_ip)
                    select now() - make_interval(days => days), gen_random_uuid(), 'wrong_password', '192.0.2.1'
                      from unnest(array[10, 40, 100]) as days;
                    insert into session_ledger.activity values (gen_random_uuid(), now() - interval '900 days')";

const DELETED: &str = "session_ledger_retained_rows_total{rows=\"failed_logins\"}";
const CLIENTS: &str = "session_ledger_retained_rows_total{rows=\"clients\"}";

#[tokio::test]
async fn one_copy_retains_rows_for_so_long_and_the_other_takes_over() {
    let database = Database::fresh().await;
    stories::tell(&database).await;
    let client = database.connect().await;
    client.batch_execute(ROWS).await.unwrap();
    let before = database.count("session_ledger.activity").await;
    let limits = ["--retain-failed-logins", "90d", "--retain-clients", "30d"];
    let copy = |holder| Copy::start_with(&database, holder, ", retain", &limits);

    let first = copy("first");
    until("what is past its limit goes", || {
        (first.metric(DELETED), first.metric(CLIENTS)) == (Some(1.0), Some(1.0))
    });
    assert_eq!(database.count("session_ledger.failed_login").await, 2);
    assert_eq!(database.count("session_ledger.failed_login where client_ip is null").await, 1);
    assert_eq!(database.count("session_ledger.activity").await, before, "what is not named is kept");

    let second = copy("second");
    let leader = "session_ledger_job_leader{job_name=\"retain\"}";
    until("it stands by", || second.metric(leader) == Some(0.0) && first.leads("retain"));
    assert_eq!(second.metric(DELETED), Some(0.0), "nothing yet, and told so");
    client.batch_execute(ROWS).await.unwrap();
    first.signal("-KILL");
    until("the second one goes on", || {
        (second.metric(DELETED), second.metric(CLIENTS)) == (Some(1.0), Some(1.0))
    });
    assert_eq!(database.count("session_ledger.failed_login").await, 4);
}

#[tokio::test]
async fn an_operator_alone_can_do_the_job() {
    let database = Database::fresh().await;
    stories::tell(&database).await;
    database.connect().await.batch_execute(ROWS).await.unwrap();
    let operator = User::granted(&database, &["session_ledger_operator"]).await;
    let limits = ["--jobs", "retain", "--retain-failed-logins", "90d", "--retain-clients", "30d"];
    let copy = Copy::start_as(&operator.config(), "operator", "retain", &limits);
    until("what is past its limit goes", || {
        (copy.metric(DELETED), copy.metric(CLIENTS)) == (Some(1.0), Some(1.0)) && copy.leads("retain")
    });
    drop(copy);
    operator.drop().await;
}

#[tokio::test]
async fn the_job_needs_a_limit_and_a_limit_that_can_be_read() {
    let database = Database::fresh().await;
    let run = |arguments: &[&str]| {
        let output = projector(&database.config()).arg("run").args(arguments).output().unwrap();
        (output.status.code(), stderr(&output))
    };
    let advice = "error: say with --retain-activity 30d or another limit what the job retain deletes\n";
    assert_eq!(run(&["--jobs", "retain"]), (Some(2), advice.to_owned()));
    let (code, told) = run(&["--retain-activity", "soon"]);
    assert!(code == Some(2) && told.contains("a span looks like 90d, 12w or 36h"), "{told}");
}
