//! A dump that is restored into a new cluster, where transaction ids start again.

use std::collections::HashSet;
use std::io::Write;
use std::process::{Command, Stdio};

use private_postgres::{Options, Server};
use projector::relay::relay;
use session_ledger::Ledger;
use test_support::{Database, append};
use tokio_postgres::Config;

use super::cluster::connect;
use super::killed::delivered;
use super::scripted::Scripted;
use super::waves::{note_each, sessions};
use super::{noted, session_id, settings};

/// So many that the new cluster does not come to the ids of the old one.
const BURN: &str =
    "do $$ begin for nth in 1..20000 loop perform pg_current_xact_id(); commit; end loop; end $$";

/// Dumps a database, and restores it into a new one of another server.
async fn restored(old: &Server, database: &Database, new: &Server) -> Config {
    let admin = new.connection_string("postgres").parse().unwrap();
    connect(&admin).await.batch_execute("create database restored").await.unwrap();
    let dump =
        Command::new(old.bin_dir().join("pg_dump")).arg(old.connection_string(database.name())).output();
    let dump = dump.unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    // Roles are not in a dump: the migration gives them back.
    let mut psql = Command::new(new.bin_dir().join("psql"));
    psql.arg("--quiet").arg(new.connection_string("restored")).stdin(Stdio::piped());
    let mut psql = psql.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    psql.stdin.take().unwrap().write_all(&dump.stdout).unwrap();
    assert!(psql.wait().unwrap().success());
    let config: Config = new.connection_string("restored").parse().unwrap();
    Ledger::migrate(&config).await.unwrap();
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restore_a_relay_says_what_to_do_and_then_skips_nothing() {
    let (old, new) = (Server::start(Options::default()).unwrap(), Server::start(Options::default()).unwrap());
    let database = Database::on(&old).await;
    let ledger = Ledger::builder(database.config()).connect().await.unwrap();
    database.connect().await.batch_execute(BURN).await.unwrap();
    let sink = Scripted::default();
    let sessions = sessions(3);
    note_each(&database, &sessions, 1..=2).await;
    sink.drain(&ledger, settings("host-1")).await;
    note_each(&database, &sessions, 3..=4).await;
    let config = restored(&old, &database, &new).await;
    // The old database goes on: this event is lost with it.
    let lost = append(&database.connect().await, session_id(9), 1, &noted("lost")).await.unwrap().to_string();
    sink.drain(&ledger, settings("host-1")).await;
    assert!(sink.count() == 13 && sink.ids().contains(&lost));

    let ledger = Ledger::builder(config.clone()).connect().await.unwrap();
    let mut own = sink.clone();
    let refused = relay(&ledger, &settings("host-1"), &mut own, std::future::pending()).await.unwrap_err();
    let told = refused.to_string();
    assert!(told.starts_with("transaction ids have started again: the log or its cursor knows "), "{told}");
    assert!(told.contains("Run `projector epoch raise`, as the owner of the schema"), "{told}");
    let moved = ledger.rewind_subscription("relay", "a test", None).await.unwrap_err().to_string();
    assert!(moved.starts_with("transaction ids have started again"), "{moved}");

    assert_eq!(Ledger::raise_epoch(&config).await.unwrap(), 2);
    let client = connect(&config).await;
    append(&client, sessions[0].0, 5, &noted("1.5")).await.unwrap();
    append(&client, session_id(8), 1, &noted("new")).await.unwrap();
    sink.drain(&ledger, settings("host-1")).await;
    let texts = sink.texts();
    let again: HashSet<&str> = texts[13..19].iter().map(String::as_str).collect();
    assert_eq!(
        again,
        HashSet::from(["1.3", "2.3", "3.3", "1.4", "2.4", "3.4"]),
        "what the dump's cursor lacked"
    );
    assert_eq!(
        texts[19..].iter().collect::<HashSet<_>>(),
        HashSet::from([&"1.5".to_owned(), &"new".to_owned()])
    );
    let rows = client.query("select event_id::text from session_ledger.event", &[]).await.unwrap();
    let log: HashSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let mut wanted = delivered(&sink.taken());
    assert!(wanted.remove(&lost) && wanted == log, "all of the log, with the same ids");
}
