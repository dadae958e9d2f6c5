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
            "error: other connections to this database are open (process {pid} of \"shop\"): stop the application \
             first, or rebuild with `--while-connected` to let it wait meanwhile\n"
        )
    );

    let done = projector(&database.config()).args(["rebuild", "--while-connected"]).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
}
