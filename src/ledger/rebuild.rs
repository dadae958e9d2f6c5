//! Deriving the projection again from the log.

mod at_rest;
mod beside;
mod error;
mod fold;
mod mending;
mod outcome;
mod search;

use std::time::Duration;

use super::{Ledger, Progress};
use crate::store::backends::other_backends;
use crate::store::connection::watched::Watched;

pub use error::RebuildError;
pub use outcome::{RebuildOptions, Rebuilt, Undecodable};

/// How often to look whether other connections have closed, and how long to wait before each look.
const CLOSING: (u32, Duration) = (20, Duration::from_millis(50));

impl Ledger {
    /// Derives `session`, `ended_session` and `login_step` again from the log.
    ///
    /// Unless told otherwise, it is for the application's downtime, and refuses if others are connected. It
    /// writes all rows again in one transaction. If it is stopped before [`Progress::is_read`] is told, also
    /// by dropping the future, the old rows stay. `resend`, a token that is kept to be sent again, is not in
    /// the log and is lost: a browser that never got its renewed token has to log in again once the grace is
    /// over.
    ///
    /// With [`RebuildOptions::while_connected`] it works beside the running application. It may be stopped at
    /// any moment: until [`Progress::is_read`] is told, nothing has changed, and from then on each row is as
    /// it was or as the log says. The next rebuild takes away what a stopped one has left behind.
    ///
    /// `activity` stays as it is. A log that lacks events is refused: what the rows know of them would be
    /// lost. A rebuild needs the rights of `session_ledger_operator`. `progress` is called now and then and
    /// at the end.
    ///
    /// # Errors
    ///
    /// See [`RebuildError`].
    pub async fn rebuild(
        &self,
        options: RebuildOptions,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Rebuilt, RebuildError> {
        let rebuilt = if options.is_beside() {
            beside::rebuild(self, options, progress).await?
        } else {
            let client = self.own_connection().await?;
            self.refuse_others(&client).await?;
            at_rest::rebuild(client, progress).await?
        };
        if rebuilt.unknown_events > 0 {
            tracing::warn!(events = rebuilt.unknown_events, "events of unknown kind or shape were skipped");
        }
        Ok(rebuilt)
    }

    /// Makes sure that nobody else is connected. Closes our own idle connections, and gives others that are
    /// just leaving a moment to do so.
    async fn refuse_others(&self, client: &Watched) -> Result<(), RebuildError> {
        self.pool().close_idle();
        let mut backends = client.step(other_backends(client)).await?;
        for _ in 0..CLOSING.0 {
            if backends.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(CLOSING.1).await;
            backends = client.step(other_backends(client)).await?;
        }
        if backends.is_empty() { Ok(()) } else { Err(RebuildError::Connected { backends }) }
    }
}
