//! `projector history --did`: the rows of the application's own tables that a session wrote.

use serde::Serialize;
use serde_json::Value;
use session_ledger::Ledger;
use session_ledger::ledger::{QuestionError, WrittenRows};
use session_ledger::session::{SessionId, WrittenBy};

use crate::hidden::Hidden;
use crate::output::{self, Column, Format, Listed, whole, wrapped};
use crate::{Answer, Console, Error};

/// The most rows of each table.
const ROWS_MAX: u32 = 1_000;

/// What is asked for, and how it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The session that wrote.
    pub session: SessionId,
    /// The columns of the application's tables that say so.
    pub columns: Vec<WrittenBy>,
    /// How the rows are written.
    pub format: Format,
}

/// Lists the rows, table after table. [`Answer::No`] if there are none.
///
/// # Errors
///
/// The database is away, there is no such table or column, the role may not read it, or the output cannot be
/// written.
pub async fn run(ledger: &Ledger, question: &Question, console: &mut Console<'_>) -> Result<Answer, Error> {
    let tables = rows_of(ledger, question.session, &question.columns, ROWS_MAX).await?;
    let more: Vec<&str> =
        tables.iter().filter(|table| table.has_more).map(|table| table.table.as_str()).collect();
    if !more.is_empty() {
        let more = more.join(", ");
        console.note(&format!("Of {more} the first {ROWS_MAX} rows are listed, and there are more."))?;
    }
    let as_text = question.format == Format::Csv;
    let lines: Vec<Line> =
        tables.iter().flat_map(|table| Line::all(question.session, table, as_text)).collect();
    let is_empty = lines.is_empty();
    if is_empty {
        console.note("No row of these tables was written by the session, or is there still.")?;
    }
    let lines = futures_util::stream::iter(lines.into_iter().map(Ok::<_, Error>));
    output::write(console, question.format, lines).await?;
    Ok(if is_empty { Answer::No } else { Answer::Yes })
}

/// The rows that a session wrote.
///
/// # Errors
///
/// As [`run`]. If the role lacks a right it says which.
pub(crate) async fn rows_of(
    ledger: &Ledger,
    session: SessionId,
    columns: &[WrittenBy],
    most: u32,
) -> Result<Vec<WrittenRows>, Error> {
    ledger.rows_of(session, columns, most).await.map_err(|error: QuestionError| Error::from(error).of_rows())
}

/// A row as it may be shown: with fields in place of which nothing is shown.
pub(crate) fn shown(row: &str, hidden: &Hidden) -> Value {
    let row = serde_json::from_str(row).unwrap_or_else(|_| Value::String(row.to_owned()));
    hidden.without_hidden(row)
}

/// One row, with all fields for the machine formats.
#[derive(Serialize)]
struct Line {
    session_id: SessionId,
    table: String,
    row: Value,
}

impl Line {
    /// The rows of a table; as JSON in a text, for a format without objects.
    fn all(session_id: SessionId, written: &WrittenRows, as_text: bool) -> Vec<Self> {
        let hidden = Hidden::default();
        let line = |row: &String| {
            let row = shown(row, &hidden);
            let row = if as_text { Value::String(row.to_string()) } else { row };
            Self { session_id, table: written.table.clone(), row }
        };
        written.rows.iter().map(line).collect()
    }
}

impl Listed for Line {
    const COLUMNS: &'static [Column] = &[whole("TABLE"), wrapped("ROW")];
    const DROPPED: &'static [&'static str] = &[];

    fn cells(&self) -> Vec<String> {
        vec![self.table.clone(), self.row.to_string()]
    }
}
