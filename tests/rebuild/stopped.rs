//! A rebuild that does not come to its end.

use session_ledger::ledger::RebuildError;

use super::{SPOIL, Scene, beside, once_searched};

#[tokio::test]
async fn what_a_stopped_rebuild_has_left_behind_is_taken_away_by_the_next() {
    let scene = Scene::set().await;
    let before = scene.rows().await;
    let left_behind = "
        insert into session_ledger.rebuilt_session select * from session_ledger.session;
        update session_ledger.rebuilt_session set user_agent = 'of a stopped rebuild'";
    scene.run(left_behind).await;
    assert!(scene.staged().await > 0);
    scene.rebuild().await.unwrap();
    assert_eq!((scene.rows().await, scene.staged().await), (before, 0));
}

#[tokio::test]
async fn two_rebuilds_do_not_work_at_a_time() {
    let scene = Scene::set().await;
    let other = scene.database.connect().await;
    let claim = "select pg_advisory_lock(hashtextextended('session_ledger.rebuild', 0))";
    other.batch_execute(claim).await.unwrap();
    let refused = scene.rebuild().await.unwrap_err();
    assert_eq!(refused.to_string(), "another rebuild of this database is under way: wait until it has ended");
}

/// The disk is full while rebuilt rows are put beside the live ones.
#[tokio::test]
async fn a_full_disk_leaves_the_live_rows_as_they_are() {
    let scene = Scene::set().await;
    scene
        .run(
            "create function public.full() returns trigger language plpgsql as $$
                 begin raise exception 'no space left on device' using errcode = 'disk_full'; end $$;
             create trigger the_disk_is_full before insert on session_ledger.rebuilt_ended_session
                 for each row execute function public.full()",
        )
        .await;
    scene.run(SPOIL).await;
    let before = scene.rows().await;
    let refused = scene.rebuild().await.unwrap_err();
    assert_eq!(refused.to_string(), "the database is not available: no space left on device (53100)");
    assert_eq!(scene.rows().await, before);

    scene.run("drop trigger the_disk_is_full on session_ledger.rebuilt_ended_session").await;
    scene.rebuild().await.unwrap();
    scene.assert_equal().await;
}

/// The disk is full while rebuilt rows take the places of the live ones.
#[tokio::test]
async fn a_full_disk_at_the_end_leaves_each_row_as_it_was_or_as_it_should_be() {
    let scene = Scene::set().await;
    let right = scene.rows().await;
    // More than one turn takes.
    for _ in 0..120 {
        scene.walk("/add").await;
    }
    let (_, last) = scene.walk("/add").await;
    scene
        .run(&format!(
            "create function public.full() returns trigger language plpgsql as $$
                 begin raise exception 'no space left on device' using errcode = 'disk_full'; end $$;
             update session_ledger.session set user_agent = 'wrong';
             create trigger the_disk_is_full before update on session_ledger.session
                 for each row when (old.session_id = '{last}') execute function public.full()"
        ))
        .await;
    let refused = scene.rebuild().await.unwrap_err();
    let told = refused.to_string();
    assert!(told.ends_with("no space left on device (53100)"), "{told}");
    assert!(matches!(refused, RebuildError::Halfway { written: 100, found: 125, .. }), "{told}");
    let wrong = "session_ledger.session where user_agent = 'wrong'";
    assert_eq!(scene.database.count(wrong).await, 25);

    scene.run("drop trigger the_disk_is_full on session_ledger.session").await;
    assert_eq!(scene.rebuild().await.unwrap().live, 25);
    scene.assert_equal().await;
    assert!(right.iter().all(|row| !row.contains("wrong")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_lost_leaves_the_live_rows_as_they_are() {
    let scene = Scene::set().await;
    scene.run(SPOIL).await;
    let before = scene.rows().await;
    let client = scene.database.connect().await;
    let cut = once_searched(async move {
        let staging = "select pg_terminate_backend(pid) from pg_stat_activity
                        where datname = current_database() and query like '%rebuilt_%' and pid <> pg_backend_pid()";
        assert!(!client.query(staging, &[]).await.unwrap().is_empty());
    });
    let refused = scene.rebuild_with(beside(), cut).await.unwrap_err();
    assert!(matches!(refused, RebuildError::Store(_)), "{refused}");
    assert_eq!(scene.rows().await, before);
    scene.rebuild().await.unwrap();
    scene.assert_equal().await;
    assert_eq!(scene.staged().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_lost_while_the_log_is_read_leaves_the_live_rows_as_they_are() {
    let scene = Scene::set().await;
    scene.run(SPOIL).await;
    let before = scene.rows().await;
    let holder = scene.database.connect().await;
    holder.batch_execute("begin; lock table session_ledger.ended_session").await.unwrap();
    let ledger = scene.ledger.clone();
    let rebuild = tokio::spawn(async move { ledger.rebuild(beside(), |_| {}).await });
    let reading = "select pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and wait_event_type = 'Lock' and query like '%ended_session%'";
    let cutting = async { while scene.client.query(reading, &[]).await.unwrap().is_empty() {} };
    tokio::time::timeout(super::BOUND, cutting).await.expect("the log is read");
    let refused = rebuild.await.unwrap().unwrap_err();
    assert!(matches!(refused, RebuildError::Store(_)), "{refused}");
    holder.batch_execute("rollback").await.unwrap();
    assert_eq!(scene.rows().await, before);
    scene.rebuild().await.unwrap();
    scene.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_lost_in_the_applications_downtime_leaves_the_live_rows_as_they_are() {
    let mut scene = Scene::set().await;
    scene.run(SPOIL).await;
    let before = scene.rows().await;
    let config = scene.database.config();
    // All rows are written, and nothing is committed.
    let cut = once_searched(async move {
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let others = "select pg_terminate_backend(pid) from pg_stat_activity
                       where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()";
        assert!(!client.query(others, &[]).await.unwrap().is_empty());
    });
    let refused = scene.rebuild_alone(cut).await.unwrap_err();
    assert!(matches!(refused, RebuildError::Store(_)), "{refused}");
    assert_eq!(scene.rows().await, before);
    scene.rebuild_alone(|_| {}).await.unwrap();
    scene.assert_equal().await;
}
