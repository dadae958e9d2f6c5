//! Migrations beside transactions that keep a lock on the log: requests go on.

use std::time::{Duration, Instant};

use session_ledger::Ledger;
use session_ledger::ledger::{Migrated, RebuildOptions, SchemaError};
use session_ledger::session::Policy;
use session_ledger::web::Sessions;
use test_support::{Database, Visitor, application, key_ring};
use tokio_postgres::{Client, NoTls};

use super::partitioning::partition_ahead;

/// How long requests may take while a migration waits: a try of it waits for a tenth of this.
const REQUEST_MAX: Duration = Duration::from_secs(1);

/// A transaction that reads the whole log, as a dump or a verification does.
async fn reader_of_the_log(database: &Database) -> (Client, i32) {
    let mut config = database.config();
    let (client, connection) = config.application_name("pg_dump").connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("begin; lock table session_ledger.event in access share mode").await.unwrap();
    let pid = client.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    (client, pid)
}

async fn drop_last_partition(database: &Database) -> String {
    let client = database.connect().await;
    let last = partition_ahead(&client, 12).await;
    client.batch_execute(&format!("drop table {last}")).await.unwrap();
    last
}

/// Waits until a migration has waited for a lock this many times, at a statement that holds `words`.
async fn until_it_waits(client: &Client, words: &str, times: u32) {
    let waiting = "select exists (select from pg_locks join pg_stat_activity using (pid)
                    where datname = current_database() and application_name = 'session-ledger'
                      and not granted and locktype = 'relation' and query like '%' || $1 || '%')";
    let begun = Instant::now();
    let (mut seen, mut was_waiting) = (0, false);
    while seen < times {
        assert!(begun.elapsed() < Duration::from_secs(30), "the migration waited {seen} times only");
        let is_waiting: bool = client.query_one(waiting, &[&words]).await.unwrap().get(0);
        seen += u32::from(is_waiting && !was_waiting);
        was_waiting = is_waiting;
    }
}

/// A partition was due while a dump read the log. The migration waited behind the dump, and every login
/// behind the migration, until nobody was answered any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_go_on_while_a_migration_waits_for_a_reader_of_the_log() {
    let database = Database::fresh().await;
    let last = drop_last_partition(&database).await;
    let ledger = database.ledger(Policy::default()).await;
    let shop = application(Sessions::new(ledger.clone(), key_ring()));
    let session = super::start(&database.connect().await, "bob").await;
    let (reader, _) = reader_of_the_log(&database).await;
    let config = database.config();
    let migration = tokio::spawn(async move { Ledger::migrate(&config).await });

    let requests = async {
        let mut slowest = Duration::ZERO;
        for nth in 0..200 {
            let begun = Instant::now();
            let visitor = Visitor::new(&shop);
            assert!(visitor.post("/add", "").await.status.is_success(), "request {nth}");
            assert!(visitor.post("/login/alice", "").await.status.is_success(), "request {nth}");
            assert!(visitor.post("/logout", "").await.status.is_success(), "request {nth}");
            assert_eq!(ledger.history(session).await.unwrap().len(), 1, "request {nth}");
            slowest = slowest.max(begun.elapsed());
        }
        slowest
    };
    let watcher = database.connect().await;
    let (slowest, ()) = tokio::join!(requests, until_it_waits(&watcher, "attach_event_partition", 3));

    assert!(slowest < REQUEST_MAX, "three requests and a look into the log took {slowest:?}");
    assert!(!migration.is_finished(), "nothing held the migration up");
    reader.batch_execute("commit").await.unwrap();
    assert_eq!(migration.await.unwrap().unwrap().partitions, 1);
    watcher.batch_execute(&format!("select from {last}")).await.unwrap();
}

/// Each migration is tried again as a whole, and those before it stay applied.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_migration_waits_in_the_same_way() {
    let lock = "begin; lock table session_ledger.migration in";
    for (mode, waits_at) in
        [("share mode", "INSERT INTO"), ("access exclusive mode", "select version, checksum")]
    {
        let database = Database::fresh().await;
        let holder = database.connect().await;
        let missing = "delete from session_ledger.migration where version = 34;
                       drop function session_ledger.client_digest;
                       alter table session_ledger.event drop column client_proof";
        holder.batch_execute(missing).await.unwrap();
        holder.batch_execute(&format!("{lock} {mode}")).await.unwrap();
        let config = database.config();
        let migration = tokio::spawn(async move { Ledger::migrate(&config).await });
        until_it_waits(&database.connect().await, waits_at, 2).await;
        holder.batch_execute("commit").await.unwrap();
        assert_eq!(migration.await.unwrap().unwrap().applied, ["V34__client_proof"], "{mode}");
    }
}

