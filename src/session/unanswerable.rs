//! Questions that have no answer.

use time::{Duration, OffsetDateTime};

use crate::plain_debug::plain_debug;

/// A question that has no answer. Nothing was asked of the database.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unanswerable {
    /// A span of time that ends before it begins, or in the same moment.
    #[error("the span from {from} to {until} is empty: its end must come after its beginning")]
    EmptySpan {
        /// Its beginning.
        from: OffsetDateTime,
        /// Its end.
        until: OffsetDateTime,
    },
    /// A count over time without a span, which might have any number of steps.
    #[error("a count over time needs a span: say from when and until when")]
    NoSpan,
    /// A count over time with more steps than an answer holds, or with a step that is none.
    #[error("the span has more than {max} steps of {step}: take a longer step, or a shorter span")]
    TooManySteps {
        /// The length of a step.
        step: Duration,
        /// How many there may be.
        max: i64,
    },
    /// A text that names no column of a table.
    #[error("`{text}` names no column: write `table.column` or `schema.table.column`")]
    NoColumn {
        /// The text.
        text: String,
    },
    /// A table that there is not.
    #[error("there is no table of `{column}`, or this user does not see it: write `schema.table.column`")]
    UnknownTable {
        /// The column that was asked for, with its table.
        column: String,
    },
    /// A column that there is not.
    #[error("there is no column `{column}`: names are written as the catalogue has them, without quotes")]
    UnknownColumn {
        /// The column that was asked for, with its table.
        column: String,
    },
    /// A column that holds no session ids.
    #[error("the column `{column}` has the type {found}: a column that holds session ids has the type uuid")]
    NoSessionIds {
        /// The column that was asked for, with its table.
        column: String,
        /// Its type.
        found: String,
    },
    /// A text that no page has given as its cursor.
    #[error("the cursor is none that a page has given: begin without one")]
    UnknownCursor,
    /// The cursor of a page of another question.
    #[error("the cursor belongs to another question: ask that one again, or begin without a cursor")]
    ForeignCursor,
}

plain_debug!(Unanswerable);
