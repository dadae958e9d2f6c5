//! How many live sessions somebody means, before they end.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{Error, Ledger};
use crate::session::{SessionFilter, SessionId};
use crate::store::connection::reader::Reader;
use crate::store::live_count::count_live;

/// How long a count goes on.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many live sessions fulfil a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LiveCount {
    /// How many were found.
    pub sessions: u64,
    /// Whether all were looked at. Of very many the count stops early, and there may be more.
    pub is_whole: bool,
}

impl Ledger {
    /// How many live sessions fulfil `filter`, but for the session `keep`: those that
    /// [`end_where`](Self::end_where) would end, also those whose time is over and whose end nobody has
    /// noticed. It counts for about two seconds at the most. It only reads, and never SERIALIZABLE, so it is
    /// in no request's way, and a standby can answer it.
    ///
    /// ```no_run
    /// # use session_ledger::{Error, Ledger};
    /// use session_ledger::session::SessionFilter;
    ///
    /// # async fn example(ledger: Ledger) -> Result<(), Error> {
    /// let count = ledger.count_live(&SessionFilter::all().of_user("alice"), None).await?;
    /// println!("{}{} sessions", if count.is_whole { "" } else { "at least " }, count.sessions);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The user's id cannot be stored, or the database is away.
    pub async fn count_live(
        &self,
        filter: &SessionFilter,
        keep: Option<SessionId>,
    ) -> Result<LiveCount, Error> {
        filter.check()?;
        let (begun, mut sessions, mut after) = (Instant::now(), 0, Uuid::nil().into());
        loop {
            let counted = count_live(Reader::Pool(self.pool()), filter, keep, after).await?;
            sessions += counted.sessions;
            match counted.looked_to {
                None => return Ok(LiveCount { sessions, is_whole: true }),
                Some(_) if begun.elapsed() >= PATIENCE => {
                    return Ok(LiveCount { sessions, is_whole: false });
                }
                Some(looked_to) => after = looked_to,
            }
        }
    }
}
