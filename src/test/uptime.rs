//! The process's clock, which counts the time that passes, moved by tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How far tests have moved the process's clock ahead, in microseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ahead(Arc<AtomicU64>);

impl Ahead {
    /// Moves it to `ahead` of the real one.
    pub(crate) fn set(&self, ahead: Duration) {
        let micros = u64::try_from(ahead.as_micros()).unwrap_or(u64::MAX);
        self.0.store(micros, Ordering::Relaxed);
    }

    /// The clock of a process to whom time passes as the test says.
    pub(crate) fn uptime(&self) -> impl Fn() -> Duration + Send + Sync + 'static {
        let (ahead, start) = (self.clone(), Instant::now());
        move || start.elapsed() + Duration::from_micros(ahead.0.load(Ordering::Relaxed))
    }
}
