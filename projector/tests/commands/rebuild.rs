//! `projector rebuild`.

use test_support::Database;
use tokio_postgres::NoTls;

use super::{projector, rows, stderr, stdout, stories};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_writes_what_was_lost_and_says_how_much_in_plain_lines() {
    let database = Database::fresh().await;
    drop(stories::tell(&database).await);
    let client = database.connect().await;
    let before = rows(&client).await;
    client
        .batch_execute(
            "truncate session_ledger.session, session_ledger.ended_session; analyze session_ledger.event",
        )
        .await
        .unwrap();
    drop(client);

    let output = projector(&database.config()).arg("rebuild").output().unwrap();

    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output), "Rebuilt the projection from 30 events: 3 live sessions, 1 ended.\n");
    assert_eq!(
        stderr(&output),
        "Rebuilding: 0 of about 30 events\n\
         1 event of a kind or shape that this version does not know, and skipped: rebuild with the version that wrote \
         it as well.\n"
    );
    assert_eq!(rows(&database.connect().await).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_is_refused_while_others_are_connected_unless_told_otherwise() {
    let database = Database::fresh().await;
    drop(stories::tell(&database).await);
    let mut shop = database.config();
    let (client, connection) = shop.application_name("shop").connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let pid: i32 = client.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);

    let refused = projector(&database.config()).arg("rebuild").output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(stdout(&refused), "");
    assert_eq!(
        stderr(&refused),
        format!(
            "error: other connections to this database are open (process {pid} of \"shop\"): rebuild with \
             `--while-connected`, beside the running application, or stop it first\n"
        )
    );

    let done = projector(&database.config()).args(["rebuild", "--while-connected"]).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert_eq!(stdout(&done), "There is nothing to rebuild: the rows are those that 30 events make.\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_tells_what_a_rebuild_beside_the_application_then_does() {
    let database = Database::fresh().await;
    drop(stories::tell(&database).await);
    let client = database.connect().await;
    let before = rows(&client).await;
    client.batch_execute("update session_ledger.session set user_id = 'wrong'").await.unwrap();
    let run = |arguments: &[&str]| {
        let output = projector(&database.config()).arg("rebuild").args(arguments).output().unwrap();
        (output.status.code(), stdout(&output))
    };
    let told = "Other rows than 30 events make: those of 3 live sessions, 0 ended. Nothing was changed.\n";
    assert_eq!(run(&["--dry-run"]), (Some(1), told.to_owned()));
    let told = "Rebuilt the rows that differed from what 30 events make: 3 live sessions, 0 ended.\n";
    assert_eq!(run(&["--while-connected"]), (Some(0), told.to_owned()));
    assert_eq!(rows(&client).await, before);
    let told = "There is nothing to rebuild: the rows are those that 30 events make.\n";
    assert_eq!(run(&["--dry-run"]), (Some(0), told.to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_with_an_event_that_cannot_be_read_is_named_and_keeps_its_rows() {
    let database = Database::fresh().await;
    drop(stories::tell(&database).await);
    let client = database.connect().await;
    let spoil = "
        update session_ledger.session set user_id = 'wrong';
        begin; set local session_replication_role = replica;
        update session_ledger.event set payload = '\\xff'
         where version = 1 and session_id = (select min(session_id::text)::uuid from session_ledger.session);
        commit";
    client.batch_execute(spoil).await.unwrap();
    let output = projector(&database.config())
        .args(["rebuild", "--while-connected", "--skip-undecodable"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let wrong = "select session_id::text from session_ledger.session where user_id = 'wrong'";
    let kept: String = client.query_one(wrong, &[]).await.unwrap().get(0);
    let named = format!("Session {kept} keeps its rows: event 1 cannot be read: ");
    assert!(stderr(&output).contains(&named), "{}", stderr(&output));
}
