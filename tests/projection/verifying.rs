//! The verification of a sound database.

use session_ledger::Ledger;
use session_ledger::ledger::{Progress, RebuildOptions, Verification};
use session_ledger::session::{Encoded, Event, Value};
use test_support::Database;

use super::population::{Population, append};

#[tokio::test]
async fn an_untouched_ledger_has_no_difference() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let client = database.connect().await;
    let events: i64 =
        client.query_one("select count(*) from session_ledger.event", &[]).await.unwrap().get(0);

    let mut told: Vec<Progress> = Vec::new();
    let verification = population.ledger.verify(|progress| told.push(progress)).await.unwrap();

    assert!(verification.is_equal(), "{:?}", verification.differences);
    assert!(verification.differences.is_empty());
    assert_eq!(verification.sessions, population.sessions());
    assert_eq!(verification.events, events as u64);
    assert_eq!((verification.unknown_events, verification.rows_compared), (1, 0));
    let last = told.last().unwrap();
    assert_eq!((last.sessions, last.events), (verification.sessions, verification.events));
}

#[tokio::test]
async fn an_empty_ledger_has_no_difference() {
    let database = Database::fresh().await;
    let ledger = Ledger::builder(database.config()).connect().await.unwrap();
    let verified = ledger.clone();
    let verification = tokio::spawn(async move { verified.verify(|_| {}).await });
    assert_eq!(verification.await.unwrap().unwrap(), Verification::default());
    let rebuilt = ledger.rebuild(RebuildOptions::default(), |_| {}).await.unwrap();
    assert_eq!((rebuilt.live, rebuilt.ended), (0, 0));
}

#[tokio::test]
async fn what_is_not_derived_is_not_compared() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let client = database.connect().await;
    let seen = "insert into session_ledger.activity select session_id, now() from session_ledger.session";
    client.batch_execute(seen).await.unwrap();
    assert!(population.ledger.verify(|_| {}).await.unwrap().is_equal());
}

/// As an update of the library finds it: values in the log that do not say their form, and rows whose state
/// has the layout of before.
#[tokio::test]
async fn what_an_older_version_wrote_is_no_difference() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let client = database.connect().await;
    let session = population.session("emptied");
    let payload = [b"\x04size\x01\x02", &[3, 4][..]].concat();
    let older = Event::Unknown(Encoded::new("value_set", 1, payload));
    append(&client, &population.ledger, session, older).await;
    population.ledger.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.unwrap();
    let state = population.ledger.state_at(session, i64::MAX).await.unwrap();
    assert_eq!(state.content.values["size"], Value::new(1, vec![3, 4]));

    // Without values and messages shape 2 is shape 6 but for its number: the byte that says that nobody is
    // impersonated has gone, and the one that says that there are no extras has come.
    let without_values = population.session("with other limits");
    let age = "update session_ledger.session
                  set state = set_byte(state, 0, 2) where session_id = $1";
    assert_eq!(client.execute(age, &[&without_values.as_uuid()]).await.unwrap(), 1);
    let verification = population.ledger.verify(|_| {}).await.unwrap();
    assert!(verification.is_equal(), "{:?}", verification.differences);
    assert_eq!(verification.unknown_events, 1, "that of the later version");
    assert!(verification.rows_compared > 0, "their sums differ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verification_sees_one_moment_though_sessions_end_meanwhile() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let mut changes = Some(database.connect().await);
    // The first call comes when the verification's snapshot is taken: rows that go from then on are still
    // there for it.
    let verification = population.ledger.verify(|_| {
        if let Some(client) = changes.take() {
            let (ended, is_ended) = std::sync::mpsc::channel();
            tokio::spawn(async move {
                client.batch_execute("delete from session_ledger.session").await.unwrap();
                ended.send(()).unwrap();
            });
            tokio::task::block_in_place(|| is_ended.recv()).unwrap();
        }
    });
    assert!(verification.await.unwrap().is_equal());
}

#[tokio::test]
async fn differences_beyond_a_thousand_are_counted() {
    let database = Database::fresh().await;
    let population = Population::settle(&database).await;
    let client = database.connect().await;
    let invent = "insert into session_ledger.ended_session
        select gen_random_uuid(), 1, now(), now(), now(), null, 'revoked', null, '' from generate_series(1, 1100)";
    client.batch_execute(invent).await.unwrap();
    let verification = population.ledger.verify(|_| {}).await.unwrap();
    assert_eq!(verification.differences_total, 1100);
    assert_eq!(verification.differences.len(), 1000);
    assert!(!verification.is_equal());
}
