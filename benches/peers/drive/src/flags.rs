//! The command line.

use std::time::Duration;

use clap::Parser;

/// Runs the same small application on six session stores, drives them alike, and prints the results.
#[derive(Debug, Parser)]
#[command(name = "drive")]
pub(crate) struct Flags {
    /// A try of two minutes: 2,000 sessions, 2 rounds, slices of half a second. Its figures prove nothing
    #[arg(long)]
    quick: bool,
    /// How many browsers are logged in at each peer [default: 100000]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(SESSIONS_MIN..=2_000_000))]
    sessions: Option<u32>,
    /// How many of these send requests all the time; the others only come back now and then [default: 4000]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(64..))]
    active: Option<u32>,
    /// How often each slice comes; medians are taken over rounds [default: 5]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: Option<u32>,
    /// How long a slice lasts: one peer, one operation [default: 2]
    #[arg(long, value_parser = seconds)]
    seconds: Option<f64>,
    /// How many connections the closed loop keeps busy [default: 16]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=64))]
    connections: Option<u32>,
    /// Only these peers: ledger, tower-sessions, poem-redis, poem-redis-fsync, actix-redis,
    /// actix-redis-fsync, axum-session, reference
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Writes the results into benches/RESULTS.md and benches/results/peers.svg
    #[arg(long)]
    publish: bool,
}

/// At least one browser of each group for each connection.
const SESSIONS_MIN: i64 = 200;

/// The amount of work.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    /// Browsers that are logged in at each peer.
    pub(crate) sessions: usize,
    /// Of these, the ones that send requests all the time.
    pub(crate) active: usize,
    pub(crate) rounds: usize,
    /// The length of a slice: one peer and one operation.
    pub(crate) slice: Duration,
    /// The connections of the closed loop.
    pub(crate) connections: usize,
    /// Requests of one operation after which commits are counted.
    pub(crate) counted_requests: usize,
    /// Sessions whose tabs change them in parallel.
    pub(crate) tab_sessions: usize,
    /// Logouts during a request.
    pub(crate) logouts: usize,
    /// How long a session is asked for after its logout in another process.
    pub(crate) stale_max: Duration,
    /// Names of peers; all if empty.
    pub(crate) only: Vec<String>,
    pub(crate) publish: bool,
}

impl Flags {
    /// The given amounts, and the usual or the quick ones for the rest.
    pub(crate) fn plan(self) -> Plan {
        let usual = |usual, quick| if self.quick { quick } else { usual };
        let seconds = self.seconds.unwrap_or(if self.quick { 0.5 } else { 2.0 });
        let sessions = self.sessions.unwrap_or(usual(100_000, 2_000)) as usize;
        Plan {
            sessions,
            active: (self.active.unwrap_or(usual(4_000, 1_000)) as usize).min(sessions / 2),
            rounds: self.rounds.unwrap_or(usual(5, 2)) as usize,
            slice: Duration::from_secs_f64(seconds),
            connections: self.connections.unwrap_or(16) as usize,
            counted_requests: usual(2_000, 400) as usize,
            tab_sessions: usual(50, 10) as usize,
            logouts: usual(200, 40) as usize,
            stale_max: Duration::from_secs(u64::from(usual(30, 3))),
            only: self.only,
            publish: self.publish,
        }
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds @ 0.1..=600.0) => Ok(seconds),
        _ => Err("say a number of seconds between 0.1 and 600".to_owned()),
    }
}

#[test]
fn what_is_not_said_is_as_usual_or_quick() {
    let plan = |arguments: &[&str]| Flags::parse_from([&["drive"], arguments].concat()).plan();
    let usual = plan(&[]);
    assert_eq!((usual.sessions, usual.rounds, usual.slice), (100_000, 5, Duration::from_secs(2)));
    let quick = plan(&["--quick", "--rounds", "3", "--only", "ledger,reference"]);
    assert_eq!((quick.sessions, quick.rounds), (2_000, 3));
    assert_eq!((usual.active, plan(&["--sessions", "200"]).active), (4_000, 100));
    assert_eq!(quick.only, ["ledger", "reference"]);
}
