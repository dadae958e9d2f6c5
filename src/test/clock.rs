//! The clocks, moved by tests: the database's, by which sessions are judged, and the process's, which counts
//! the time that passes.

use std::time::Duration;

use super::Database;

impl Database {
    /// Lets time pass without waiting: moves the clock by which sessions are judged to `ahead` of the real
    /// one, in this database alone, and the clock of the processes that use [`ledger`](Self::ledger). The
    /// machine's clock, and the application's own reading of it, stay.
    pub async fn set_clock_ahead(&self, ahead: Duration) {
        self.ahead.set(ahead);
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
