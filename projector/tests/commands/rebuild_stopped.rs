//! A rebuild that is interrupted: it has changed nothing, or it is done, and it tells which.
#![cfg(unix)]

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use test_support::Database;
use tokio_postgres::Client;

use super::{projector, rows, stories};

/// How long anything here may take.
const BOUND: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_is_stopped_has_changed_nothing_and_says_so() {
    for signal in ["-INT", "-TERM"] {
        let database = Database::fresh().await;
        drop(stories::tell(&database).await);
        let client = database.connect().await;
        client.batch_execute("update session_ledger.session set user_id = 'kept'").await.unwrap();
        let before = rows(&client).await;
        let mut holder = database.connect().await;
        let held = holder.transaction().await.unwrap();
        held.batch_execute("lock table session_ledger.session in share mode").await.unwrap();

        let rebuild = start(&database);
        until(&client, "wait_event_type = 'Lock'").await;
        let (code, out, notes) = stop(rebuild, signal);

        assert_eq!((code, out.as_str()), (Some(2), ""));
        let told = "error: the rebuild was stopped: nothing was changed, the projection is as it was\n";
        assert!(notes.ends_with(told), "{notes}");
        held.rollback().await.unwrap();
        assert_eq!(rows(&client).await, before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_is_being_committed_is_not_stopped_any_more() {
    let database = Database::fresh().await;
    drop(stories::tell(&database).await);
    let client = database.connect().await;
    let before = rows(&client).await;
    let slow_commit = "
        create function public.linger() returns trigger language plpgsql as 'begin perform pg_sleep(2); return null; end';
        create constraint trigger the_commit_lingers after insert on session_ledger.ended_session
            deferrable initially deferred for each row execute function public.linger();
        truncate session_ledger.session, session_ledger.ended_session";
    client.batch_execute(slow_commit).await.unwrap();

    let rebuild = start(&database);
    until(&client, "query = 'commit' and wait_event = 'PgSleep'").await;
    let (code, out, notes) = stop(rebuild, "-INT");

    assert_eq!(code, Some(0), "{notes}");
    assert_eq!(out, "Rebuilt the projection from 30 events: 3 live sessions, 1 ended.\n");
    assert_eq!(rows(&client).await, before);
}

fn start(database: &Database) -> Child {
    let mut command = projector(&database.config());
    command.args(["rebuild", "--while-connected"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Waits until the rebuild's connection is as `condition` says.
async fn until(client: &Client, condition: &str) {
    let backend = format!(
        "select count(*) from pg_stat_activity
          where datname = current_database() and application_name = 'projector' and {condition}"
    );
    let begun = Instant::now();
    while client.query_one(&backend, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(begun.elapsed() < BOUND, "the rebuild never came so far: {condition}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Sends the signal and returns the rebuild's output.
fn stop(mut rebuild: Child, signal: &str) -> (Option<i32>, String, String) {
    assert!(Command::new("kill").args([signal, &rebuild.id().to_string()]).status().unwrap().success());
    let code = rebuild.wait().unwrap().code();
    let (mut out, mut notes) = (String::new(), String::new());
    rebuild.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    rebuild.stderr.take().unwrap().read_to_string(&mut notes).unwrap();
    (code, out, notes)
}
