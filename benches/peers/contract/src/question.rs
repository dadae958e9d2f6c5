//! What peers are asked, as the query of an address.

use std::time::Duration;

use serde::Deserialize;

/// Who signs in.
#[derive(Deserialize)]
pub struct Login {
    /// The name.
    pub user: String,
}

/// How long the handler has work to do between reading the session and changing it.
#[derive(Clone, Copy, Deserialize)]
pub struct Pace {
    /// In milliseconds; none if it isn't said.
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
