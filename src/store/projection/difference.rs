//! Where a stored row differs from the derived one, in words that give no secret away.

use std::fmt::Display;

use super::row::{EndedRow, LiveRow, ProjectedRow};

/// A column that holds something else than the log makes.
pub(crate) struct ColumnDifference {
    pub(crate) column: &'static str,
    pub(crate) stored: String,
    pub(crate) derived: String,
}

/// A column's name and value.
type Column<'a> = (&'static str, Cell<'a>);

#[derive(PartialEq, Eq)]
enum Cell<'a> {
    /// To be shown as it is.
    Plain(String),
    /// A hash, or what the application keeps: of these the size is shown alone.
    Bytes(&'a [u8]),
    Null,
}

impl ProjectedRow {
    /// The columns in which this row, as it is stored, differs from the `derived` one of the same table.
    pub(crate) fn differences(&self, derived: &Self) -> Vec<ColumnDifference> {
        if self == derived {
            return Vec::new();
        }
        let pairs = self.columns().into_iter().zip(derived.columns());
        pairs.filter(|(stored, derived)| stored.1 != derived.1).map(difference).collect()
    }

    fn columns(&self) -> Vec<Column<'_>> {
        match self {
            Self::Live(row) => row.columns(),
            Self::Ended(row) => row.columns(),
        }
    }
}

impl LiveRow {
    fn columns(&self) -> Vec<Column<'_>> {
        vec![
            ("version", plain(&self.version)),
            ("started_at", plain(&self.started_at)),
            ("changed_at", plain(&self.changed_at)),
            ("authenticated_at", optional(&self.authenticated_at)),
            ("absolute_deadline", optional(&self.absolute_deadline)),
            ("superseded_until", optional(&self.superseded_until)),
            ("idle_timeout", optional(&self.idle_timeout)),
            ("superseded_accepted", optional(&self.superseded_accepted)),
            ("token_hash", Cell::Bytes(&self.token_hash)),
            ("superseded_hash", self.superseded_hash.as_deref().map_or(Cell::Null, Cell::Bytes)),
            ("head_hash", Cell::Bytes(&self.head_hash)),
            ("user_id", optional(&self.user_id)),
            ("client_ip", optional(&self.client_ip)),
            ("user_agent", optional(&self.user_agent)),
            ("state", Cell::Bytes(&self.state)),
        ]
    }
}

impl EndedRow {
    fn columns(&self) -> Vec<Column<'_>> {
        vec![
            ("version", plain(&self.version)),
            ("started_at", plain(&self.started_at)),
            ("ended_at", plain(&self.ended_at)),
            ("last_seen", plain(&self.last_seen)),
            ("authenticated_at", optional(&self.authenticated_at)),
            ("reason", plain(&self.reason)),
            ("user_id", optional(&self.user_id)),
            ("client_ip", optional(&self.client_ip)),
            ("user_agent", optional(&self.user_agent)),
            ("head_hash", Cell::Bytes(&self.head_hash)),
        ]
    }
}

fn difference(((column, stored), (_, derived)): (Column<'_>, Column<'_>)) -> ColumnDifference {
    let show = |cell, bytes| match cell {
        Cell::Plain(value) => value,
        Cell::Bytes(hidden) => format!("{} {bytes}", hidden.len()),
        Cell::Null => "null".to_owned(),
    };
    ColumnDifference { column, stored: show(stored, "bytes"), derived: show(derived, "other bytes") }
}

fn plain(value: &impl Display) -> Cell<'static> {
    Cell::Plain(value.to_string())
}

fn optional(value: &Option<impl Display>) -> Cell<'static> {
    value.as_ref().map_or(Cell::Null, plain)
}
