//! The events that an inbox is missing, read from the log that they are of.

use super::error::SessionGap;
use super::place::Place;
use crate::ledger::{Error, Ledger};
use crate::session::Recorded;

impl Ledger {
    /// The events that are missing in a session, in order, each with its place: those after
    /// [`have`](SessionGap::have) and before [`got`](SessionGap::got), at most
    /// [`PAGE_MAX`](Self::PAGE_MAX) of them. Hand each to the inbox like an event that a broker has brought,
    /// and then the one that has arrived: if more are missing, that tells the next gap. None: the log does
    /// not hold them, say because their month is archived.
    ///
    /// Their links are computed from the log. So the inbox finds out whether what it has handled before is of
    /// this log.
    ///
    /// The ledger has to be that of the log, and its user must be allowed to read events
    /// (`session_ledger_relay` or `session_ledger_auditor`).
    ///
    /// ```no_run
    /// # use session_ledger::Ledger;
    /// # use session_ledger::inbox::{Inbox, InboxError, SessionGap};
    /// # use session_ledger::ledger::tokio_postgres::Transaction;
    /// # async fn example(
    /// #     ledger: Ledger,
    /// #     inbox: Inbox,
    /// #     transaction: Transaction<'_>,
    /// #     gap: SessionGap,
    /// # ) -> Result<(), InboxError> {
    /// for (place, recorded) in ledger.missed(&gap).await? {
    ///     if inbox.receive(&transaction, &place).await?.is_to_be_handled() {
    ///         println!("{}", recorded.entry.encoded.kind());
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The database is away.
    pub async fn missed(&self, gap: &SessionGap) -> Result<Vec<(Place, Recorded)>, Error> {
        let missing = gap.got.saturating_sub(gap.have).saturating_sub(1);
        let limit = u32::try_from(missing).unwrap_or(Self::PAGE_MAX);
        let page = self.history_page(gap.session, gap.have, limit).await?;
        let before = self.chain_before(&page).await?;
        let placed = page.into_iter().zip(before);
        Ok(placed
            .map(|(recorded, before)| (Place::of_recorded(&recorded, &gap.log, before), recorded))
            .collect())
    }
}
