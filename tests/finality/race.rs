//! Thousands of requests that write race against the end of their session.
//!
//! `PAIRS=100000` races that many, `SEED` repeats the choices and delays of a run.

use std::env;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use session_ledger::session::SessionId;
use test_support::Visitor;

use crate::stage::Stage;

const PAIRS: u64 = 2_000;
const AT_ONCE: usize = 12;

/// How a request writes.
const WAYS: [&str; 8] = [
    "/tx-first/0/0",
    "/tx-first/1/0",
    "/tx-first/1/2",
    "/session-first/0/1",
    "/session-first/1/0",
    "/part/0/1",
    "/part/1/0",
    "/session-only/1/0",
];

/// How a session ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// The browser logs out, in another tab.
    Here,
    /// The browser logs out in another process, whose writer queue is another.
    There,
    /// An administrator ends it.
    Revoked,
    /// It is over by the clock, and a request finds out.
    Overdue,
}

/// The outcomes of the pairs.
#[derive(Default)]
struct Tally {
    /// The write was committed, and then the end.
    written_first: u64,
    /// The end came first, and the handler was not asked.
    refused_at_the_door: u64,
    /// The handler had done its work when the end came, and was not committed.
    refused_at_commit: u64,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_request_commits_after_its_sessions_end() {
    let number = |name| env::var(name).ok().map(|value: String| value.parse::<u64>().unwrap());
    let (pairs, seed) = (number("PAIRS").unwrap_or(PAIRS), number("SEED").unwrap_or_else(rand::random));
    let stage = Arc::new(Stage::new().await);
    let next = Arc::new(AtomicU64::new(0));
    let racers: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (stage, next) = (Arc::clone(&stage), Arc::clone(&next));
            tokio::spawn(async move {
                let mut tally = Tally::default();
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= pairs {
                        return tally;
                    }
                    race(&stage, StdRng::seed_from_u64(seed.wrapping_add(nth)), &mut tally).await;
                }
            })
        })
        .collect();
    let mut total = Tally::default();
    for racer in racers {
        total.add(&racer.await.unwrap());
    }
    let late = stage.late().await;
    println!("SEED={seed}: {total}, {late} rows committed after the end");
    assert_eq!(late, 0, "SEED={seed}");
    assert_eq!(total.written_first + total.refused_at_the_door + total.refused_at_commit, pairs);
    assert!(total.is_a_race(), "SEED={seed}: one side won every time: {total}");
    let ended = stage.database.count("session_ledger.event where kind = 'ended'").await;
    assert_eq!(ended, pairs as i64);
    stage.verify().await;
}

/// One session, one request that writes, one end, in any order.
async fn race(stage: &Arc<Stage>, mut rng: StdRng, tally: &mut Tally) {
    let (visitor, session) = stage.sign_in("alice").await;
    let path = WAYS[rng.random_range(0..WAYS.len())];
    let end = [End::Here, End::There, End::Revoked, End::Overdue][rng.random_range(0..4)];
    let (writer_waits, end_waits) = (rng.random_range(0..2), rng.random_range(0..5));
    let writing = {
        let tab = visitor.clone();
        tokio::spawn(async move {
            pause(writer_waits).await;
            tab.post(path, "").await
        })
    };
    let ending = {
        let (stage, visitor) = (Arc::clone(stage), visitor.copy());
        tokio::spawn(async move {
            pause(end_waits).await;
            finish(&stage, &visitor, session, end).await;
        })
    };
    let answer = writing.await.unwrap();
    ending.await.unwrap();
    let rows = stage.rows(session).await;
    match (answer.status.as_u16(), stage.bench.runs(session)) {
        (200, _) => {
            tally.written_first += 1;
            assert_eq!(rows, i64::from(!path.starts_with("/session-only")), "{path} against {end:?}");
        }
        (401, runs) => {
            tally.refused_at_the_door += u64::from(runs == 0);
            tally.refused_at_commit += u64::from(runs > 0);
            assert_eq!(rows, 0, "{path} against {end:?}");
        }
        _ => panic!("{path} against {end:?}: {answer:?}"),
    }
}

async fn finish(stage: &Stage, visitor: &Visitor, session: SessionId, end: End) {
    match end {
        End::Here => assert_eq!(visitor.post("/logout", "").await.status, 200),
        End::There => {
            assert_eq!(Stage::moved(visitor, &stage.there).post("/logout", "").await.status, 200);
        }
        End::Revoked => assert!(stage.revoke(session).await),
        // A request that finds a session overdue ends it unless another changes it meanwhile; the next one
        // does.
        End::Overdue => {
            let late = Stage::moved(visitor, &stage.later);
            while !stage.is_over(session).await {
                assert_eq!(late.get("/me").await.status, 401);
            }
        }
    }
}

async fn pause(millis: u64) {
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.written_first += other.written_first;
        self.refused_at_the_door += other.refused_at_the_door;
        self.refused_at_commit += other.refused_at_commit;
    }

    /// Whether each order has occurred.
    fn is_a_race(&self) -> bool {
        self.written_first > 0 && self.refused_at_the_door > 0 && self.refused_at_commit > 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = self.written_first + self.refused_at_the_door + self.refused_at_commit;
        write!(
            f,
            "{pairs} pairs: {} written before the end, {} refused at the door, {} refused at their commit",
            self.written_first, self.refused_at_the_door, self.refused_at_commit
        )
    }
}
