//! The closed loop: every connection asks again as soon as it is answered.

use std::error::Error;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::contestant::{Contestant, Spent};
use crate::load::{Tally, come_back, set_out};
use crate::operation::Operation;
use crate::postgres::Postgres;

/// The figures of one peer with one operation in one round.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub(crate) tally: Tally,
    pub(crate) seconds: f64,
    pub(crate) spent: Spent,
}

impl Slice {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.tally.answered() as f64 / self.seconds
    }

    /// A share of the resources used, for each request that was sent.
    pub(crate) fn per_request(&self, of: impl Fn(&Spent) -> f64) -> f64 {
        let requests = self.tally.answered() + self.tally.errors;
        of(&self.spent) / (requests as f64).max(1.0)
    }
}

/// The condition on which a worker stops.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// After this time.
    After(Duration),
    /// When all workers together have sent this number.
    Requests(usize),
}

/// Drives one peer with one operation, and reads the resources used.
pub(crate) async fn measure(
    contestant: &mut Contestant,
    postgres: &Postgres,
    operation: Operation,
    connections: usize,
    slice: Duration,
    seed: u64,
) -> Result<Slice, Box<dyn Error>> {
    let before = contestant.spent(postgres).await?;
    let start = Instant::now();
    let tally = drive(contestant, operation, connections, Until::After(slice), seed).await?;
    let seconds = start.elapsed().as_secs_f64();
    let spent = contestant.spent(postgres).await?.since(before);
    Ok(Slice { tally, seconds, spent })
}

/// Drives one peer with one operation.
pub(crate) async fn drive(
    contestant: &mut Contestant,
    operation: Operation,
    connections: usize,
    until: Until,
    seed: u64,
) -> Result<Tally, Box<dyn Error>> {
    let call = operation.call()?;
    let workers = set_out(contestant, operation, connections, seed).await?;
    let start = Instant::now();
    let mut working = JoinSet::new();
    for (nth, mut worker) in workers.into_iter().enumerate() {
        let call = call.clone();
        working.spawn(async move {
            let mut sent = 0;
            while until.goes_on(start, nth, connections, sent) {
                worker.ask(operation, &call, Instant::now()).await;
                sent += 1;
            }
            worker
        });
    }
    come_back(contestant, operation, working).await
}

impl Until {
    /// Whether this worker, which has sent `sent` requests, sends one more.
    fn goes_on(self, start: Instant, nth: usize, workers: usize, sent: usize) -> bool {
        match self {
            Self::After(length) => start.elapsed() < length,
            Self::Requests(all) => sent * workers + nth < all,
        }
    }
}

#[test]
fn workers_send_a_fixed_number_together() {
    let sent_by =
        |nth| (0..100).take_while(|sent| Until::Requests(7).goes_on(Instant::now(), nth, 3, *sent)).count();
    assert_eq!([0, 1, 2].map(sent_by), [3, 2, 2]);
}
