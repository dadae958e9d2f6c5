//! The questions of the clients, as the query of an address.

use std::time::Duration;

use serde::Deserialize;

/// The user who signs in.
#[derive(Deserialize)]
pub struct Login {
    /// The name.
    pub user: String,
}

/// The handler's work between reading the session and changing it.
#[derive(Clone, Copy, Deserialize)]
pub struct Pace {
    /// The milliseconds; none unless given.
    #[serde(default)]
    pub ms: u64,
}

impl Pace {
    /// Does that work.
    pub async fn work(self) {
        if self.ms > 0 {
            tokio::time::sleep(Duration::from_millis(self.ms)).await;
        }
    }
}
