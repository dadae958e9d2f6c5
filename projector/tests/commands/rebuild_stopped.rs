//! A rebuild beside the running application that is interrupted: it tells what it has changed, and the next
//! one does the rest.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use session_ledger::session::{Event, Noted, SessionId};
use test_support::{Database, append};
use time::OffsetDateTime;
use tokio_postgres::Client;

use super::{projector, rows, stderr, stories};

/// How long anything here may take.
const BOUND: Duration = Duration::from_secs(60);

const SPOIL: &str = "update session_ledger.session set user_id = 'kept';
                     update session_ledger.ended_session set reason = 'kept'";

const HALFWAY: &str = "error: the rebuild was stopped while rebuilt rows took their places: each row is as it was or as \
                       the log says. Rebuild again for the rest\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_is_stopped_while_it_reads_has_changed_nothing_and_says_so() {
    for signal in ["-INT", "-TERM"] {
        let database = Database::fresh().await;
        drop(stories::tell(&database).await);
        let client = database.connect().await;
        client.batch_execute(SPOIL).await.unwrap();
        let before = rows(&client).await;
        let mut holder = database.connect().await;
        let held = holder.transaction().await.unwrap();
        held.batch_execute("lock table session_ledger.event").await.unwrap();

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
async fn a_rebuild_that_is_stopped_while_rows_are_replaced_is_finished_by_the_next() {
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
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(notes.ends_with(HALFWAY), "{notes}");

    let next = projector(&database.config()).args(["rebuild", "--while-connected"]).output().unwrap();
    assert_eq!(next.status.code(), Some(0), "{}", stderr(&next));
    assert_eq!(rows(&client).await, before);
}

/// How many sessions there are beside those of the stories.
const SESSIONS: usize = 300;

/// How often it is killed, at moments that are spread over the time that a whole run takes: `KILLS=` changes
/// it.
fn kills() -> u32 {
    std::env::var("KILLS").ok().and_then(|given| given.parse().ok()).unwrap_or(4)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_is_killed_leaves_each_row_as_it_was_or_as_it_should_be() {
    let database = Database::fresh().await;
    drop(stories::tell(&database).await);
    let client = database.connect().await;
    // More than one transaction replaces.
    for _ in 0..SESSIONS {
        let session = SessionId::new(OffsetDateTime::now_utc(), rand::random());
        append(&client, session, 1, &Event::Noted(Noted::of_text("said", "hello"))).await.unwrap();
    }
    assert!(start(&database).wait().unwrap().success());
    let right = rows(&client).await;
    // Each row that is put beside the live ones takes a while, and so does each that takes its place.
    let slow = "
        create function public.linger() returns trigger language plpgsql as 'begin perform pg_sleep(0.002); return new; end';
        create trigger slow before insert on session_ledger.rebuilt_session for each row execute function public.linger();
        create trigger slow before update on session_ledger.session for each row execute function public.linger();
        create trigger slow before insert on session_ledger.ended_session for each row execute function public.linger()";
    client.batch_execute(slow).await.unwrap();
    client.batch_execute(SPOIL).await.unwrap();
    let begun = Instant::now();
    assert!(start(&database).wait().unwrap().success());
    let (whole, mut halfway) = (begun.elapsed(), 0);
    for nth in 0..kills() {
        client.batch_execute(SPOIL).await.unwrap();
        let spoilt = rows(&client).await;
        let mut rebuild = start(&database);
        tokio::time::sleep(whole * nth / kills()).await;
        rebuild.kill().unwrap();
        rebuild.wait().unwrap();
        until_gone(&client).await;
        let left = rows(&client).await;
        let may_be: BTreeSet<_> = right.iter().chain(&spoilt).collect();
        assert!(left.iter().all(|row| may_be.contains(row)), "kill {nth}: {left:?}");
        assert_eq!(left.len(), right.len(), "kill {nth}");
        halfway += u32::from(left != spoilt && left != right);
    }
    assert!(kills() < 50 || halfway > 0, "none of the kills came when some rows were replaced");
    println!("{} kills within {whole:?}, {halfway} of them when some rows were replaced", kills());
    let next = projector(&database.config()).args(["rebuild", "--while-connected"]).output().unwrap();
    assert_eq!(next.status.code(), Some(0), "{}", stderr(&next));
    assert_eq!(rows(&client).await, right);
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

/// Waits until the server has noticed that the rebuild is gone.
async fn until_gone(client: &Client) {
    let backends = "select count(*) from pg_stat_activity
                     where datname = current_database() and application_name = 'projector'";
    let begun = Instant::now();
    while client.query_one(backends, &[]).await.unwrap().get::<_, i64>(0) > 0 {
        assert!(begun.elapsed() < BOUND, "the server goes on with a rebuild that was killed");
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
