//! What a rebuild beside the running application puts right, and what it leaves alone.

use super::{SPOIL, Scene, beside, once_searched};

#[tokio::test]
async fn rows_that_are_right_are_not_touched() {
    let scene = Scene::set().await;
    let places = "select ctid::text || xmin::text from session_ledger.session order by session_id";
    let places = async || {
        let rows = scene.client.query(places, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect::<Vec<String>>()
    };
    let before = places().await;
    let rebuilt = scene.rebuild().await.unwrap();
    assert_eq!((rebuilt.live, rebuilt.ended, rebuilt.login_steps), (0, 0, 0));
    assert_eq!(rebuilt.events, scene.database.count("session_ledger.event").await as u64);
    assert_eq!(places().await, before);
}

#[tokio::test]
async fn what_was_lost_comes_back_as_it_was() {
    let scene = Scene::set().await;
    scene.run("update session_ledger.session set resend = null").await;
    let before = scene.rows().await;
    scene
        .run("truncate session_ledger.session, session_ledger.ended_session, session_ledger.login_step")
        .await;
    let rebuilt = scene.rebuild().await.unwrap();
    assert_eq!(scene.rows().await, before);
    assert_eq!((rebuilt.live + rebuilt.ended + rebuilt.login_steps) as usize, before.len());
    assert_eq!(scene.staged().await, 0);
    scene.assert_equal().await;
}

#[tokio::test]
async fn each_kind_of_wrong_row_is_put_right() {
    let scene = Scene::set().await;
    let (_, live) = scene.walk("/login/erin /add").await;
    let (_, ended) = scene.walk("/login/frank /logout").await;
    let before = scene.rows().await;
    let columns = "started_at, now(), now(), authenticated_at, 'wrong', user_id, head_hash";
    let wrongs = [
        SPOIL.to_owned(),
        format!("update session_ledger.session set version = 1 where session_id = '{live}'"),
        format!("delete from session_ledger.session where session_id = '{live}'"),
        format!("delete from session_ledger.ended_session where session_id = '{ended}'"),
        // Ended by the row, live by the log.
        format!(
            "insert into session_ledger.ended_session
             select session_id, version, {columns} from session_ledger.session where session_id = '{live}'"
        ),
        format!(
            "insert into session_ledger.ended_session
             select session_id, version, {columns} from session_ledger.session where session_id = '{live}';
             delete from session_ledger.session where session_id = '{live}'"
        ),
        // Live by the row, ended by the log.
        format!(
            "insert into session_ledger.session
                 (session_id, version, started_at, changed_at, token_hash, head_hash, state)
             values ('{ended}', 1, now(), now(), sha256(''), sha256(''), '')"
        ),
        format!("delete from session_ledger.login_step where session_id = '{live}'"),
        format!("update session_ledger.login_step set user_id = 'mallory' where session_id = '{ended}'"),
        format!(
            "insert into session_ledger.login_step (session_id, version, occurred_at, kind, methods)
             values ('{live}', 1, now(), 'logged_in', '{{}}')
             on conflict (session_id, version) do update set user_id = 'mallory'"
        ),
        format!("update session_ledger.session set resend = '\\x01' where session_id = '{live}'"),
        // What no version of the library writes.
        format!("update session_ledger.session set started_at = 'infinity' where session_id = '{live}'"),
    ];
    for wrong in wrongs {
        scene.run(&wrong).await;
        assert_ne!(scene.rows().await, before, "{wrong}");
        let rebuilt = scene.rebuild().await.unwrap();
        assert!(rebuilt.live + rebuilt.ended > 0, "{wrong}");
        assert_eq!(scene.rows().await, before, "{wrong}");
        scene.assert_equal().await;
    }
}

#[tokio::test]
async fn a_token_that_waits_to_be_sent_again_is_kept() {
    let scene = Scene::set().await;
    // No browser has shown the new token yet.
    scene.walk("/login/erin /renew").await;
    let waiting = "session_ledger.session where resend is not null";
    assert_eq!(scene.database.count(waiting).await, 1);
    scene.run(SPOIL).await;
    scene.rebuild().await.unwrap();
    assert_eq!(scene.database.count(waiting).await, 1);
    scene.assert_equal().await;
}

#[tokio::test]
async fn a_dry_run_says_what_there_is_to_rebuild_and_changes_nothing() {
    let scene = Scene::set().await;
    scene.run(SPOIL).await;
    let before = scene.rows().await;
    let searched = scene.rebuild_with(beside().dry_run(), |_| {}).await.unwrap();
    assert_eq!((scene.rows().await, scene.staged().await), (before, 0));
    let rebuilt = scene.rebuild().await.unwrap();
    assert_eq!(searched, rebuilt);
    assert!(rebuilt.live > 0 && rebuilt.ended > 0);
    let searched = scene.rebuild_with(beside().dry_run(), |_| {}).await.unwrap();
    assert_eq!((searched.live, searched.ended), (0, 0));
}

/// The rows that were rebuilt at the moment of the search no longer say what the log says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_between_the_search_and_the_new_row_is_not_lost() {
    let scene = Scene::set().await;
    let (adding, _) = scene.walk("/add /login/erin").await;
    let (leaving, _) = scene.walk("/login/frank").await;
    scene.run(SPOIL).await;
    let meanwhile = once_searched(async move {
        assert_eq!(adding.get("/add").await.status, 200);
        assert_eq!(adding.get("/login/grace").await.status, 200);
        assert_eq!(leaving.get("/logout").await.status, 200);
    });
    scene.rebuild_with(beside(), meanwhile).await.unwrap();
    scene.assert_equal().await;
    let grace = "session_ledger.session where user_id = 'grace'";
    assert_eq!(scene.database.count(grace).await, 1);
    let logged_out = "session_ledger.ended_session where user_id = 'frank' and reason = 'logged_out'";
    assert_eq!(scene.database.count(logged_out).await, 1);
}

/// To wait for a row would make others wait who want rows that are locked already.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_somebody_has_locked_comes_last() {
    let scene = Scene::set().await;
    let (_, session) = scene.walk("/login/erin").await;
    scene.run(SPOIL).await;
    let holder = scene.database.connect().await;
    let lock =
        format!("begin; select from session_ledger.session where session_id = '{session}' for key share");
    holder.batch_execute(&lock).await.unwrap();
    let mut holder = Some(holder);
    let progress = |progress: session_ledger::ledger::Progress| {
        if progress.is_read && progress.sessions_written + 1 == progress.sessions_found {
            // The connection closes, and the lock goes.
            drop(holder.take());
        }
    };
    scene.rebuild_with(beside(), progress).await.unwrap();
    assert!(holder.is_none(), "the others were written first");
    scene.assert_equal().await;
}

/// A transaction's snapshot is older than the new rows.
#[tokio::test]
async fn a_transaction_that_began_before_still_finds_its_session_and_is_told_to_run_again() {
    let scene = Scene::set().await;
    let (_, session) = scene.walk("/login/erin").await;
    scene.run(SPOIL).await;
    let client = scene.database.connect().await;
    let begin = "begin isolation level serializable; select from pg_class limit 1";
    client.batch_execute(begin).await.unwrap();
    scene.rebuild().await.unwrap();
    let found = "select from session_ledger.session where session_id = $1";
    assert_eq!(client.query(found, &[&session.as_uuid()]).await.unwrap().len(), 1);
    let changed = "update session_ledger.session set version = version + 1 where session_id = $1";
    let refused = client.execute(changed, &[&session.as_uuid()]).await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "40001");
}
