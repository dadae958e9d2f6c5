//! The rebuild.

use std::sync::mpsc;

use session_ledger::Ledger;
use session_ledger::ledger::{Progress, RebuildError, RebuildOptions};
use session_ledger::session::{ChainHash, Content, Policy};
use session_ledger::web::Sessions;
use test_support::{Database, Visitor, application, key_ring};

use super::population::{Population, crowd};
use super::{TRUNCATE, dump, dump_logins};

#[tokio::test]
async fn truncated_rows_are_rebuilt_as_they_were() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let client = database.connect().await;
    let (before, logins) = (dump(&client).await, dump_logins(&client).await);
    assert_eq!(before.len() as u64, population.sessions());

    client.batch_execute(TRUNCATE).await.unwrap();
    assert!(dump(&client).await.is_empty() && dump_logins(&client).await.is_empty());
    drop(client);
    let rebuilt = population.ledger.rebuild(RebuildOptions::default(), |_| {}).await.unwrap();

    assert_eq!(rebuilt.live + rebuilt.ended, population.sessions());
    assert_eq!(rebuilt.ended, 22);
    assert_eq!(rebuilt.unknown_events, 1);
    assert_eq!(
        rebuilt.login_steps, 31,
        "27 logins, a re-authentication, two impersonations and an end of one"
    );
    let client = database.connect().await;
    assert_eq!((dump(&client).await, dump_logins(&client).await), (before, logins));
}

/// The append's projection and the rebuild use the same fold: rows written by requests come out equal.
#[tokio::test]
async fn what_requests_have_written_is_rebuilt_as_they_wrote_it() {
    let database = Database::fresh().await;
    let table = "create table purchase (item text primary key)";
    database.connect().await.batch_execute(table).await.unwrap();
    let ledger = database.ledger(Policy::default()).await;
    let application = application(Sessions::new(ledger.clone(), key_ring()));
    let walks = [
        "/add /keep/something /add",
        "/add /login/alice /add /renew /flash/hello",
        "/login/bob /login/carol /short/600 /add",
        "/login/dave /renew /order/teapot/then/200 /logout",
        "/flash/one /flashes /keep/x /undo /discard /add",
    ];
    for walk in walks {
        let visitor = Visitor::new(&application);
        for path in walk.split(' ') {
            assert!(visitor.get(path).await.status.is_success(), "{path}");
        }
    }
    let (before, logins) = {
        let client = database.connect().await;
        (dump(&client).await, dump_logins(&client).await)
    };
    assert_eq!(logins.len(), 4, "of alice, bob, carol and dave");
    assert_eq!(before.len(), 7, "two of the sessions were followed by another of the same browser");
    assert!(ledger.verify(|_| {}).await.unwrap().is_equal());
    database.connect().await.batch_execute(TRUNCATE).await.unwrap();
    ledger.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.unwrap();
    let client = database.connect().await;
    assert_eq!((dump(&client).await, dump_logins(&client).await), (before, logins));
}

#[tokio::test]
async fn a_second_rebuild_changes_nothing() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let first = population.ledger.rebuild(RebuildOptions::default(), |_| {}).await.unwrap();
    let rows = dump(&database.connect().await).await;
    let second = population.ledger.rebuild(RebuildOptions::default(), |_| {}).await.unwrap();
    assert_eq!(second, first);
    assert_eq!(dump(&database.connect().await).await, rows);
}

#[tokio::test]
async fn rebuilt_rows_say_what_the_events_say() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let client = database.connect().await;
    let row = |what| {
        let columns =
            "select *, superseded_until - changed_at = '30 s' as has_grace from session_ledger.session
                        where session_id = $1";
        let id = population.session(what).as_uuid();
        let client = &client;
        async move { client.query_one(columns, &[&id]).await.unwrap() }
    };

    let logged_in = row("logged in").await;
    assert_eq!(logged_in.get::<_, i64>("version"), 4);
    assert_eq!(logged_in.get::<_, &str>("user_id"), "alice");
    assert_eq!(logged_in.get::<_, &[u8]>("token_hash"), [1; 32]);
    assert_eq!(logged_in.get::<_, &[u8]>("superseded_hash"), [7; 32]);
    assert_eq!(logged_in.get::<_, Option<bool>>("has_grace"), Some(true));
    assert!(!logged_in.get::<_, bool>("superseded_accepted"));
    assert_eq!(logged_in.get::<_, i32>("idle_timeout"), 14 * 24 * 3600);

    let other_limits = row("with other limits").await;
    assert_eq!(other_limits.get::<_, i32>("idle_timeout"), 600);
    assert!(other_limits.get::<_, Option<time::OffsetDateTime>>("absolute_deadline").is_none());

    let later = row("of a later version").await;
    assert_eq!(later.get::<_, i64>("version"), 5);
    let content = Content::decode(later.get("state")).unwrap();
    assert_eq!(content.values.keys().collect::<Vec<_>>(), ["after", "before"]);
    let history = population.ledger.history(population.session("of a later version")).await.unwrap();
    let head = ChainHash::from_bytes(later.get::<_, &[u8]>("head_hash").try_into().unwrap());
    assert_eq!(history.last().unwrap().entry.hash, head);
}