#[tokio::test]
async fn a_migration_that_is_held_up_for_long_says_by_whom_and_can_be_run_again() {
    let database = Database::fresh().await;
    drop_last_partition(&database).await;
    let (reader, pid) = reader_of_the_log(&database).await;

    let begun = Instant::now();
    let refused = Ledger::migrate(&database.config()).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert_eq!(
        refused.to_string(),
        format!(
            "the ledger's tables are in use by a transaction that does not end (process {pid} of \"pg_dump\"), and \
             requests would have to wait with a migration that waits for it: run `projector migrate` again when it has \
             ended; what was done so far stays"
        )
    );
    assert!(matches!(refused, SchemaError::Held { backends } if backends[0].pid == pid));

    reader.batch_execute("commit").await.unwrap();
    assert_eq!(Ledger::migrate(&database.config()).await.unwrap().partitions, 1);
    assert_eq!(Ledger::migrate(&database.config()).await.unwrap(), Migrated::default());
}

/// Sessions of all kinds of ids lie outside the months, so that a scan of them would be under the lock.
#[tokio::test]
async fn a_month_ahead_is_made_a_partition_beside_events_outside_all_months() {
    let database = Database::fresh().await;
    let last = drop_last_partition(&database).await;
    let client = database.connect().await;
    super::record(&client, session_ledger::session::SessionId::from_bytes([0xff; 16])).await.unwrap();
    assert_eq!(Ledger::migrate(&database.config()).await.unwrap().partitions, 1);
    let left = "select count(*) from pg_constraint
                 where conrelid = 'session_ledger.event_otherwise'::regclass and conname like 'not_in%'";
    assert_eq!(client.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
    let is_partition = "select exists (select from pg_inherits where inhrelid = to_regclass($1))";
    assert!(client.query_one(is_partition, &[&last]).await.unwrap().get::<_, bool>(0));
}

/// As after a crash between two steps.
#[tokio::test]
async fn a_partition_that_was_left_half_made_is_completed() {
    let database = Database::fresh().await;
    let last = drop_last_partition(&database).await;
    let client = database.connect().await;
    super::record(&client, session_ledger::session::SessionId::from_bytes([0xff; 16])).await.unwrap();
    let first_step = "select session_ledger.make_event_partition(now() + interval '12 months')";
    for _ in 0..2 {
        assert!(client.query_one(first_step, &[]).await.unwrap().get::<_, bool>(0));
    }
    assert_eq!(Ledger::migrate(&database.config()).await.unwrap().partitions, 1);
    let triggers = "select tgname::text from pg_trigger where tgrelid = to_regclass($1) order by 1";
    let names: Vec<String> =
        client.query(triggers, &[&last]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(names, ["an_event_is_never_changed", "the_log_is_never_emptied"]);
}

/// A rebuild waits for whoever keeps it from writing, but not in a way that makes others wait behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_go_on_while_a_rebuild_waits_for_a_table_of_the_projection() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let shop = application(Sessions::new(ledger.clone(), key_ring()));
    let visitor = Visitor::new(&shop);
    assert!(visitor.post("/add", "").await.status.is_success());
    let leaving = Visitor::new(&shop);
    for path in ["/login/alice", "/logout"] {
        assert!(leaving.get(path).await.status.is_success());
    }
    let reader = database.connect().await;
    let lost =
        "truncate session_ledger.ended_session; begin; lock table session_ledger.ended_session in share mode";
    reader.batch_execute(lost).await.unwrap();
    let options = RebuildOptions::default().while_connected();
    let rebuild = tokio::spawn(async move { ledger.rebuild(options, |_| {}).await });
    for _ in 0..200 {
        let begun = Instant::now();
        assert!(visitor.post("/add", "").await.status.is_success());
        assert!(begun.elapsed() < REQUEST_MAX, "a request took {:?}", begun.elapsed());
    }
    reader.batch_execute("commit").await.unwrap();
    assert_eq!(rebuild.await.unwrap().unwrap().ended, 1);
}
