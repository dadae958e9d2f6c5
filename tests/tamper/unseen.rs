//! What a chain without an anchor outside the database cannot show. The verification finds nothing, and says
//! that it cannot.

use session_ledger::ledger::Verification;

use super::forgery::forge_login;
use super::{RUNTIME, Scene};

impl Scene {
    /// Nothing is found, and the limits name what happened.
    async fn assert_unseen(&self, limit: &str) {
        let verification = self.verify().await;
        assert!(verification.is_equal(), "{verification:?}");
        assert!(Verification::LIMITS.contains(limit), "{limit}");
    }
}

#[tokio::test]
async fn a_login_with_a_right_chain_is_not_seen() {
    let scene = Scene::set().await;
    forge_login(&scene, RUNTIME, scene.live).await;
    let limit = "events that somebody who may write them has written with a chain of their own";
    scene.assert_unseen(limit).await;
}

#[tokio::test]
async fn a_session_that_is_gone_with_its_row_is_not_seen_if_nobody_follows_the_log() {
    for (table, is_live) in [("session", true), ("ended_session", false)] {
        let scene = Scene::set().await;
        let session = if is_live { scene.live } else { scene.ended };
        scene
            .run_without_triggers(&format!(
                "delete from session_ledger.event where session_id = '{session}';
                 delete from session_ledger.login_step where session_id = '{session}';
                 delete from session_ledger.{table} where session_id = '{session}'"
            ))
            .await;
        scene.assert_unseen("a session gone together with its row").await;
    }
}

#[tokio::test]
async fn a_partition_that_is_dropped_with_its_rows_is_not_seen_if_events_are_left() {
    let scene = Scene::set().await;
    // Both sessions are of one month: one of them moves to the partition of all other months.
    let (live, ended) = (scene.live, scene.ended);
    let client = scene.database.connect().await;
    let partition = "select tableoid::regclass::text from session_ledger.event limit 1";
    let partition: String = client.query_one(partition, &[]).await.unwrap().get(0);
    client
        .batch_execute(&format!(
            "create temp table kept as select * from session_ledger.event where session_id = '{live}';
             drop table {partition};
             delete from session_ledger.ended_session where session_id = '{ended}';
             delete from session_ledger.login_step where session_id = '{ended}';
             insert into session_ledger.event select * from kept"
        ))
        .await
        .unwrap();
    scene.assert_unseen("a session gone together with its row").await;
}

#[tokio::test]
async fn an_older_copy_of_the_database_is_not_seen() {
    let scene = Scene::set().await;
    let client = scene.database.connect().await;
    let session = scene.live;
    client.batch_execute("create temp table kept as select * from session_ledger.session").await.unwrap();
    let before = scene.ledger.history(session).await.unwrap().len();
    let end = session_ledger::ledger::End::because(session_ledger::session::EndReason::Revoked);
    assert!(scene.ledger.end(session, end).await.unwrap());
    client
        .batch_execute(&format!(
            "begin; set local session_replication_role = replica;
             delete from session_ledger.event where session_id = '{session}' and version > {before};
             delete from session_ledger.ended_session where session_id = '{session}';
             insert into session_ledger.session select * from kept; commit"
        ))
        .await
        .unwrap();
    scene.assert_unseen("an older copy of the database").await;
}
