//! Closed-loop clients, and lines that are measured against each other. The lines take turns in every round,
//! so that noise of the machine meets all of them.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bench_report::{median, span};

pub(crate) type Failure = Box<dyn Error + Send + Sync>;
type Done = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// The amount of measuring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// The number of requests under way at once.
    pub(crate) clients: usize,
    pub(crate) rounds: usize,
    /// How long a line is measured in each round.
    pub(crate) slice: Duration,
    /// The most requests of a client in a slice; one where nothing is to be measured.
    pub(crate) requests_max: u64,
}

impl Plan {
    /// The same amount with another number of clients.
    pub(crate) fn clients(self, clients: usize) -> Self {
        Self { clients, ..self }
    }
}

/// A way to do something, by any of the clients, over and over.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    work: Arc<dyn Fn(Turn) -> Done + Send + Sync>,
}

/// The client whose turn it is, and the number of its turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) client: usize,
    pub(crate) nth: u64,
}

/// The figures of a line.
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    /// Requests a second, by round.
    pub(crate) rates: Vec<f64>,
    /// The median latency, by round, in microseconds.
    pub(crate) latencies: Vec<f64>,
}

impl Line {
    pub(crate) fn new<F>(name: &'static str, work: impl Fn(Turn) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        Self { name, work: Arc::new(move |turn| Box::pin(work(turn))) }
    }

    /// The same work under another name.
    pub(crate) fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

impl Measured {
    pub(crate) fn rate(&self) -> f64 {
        median(&self.rates)
    }

    /// This line's rate in terms of another's in the same round; the median over the rounds.
    pub(crate) fn ratio_to(&self, other: &Self) -> f64 {
        let ratios: Vec<f64> = self.rates.iter().zip(&other.rates).map(|(own, its)| own / its).collect();
        median(&ratios)
    }

    /// The least and the greatest rate.
    pub(crate) fn span(&self) -> (f64, f64) {
        span(&self.rates)
    }

    pub(crate) fn latency(&self) -> f64 {
        median(&self.latencies)
    }
}

/// Measures all lines in every round. The first round warms up, and does not count unless it is the only one.
pub(crate) async fn contest(lines: &[Line], plan: Plan) -> Result<Vec<Measured>, Failure> {
    let empty = |line: &Line| Measured { name: line.name, rates: Vec::new(), latencies: Vec::new() };
    let mut measured: Vec<_> = lines.iter().map(empty).collect();
    let mut begin = 0;
    let warm_up = usize::from(plan.rounds > 1);
    for round in 0..plan.rounds + warm_up {
        for (line, measured) in lines.iter().zip(&mut measured) {
            let slice = slice(line, plan, begin).await?;
            if round >= warm_up {
                measured.rates.push(slice.rate);
                measured.latencies.push(slice.latency);
            }
            begin += slice.turns_max;
        }
    }
    Ok(measured)
}

/// Each of the clients does a line's work this number of times.
pub(crate) async fn each(line: &Line, clients: usize, begin: u64, times: u64) -> Result<(), Failure> {
    let plan = Plan { clients, rounds: 1, slice: Duration::MAX, requests_max: times };
    slice(line, plan, begin).await.map(drop)
}

struct Slice {
    rate: f64,
    latency: f64,
    turns_max: u64,
}

async fn slice(line: &Line, plan: Plan, begin: u64) -> Result<Slice, Failure> {
    let started = Instant::now();
    let client = |client| {
        let work = Arc::clone(&line.work);
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            while (latencies.len() as u64) < plan.requests_max && started.elapsed() < plan.slice {
                let asked = Instant::now();
                work(Turn { client, nth: begin + latencies.len() as u64 }).await?;
                latencies.push(asked.elapsed().as_secs_f64() * 1e6);
            }
            Ok::<_, Failure>(latencies)
        })
    };
    let clients: Vec<_> = (0..plan.clients).map(client).collect();
    let (mut latencies, mut turns_max) = (Vec::new(), 0);
    for client in clients {
        let own = client.await??;
        turns_max = turns_max.max(own.len() as u64);
        latencies.extend(own);
    }
    let rate = latencies.len() as f64 / started.elapsed().as_secs_f64();
    Ok(Slice { rate, latency: median(&latencies), turns_max })
}
