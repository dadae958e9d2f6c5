//! Where a stored row differs from the derived one, in words that give no secret away.

use super::cell::Cell;
use super::columns::LoginRow;
use super::row::ProjectedRow;

/// A column whose stored value is not the one that the log makes.
pub(crate) struct ColumnDifference {
    pub(crate) column: &'static str,
    pub(crate) stored: String,
    pub(crate) derived: String,
}

/// A column's name and value.
type Named<'a> = (&'static str, Cell<'a>);

impl ProjectedRow {
    /// The columns in which this stored row differs from the `derived` row of the same table.
    pub(crate) fn differences(&self, derived: &Self) -> Vec<ColumnDifference> {
        if self == derived { Vec::new() } else { differences(self.cells(), derived.cells()) }
    }

    fn cells(&self) -> Vec<Named<'_>> {
        match self {
            Self::Live(row) => row.cells(),
            Self::Ended(row) => row.cells(),
        }
    }
}

impl LoginRow {
    /// The columns in which this stored row differs from the `derived` one.
    pub(crate) fn differences(&self, derived: &Self) -> Vec<ColumnDifference> {
        if self == derived { Vec::new() } else { differences(self.cells(), derived.cells()) }
    }
}

fn differences(stored: Vec<Named<'_>>, derived: Vec<Named<'_>>) -> Vec<ColumnDifference> {
    let pairs = stored.into_iter().zip(derived);
    pairs.filter(|(stored, derived)| stored.1 != derived.1).map(difference).collect()
}

fn difference(((column, stored), (_, derived)): (Named<'_>, Named<'_>)) -> ColumnDifference {
    let show = |cell, bytes| match cell {
        Cell::Plain(value) => value,
        Cell::Bytes(hidden) => format!("{} {bytes}", hidden.len()),
        Cell::Null => "null".to_owned(),
    };
    ColumnDifference { column, stored: show(stored, "bytes"), derived: show(derived, "other bytes") }
}
