//! The clocks, moved by tests: the database's, by which sessions are judged, and the process's, which counts
//! the time that passes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Database;

/// How far tests have moved the process's clock ahead, in microseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ahead(Arc<AtomicU64>);

impl Ahead {
    /// The clock of a process to whom time passes as the test says.
    pub(crate) fn uptime(&self) -> impl Fn() -> Duration + Send + Sync + 'static {
        let (ahead, start) = (self.clone(), Instant::now());
        move || start.elapsed() + Duration::from_micros(ahead.0.load(Ordering::Relaxed))
    }
}

impl Database {
    /// Lets time pass: moves the clock by which sessions are judged to `ahead` of the real one, in this
    /// database alone, and the clock of the processes that use [`ledger`](Self::ledger).
    pub async fn set_clock_ahead(&self, ahead: Duration) {
        self.ahead.0.store(ahead.as_micros() as u64, Ordering::Relaxed);
        self.set_wrong_clock_ahead(ahead).await;
    }

    /// Moves the database's clock alone, though no time has passed.
    pub async fn set_wrong_clock_ahead(&self, ahead: Duration) {
        let replace = format!(
            "create or replace function session_ledger.clock() returns timestamptz
                language sql volatile parallel safe
                return clock_timestamp() + interval '{} microseconds'",
            ahead.as_micros()
        );
        self.connect().await.batch_execute(&replace).await.expect("the clock can be replaced");
    }
}
