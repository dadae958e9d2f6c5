//! An event and its effects: together or not at all, and once.

use session_ledger::inbox::{Inbox, Receipt, SCHEMA};
use tokio_postgres::IsolationLevel;

use super::{Scene, receive};

#[tokio::test]
async fn a_log_that_is_delivered_twice_is_handled_once_and_in_order() {
    let scene = Scene::set().await;
    let mut client = scene.consumers.connect().await;
    for inbox in [Inbox::of_whole_stream("whole"), Inbox::of_filtered_stream("filtered")] {
        client.batch_execute("truncate effect").await.unwrap();
        for expected in [Receipt::New, Receipt::Seen] {
            for (place, _) in &scene.log {
                let receipt = receive(&mut client, &inbox, place).await.unwrap();
                assert_eq!(receipt, expected, "{place:?} in {inbox:?}");
            }
        }
        let one = scene.of_one_session();
        let versions: Vec<_> = one.iter().map(|place| place.version).collect();
        assert_eq!(scene.effects(one[0]).await, versions);
    }
}

#[tokio::test]
async fn what_is_rolled_back_is_new_at_the_next_delivery() {
    let scene = Scene::set().await;
    let mut client = scene.consumers.connect().await;
    for inbox in [Inbox::of_whole_stream("whole"), Inbox::of_filtered_stream("filtered")] {
        for place in scene.of_one_session() {
            let transaction = client.transaction().await.unwrap();
            assert_eq!(inbox.receive(&transaction, place).await.unwrap(), Receipt::New);
            assert_eq!(inbox.receive(&transaction, place).await.unwrap(), Receipt::Seen, "in itself");
            transaction.rollback().await.unwrap();
            assert_eq!(receive(&mut client, &inbox, place).await.unwrap(), Receipt::New);
        }
    }
}

#[tokio::test]
async fn of_two_processes_that_get_the_same_event_one_handles_it() {
    let scene = Scene::set().await;
    let (mut first, second) = (scene.consumers.connect().await, scene.consumers.connect().await);
    let pid: i32 = second.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    let waits = "select count(*) from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'";
    let watch = scene.consumers.connect().await;
    let mut second = second;
    for inbox in [Inbox::of_whole_stream("whole"), Inbox::of_filtered_stream("filtered")] {
        // The first event of a session has no row yet to wait for, the next one has.
        for place in &scene.of_one_session()[..2] {
            let transaction = first.transaction().await.unwrap();
            assert_eq!(inbox.receive(&transaction, place).await.unwrap(), Receipt::New);
            let other = receive(&mut second, &inbox, place);
            let commit = async {
                let is_waiting = async || {
                    let row = watch.query_one(waits, &[&pid]).await.unwrap();
                    row.get::<_, i64>(0) == 1
                };
                let waiting = async {
                    while !is_waiting().await {
                        tokio::task::yield_now().await;
                    }
                };
                tokio::time::timeout(std::time::Duration::from_secs(30), waiting).await.unwrap();
                transaction.commit().await.unwrap();
            };
            let (other, ()) = tokio::join!(other, commit);
            assert_eq!(other.unwrap(), Receipt::Seen, "{place:?} in {inbox:?}");
        }
    }
}

#[tokio::test]
async fn consumers_of_different_names_do_not_know_of_each_other() {
    let scene = Scene::set().await;
    let mut client = scene.consumers.connect().await;
    let place = &scene.log[0].0;
    for name in ["mailer", "analytics"] {
        let inbox = Inbox::of_whole_stream(name);
        assert_eq!(inbox.name(), name);
        assert_eq!(receive(&mut client, &inbox, place).await.unwrap(), Receipt::New);
    }
    let mut other_log = place.clone();
    other_log.log = "/forum/sessions".to_owned();
    let inbox = Inbox::of_whole_stream("mailer");
    assert_eq!(receive(&mut client, &inbox, &other_log).await.unwrap(), Receipt::New);
}

#[tokio::test]
async fn at_each_isolation_the_other_transaction_is_waited_for_or_is_told_to_run_again() {
    let scene = Scene::set().await;
    let (mut first, mut second) = (scene.consumers.connect().await, scene.consumers.connect().await);
    let inbox = Inbox::of_whole_stream("whole");
    for (place, level) in
        scene.of_one_session().into_iter().zip([IsolationLevel::RepeatableRead, IsolationLevel::Serializable])
    {
        let late = second.build_transaction().isolation_level(level).start().await.unwrap();
        late.query("select count(*) from effect", &[]).await.unwrap();
        assert_eq!(receive(&mut first, &inbox, place).await.unwrap(), Receipt::New);
        let refused = inbox.receive(&late, place).await.unwrap_err();
        let session_ledger::inbox::InboxError::Store(error) = refused else { panic!("{refused}") };
        assert!(error.is_retryable(), "{error}");
        late.rollback().await.unwrap();
        assert_eq!(receive(&mut second, &inbox, place).await.unwrap(), Receipt::Seen);
    }
}

#[tokio::test]
async fn the_tables_are_made_once_and_without_them_the_database_says_what_is_missing() {
    let scene = Scene::set().await;
    let mut client = scene.consumers.connect().await;
    let (inbox, place) = (Inbox::of_whole_stream("mailer"), &scene.log[0].0);
    assert_eq!(receive(&mut client, &inbox, place).await.unwrap(), Receipt::New);
    client.batch_execute(SCHEMA).await.unwrap();
    assert_eq!(receive(&mut client, &inbox, place).await.unwrap(), Receipt::Seen);
    client.batch_execute("drop schema session_ledger_inbox cascade").await.unwrap();
    let missing = receive(&mut client, &inbox, place).await.unwrap_err().to_string();
    assert!(missing.contains("relation \"session_ledger_inbox.session\" does not exist"), "{missing}");
    assert!(missing.contains("`inbox::SCHEMA`"), "{missing}");
}
