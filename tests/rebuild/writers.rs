//! Rebuild after rebuild, while eight clients write.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use test_support::Visitor;
use tokio::task::JoinSet;

use super::Scene;

const WRITERS: usize = 8;
const SESSIONS_EACH: usize = 4;

/// How many rebuilds there are, each after all rows were spoilt: `REBUILDS=` changes it.
fn rebuilds() -> usize {
    std::env::var("REBUILDS").ok().and_then(|given| given.parse().ok()).unwrap_or(6)
}

/// What became of a writer's requests, and how often each of its sessions was changed.
#[derive(Default)]
struct Written {
    answers: BTreeMap<u16, u64>,
    sessions: Vec<(Visitor, String, u64)>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_change_is_lost_and_nobody_is_logged_out_while_eight_clients_write() {
    let scene = Scene::set().await;
    for _ in 0..150 {
        scene.walk("/add").await;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let mut written = Written::default();
        for nth in 0..SESSIONS_EACH {
            let user = format!("user-{writer}-{nth}");
            let visitor = Visitor::new(&scene.shop);
            assert_eq!(visitor.get(&format!("/login/{user}")).await.status, 200);
            written.sessions.push((visitor, user, 0));
        }
        writers.spawn(write(written, stop.clone()));
    }

    let mut put_right = 0;
    for _ in 0..rebuilds() {
        // What the requests read is right but for the browser.
        scene.run("update session_ledger.session set user_agent = 'wrong'").await;
        put_right += scene.rebuild().await.unwrap().live;
    }
    stop.store(true, Ordering::Relaxed);

    let mut answers = BTreeMap::<u16, u64>::new();
    let mut changes = 0;
    while let Some(written) = writers.join_next().await {
        let written = written.unwrap();
        written.answers.iter().for_each(|(status, number)| *answers.entry(*status).or_default() += number);
        for (visitor, user, added) in written.sessions {
            assert_eq!(visitor.get("/me").await.body, user, "nobody was logged out");
            assert_eq!(
                visitor.get("/show").await.body,
                format!("{user} {added}"),
                "no change of {user} was lost"
            );
            changes += added;
        }
    }
    println!("{put_right} rows put right beside {changes} changes: answers {answers:?}");
    assert_eq!(answers.keys().collect::<Vec<_>>(), [&200], "{answers:?}");
    assert!(changes >= (WRITERS * SESSIONS_EACH) as u64, "{changes}");
    assert!(put_right >= 150 * rebuilds() as u64, "{put_right}");
    scene.rebuild().await.unwrap();
    scene.assert_equal().await;
    assert_eq!(scene.database.count("session_ledger.session where user_agent = 'wrong'").await, 0);
}

/// Changes the sessions in turns.
async fn write(mut written: Written, stop: Arc<AtomicBool>) -> Written {
    let mut rounds = 0;
    while rounds == 0 || !stop.load(Ordering::Relaxed) {
        for (visitor, _, added) in &mut written.sessions {
            let status = visitor.post("/add", "").await.status.as_u16();
            *written.answers.entry(status).or_default() += 1;
            *added += u64::from(status == 200);
        }
        rounds += 1;
    }
    written
}
