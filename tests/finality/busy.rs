//! Ending all sessions of a user while their requests are writing.

use std::time::Duration;

use session_ledger::ledger::End;
use session_ledger::session::EndReason;

use crate::stage::Stage;

const SESSIONS: usize = 5;
const TABS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn ending_all_sessions_of_a_busy_user_lets_nothing_through_afterwards() {
    let stage = Stage::new().await;
    let mut tabs = Vec::new();
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        let (visitor, session) = stage.sign_in("alice").await;
        sessions.push(session);
        for nth in 0..TABS {
            let tab = Stage::moved(&visitor, if nth % 2 == 0 { &stage.here } else { &stage.there });
            tabs.push(tokio::spawn(async move {
                let mut done = 0;
                for round in 0.. {
                    let path = ["/tx-first/0/1", "/session-first/1/0", "/part/1/0"][(nth + round) % 3];
                    match tab.post(path, "").await.status.as_u16() {
                        200 => done += 1,
                        401 => break,
                        // Lost too many races against the other tabs, or found no connection.
                        503 => {}
                        status => panic!("{path} was answered {status}"),
                    }
                }
                (tab, done)
            }));
        }
    }
    let all_at_it = async { while stage.database.count("work").await < 5 * (SESSIONS * TABS) as i64 {} };
    tokio::time::timeout(Duration::from_secs(30), all_at_it).await.expect("the tabs write");
    let ended = stage.ledger.end_all(&"alice".into(), End::because(EndReason::Revoked).by("admin")).await;
    assert_eq!(ended.unwrap(), SESSIONS);
    // Another transaction's row is seen only once it has committed, so no other row will appear.
    let rows = stage.database.count("work").await;

    let mut done = 0;
    for tab in tabs {
        let (tab, successes) = tab.await.unwrap();
        done += successes;
        assert_eq!(tab.get("/me").await.status, 401);
    }
    println!("{done} writes before {SESSIONS} sessions of {TABS} tabs each were ended");
    assert_eq!((stage.database.count("work").await, rows), (done, done));
    assert_eq!(stage.late().await, 0);
    for session in sessions {
        assert!(stage.is_over(session).await);
    }
    stage.verify().await;
}
