//! The chain before events of the feed, for the links that consumers are told.

use std::collections::HashMap;

use super::{Error, Ledger};
use crate::session::{ChainHash, Recorded};
use crate::store::connection::pool::Connection;
use crate::store::log::hashes::{Place, hashes};

/// How many events one statement looks for.
const TOGETHER_MAX: usize = 1_000;

impl Ledger {
    /// The chain before each of `events`, in their order: the hash of the event before it in its session, and
    /// before a first event the [genesis](ChainHash::genesis). None where the log lacks the event before.
    ///
    /// Events of the same list need not be looked for, so hand in a batch of the feed as a whole.
    ///
    /// ```no_run
    /// # use session_ledger::{Ledger, ledger::Batch};
    /// # async fn example(ledger: Ledger, batch: Batch) -> Result<(), session_ledger::Error> {
    /// for (recorded, before) in batch.events.iter().zip(ledger.chain_before(&batch.events).await?) {
    ///     println!("{:?} follows {:?}", recorded.entry.hash.link(), before.map(|hash| hash.link()));
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The database is away, or the role may not read the log.
    pub async fn chain_before(&self, events: &[Recorded]) -> Result<Vec<Option<ChainHash>>, Error> {
        let place = |recorded: &Recorded| (recorded.session_id, recorded.entry.version);
        let mut known: HashMap<Place, ChainHash> =
            events.iter().map(|recorded| (place(recorded), recorded.entry.hash)).collect();
        // Before a first event is none.
        let is_wanted = |place: &Place| place.1 > 0 && !known.contains_key(place);
        let wanted: Vec<Place> = events.iter().map(before).filter(is_wanted).collect();
        for places in wanted.chunks(TOGETHER_MAX) {
            let looking = async |connection: &Connection| hashes(connection, places).await;
            known.extend(self.read(looking).await?);
        }
        let hash = |place: Place| match place {
            (session, 0) => Some(ChainHash::genesis(session)),
            place => known.get(&place).copied(),
        };
        Ok(events.iter().map(before).map(hash).collect())
    }
}

/// The place before an event's.
fn before(recorded: &Recorded) -> Place {
    (recorded.session_id, recorded.entry.version - 1)
}
