//! Checking what stands around the log: its guards, its counters, and the cursors of its followers.

use super::Error;
use super::irregularity::Irregularity;
use crate::store::log::counters::{Counters, Cursor};
use crate::store::log::streams::Witness;
use crate::store::projection::inspection::Inspection;

/// The guards, counters and cursors around the log.
pub(super) struct Surroundings {
    pub(super) counters: Counters,
    cursors: Vec<Cursor>,
    guards: Vec<Irregularity>,
}

/// The log's own figures, to compare the surroundings with.
pub(super) struct Tally {
    events: u64,
    position_max: i64,
    /// Of the present epoch; 0 if it has no event.
    transaction_id_max: u64,
    /// How many events lie before each cursor.
    passed: Vec<i64>,
}

impl Surroundings {
    /// Reads what is there before the log is read, but in the same transaction.
    pub(super) async fn read(inspection: &Inspection) -> Result<Self, Error> {
        let counters = inspection.counters().await?;
        let cursors = inspection.cursors().await?;
        let missing = inspection.missing_guards().await?.into_iter();
        let missing = missing.map(|(table, trigger)| Irregularity::GuardMissing { table, trigger });
        let replaced = inspection.replaced_functions().await?.into_iter();
        let replaced = replaced.map(|function| Irregularity::FunctionReplaced { function });
        let guards = missing.chain(replaced).collect();
        Ok(Self { counters, cursors, guards })
    }

    /// The figures of no event.
    pub(super) fn tally(&self) -> Tally {
        Tally { events: 0, position_max: 0, transaction_id_max: 0, passed: vec![0; self.cursors.len()] }
    }

    /// The guards that are missing or replaced.
    pub(super) fn guards(&self) -> Vec<Irregularity> {
        self.guards.clone()
    }

    /// The irregularities, once the whole log was seen.
    pub(super) fn irregularities(&self, tally: &Tally) -> Vec<Irregularity> {
        let Tally { events, position_max: greatest, transaction_id_max, .. } = *tally;
        let last = self.counters.last_position.unwrap_or_default();
        let mut amiss = self.guards();
        if events == 0 && last > 0 && self.counters.archived == 0 {
            amiss.push(Irregularity::Emptied { positions: last });
        }
        if greatest > last {
            amiss.push(Irregularity::PositionsRestarted { greatest, last });
        }
        if transaction_id_max >= self.counters.next_transaction {
            let (greatest, next) = (transaction_id_max, self.counters.next_transaction);
            amiss.push(Irregularity::TransactionIdsRestarted { greatest, next });
        }
        let cursors = self.cursors.iter().zip(&tally.passed);
        let moved = cursors.filter(|(cursor, passed)| cursor.delivered != **passed);
        amiss.extend(moved.map(|(Cursor { subscription, delivered, .. }, passed)| {
            let (subscription, delivered, passed) = (subscription.clone(), *delivered, *passed);
            Irregularity::CursorMoved { subscription, delivered, passed }
        }));
        amiss
    }
}

impl Tally {
    /// Takes note of an event.
    pub(super) fn see(&mut self, surroundings: &Surroundings, witness: &Witness) {
        self.events += 1;
        self.position_max = self.position_max.max(witness.position);
        if witness.epoch == surroundings.counters.epoch {
            self.transaction_id_max = self.transaction_id_max.max(witness.transaction_id);
        }
        for (cursor, passed) in surroundings.cursors.iter().zip(&mut self.passed) {
            *passed += i64::from(cursor.is_past(witness.epoch, witness.transaction_id));
        }
    }

    /// Adds the figures of other events.
    pub(super) fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.position_max = self.position_max.max(other.position_max);
        self.transaction_id_max = self.transaction_id_max.max(other.transaction_id_max);
        self.passed.iter_mut().zip(&other.passed).for_each(|(passed, more)| *passed += more);
    }
}
