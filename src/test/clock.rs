//! The database's clock, moved by tests.

use std::time::Duration;

use super::Database;

impl Database {
    /// Moves the clock by which sessions are judged to `ahead` of the real one, in this database alone: time
    /// limits pass without waiting. The machine's clock, and the application's own reading of it, stay.
    pub async fn set_clock_ahead(&self, ahead: Duration) {
        let replace = format!(
            "create or replace function session_ledger.clock() returns timestamptz
                language sql volatile parallel safe
                return clock_timestamp() + interval '{} microseconds'",
            ahead.as_micros()
        );
        self.connect().await.batch_execute(&replace).await.expect("the clock can be replaced");
    }
}
