//! Checking what stands around the log: its guards, its counters, and the cursors of its followers.

use super::Error;
use super::irregularity::Irregularity;
use crate::store::log::counters::{Counters, Cursor};
use crate::store::log::streams::Witness;
use crate::store::projection::inspection::Inspection;

/// The guards, counters and cursors around the log, and the log's own figures to compare them with.
pub(super) struct Surroundings {
    pub(super) counters: Counters,
    /// Each with the number of events seen before it.
    cursors: Vec<(Cursor, i64)>,
    guards: Vec<Irregularity>,
    events: u64,
    position_max: i64,
    /// Of the present epoch; 0 if it has no event.
    transaction_id_max: u64,
}

impl Surroundings {
    /// Reads what is there before the log is read, but in the same transaction.
    pub(super) async fn read(inspection: &Inspection) -> Result<Self, Error> {
        let counters = inspection.counters().await?;
        let cursors = inspection.cursors().await?.into_iter().map(|cursor| (cursor, 0)).collect();
        let missing = inspection.missing_guards().await?.into_iter();
        let missing = missing.map(|(table, trigger)| Irregularity::GuardMissing { table, trigger });
        let replaced = inspection.replaced_functions().await?.into_iter();
        let replaced = replaced.map(|function| Irregularity::FunctionReplaced { function });
        let guards = missing.chain(replaced).collect();
        Ok(Self { counters, cursors, guards, events: 0, position_max: 0, transaction_id_max: 0 })
    }

    /// Takes note of an event.
    pub(super) fn see(&mut self, witness: &Witness) {
        self.events += 1;
        self.position_max = self.position_max.max(witness.position);
        if witness.epoch == self.counters.epoch {
            self.transaction_id_max = self.transaction_id_max.max(witness.transaction_id);
        }
        for (cursor, passed) in &mut self.cursors {
            *passed += i64::from(cursor.is_past(witness.epoch, witness.transaction_id));
        }
    }

    /// The irregularities, once the whole log was seen.
    pub(super) fn irregularities(self) -> Vec<Irregularity> {
        let Self { counters, position_max: greatest, transaction_id_max, .. } = self;
        let last = counters.last_position.unwrap_or_default();
        let mut amiss = self.guards;
        if self.events == 0 && last > 0 && counters.archived == 0 {
            amiss.push(Irregularity::Emptied { positions: last });
        }
        if greatest > last {
            amiss.push(Irregularity::PositionsRestarted { greatest, last });
        }
        if transaction_id_max >= counters.next_transaction {
            let (greatest, next) = (transaction_id_max, counters.next_transaction);
            amiss.push(Irregularity::TransactionIdsRestarted { greatest, next });
        }
        let moved = self.cursors.into_iter().filter(|(cursor, passed)| cursor.delivered != *passed);
        amiss.extend(moved.map(|(Cursor { subscription, delivered, .. }, passed)| {
            Irregularity::CursorMoved { subscription, delivered, passed }
        }));
        amiss
    }
}
