//! Workers, each with a connection and browsers of its own, and the tally of their answers.

use std::error::Error;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::connection::{Call, Connection};
use crate::contestant::Contestant;
use crate::jar::Jar;
use crate::operation::Operation;

/// Longer latencies count as this long. Three digits of every figure are kept.
const LONGEST_US: u64 = 60_000_000;
const DIGITS: u8 = 3;

/// The tally of many requests.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    /// Latencies of requests answered with 200, in microseconds.
    pub(crate) latencies: Histogram<u64>,
    /// The number of all others.
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
}

impl Tally {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let latencies = Histogram::new_with_bounds(1, LONGEST_US, DIGITS)?;
        Ok(Self { latencies, errors: 0, first_error: None })
    }

    pub(crate) fn answered(&self) -> u64 {
        self.latencies.len()
    }

    /// Counts an answer with its latency.
    pub(crate) fn count(&mut self, latency: Duration) {
        self.latencies.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(LONGEST_US));
    }

    /// Counts a failed request.
    pub(crate) fn count_error(&mut self, what: String) {
        self.errors += 1;
        self.first_error.get_or_insert(what);
    }

    pub(crate) fn add(&mut self, other: Self) -> Result<(), Box<dyn Error>> {
        self.latencies.add(other.latencies)?;
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
        Ok(())
    }

    /// The latency in milliseconds that this share of the answers did not exceed.
    pub(crate) fn milliseconds_at(&self, part: f64) -> f64 {
        self.latencies.value_at_quantile(part) as f64 / 1000.0
    }

    pub(crate) fn milliseconds_max(&self) -> f64 {
        self.latencies.max() as f64 / 1000.0
    }
}

/// One connection, the browsers that nobody else uses meanwhile, and its share of the tally.
#[derive(Debug)]
pub(crate) struct Worker {
    connection: Connection,
    sessions: Vec<Jar>,
    random: fastrand::Rng,
    pub(crate) tally: Tally,
}

impl Worker {
    /// Sends one request, as a random one of its browsers. The latency counts from `since`.
    pub(crate) async fn ask(&mut self, operation: Operation, call: &Call, since: Instant) {
        let nth = self.random.usize(..self.sessions.len());
        let jar = &mut self.sessions[nth];
        let cookie = jar.header().filter(|_| operation.needs_session());
        match self.connection.send(call, cookie).await {
            Ok(answer) if answer.is_ok() => {
                self.tally.count(since.elapsed());
                jar.take_in(&answer.set_cookies);
            }
            Ok(answer) => self.tally.count_error(format!("{} {}", answer.status, answer.text())),
            Err(failure) => self.tally.count_error(failure.to_string()),
        }
    }
}

/// Starts workers, each with an equal share of the browsers.
pub(crate) async fn set_out(
    contestant: &mut Contestant,
    operation: Operation,
    count: usize,
    seed: u64,
) -> Result<Vec<Worker>, Box<dyn Error>> {
    let mut connections = Vec::new();
    for _ in 0..count {
        connections.push(contestant.connect().await?);
    }
    let hands = dealt(std::mem::take(contestant.browsers.of(operation)), count);
    let workers = connections.into_iter().zip(hands).enumerate().map(|(nth, (connection, sessions))| {
        let random = fastrand::Rng::with_seed(seed.wrapping_mul(0x9E37_79B9).wrapping_add(nth as u64));
        Ok(Worker { connection, sessions, random, tally: Tally::new()? })
    });
    workers.collect()
}

/// Waits for all workers, gives the browsers back, and adds up the tallies.
pub(crate) async fn come_back(
    contestant: &mut Contestant,
    operation: Operation,
    mut working: JoinSet<Worker>,
) -> Result<Tally, Box<dyn Error>> {
    let mut tally = Tally::new()?;
    let mut back = Vec::new();
    while let Some(worker) = working.join_next().await {
        let worker = worker?;
        back.extend(worker.sessions);
        tally.add(worker.tally)?;
    }
    *contestant.browsers.of(operation) = back;
    Ok(tally)
}

/// Deals cards to a number of hands, evenly and in turn.
fn dealt<T>(cards: Vec<T>, hands: usize) -> Vec<Vec<T>> {
    let mut dealt: Vec<Vec<T>> = (0..hands).map(|_| Vec::with_capacity(cards.len() / hands + 1)).collect();
    for (nth, card) in cards.into_iter().enumerate() {
        dealt[nth % hands].push(card);
    }
    dealt
}

#[test]
fn every_card_is_dealt_once_and_hands_are_even() {
    assert_eq!(dealt(vec![1, 2, 3, 4, 5], 2), [vec![1, 3, 5], vec![2, 4]]);
}

#[test]
fn a_tally_tells_what_part_of_the_answers_took_how_long() -> Result<(), Box<dyn Error>> {
    let mut tally = Tally::new()?;
    (1..=100).for_each(|ms| tally.count(Duration::from_millis(ms)));
    let mut other = Tally::new()?;
    other.count_error("503 Service Unavailable".to_owned());
    tally.add(other)?;
    assert_eq!((tally.answered(), tally.errors), (100, 1));
    assert_eq!(tally.first_error.as_deref(), Some("503 Service Unavailable"));
    assert!(
        (tally.milliseconds_at(0.5) - 50.0).abs() < 0.1 && (tally.milliseconds_at(0.99) - 99.0).abs() < 0.1
    );
    assert!((tally.milliseconds_max() - 100.0).abs() < 0.1);
    Ok(())
}
