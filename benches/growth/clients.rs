//! Clients that send one request after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bench_report::{Counters, median};
use poem::http::Method;
use session_ledger::SessionId;
use test_support::Visitor;

use crate::Result;
use crate::scene::{COOKIE, Scene};

/// The operation that clients repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// A request that reads its session.
    Read,
    /// A request that changes a value.
    Write,
    /// A request that inserts a row of the application's and changes a value, in one transaction.
    Order,
    /// A request that starts a session with a login: two events.
    Create,
    /// Reads all events of a session, outside a request.
    History,
    /// Derives the state of a session at this version, outside a request.
    StateAt(i64),
}

/// Picks the next session.
pub(crate) type Pick = Arc<dyn Fn() -> SessionId + Send + Sync>;

/// The figures of an operation over all rounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    rates: Vec<f64>,
    p50s: Vec<f64>,
    p99s: Vec<f64>,
    pub(crate) requests: u64,
    /// Runs of handlers that had to be repeated.
    pub(crate) aborts: u64,
    /// Requests that were not answered as they should be.
    pub(crate) failed: u64,
    wal_bytes: i64,
}

impl Figures {
    /// Requests in a second.
    pub(crate) fn rate(&self) -> f64 {
        median(&self.rates)
    }

    /// Milliseconds.
    pub(crate) fn p50(&self) -> f64 {
        median(&self.p50s)
    }

    /// Milliseconds.
    pub(crate) fn p99(&self) -> f64 {
        median(&self.p99s)
    }

    pub(crate) fn aborts_per_commit(&self) -> f64 {
        self.aborts as f64 / self.requests.max(1) as f64
    }

    /// WAL a request as it ran, with the copies of pages that were changed for the first time since the
    /// checkpoint.
    pub(crate) fn wal_bytes(&self) -> f64 {
        self.wal_bytes as f64 / self.requests.max(1) as f64
    }

    /// Lets `clients` clients run for `time`, and adds their figures.
    pub(crate) async fn add_slice(
        &mut self,
        scene: &Arc<Scene>,
        operation: Operation,
        pick: &Pick,
        clients: usize,
        time: Duration,
    ) -> Result<()> {
        let (wal, runs) = (Counters::read(&scene.client).await?, scene.runs.count());
        let begun = Instant::now();
        let tasks: Vec<_> = (0..clients)
            .map(|_| tokio::spawn(client(Arc::clone(scene), operation, Arc::clone(pick), begun + time)))
            .collect();
        let (mut latencies, mut failed) = (Vec::new(), 0);
        for task in tasks {
            let (its, its_failed) = task.await??;
            latencies.extend(its);
            failed += its_failed;
        }
        let seconds = begun.elapsed().as_secs_f64();
        latencies.sort_by(f64::total_cmp);
        let requests = latencies.len();
        self.rates.push(requests as f64 / seconds);
        self.p50s.push(latencies[requests / 2]);
        self.p99s.push(latencies[requests * 99 / 100]);
        self.requests += requests as u64;
        self.failed += failed;
        if !matches!(operation, Operation::History | Operation::StateAt(_)) {
            self.aborts += (scene.runs.count() - runs).saturating_sub(requests as u64);
        }
        self.wal_bytes += Counters::read(&scene.client).await?.since(wal).wal_bytes;
        Ok(())
    }
}

/// Sends requests until `end`, at least one. Returns the milliseconds of each and the number of failures.
async fn client(
    scene: Arc<Scene>,
    operation: Operation,
    pick: Pick,
    end: Instant,
) -> Result<(Vec<f64>, u64)> {
    let (mut latencies, mut failed) = (Vec::new(), 0);
    let visitor = scene.visitor();
    while latencies.is_empty() || Instant::now() < end {
        let session = pick();
        if operation != Operation::Create {
            visitor.put_cookie(COOKIE, scene.token(session)?);
        }
        let sent = Instant::now();
        let went_well = once(&scene, &visitor, operation, session).await;
        latencies.push(sent.elapsed().as_secs_f64() * 1_000.0);
        failed += u64::from(!went_well);
    }
    Ok((latencies, failed))
}

/// One request. A request for a session that does not exist would be answered with a cookie.
async fn once(scene: &Scene, visitor: &Visitor, operation: Operation, session: SessionId) -> bool {
    let (method, path) = match operation {
        Operation::Read => (Method::GET, "/read"),
        Operation::Write => (Method::POST, "/write"),
        Operation::Order => (Method::POST, "/order"),
        Operation::Create => {
            let path = format!("/login/user-{:08}", rand::random_range(0..100_000_000));
            let answer = scene.visitor().post(&path, "").await;
            return answer.status == 200 && answer.set_cookies().len() == 1;
        }
        Operation::History => {
            return scene.ledger.history(session).await.is_ok_and(|found| !found.is_empty());
        }
        Operation::StateAt(version) => {
            return scene.ledger.state_at(session, version).await.is_ok_and(|state| state.version == version);
        }
    };
    let answer = visitor.call(visitor.request(method, path, "")).await;
    answer.status == 200 && answer.set_cookies().is_empty()
}
