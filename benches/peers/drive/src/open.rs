//! The open loop: requests come at a fixed rate, whether or not the ones before them have been answered. The
//! latency counts from the time at which a request was due, so that a server that stalls is noticed.

use std::error::Error;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::connection::Call;
use crate::contestant::Contestant;
use crate::load::{Tally, Worker, come_back, set_out};
use crate::operation::Operation;

/// The most requests under way. A request due beyond that waits, and the wait counts.
const CONNECTIONS: usize = 64;
/// A request that waits longer is not sent any more.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(2);
/// A delay that a visitor begins to notice.
pub(crate) const LATE_MS: u64 = 100;

/// The figures of one peer at a fixed rate.
#[derive(Clone, Debug)]
pub(crate) struct Steady {
    /// Requests a second that were due.
    pub(crate) rate: f64,
    pub(crate) due: u64,
    pub(crate) tally: Tally,
}

impl Steady {
    /// Answers that came more than [`LATE_MS`] after the request was due.
    pub(crate) fn late(&self) -> u64 {
        let longest = self.tally.latencies.max().max(LATE_MS * 1000 + 1);
        self.tally.latencies.count_between(LATE_MS * 1000 + 1, longest)
    }

    /// Adds the figures of another round.
    pub(crate) fn add(&mut self, other: Self) -> Result<(), Box<dyn Error>> {
        self.due += other.due;
        self.tally.add(other.tally)
    }
}

/// Drives one peer with one operation, `rate` times a second.
pub(crate) async fn drive(
    contestant: &mut Contestant,
    operation: Operation,
    rate: f64,
    slice: Duration,
    seed: u64,
) -> Result<Steady, Box<dyn Error>> {
    let call = operation.call()?;
    let workers = set_out(contestant, operation, CONNECTIONS, seed).await?;
    let due = ((rate * slice.as_secs_f64()) as u64).max(1);
    let (tick, ticks) = unbounded_channel();
    let ticks = Arc::new(Mutex::new(ticks));
    // The runtime's own clock knows milliseconds only; the system's is much finer.
    let pace = thread::spawn(move || keep_pace(rate, due, &tick));
    let mut working = JoinSet::new();
    for worker in workers {
        working.spawn(work_off(worker, operation, call.clone(), ticks.clone()));
    }
    let tally = come_back(contestant, operation, working).await?;
    pace.join().map_err(|_| "The thread that keeps the pace has failed.")?;
    Ok(Steady { rate, due, tally })
}

/// Sends each request's due time when it is due. Ends with the last, or when nobody listens any more.
fn keep_pace(rate: f64, due: u64, tick: &UnboundedSender<Instant>) {
    let start = Instant::now();
    for nth in 0..due {
        let at = start + Duration::from_secs_f64(nth as f64 / rate);
        thread::sleep(at.saturating_duration_since(Instant::now()));
        if tick.send(at).is_err() {
            return;
        }
    }
}

async fn work_off(
    mut worker: Worker,
    operation: Operation,
    call: Call,
    ticks: Arc<Mutex<UnboundedReceiver<Instant>>>,
) -> Worker {
    loop {
        let tick = ticks.lock().await.recv().await;
        match tick {
            Some(at) if at.elapsed() > GIVEN_UP_AFTER => {
                worker.tally.count_error(format!("not sent within {} s", GIVEN_UP_AFTER.as_secs()));
            }
            Some(at) => worker.ask(operation, &call, at).await,
            None => return worker,
        }
    }
}

#[test]
fn late_is_what_took_more_than_a_visitor_notices() -> Result<(), Box<dyn Error>> {
    let mut tally = Tally::new()?;
    [1, 50, 99, 150, 900].into_iter().for_each(|ms| tally.count(Duration::from_millis(ms)));
    let steady = Steady { rate: 1.0, due: 5, tally };
    assert_eq!(steady.late(), 2);
    let none = Steady { rate: 1.0, due: 0, tally: Tally::new()? };
    assert_eq!(none.late(), 0);
    Ok(())
}
