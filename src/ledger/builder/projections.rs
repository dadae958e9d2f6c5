//! Projections that are written with each append.

use std::sync::Arc;

use super::Builder;
use crate::store::projection::own::Projection;

impl Builder {
    /// Writes a projection of the application's in each transaction that appends: its tables are never behind
    /// the log. Its statements travel with the append, so they cost no trip.
    ///
    /// Every ledger that appends to this database must have it, the `projector` too if that ends sessions:
    /// what a ledger without it appends is missing until [`rebuild_projection`].
    ///
    /// An event that it refuses, or a statement that fails, makes the request fail with
    /// [`Error::Projection`](super::Error). A row that many sessions write at once makes their requests run
    /// again, so such a row is better followed ([`Ledger::follow`](crate::Ledger::follow)).
    ///
    /// [`rebuild_projection`]: crate::Ledger::rebuild_projection
    pub fn inline(mut self, projection: impl Projection) -> Self {
        self.inline.push(Arc::new(projection));
        self
    }
}