#[tokio::test]
async fn many_sessions_are_rebuilt_in_pieces_and_progress_is_told() {
    let database = Database::fresh().await;
    let client = database.connect().await;
    client.batch_execute("begin").await.unwrap();
    crowd(&client, 2500).await;
    client.batch_execute("commit; analyze session_ledger.event").await.unwrap();
    drop(client);
    let ledger = Ledger::builder(database.config()).connect().await.unwrap();

    let mut told: Vec<Progress> = Vec::new();
    let rebuilt = ledger.rebuild(RebuildOptions::default(), |progress| told.push(progress)).await.unwrap();

    assert_eq!((rebuilt.live, rebuilt.ended, rebuilt.events), (2500, 0, 7500));
    assert!(told.len() >= 8, "{told:?}");
    assert!(told.is_sorted_by_key(|progress| progress.events));
    assert!(told.iter().all(|progress| progress.events_estimated == Some(7500)), "{told:?}");
    let (last, before) = told.split_last().unwrap();
    assert_eq!((last.sessions, last.events), (2500, 7500));
    assert!(last.is_read && before.iter().all(|progress| !progress.is_read), "{told:?}");
    let verification = ledger.verify(|_| {}).await.unwrap();
    assert!(verification.is_equal(), "{verification:?}");
    assert_eq!((verification.sessions, verification.events), (2500, 7500));
}

#[tokio::test]
async fn a_rebuild_is_refused_while_somebody_is_connected() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let mut shop = database.config();
    let (client, connection) = shop.application_name("shop").connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let pid: i32 = client.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    client.batch_execute("update session_ledger.session set user_id = 'kept'").await.unwrap();
    let before = dump(&client).await;

    let refused = population.ledger.rebuild(RebuildOptions::default(), |_| {}).await.unwrap_err();

    assert_eq!(
        refused.to_string(),
        format!(
            "other connections to this database are open (process {pid} of \"shop\"): rebuild with \
             `--while-connected`, beside the running application, or stop it first"
        )
    );
    assert!(matches!(refused, RebuildError::Connected { backends } if backends[0].pid == pid));
    assert_eq!(dump(&client).await, before);
}

#[tokio::test]
async fn a_rebuild_can_be_done_while_somebody_is_connected() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let client = database.connect().await;
    let before = dump(&client).await;
    client.batch_execute("update session_ledger.session set user_id = 'wrong'").await.unwrap();
    population.ledger.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.unwrap();
    assert_eq!(dump(&client).await, before);
}

/// The request must not take its session for ended.
#[tokio::test]
async fn a_transaction_that_began_before_a_rebuild_still_finds_its_session() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let client = database.connect().await;
    client.batch_execute("begin isolation level serializable; select 1 from pg_class").await.unwrap();
    population.ledger.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.unwrap();
    let found = client
        .query(
            "select from session_ledger.session where session_id = $1",
            &[&population.session("anonymous").as_uuid()],
        )
        .await;
    assert_eq!(found.unwrap().len(), 1);
}

#[tokio::test]
async fn a_rebuild_that_finds_the_projection_locked_gives_up() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let client = database.connect().await;
    client.batch_execute("update session_ledger.session set user_id = 'wrong'").await.unwrap();
    client.batch_execute("begin; update session_ledger.session set user_id = 'mine'").await.unwrap();
    let options = RebuildOptions::default().while_connected();
    let refused = population.ledger.rebuild(options, |_| {}).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the projection is locked by a transaction that does not end: end it, or stop the application first"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_is_dropped_in_the_middle_leaves_the_old_rows() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let client = database.connect().await;
    client.batch_execute("update session_ledger.session set user_id = 'old'").await.unwrap();
    let before = dump(&client).await;

    let (emptied, is_emptied) = mpsc::channel();
    let (aborted, is_aborted) = mpsc::channel();
    let ledger = population.ledger.clone();
    let rebuild = tokio::spawn(async move {
        let progress = move |_| {
            // The projection is empty now. The rebuild goes on once it has been aborted, and stops where it
            // next waits.
            emptied.send(()).ok();
            is_aborted.recv().ok();
        };
        ledger.rebuild(RebuildOptions::default().while_connected(), progress).await
    });
    tokio::task::block_in_place(|| is_emptied.recv()).unwrap();
    rebuild.abort();
    aborted.send(()).unwrap();

    assert!(rebuild.await.unwrap_err().is_cancelled());
    assert_eq!(dump(&client).await, before);
}

#[tokio::test]
async fn a_payload_that_does_not_decode_stops_the_rebuild_and_changes_nothing() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let session = population.session("logged in");
    let client = database.connect().await;
    super::tampering::overwrite(&client, session, "payload = '\\xff' where version = 2").await;
    client.batch_execute("update session_ledger.session set user_id = 'old'").await.unwrap();
    let before = dump(&client).await;

    let options = RebuildOptions::default().while_connected();
    let refused = population.ledger.rebuild(options, |_| {}).await.unwrap_err();

    assert_eq!(
        refused.to_string(),
        format!(
            "event 2 of session {session} cannot be read, so nothing was rebuilt: value_set of shape 2 does not decode: \
             the stored bytes are damaged"
        )
    );
    assert_eq!(dump(&client).await, before);
}
