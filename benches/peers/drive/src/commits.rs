//! Commits of the database for each request, counted exactly.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use tokio::time::sleep;

use crate::closed::{Until, drive};
use crate::contestant::Contestant;
use crate::operation::Operation;
use crate::postgres::Postgres;
use crate::progress::note;

/// A backend of PostgreSQL reports its counts ten seconds after it has become idle, at the latest.
const TOLD_AFTER: Duration = Duration::from_millis(10_500);
/// Then two readings must be equal, this long apart.
const STILL_FOR: Duration = Duration::from_secs(1);
/// The number of further readings, if they are not.
const READINGS_MAX: usize = 20;

/// Commits of each database.
pub(crate) type Counts = BTreeMap<String, i64>;

/// Commits for each request, by the name of the peer. `counts` are the counters at rest, first before and
/// then after.
pub(crate) async fn count(
    contestants: &mut [Contestant],
    postgres: &Postgres,
    operation: Operation,
    connections: usize,
    requests: usize,
    counts: &mut Counts,
) -> Result<BTreeMap<&'static str, f64>, Box<dyn Error>> {
    for contestant in contestants.iter_mut() {
        drive(contestant, operation, connections, Until::Requests(requests), 0).await?;
    }
    let after = at_rest(postgres).await?;
    let before = std::mem::replace(counts, after);
    let names = contestants.iter().map(|contestant| contestant.peer.name);
    Ok(names.map(|name| (name, grown(&before, counts, name) as f64 / requests as f64)).collect())
}

/// The counters, once all backends have reported.
pub(crate) async fn at_rest(postgres: &Postgres) -> Result<Counts, Box<dyn Error>> {
    sleep(TOLD_AFTER).await;
    let mut last = postgres.commits().await?;
    for _ in 0..READINGS_MAX {
        sleep(STILL_FOR).await;
        let next = peers_only(postgres.commits().await?);
        if next == peers_only(last) {
            return Ok(next);
        }
        last = next;
    }
    note(
        "PostgreSQL's counters do not come to rest: a peer works in its database by itself, which is counted too.",
    );
    Ok(peers_only(last))
}

/// Leaves out the database that is read from: it belongs to no peer, and never rests.
fn peers_only(mut commits: Counts) -> Counts {
    commits.remove("postgres");
    commits
}

fn grown(before: &Counts, after: &Counts, name: &str) -> i64 {
    let at = |commits: &Counts| commits.get(name).copied().unwrap_or_default();
    at(after) - at(before)
}

#[test]
fn only_what_came_meanwhile_counts() {
    let commits = |count| BTreeMap::from([("ledger".to_owned(), count), ("postgres".to_owned(), 7)]);
    assert_eq!(grown(&commits(100), &commits(2100), "ledger"), 2000);
    assert_eq!(grown(&commits(100), &commits(2100), "absent"), 0);
    assert_eq!(peers_only(commits(1)).len(), 1);
}
